//! Files that are either the old ones or the new ones, whole and on disk, whenever the power goes: the order of calls that
//! makes it so, over any [`FileSystem`].

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::fault::{Fault, FaultCode};
use crate::port::fs::{FileSystem, Kind};

/// What failed with which file.
#[derive(Debug, thiserror::Error)]
#[error("{action} {path}")]
pub struct FileError {
    /// What was done (`write`, `rename`, …).
    pub action: &'static str,
    /// The file.
    pub path: PathBuf,
    /// The cause.
    #[source]
    pub source: io::Error,
}

impl FileError {
    /// Names what was done with which file.
    pub fn new(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self { action, path, source }
    }
}

impl FileError {
    /// What a person calls it.
    #[must_use]
    pub fn code(&self) -> FaultCode {
        match self.action {
            "read" | "open" | "list" if !is_full(&self.source) => FaultCode::FileUnreadable,
            _ => code_of_write(&self.source),
        }
    }
}

impl From<FileError> for Fault {
    fn from(error: FileError) -> Self {
        Self::new(error.code()).with("path", error.path.display().to_string()).because(&error)
    }
}

/// What a failed write is called: the one that a person can mend by freeing space has a code of its own.
#[must_use]
pub fn code_of_write(error: &io::Error) -> FaultCode {
    if is_full(error) { FaultCode::NoSpace } else { FaultCode::WriteFailed }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Writes `bytes` as `path` with `mode`: new file, sync, rename, sync of the directory.
///
/// # Errors
/// [`FileError`]; what can be read as `path` is then the old or the new file, whole. Call again to be sure of the new one.
pub fn write_atomic(fs: &dyn FileSystem, path: &Path, bytes: &[u8], mode: u32) -> Result<(), FileError> {
    let part = part_of(path);
    // Always a new file: after a failed sync nobody knows what of the old one is on disk.
    remove_unsynced(fs, &part)?;
    let written = (|| {
        let file = fs.create(&part, mode)?;
        file.write(bytes)?;
        file.sync()
    })();
    if let Err(error) = written {
        let _left_for_the_next_call = fs.remove_file(&part); // gives its space back on a full disk
        return Err(FileError::new("write", &part)(error));
    }
    publish(fs, &part, path)
}

/// Renames the finished and synced `part` to `path` and syncs the directory.
///
/// # Errors
/// [`FileError`] if the rename or the sync fails.
pub fn publish(fs: &dyn FileSystem, part: &Path, path: &Path) -> Result<(), FileError> {
    fs.rename(part, path).map_err(FileError::new("rename", path))?;
    sync_dir(fs, parent_of(path))
}

/// Makes `link` point to `target`, replacing what was there in one step.
///
/// # Errors
/// [`FileError`]; the link is then the old or the new one.
pub fn symlink_atomic(fs: &dyn FileSystem, target: &Path, link: &Path) -> Result<(), FileError> {
    let part = part_of(link);
    remove_unsynced(fs, &part)?;
    fs.symlink(target, &part).map_err(FileError::new("link", &part))?;
    publish(fs, &part, link)
}

/// Gives the file `from`, which is on disk, a second name `to`, replacing what was there in one step; no byte is copied.
///
/// `false`: these two places cannot share a file (other file systems, or one without links), and nothing was changed.
/// Both names have `mode` afterwards.
///
/// # Errors
/// [`FileError`]; `to` is then the old or the new file.
pub fn link_atomic(fs: &dyn FileSystem, from: &Path, to: &Path, mode: u32) -> Result<bool, FileError> {
    use io::ErrorKind::{CrossesDevices, PermissionDenied, TooManyLinks, Unsupported};
    let part = part_of(to);
    remove_unsynced(fs, &part)?;
    match fs.link(from, &part, mode) {
        // Not every file system says so in the same way: EXDEV, EPERM, EMLINK, EOPNOTSUPP.
        Err(error) if matches!(error.kind(), CrossesDevices | PermissionDenied | TooManyLinks | Unsupported) => {
            return Ok(false);
        }
        linked => linked.map_err(FileError::new("link", &part))?,
    }
    publish(fs, &part, to)?;
    // A rename between two names of one file does nothing, and leaves the third.
    remove_unsynced(fs, &part)?;
    Ok(true)
}

/// Makes a directory and its parents with `mode` for those that are new, and brings its name to disk.
///
/// # Errors
/// [`FileError`] if one cannot be made.
pub fn make_dirs(fs: &dyn FileSystem, path: &Path, mode: u32) -> Result<(), FileError> {
    if is_dir(fs, path) {
        // An earlier call may have been stopped between the directory and its name. One level is enough: nothing is made
        // in a directory before its own name is on disk.
        return if path.parent().is_some() { sync_dir(fs, parent_of(path)) } else { Ok(()) };
    }
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        make_dirs(fs, parent, mode.max(0o755))?;
    }
    match fs.make_dir(path, mode) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists || !is_dir(fs, path) => {
            Err(FileError::new("make", path)(error))
        }
        _ => sync_dir(fs, parent_of(path)),
    }
}

/// Brings the names in a directory to disk.
///
/// # Errors
/// [`FileError`] if the file system reports an error.
pub fn sync_dir(fs: &dyn FileSystem, path: &Path) -> Result<(), FileError> {
    fs.sync_dir(path).map_err(FileError::new("sync", path))
}

/// Removes a file or link and what an interrupted write of it left; it is no error if there is none.
///
/// # Errors
/// [`FileError`] if it cannot be removed.
pub fn remove_if_there(fs: &dyn FileSystem, path: &Path) -> Result<(), FileError> {
    remove_unsynced(fs, path)?;
    remove_unsynced(fs, &part_of(path))?;
    // Even if nothing was there: an earlier call may have been stopped between the removal and its sync.
    match fs.sync_dir(parent_of(path)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()), // not even the directory is there
        synced => synced.map_err(FileError::new("sync", parent_of(path))),
    }
}

/// Reads at most `limit` bytes; `None` if there is no such file.
///
/// # Errors
/// [`FileError`] if it cannot be read or is larger.
pub fn read_bytes(fs: &dyn FileSystem, path: &Path, limit: u64) -> Result<Option<Vec<u8>>, FileError> {
    let file = match fs.open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(FileError::new("open", path)(error)),
    };
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(FileError::new("read", path))?;
    if bytes.len() as u64 > limit {
        let source = io::Error::new(io::ErrorKind::FileTooLarge, format!("more than {limit} bytes"));
        return Err(FileError::new("read", path)(source));
    }
    Ok(Some(bytes))
}

/// Reads a text of at most `limit` bytes; `None` if there is no such file.
///
/// # Errors
/// [`FileError`] if it cannot be read, is larger or is not UTF-8.
pub fn read_limited(fs: &dyn FileSystem, path: &Path, limit: u64) -> Result<Option<String>, FileError> {
    let Some(bytes) = read_bytes(fs, path, limit)? else { return Ok(None) };
    let invalid = |error| FileError::new("read", path)(io::Error::new(io::ErrorKind::InvalidData, error));
    String::from_utf8(bytes).map(Some).map_err(invalid)
}

/// The directory that holds the name `path`.
#[must_use]
pub fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => Path::new("/"),
    }
}

/// A name beside `path` that no reader looks at.
#[must_use]
pub fn part_of(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.part"))
}

fn remove_unsynced(fs: &dyn FileSystem, path: &Path) -> Result<(), FileError> {
    match fs.remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(FileError::new("remove", path)(error)),
        _ => Ok(()),
    }
}

fn is_dir(fs: &dyn FileSystem, path: &Path) -> bool {
    match fs.look(path) {
        Ok(look) if look.kind == Kind::Link => fs.list(path, 1).is_ok(), // a link to a directory is as good as one
        Ok(look) => look.kind == Kind::Directory,
        Err(_) => false,
    }
}
