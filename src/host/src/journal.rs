//! The journal on disk: one append-only file an operation (`docs/FORMATS.md`).

#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bridle_core::durable::{self, FileError};
use bridle_core::event::Event;
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::journal::{self, JournalError};
use bridle_core::operation::OperationId;
use bridle_core::port::fs::{FileSystem, WriteFile};
use bridle_disk::Disk;

/// Largest journal that is read, in bytes.
pub const LARGEST: u64 = 256 * 1024 * 1024;
/// Most operations that are listed.
pub const MOST: usize = 10_000;
/// Why a sound journal of another name is none.
const FOREIGN: &str = "belongs to another operation";

/// The journals in one directory of one file system.
#[derive(Debug, Clone)]
pub struct Journals {
    fs: Arc<dyn FileSystem>,
    dir: PathBuf,
}

/// A journal that is open for adding records.
#[derive(Debug)]
pub struct Journal {
    file: Box<dyn WriteFile>,
    path: PathBuf,
    /// As it was begun, whatever this program would begin with.
    format: u32,
    broken: bool,
}

/// [`Journals::create`] on this machine's disk.
///
/// # Errors
/// A [`Fault`] if it cannot be written.
pub fn create(dir: &Path, first: &Event) -> Result<(), Fault> {
    Journals::on_disk(dir).create(first)
}

/// [`Journals::read`] on this machine's disk.
///
/// # Errors
/// A [`Fault`] if there is none, it cannot be read, or it is damaged.
pub fn read(dir: &Path, id: &OperationId) -> Result<Vec<Event>, Fault> {
    Journals::on_disk(dir).read(id)
}

/// [`Journals::first`] on this machine's disk.
///
/// # Errors
/// A [`Fault`] if there is none, it cannot be read, or its first record is damaged.
pub fn first(dir: &Path, id: &OperationId) -> Result<Event, Fault> {
    Journals::on_disk(dir).first(id)
}

/// [`Journals::list`] on this machine's disk.
///
/// # Errors
/// A [`Fault`] if the directory cannot be read.
pub fn list(dir: &Path) -> Result<Vec<OperationId>, Fault> {
    Journals::on_disk(dir).list()
}

impl Journals {
    /// The journals in `dir` of `fs`.
    #[must_use]
    pub fn new(fs: Arc<dyn FileSystem>, dir: &Path) -> Self {
        Self { fs, dir: dir.to_owned() }
    }

    /// The journals in `dir` of this machine.
    #[must_use]
    pub fn on_disk(dir: &Path) -> Self {
        Self::new(Arc::new(Disk), dir)
    }

    /// Writes the first record of a new operation; it is there completely, or not at all.
    ///
    /// # Errors
    /// A [`Fault`] if it cannot be written.
    pub fn create(&self, first: &Event) -> Result<(), Fault> {
        durable::make_dirs(&*self.fs, &self.dir, 0o750)?;
        self.write_whole(&self.path_of(&first.operation), journal::encode(first, journal::format_of(first)).as_bytes())
    }

    /// Reads the history of an operation.
    ///
    /// # Errors
    /// A [`Fault`] if there is none, it cannot be read, or it is damaged.
    pub fn read(&self, id: &OperationId) -> Result<Vec<Event>, Fault> {
        Ok(self.sound(id)?.1)
    }

    /// Names of all operations, oldest first. Files with other names are not ours and are passed over.
    ///
    /// # Errors
    /// A [`Fault`] if the directory cannot be read.
    pub fn list(&self) -> Result<Vec<OperationId>, Fault> {
        let entries = match self.fs.list(&self.dir, MOST) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(FileError::new("list", &self.dir)(error).into()),
        };
        let id = |name: &str| name.strip_suffix(".journal")?.parse().ok();
        let mut found: Vec<OperationId> = entries.iter().filter_map(|entry| entry.name.to_str().and_then(id)).collect();
        found.sort();
        Ok(found)
    }

    /// Opens an existing journal without its torn last line, and gives its history.
    ///
    /// The file is written anew: an earlier program may have been killed, or told of an error, before what it added was on
    /// disk. Such lines can be read all the same, and no later sync brings them to disk.
    ///
    /// # Errors
    /// A [`Fault`] if it cannot be read or written, or is damaged.
    pub fn open(&self, id: &OperationId) -> Result<(Journal, Vec<Event>), Fault> {
        let (bytes, events) = self.sound(id)?;
        let path = self.path_of(id);
        self.write_whole(&path, &bytes)?;
        let file = self.fs.append(&path).map_err(FileError::new("append to", &path))?;
        let format = events.first().map_or(journal::FORMAT, journal::format_of);
        Ok((Journal { file, path, format, broken: false }, events))
    }

    /// The first record of an operation, which holds its plan, whatever became of the others.
    ///
    /// # Errors
    /// A [`Fault`] if there is none, it cannot be read, or that record is damaged.
    pub fn first(&self, id: &OperationId) -> Result<Event, Fault> {
        let event = journal::decode_first(&self.bytes(id)?).and_then(|event| match event.operation == *id {
            true => Ok(event),
            false => Err(JournalError::Damaged { line: 1, reason: FOREIGN }),
        });
        event.map_err(|error| error.fault(&self.path_of(id)))
    }

    fn bytes(&self, id: &OperationId) -> Result<Vec<u8>, Fault> {
        let bytes = durable::read_bytes(&*self.fs, &self.path_of(id), LARGEST)?;
        bytes.ok_or_else(|| Fault::new(FaultCode::OperationUnknown).with("operation", id.as_str()))
    }

    /// The sound part of a journal, as bytes and as records.
    fn sound(&self, id: &OperationId) -> Result<(Vec<u8>, Vec<Event>), Fault> {
        let path = self.path_of(id);
        let mut bytes = self.bytes(id)?;
        let read = journal::decode(&bytes).and_then(|read| match read.events.first() {
            Some(first) if first.operation == *id => Ok(read),
            _ => Err(JournalError::Damaged { line: 1, reason: FOREIGN }),
        });
        let read = read.map_err(|error| error.fault(&path))?;
        bytes.truncate(usize::try_from(read.sound).unwrap_or(usize::MAX));
        Ok((bytes, read.events))
    }

    fn write_whole(&self, path: &Path, bytes: &[u8]) -> Result<(), Fault> {
        Ok(durable::write_atomic(&*self.fs, path, bytes, 0o640)?)
    }

    fn path_of(&self, id: &OperationId) -> PathBuf {
        self.dir.join(format!("{id}.journal"))
    }
}

impl Journal {
    /// [`Journals::open`] on this machine's disk.
    ///
    /// # Errors
    /// A [`Fault`] if it cannot be read or written, or is damaged.
    pub fn open(dir: &Path, id: &OperationId) -> Result<(Self, Vec<Event>), Fault> {
        Journals::on_disk(dir).open(id)
    }
}

impl bridle_core::engine::Journal for Journal {
    fn append(&mut self, event: &Event) -> Result<(), Fault> {
        // After a failed write or sync nobody knows what is on disk; only a fresh `open` does.
        if self.broken {
            return Err(Fault::new(FaultCode::WriteFailed).with("path", self.path.display().to_string()));
        }
        let line = journal::encode(event, self.format);
        let result = self.file.write(line.as_bytes()).and_then(|()| self.file.sync());
        result.map_err(|error| {
            self.broken = true;
            FileError::new("append to", &self.path)(error).into()
        })
    }
}
