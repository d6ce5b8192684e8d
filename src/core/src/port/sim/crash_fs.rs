//! A file system in memory that can be killed, lose power, run full and fail to sync, at any of its operations.
//!
//! It keeps two images: the *live* one that programs see, and the *durable* one that is on disk. What is between them is
//! kept in the order in which it was done, and a [`PowerCut`] says how much of it made it to the disk, for names and for
//! contents apart: a rename can be there without the content of its file, and the reverse.

mod image;
mod power;

#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use image::{Image, Number};

pub use power::{PowerCut, Survive};

use crate::port::fs::{Entry, FileSystem, HeldLock, Look, ReadFile, Space, WriteFile};

/// What happens to the machine at an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The program is killed before the operation: every later call fails until [`CrashFs::restart`].
    Kill,
    /// The program is killed in the middle of it: half of a write is there; otherwise like [`Trouble::Kill`].
    KillWithin,
    /// The power goes before the operation.
    PowerCut(PowerCut),
    /// The power goes in the middle of it.
    PowerCutWithin(PowerCut),
    /// From here on nothing more can be written or made below this path, as if it were a file system of its own (half of
    /// the first write still can), until [`CrashFs::mend`].
    NoSpace(&'static str),
    /// The next sync fails with EIO, once. Contents that it should have brought to disk are lost for good, although they
    /// can still be read and the next sync says nothing; names stay to be written.
    SyncError,
    /// From here on every change is refused (EROFS), until [`CrashFs::mend`] or the next start.
    ReadOnly,
}

impl Trouble {
    /// A short name for tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::KillWithin => "kill within",
            Self::PowerCut(_) => "power cut",
            Self::PowerCutWithin(_) => "power cut within",
            Self::NoSpace(_) => "no space",
            Self::SyncError => "EIO on fsync",
            Self::ReadOnly => "read-only",
        }
    }
}

/// A file system in memory; clones are the same one.
#[derive(Debug, Clone, Default)]
pub struct CrashFs(Arc<Mutex<Machine>>);

#[derive(Debug, Default)]
struct Machine {
    image: Image,
    /// Names of the changing operations so far.
    history: Vec<&'static str>,
    strikes: Vec<(u64, Trouble)>,
    acts: Vec<(u64, Act)>,
    condition: Condition,
    locks: Vec<(PathBuf, u64)>,
    tickets: u64,
}

struct Act(Box<dyn FnOnce() + Send>);

impl std::fmt::Debug for Act {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Act")
    }
}

#[derive(Debug, Default, Clone, Copy)]
struct Condition {
    dead: bool,
    cut: Option<PowerCut>,
    full: Option<&'static str>,
    read_only: bool,
    sync_error: bool,
    /// Counts restarts: a handle of an earlier life is worth nothing.
    life: u64,
}

impl Condition {
    fn is_full(&self, path: Option<&Path>) -> bool {
        self.full.zip(path).is_some_and(|(below, path)| path.starts_with(below))
    }
}

/// How an operation goes.
enum Way {
    Whole,
    /// Half of a write, then this error.
    Half(io::Error),
}

impl CrashFs {
    /// Lets `trouble` happen at changing operation number `at` (from 1, counted from the file system's making).
    /// [`Trouble::SyncError`] waits for the first sync from there on.
    pub fn strike(&self, at: u64, trouble: Trouble) {
        self.lock().strikes.push((at, trouble));
    }

    /// Changing operations (writes, names, syncs) so far.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.lock().history.len() as u64
    }

    /// Names of these operations, in order: `write`, `rename`, `sync dir` …
    #[must_use]
    pub fn history(&self) -> Vec<&'static str> {
        self.lock().history.clone()
    }

    /// Lets `act` happen before changing operation number `at`: what a trouble of another port needs. It must not call
    /// this file system.
    pub fn act(&self, at: u64, act: impl FnOnce() + Send + 'static) {
        self.lock().acts.push((at, Act(Box::new(act))));
    }

    /// Whether the program was killed or the power went, so that every call fails.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.lock().condition.dead
    }

    /// Kills the program now.
    pub fn kill(&self) {
        self.lock().condition.dead = true;
    }

    /// Cuts the power now.
    pub fn cut(&self, cut: PowerCut) {
        let mut machine = self.lock();
        machine.condition.dead = true;
        machine.condition.cut = Some(cut);
    }

    /// Starts machine and program again: after a power cut only what reached the disk is there. Locks are free.
    pub fn restart(&self) {
        let mut machine = self.lock();
        if let Some(cut) = machine.condition.cut {
            machine.image.lose_power(cut);
            machine.condition.read_only = false;
        }
        let condition = machine.condition;
        machine.condition = Condition { dead: false, cut: None, life: condition.life + 1, ..condition };
        machine.locks.clear();
    }

    /// Frees space and makes the file system writable again.
    pub fn mend(&self) {
        let mut machine = self.lock();
        machine.condition.full = None;
        machine.condition.read_only = false;
        machine.condition.sync_error = false;
    }

    /// Whether it is full or read-only, so that only [`Self::mend`] helps.
    #[must_use]
    pub fn needs_mending(&self) -> bool {
        let condition = self.lock().condition;
        condition.full.is_some() || condition.read_only
    }

    /// Forgets troubles that have not happened yet.
    pub fn calm(&self) {
        let mut machine = self.lock();
        machine.strikes.clear();
        machine.condition.sync_error = false;
    }

    /// Locks that are held.
    #[must_use]
    pub fn locks(&self) -> Vec<PathBuf> {
        self.lock().locks.iter().map(|(path, _)| path.clone()).collect()
    }

    /// Every name below `root` that programs see, with what it is: `dir MODE`, `link TARGET` or `file MODE` and its bytes.
    #[must_use]
    pub fn tree(&self, root: &Path) -> Vec<(PathBuf, String, Vec<u8>)> {
        self.lock().image.tree(root)
    }

    /// Puts bytes on disk and into the live image as they are, past all rules: damage done by others.
    ///
    /// # Panics
    /// If there is no such file: a test would otherwise show nothing.
    pub fn overwrite(&self, path: &Path, bytes: &[u8]) {
        self.lock().image.overwrite(path, bytes).expect("the file to damage exists");
    }

    fn lock(&self) -> MutexGuard<'_, Machine> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read<T>(&self, read: impl FnOnce(&Image) -> io::Result<T>) -> io::Result<T> {
        let machine = self.lock();
        if machine.condition.dead { Err(killed()) } else { read(&machine.image) }
    }

    fn change<T>(
        &self,
        name: &'static str,
        path: &Path,
        change: impl FnOnce(&mut Image) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut machine = self.lock();
        match machine.begin(name, Some(path))? {
            Way::Whole => change(&mut machine.image),
            Way::Half(error) if machine.condition.dead => {
                // A change of names is whole or not at all; in the middle it is just done, and nobody hears of it.
                let _unheard = change(&mut machine.image);
                Err(error)
            }
            Way::Half(error) => Err(error),
        }
    }

    /// A change that needs no space: a full disk lets it through.
    fn remove(&self, name: &'static str, change: impl FnOnce(&mut Image) -> io::Result<()>) -> io::Result<()> {
        let mut machine = self.lock();
        let way = machine.begin(name, None)?;
        if machine.condition.read_only {
            return Err(io::ErrorKind::ReadOnlyFilesystem.into());
        }
        let changed = change(&mut machine.image);
        match way {
            Way::Whole => changed,
            Way::Half(error) => Err(error),
        }
    }

    fn sync(&self, name: &'static str, what: impl FnOnce(&mut Image, bool) -> io::Result<()>) -> io::Result<()> {
        let mut machine = self.lock();
        let way = machine.begin(name, None)?;
        if std::mem::take(&mut machine.condition.sync_error) {
            what(&mut machine.image, false)?;
            return Err(io::Error::from_raw_os_error(5)); // EIO
        }
        what(&mut machine.image, true)?;
        match way {
            Way::Whole => Ok(()),
            Way::Half(error) => Err(error), // in the middle of a sync: it is done, and nobody hears of it
        }
    }
}

impl Machine {
    /// Counts an operation and lets happen what is to happen at it; `grows` is the path that needs space for it.
    fn begin(&mut self, name: &'static str, grows: Option<&Path>) -> io::Result<Way> {
        if self.condition.dead {
            return Err(killed());
        }
        self.history.push(name);
        let now = self.history.len() as u64;
        let (acts, later) = std::mem::take(&mut self.acts).into_iter().partition(|(at, _)| *at == now);
        self.acts = later;
        acts.into_iter().for_each(|(_, act): (u64, Act)| (act.0)());
        let due: Vec<Trouble> = self.strikes.iter().filter(|(at, _)| *at == now).map(|(_, trouble)| *trouble).collect();
        let mut way = Way::Whole;
        for trouble in due {
            match trouble {
                Trouble::Kill => self.condition.dead = true,
                Trouble::PowerCut(cut) => {
                    self.condition.dead = true;
                    self.condition.cut = Some(cut);
                }
                Trouble::KillWithin => {
                    self.condition.dead = true;
                    way = Way::Half(killed());
                }
                Trouble::PowerCutWithin(cut) => {
                    self.condition.dead = true;
                    self.condition.cut = Some(cut);
                    way = Way::Half(killed());
                }
                Trouble::NoSpace(below) => {
                    self.condition.full = Some(below);
                    if self.condition.is_full(grows) {
                        way = Way::Half(io::ErrorKind::StorageFull.into());
                    }
                }
                Trouble::SyncError => self.condition.sync_error = true,
                Trouble::ReadOnly => self.condition.read_only = true,
            }
        }
        match way {
            Way::Half(_) => Ok(way),
            Way::Whole if self.condition.dead => Err(killed()),
            Way::Whole if self.condition.read_only && grows.is_some() => Err(io::ErrorKind::ReadOnlyFilesystem.into()),
            Way::Whole if self.condition.is_full(grows) => Err(io::ErrorKind::StorageFull.into()),
            Way::Whole => Ok(way),
        }
    }
}

#[derive(Debug)]
struct Handle {
    fs: CrashFs,
    path: PathBuf,
    file: Number,
    life: u64,
}

impl Handle {
    fn alive(&self) -> io::Result<()> {
        if self.fs.lock().condition.life == self.life { Ok(()) } else { Err(killed()) }
    }
}

impl WriteFile for Handle {
    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        self.alive()?;
        let mut machine = self.fs.lock();
        match machine.begin("write", Some(&self.path))? {
            Way::Whole => {
                machine.image.append(self.file, bytes);
                Ok(())
            }
            Way::Half(error) => {
                machine.image.append(self.file, &bytes[..bytes.len() / 2]);
                Err(error)
            }
        }
    }

    fn truncate(&self, size: u64) -> io::Result<()> {
        self.alive()?;
        let size = usize::try_from(size).map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
        self.fs.remove("truncate", |image| {
            image.truncate(self.file, size);
            Ok(())
        })
    }

    fn sync(&self) -> io::Result<()> {
        self.alive()?;
        self.fs.sync("sync file", |image, works| {
            image.sync_file(self.file, works);
            Ok(())
        })
    }
}

#[derive(Debug)]
struct Ticket {
    fs: CrashFs,
    number: u64,
}

impl HeldLock for Ticket {}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.fs.lock().locks.retain(|(_, number)| *number != self.number);
    }
}

impl CrashFs {
    fn handle(&self, path: &Path, file: Number) -> Box<dyn WriteFile> {
        let life = self.lock().condition.life;
        Box::new(Handle { fs: self.clone(), path: path.to_owned(), file, life })
    }
}

impl FileSystem for CrashFs {
    fn look(&self, path: &Path) -> io::Result<Look> {
        self.read(|image| image.look(path))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadFile>> {
        let bytes = self.read(|image| image.content(path))?;
        Ok(Box::new(io::Cursor::new(bytes)))
    }

    fn create(&self, path: &Path, mode: u32) -> io::Result<Box<dyn WriteFile>> {
        Ok(self.handle(path, self.change("create", path, |image| image.create(path, mode))?))
    }

    fn append(&self, path: &Path) -> io::Result<Box<dyn WriteFile>> {
        Ok(self.handle(path, self.read(|image| image.file(path))?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.change("rename", to, |image| image.rename(from, to))
    }

    fn symlink(&self, target: &Path, link: &Path) -> io::Result<()> {
        self.change("link", link, |image| image.symlink(target, link))
    }

    fn link(&self, file: &Path, name: &Path, mode: u32) -> io::Result<()> {
        self.change("link", name, |image| image.link(file, name, mode))
    }

    fn read_link(&self, link: &Path) -> io::Result<PathBuf> {
        self.read(|image| image.read_link(link))
    }

    fn make_dir(&self, path: &Path, mode: u32) -> io::Result<()> {
        self.change("make dir", path, |image| image.make_dir(path, mode))
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.remove("remove", |image| image.remove(path, false))
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.remove("remove dir", |image| image.remove(path, true))
    }

    fn list(&self, path: &Path, most: usize) -> io::Result<Vec<Entry>> {
        self.read(|image| image.list(path, most))
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.sync("sync dir", |image, works| image.sync_dir(path, works))
    }

    fn sync_file_system(&self, path: &Path) -> io::Result<()> {
        self.sync("sync file system", |image, works| image.sync_all(path, works))
    }

    fn space(&self, path: &Path) -> io::Result<Space> {
        self.read(|image| image.look(path))?;
        let free = if self.lock().condition.is_full(Some(path)) { 0 } else { 1 << 40 };
        Ok(Space { bytes: free, inodes: free })
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<Box<dyn HeldLock>>> {
        if self.look(path).is_err() {
            self.create(path, 0o600)?;
        }
        let mut machine = self.lock();
        if machine.condition.dead {
            return Err(killed());
        }
        if machine.locks.iter().any(|(held, _)| held == path) {
            return Ok(None);
        }
        machine.tickets += 1;
        let number = machine.tickets;
        machine.locks.push((path.to_owned(), number));
        Ok(Some(Box::new(Ticket { fs: self.clone(), number })))
    }
}

fn killed() -> io::Error {
    io::Error::other("the simulated machine is off")
}
