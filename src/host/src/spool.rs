//! The spool of a database's log from the agent's side (`docs/FORMATS.md`, decision 0035): made in the volume of the server's pod,
//! which may write there whatever it likes. No link is followed, no pipe is waited for, and what is taken is copied first.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bridle_core::backup::wal::name::{SegmentSize, WalFile};
use bridle_core::backup::wal::spool::{
    ACKNOWLEDGED, Acknowledgement, Answer, FETCHED, LARGEST, MARK, MARK_TEXT, OUT, Reason, WANTED, file_of,
    parse_request,
};
use bridle_core::digest::Digest;
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::port::{Proof, Timestamp};
use rustix::fs::{
    AtFlags, Dir, Gid, Mode, OFlags, Uid, fchmod, fchown, fstat, fsync, mkdirat, openat, renameat, unlinkat,
};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};

use crate::database::{DataDirectory, DatabaseVolume, folder, regular};
use crate::files::FileError;

/// Most names of one folder that are looked at.
const MOST: usize = 20_000;
/// An acknowledgement of what is gone stays for so long: the program that asked may have been stopped before it read it.
const KEPT: Duration = Duration::from_secs(24 * 3600);
const FOLDER_MODE: u32 = 0o770;
const FILE_MODE: u32 = 0o640;
const PIECE: usize = 256 * 1024;

/// A spool that is served.
pub struct Spool {
    path: PathBuf,
    group: u32,
    out: OwnedFd,
    acknowledged: OwnedFd,
    wanted: OwnedFd,
    fetched: OwnedFd,
}

/// A file in the spool as it was at one look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// Which file.
    pub file: WalFile,
    /// What tells it from another one of its name: number, size, and time of the last change in nanoseconds.
    pub mark: (u64, u64, i128),
}

/// A file that was copied out of the spool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Staged {
    /// It is where it was wanted.
    Here {
        /// What it is.
        proof: Proof,
        /// When it was put into the spool.
        closed: Timestamp,
    },
    /// It can be no file of a log.
    Foreign,
    /// It is gone again.
    Gone,
}

impl Spool {
    /// Makes the spool of a volume where it is not there yet, the mark last.
    ///
    /// # Errors
    /// A [`Fault`] if there is something else in its place, or it cannot be made.
    pub fn open(volume: &DatabaseVolume, data: &DataDirectory) -> Result<Option<Self>, Fault> {
        let path = volume.path.join(&volume.log.spool);
        let Some(root) = volume.open()? else { return Ok(None) };
        let spool = ensured(&root, &volume.log.spool, &path, data.group)?;
        let inner = |name: &str| ensured(&spool, name, &path.join(name), data.group);
        let (out, acknowledged) = (inner(OUT)?, inner(ACKNOWLEDGED)?);
        let (wanted, fetched) = (inner(WANTED)?, inner(FETCHED)?);
        let marked = words(&spool, MARK, &path.join(MARK))?.is_some_and(|text| text == MARK_TEXT.as_bytes());
        if !marked {
            write(&spool, MARK, MARK_TEXT.as_bytes(), &path, data.group)?;
        }
        Ok(Some(Self { path, group: data.group, out, acknowledged, wanted, fetched }))
    }

    /// The files that wait, in the order of their names. What is no name of a log's file is passed over.
    ///
    /// # Errors
    /// A [`Fault`] if the folder cannot be listed.
    pub fn waiting(&self) -> Result<Vec<Waiting>, Fault> {
        let path = self.path.join(OUT);
        let mut found = Vec::new();
        for file in names(&self.out, &path)?.iter().filter_map(|name| file_of(name)) {
            let status = match rustix::fs::statat(&self.out, file.to_string(), AtFlags::SYMLINK_NOFOLLOW) {
                Ok(status) => status,
                Err(Errno::NOENT) => continue,
                Err(error) => return Err(FileError::new("read", &path)(error.into()).into()),
            };
            let time = i128::from(status.st_ctime) * 1_000_000_000 + i128::from(status.st_ctime_nsec);
            let size = u64::try_from(status.st_size).unwrap_or_default();
            found.push(Waiting { file, mark: (status.st_ino, size, time) });
        }
        found.sort_by_key(|waiting| waiting.file);
        Ok(found)
    }

    /// Copies a file to `to`, a place that only root writes to.
    ///
    /// # Errors
    /// A [`Fault`] if it cannot be read or written.
    pub fn stage(&self, file: WalFile, to: &Path) -> Result<Staged, Fault> {
        let path = self.path.join(OUT).join(file.to_string());
        let Some(source) = regular(&self.out, &file.to_string(), &path)? else { return Ok(Staged::Gone) };
        let status = source.metadata().map_err(FileError::new("read", &path))?;
        if !fits(file, status.len()) {
            return Ok(Staged::Foreign);
        }
        crate::files::remove_if_there(to)?;
        let mut target = File::create_new(to).map_err(FileError::new("write", to))?;
        let (mut hash, mut bytes, mut piece) = (Sha256::new(), 0_u64, vec![0; PIECE]);
        // One byte more than it had shows a file that grew meanwhile.
        let mut source = source.take(status.len() + 1);
        loop {
            let count = source.read(&mut piece).map_err(FileError::new("read", &path))?;
            if count == 0 {
                break;
            }
            hash.update(&piece[..count]);
            bytes += count as u64;
            target.write_all(&piece[..count]).map_err(FileError::new("write", to))?;
        }
        if bytes != status.len() {
            return Ok(Staged::Foreign);
        }
        let closed = Timestamp(u64::try_from(status.mtime() * 1000 + status.mtime_nsec() / 1_000_000).unwrap_or(0));
        let proof = Proof { bytes, digest: Digest::from_bytes(hash.finalize().into()) };
        Ok(Staged::Here { proof, closed })
    }

    /// Says what becomes of a file; on disk when this returns.
    ///
    /// # Errors
    /// A [`Fault`] if it cannot be written.
    pub fn acknowledge(&self, file: WalFile, said: &Acknowledgement) -> Result<(), Fault> {
        let path = self.path.join(ACKNOWLEDGED);
        write(&self.acknowledged, &file.to_string(), said.to_text().as_bytes(), &path, self.group)
    }

    /// The files that the server asks for and that were not answered yet, each with the mark of its request.
    ///
    /// # Errors
    /// A [`Fault`] if the folder cannot be read.
    pub fn wanted(&self) -> Result<Vec<(WalFile, String)>, Fault> {
        let path = self.path.join(WANTED);
        let mut found = Vec::new();
        for file in names(&self.wanted, &path)?.iter().filter_map(|name| file_of(name)) {
            let (name, told) = (file.to_string(), format!("{file}.answer"));
            // What is being written, or is gone again, is no request.
            let Some(Ok(mark)) = words(&self.wanted, &name, &path)?.map(|text| parse_request(&text)) else { continue };
            let said = words(&self.fetched, &told, &self.path.join(FETCHED))?;
            let answered = said.is_some_and(|text| Answer::parse(&text).is_ok_and(|answer| answer.mark() == mark));
            if !answered {
                found.push((file, mark));
            }
        }
        Ok(found)
    }

    /// Answers a request; the file that came, if one did, is in the spool before the answer is.
    ///
    /// # Errors
    /// A [`Fault`] if something cannot be written.
    pub fn answer(&self, file: WalFile, answer: &Answer, from: Option<&Path>) -> Result<(), Fault> {
        let path = self.path.join(FETCHED);
        if let Some(from) = from {
            self.put(&file.to_string(), from, &path)?;
        }
        write(&self.fetched, &format!("{file}.answer"), answer.to_text().as_bytes(), &path, self.group)
    }

    fn put(&self, name: &str, from: &Path, path: &Path) -> Result<(), Fault> {
        let mut source = File::open(from).map_err(FileError::new("read", from))?;
        placed(&self.fetched, name, path, self.group, &mut |file| std::io::copy(&mut source, file).map(drop))
    }

    /// Removes acknowledgements of what is gone for a day.
    ///
    /// # Errors
    /// A [`Fault`] if one cannot be removed.
    pub fn forget(&self, now: Timestamp) -> Result<(), Fault> {
        let path = self.path.join(ACKNOWLEDGED);
        for name in names(&self.acknowledged, &path)? {
            let failed = |error: Errno| FileError::new("remove", &path.join(&name))(error.into());
            let there = rustix::fs::statat(&self.out, name.as_str(), AtFlags::SYMLINK_NOFOLLOW).is_ok();
            let Ok(status) = rustix::fs::statat(&self.acknowledged, name.as_str(), AtFlags::SYMLINK_NOFOLLOW) else {
                continue;
            };
            let age = now.0 / 1000;
            let old = u64::try_from(status.st_mtime).unwrap_or_default().saturating_add(KEPT.as_secs()) < age;
            if old && !there {
                match unlinkat(&self.acknowledged, name.as_str(), AtFlags::empty()) {
                    // A folder that the pod put there is its own affair.
                    Ok(()) | Err(Errno::NOENT | Errno::ISDIR | Errno::PERM) => {}
                    Err(error) => return Err(failed(error).into()),
                }
            }
        }
        Ok(())
    }
}

/// Whether a file of this name can be so long.
fn fits(file: WalFile, bytes: u64) -> bool {
    match file {
        WalFile::Segment { .. } => u32::try_from(bytes).ok().and_then(SegmentSize::new).is_some(),
        WalFile::History(_) | WalFile::Label { .. } => (1..=file.most_bytes()).contains(&bytes),
    }
}

/// A refusal of what can be no file of a log.
#[must_use]
pub const fn foreign() -> Acknowledgement {
    Acknowledgement::Refused(Reason::Foreign)
}

/// A folder that the group may write to and nobody else.
fn ensured(at: &OwnedFd, name: &str, path: &Path, group: u32) -> Result<OwnedFd, Fault> {
    let failed = |error: Errno| Fault::from(FileError::new("write", path)(error.into()));
    match mkdirat(at, name, Mode::from_raw_mode(FOLDER_MODE)) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(error) => return Err(failed(error)),
    }
    let gone = || Fault::new(FaultCode::FileUnreadable).with("path", path.display().to_string());
    let made = folder(at, name, path)?.ok_or_else(gone)?;
    let status = fstat(&made).map_err(failed)?;
    let owner = rustix::process::geteuid();
    if status.st_uid != owner.as_raw() || status.st_gid != group {
        own(&made, owner, group).map_err(failed)?;
    }
    if status.st_mode & 0o777 != FOLDER_MODE {
        fchmod(&made, Mode::from_raw_mode(FOLDER_MODE)).map_err(failed)?;
        fsync(&made).map_err(failed)?;
        fsync(at).map_err(failed)?;
    }
    Ok(made)
}

fn own(file: &OwnedFd, owner: Uid, group: u32) -> Result<(), Errno> {
    fchown(file, Some(owner), Some(Gid::from_raw(group)))
}

/// Writes a file that the group may read: beside, synced, renamed, the folder synced.
fn write(at: &OwnedFd, name: &str, bytes: &[u8], path: &Path, group: u32) -> Result<(), Fault> {
    placed(at, name, path, group, &mut |file| file.write_all(bytes))
}

fn placed(
    at: &OwnedFd,
    name: &str,
    path: &Path,
    group: u32,
    content: &mut dyn FnMut(&mut File) -> std::io::Result<()>,
) -> Result<(), Fault> {
    let path = path.join(name);
    let failed = |error: Errno| Fault::from(FileError::new("write", &path)(error.into()));
    let part = format!(".{name}.agent");
    match unlinkat(at, part.as_str(), AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => {}
        Err(error) => return Err(failed(error)),
    }
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = openat(at, part.as_str(), flags, Mode::from_raw_mode(0o600)).map_err(failed)?;
    own(&file, rustix::process::geteuid(), group).map_err(failed)?;
    fchmod(&file, Mode::from_raw_mode(FILE_MODE)).map_err(failed)?;
    let mut file = File::from(file);
    content(&mut file).and_then(|()| file.sync_all()).map_err(FileError::new("write", &path))?;
    renameat(at, part.as_str(), at, name).map_err(failed)?;
    fsync(at).map_err(failed)
}

/// What a small file holds; `None` if there is none, or it is larger than words are.
fn words(at: &OwnedFd, name: &str, path: &Path) -> Result<Option<Vec<u8>>, Fault> {
    let Some(file) = regular(at, name, path)? else { return Ok(None) };
    let mut bytes = Vec::new();
    file.take(LARGEST as u64 + 1).read_to_end(&mut bytes).map_err(FileError::new("read", path))?;
    Ok((bytes.len() <= LARGEST).then_some(bytes))
}

fn names(at: &OwnedFd, path: &Path) -> Result<Vec<String>, Fault> {
    let failed = |error: Errno| Fault::from(FileError::new("list", path)(error.into()));
    let mut found = Vec::new();
    for entry in Dir::read_from(at).map_err(failed)?.take(MOST) {
        let entry = entry.map_err(failed)?;
        if let Ok(name) = entry.file_name().to_str()
            && !name.starts_with('.')
        {
            found.push(name.to_owned());
        }
    }
    Ok(found)
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test writes files")]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use bridle_core::backup::wal::name::SystemId;

    use super::*;
    use crate::layout::Layout;

    struct Bench {
        dir: tempfile::TempDir,
        volume: DatabaseVolume,
        data: DataDirectory,
    }

    impl Bench {
        fn new() -> Self {
            let dir = tempfile::tempdir().expect("dir");
            let source = crate::database::tests::source();
            let volume = DatabaseVolume::of(&Layout::under(dir.path()), &source).expect("a log");
            let group = rustix::process::getegid().as_raw();
            Self { dir, volume, data: DataDirectory { system: SystemId(7), group } }
        }

        fn at(&self, path: &str) -> PathBuf {
            self.dir.path().join("var/lib/bridle/volumes/campus/data-database-0").join(path)
        }

        fn open(&self) -> Result<Option<Spool>, Fault> {
            Spool::open(&self.volume, &self.data)
        }

        fn spool(&self) -> Spool {
            fs::create_dir_all(self.at("")).expect("dirs");
            self.open().expect("opened").expect("a volume")
        }
    }

    fn file(name: &str) -> WalFile {
        name.parse().expect("a name")
    }

    const SEGMENT: &str = "000000010000000000000003";

    #[test]
    fn it_is_made_where_there_is_a_volume_and_mended_where_it_was_altered() {
        let bench = Bench::new();
        assert!(bench.open().expect("no fault").is_none());
        drop(bench.spool());
        assert_eq!(fs::read_to_string(bench.at("spool/spool")).expect("mark"), MARK_TEXT);
        for folder in ["spool", "spool/out", "spool/ack", "spool/want", "spool/in"] {
            assert_eq!(fs::metadata(bench.at(folder)).expect("there").permissions().mode() & 0o777, 0o770, "{folder}");
        }
        fs::write(bench.at("spool/spool"), "another").expect("write");
        fs::set_permissions(bench.at("spool/out"), fs::Permissions::from_mode(0o700)).expect("changed");
        drop(bench.spool());
        assert_eq!(fs::read_to_string(bench.at("spool/spool")).expect("mark"), MARK_TEXT);
        assert_eq!(fs::metadata(bench.at("spool/out")).expect("there").permissions().mode() & 0o777, 0o770);
    }

    #[test]
    fn links_and_pipes_lead_nowhere() {
        let bench = Bench::new();
        fs::create_dir_all(bench.at("elsewhere")).expect("dirs");
        symlink(bench.at("elsewhere"), bench.at("spool")).expect("link");
        assert!(bench.open().is_err());
        assert_eq!(fs::read_dir(bench.at("elsewhere")).expect("list").count(), 0, "nothing is made through a link");
        fs::remove_file(bench.at("spool")).expect("gone");
        let spool = bench.spool();
        symlink("/etc/hostname", bench.at("spool/out").join(SEGMENT)).expect("link");
        assert_eq!(spool.waiting().expect("listed").len(), 1);
        let to = bench.dir.path().join("staged");
        assert!(spool.stage(file(SEGMENT), &to).is_err());
        fs::remove_file(bench.at("spool/out").join(SEGMENT)).expect("gone");
        let flags = rustix::fs::FileType::Fifo;
        let mode = Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, bench.at("spool/out").join(SEGMENT), flags, mode, 0).expect("a pipe");
        assert!(spool.stage(file(SEGMENT), &to).is_err(), "nobody waits for it");
        // An acknowledgement takes the place of a link and does not go through it.
        symlink(bench.at("elsewhere/x"), bench.at("spool/ack").join(SEGMENT)).expect("link");
        spool.acknowledge(file(SEGMENT), &foreign()).expect("said");
        assert!(!bench.at("elsewhere/x").exists());
        assert_eq!(fs::read_to_string(bench.at("spool/ack").join(SEGMENT)).expect("ack"), foreign().to_text());
    }

    #[test]
    fn what_waits_is_copied_with_its_proof_and_what_cannot_be_a_log_is_told() {
        let bench = Bench::new();
        let spool = bench.spool();
        let plain = vec![5; 1 << 20];
        fs::write(bench.at("spool/out").join(SEGMENT), &plain).expect("write");
        fs::write(bench.at("spool/out/00000002.history"), "1\t0/1\n").expect("write");
        fs::write(bench.at("spool/out/.000000010000000000000004.part"), "x").expect("write");
        fs::write(bench.at("spool/out/notes.txt"), "x").expect("write");
        let waiting: Vec<String> = spool.waiting().expect("listed").iter().map(|one| one.file.to_string()).collect();
        assert_eq!(waiting, [SEGMENT, "00000002.history"]);
        let to = bench.dir.path().join("staged");
        for _again in 0..2 {
            let staged = spool.stage(file(SEGMENT), &to).expect("staged");
            let Staged::Here { proof, closed } = staged else { panic!("{staged:?}") };
            assert_eq!((proof, closed.0 > 0), (Proof { bytes: 1 << 20, digest: Digest::of(&plain) }, true));
            assert!(fs::read(&to).expect("there") == plain);
        }
        let before = spool.waiting().expect("listed")[0];
        fs::write(bench.at("spool/out").join(SEGMENT), &plain[..100]).expect("write");
        assert_ne!(spool.waiting().expect("listed")[0], before);
        assert_eq!(spool.stage(file(SEGMENT), &to).expect("looked at"), Staged::Foreign);
        assert_eq!(spool.stage(file("000000010000000000000009"), &to).expect("looked at"), Staged::Gone);
    }

    #[test]
    fn old_acknowledgements_go_once_their_file_is_gone() {
        let bench = Bench::new();
        let spool = bench.spool();
        let now =
            Timestamp(u64::try_from(fs::metadata(bench.at("spool")).expect("there").mtime()).expect("now") * 1000);
        let later = Timestamp(now.0 + 2 * 24 * 3_600_000);
        fs::write(bench.at("spool/out").join(SEGMENT), "x").expect("write");
        for name in [SEGMENT, "000000010000000000000002"] {
            spool.acknowledge(file(name), &foreign()).expect("said");
        }
        spool.forget(now).expect("nothing is old");
        assert_eq!(fs::read_dir(bench.at("spool/ack")).expect("list").count(), 2);
        spool.forget(later).expect("gone");
        assert!(bench.at("spool/ack").join(SEGMENT).exists());
        assert_eq!(fs::read_dir(bench.at("spool/ack")).expect("list").count(), 1);
    }
}
