//! Copies of the files of volumes, made while others may write, and never torn.
//!
//! A file counts only if nothing changed it between two looks at it, the first of which came after everything that was
//! written before was on disk: then the kernel's time of the last change (`ctime`, which nobody can set) tells of each later
//! write, also of one through a mapping. Times are coarse on older kernels, so a file that was changed just now is looked at
//! again ([`GRAIN`]). Where the file system can share blocks, a file is cloned in one call, which the kernel does between two
//! writes. All files are those of one moment if a whole look at the end finds what a whole look at the beginning found.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bridle_core::digest::Digest;
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::port::fs::FileSystem as _;
use bridle_core::port::{Attempt, Clock};
use bridle_core::release::{DataSource, Whole};
use bridle_disk::Disk;
use sha2::{Digest as _, Sha256};

use super::listing::Line;
use super::tree::{self, Kind, Seen, Tree, TreeError};
use crate::files::{self, FileError};

/// Times of changes are as coarse as a tick of the kernel: 10 ms at most (`CONFIG_HZ` of 100), doubled.
const GRAIN: u64 = 20;
/// Rounds over all files, and looks at one file that is being changed.
const ROUNDS: u32 = 6;
const LOOKS: u32 = 5;
/// Between two rounds, times their number.
const PAUSE: Duration = Duration::from_secs(2);
const PIECE: usize = 1024 * 1024;
/// Blocks of nothing in a file are left out of its copy in pieces of this many bytes.
const HOLE: usize = 64 * 1024;

/// The copy of one source.
pub(super) struct Volume<'a> {
    pub(super) clock: &'a dyn Clock,
    pub(super) point: &'a str,
    pub(super) source: &'a DataSource,
    /// Claims with their folders.
    pub(super) claims: Vec<(String, PathBuf)>,
    /// Where the copy is made.
    pub(super) to: PathBuf,
    /// Bytes that may be written.
    pub(super) room: u64,
}

/// A file of the copy, and what its original was then.
struct Kept {
    seen: Seen,
    content: Option<(u64, Digest)>,
    written: u64,
}

/// Name of a file: its claim's number, and its path below that.
type Name = (usize, PathBuf);

/// How a copy of one file went.
enum Took {
    Whole(Kept),
    /// It changed under the copy, in every look.
    Changing,
    /// It has gone.
    Gone,
}

impl Volume<'_> {
    /// Copies everything, and gives the lines of the list.
    pub(super) fn copy(mut self, attempt: &mut Attempt<'_>) -> Result<Vec<Line>, Fault> {
        let said = || Message::new("wait-volume-copy").with("source", self.source.name.as_str());
        attempt.progress.waiting(said());
        for (claim, _) in &self.claims {
            files::make_dirs(&self.to.join(claim), 0o700)?;
        }
        let end = self.clock.monotonic().saturating_add(attempt.limit);
        let mut kept: BTreeMap<Name, Kept> = BTreeMap::new();
        let mut moving = BTreeSet::new();
        for round in 1..=ROUNDS {
            let began = self.clock.now().0;
            self.sync_sources()?;
            let before = self.seen()?;
            self.forget(&mut kept, &before)?;
            moving = self.take(&mut kept, &before, began, attempt, end)?;
            let after = self.seen()?;
            let old = before.iter().filter(|(name, seen)| after.get(*name) != Some(seen)).map(|(name, _)| name.clone());
            let new = after.keys().filter(|name| !before.contains_key(*name)).cloned();
            let other: BTreeSet<Name> = old.chain(new).collect();
            // What was changed right before the first look can have been changed again in the same tick.
            let fresh = before.iter().filter(|(_, seen)| seen.changed_millis().saturating_add(GRAIN) >= began);
            let fresh: BTreeSet<Name> = fresh.map(|(name, _)| name.clone()).collect();
            let still = moving.is_empty() && other.is_empty() && fresh.is_empty();
            let enough = self.source.whole == Whole::File && moving.is_empty();
            if still || enough {
                return Ok(self.lines(&kept));
            }
            moving.extend(other.into_iter().chain(fresh));
            if round < ROUNDS {
                let still = Message::new("wait-volume-still").with("source", self.source.name.as_str());
                attempt.progress.waiting(still);
                self.pause(PAUSE * round, attempt, end)?;
                attempt.progress.waiting(said());
            }
        }
        let (number, path) = moving.pop_first().unwrap_or_default();
        Err(self.fault(FaultCode::VolumeChanging, &Path::new(&self.claims[number].0).join(path)))
    }

    fn seen(&self) -> Result<BTreeMap<Name, Seen>, Fault> {
        let mut all = BTreeMap::new();
        for (number, (claim, folder)) in self.claims.iter().enumerate() {
            let tree: Tree = tree::seen(folder).map_err(|error| self.unseen(claim, &error))?;
            all.extend(tree.into_iter().map(|(path, seen)| ((number, path), seen)));
            let device = all.iter().find(|((at, _), seen)| *at == number && seen.kind == Kind::Device);
            if let Some(((_, path), _)) = device {
                return Err(self.fault(FaultCode::VolumeUnfit, &Path::new(claim).join(path)));
            }
        }
        Ok(all)
    }

    fn unseen(&self, claim: &str, error: &TreeError) -> Fault {
        let code = match error {
            TreeError::Large(_) => FaultCode::VolumeUnfit,
            TreeError::Look(_, cause) if cause.kind() == io::ErrorKind::NotFound => FaultCode::VolumeAbsent,
            TreeError::Look(..) => FaultCode::FileUnreadable,
        };
        self.fault(code, Path::new(claim)).because(error)
    }

    fn fault(&self, code: FaultCode, path: &Path) -> Fault {
        let source = self.source;
        Fault::new(code)
            .with("source", source.name.as_str())
            .with("workload", source.workload.as_str())
            .with("namespace", source.namespace.as_str())
            .with("point", self.point)
            .with("path", path.display().to_string())
    }

    /// What others wrote through mappings gets its time only when it is written to disk.
    fn sync_sources(&self) -> Result<(), Fault> {
        let folders: Vec<PathBuf> = self.claims.iter().map(|(_, folder)| folder.clone()).collect();
        Ok(files::sync_file_systems(&folders)?)
    }

    /// Removes from the copy what is another thing now.
    fn forget(&mut self, kept: &mut BTreeMap<Name, Kept>, now: &BTreeMap<Name, Seen>) -> Result<(), Fault> {
        let other = |(name, kept): &(&Name, &Kept)| now.get(*name) != Some(&kept.seen);
        let gone: Vec<Name> = kept.iter().filter(other).map(|(name, _)| name.clone()).collect();
        for name in gone.iter().rev() {
            let Some(old) = kept.remove(name) else { continue };
            self.room = self.room.saturating_add(old.written);
            if old.seen.kind == Kind::File {
                self.remove(name, &old.seen)?;
            }
        }
        Ok(())
    }

    fn remove(&self, (number, path): &Name, seen: &Seen) -> Result<(), Fault> {
        let root = self.to.join(&self.claims[*number].0);
        Ok(tree::remove(&root, path, seen).map_err(FileError::new("remove", &root.join(path)))?)
    }

    /// Copies what is not kept; gives what changed under every copy of it.
    fn take(
        &mut self,
        kept: &mut BTreeMap<Name, Kept>,
        before: &BTreeMap<Name, Seen>,
        began: u64,
        attempt: &mut Attempt<'_>,
        end: Duration,
    ) -> Result<BTreeSet<Name>, Fault> {
        let total: u64 = before.values().map(|seen| seen.size).sum();
        let (mut done, mut moving) = (0_u64, BTreeSet::new());
        for (name, seen) in before {
            self.go_on(attempt, end)?;
            attempt.progress.advance(done, total);
            done = done.saturating_add(seen.size);
            if kept.contains_key(name) {
                continue;
            }
            if seen.kind != Kind::File {
                kept.insert(name.clone(), Kept { seen: seen.clone(), content: None, written: 0 });
                continue;
            }
            match self.take_file(name, began, attempt, end)? {
                Took::Whole(file) => drop(kept.insert(name.clone(), file)),
                Took::Changing => drop(moving.insert(name.clone())),
                Took::Gone => {}
            }
        }
        Ok(moving)
    }

    fn take_file(&mut self, name: &Name, began: u64, attempt: &mut Attempt<'_>, end: Duration) -> Result<Took, Fault> {
        let (number, path) = name;
        let (claim, folder) = self.claims[*number].clone();
        let root = self.to.join(claim);
        let failed = |path: PathBuf| move |error| Fault::from(FileError::new("copy", &path)(error));
        let Some(mut from) = tree::open(&folder, path).map_err(failed(folder.join(path)))? else {
            return Ok(Took::Gone);
        };
        let mut floor = began;
        for _ in 0..LOOKS {
            let before = tree::of(&from).map_err(failed(folder.join(path)))?;
            let mut to = self.place(&root, name).map_err(failed(root.join(path)))?;
            if rustix::fs::ioctl_ficlone(&to, &from).is_ok() {
                // What it was cloned from can have changed by now: the next look at all tells.
                let content = digest(&mut to, &mut |_| self.go_on(attempt, end)).map_err(failed(root.join(path)))??;
                return Ok(Took::Whole(Kept { seen: before, content: Some(content), written: 0 }));
            }
            if before.changed_millis().saturating_add(GRAIN) >= floor {
                self.pause(Duration::from_millis(GRAIN * 2), attempt, end)?;
                floor = self.clock.now().0;
                from.sync_data().map_err(failed(folder.join(path)))?;
                continue;
            }
            from.seek(SeekFrom::Start(0)).map_err(failed(folder.join(path)))?;
            let (content, written) = self.stream(&mut from, &mut to, &before, attempt, end)?;
            if tree::of(&from).map_err(failed(folder.join(path)))? == before {
                self.room = self.room.saturating_sub(written);
                return Ok(Took::Whole(Kept { seen: before, content: Some(content), written }));
            }
        }
        self.remove(name, &tree::of(&from).map_err(failed(folder.join(path)))?)?;
        Ok(Took::Changing)
    }

    /// A new file of the copy in the place of whatever an earlier look left there.
    fn place(&self, root: &Path, (_, path): &Name) -> io::Result<File> {
        let full = root.join(path);
        match full.symlink_metadata() {
            Ok(found) if found.is_dir() => std::fs::remove_dir_all(&full)?,
            Ok(_) => std::fs::remove_file(&full)?,
            Err(_) => {}
        }
        std::fs::create_dir_all(full.parent().unwrap_or(root))?;
        tree::create(root, path)
    }

    /// Copies a file byte by byte, its holes aside; gives its content and how much was written.
    fn stream(
        &self,
        from: &mut File,
        to: &mut File,
        before: &Seen,
        attempt: &mut Attempt<'_>,
        end: Duration,
    ) -> Result<((u64, Digest), u64), Fault> {
        let failed = |error| Fault::from(FileError::new("copy", &self.to)(error));
        if before.allocated > self.room {
            return Err(self.no_room(before.allocated));
        }
        let (mut hash, mut piece) = (Sha256::new(), vec![0; PIECE]);
        let (mut size, mut written) = (0_u64, 0_u64);
        // What has grown has changed; who grows as fast as it is read would never end.
        while size <= before.size {
            self.go_on(attempt, end)?;
            let count = from.read(&mut piece).map_err(failed)?;
            if count == 0 {
                break;
            }
            hash.update(&piece[..count]);
            for part in piece[..count].chunks(HOLE) {
                if part.iter().all(|byte| *byte == 0) {
                    to.seek(SeekFrom::Current(i64::try_from(part.len()).unwrap_or_default())).map_err(failed)?;
                } else {
                    to.write_all(part).map_err(failed)?;
                    written += part.len() as u64;
                }
            }
            size += count as u64;
            if written > self.room {
                return Err(self.no_room(written));
            }
        }
        to.set_len(size).map_err(failed)?;
        Ok(((size, Digest::from_bytes(hash.finalize().into())), written))
    }

    fn no_room(&self, needed: u64) -> Fault {
        const MIB: u64 = 1024 * 1024;
        let fault = Fault::new(FaultCode::RestorePointNoRoom).with("path", self.to.display().to_string());
        fault.with("needed", needed.div_ceil(MIB)).with("free", self.room / MIB)
    }

    fn lines(&self, kept: &BTreeMap<Name, Kept>) -> Vec<Line> {
        let line =
            |((number, path), kept): (&Name, &Kept)| Line::of(&self.claims[*number].0, path, &kept.seen, kept.content);
        kept.iter().filter_map(line).collect()
    }

    fn pause(&self, how_long: Duration, attempt: &Attempt<'_>, end: Duration) -> Result<(), Fault> {
        let until = self.clock.monotonic().saturating_add(how_long);
        while self.clock.monotonic() < until {
            self.go_on(attempt, end)?;
            self.clock.sleep(Duration::from_millis(500).min(until.saturating_sub(self.clock.monotonic())));
        }
        Ok(())
    }

    fn go_on(&self, attempt: &Attempt<'_>, end: Duration) -> Result<(), Fault> {
        if (attempt.stop)() || self.clock.monotonic() >= end {
            return Err(Fault::new(FaultCode::DeadlinePassed).with("what", self.source.name.as_str()));
        }
        Ok(())
    }
}

/// Size and digest of a file's content; `piece` is asked before each piece.
pub(super) fn digest<E>(
    file: &mut File,
    piece: &mut dyn FnMut(u64) -> Result<(), E>,
) -> io::Result<Result<(u64, Digest), E>> {
    file.seek(SeekFrom::Start(0))?;
    let (mut hash, mut buffer, mut size) = (Sha256::new(), vec![0; PIECE], 0_u64);
    loop {
        if let Err(error) = piece(size) {
            return Ok(Err(error));
        }
        let count = file.read(&mut buffer)?;
        if count == 0 {
            return Ok(Ok((size, Digest::from_bytes(hash.finalize().into()))));
        }
        hash.update(&buffer[..count]);
        size += count as u64;
    }
}

/// Bytes on disk of everything below a folder.
pub(super) fn allocated(folder: &Path) -> Result<u64, TreeError> {
    Ok(tree::seen(folder)?.values().map(|seen| seen.allocated).fold(0, u64::saturating_add))
}

/// Room for a copy below `folder`, in bytes.
pub(super) fn room(folder: &Path, reserve: u64) -> Result<u64, FileError> {
    Ok(Disk.space(folder).map_err(FileError::new("read", folder))?.bytes.saturating_sub(reserve))
}
