//! The blob store of a host: every blob once, by digest, and pins that say which releases are there
//! (`docs/FORMATS.md`, "Blob store"). Everything is written in an order that survives a power cut at any moment.

mod catalogue;
mod census;
mod check;
mod collect;
mod error;
mod fault;
mod ingest;
mod pin;
mod place;
mod proof;
mod repair;
mod report;
mod settle;

#[cfg(test)]
mod tests;

pub use catalogue::Catalogue;
pub use check::{Checked, Damage};
pub use collect::{Collected, InUse};
pub use error::{Lacking, StoreError};
pub use ingest::{Ingested, Progress};
pub use pin::{PIN_FORMAT, Pin};
pub use repair::Repaired;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bridle_core::digest::Digest;
use bridle_core::oci::Descriptor;
use bridle_core::port::fs::{FileSystem, ReadFile};
use bridle_core::store::diff::Comparison;
use bridle_core::store::have::HaveList;
use bridle_disk::Disk;

use self::pin::Records;
use crate::comparison;
use crate::file::NamedBlob;

/// A store in a directory of its own. Many may read while one ingests or removes.
#[derive(Debug, Clone)]
pub struct Store {
    fs: Arc<dyn FileSystem>,
    root: PathBuf,
}

impl Store {
    /// Opens the store in `root`, which is made if it does not exist (its parent must).
    ///
    /// # Errors
    /// [`StoreError::Io`] if a directory cannot be made.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        Self::over(Arc::new(Disk), root)
    }

    /// As [`Self::open`], over another file system.
    ///
    /// # Errors
    /// [`StoreError::Io`] if a directory cannot be made.
    pub fn over(fs: Arc<dyn FileSystem>, root: &Path) -> Result<Self, StoreError> {
        let store = Self { fs, root: root.to_owned() };
        for directory in [store.root.clone(), store.root.join("blobs"), store.blobs(), store.partial(), store.pins()] {
            place::directory(store.fs(), &directory)?;
        }
        Ok(store)
    }

    /// Where the store is.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// All pins, newest (highest sequence) first.
    ///
    /// # Errors
    /// [`StoreError`] if one cannot be read.
    pub fn releases(&self) -> Result<Vec<Pin>, StoreError> {
        let records = self.records()?;
        match records.broken.into_iter().next() {
            None => Ok(records.pins),
            Some((_, error)) => Err(error),
        }
    }

    /// The pin of the release `id` (`NAME-VERSION`), if it is there.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub fn pin(&self, id: &str) -> Result<Option<Pin>, StoreError> {
        pin::load(self.fs(), &self.pins(), id)
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
    pub fn open_blob(&self, digest: &Digest) -> Result<Option<Box<dyn ReadFile>>, StoreError> {
        let path = self.blob_path(digest);
        match self.fs.open(&path) {
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
        place::size(self.fs(), &self.blob_path(digest))
    }

    /// What all pinned releases together name, read once; [`Catalogue`] answers look-ups without touching the disk.
    ///
    /// # Errors
    /// [`StoreError`] if the pins cannot be listed; a release that is damaged is named by [`Catalogue::broken`].
    pub fn catalogue(&self) -> Result<Catalogue, StoreError> {
        Catalogue::load(self)
    }

    /// Descriptor of the manifest of `reference`, as [`Catalogue::resolve`] chooses it. Reads the pins again each time; a
    /// server keeps a [`Catalogue`].
    ///
    /// # Errors
    /// [`StoreError`] if the pins cannot be listed.
    pub fn resolve(&self, reference: &str, preferred: Option<&str>) -> Result<Option<Descriptor>, StoreError> {
        Ok(self.catalogue()?.resolve(reference, preferred).cloned())
    }

    /// Descriptor of an image manifest that any pin names.
    ///
    /// # Errors
    /// [`StoreError`] if the pins cannot be listed.
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

    /// What the host can tell the publisher of a delta: the blobs of the releases of `platform` that are there in their size.
    /// Releases that lack a blob, or cannot be read, are not in it.
    ///
    /// # Errors
    /// [`StoreError`] if the pins or the blobs cannot be listed.
    pub fn have(&self, platform: &str) -> Result<HaveList, StoreError> {
        let (mut releases, mut blobs) = (Vec::new(), Vec::new());
        for pin in self.records()?.pins.into_iter().filter(|pin| pin.name == platform) {
            let Ok(contents) = catalogue::contents(self, &pin.id()) else { continue };
            if self.missing_bytes(contents.all())? == 0 {
                releases.push(pin.id());
                // A delta carries the manifests anyway.
                blobs.extend(contents.blobs.iter().filter(|blob| blob.size > 0).map(|blob| blob.digest));
            }
        }
        Ok(HaveList::new(platform, releases, blobs.into_iter()))
    }

    /// How two pinned releases differ, but for their components: the bills of materials can be larger than this host's memory
    /// should have to hold.
    ///
    /// # Errors
    /// [`StoreError::Absent`] if one is not there; [`StoreError`] if a manifest cannot be read.
    pub fn compare(&self, old: &str, new: &str) -> Result<Comparison, StoreError> {
        Ok(comparison::between(&catalogue::contents(self, old)?, &catalogue::contents(self, new)?, None))
    }

    fn records(&self) -> Result<Records, StoreError> {
        pin::load_all(self.fs(), &self.pins())
    }

    fn fs(&self) -> &dyn FileSystem {
        &*self.fs
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
