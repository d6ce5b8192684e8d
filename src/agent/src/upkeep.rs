//! Looking after the store: releases come and go, what is damaged is found and brought back, what nothing needs is removed.

mod intake;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bridle_bundle::file::{Conditions, FileError, OpenedBundle, Source, Stream, VerifiedBundle, in_sequence};
use bridle_bundle::store::{Checked, InUse, Ingested, Pin, Progress, StoreError};
use bridle_bundle::trust::{Seen, TrustedKeys};
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::port::{Clock, Timestamp};
use bridle_core::status::ReleaseView;
use bridle_core::store::diff::Comparison;
use bridle_core::store::have::HaveList;
use bridle_core::store::space::SpaceView;
use bridle_core::store::{AddView, CollectView, ReleaseDetail, RepairView, SizedPart};
use bridle_core::upload::LookView;
use bridle_host::layout::Layout;

pub(crate) use self::intake::{STALLED, pump};
use crate::installer;
use crate::observe::Sight;
use crate::operations::Operations;
use crate::store::SharedStore;

/// What the name of a release that came as a stream is in words about it.
pub(crate) const STREAM: &str = "-";

/// Keeps the store in order.
pub(crate) struct Upkeep {
    layout: Layout,
    store: Arc<SharedStore>,
    operations: Arc<Operations>,
    sight: Arc<dyn Sight>,
    clock: Arc<dyn Clock>,
    remembering: Mutex<()>,
}

impl Upkeep {
    pub(crate) fn new(
        layout: Layout,
        store: Arc<SharedStore>,
        operations: Arc<Operations>,
        sight: Arc<dyn Sight>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { layout, store, operations, sight, clock, remembering: Mutex::new(()) }
    }

    /// Takes a release in from a stream, under the rules of an installation: a key that this host trusts, this processor,
    /// the platform that is installed, no number below one that is known.
    ///
    /// # Errors
    /// A [`Fault`]; nothing of the release counts before all of it is verified and on disk.
    pub(crate) fn add(&self, stream: impl Read) -> Result<AddView, Fault> {
        self.add_from(Stream(stream))
    }

    /// As [`Self::add`], from what may pass over bytes without reading them.
    ///
    /// # Errors
    /// A [`Fault`]; nothing of the release counts before all of it is verified and on disk.
    pub(crate) fn add_from(&self, source: impl Source) -> Result<AddView, Fault> {
        let bundle = self.verified(source)?;
        let id = bundle.contents().release.id();
        self.in_sequence(&bundle, &id)?;
        let ingested = self
            .store
            .store()
            .ingest(bundle, self.seconds(), &mut |_| ControlFlow::Continue(()))
            .map_err(|error| self.fault(&error))?;
        self.store.refresh().map_err(|error| self.fault(&error))?;
        self.remember()?;
        tracing::info!(release = id, new = ingested.new, reused = ingested.reused, "release added");
        let Ingested { new, reused, bytes, image_bytes } = ingested;
        Ok(AddView { id, new, reused, bytes, image_bytes })
    }

    /// What the beginning of a release file (at least up to its last manifest) shows; nothing is kept of it.
    ///
    /// # Errors
    /// A [`Fault`] if the store cannot be read.
    pub(crate) fn look(&self, beginning: &[u8]) -> Result<LookView, Fault> {
        let bundle = match self.verified(Stream(beginning)) {
            Ok(bundle) => bundle,
            Err(fault) => return Ok(LookView::Refused { fault }),
        };
        let release = &bundle.contents().release;
        let id = release.id();
        if let Err(fault) = self.in_sequence(&bundle, &id) {
            return Ok(LookView::Refused { fault });
        }
        let here = self.store.store().pin(&id).map_err(|error| self.fault(&error))?.is_some();
        let (name, version) = (release.name.clone(), release.version.to_string());
        Ok(LookView::Release { id, name, version, sequence: release.sequence, delta: bundle.delta().is_some(), here })
    }

    /// Brings damaged and missing parts back from a stream.
    ///
    /// # Errors
    /// A [`Fault`].
    pub(crate) fn repair(&self, stream: impl Read) -> Result<RepairView, Fault> {
        let bundle = self.verified(Stream(stream))?;
        let repaired = self
            .store
            .store()
            .repair(bundle, self.seconds(), &mut |_| ControlFlow::Continue(()))
            .map_err(|error| self.fault(&error))?;
        self.store.refresh().map_err(|error| self.fault(&error))?;
        tracing::info!(release = repaired.id, blobs = repaired.blobs, left = repaired.left.len(), "store repaired");
        Ok(repaired.into())
    }

    /// Takes the release `id` away, and what only it needs.
    ///
    /// # Errors
    /// A [`Fault`] if it is the installed one, is used, or an operation has not ended.
    pub(crate) fn remove(&self, id: &str) -> Result<CollectView, Fault> {
        let _installer = installer::keep_out(&self.layout)?;
        // Held to the end: an operation that begins in between may need what is taken away.
        let _quiet = self.operations.quiet()?;
        if self.operations.installed().as_deref() == Some(id) {
            return Err(Fault::new(FaultCode::ReleaseInUse).with("release", id));
        }
        self.remember()?;
        let removed = self.store.store().remove_release(id, &self.in_use(), self.clock.now());
        let removed = removed.map_err(|error| self.fault(&error))?;
        self.store.refresh().map_err(|error| self.fault(&error))?;
        tracing::info!(release = id, bytes = removed.sweep.bytes, "release removed");
        Ok(removed.view(false))
    }

    /// Removes what nothing needs; with `dry_run` only tells what that would be.
    ///
    /// # Errors
    /// A [`Fault`] if an operation has not ended, or it cannot be told what is needed.
    pub(crate) fn collect(&self, dry_run: bool) -> Result<CollectView, Fault> {
        let _quiet = self.operations.quiet()?;
        let collected = self.store.store().collect(&self.in_use(), self.clock.now(), dry_run);
        Ok(collected.map_err(|error| self.fault(&error))?.view(dry_run))
    }

    /// Reads every blob again, or those of one release.
    ///
    /// # Errors
    /// A [`Fault`].
    pub(crate) fn check(
        &self,
        only: Option<&str>,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Checked, Fault> {
        self.store.store().check(only, progress).map_err(|error| self.fault(&error))
    }

    /// Where the space went.
    ///
    /// # Errors
    /// A [`Fault`] if the store cannot be read.
    pub(crate) fn space(&self) -> Result<SpaceView, Fault> {
        self.store.store().space().map_err(|error| self.fault(&error))
    }

    /// What the release `id` is and holds.
    ///
    /// # Errors
    /// A [`Fault`] if there is none, or it is damaged.
    pub(crate) fn inspect(&self, id: &str) -> Result<ReleaseDetail, Fault> {
        let store = self.store.store();
        let pin = store.pin(id).map_err(|error| self.fault(&error))?;
        let pin = pin.ok_or_else(|| Fault::new(FaultCode::ReleaseAbsent).with("release", id))?;
        let blobs = store.blobs_of(id).map_err(|error| self.fault(&error))?;
        let current = self.operations.installed().as_deref() == Some(id);
        Ok(detail(&pin, blobs.iter().map(|blob| blob.size).sum(), current))
    }

    /// What this host has of its platform, for a publisher who makes a delta.
    ///
    /// # Errors
    /// A [`Fault`] if the store cannot be read, or holds no complete release.
    pub(crate) fn have(&self) -> Result<HaveList, Fault> {
        let store = self.store.store();
        let pins = store.releases().map_err(|error| self.fault(&error))?;
        let installed = self.operations.installed();
        let current = pins.iter().find(|pin| installed.as_deref() == Some(pin.id().as_str()));
        let platform = current.or_else(|| pins.first()).map(|pin| pin.name.as_str());
        let nothing = || Fault::new(FaultCode::NothingToHave);
        let list = store.have(platform.ok_or_else(nothing)?).map_err(|error| self.fault(&error))?;
        if list.releases.is_empty() { Err(nothing()) } else { Ok(list) }
    }

    /// How two releases differ.
    ///
    /// # Errors
    /// A [`Fault`] if one is not there, or is damaged.
    pub(crate) fn compare(&self, old: &str, new: &str) -> Result<Comparison, Fault> {
        self.store.store().compare(old, new).map_err(|error| self.fault(&error))
    }

    fn verified<S: Source>(&self, source: S) -> Result<VerifiedBundle<S>, Fault> {
        let trust = self.layout.trust_dir();
        let trusted = TrustedKeys::load(&trust).map_err(|error| error.fault(&trust))?;
        let installed = self.operations.installed();
        let pin = installed.and_then(|id| self.store.store().pin(&id).ok().flatten());
        let conditions =
            Conditions { architecture: Some(architecture()), name: pin.map(|pin| pin.name), ..Conditions::default() };
        let opened = OpenedBundle::open(source);
        let verified = opened.and_then(|opened| opened.verify(&trusted, &conditions));
        verified.map_err(|error| self.fault(&StoreError::File(error)))
    }

    /// Refuses a release whose number goes back, or stands for another one; one that is there already may come again.
    fn in_sequence<S: Source>(&self, bundle: &VerifiedBundle<S>, id: &str) -> Result<(), Fault> {
        let pins = self.store.store().releases().map_err(|error| self.fault(&error))?;
        if pins.iter().any(|pin| pin.id() == id) {
            return Ok(());
        }
        let trust = self.layout.trust_dir();
        let mut seen = Seen::load(&trust).map_err(|error| error.fault(&trust))?;
        for (name, newest) in pins.iter().map(Pin::newest) {
            seen.raise(name, newest);
        }
        in_sequence(bundle.contents(), &seen).map_err(|error| self.fault(&error.into()))
    }

    /// Writes down which releases are here, before one goes and after one came: what was seen outlives them.
    ///
    /// # Errors
    /// A [`Fault`] if the pins or the record cannot be read, or it cannot be written.
    pub(crate) fn remember(&self) -> Result<(), Fault> {
        let _one_at_a_time = self.remembering.lock().unwrap_or_else(PoisonError::into_inner);
        let pins = self.store.store().releases().map_err(|error| self.fault(&error))?;
        let trust = self.layout.trust_dir();
        Seen::keep(&trust, pins.iter().map(Pin::newest)).map_err(|error| error.fault(&trust))
    }

    /// What running containers use. Without Kubernetes on this host there are none.
    fn in_use(&self) -> InUse {
        let kubernetes = [self.layout.kubeconfig(), self.layout.k3s_config(), self.layout.k3s_data()];
        if !kubernetes.iter().any(|path| path.exists()) {
            return InUse::Images(BTreeSet::new());
        }
        self.sight.images().map_or(InUse::Unknown, InUse::Images)
    }

    fn seconds(&self) -> u64 {
        self.clock.now().0 / 1000
    }

    fn fault(&self, error: &StoreError) -> Fault {
        if let StoreError::Medium { source: FileError::Read { source, .. }, .. }
        | StoreError::File(FileError::Read { source, .. }) = error
            && source.kind() == std::io::ErrorKind::TimedOut
        {
            return Fault::new(FaultCode::UploadStalled).with("seconds", STALLED.as_secs()).because(error);
        }
        error.fault_of_upload(&self.store_dir(), Path::new(STREAM))
    }

    fn store_dir(&self) -> PathBuf {
        self.store.store().root().to_owned()
    }
}

/// Go's name of the processor that this program was built for, and so runs on.
fn architecture() -> String {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
    .to_owned()
}

fn detail(pin: &Pin, bytes: u64, current: bool) -> ReleaseDetail {
    let manifest = &pin.manifest;
    let sized = |name: &str, note: String, bytes: Option<u64>| SizedPart { name: name.to_owned(), note, bytes };
    let programs = manifest.programs.iter().map(|(name, blob)| sized(name, String::new(), Some(blob.size)));
    let charts =
        manifest.charts.iter().map(|chart| sized(&chart.name, chart.version.clone(), Some(chart.package.size)));
    let images = manifest
        .images
        .iter()
        .map(|(reference, image)| sized(reference, image.manifest.to_string(), Some(image.compressed)));
    ReleaseDetail {
        release: ReleaseView {
            id: pin.id(),
            name: pin.name.clone(),
            version: pin.version.to_string(),
            sequence: pin.sequence,
            images: manifest.images.len() as u64,
            bytes,
            added: Timestamp(pin.added.saturating_mul(1000)),
            current,
        },
        architecture: manifest.architecture.clone(),
        kubernetes: manifest.kubernetes.version.to_string(),
        key: pin.key_id.clone(),
        digest: pin.release_manifest,
        upgrades_from: manifest.upgrades_from.iter().map(ToString::to_string).collect(),
        programs: programs.collect(),
        charts: charts.collect(),
        images: images.collect(),
    }
}
