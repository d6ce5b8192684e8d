//! Files that are either the old ones or the new ones, whole and on disk, whenever the power goes: the calls of
//! [`bridle_core::durable`] on this machine's disk.

use std::fs::File;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use bridle_core::durable;
use bridle_core::port::fs::{FileSystem as _, HeldLock};
use bridle_disk::Disk;

pub use bridle_core::durable::FileError;

/// Writes `bytes` as `path` with `mode`: new file, sync, rename, sync of the directory.
///
/// # Errors
/// [`FileError`]; what can be read as `path` is then the old or the new file, whole.
pub fn write_atomic(path: &Path, bytes: &[u8], mode: u32) -> Result<(), FileError> {
    durable::write_atomic(&Disk, path, bytes, mode)
}

/// Renames the finished and synced `part` to `path` and syncs the directory.
///
/// # Errors
/// [`FileError`] if the rename or the sync fails.
pub fn publish(part: &Path, path: &Path) -> Result<(), FileError> {
    durable::publish(&Disk, part, path)
}

/// Makes `link` point to `target`, replacing what was there in one step.
///
/// # Errors
/// [`FileError`]; the link is then the old or the new one.
pub fn symlink_atomic(target: &Path, link: &Path) -> Result<(), FileError> {
    durable::symlink_atomic(&Disk, target, link)
}

/// Gives the file `from`, which is on disk, a second name `to`, replacing what was there in one step; no byte is copied.
///
/// `false`: these two places cannot share a file (other file systems, or one without links), and nothing was changed.
/// Both names have `mode` afterwards.
///
/// # Errors
/// [`FileError`]; `to` is then the old or the new file.
pub fn link_atomic(from: &Path, to: &Path, mode: u32) -> Result<bool, FileError> {
    durable::link_atomic(&Disk, from, to, mode)
}

/// Makes a directory and its parents with `mode` for those that are new, and brings its name to disk.
///
/// # Errors
/// [`FileError`] if one cannot be made.
pub fn make_dirs(path: &Path, mode: u32) -> Result<(), FileError> {
    durable::make_dirs(&Disk, path, mode)
}

/// Brings the names in a directory to disk.
///
/// # Errors
/// [`FileError`] if the file system reports an error.
pub fn sync_dir(path: &Path) -> Result<(), FileError> {
    durable::sync_dir(&Disk, path)
}

/// Brings everything to disk on each file system that holds one of `paths`; absent paths are passed over.
///
/// # Errors
/// [`FileError`] if a file system reports an error.
pub fn sync_file_systems(paths: &[PathBuf]) -> Result<(), FileError> {
    let mut seen = Vec::new();
    for path in paths {
        let Ok(dir) = File::open(path) else { continue };
        let device = dir.metadata().map_err(FileError::new("read", path))?.dev();
        if !seen.contains(&device) {
            Disk.sync_file_system(path).map_err(FileError::new("sync", path))?;
            seen.push(device);
        }
    }
    Ok(())
}

/// Reads a text of at most `limit` bytes; `None` if there is no such file.
///
/// # Errors
/// [`FileError`] if it cannot be read, is larger or is not UTF-8.
pub fn read_limited(path: &Path, limit: u64) -> Result<Option<String>, FileError> {
    durable::read_limited(&Disk, path, limit)
}

/// Removes a file or link and what an interrupted write of it left; it is no error if there is none.
///
/// # Errors
/// [`FileError`] if it cannot be removed.
pub fn remove_if_there(path: &Path) -> Result<(), FileError> {
    durable::remove_if_there(&Disk, path)
}

/// A lock that the kernel lets go of when its holder ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    _held: Box<dyn HeldLock>,
}

impl Lock {
    /// Takes the lock `path`; `None` if another process holds it.
    ///
    /// # Errors
    /// [`FileError`] if the file cannot be opened or locked.
    pub fn try_acquire(path: &Path) -> Result<Option<Self>, FileError> {
        let held = Disk.try_lock(path).map_err(FileError::new("lock", path))?;
        Ok(held.map(|held| Self { _held: held }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_second_name_is_the_same_file_and_replaces_an_older_one() {
        let dir = tempfile::tempdir().expect("dir");
        let (blob, program) = (dir.path().join("blob"), dir.path().join("program"));
        write_atomic(&blob, b"new", 0o444).expect("blob");
        write_atomic(&program, b"old", 0o755).expect("program");
        for _again in 0..2 {
            assert!(link_atomic(&blob, &program, 0o755).expect("one file system"));
            let (one, two) = (fs::metadata(&blob).expect("blob"), fs::metadata(&program).expect("program"));
            assert_eq!((one.ino(), two.permissions().mode() & 0o777), (two.ino(), 0o755));
        }
        assert_eq!(fs::read_dir(dir.path()).expect("list").count(), 2);
    }

    #[test]
    fn another_file_system_is_left_to_a_copy() {
        // The kernel's own files are on a file system of their own everywhere.
        let dir = tempfile::tempdir().expect("dir");
        let program = dir.path().join("program");
        assert!(!link_atomic(Path::new("/proc/version"), &program, 0o755).expect("told, not failed"));
        assert!(!program.exists());
    }
}
