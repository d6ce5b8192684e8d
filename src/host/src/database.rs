//! The data of a PostgreSQL server as files of a volume. A pod may write there, so no link is followed and nothing is believed.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use bridle_core::backup::wal::name::SystemId;
use bridle_core::fault::Fault;
use bridle_core::release::{DataSource, DatabaseLog};
use rustix::fs::{FileType, Mode, OFlags, fstat, openat};

use crate::files::FileError;
use crate::layout::Layout;

/// The folder of a claim's files, and where in it a server has its data and hands over its log (`design.md` §1.7).
#[derive(Debug, Clone)]
pub struct DatabaseVolume {
    pub(crate) path: PathBuf,
    pub(crate) log: DatabaseLog,
}

/// What a data directory is and whose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DataDirectory {
    /// The server's own identifier of its data.
    pub system: SystemId,
    /// The group of its pod.
    pub group: u32,
}

impl DatabaseVolume {
    /// The volume of a source that hands over its log; `None` for any other. Names were checked with the release.
    #[must_use]
    pub fn of(layout: &Layout, source: &DataSource) -> Option<Self> {
        let log = source.log.clone()?;
        let path = layout.volumes_dir().join(&source.namespace).join(&log.claim);
        Some(Self { path, log })
    }

    /// The folder itself; `None` if there is none yet.
    ///
    /// # Errors
    /// A [`Fault`] if it cannot be opened or is none.
    pub(crate) fn open(&self) -> Result<Option<OwnedFd>, Fault> {
        folder(rustix::fs::CWD, &self.path.display().to_string(), &self.path)
    }

    /// What the server's data are; `None` before there are any.
    ///
    /// # Errors
    /// A [`Fault`] if they cannot be read.
    pub fn data(&self) -> Result<Option<DataDirectory>, Fault> {
        let path = self.path.join(&self.log.data);
        let Some(volume) = self.open()? else { return Ok(None) };
        let Some(data) = folder(&volume, &self.log.data, &path)? else { return Ok(None) };
        let owner = fstat(&data).map_err(|error| FileError::new("read", &path)(error.into()))?;
        let Some(global) = folder(&data, "global", &path.join("global"))? else { return Ok(None) };
        let path = path.join("global/pg_control");
        let Some(mut control) = regular(&global, "pg_control", &path)? else { return Ok(None) };
        // `ControlFileData` begins with it, in the order of bytes of the machine (`pg_control.h`).
        let mut bytes = [0; 8];
        control.read_exact(&mut bytes).map_err(FileError::new("read", &path))?;
        let number = u64::from_ne_bytes(bytes);
        Ok((number > 0).then_some(DataDirectory { system: SystemId(number), group: owner.st_gid }))
    }
}

/// Opens a folder without following a link; `None` if there is none.
pub(crate) fn folder(at: impl AsFd, name: &str, path: &Path) -> Result<Option<OwnedFd>, Fault> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match openat(at, name, flags, Mode::empty()) {
        Ok(folder) => Ok(Some(folder)),
        Err(rustix::io::Errno::NOENT) => Ok(None),
        Err(error) => Err(FileError::new("open", path)(error.into()).into()),
    }
}

/// Opens a plain file without following a link or waiting for anybody; `None` if there is none.
pub(crate) fn regular(at: impl AsFd, name: &str, path: &Path) -> Result<Option<File>, Fault> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match openat(at, name, flags, Mode::empty()) {
        Ok(file) => file,
        Err(rustix::io::Errno::NOENT) => return Ok(None),
        Err(error) => return Err(FileError::new("open", path)(error.into()).into()),
    };
    let kind = fstat(&file).map_err(|error| FileError::new("read", path)(error.into()))?;
    if FileType::from_raw_mode(kind.st_mode) == FileType::RegularFile {
        return Ok(Some(file.into()));
    }
    let error = io::Error::new(io::ErrorKind::InvalidInput, "it is no plain file");
    Err(FileError::new("open", path)(error).into())
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test writes files")]
pub(crate) mod tests {
    use std::fs;

    use bridle_core::release::DataSource;

    use super::*;

    pub(crate) fn source() -> DataSource {
        serde_json::from_str(
            r#"{"name":"database","kind":"postgresql","namespace":"campus","workload":"StatefulSet/database",
                "log":{"claim":"data-database-0","data":"pgdata","spool":"spool"}}"#,
        )
        .expect("a source")
    }

    #[test]
    fn data_are_known_by_what_they_call_themselves_and_never_through_a_link() {
        let dir = tempfile::tempdir().expect("dir");
        let layout = Layout::under(dir.path());
        let volume = DatabaseVolume::of(&layout, &source()).expect("a log");
        assert_eq!(volume.data(), Ok(None), "no volume");
        let data = layout.volumes_dir().join("campus/data-database-0/pgdata");
        fs::create_dir_all(data.join("global")).expect("dirs");
        assert_eq!(volume.data(), Ok(None), "no data yet");
        fs::write(data.join("global/pg_control"), [&7_u64.to_ne_bytes()[..], &[0; 100]].concat()).expect("write");
        assert_eq!(volume.data().expect("read").map(|data| data.system), Some(SystemId(7)));
        fs::write(data.join("global/pg_control"), [1; 3]).expect("write");
        assert!(volume.data().is_err(), "cut short");
        fs::remove_file(data.join("global/pg_control")).expect("gone");
        std::os::unix::fs::symlink("/proc/version", data.join("global/pg_control")).expect("link");
        assert!(volume.data().is_err());
        fs::remove_dir_all(&data).expect("gone");
        std::os::unix::fs::symlink(dir.path(), &data).expect("link");
        assert!(volume.data().is_err());
        assert!(DatabaseVolume::of(&layout, &DataSource { log: None, ..source() }).is_none());
    }
}
