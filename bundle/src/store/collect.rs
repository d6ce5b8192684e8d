//! Removing what nothing needs: the decision is `bridle_core::store::collection`'s, the order of the removals is here.
//!
//! A release goes in this order: its pin (on disk before anything else), its blobs, its index. An index without a pin
//! therefore says that a removal was cut off; the next removal or collection ends it.

use std::collections::BTreeSet;

use bridle_core::digest::Digest;
use bridle_core::oci::Manifest;
use bridle_core::port::Timestamp;
use bridle_core::store::collection::{Evidence, Found, GRACE, Refusal, Sweep, decide};
use bridle_core::store::space::{NAMED_UNKNOWN, Sort};

use super::census::Counted;
use super::error::StoreError;
use super::{Store, catalogue, pin, place};
use crate::file::MAX_MANIFEST;

/// Images that running containers use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InUse {
    /// These: references (`host/name:tag`), with or without a digest, and bare digests of manifests or configurations.
    Images(BTreeSet<String>),
    /// Nobody can tell.
    Unknown,
}

/// What a collection removed, or would remove.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Collected {
    /// What was decided.
    pub sweep: Sweep,
    /// Files that are not the store's, by their paths below it (the first 20); they stay.
    pub unknown: Vec<String>,
}

impl Store {
    /// Removes blobs and pieces that no pin names, no container uses and no ingest is likely to go on with; with `dry_run`
    /// only tells what it would remove.
    ///
    /// # Errors
    /// [`StoreError::Busy`] while another process writes, [`StoreError::Refused`] if anything is not known that could be
    /// needed, or [`StoreError`].
    pub fn collect(&self, in_use: &InUse, now: Timestamp, dry_run: bool) -> Result<Collected, StoreError> {
        let _lock = place::lock(self.fs(), &self.partial())?;
        let collected = self.sweep(in_use, now, BTreeSet::new(), dry_run)?;
        if !dry_run {
            for id in pin::unfinished(self.fs(), &self.pins())? {
                pin::forget(self.fs(), &self.pins(), &id)?;
            }
            // What an earlier collection took away and could not bring to disk goes with this one.
            place::sync_directory(self.fs(), &self.pins())?;
            place::sync_directory(self.fs(), &self.partial())?;
        }
        Ok(collected)
    }

    /// Takes the release `id` away, and what only it needs. A removal that was cut off is ended.
    ///
    /// # Errors
    /// [`StoreError::Absent`] if it is not there, [`StoreError::InUse`] if a running container uses an image that only it has,
    /// [`StoreError::Busy`] while another process writes, [`StoreError::Refused`], or [`StoreError`].
    pub fn remove_release(&self, id: &str, in_use: &InUse, now: Timestamp) -> Result<Collected, StoreError> {
        let _lock = place::lock(self.fs(), &self.partial())?;
        let InUse::Images(images) = in_use else { return Err(Refusal::Use.into()) };
        let Some(index) = pin::find_index(self.fs(), &self.pins(), id)? else {
            // A removal that was cut off after its last act: what cannot be seen any more can still be on disk.
            place::sync_directory(self.fs(), &self.pins())?;
            return Err(StoreError::Absent { id: id.chars().take(100).collect() });
        };
        let contents = catalogue::walk(self, &index).ok();
        if let Some(contents) = &contents
            && self.pin(id)?.is_some()
        {
            // Before anything goes: with this release gone, would what remains be known?
            let named = catalogue::named_by_release(self)?;
            if let Some(broken) = named.broken.iter().find(|broken| *broken != id) {
                return Err(Refusal::Record(broken.clone()).into());
            }
            let others = named.all(Some(id));
            // What another release has as well stays with that one.
            let uses = |text: &String| {
                let named = contents.images.get(text.split('@').next().unwrap_or_default());
                named.is_some_and(|image| !others.contains(&image.descriptor.digest))
                    || digest_of(text).is_some_and(|digest| {
                        contents.all().any(|blob| blob.digest == digest) && !others.contains(&digest)
                    })
            };
            if images.iter().any(uses) {
                return Err(StoreError::InUse { id: id.to_owned() });
            }
        }
        pin::remove(self.fs(), &self.pins(), id)?;
        let given_up = contents.iter().flat_map(|contents| contents.all().map(|blob| blob.digest)).collect();
        let collected = self.sweep(in_use, now, given_up, false)?;
        pin::forget(self.fs(), &self.pins(), id)?;
        Ok(collected)
    }

    /// The caller holds the lock, so no ingest runs.
    fn sweep(
        &self,
        in_use: &InUse,
        now: Timestamp,
        given_up: BTreeSet<Digest>,
        dry_run: bool,
    ) -> Result<Collected, StoreError> {
        let census = self.census()?;
        let mut named = catalogue::named_by_release(self)?;
        let broken = named.broken.pop();
        let named = named.all(None);
        let blobs = blobs(&census);
        let in_use = self.marks(in_use, &blobs, &named)?;
        let evidence = Evidence {
            named: broken.map_or(Ok(named), Err),
            in_use,
            blobs,
            parts: parts(&census),
            given_up,
            now,
            grace: GRACE,
        };
        let sweep = decide(&evidence)?;
        if !dry_run {
            for digest in &sweep.blobs {
                place::remove(self.fs(), &self.blob_path(digest))?;
            }
            for name in &sweep.parts {
                for directory in [self.partial(), self.pins()] {
                    place::remove(self.fs(), &directory.join(name))?;
                }
            }
            place::sync_directory(self.fs(), &self.blobs())?;
        }
        let unknown = census.iter().filter_map(|file| match &file.sort {
            Sort::Unknown(path) => Some(path.clone()),
            _ => None,
        });
        Ok(Collected { sweep, unknown: unknown.take(NAMED_UNKNOWN).collect() })
    }

    /// Blobs that running containers use beyond those that a release names: an image manifest or configuration that one of
    /// `in_use` names, and everything that its manifest names.
    fn marks(
        &self,
        in_use: &InUse,
        blobs: &[Found<Digest>],
        named: &BTreeSet<Digest>,
    ) -> Result<Option<BTreeSet<Digest>>, StoreError> {
        let InUse::Images(images) = in_use else { return Ok(None) };
        let mut marks: BTreeSet<Digest> = images.iter().filter_map(|text| digest_of(text)).collect();
        let roots = marks.clone();
        for blob in blobs.iter().filter(|blob| !named.contains(&blob.what) && blob.bytes <= MAX_MANIFEST) {
            let path = self.blob_path(&blob.what);
            let Some(bytes) = place::read(self.fs(), &path, MAX_MANIFEST)? else { continue };
            let Ok(manifest) = serde_json::from_slice::<Manifest>(&bytes) else { continue };
            if roots.contains(&blob.what) || roots.contains(&manifest.config.digest) {
                marks.insert(blob.what);
                marks.insert(manifest.config.digest);
                marks.extend(manifest.layers.iter().map(|layer| layer.digest));
            }
        }
        Ok(Some(marks))
    }
}

/// The digest in `host/name@sha256:…`, `docker-pullable://…@sha256:…` or `sha256:…`.
fn digest_of(text: &str) -> Option<Digest> {
    text.rsplit('@').next()?.parse().ok()
}

fn blobs(census: &[Counted]) -> Vec<Found<Digest>> {
    let blob = |file: &Counted| match file.sort {
        Sort::Blob(what) => Some(Found { what, bytes: file.bytes, modified: file.cost.modified }),
        _ => None,
    };
    census.iter().filter_map(blob).collect()
}

fn parts(census: &[Counted]) -> Vec<Found<String>> {
    let partial = census.iter().filter(|file| file.sort == Sort::Partial);
    partial.map(|file| Found { what: file.name.clone(), bytes: file.bytes, modified: file.cost.modified }).collect()
}
