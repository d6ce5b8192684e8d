//! Uploads on disk (`docs/FORMATS.md`, "Uploads"): a folder each, with a record and the pieces that came.
//!
//! A piece gets its name when its content is on disk, and is told when its name is. The record is written first and removed
//! first: a folder without one is a leftover. Every call can be stopped anywhere and made again.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bridle_core::durable::{self, FileError};
use bridle_core::port::Timestamp;
use bridle_core::port::fs::{FileSystem, ReadFile};
use bridle_core::upload::{
    LARGEST, SMALLEST_PIECE, UploadId, UploadRecord, UploadRecordError, joined, piece_name, piece_offset,
};
use bridle_disk::Disk;

use crate::layout::Layout;

const RECORD: &str = "upload.json";
/// Largest record that is read, in bytes.
const LARGEST_RECORD: u64 = 16 * 1024;
/// Most uploads that are looked at.
const MOST_FOLDERS: usize = 1000;
/// Most names in an upload: each piece, and what an interrupted write left.
const MOST_NAMES: usize = (LARGEST / SMALLEST_PIECE) as usize + 16;

/// The uploads of one host.
#[derive(Debug, Clone)]
pub struct UploadFiles {
    fs: Arc<dyn FileSystem>,
    dir: PathBuf,
}

/// An upload that is on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptUpload {
    /// Its name.
    pub id: UploadId,
    /// What was asked for.
    pub record: UploadRecord,
    /// Offset and length of its pieces, which join from the beginning.
    pub pieces: Vec<(u64, u64)>,
    /// When it last came further.
    pub progress: Timestamp,
}

impl UploadFiles {
    /// Those of this machine.
    #[must_use]
    pub fn on_disk(layout: &Layout) -> Self {
        Self::new(Arc::new(Disk), &layout.uploads_dir())
    }

    /// Those in `dir`.
    #[must_use]
    pub fn new(fs: Arc<dyn FileSystem>, dir: &Path) -> Self {
        Self { fs, dir: dir.to_owned() }
    }

    /// All uploads, brought to disk as they are told; what interrupted calls left is removed. What a newer program wrote, and
    /// what is not ours, is left alone.
    ///
    /// # Errors
    /// [`FileError`] if something cannot be read, removed or synced.
    pub fn load(&self) -> Result<Vec<KeptUpload>, FileError> {
        let mut uploads = Vec::new();
        for name in self.names(&self.dir, MOST_FOLDERS)? {
            let Ok(id) = name.parse::<UploadId>() else { continue };
            let record = durable::read_bytes(&*self.fs, &self.folder(&id).join(RECORD), LARGEST_RECORD)?;
            match record.as_deref().map(UploadRecord::parse) {
                Some(Ok(record)) => uploads.push(self.kept(id, record)?),
                Some(Err(UploadRecordError::Format(_))) => {}
                Some(Err(UploadRecordError::Damaged)) | None => self.remove(&id)?,
            }
        }
        Ok(uploads)
    }

    /// Begins an upload.
    ///
    /// # Errors
    /// [`FileError`]; nothing of it counts then.
    ///
    /// # Panics
    /// Never: a record holds only strings and numbers.
    pub fn begin(&self, id: &UploadId, record: &UploadRecord) -> Result<(), FileError> {
        durable::make_dirs(&*self.fs, &self.folder(id), 0o700)?;
        let text = serde_json::to_vec(record).expect("a record holds only strings and numbers");
        durable::write_atomic(&*self.fs, &self.folder(id).join(RECORD), &text, 0o600)
    }

    /// Writes the piece that begins at `offset`; it is on disk afterwards.
    ///
    /// # Errors
    /// [`FileError`]; the piece is then to be sent again.
    pub fn write(&self, id: &UploadId, offset: u64, bytes: &[u8]) -> Result<(), FileError> {
        durable::write_atomic(&*self.fs, &self.folder(id).join(piece_name(offset)), bytes, 0o600)
    }

    /// Opens the piece that begins at `offset`.
    ///
    /// # Errors
    /// The file system's.
    pub fn open(&self, id: &UploadId, offset: u64) -> io::Result<Box<dyn ReadFile>> {
        self.fs.open(&self.folder(id).join(piece_name(offset)))
    }

    /// Removes an upload; it is no error if there is none.
    ///
    /// # Errors
    /// [`FileError`]; what is left of it is removed by the next [`Self::load`].
    pub fn remove(&self, id: &UploadId) -> Result<(), FileError> {
        let folder = self.folder(id);
        durable::remove_if_there(&*self.fs, &folder.join(RECORD))?;
        for name in self.names(&folder, MOST_NAMES)? {
            self.drop_file(&folder.join(name))?;
        }
        match self.fs.remove_dir(&folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(FileError::new("remove", &folder)(error)),
            _ => match self.fs.sync_dir(&self.dir) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(FileError::new("sync", &self.dir)(error)),
                _ => Ok(()),
            },
        }
    }

    /// Bytes that are free where uploads are kept.
    ///
    /// # Errors
    /// [`FileError`] if the file system does not tell.
    pub fn free(&self) -> Result<u64, FileError> {
        durable::make_dirs(&*self.fs, &self.dir, 0o700)?;
        self.fs.space(&self.dir).map(|space| space.bytes).map_err(FileError::new("measure", &self.dir))
    }

    fn kept(&self, id: UploadId, record: UploadRecord) -> Result<KeptUpload, FileError> {
        let folder = self.folder(&id);
        // A name that can be seen need not be on disk.
        durable::sync_dir(&*self.fs, &folder)?;
        let names = self.names(&folder, MOST_NAMES)?;
        let mut found = Vec::new();
        for offset in names.iter().filter_map(|name| piece_offset(name)) {
            let path = folder.join(piece_name(offset));
            found.push((offset, self.fs.look(&path).map_err(FileError::new("look at", &path))?.size));
        }
        let pieces = joined(record.size, found);
        for name in names.iter().filter(|name| *name != RECORD) {
            if !piece_offset(name).is_some_and(|offset| pieces.iter().any(|piece| piece.0 == offset)) {
                self.drop_file(&folder.join(name))?;
            }
        }
        let mut progress = record.begun;
        if let Some((offset, _)) = pieces.last() {
            let path = folder.join(piece_name(*offset));
            progress = progress.max(self.fs.cost(&path).map_err(FileError::new("look at", &path))?.modified);
        }
        Ok(KeptUpload { id, record, pieces, progress })
    }

    /// Names in a folder; none where it is not there.
    fn names(&self, folder: &Path, most: usize) -> Result<Vec<String>, FileError> {
        match self.fs.list(folder, most) {
            Ok(entries) => Ok(entries.into_iter().filter_map(|entry| entry.name.into_string().ok()).collect()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(FileError::new("list", folder)(error)),
        }
    }

    fn drop_file(&self, path: &Path) -> Result<(), FileError> {
        match self.fs.remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(FileError::new("remove", path)(error)),
            _ => Ok(()),
        }
    }

    fn folder(&self, id: &UploadId) -> PathBuf {
        self.dir.join(id.to_string())
    }
}

#[cfg(test)]
mod tests;
