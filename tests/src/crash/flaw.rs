//! Wrong ways of writing, to show that the matrix finds them.

use std::io;
use std::path::{Path, PathBuf};

use bridle_core::durable;
use bridle_core::port::fs::{Entry, FileSystem, HeldLock, Look, ReadFile, Space, WriteFile};
use bridle_core::port::sim::CrashFs;

/// What is done wrongly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// Nothing.
    None,
    /// The content of files is never synced.
    FilesUnsynced,
    /// The names in directories are never synced.
    NamesUnsynced,
    /// What others wrote in a step is never synced: an outcome can outlive its effect.
    EffectsUnsynced,
    /// A failed sync is tried again, and the second answer is believed.
    SyncRetried,
    /// An opened journal is not written anew: what can be read is believed to be on disk.
    JournalBelieved,
    /// A step that looks done is not applied again, although it had begun.
    EffectBelieved,
    /// A step's outcome is written together with its intent.
    OutcomeFirst,
}

impl Flaw {
    /// All but [`Flaw::None`].
    pub const ALL: [Self; 7] = [
        Self::FilesUnsynced,
        Self::NamesUnsynced,
        Self::EffectsUnsynced,
        Self::SyncRetried,
        Self::JournalBelieved,
        Self::EffectBelieved,
        Self::OutcomeFirst,
    ];
}

/// A file system that is used wrongly.
#[derive(Debug, Clone)]
pub(super) struct Flawed {
    pub(super) fs: CrashFs,
    pub(super) flaw: Flaw,
}

#[derive(Debug)]
struct Handle {
    file: Box<dyn WriteFile>,
    flaw: Flaw,
}

impl WriteFile for Handle {
    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        self.file.write(bytes)
    }

    fn truncate(&self, size: u64) -> io::Result<()> {
        self.file.truncate(size)
    }

    fn sync(&self) -> io::Result<()> {
        match self.flaw {
            Flaw::FilesUnsynced => Ok(()),
            Flaw::SyncRetried => self.file.sync().or_else(|_| self.file.sync()),
            _ => self.file.sync(),
        }
    }
}

impl Flawed {
    fn handle(&self, file: Box<dyn WriteFile>) -> Box<dyn WriteFile> {
        Box::new(Handle { file, flaw: self.flaw })
    }

    fn is_journal(path: &Path) -> bool {
        path.extension().is_some_and(|extension| extension == "journal")
    }
}

impl FileSystem for Flawed {
    fn look(&self, path: &Path) -> io::Result<Look> {
        self.fs.look(path)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadFile>> {
        self.fs.open(path)
    }

    fn create(&self, path: &Path, mode: u32) -> io::Result<Box<dyn WriteFile>> {
        Ok(self.handle(self.fs.create(path, mode)?))
    }

    fn append(&self, path: &Path) -> io::Result<Box<dyn WriteFile>> {
        Ok(self.handle(self.fs.append(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        // Leaves a journal in place of a copy that says the same: as if it had been opened as it was.
        if self.flaw == Flaw::JournalBelieved && Self::is_journal(to) {
            let read = |path| durable::read_bytes(&self.fs, path, u64::MAX - 1).ok().flatten();
            if read(to).is_some_and(|there| Some(there) == read(from)) {
                return self.fs.remove_file(from);
            }
        }
        self.fs.rename(from, to)
    }

    fn symlink(&self, target: &Path, link: &Path) -> io::Result<()> {
        self.fs.symlink(target, link)
    }

    fn link(&self, file: &Path, name: &Path, mode: u32) -> io::Result<()> {
        self.fs.link(file, name, mode)
    }

    fn read_link(&self, link: &Path) -> io::Result<PathBuf> {
        self.fs.read_link(link)
    }

    fn make_dir(&self, path: &Path, mode: u32) -> io::Result<()> {
        self.fs.make_dir(path, mode)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.fs.remove_file(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.fs.remove_dir(path)
    }

    fn list(&self, path: &Path, most: usize) -> io::Result<Vec<Entry>> {
        self.fs.list(path, most)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        if self.flaw == Flaw::NamesUnsynced { Ok(()) } else { self.fs.sync_dir(path) }
    }

    fn sync_file_system(&self, path: &Path) -> io::Result<()> {
        match self.flaw {
            Flaw::EffectsUnsynced => Ok(()),
            Flaw::SyncRetried => self.fs.sync_file_system(path).or_else(|_| self.fs.sync_file_system(path)),
            _ => self.fs.sync_file_system(path),
        }
    }

    fn space(&self, path: &Path) -> io::Result<Space> {
        self.fs.space(path)
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<Box<dyn HeldLock>>> {
        self.fs.try_lock(path)
    }
}
