//! The blob store of a host: every blob once, by digest, and pins that say which releases are there
//! (`docs/FORMATS.md`, "Blob store").

mod catalogue;
mod check;
mod error;
mod ingest;
mod pin;
mod place;

#[cfg(test)]
mod tests;

pub use catalogue::Catalogue;
pub use check::{Damage, DamageKind};
pub use error::StoreError;
pub use ingest::{Ingested, Progress};
pub use pin::{PIN_FORMAT, Pin};

use std::fs::File;
use std::path::{Path, PathBuf};

use bridle_core::digest::Digest;
use bridle_core::oci::Descriptor;

use crate::file::NamedBlob;

/// A store in a directory of its own. Many may read while one ingests or removes.
#[derive(Debug, Clone)]
pub struct Store {
    root: PathBuf,
}

/// What a collection of unnamed blobs removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Collected {
    /// Number of blobs.
    pub blobs: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Store {
    /// Opens the store in `root`, which is made if it does not exist (its parent must).
    ///
    /// # Errors
    /// [`StoreError::Io`] if a directory cannot be made.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        let store = Self { root: root.to_owned() };
        for directory in [store.root.clone(), store.root.join("blobs"), store.blobs(), store.partial(), store.pins()] {
            place::directory(&directory)?;
        }
        Ok(store)
    }

    /// All pins, newest (highest sequence) first.
    ///
    /// # Errors
    /// [`StoreError`] if one cannot be read.
    pub fn releases(&self) -> Result<Vec<Pin>, StoreError> {
        pin::load_all(&self.pins())
    }

    /// The pin of the release `id` (`NAME-VERSION`), if it is there.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub fn pin(&self, id: &str) -> Result<Option<Pin>, StoreError> {
        pin::load(&self.pins(), id)
    }

    /// Path of a blob, whether it is there or not.
    #[must_use]
    pub fn blob_path(&self, digest: &Digest) -> PathBuf {
        self.blobs().join(digest.hex())
    }

    /// Opens a blob; `None` if it is not there.
    ///
    /// # Errors
    /// [`StoreError::Io`] if it cannot be opened.
    pub fn open_blob(&self, digest: &Digest) -> Result<Option<File>, StoreError> {
        let path = self.blob_path(digest);
        match File::open(&path) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(StoreError::Io { operation: "open", path, source }),
        }
    }

    /// Size of a blob in bytes; `None` if it is not there.
    ///
    /// # Errors
    /// [`StoreError::Io`] if it cannot be looked at.
    pub fn blob_size(&self, digest: &Digest) -> Result<Option<u64>, StoreError> {
        let path = self.blob_path(digest);
        match std::fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_file() => Ok(Some(metadata.len())),
            Ok(_) => Err(StoreError::Foreign { path }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(StoreError::Io { operation: "look at", path, source }),
        }
    }

    /// What all pinned releases together name, read once; [`Catalogue`] answers look-ups without touching the disk.
    ///
    /// # Errors
    /// [`StoreError`] if a pin or a manifest cannot be read.
    pub fn catalogue(&self) -> Result<Catalogue, StoreError> {
        Catalogue::load(self)
    }

    /// Descriptor of the manifest of `reference` (`host/name:tag` or `host/name@digest`): for a tag the newest pin
    /// decides, for a digest any. Reads the pins again each time; a server keeps a [`Catalogue`].
    ///
    /// # Errors
    /// [`StoreError`] if a pin or a manifest cannot be read.
    pub fn resolve(&self, reference: &str) -> Result<Option<Descriptor>, StoreError> {
        Ok(self.catalogue()?.resolve(reference).cloned())
    }

    /// Descriptor of an image manifest that any pin names.
    ///
    /// # Errors
    /// [`StoreError`] if a pin or a manifest cannot be read.
    pub fn manifest_by_digest(&self, digest: &Digest) -> Result<Option<Descriptor>, StoreError> {
        Ok(self.catalogue()?.manifest_by_digest(digest).cloned())
    }

    /// Every blob that the release `id` names, manifests first.
    ///
    /// # Errors
    /// [`StoreError::Absent`] if the release is not there; [`StoreError`] if a manifest cannot be read.
    pub fn blobs_of(&self, id: &str) -> Result<Vec<NamedBlob>, StoreError> {
        Ok(catalogue::contents(self, id)?.all().cloned().collect())
    }

    /// Takes the release `id` away and collects the blobs that no other release names.
    ///
    /// # Errors
    /// [`StoreError::Absent`] if it is not there, [`StoreError::Busy`] while another process writes, or [`StoreError`].
    pub fn remove_release(&self, id: &str) -> Result<Collected, StoreError> {
        let lock = place::lock(&self.partial())?;
        if self.pin(id)?.is_none() {
            return Err(StoreError::Absent { id: id.chars().take(100).collect() });
        }
        pin::remove(&self.pins(), id)?;
        let collected = self.collect_locked();
        drop(lock);
        collected
    }

    /// Removes blobs that no pin names (left by an ingest that was given up).
    ///
    /// # Errors
    /// [`StoreError::Busy`] while another process writes, or [`StoreError`]; nothing is removed if any pin or manifest cannot
    /// be read.
    pub fn collect(&self) -> Result<Collected, StoreError> {
        let _lock = place::lock(&self.partial())?;
        self.collect_locked()
    }

    /// Removes one blob although a pin names it: a damaged one, so that the next ingest brings it again.
    ///
    /// # Errors
    /// [`StoreError::Busy`] while another process writes, or [`StoreError::Io`].
    pub fn discard(&self, digest: &Digest) -> Result<(), StoreError> {
        let _lock = place::lock(&self.partial())?;
        place::remove(&self.blob_path(digest))?;
        place::sync_directory(&self.blobs())
    }

    fn collect_locked(&self) -> Result<Collected, StoreError> {
        let named = self.catalogue()?;
        let mut collected = Collected::default();
        for (digest, size) in place::list_blobs(&self.blobs())? {
            if !named.names(&digest) {
                place::remove(&self.blob_path(&digest))?;
                collected.blobs += 1;
                collected.bytes += size;
            }
        }
        place::remove_partial(&self.partial())?;
        place::sync_directory(&self.blobs())?;
        Ok(collected)
    }

    fn blobs(&self) -> PathBuf {
        self.root.join("blobs/sha256")
    }

    fn partial(&self) -> PathBuf {
        self.root.join("ingest")
    }

    fn pins(&self) -> PathBuf {
        self.root.join("releases")
    }
}
