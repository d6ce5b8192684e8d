//! The journal on disk: one append-only file an operation (`docs/FORMATS.md`).

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use bridle_core::event::Event;
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::journal::{self, JournalError};
use bridle_core::operation::OperationId;

use crate::files;

/// Largest journal that is read, in bytes.
pub const LARGEST: u64 = 256 * 1024 * 1024;
/// Most operations that are listed.
pub const MOST: usize = 10_000;

/// A journal that is open for adding records.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
    broken: bool,
}

/// Writes the first record of a new operation; it is there completely, or not at all.
///
/// # Errors
/// A [`Fault`] if it cannot be written.
pub fn create(dir: &Path, first: &Event) -> Result<(), Fault> {
    files::make_dirs(dir, 0o750)?;
    files::write_atomic(&path_of(dir, &first.operation), journal::encode(first).as_bytes(), 0o640)?;
    Ok(())
}

/// Reads the history of an operation.
///
/// # Errors
/// A [`Fault`] if there is none, it cannot be read, or it is damaged.
pub fn read(dir: &Path, id: &OperationId) -> Result<Vec<Event>, Fault> {
    let path = path_of(dir, id);
    Ok(decode(&path, id)?.events)
}

/// Names of all operations, oldest first. Files with other names are not ours and are passed over.
///
/// # Errors
/// A [`Fault`] if the directory cannot be read.
pub fn list(dir: &Path) -> Result<Vec<OperationId>, Fault> {
    let unreadable = |error: std::io::Error| {
        Fault::new(FaultCode::FileUnreadable).with("path", dir.display().to_string()).because(&error)
    };
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(error)),
    };
    let mut found = Vec::new();
    for entry in entries.take(MOST) {
        let name = entry.map_err(unreadable)?.file_name();
        let id = name.to_str().and_then(|name| name.strip_suffix(".journal")).and_then(|name| name.parse().ok());
        found.extend(id);
    }
    found.sort();
    Ok(found)
}

impl Journal {
    /// Opens an existing journal, cuts off a torn last line, and gives its history.
    ///
    /// # Errors
    /// A [`Fault`] if it cannot be read or is damaged.
    pub fn open(dir: &Path, id: &OperationId) -> Result<(Self, Vec<Event>), Fault> {
        let path = path_of(dir, id);
        let read = decode(&path, id)?;
        let write = |error: std::io::Error| written(&path, &error);
        let file = OpenOptions::new().append(true).open(&path).map_err(write)?;
        if file.metadata().map_err(write)?.len() > read.sound {
            file.set_len(read.sound).map_err(write)?;
            file.sync_all().map_err(write)?;
        }
        Ok((Self { file, path: path.clone(), broken: false }, read.events))
    }
}

impl bridle_core::engine::Journal for Journal {
    fn append(&mut self, event: &Event) -> Result<(), Fault> {
        // After a failed write or fsync nobody knows what is on disk; only a fresh `open` does.
        if self.broken {
            return Err(Fault::new(FaultCode::WriteFailed).with("path", self.path.display().to_string()));
        }
        let line = journal::encode(event);
        let result = self.file.write_all(line.as_bytes()).and_then(|()| self.file.sync_data());
        result.map_err(|error| {
            self.broken = true;
            written(&self.path, &error)
        })
    }
}

fn decode(path: &Path, id: &OperationId) -> Result<journal::Read, Fault> {
    let unreadable = |error: &std::io::Error| {
        Fault::new(FaultCode::FileUnreadable).with("path", path.display().to_string()).because(error)
    };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(Fault::new(FaultCode::OperationUnknown).with("operation", id.as_str()));
        }
        Err(error) => return Err(unreadable(&error)),
    };
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
    let damaged = |error: &JournalError| {
        Fault::new(FaultCode::JournalDamaged).with("path", path.display().to_string()).because(error)
    };
    let read = journal::decode(&bytes).map_err(|error| damaged(&error))?;
    match read.events.first() {
        Some(first) if first.operation == *id => Ok(read),
        _ => Err(damaged(&JournalError::Damaged { line: 1, reason: "belongs to another operation" })),
    }
}

fn path_of(dir: &Path, id: &OperationId) -> PathBuf {
    dir.join(format!("{id}.journal"))
}

fn written(path: &Path, error: &std::io::Error) -> Fault {
    Fault::new(files::code_of_write(error)).with("path", path.display().to_string()).because(error)
}
