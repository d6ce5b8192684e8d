//! Removing a folder with all below it, and nothing else: no link is followed, no mount is entered, what is to stay stays.

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use bridle_core::fault::{Fault, FaultCode};
use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, ResolveFlags, fstat, openat, openat2, statat, unlinkat};
use rustix::io::Errno;

/// Deepest folder below a root; each level holds an open folder.
const DEEPEST: usize = 512;
const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Why a tree is still there.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// Something is mounted there.
    #[error("remove {0}: something is mounted there")]
    Mounted(PathBuf),
    /// Told to stop.
    #[error("remove {0}: told to stop")]
    Stopped(PathBuf),
    /// More folders in each other than any program makes.
    #[error("remove {0}: more than {DEEPEST} folders deep")]
    Deep(PathBuf),
    /// The file system refuses.
    #[error("{action} {path}")]
    Io {
        /// What was done.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
}

impl From<TreeError> for Fault {
    fn from(error: TreeError) -> Self {
        let (code, path) = match &error {
            TreeError::Mounted(path) => (FaultCode::StillMounted, path),
            TreeError::Stopped(path) => {
                let what = path.display().to_string();
                return Self::new(FaultCode::DeadlinePassed).with("what", what).because(&error);
            }
            TreeError::Deep(path) | TreeError::Io { path, .. } => (FaultCode::WriteFailed, path),
        };
        Self::new(code).with("path", path.display().to_string()).because(&error)
    }
}

/// What a removal asks while it goes on.
pub struct Rules<'a> {
    /// Whether a path (below the host's root) stays. A folder stays with what stays in it.
    pub stays: &'a dyn Fn(&Path) -> bool,
    /// Asked for each file: whether to go on.
    pub go_on: &'a mut dyn FnMut() -> bool,
}

/// Removes `root` with all below it, but for what stays; gives whether all of it is gone. It is no error if there is none.
///
/// # Errors
/// [`TreeError`]; what was removed until then is gone, and the next call goes on.
pub fn remove(root: &Path, rules: &mut Rules<'_>) -> Result<bool, TreeError> {
    let failed = |action| io_error(action, root);
    let folder = match openat(CWD, root, FOLDER, Mode::empty()) {
        Ok(folder) => folder,
        Err(Errno::NOENT) => return Ok(true),
        Err(Errno::NOTDIR | Errno::LOOP) if (rules.stays)(root) => return Ok(false),
        Err(Errno::NOTDIR | Errno::LOOP) => {
            return fs::remove_file(root).map(|()| true).map_err(|error| failed("remove")(error));
        }
        Err(error) => return Err(failed("open")(error.into())),
    };
    let empty = empty(&folder, root, 0, rules)?;
    if !empty || (rules.stays)(root) {
        return Ok(false);
    }
    match fs::remove_dir(root) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        // A disk of the administrator's own: it was emptied, and it stays where he mounted it.
        Err(error) if error.kind() == io::ErrorKind::ResourceBusy => Ok(false),
        Err(error) => Err(failed("remove")(error)),
    }
}

/// The first path that [`remove`] would take away, itself included.
#[must_use]
pub fn left(root: &Path, stays: &dyn Fn(&Path) -> bool) -> Option<PathBuf> {
    let metadata = root.symlink_metadata().ok()?;
    if metadata.is_dir() {
        let entries = fs::read_dir(root).into_iter().flatten().flatten();
        let inside = entries.map(|entry| entry.path()).find_map(|path| left(&path, stays));
        if inside.is_some() {
            return inside;
        }
        // A folder that only holds what stays, stays.
        if fs::read_dir(root).is_ok_and(|mut entries| entries.next().is_some()) || is_mount_point(root, &metadata) {
            return None;
        }
    }
    (!stays(root)).then(|| root.to_owned())
}

/// Bytes on disk of a tree; at most `budget` files are looked at, and what is left of it is given back in it.
#[must_use]
pub fn size(root: &Path, budget: &mut u64) -> u64 {
    let Ok(metadata) = root.symlink_metadata() else { return 0 };
    *budget = budget.saturating_sub(1);
    let own = metadata.blocks().saturating_mul(512);
    if !metadata.is_dir() || *budget == 0 {
        return own;
    }
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    entries.map(|entry| size(&entry.path(), budget)).fold(own, u64::saturating_add)
}

fn is_mount_point(path: &Path, metadata: &fs::Metadata) -> bool {
    let above = path.parent().and_then(|parent| parent.symlink_metadata().ok());
    above.is_some_and(|above| above.dev() != metadata.dev())
}

/// Empties an open folder, which is not removed itself; gives whether nothing is left in it.
fn empty(folder: &OwnedFd, path: &Path, depth: usize, rules: &mut Rules<'_>) -> Result<bool, TreeError> {
    if depth > DEEPEST {
        return Err(TreeError::Deep(path.to_owned()));
    }
    let mut all = true;
    for (name, kind) in entries(folder).map_err(|error| io_error("list", path)(error.into()))? {
        if !(rules.go_on)() {
            return Err(TreeError::Stopped(path.to_owned()));
        }
        let below = path.join(std::ffi::OsStr::from_bytes(name.as_bytes()));
        let gone = if is_folder(folder, &name, kind) {
            match enter(folder, &name) {
                Ok(inner) => {
                    let empty = empty(&inner, &below, depth + 1, rules)?;
                    empty && !(rules.stays)(&below) && unlink(folder, &name, AtFlags::REMOVEDIR, &below)?
                }
                Err(Errno::NOENT) => true,
                Err(Errno::XDEV) if (rules.stays)(&below) => false,
                Err(Errno::XDEV) => return Err(TreeError::Mounted(below)),
                Err(error) => return Err(io_error("open", &below)(error.into())),
            }
        } else {
            !(rules.stays)(&below) && unlink(folder, &name, AtFlags::empty(), &below)?
        };
        all &= gone;
    }
    Ok(all)
}

fn entries(folder: &OwnedFd) -> Result<Vec<(CString, FileType)>, Errno> {
    let mut found = Vec::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
            found.push((entry.file_name().to_owned(), entry.file_type()));
        }
    }
    Ok(found)
}

fn is_folder(above: &OwnedFd, name: &CString, kind: FileType) -> bool {
    match kind {
        FileType::Unknown => statat(above, name, AtFlags::SYMLINK_NOFOLLOW)
            .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Directory),
        kind => kind == FileType::Directory,
    }
}

/// Opens a folder in a folder, unless something is mounted there, bind mounts of the same disk included.
fn enter(above: &OwnedFd, name: &CString) -> Result<OwnedFd, Errno> {
    match openat2(above, name, FOLDER, Mode::empty(), ResolveFlags::NO_XDEV | ResolveFlags::BENEATH) {
        // Older than Linux 5.6, or forbidden by a filter: at least another disk is noticed.
        Err(Errno::NOSYS | Errno::PERM) => {
            let folder = openat(above, name, FOLDER, Mode::empty())?;
            if fstat(&folder)?.st_dev == fstat(above)?.st_dev { Ok(folder) } else { Err(Errno::XDEV) }
        }
        other => other,
    }
}

fn unlink(above: &OwnedFd, name: &CString, flags: AtFlags, path: &Path) -> Result<bool, TreeError> {
    match unlinkat(above, name, flags) {
        Ok(()) | Err(Errno::NOENT) => Ok(true),
        Err(Errno::BUSY) => Err(TreeError::Mounted(path.to_owned())),
        // Somebody put a file into it meanwhile; the probe says so.
        Err(Errno::NOTEMPTY) => Ok(false),
        Err(error) => Err(io_error("remove", path)(error.into())),
    }
}

fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> TreeError {
    let path = path.to_owned();
    move |source| TreeError::Io { action, path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("dir");
        for folder in ["outside", "root/a/b/c", "root/kept/in"] {
            fs::create_dir_all(dir.path().join(folder)).expect("folder");
        }
        for file in ["outside/precious", "root/a/b/file", "root/kept/in/file", "root/kept/other", "root/top"] {
            std::fs::File::create(dir.path().join(file)).expect("file");
        }
        std::os::unix::fs::symlink(dir.path().join("outside"), dir.path().join("root/a/link")).expect("link");
        dir
    }

    fn remove_all(root: &Path, stays: &dyn Fn(&Path) -> bool) -> bool {
        remove(root, &mut Rules { stays, go_on: &mut || true }).expect("removes")
    }

    #[test]
    fn links_are_removed_and_never_followed() {
        let dir = tree();
        let root = dir.path().join("root");
        assert!(left(&root, &|_| false).is_some());
        assert!(remove_all(&root, &|_| false));
        assert!(!root.exists() && dir.path().join("outside/precious").exists());
        assert!(remove_all(&root, &|_| false), "a second time");
        std::os::unix::fs::symlink(dir.path().join("outside"), &root).expect("link");
        assert!(remove_all(&root, &|_| false), "a root that is a link");
        assert!(root.symlink_metadata().is_err() && dir.path().join("outside/precious").exists());
        assert_eq!(left(&root, &|_| false), None);
    }

    #[test]
    fn what_stays_stays_with_the_folders_above_it() {
        let dir = tree();
        let root = dir.path().join("root");
        let precious = root.join("kept/in/file");
        assert!(!remove_all(&root, &|path| path == precious));
        assert!(precious.exists() && !root.join("kept/other").exists() && !root.join("a").exists());
        assert_eq!(left(&root, &|path| path == precious), None);
        assert_eq!(left(&root, &|_| false), Some(precious));
    }

    #[test]
    fn it_stops_when_told_and_goes_on_later() {
        let dir = tree();
        let root = dir.path().join("root");
        let mut steps = 2;
        let mut go_on = || {
            steps -= 1;
            steps >= 0
        };
        let stopped = remove(&root, &mut Rules { stays: &|_| false, go_on: &mut go_on });
        assert!(matches!(stopped, Err(TreeError::Stopped(_))), "{stopped:?}");
        assert!(root.exists());
        assert!(remove_all(&root, &|_| false));
    }

    #[test]
    fn sizes_are_those_on_disk_and_bounded() {
        let dir = tempfile::tempdir().expect("dir");
        #[expect(clippy::disallowed_methods, reason = "a test's own file")]
        std::fs::write(dir.path().join("file"), vec![1; 100_000]).expect("file");
        let mut budget = 100;
        assert!(size(dir.path(), &mut budget) >= 100_000);
        assert_eq!(budget, 98);
        assert_eq!(size(&dir.path().join("absent"), &mut budget), 0);
    }
}
