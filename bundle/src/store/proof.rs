//! What an ingest takes over from the store is read and hashed again first: a release counts only if every byte of it was
//! verified, whatever way it came.

use std::collections::{BTreeMap, BTreeSet};

use bridle_core::digest::Digest;

use super::Store;
use super::check::Damage;
use super::error::{Lacking, StoreError};
use super::ingest::{Progress, Tell};
use crate::file::{NamedBlob, Source, VerifiedBundle};

impl Store {
    /// Reads and hashes every blob of the release that is in the store; returns those that are not what they were, which the
    /// file brings. `progress` gets the bytes that were read, of all of the release.
    ///
    /// # Errors
    /// [`StoreError::Base`] if a delta leaves out what is not there whole, [`StoreError::Stopped`].
    pub(super) fn prove<S: Source>(
        &self,
        bundle: &VerifiedBundle<S>,
        progress: Tell<'_>,
    ) -> Result<BTreeSet<Digest>, StoreError> {
        let id = bundle.contents().release.id();
        let mut there = Vec::new();
        for blob in bundle.contents().all() {
            if self.has(blob)? {
                there.push((id.clone(), blob.clone()));
            }
        }
        let known: BTreeSet<Digest> = there.iter().map(|(_, blob)| blob.digest).collect();
        let missing: Vec<&NamedBlob> = bundle.left_out().iter().filter(|blob| !known.contains(&blob.digest)).collect();
        lacking(bundle, &missing, false)?;
        let total = bundle.contents().size();
        let damaged = self.inspect_all(&there, &mut |read| progress(Progress { done: read.done, total }))?;
        let rewrite: BTreeSet<Digest> = damaged.iter().filter_map(digest).collect();
        let damaged: Vec<&NamedBlob> = bundle.left_out().iter().filter(|blob| rewrite.contains(&blob.digest)).collect();
        lacking(bundle, &damaged, true)?;
        Ok(rewrite)
    }
}

fn digest(damage: &Damage) -> Option<Digest> {
    damage.blob.as_ref().map(|blob| blob.digest)
}

/// Refuses a delta for the blobs of it that are not there whole, if there are any.
fn lacking<S: Source>(bundle: &VerifiedBundle<S>, blobs: &[&NamedBlob], damaged: bool) -> Result<(), StoreError> {
    let Some(first) = blobs.first() else { return Ok(()) };
    let bases: BTreeMap<Digest, &[String]> = bundle.delta().map(|delta| delta.left_out()).unwrap_or_default();
    let mut named = Vec::new();
    for id in blobs.iter().filter_map(|blob| bases.get(&blob.digest)).flat_map(|releases| releases.iter()) {
        if !named.contains(id) {
            named.push(id.clone());
        }
    }
    Err(StoreError::Base(Box::new(Lacking {
        release: bundle.contents().release.id(),
        blobs: blobs.len() as u64,
        bytes: blobs.iter().map(|blob| blob.size).sum(),
        damaged,
        first: first.named_by.clone(),
        bases: named,
    })))
}
