//! Files below a folder that others may write to: seen, opened and removed without ever following a link.
//!
//! A pod can put anything into its volume at any time, so every name is opened relative to the folder that it was seen in.

use std::collections::BTreeMap;
use std::ffi::{CString, OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat, openat, readlinkat, statat, unlinkat};

/// Most files and folders of a source, and folders in each other.
pub(super) const MOST: usize = 1_000_000;
const DEEPEST: usize = 200;

/// What a name is, as far as it tells that its content was not changed meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) kind: Kind,
    pub(super) mode: u32,
    pub(super) owner: (u32, u32),
    pub(super) size: u64,
    /// Bytes on disk.
    pub(super) allocated: u64,
    /// Seconds and nanoseconds since 1970.
    pub(super) modified: (i64, u32),
    /// The kernel's own time of the last change of content or properties: nobody can set it.
    pub(super) changed: (i64, u32),
    inode: (u64, u64),
}

/// Kinds of files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Folder,
    File,
    /// A link, with what it says.
    Link(Vec<u8>),
    /// A socket or a pipe: whoever uses it makes it anew.
    Meeting,
    /// A device.
    Device,
}

/// Everything below a folder, by path.
pub(super) type Tree = BTreeMap<PathBuf, Seen>;

/// Why a tree cannot be told.
#[derive(Debug, thiserror::Error)]
pub(super) enum TreeError {
    #[error("look at {0}")]
    Look(PathBuf, #[source] io::Error),
    #[error("look at {0}: more than {MOST} files, or more than {DEEPEST} folders in each other")]
    Large(PathBuf),
}

impl Seen {
    fn of(stat: &Stat, target: Option<Vec<u8>>) -> Self {
        let kind = match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => Kind::Folder,
            FileType::RegularFile => Kind::File,
            FileType::Symlink => Kind::Link(target.unwrap_or_default()),
            FileType::Socket | FileType::Fifo => Kind::Meeting,
            _ => Kind::Device,
        };
        let nanoseconds = |value: u64| u32::try_from(value).unwrap_or_default();
        Self {
            mode: stat.st_mode & 0o7777,
            owner: (stat.st_uid, stat.st_gid),
            // The size of a folder tells nothing.
            size: if kind == Kind::File { u64::try_from(stat.st_size).unwrap_or_default() } else { 0 },
            allocated: u64::try_from(stat.st_blocks).unwrap_or_default().saturating_mul(512),
            modified: (stat.st_mtime, nanoseconds(stat.st_mtime_nsec)),
            changed: (stat.st_ctime, nanoseconds(stat.st_ctime_nsec)),
            inode: (stat.st_dev, stat.st_ino),
            kind,
        }
    }

    /// Milliseconds since 1970 of the last change.
    pub(super) fn changed_millis(&self) -> u64 {
        let seconds = u64::try_from(self.changed.0).unwrap_or_default();
        seconds.saturating_mul(1000).saturating_add(u64::from(self.changed.1 / 1_000_000))
    }
}

/// A folder of ours: links in its path are followed, for nobody else can make one there.
pub(super) fn folder(path: &Path) -> io::Result<OwnedFd> {
    Ok(rustix::fs::open(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?)
}

/// Everything below the folder `root`, itself aside; a name that goes while it is looked at is left out.
pub(super) fn seen(root: &Path) -> Result<Tree, TreeError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |error: io::Error| TreeError::Look(path.clone(), error)
    };
    let mut tree = Tree::new();
    // Paths, not open folders: there may be more folders than files that a process may hold open.
    let mut left = vec![PathBuf::new()];
    while let Some(path) = left.pop() {
        if path.components().count() > DEEPEST {
            return Err(TreeError::Large(root.join(path)));
        }
        let open = match below(root, &path) {
            Err(error) if went(&error) && !path.as_os_str().is_empty() => continue,
            open => open.map_err(failed(&root.join(&path)))?,
        };
        for name in names(&open).map_err(failed(&root.join(&path)))? {
            let inner = path.join(&name);
            let Some(found) = look(&open, &name).map_err(failed(&root.join(&inner)))? else { continue };
            if found.kind == Kind::Folder {
                left.push(inner.clone());
            }
            tree.insert(inner, found);
            if tree.len() > MOST {
                return Err(TreeError::Large(root.to_owned()));
            }
        }
    }
    Ok(tree)
}

fn names(open: &OwnedFd) -> io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(open)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            names.push(OsStr::from_bytes(name).to_owned());
        }
        if names.len() > MOST {
            break;
        }
    }
    Ok(names)
}

fn look(open: &OwnedFd, name: &OsStr) -> io::Result<Option<Seen>> {
    let looked = statat(open, name, AtFlags::SYMLINK_NOFOLLOW).map_err(io::Error::from);
    let stat = match looked {
        Err(error) if went(&error) => return Ok(None),
        stat => stat?,
    };
    if FileType::from_raw_mode(stat.st_mode) != FileType::Symlink {
        return Ok(Some(Seen::of(&stat, None)));
    }
    match readlinkat(open, name, Vec::new()).map(CString::into_bytes).map_err(io::Error::from) {
        Err(error) if went(&error) => Ok(None),
        target => Ok(Some(Seen::of(&stat, Some(target?)))),
    }
}

/// Whether it went, or became something else, since it was seen.
fn went(error: &io::Error) -> bool {
    use rustix::io::Errno;
    // A link where none is followed, a socket where a file was.
    let other = [Errno::LOOP, Errno::NXIO].map(Errno::raw_os_error);
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
        || error.raw_os_error().is_some_and(|code| other.contains(&code))
}

fn inside(open: &OwnedFd, name: &OsStr) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(openat(open, name, flags, Mode::empty())?)
}

/// The folder `path` below `root`.
fn below(root: &Path, path: &Path) -> io::Result<OwnedFd> {
    path.iter().try_fold(folder(root)?, |open, name| inside(&open, name))
}

/// The folder that holds `path` below `root`, and its last name.
fn parent<'a>(root: &Path, path: &'a Path) -> io::Result<(OwnedFd, &'a OsStr)> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    Ok((below(root, path.parent().unwrap_or(Path::new("")))?, name))
}

/// Opens a file below `root` for reading, if it is one; never waits for the other end of a pipe.
pub(super) fn open(root: &Path, path: &Path) -> io::Result<Option<File>> {
    let opened = parent(root, path).and_then(|(open, name)| {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        Ok(File::from(openat(&open, name, flags, Mode::empty())?))
    });
    match opened {
        Err(error) if went(&error) => Ok(None),
        file => Ok(Some(file?).filter(|file| file.metadata().is_ok_and(|found| found.is_file()))),
    }
}

/// What an open file is now.
pub(super) fn of(file: &File) -> io::Result<Seen> {
    Ok(Seen::of(&rustix::fs::fstat(file)?, None))
}

/// Makes a new file below `root`.
pub(super) fn create(root: &Path, path: &Path) -> io::Result<File> {
    let (open, name) = parent(root, path)?;
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(File::from(openat(&open, name, flags, Mode::RUSR | Mode::WUSR)?))
}

/// Makes a folder below `root`.
pub(super) fn make_folder(root: &Path, path: &Path) -> io::Result<()> {
    let (open, name) = parent(root, path)?;
    Ok(rustix::fs::mkdirat(open, name, Mode::RWXU)?)
}

/// Makes a link below `root` that says `target`.
pub(super) fn make_link(root: &Path, path: &Path, target: &[u8]) -> io::Result<()> {
    let (open, name) = parent(root, path)?;
    Ok(rustix::fs::symlinkat(OsStr::from_bytes(target), open, name)?)
}

/// Gives a name below `root` these properties; those of a link are its owner alone.
pub(super) fn dress(
    root: &Path,
    path: &Path,
    owner: (u32, u32),
    mode: Option<u32>,
    modified: (i64, u32),
) -> io::Result<()> {
    let (open, name) = parent(root, path)?;
    let (user, group) = (rustix::fs::Uid::from_raw(owner.0), rustix::fs::Gid::from_raw(owner.1));
    rustix::fs::chownat(&open, name, Some(user), Some(group), AtFlags::SYMLINK_NOFOLLOW)?;
    if let Some(mode) = mode {
        // Behind the owner: a change of it takes set-user-id away.
        rustix::fs::chmodat(&open, name, Mode::from_raw_mode(mode), AtFlags::empty())?;
    }
    let time = rustix::fs::Timespec { tv_sec: modified.0, tv_nsec: i64::from(modified.1) };
    let times = rustix::fs::Timestamps { last_access: time, last_modification: time };
    Ok(rustix::fs::utimensat(open, name, &times, AtFlags::SYMLINK_NOFOLLOW)?)
}

/// Removes everything below `root`, itself aside.
pub(super) fn clear(root: &Path) -> Result<(), TreeError> {
    // Deepest first: a folder stands before what is in it.
    for (path, seen) in seen(root)?.iter().rev() {
        remove(root, path, seen).map_err(|error| TreeError::Look(root.join(path), error))?;
    }
    Ok(())
}

/// Removes one name below `root`; it is no error if it has gone.
pub(super) fn remove(root: &Path, path: &Path, seen: &Seen) -> io::Result<()> {
    let flags = if seen.kind == Kind::Folder { AtFlags::REMOVEDIR } else { AtFlags::empty() };
    let removed = parent(root, path).and_then(|(open, name)| Ok(unlinkat(open, name, flags)?));
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
