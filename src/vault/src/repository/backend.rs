//! The engine's view of an object store: strict where the engine is lenient.
//!
//! - Whatever call fails is remembered, also where the engine goes on as if nothing had been.
//! - Snapshots are kept back in memory until [`Backend::commit`], which refuses where anything failed.
//! - Changes of the settings never reach the store, and nothing is removed but by a prune.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bridle_core::digest::Digest;
use bytes::Bytes;
use rustic_core::{BytesList, ErrorKind, FileType, Id, ReadBackend, RusticError, RusticResult, WriteBackend};

use super::error::RepositoryError;
use super::watch::{Bars, Silent, Watch};
use crate::store::{Key, MOST_BYTES, ObjectStore, Put, StoreError, Trouble, size_of};

/// What may be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Right {
    /// Nothing.
    Read,
    /// A repository is made: everything new is written at once.
    Make,
    /// Keys are written, nothing else.
    Keys,
    /// Packs and indexes are written, snapshots kept back.
    Archive,
    /// As `Archive`, and things are removed.
    Prune,
}

/// See the module.
pub(super) struct Backend {
    store: Arc<dyn ObjectStore>,
    right: Right,
    watch: Arc<dyn Watch>,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    /// Snapshots that are not in the store yet.
    snapshots: BTreeMap<Id, Bytes>,
    /// Settings that are for this session only.
    config: Option<Bytes>,
    /// The first failure.
    failure: Option<Arc<StoreError>>,
}

impl Backend {
    pub(super) fn reading(store: Arc<dyn ObjectStore>) -> Self {
        Self::new(store, Right::Read)
    }

    pub(super) fn making(store: Arc<dyn ObjectStore>) -> Self {
        Self::new(store, Right::Make)
    }

    pub(super) fn keying(store: Arc<dyn ObjectStore>) -> Self {
        Self::new(store, Right::Keys)
    }

    pub(super) fn archiving(store: Arc<dyn ObjectStore>) -> Self {
        Self::new(store, Right::Archive)
    }

    pub(super) fn pruning(store: Arc<dyn ObjectStore>) -> Self {
        Self::new(store, Right::Prune)
    }

    fn new(store: Arc<dyn ObjectStore>, right: Right) -> Self {
        Self { store, right, watch: Arc::new(Silent), held: Mutex::default() }
    }

    pub(super) fn watched(mut self, watch: Arc<dyn Watch>) -> Self {
        self.watch = watch;
        self
    }

    pub(super) fn progress(&self) -> Bars {
        Bars(Arc::clone(&self.watch))
    }

    pub(super) fn place(&self) -> String {
        self.store.location()
    }

    /// Fails if any call failed, whatever the engine made of it.
    pub(super) fn unfailed(&self) -> Result<(), RepositoryError> {
        self.held().failure.as_ref().map_or(Ok(()), |failure| Err(RepositoryError::Store(Arc::clone(failure))))
    }

    /// Writes one of the snapshots that were kept back; the others are forgotten.
    pub(super) fn commit(&self, id: &Id) -> Result<(), RepositoryError> {
        self.unfailed()?;
        let bytes = self.held().snapshots.remove(id).ok_or_else(|| RepositoryError::Engine {
            action: "commit a snapshot to",
            place: self.place(),
            text: format!("the engine made no snapshot {}", id.to_hex().as_str()),
        })?;
        let key = key_of(FileType::Snapshot, id)?;
        Ok(self.store.put(&key, &[bytes], Put::New)?)
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers a failure and tells the engine of it.
    fn noted<T>(&self, answer: Result<T, StoreError>) -> RusticResult<T> {
        answer.map_err(|error| {
            let error = Arc::new(error);
            let text = error.to_string();
            self.held().failure.get_or_insert_with(|| Arc::clone(&error));
            RusticError::with_source(ErrorKind::Backend, text, error)
        })
    }

    fn forbidden(&self, action: &'static str, tpe: FileType, id: &Id) -> StoreError {
        let object = format!("{}/{}", tpe.dirname(), id.to_hex().as_str());
        StoreError::new(Trouble::Other, action, object, self.place(), "nothing may be changed now")
    }

    fn listed(&self, tpe: FileType) -> Result<Vec<(Id, u32)>, StoreError> {
        if tpe == FileType::Config {
            let size = self.store.head(&config_key())?;
            return Ok(size.map(|size| (Id::default(), narrow(size))).into_iter().collect());
        }
        let objects = self.store.list(&format!("{}/", tpe.dirname()))?;
        let mut found = Vec::with_capacity(objects.len());
        for object in objects {
            let id = object.key.file_name().parse::<Id>().ok();
            let id = id.filter(|id| key_of(tpe, id).is_ok_and(|key| key == object.key));
            // Whatever this is, it might be what is left of something of ours: nothing is passed over in silence.
            let id = id.ok_or_else(|| self.corrupt("list", &object.key, "nothing of this name belongs here"))?;
            let size = u32::try_from(object.size);
            let size = size.map_err(|_| self.corrupt("list", &object.key, "larger than anything that is written"))?;
            found.push((id, size));
        }
        if tpe == FileType::Snapshot {
            found.extend(self.held().snapshots.iter().map(|(id, bytes)| (*id, narrow(bytes.len() as u64))));
        }
        Ok(found)
    }

    fn read(&self, tpe: FileType, id: &Id) -> Result<Bytes, StoreError> {
        let held = match tpe {
            FileType::Config => self.held().config.clone(),
            FileType::Snapshot => self.held().snapshots.get(id).cloned(),
            _ => None,
        };
        if let Some(bytes) = held {
            return Ok(bytes);
        }
        let key = key_of(tpe, id)?;
        let bytes = self.store.get(&key, MOST_BYTES)?;
        // Packs are named by their content, too; a check compares that itself, and names what is wrong in them.
        let named = matches!(tpe, FileType::Index | FileType::Key | FileType::Snapshot);
        if named && Digest::of(&bytes).hex() != id.to_hex().as_str() {
            return Err(self.corrupt("get", &key, "the content is not the one of the name"));
        }
        Ok(bytes)
    }

    fn written(&self, tpe: FileType, id: &Id, parts: Vec<Bytes>) -> Result<(), StoreError> {
        match (self.right, tpe) {
            (Right::Read, _) => return Err(self.forbidden("put", tpe, id)),
            (Right::Archive | Right::Prune, FileType::Snapshot) => {
                self.held().snapshots.insert(*id, parts.concat().into());
                return Ok(());
            }
            (Right::Archive | Right::Prune, FileType::Config) => {
                self.held().config = Some(parts.concat().into());
                return Ok(());
            }
            (Right::Archive | Right::Prune, FileType::Key) => return Err(self.forbidden("put", tpe, id)),
            (Right::Keys, tpe) if tpe != FileType::Key => return Err(self.forbidden("put", tpe, id)),
            _ => {}
        }
        let key = key_of(tpe, id)?;
        match self.store.put(&key, &parts, Put::New) {
            // An earlier try that nobody heard the answer of; the name is the digest of the content.
            Err(error) if error.trouble == Trouble::Exists && tpe != FileType::Config => {
                match self.store.head(&key)? {
                    Some(size) if size == size_of(&parts) => Ok(()),
                    _ => Err(error),
                }
            }
            answer => answer,
        }
    }

    fn corrupt(&self, action: &'static str, key: &Key, why: &str) -> StoreError {
        StoreError::new(Trouble::Corrupt, action, key, self.place(), why)
    }
}

impl fmt::Debug for Backend {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Backend({}, {:?})", self.place(), self.right)
    }
}

impl ReadBackend for Backend {
    fn location(&self) -> String {
        self.place()
    }

    fn list_with_size(&self, tpe: FileType) -> RusticResult<Vec<(Id, u32)>> {
        self.noted(self.listed(tpe))
    }

    fn read_full(&self, tpe: FileType, id: &Id) -> RusticResult<Bytes> {
        self.noted(self.read(tpe, id))
    }

    fn read_partial(&self, tpe: FileType, id: &Id, _cacheable: bool, offset: u32, length: u32) -> RusticResult<Bytes> {
        let key = key_of(tpe, id);
        self.noted(key.and_then(|key| self.store.get_range(&key, u64::from(offset), u64::from(length))))
    }

    fn warmup_path(&self, tpe: FileType, id: &Id) -> String {
        key_of(tpe, id).map(|key| key.to_string()).unwrap_or_default()
    }
}

impl WriteBackend for Backend {
    fn write_bytes(&self, tpe: FileType, id: &Id, _cacheable: bool, content: BytesList) -> RusticResult<()> {
        self.noted(self.written(tpe, id, content.into_vec()))
    }

    fn remove(&self, tpe: FileType, id: &Id, _cacheable: bool) -> RusticResult<()> {
        let ours = self.right == Right::Prune && matches!(tpe, FileType::Pack | FileType::Index | FileType::Snapshot);
        self.noted(if ours {
            key_of(tpe, id).and_then(|key| self.store.delete(&key))
        } else {
            Err(self.forbidden("delete", tpe, id))
        })
    }
}

/// Where the settings of a repository are.
pub(super) fn config_key() -> Key {
    Key::new("config").expect("the name keeps the rule")
}

/// Where a file of a repository is (restic's "default" layout).
fn key_of(tpe: FileType, id: &Id) -> Result<Key, StoreError> {
    let hex = id.to_hex();
    let name = match tpe {
        FileType::Config => return Ok(config_key()),
        FileType::Pack => format!("data/{}/{}", &hex.as_str()[..2], hex.as_str()),
        tpe => format!("{}/{}", tpe.dirname(), hex.as_str()),
    };
    Key::new(name).ok_or_else(|| StoreError::new(Trouble::Other, "name", hex.as_str(), "", "no name of an object"))
}

/// A size as the engine wants it; only of objects that were checked to be small.
fn narrow(size: u64) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}
