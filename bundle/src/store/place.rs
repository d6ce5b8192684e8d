//! Files of the store: atomic, durable, never followed through links.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use bridle_core::digest::Digest;
use bridle_core::port::fs::{FileSystem, HeldLock, Kind, WriteFile};

use super::error::StoreError;

/// Most names that a directory of the store is read to: far above what releases can hold.
pub(super) const MOST_NAMES: usize = 1 << 20;

pub(super) fn failed<'a>(operation: &'static str, path: &'a Path) -> impl Fn(io::Error) -> StoreError + 'a {
    move |source| StoreError::Io { operation, path: path.to_owned(), source }
}

/// Makes a directory (0755) unless it is there, and its entry durable: one that is there need not be on disk, if whoever
/// made it was stopped before its sync.
pub(super) fn directory(fs: &dyn FileSystem, path: &Path) -> Result<(), StoreError> {
    let made = fs.make_dir(path, 0o755);
    match &made {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && is_directory(fs, path) => {}
        Err(_) => return made.map_err(failed("make directory", path)),
        Ok(()) => {}
    }
    let parent = bridle_core::durable::parent_of(path);
    match fs.sync_dir(parent) {
        // Who may not even list it only reads the store.
        Err(error) if made.is_err() && error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        synced => synced.map_err(failed("sync", parent)),
    }
}

fn is_directory(fs: &dyn FileSystem, path: &Path) -> bool {
    match fs.look(path) {
        // The administrator may keep the store on another disk.
        Ok(look) if look.kind == Kind::Link => fs.list(path, 1).is_ok(),
        Ok(look) => look.kind == Kind::Directory,
        Err(_) => false,
    }
}

/// Waits until the entries of a directory are on disk.
pub(super) fn sync_directory(fs: &dyn FileSystem, path: &Path) -> Result<(), StoreError> {
    fs.sync_dir(path).map_err(failed("sync", path))
}

/// Takes the lock of writers; it is free again when it is dropped or the process dies.
pub(super) fn lock(fs: &dyn FileSystem, partial: &Path) -> Result<Box<dyn HeldLock>, StoreError> {
    let path = partial.join("lock");
    fs.try_lock(&path).map_err(failed("lock", &path))?.ok_or(StoreError::Busy)
}

/// Begins a new partial file, in place of one that a killed process left.
pub(super) fn begin(fs: &dyn FileSystem, path: &Path) -> Result<Box<dyn WriteFile>, StoreError> {
    remove(fs, path)?;
    fs.create(path, 0o444).map_err(failed("create", path))
}

/// Writes a small file as a whole: partial file, sync, rename. The caller syncs the directory.
pub(super) fn write(fs: &dyn FileSystem, partial: &Path, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let file = begin(fs, partial)?;
    file.write(bytes).map_err(failed("write", partial))?;
    file.sync().map_err(failed("sync", partial))?;
    rename(fs, partial, path)
}

/// Gives a synced file its name. The caller syncs the directory.
pub(super) fn rename(fs: &dyn FileSystem, from: &Path, to: &Path) -> Result<(), StoreError> {
    fs.rename(from, to).map_err(failed("rename to", to))
}

/// Removes a file that may be gone already.
pub(super) fn remove(fs: &dyn FileSystem, path: &Path) -> Result<(), StoreError> {
    match fs.remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Size of a regular file; `None` if there is none.
pub(super) fn size(fs: &dyn FileSystem, path: &Path) -> Result<Option<u64>, StoreError> {
    match fs.look(path) {
        Ok(look) if look.kind == Kind::File => Ok(Some(look.size)),
        Ok(_) => Err(StoreError::Foreign { path: path.to_owned() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("look at", path)(error)),
    }
}

/// Reads a file of at most `longest` bytes; `None` if there is none.
pub(super) fn read(fs: &dyn FileSystem, path: &Path, longest: u64) -> Result<Option<Vec<u8>>, StoreError> {
    let file = match fs.open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("open", path)(error)),
    };
    let mut bytes = Vec::new();
    file.take(longest + 1).read_to_end(&mut bytes).map_err(failed("read", path))?;
    if bytes.len() as u64 > longest {
        return Err(StoreError::Pin { path: path.to_owned(), reason: "too long".to_owned() });
    }
    Ok(Some(bytes))
}

/// Names in a directory with what lies behind them, in the order of the names.
pub(super) fn list(fs: &dyn FileSystem, directory: &Path) -> Result<Vec<(String, PathBuf)>, StoreError> {
    let mut entries = fs.list(directory, MOST_NAMES).map_err(failed("list", directory))?;
    entries.sort();
    let named =
        |entry: bridle_core::port::fs::Entry| (entry.name.to_string_lossy().into_owned(), directory.join(&entry.name));
    Ok(entries.into_iter().map(named).collect())
}

/// Name of the partial file of a blob.
pub(super) fn part_name(digest: &Digest) -> String {
    format!("{}.part", digest.hex())
}
