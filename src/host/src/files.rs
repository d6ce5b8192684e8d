//! Files that are either the old ones or the new ones, whole and on disk, whenever the power goes.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use bridle_core::fault::{Fault, FaultCode};
use rustix::fs::FlockOperation;

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
    fn new(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self { action, path, source }
    }
}

impl From<FileError> for Fault {
    fn from(error: FileError) -> Self {
        let code = match error.action {
            "read" | "open" if !is_full(&error.source) => FaultCode::FileUnreadable,
            _ => code_of_write(&error.source),
        };
        Self::new(code).with("path", error.path.display().to_string()).because(&error)
    }
}

/// Writes `bytes` as `path` with `mode`: temporary file, fsync, rename, fsync of the directory.
///
/// # Errors
/// [`FileError`]; the old file is then still there, whole.
pub fn write_atomic(path: &Path, bytes: &[u8], mode: u32) -> Result<(), FileError> {
    let part = part_of(path);
    let written = (|| {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&part)?;
        file.set_permissions(fs::Permissions::from_mode(mode))?; // not cut by the umask
        file.write_all(bytes)?;
        file.sync_all()
    })();
    written.map_err(FileError::new("write", &part))?;
    publish(&part, path)
}

/// Renames the finished and synced `part` to `path` and syncs the directory.
///
/// # Errors
/// [`FileError`] if the rename or the sync fails.
#[expect(clippy::disallowed_methods, reason = "this is the durable rename")]
pub fn publish(part: &Path, path: &Path) -> Result<(), FileError> {
    fs::rename(part, path).map_err(FileError::new("rename", path))?;
    sync_dir(path.parent().unwrap_or(Path::new("/")))
}

/// Makes `link` point to `target`, replacing what was there in one step.
///
/// # Errors
/// [`FileError`]; the old link is then still there.
pub fn symlink_atomic(target: &Path, link: &Path) -> Result<(), FileError> {
    let part = part_of(link);
    remove_if_there(&part)?;
    std::os::unix::fs::symlink(target, &part).map_err(FileError::new("link", &part))?;
    publish(&part, link)
}

/// Makes a directory and its parents with `mode` for those that are new, and syncs their parents.
///
/// # Errors
/// [`FileError`] if one cannot be made.
pub fn make_dirs(path: &Path, mode: u32) -> Result<(), FileError> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        make_dirs(parent, mode.max(0o755))?;
    }
    match fs::DirBuilder::new().mode(mode).create(path) {
        Ok(()) => sync_dir(path.parent().unwrap_or(Path::new("/"))),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(FileError::new("make", path)(error)),
    }
}

/// Brings the names in a directory to disk.
///
/// # Errors
/// [`FileError`] if the file system reports an error.
pub fn sync_dir(path: &Path) -> Result<(), FileError> {
    File::open(path).and_then(|dir| dir.sync_all()).map_err(FileError::new("sync", path))
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
            rustix::fs::syncfs(&dir).map_err(|error| FileError::new("sync", path)(error.into()))?;
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
    use io::Read as _;
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(FileError::new("open", path)(error)),
    };
    let mut text = String::new();
    let count = file.take(limit + 1).read_to_string(&mut text).map_err(FileError::new("read", path))?;
    if count as u64 > limit {
        let source = io::Error::new(io::ErrorKind::FileTooLarge, format!("more than {limit} bytes"));
        return Err(FileError::new("read", path)(source));
    }
    Ok(Some(text))
}

/// Removes a file or link; it is no error if there is none.
///
/// # Errors
/// [`FileError`] if it cannot be removed.
pub fn remove_if_there(path: &Path) -> Result<(), FileError> {
    match fs::remove_file(path) {
        Ok(()) => sync_dir(path.parent().unwrap_or(Path::new("/"))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(FileError::new("remove", path)(error)),
    }
}

/// A lock that the kernel lets go of when its holder ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock `path`; `None` if another process holds it.
    ///
    /// # Errors
    /// [`FileError`] if the file cannot be opened or locked.
    pub fn try_acquire(path: &Path) -> Result<Option<Self>, FileError> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(path).map_err(FileError::new("open", path))?;
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(FileError::new("lock", path)(error.into())),
        }
    }
}

/// What a failed write is called: the one that a person can mend by freeing space has a code of its own.
pub(crate) fn code_of_write(error: &io::Error) -> FaultCode {
    if is_full(error) { FaultCode::NoSpace } else { FaultCode::WriteFailed }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// A name beside `path` that no reader looks at.
fn part_of(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.part"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_whole_files_with_their_mode() {
        let dir = tempfile::tempdir().expect("dir");
        let path = dir.path().join("a/b/c");
        make_dirs(path.parent().expect("parent"), 0o750).expect("dirs");
        write_atomic(&path, b"one", 0o640).expect("first");
        write_atomic(&path, b"two", 0o600).expect("second");
        assert_eq!(read_limited(&path, 10).expect("read").as_deref(), Some("two"));
        assert_eq!(fs::metadata(&path).expect("metadata").mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(path.parent().expect("parent")).expect("list").count(), 1);
        assert!(read_limited(&path, 2).is_err());
    }

    #[test]
    fn a_link_is_replaced_in_one_step() {
        let dir = tempfile::tempdir().expect("dir");
        let link = dir.path().join("current");
        for target in ["one", "two"] {
            symlink_atomic(Path::new(target), &link).expect("link");
            assert_eq!(fs::read_link(&link).expect("read"), Path::new(target));
        }
    }

    #[test]
    fn a_lock_is_held_once() {
        let dir = tempfile::tempdir().expect("dir");
        let path = dir.path().join("lock");
        let held = Lock::try_acquire(&path).expect("lock").expect("free");
        assert!(Lock::try_acquire(&path).expect("lock").is_none());
        drop(held);
        assert!(Lock::try_acquire(&path).expect("lock").is_some());
    }
}
