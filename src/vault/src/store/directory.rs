//! A store in a folder: another disk, a removable one, a mounted network file system.

mod answer;
mod files;

use std::path::PathBuf;
use std::sync::Arc;

use bridle_core::port::fs::FileSystem;
use bytes::Bytes;

use self::answer::Worker;
use self::files::Files;
use super::{Capabilities, Key, Object, ObjectStore, Patience, Put, StoreError, Trouble, size_of};

pub use files::{MARKER, Survey};

/// Where a folder is and how it is used.
#[derive(Debug, Clone)]
pub struct DirectorySettings {
    /// The folder; it must exist, and is never made: below a mount point that is not mounted there must be nothing.
    pub root: PathBuf,
    /// Bytes that stay free in its file system.
    pub reserve: u64,
    /// How long a call may take. A network file system that hangs cannot be interrupted: the call is given up, not ended.
    pub patience: Patience,
}

impl DirectorySettings {
    /// A folder, with 256 MiB that stay free.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), reserve: 256 << 20, patience: Patience::default() }
    }
}

/// A store in a folder that carries the mark of its repository.
#[derive(Debug)]
pub struct Directory {
    files: Arc<Files>,
    worker: Worker,
    conditional: bool,
}

impl Directory {
    /// Marks an existing folder as a store and opens it; its identifier is in the second place.
    ///
    /// # Errors
    /// [`StoreError`]: [`Trouble::NotFound`] if there is no folder, [`Trouble::Exists`] if it is marked already.
    pub fn create(fs: Arc<dyn FileSystem>, settings: &DirectorySettings) -> Result<(Self, String), StoreError> {
        let files = Arc::new(Files::new(fs, settings));
        let worker = Worker::new(settings.patience);
        let id = worker.ask(&files, "mark", "", 0, Files::mark)?;
        Ok((Self::opened(files, worker)?, id))
    }

    /// Opens a store whose identifier is known, or any where it is not.
    ///
    /// # Errors
    /// [`StoreError`]: [`Trouble::NotMounted`] if the mark is missing or another one.
    pub fn open(fs: Arc<dyn FileSystem>, settings: &DirectorySettings, id: Option<&str>) -> Result<Self, StoreError> {
        let files = Arc::new(Files::new(fs, settings));
        let worker = Worker::new(settings.patience);
        let found = worker.ask(&files, "open", "", 0, Files::read_mark)?;
        if id.is_some_and(|id| id != found) {
            let why = "the mark is another repository's";
            return Err(StoreError::new(Trouble::NotMounted, "open", MARKER, files.location(), why));
        }
        Self::opened(files, worker)
    }

    /// Looks at a folder without changing anything in it.
    ///
    /// # Errors
    /// [`StoreError`]: [`Trouble::NotFound`] if there is no folder.
    pub fn survey(fs: Arc<dyn FileSystem>, settings: &DirectorySettings) -> Result<Survey, StoreError> {
        let files = Arc::new(Files::new(fs, settings));
        Worker::new(settings.patience).ask(&files, "look at", "", 0, Files::survey)
    }

    fn opened(files: Arc<Files>, worker: Worker) -> Result<Self, StoreError> {
        let conditional = worker.ask(&files, "probe", "", 0, Files::clean_and_probe)?;
        Ok(Self { files, worker, conditional })
    }
}

impl ObjectStore for Directory {
    fn location(&self) -> String {
        self.files.location()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { conditional_put: self.conditional, checksums: false, paging: true, versioning: false }
    }

    fn list(&self, prefix: &str) -> Result<Vec<Object>, StoreError> {
        let wanted = prefix.to_owned();
        // A listing of a large repository takes its time: as much as reading 1 GiB would.
        self.worker.ask(&self.files, "list", prefix, 1 << 30, move |files| files.list(&wanted))
    }

    fn head(&self, key: &Key) -> Result<Option<u64>, StoreError> {
        let wanted = key.clone();
        self.worker.ask(&self.files, "head", key, 0, move |files| files.head(&wanted))
    }

    fn get(&self, key: &Key, limit: u64) -> Result<Bytes, StoreError> {
        let wanted = key.clone();
        self.worker.ask(&self.files, "get", key, limit.min(super::MOST_BYTES), move |files| files.get(&wanted, limit))
    }

    fn get_range(&self, key: &Key, offset: u64, length: u64) -> Result<Bytes, StoreError> {
        let wanted = key.clone();
        self.worker.ask(&self.files, "get range of", key, length, move |files| files.get_range(&wanted, offset, length))
    }

    fn put(&self, key: &Key, parts: &[Bytes], how: Put) -> Result<(), StoreError> {
        let (wanted, bytes, links) = (key.clone(), parts.to_vec(), self.conditional);
        let size = size_of(parts);
        self.worker.ask(&self.files, "put", key, size, move |files| files.put(&wanted, &bytes, how, links))
    }

    fn delete(&self, key: &Key) -> Result<(), StoreError> {
        let wanted = key.clone();
        self.worker.ask(&self.files, "delete", key, 0, move |files| files.delete(&wanted))
    }
}

#[cfg(test)]
mod tests;
