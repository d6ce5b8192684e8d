//! Files of a host, read and written from outside, running or not.
//!
//! Paths are the host's: its links are followed inside its root and never lead out of it.

use super::{Error, Host, Result};
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, fchmod, mkdirat, openat, openat2};
use rustix::io::Errno;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The largest file that is read into memory.
const READ_LIMIT: u64 = 64 << 20;

impl Host {
    /// Reads a file of the host, at most 64 MiB.
    pub fn read_file(&self, path: impl AsRef<Path>) -> Result<Vec<u8>> {
        let path = path.as_ref();
        let file = open_in(&self.root()?, path, OFlags::RDONLY).map_err(Error::file("open", path))?;
        let mut bytes = Vec::new();
        File::from(file).take(READ_LIMIT + 1).read_to_end(&mut bytes).map_err(Error::file("read", path))?;
        if bytes.len() as u64 > READ_LIMIT {
            return Err(Error::TooMany { what: "bytes in a file that is read into memory", limit: 64 << 20 });
        }
        Ok(bytes)
    }

    /// Whether the host has something at this path.
    pub fn has(&self, path: impl AsRef<Path>) -> Result<bool> {
        let path = path.as_ref();
        match open_in(&self.root()?, path, OFlags::PATH) {
            Ok(_) => Ok(true),
            Err(Errno::NOENT | Errno::NOTDIR) => Ok(false),
            Err(error) => Err(Error::file("look at", path)(error)),
        }
    }

    /// Writes a file (mode 0644) with the folders above it. Nothing is synced.
    pub fn write_file(&self, path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> Result<()> {
        let path = path.as_ref();
        let mut file = self.create(path, 0o644)?;
        file.write_all(bytes.as_ref()).map_err(Error::file("write", path))
    }

    /// Copies a file of this machine to the host, with its permissions. Nothing is synced.
    pub fn push(&self, local: impl AsRef<Path>, path: impl AsRef<Path>) -> Result<()> {
        let (local, path) = (local.as_ref(), path.as_ref());
        let mut source = File::open(local).map_err(Error::file("open", local))?;
        let mode = source.metadata().map_err(Error::file("look at", local))?.permissions().mode();
        let mut file = self.create(path, mode & 0o7777)?;
        io::copy(&mut source, &mut file).map(drop).map_err(Error::file("copy", path))
    }

    /// Copies a file of the host to this machine.
    pub fn pull(&self, path: impl AsRef<Path>, local: impl AsRef<Path>) -> Result<()> {
        let (path, local) = (path.as_ref(), local.as_ref());
        let source = open_in(&self.root()?, path, OFlags::RDONLY).map_err(Error::file("open", path))?;
        let mut file = File::create(local).map_err(Error::file("create", local))?;
        io::copy(&mut File::from(source), &mut file).map(drop).map_err(Error::file("copy", local))
    }

    /// Where its disk is mounted on this machine, for tools that look at a whole tree. What a
    /// running host mounts over it (`/run`, volumes) is not seen here.
    pub fn disk_root(&self) -> PathBuf {
        self.disk.mount_point.clone()
    }

    fn create(&self, path: &Path, mode: u32) -> Result<File> {
        let root = self.root()?;
        if let Some(folder) = path.parent() {
            make_folders(&root, folder).map_err(Error::file("make the folders of", path))?;
        }
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC;
        let file = open_in(&root, path, flags).map_err(Error::file("create", path))?;
        fchmod(&file, Mode::from_raw_mode(mode)).map_err(Error::file("set the mode of", path))?;
        Ok(file.into())
    }

    /// Its root directory: as its processes see it where it runs, else that of its disk.
    fn root(&self) -> Result<OwnedFd> {
        let path = match self.leader() {
            Ok(leader) => PathBuf::from(format!("/proc/{leader}/root")),
            Err(_) => {
                self.disk.attach()?;
                self.disk.mount_point.clone()
            }
        };
        openat(CWD, &path, OFlags::PATH | OFlags::DIRECTORY, Mode::empty()).map_err(Error::file("open", path))
    }
}

fn open_in(root: &OwnedFd, path: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
    let mode = if flags.contains(OFlags::CREATE) { Mode::from_raw_mode(0o600) } else { Mode::empty() };
    openat2(root, path, flags | OFlags::CLOEXEC, mode, ResolveFlags::IN_ROOT)
}

fn make_folders(root: &OwnedFd, folder: &Path) -> Result<(), Errno> {
    match open_in(root, folder, OFlags::PATH | OFlags::DIRECTORY) {
        Err(Errno::NOENT) => {}
        other => return other.map(drop),
    }
    let (Some(above), Some(name)) = (folder.parent(), folder.file_name()) else {
        return Err(Errno::NOENT);
    };
    make_folders(root, above)?;
    let above = open_in(root, above, OFlags::PATH | OFlags::DIRECTORY)?;
    mkdirat(&above, name, Mode::from_raw_mode(0o755))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_do_not_lead_out_of_the_root() {
        let folder = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret"), "x").unwrap();
        symlink(outside.path(), folder.path().join("link")).unwrap();
        fs::create_dir(folder.path().join("real")).unwrap();
        symlink("/real", folder.path().join("inside")).unwrap();
        let root = openat(CWD, folder.path(), OFlags::PATH | OFlags::DIRECTORY, Mode::empty()).unwrap();
        assert_eq!(open_in(&root, Path::new("/link/secret"), OFlags::RDONLY).unwrap_err(), Errno::NOENT);
        make_folders(&root, Path::new("/inside/a/b")).unwrap();
        assert!(folder.path().join("real/a/b").is_dir());
    }
}
