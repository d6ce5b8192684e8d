//! A store in memory: the double of the real ones.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};

use super::{Capabilities, Key, Object, ObjectStore, Put, StoreError, Trouble};

/// Objects in memory, with a name for messages and possibly a limit of bytes.
#[derive(Debug, Default)]
pub struct Memory {
    objects: Mutex<BTreeMap<Key, Bytes>>,
    room: Option<u64>,
}

impl Memory {
    /// A store that takes at most `room` bytes.
    #[must_use]
    pub fn with_room(room: u64) -> Self {
        Self { room: Some(room), ..Self::default() }
    }

    /// Alters an object in place, as failing hardware does.
    pub fn tamper(&self, key: &Key, alter: impl FnOnce(&mut BytesMut)) {
        let mut objects = self.objects();
        if let Some(bytes) = objects.get_mut(key) {
            let mut altered = BytesMut::from(&bytes[..]);
            alter(&mut altered);
            *bytes = altered.freeze();
        }
    }

    fn objects(&self) -> MutexGuard<'_, BTreeMap<Key, Bytes>> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn error(&self, trouble: Trouble, action: &'static str, key: &Key, why: &str) -> StoreError {
        StoreError::new(trouble, action, key, self.location(), why)
    }
}

impl ObjectStore for Memory {
    fn location(&self) -> String {
        "memory".to_owned()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { conditional_put: true, checksums: false, paging: true, versioning: false }
    }

    fn list(&self, prefix: &str) -> Result<Vec<Object>, StoreError> {
        let objects = self.objects();
        let found = objects.iter().filter(|(key, _)| key.as_str().starts_with(prefix));
        Ok(found.map(|(key, bytes)| Object { key: key.clone(), size: bytes.len() as u64 }).collect())
    }

    fn head(&self, key: &Key) -> Result<Option<u64>, StoreError> {
        Ok(self.objects().get(key).map(|bytes| bytes.len() as u64))
    }

    fn get(&self, key: &Key, limit: u64) -> Result<Bytes, StoreError> {
        let found = self.objects().get(key).cloned();
        let bytes = found.ok_or_else(|| self.error(Trouble::NotFound, "get", key, "no such object"))?;
        if bytes.len() as u64 > limit {
            return Err(self.error(Trouble::Corrupt, "get", key, "longer than it may be"));
        }
        Ok(bytes)
    }

    fn get_range(&self, key: &Key, offset: u64, length: u64) -> Result<Bytes, StoreError> {
        let bytes = self.get(key, u64::MAX)?;
        let range = usize::try_from(offset).ok().zip(usize::try_from(offset.saturating_add(length)).ok());
        let range = range.filter(|(_, end)| *end <= bytes.len());
        let (start, end) =
            range.ok_or_else(|| self.error(Trouble::Corrupt, "get range of", key, "shorter than it was"))?;
        Ok(bytes.slice(start..end))
    }

    fn put(&self, key: &Key, parts: &[Bytes], how: Put) -> Result<(), StoreError> {
        let mut objects = self.objects();
        if how == Put::New && objects.contains_key(key) {
            return Err(self.error(Trouble::Exists, "put", key, "the name is taken"));
        }
        let used: u64 = objects.values().map(|bytes| bytes.len() as u64).sum();
        if self.room.is_some_and(|room| used + super::size_of(parts) > room) {
            return Err(self.error(Trouble::Quota, "put", key, "no room"));
        }
        objects.insert(key.clone(), parts.concat().into());
        Ok(())
    }

    fn delete(&self, key: &Key) -> Result<(), StoreError> {
        self.objects().remove(key);
        Ok(())
    }
}
