//! Files of the store: atomic, durable, never followed through links.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use bridle_core::digest::Digest;
use rustix::fs::{FlockOperation, OFlags};

use super::error::StoreError;

pub(super) fn failed<'a>(operation: &'static str, path: &'a Path) -> impl Fn(io::Error) -> StoreError + 'a {
    move |source| StoreError::Io { operation, path: path.to_owned(), source }
}

/// Makes a directory (0755) and its entry durable unless it is there.
pub(super) fn directory(path: &Path) -> Result<(), StoreError> {
    match fs::DirBuilder::new().mode(0o755).create(path) {
        Ok(()) => path.parent().map_or(Ok(()), sync_directory),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(failed("make directory", path)(error)),
    }
}

/// Waits until the entries of a directory are on disk.
pub(super) fn sync_directory(path: &Path) -> Result<(), StoreError> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    File::open(path).and_then(|directory| directory.sync_all()).map_err(failed("sync", path))
}

/// Takes the lock of writers; it is free again when the file is dropped or the process dies.
pub(super) fn lock(partial: &Path) -> Result<File, StoreError> {
    let path = partial.join("lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
        .open(&path)
        .map_err(failed("open", &path))?;
    match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(StoreError::Busy),
        Err(error) => Err(failed("lock", &path)(error.into())),
    }
}

/// Begins a new partial file, in place of one that a killed process left.
pub(super) fn begin(path: &Path) -> Result<File, StoreError> {
    remove(path)?;
    OpenOptions::new().create_new(true).write(true).mode(0o444).open(path).map_err(failed("create", path))
}

/// Writes a small file as a whole: partial file, sync, rename. The caller syncs the directory.
pub(super) fn write(partial: &Path, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let mut file = begin(partial)?;
    file.write_all(bytes).map_err(failed("write", partial))?;
    file.sync_all().map_err(failed("sync", partial))?;
    rename(partial, path)
}

/// Gives a synced file its name. The caller syncs the directory.
#[allow(clippy::disallowed_methods, reason = "the store's own durable files: synced before, directory synced after")]
pub(super) fn rename(from: &Path, to: &Path) -> Result<(), StoreError> {
    fs::rename(from, to).map_err(failed("rename to", to))
}

/// Removes a file that may be gone already.
pub(super) fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Removes what interrupted ingests left.
pub(super) fn remove_partial(directory: &Path) -> Result<(), StoreError> {
    for entry in fs::read_dir(directory).map_err(failed("list", directory))? {
        let path = entry.map_err(failed("list", directory))?.path();
        if path.extension().is_some_and(|extension| extension == "part") {
            remove(&path)?;
        }
    }
    Ok(())
}

/// Blobs with their sizes; files that are none are left alone.
pub(super) fn list_blobs(directory: &Path) -> Result<Vec<(Digest, u64)>, StoreError> {
    let mut blobs = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed("list", directory))? {
        let entry = entry.map_err(failed("list", directory))?;
        let name = entry.file_name();
        if let Some(digest) = name.to_str().and_then(|name| Digest::from_hex(name).ok()) {
            let metadata = entry.metadata().map_err(failed("look at", &entry.path()))?;
            blobs.push((digest, metadata.len()));
        }
    }
    Ok(blobs)
}

/// Bytes that this process may still write in the file system of `path`.
pub(super) fn available(path: &Path) -> Result<u64, StoreError> {
    let stat = rustix::fs::statvfs(path).map_err(|error| failed("measure", path)(error.into()))?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}
