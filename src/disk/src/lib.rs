//! The file system of this machine behind the port of `bridle-core`: what is called here is what reaches the disk.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use bridle_core::port::Timestamp;
use bridle_core::port::fs::{Cost, Entry, FileSystem, HeldLock, Kind, Look, ReadFile, Space, WriteFile};
use rustix::fs::{FlockOperation, OFlags};

/// The file system of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct Disk;

#[derive(Debug)]
struct Written(File);

impl WriteFile for Written {
    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        (&self.0).write_all(bytes)
    }

    fn truncate(&self, size: u64) -> io::Result<()> {
        self.0.set_len(size)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_all()
    }
}

#[derive(Debug)]
struct Locked(#[expect(dead_code, reason = "the kernel's lock lives as long as the open file")] File);

impl HeldLock for Locked {}

impl FileSystem for Disk {
    fn look(&self, path: &Path) -> io::Result<Look> {
        let metadata = fs::symlink_metadata(path)?;
        let kind = match metadata.file_type() {
            kind if kind.is_file() => Kind::File,
            kind if kind.is_dir() => Kind::Directory,
            kind if kind.is_symlink() => Kind::Link,
            _ => Kind::Other,
        };
        Ok(Look { kind, size: metadata.len(), mode: metadata.permissions().mode() & 0o7777 })
    }

    fn cost(&self, path: &Path) -> io::Result<Cost> {
        let metadata = fs::symlink_metadata(path)?;
        let since = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        let modified = Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
        // Blocks are counted in units of 512 bytes whatever their size (stat(2)).
        Ok(Cost { allocated: metadata.blocks().saturating_mul(512), modified })
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadFile>> {
        Ok(Box::new(File::open(path)?))
    }

    fn create(&self, path: &Path, mode: u32) -> io::Result<Box<dyn WriteFile>> {
        // Appending, so that a truncated file goes on at its new end.
        let file = OpenOptions::new().append(true).create_new(true).mode(mode).open(path)?;
        file.set_permissions(Permissions::from_mode(mode))?; // not cut by the mask
        Ok(Box::new(Written(file)))
    }

    fn append(&self, path: &Path) -> io::Result<Box<dyn WriteFile>> {
        let no_link = OFlags::NOFOLLOW.bits().cast_signed();
        Ok(Box::new(Written(OpenOptions::new().append(true).custom_flags(no_link).open(path)?)))
    }

    #[expect(clippy::disallowed_methods, reason = "the one rename; who calls the port syncs the directory")]
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn symlink(&self, target: &Path, link: &Path) -> io::Result<()> {
        std::os::unix::fs::symlink(target, link)
    }

    fn link(&self, file: &Path, name: &Path, mode: u32) -> io::Result<()> {
        fs::hard_link(file, name)?;
        fs::set_permissions(name, Permissions::from_mode(mode))?;
        File::open(name)?.sync_all()
    }

    fn read_link(&self, link: &Path) -> io::Result<PathBuf> {
        fs::read_link(link)
    }

    fn make_dir(&self, path: &Path, mode: u32) -> io::Result<()> {
        DirBuilder::new().mode(mode).create(path)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir(path)
    }

    fn list(&self, path: &Path, most: usize) -> io::Result<Vec<Entry>> {
        let entry = |entry: io::Result<fs::DirEntry>| {
            let entry = entry?;
            Ok(Entry { name: entry.file_name(), directory: entry.file_type()?.is_dir() })
        };
        fs::read_dir(path)?.take(most).map(entry).collect()
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn sync_file_system(&self, path: &Path) -> io::Result<()> {
        Ok(rustix::fs::syncfs(File::open(path)?)?)
    }

    fn space(&self, path: &Path) -> io::Result<Space> {
        let stat = rustix::fs::statvfs(path)?;
        Ok(Space { bytes: stat.f_bavail.saturating_mul(stat.f_frsize), inodes: stat.f_favail })
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<Box<dyn HeldLock>>> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        let file = options.custom_flags(OFlags::NOFOLLOW.bits().cast_signed()).open(path)?;
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Box::new(Locked(file)))),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests;
