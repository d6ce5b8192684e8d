//! Objects as files: written beside, synced, brought to their name, the name synced.

use std::collections::BTreeSet;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bridle_core::durable;
use bridle_core::port::fs::{FileSystem, Kind};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::DirectorySettings;
use crate::store::{Key, MOST_OBJECTS, Object, Put, StoreError, Trouble, size_of};

/// The file that says that a folder is a store, and which one.
pub const MARKER: &str = "bridle-repository.json";
/// Where files are written before they have their name; in the same file system as they.
const PARTS: &str = "tmp";
const MODE_FILE: u32 = 0o600;
const MODE_DIRECTORY: u32 = 0o700;
const FORMAT: u32 = 1;
/// Objects lie at most this deep (`data/ab/…`, `wal/…/…/…/…`).
const MOST_DEPTH: usize = 8;

#[derive(Debug, Serialize, Deserialize)]
struct Mark {
    format: u32,
    id: String,
}

/// A folder as it is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    /// Its path without links.
    pub path: PathBuf,
    /// Number of its file system's device.
    pub device: u64,
    /// Its mark, if it is a store.
    pub mark: Option<String>,
    /// One thing in it, if it is no store and not empty.
    pub foreign: Option<String>,
}

/// The folder.
#[derive(Debug)]
pub(super) struct Files {
    fs: Arc<dyn FileSystem>,
    root: PathBuf,
    reserve: u64,
    /// Directories that are on disk, so that each is made once.
    made: Mutex<BTreeSet<PathBuf>>,
}

impl Files {
    pub(super) fn new(fs: Arc<dyn FileSystem>, settings: &DirectorySettings) -> Self {
        Self { fs, root: settings.root.clone(), reserve: settings.reserve, made: Mutex::default() }
    }

    pub(super) fn location(&self) -> String {
        self.root.display().to_string()
    }

    pub(super) fn mark(&self) -> Result<String, StoreError> {
        let error = |error| self.error("mark", &self.location(), error);
        if self.fs.look(&self.root).map_err(error)?.kind != Kind::Directory {
            return Err(self.error("mark", &self.location(), io::ErrorKind::NotADirectory.into()));
        }
        if self.fs.look(&self.root.join(MARKER)).is_ok() {
            return Err(self.error("mark", MARKER, io::ErrorKind::AlreadyExists.into()));
        }
        let mut random = [0_u8; 16];
        getrandom::fill(&mut random).map_err(|error| self.error("mark", MARKER, io::Error::other(error)))?;
        let id: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let mark = serde_json::to_vec(&Mark { format: FORMAT, id: id.clone() });
        let mark = mark.map_err(|error| self.error("mark", MARKER, io::Error::other(error)))?;
        durable::write_atomic(&*self.fs, &self.root.join(MARKER), &mark, 0o644)
            .map_err(|error| self.error("mark", MARKER, error.source))?;
        Ok(id)
    }

    pub(super) fn read_mark(&self) -> Result<String, StoreError> {
        let text = durable::read_limited(&*self.fs, &self.root.join(MARKER), 4096);
        let text = text.map_err(|error| self.error("open", MARKER, error.source))?;
        let absent = || StoreError::new(Trouble::NotMounted, "open", MARKER, self.location(), "there is no mark");
        let mark: Mark = serde_json::from_str(&text.ok_or_else(absent)?)
            .map_err(|error| StoreError::new(Trouble::Corrupt, "open", MARKER, self.location(), error))?;
        if mark.format == FORMAT {
            Ok(mark.id)
        } else {
            let why = format!("format {} is not known", mark.format);
            Err(StoreError::new(Trouble::Other, "open", MARKER, self.location(), why))
        }
    }

    pub(super) fn survey(&self) -> Result<Survey, StoreError> {
        let error = |error| self.error("look at", &self.location(), error);
        let path = self.root.canonicalize().map_err(error)?;
        if self.fs.look(&path).map_err(error)?.kind != Kind::Directory {
            return Err(self.error("look at", &self.location(), io::ErrorKind::NotADirectory.into()));
        }
        let device = path.metadata().map_err(error)?.dev();
        let mark = match self.fs.look(&self.root.join(MARKER)) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => None,
            look => look.map_err(error).and_then(|_| self.read_mark()).map(Some)?,
        };
        // What a new file system has by itself, and what a killed attempt to mark it left.
        let part = durable::part_of(Path::new(MARKER));
        let own = [PARTS, "lost+found", part.to_str().unwrap_or(MARKER)];
        let entries =
            if mark.is_some() { Vec::new() } else { self.fs.list(&self.root, MOST_OBJECTS).map_err(error)? };
        let mut names = entries.iter().map(|entry| entry.name.to_string_lossy());
        let foreign = names.find(|name| !own.contains(&name.as_ref())).map(|name| name.chars().take(80).collect());
        Ok(Survey { path, device, mark, foreign })
    }

    /// Removes what was never finished; whether files can have two names here, which makes a put conditional.
    pub(super) fn clean_and_probe(&self) -> Result<bool, StoreError> {
        let parts = self.root.join(PARTS);
        self.make_dirs(&parts)?;
        for left in self.fs.list(&parts, MOST_OBJECTS).map_err(|error| self.error("clean", PARTS, error))? {
            self.fs.remove_file(&parts.join(left.name)).map_err(|error| self.error("clean", PARTS, error))?;
        }
        let (one, two) = (parts.join("probe-1"), parts.join("probe-2"));
        let probe = |error| self.error("probe", PARTS, error);
        self.fs.create(&one, MODE_FILE).map_err(probe)?;
        let linked = self.fs.link(&one, &two, MODE_FILE).is_ok();
        let refused = linked && self.fs.link(&one, &two, MODE_FILE).is_err();
        self.fs.remove_file(&one).map_err(probe)?;
        if linked {
            self.fs.remove_file(&two).map_err(probe)?;
        }
        Ok(refused)
    }

    pub(super) fn list(&self, prefix: &str) -> Result<Vec<Object>, StoreError> {
        self.mounted("list", prefix)?;
        let mut found = Vec::new();
        let mut names: Vec<String> = vec![prefix.trim_end_matches('/').to_owned()];
        while let Some(name) = names.pop() {
            let folder = if name.is_empty() { self.root.clone() } else { self.root.join(&name) };
            let entries = match self.fs.list(&folder, MOST_OBJECTS) {
                Err(error) if error.kind() == io::ErrorKind::NotFound && !name.is_empty() => continue,
                entries => entries.map_err(|error| self.error("list", &name, error))?,
            };
            for entry in entries {
                let here = entry.name.to_string_lossy();
                let ours = name.is_empty() && (here == MARKER || here == PARTS || here == "lost+found");
                if ours || here.starts_with('.') {
                    continue;
                }
                let below = if name.is_empty() { here.into_owned() } else { format!("{name}/{here}") };
                if entry.directory {
                    if below.matches('/').count() >= MOST_DEPTH {
                        return Err(self.foreign(&below));
                    }
                    names.push(below);
                    continue;
                }
                let key = Key::new(below.as_str()).ok_or_else(|| self.foreign(&below))?;
                let look = self.fs.look(&self.path(&key)).map_err(|error| self.error("list", &below, error))?;
                if look.kind != Kind::File || found.len() >= MOST_OBJECTS {
                    return Err(self.foreign(&below));
                }
                found.push(Object { key, size: look.size });
            }
        }
        // Once more: a medium that went away in the middle looks like an empty folder.
        self.mounted("list", prefix)?;
        found.sort_unstable();
        Ok(found)
    }

    pub(super) fn head(&self, key: &Key) -> Result<Option<u64>, StoreError> {
        match self.fs.look(&self.path(key)) {
            Ok(look) if look.kind == Kind::File => Ok(Some(look.size)),
            Ok(_) => Err(self.foreign(key.as_str())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.mounted("head", key.as_str()).map(|()| None),
            Err(error) => Err(self.error("head", key.as_str(), error)),
        }
    }

    pub(super) fn get(&self, key: &Key, limit: u64) -> Result<Bytes, StoreError> {
        let error = |error| self.error("get", key.as_str(), error);
        let mut bytes = Vec::new();
        let file = self.fs.open(&self.path(key)).map_err(error)?;
        file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(error)?;
        if bytes.len() as u64 > limit {
            return Err(self.corrupt("get", key, "longer than it may be"));
        }
        Ok(bytes.into())
    }

    pub(super) fn get_range(&self, key: &Key, offset: u64, length: u64) -> Result<Bytes, StoreError> {
        let error = |error: io::Error| match error.kind() {
            io::ErrorKind::UnexpectedEof => self.corrupt("get range of", key, "shorter than it was"),
            _ => self.error("get range of", key.as_str(), error),
        };
        let mut file = self.fs.open(&self.path(key)).map_err(error)?;
        file.seek(SeekFrom::Start(offset)).map_err(error)?;
        let room = usize::try_from(length).map_err(|_| self.corrupt("get range of", key, "longer than it may be"))?;
        let mut bytes = vec![0; room];
        file.read_exact(&mut bytes).map_err(error)?;
        Ok(bytes.into())
    }

    pub(super) fn put(&self, key: &Key, parts: &[Bytes], how: Put, links: bool) -> Result<(), StoreError> {
        let error = |error| self.error("put", key.as_str(), error);
        self.mounted("put", key.as_str())?;
        let free = self.fs.space(&self.root).map_err(error)?;
        if free.bytes < size_of(parts).saturating_add(self.reserve) {
            return Err(error(io::ErrorKind::StorageFull.into()));
        }
        let name = self.path(key);
        self.make_dirs(name.parent().unwrap_or(&self.root))?;
        if how == Put::New && self.fs.look(&name).is_ok() {
            return Err(error(io::ErrorKind::AlreadyExists.into()));
        }
        let mut random = [0_u8; 8];
        getrandom::fill(&mut random).map_err(|cause| error(io::Error::other(cause)))?;
        let part = self.root.join(PARTS).join(format!("{:016x}", u64::from_be_bytes(random)));
        let written = (|| {
            let file = self.fs.create(&part, MODE_FILE)?;
            parts.iter().try_for_each(|bytes| file.write(bytes))?;
            file.sync()?;
            drop(file);
            if how == Put::New && links {
                self.fs.link(&part, &name, MODE_FILE)?;
                self.fs.remove_file(&part)
            } else {
                self.fs.rename(&part, &name)
            }
        })();
        if let Err(cause) = written {
            let _left_for_the_next_opening = self.fs.remove_file(&part); // gives its space back on a full disk
            return Err(error(cause));
        }
        self.fs.sync_dir(name.parent().unwrap_or(&self.root)).map_err(error)
    }

    pub(super) fn delete(&self, key: &Key) -> Result<(), StoreError> {
        let (error, name) = (|error| self.error("delete", key.as_str(), error), self.path(key));
        match self.fs.remove_file(&name) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => self.mounted("delete", key.as_str()),
            Err(cause) => Err(error(cause)),
            Ok(()) => self.fs.sync_dir(name.parent().unwrap_or(&self.root)).map_err(error),
        }
    }

    fn path(&self, key: &Key) -> PathBuf {
        self.root.join(key.as_str())
    }

    fn make_dirs(&self, path: &Path) -> Result<(), StoreError> {
        let known = |made: &BTreeSet<PathBuf>| made.contains(path);
        if known(&self.made.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(());
        }
        durable::make_dirs(&*self.fs, path, MODE_DIRECTORY)
            .map_err(|error| self.error("make", &path.display().to_string(), error.source))?;
        self.made.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned());
        Ok(())
    }

    /// Refuses to go on where the mark is gone: then the medium is.
    fn mounted(&self, action: &'static str, object: &str) -> Result<(), StoreError> {
        match self.fs.look(&self.root.join(MARKER)) {
            Ok(look) if look.kind == Kind::File => Ok(()),
            Ok(_) => Err(StoreError::new(Trouble::NotMounted, action, object, self.location(), "the mark is no file")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(StoreError::new(Trouble::NotMounted, action, object, self.location(), error))
            }
            Err(error) => Err(self.error(action, object, error)),
        }
    }

    fn foreign(&self, name: &str) -> StoreError {
        StoreError::new(Trouble::Corrupt, "list", name, self.location(), "nothing of this name belongs here")
    }

    fn corrupt(&self, action: &'static str, key: &Key, why: &str) -> StoreError {
        StoreError::new(Trouble::Corrupt, action, key, self.location(), why)
    }

    fn error(&self, action: &'static str, object: &str, error: io::Error) -> StoreError {
        StoreError::new(trouble(&error), action, object, self.location(), error)
    }
}

/// What helps against an error of a file system.
fn trouble(error: &io::Error) -> Trouble {
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::StorageFull | Kind::QuotaExceeded | Kind::FileTooLarge => Trouble::Quota,
        Kind::PermissionDenied | Kind::ReadOnlyFilesystem => Trouble::Auth,
        Kind::NotFound => Trouble::NotFound,
        Kind::AlreadyExists => Trouble::Exists,
        Kind::TimedOut | Kind::Interrupted | Kind::StaleNetworkFileHandle | Kind::HostUnreachable => Trouble::Retryable,
        Kind::NotConnected => Trouble::NotMounted,
        // Media errors: what was written cannot be had back.
        _ if error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error()) => Trouble::Corrupt,
        _ => Trouble::Other,
    }
}
