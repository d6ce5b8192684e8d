//! A file system as durable code needs it. The real one is `bridle-disk`, the double that loses power is
//! [`super::sim::CrashFs`].
//!
//! Nothing is on disk before it is synced: the content of a file with [`WriteFile::sync`], the names in a directory with
//! [`FileSystem::sync_dir`]. After a failed sync of a file its unwritten content is lost although it can still be read, and
//! a second sync says nothing about it: write the file anew, under a new handle.

use std::ffi::OsString;
use std::fmt::Debug;
use std::io;
use std::path::{Path, PathBuf};

use super::Timestamp;

/// What lies behind a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A device, socket or pipe.
    Other,
}

/// What can be seen of a name without opening it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// What it is.
    pub kind: Kind,
    /// Size in bytes.
    pub size: u64,
    /// Permission bits.
    pub mode: u32,
}

/// One name in a directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The name.
    pub name: OsString,
    /// Whether it is a directory (a link to one is none).
    pub directory: bool,
}

/// What is free in a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// Bytes that this process may still write.
    pub bytes: u64,
    /// Files that can still be made.
    pub inodes: u64,
}

/// What a name costs, and since when it is as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Bytes of the blocks that hold it.
    pub allocated: u64,
    /// When its content was last written.
    pub modified: Timestamp,
}

/// A file that is being written; every write goes to its end. Handles may be shared between threads.
pub trait WriteFile: Send + Sync + Debug {
    /// Adds all of `bytes`; after an error some of them may be there.
    ///
    /// # Errors
    /// The file system's.
    fn write(&self, bytes: &[u8]) -> io::Result<()>;

    /// Cuts the file off after `size` bytes.
    ///
    /// # Errors
    /// The file system's.
    fn truncate(&self, size: u64) -> io::Result<()>;

    /// Waits until the content (not the name) is on disk.
    ///
    /// # Errors
    /// The file system's; what was written since the last sync must then be counted as lost for good.
    fn sync(&self) -> io::Result<()>;
}

/// A file that is being read, from its start.
pub trait ReadFile: io::Read + io::Seek + Send + Debug {}

impl<T: io::Read + io::Seek + Send + Debug> ReadFile for T {}

/// A lock that the kernel lets go of when it is dropped or its process ends, however it ends.
pub trait HeldLock: Send + Sync + Debug {}

/// Files, directories and links of one machine. Errors are the operating system's; [`io::ErrorKind::NotFound`],
/// [`io::ErrorKind::AlreadyExists`] and [`io::ErrorKind::StorageFull`] mean what they say.
pub trait FileSystem: Send + Sync + Debug {
    /// Looks at a name; a link is not followed.
    ///
    /// # Errors
    /// The file system's.
    fn look(&self, path: &Path) -> io::Result<Look>;

    /// What a name costs; a link is not followed. A file system without blocks and clocks counts whole blocks of 4 KiB,
    /// and says that everything is as old as can be.
    ///
    /// # Errors
    /// The file system's.
    fn cost(&self, path: &Path) -> io::Result<Cost> {
        Ok(Cost { allocated: self.look(path)?.size.next_multiple_of(4096), modified: Timestamp(0) })
    }

    /// Opens a file for reading; links are followed.
    ///
    /// # Errors
    /// The file system's.
    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadFile>>;

    /// Makes a file that must not exist, with exactly this mode.
    ///
    /// # Errors
    /// The file system's.
    fn create(&self, path: &Path, mode: u32) -> io::Result<Box<dyn WriteFile>>;

    /// Opens an existing regular file (never through a link) for adding to its end.
    ///
    /// # Errors
    /// The file system's.
    fn append(&self, path: &Path) -> io::Result<Box<dyn WriteFile>>;

    /// Gives a file another name, replacing what had it, in one step.
    ///
    /// # Errors
    /// The file system's.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Makes a link that must not exist.
    ///
    /// # Errors
    /// The file system's.
    fn symlink(&self, target: &Path, link: &Path) -> io::Result<()>;

    /// Gives a file a second name, which must not exist; its content is not touched. The file has `mode` afterwards, and that is
    /// on disk.
    ///
    /// # Errors
    /// The file system's; where the two places cannot share a file, by several kinds (`EXDEV`, `EPERM`, `EMLINK`, …).
    fn link(&self, file: &Path, name: &Path, mode: u32) -> io::Result<()>;

    /// Where a link points.
    ///
    /// # Errors
    /// The file system's.
    fn read_link(&self, link: &Path) -> io::Result<PathBuf>;

    /// Makes a directory that must not exist; its parent must. The mode is cut by the process's mask.
    ///
    /// # Errors
    /// The file system's.
    fn make_dir(&self, path: &Path, mode: u32) -> io::Result<()>;

    /// Removes a file or link.
    ///
    /// # Errors
    /// The file system's.
    fn remove_file(&self, path: &Path) -> io::Result<()>;

    /// Removes an empty directory.
    ///
    /// # Errors
    /// The file system's.
    fn remove_dir(&self, path: &Path) -> io::Result<()>;

    /// At most `most` names in a directory, in no order.
    ///
    /// # Errors
    /// The file system's.
    fn list(&self, path: &Path, most: usize) -> io::Result<Vec<Entry>>;

    /// Waits until the names in a directory are on disk.
    ///
    /// # Errors
    /// The file system's.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;

    /// Waits until everything in the file system that holds `path` is on disk, whoever wrote it.
    ///
    /// # Errors
    /// The file system's.
    fn sync_file_system(&self, path: &Path) -> io::Result<()>;

    /// What is free in the file system that holds `path`.
    ///
    /// # Errors
    /// The file system's.
    fn space(&self, path: &Path) -> io::Result<Space>;

    /// Takes the lock `path`, making the file; `None` if somebody else holds it.
    ///
    /// # Errors
    /// The file system's.
    fn try_lock(&self, path: &Path) -> io::Result<Option<Box<dyn HeldLock>>>;
}
