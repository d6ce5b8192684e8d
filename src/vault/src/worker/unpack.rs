//! The files of a database server out of the archive that its copy is: nothing but plain files and folders, below one new folder.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, chown};
use std::path::{Component, Path, PathBuf};

use bridle_core::fault::{Fault, FaultCode};
use tar::{Archive, EntryType};

/// Most entries of an archive.
const MOST: usize = 20_000_000;
/// Deepest path below the folder.
const DEEPEST: usize = 16;

/// What was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Unpacked {
    pub(super) files: u64,
    pub(super) bytes: u64,
}

/// Writes the files of `archive` into the new folder `to`, each for the user that the archive names, open to nobody else. They are on
/// disk when this returns.
pub(super) fn unpack(archive: impl Read, to: &Path) -> Result<Unpacked, UnpackError> {
    let write = |path: &Path| {
        let path = path.to_owned();
        move |error| UnpackError::Write { path, source: error }
    };
    DirBuilder::new().mode(0o700).create(to).map_err(write(to))?;
    let mut unpacked = Unpacked::default();
    let mut archive = Archive::new(archive);
    for entry in archive.entries().map_err(UnpackError::Read)?.raw(true).take(MOST) {
        let mut entry = entry.map_err(UnpackError::Read)?;
        let name = entry.path_bytes().into_owned();
        let below = below(&name).ok_or_else(|| refused(&name))?;
        let (header, path) = (entry.header(), to.join(&below));
        let owner = |number: io::Result<u64>| {
            u32::try_from(number.map_err(UnpackError::Read)?).ok().filter(|id| *id > 0).ok_or_else(|| refused(&name))
        };
        let (user, group) = (owner(header.uid())?, owner(header.gid())?);
        match header.entry_type() {
            EntryType::Directory if below.as_os_str().is_empty() => {}
            EntryType::Directory => DirBuilder::new().mode(0o700).create(&path).map_err(write(&path))?,
            EntryType::Regular => {
                let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
                let mut file = file.map_err(write(&path))?;
                unpacked.bytes += copy(&mut entry, &mut file, &path)?;
                unpacked.files += 1;
            }
            // Data outside of the directory, or something that no server has.
            _ => return Err(refused(&name)),
        }
        chown(&path, Some(user), Some(group)).map_err(write(&path))?;
        if unpacked.files == 1 {
            chown(to, Some(user), Some(group)).map_err(write(to))?;
        }
    }
    let folder = fs::File::open(to).map_err(write(to))?;
    rustix::fs::syncfs(&folder).map_err(|error| write(to)(error.into()))?;
    Ok(unpacked)
}

fn copy(entry: &mut impl Read, file: &mut fs::File, path: &Path) -> Result<u64, UnpackError> {
    let (mut piece, mut total) = (vec![0; 256 * 1024], 0);
    loop {
        let count = entry.read(&mut piece).map_err(UnpackError::Read)?;
        if count == 0 {
            return Ok(total);
        }
        io::Write::write_all(file, &piece[..count])
            .map_err(|error| UnpackError::Write { path: path.to_owned(), source: error })?;
        total += count as u64;
    }
}

/// The path of an entry below the folder; `None` for one that leads out of it.
fn below(name: &[u8]) -> Option<PathBuf> {
    let path = Path::new(std::str::from_utf8(name).ok()?);
    let parts: Vec<Component<'_>> = path.components().filter(|part| *part != Component::CurDir).collect();
    let plain = parts.iter().all(|part| matches!(part, Component::Normal(_)));
    (plain && parts.len() <= DEEPEST).then(|| parts.iter().collect())
}

fn refused(name: &[u8]) -> UnpackError {
    UnpackError::Refused(String::from_utf8_lossy(name).chars().take(200).collect())
}

/// Why an archive was not unpacked.
#[derive(Debug, thiserror::Error)]
pub(super) enum UnpackError {
    /// It is no archive, or not to its end.
    #[error("read archive of a server's files")]
    Read(#[source] io::Error),
    /// Something that a server's files do not have.
    #[error("read archive of a server's files: {0:?} is none")]
    Refused(String),
    /// It cannot be written.
    #[error("write {}", path.display())]
    Write {
        /// What.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

impl UnpackError {
    /// As a fault about the part of this name.
    pub(super) fn fault(&self, part: &str) -> Fault {
        match self {
            Self::Write { path, source } => {
                let full = matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
                let code = if full { FaultCode::NoSpace } else { FaultCode::WriteFailed };
                Fault::new(code).with("path", path.display().to_string()).because(source)
            }
            error => Fault::new(FaultCode::StreamBroken).with("source", part).because(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(entries: &[(&[u8], EntryType, u64, &[u8])]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (name, kind, owner, content) in entries {
            let mut header = tar::Header::new_ustar();
            header.as_mut_bytes()[..name.len()].copy_from_slice(name);
            header.set_entry_type(*kind);
            header.set_size(content.len() as u64);
            header.set_uid(*owner);
            header.set_gid(*owner);
            header.set_cksum();
            bytes.extend_from_slice(header.as_bytes());
            bytes.extend_from_slice(content);
            bytes.resize(bytes.len().div_ceil(512) * 512, 0);
        }
        bytes.resize(bytes.len() + 1024, 0);
        bytes
    }

    const FILE: EntryType = EntryType::Regular;

    #[test]
    fn files_and_folders_come_out_closed_to_everybody_else() {
        use std::os::unix::fs::PermissionsExt as _;
        if !rustix::process::geteuid().is_root() {
            panic!("files of another user can be made by root only");
        }
        let folder = tempfile::tempdir().expect("folder");
        let to = folder.path().join("pgdata");
        let entries: [(&[u8], EntryType, u64, &[u8]); 4] = [
            (b"backup_label", FILE, 5432, b"label"),
            (b"./base", EntryType::Directory, 5432, b""),
            (b"base/1", FILE, 5432, b"12345678"),
            (b"pg_wal", EntryType::Directory, 5432, b""),
        ];
        let unpacked = unpack(&archive(&entries)[..], &to).expect("unpacked");
        assert_eq!(unpacked, Unpacked { files: 2, bytes: 13 });
        assert_eq!(fs::read(to.join("base/1")).expect("there"), b"12345678");
        for (path, mode) in [("", 0o700), ("base", 0o700), ("pg_wal", 0o700), ("base/1", 0o600)] {
            let found = to.join(path).metadata().expect("there");
            assert_eq!(found.permissions().mode() & 0o7777, mode, "{path}");
            assert_eq!(std::os::unix::fs::MetadataExt::uid(&found), 5432, "{path}");
        }
        assert!(matches!(unpack(&archive(&entries)[..], &to), Err(UnpackError::Write { .. })), "only a new folder");
    }

    #[test]
    fn what_no_server_has_is_refused() {
        let folder = tempfile::tempdir().expect("folder");
        for (number, (name, kind, owner)) in [
            (&b"../out"[..], FILE, 5432),
            (b"/etc/x", FILE, 5432),
            (b"base/../../x", FILE, 5432),
            (b"pg_tblspc/1", EntryType::Symlink, 5432),
            (b"pipe", EntryType::Fifo, 5432),
            (b"of root", FILE, 0),
            (b"\xff", FILE, 5432),
        ]
        .into_iter()
        .enumerate()
        {
            let to = folder.path().join(number.to_string());
            let refused = unpack(&archive(&[(name, kind, owner, b"")])[..], &to);
            assert!(matches!(refused, Err(UnpackError::Refused(_))), "{refused:?}");
        }
        let broken = unpack(&[7; 700][..], &folder.path().join("broken"));
        assert!(matches!(broken, Err(UnpackError::Read(_))), "{broken:?}");
        assert_eq!(fs::read_dir(folder.path()).expect("list").count(), 8, "nothing beside");
    }
}
