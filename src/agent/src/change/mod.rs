//! Changing what is installed: what it would do, and its beginning. The steps themselves are the engine's.

mod look;

use std::sync::Arc;

use bridle_bundle::store::Pin;
use bridle_core::digest::Digest;
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::{Language, Message};
use bridle_core::operation::OperationView;
use bridle_core::plan::applied::Applied;
use bridle_core::plan::install::Place;
use bridle_core::plan::upgrade::{self, Changes, Choices, Current, Wanted};
use bridle_core::plan::{OperationKind, Plan, PlanError, forecast};
use bridle_core::release::ReleaseManifest;
use bridle_core::site::Site;
use bridle_core::upgrade::{Basis, ChangeOrder, ChangeView};
use bridle_host::files::{self, Lock};
use bridle_host::layout::Layout;

use crate::observe::Sight;
use crate::operations::Operations;
use crate::store::SharedStore;

/// Largest profile of a site, in bytes.
const LARGEST_PROFILE: u64 = 1024 * 1024;

/// Plans and begins changes.
pub(crate) struct Changer {
    layout: Layout,
    operations: Arc<Operations>,
    store: Arc<SharedStore>,
    sight: Arc<dyn Sight>,
}

/// What is there now, as a change needs to know it.
struct Here {
    release: Pin,
    applied: Applied,
    /// Number and text of the profile in use.
    profile: (u64, String),
    /// The profile on disk has changes that were never put in place.
    edited: bool,
    place: Place,
    operations: u64,
}

/// A change with its plan.
struct Prepared {
    plan: Plan,
    view: ChangeView,
}

impl Changer {
    pub(crate) fn new(
        layout: Layout,
        operations: Arc<Operations>,
        store: Arc<SharedStore>,
        sight: Arc<dyn Sight>,
    ) -> Self {
        Self { layout, operations, store, sight }
    }

    /// What an upgrade to `release` would do.
    ///
    /// # Errors
    /// A [`Fault`] if there is no such release, nothing is installed, or there is no way.
    pub(crate) fn upgrade(&self, release: &str, copy_data: bool) -> Result<ChangeView, Fault> {
        Ok(self.prepare_upgrade(release, copy_data)?.view)
    }

    /// What the return to the release before would do.
    ///
    /// # Errors
    /// A [`Fault`] if there is none.
    pub(crate) fn rollback(&self, copy_data: bool) -> Result<ChangeView, Fault> {
        Ok(self.prepare_rollback(copy_data)?.view)
    }

    /// Begins the change that was looked at.
    ///
    /// # Errors
    /// A [`Fault`] if another operation is open, something stands in the way, or the world has changed since.
    pub(crate) fn begin(&self, kind: OperationKind, order: &ChangeOrder, by: &str) -> Result<OperationView, Fault> {
        // An installer that places a release at this moment will hand over an operation of its own.
        let lock = Lock::try_acquire(&self.layout.installer_lock())?;
        let _lock = lock.ok_or_else(|| Fault::new(FaultCode::InstallerRunning))?;
        self.operations.refuse_second()?;
        let prepared = match kind {
            OperationKind::Upgrade => self.prepare_upgrade(&order.release, order.copy_data)?,
            OperationKind::Rollback => self.prepare_rollback(order.copy_data)?,
            _ => return Err(Fault::new(FaultCode::RequestInvalid).with("what", "kind")),
        };
        self.start(prepared, order, by)
    }

    fn start(&self, prepared: Prepared, order: &ChangeOrder, by: &str) -> Result<OperationView, Fault> {
        if prepared.view.plan != order.plan {
            return Err(outdated(order.basis.as_ref(), &prepared.view.basis));
        }
        if let Some(finding) = prepared.view.findings.iter().find(|_| prepared.view.blocked()) {
            return Err(Fault::new(FaultCode::UpgradeBlocked).detail(finding.message.clone()));
        }
        self.operations.begin(prepared.plan, by)
    }

    fn prepare_upgrade(&self, release: &str, copy_data: bool) -> Result<Prepared, Fault> {
        let here = self.here()?;
        let target = self.pin(release)?;
        let others = self.store.store().releases().map_err(|error| self.damaged(&error))?;
        let known: Vec<&ReleaseManifest> = others.iter().map(|pin| &pin.manifest).collect();
        upgrade::way(&here.release.manifest, &target.manifest, &known).map_err(|no| no.fault())?;
        self.prepare(OperationKind::Upgrade, &here, &target, copy_data)
    }

    fn prepare_rollback(&self, copy_data: bool) -> Result<Prepared, Fault> {
        let here = self.here()?;
        let before = here.applied.before.clone().ok_or_else(|| Fault::new(FaultCode::NoReleaseBefore))?;
        let target = self.pin(&before)?;
        self.prepare(OperationKind::Rollback, &here, &target, copy_data)
    }

    fn prepare(&self, kind: OperationKind, here: &Here, target: &Pin, copy_data: bool) -> Result<Prepared, Fault> {
        let site = self.site(&here.profile.1)?;
        let current = Current {
            release: &here.release.manifest,
            applied: &here.applied,
            profile: (here.profile.0, &here.profile.1),
        };
        let wanted = Wanted { release: &target.manifest, site: &site, profile: None, place: &here.place };
        let choices = Choices { kind, number: here.operations, copy_data };
        let plan = upgrade::plan(&current, &wanted, &choices).map_err(|error| impossible(&error))?;
        let changes = Changes::between(current.release, wanted.release);
        let measured = self.measured(here, &changes);
        let findings = upgrade::findings(&current, &wanted, kind, &measured);
        let interrupting = |name: &str| {
            let of =
                |release: &ReleaseManifest| release.charts.iter().any(|chart| chart.name == name && chart.interrupts);
            of(current.release) || of(wanted.release)
        };
        let view = ChangeView {
            kind,
            from: current.release.id(),
            to: wanted.release.id(),
            plan: plan.digest(),
            basis: Basis {
                installed: here.applied.release.clone(),
                release: target.release_manifest,
                profile: Digest::of(here.profile.1.as_bytes()),
                operations: here.operations,
            },
            values: Vec::new(),
            notes: wanted.release.notes.clone(),
            steps: forecast::steps(&plan, &self.operations.learned(), &interrupting),
            disk: measured.disk,
            changes,
            findings,
        };
        Ok(Prepared { plan, view })
    }

    fn here(&self) -> Result<Here, Fault> {
        let (applied, operations) = self.operations.applied();
        let applied = applied.ok_or_else(|| Fault::new(FaultCode::NothingInstalled))?;
        let release = self.pin(&applied.release)?;
        let settings = applied.settings.as_ref().ok_or_else(|| Fault::new(FaultCode::NothingInstalled))?;
        let place = Place { node: settings.node.clone(), address: settings.address.clone() };
        let text = self.profile_text()?;
        Ok(Here { release, profile: (applied.revision, text), edited: false, applied, place, operations })
    }

    fn profile_text(&self) -> Result<String, Fault> {
        let path = self.layout.site_file();
        let text = files::read_limited(&path, LARGEST_PROFILE)?;
        text.ok_or_else(|| Fault::new(FaultCode::FileUnreadable).with("path", path.display().to_string()))
    }

    fn site(&self, text: &str) -> Result<Site, Fault> {
        let path = self.layout.site_file().display().to_string();
        Site::parse(text).map_err(|error| Fault::new(FaultCode::ProfileInvalid).with("path", path).because(&error))
    }

    fn pin(&self, id: &str) -> Result<Pin, Fault> {
        let pin = self.store.store().pin(id).map_err(|error| self.damaged(&error))?;
        pin.ok_or_else(|| Fault::new(FaultCode::ReleaseAbsent).with("release", id))
    }

    fn damaged(&self, error: &dyn std::error::Error) -> Fault {
        Fault::new(FaultCode::StoreDamaged).because(error)
    }
}

fn impossible(error: &PlanError) -> Fault {
    match error {
        PlanError::Length(0) => Fault::new(FaultCode::AlreadyInUse).because(error),
        error => Fault::new(FaultCode::ReleaseDamaged).because(error),
    }
}

fn outdated(seen: Option<&Basis>, now: &Basis) -> Fault {
    let mut changed = seen.map(|seen| seen.differences(now)).unwrap_or_default();
    if changed.is_empty() {
        changed.push(Message::new("basis-host"));
    }
    let words: Vec<String> = changed.iter().map(|what| what.render(Language::En)).collect();
    let fault = Fault::new(FaultCode::PlanOutdated).with("changed", words.join(", "));
    // The first one again as a message, for faces in another language.
    fault.detail(changed.remove(0))
}
