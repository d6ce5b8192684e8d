//! A store that misbehaves on demand: what the guards of repositories are tested against.

use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};

use bytes::{Bytes, BytesMut};

use super::{Capabilities, Key, Object, ObjectStore, Put, StoreError, Trouble};

/// A call of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// [`ObjectStore::list`].
    List,
    /// [`ObjectStore::head`].
    Head,
    /// [`ObjectStore::get`] and [`ObjectStore::get_range`].
    Get,
    /// [`ObjectStore::put`].
    Put,
    /// [`ObjectStore::delete`].
    Delete,
}

/// What a call does instead of what it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misbehaviour {
    /// Fails.
    Fail(Trouble),
    /// Has its effect, but fails.
    FailBehind(Trouble),
    /// Answers with only the first half of what there is, as if that were all.
    Half,
    /// Flips the lowest bit of the byte in the middle.
    Flip,
}

#[derive(Debug, Clone)]
struct Order {
    call: Call,
    prefix: String,
    after: u32,
    times: u32,
    what: Misbehaviour,
}

/// A store in front of another one that misbehaves as ordered.
#[derive(Debug)]
pub struct Faulty<S> {
    inner: S,
    orders: Mutex<Vec<Order>>,
}

impl<S: ObjectStore> Faulty<S> {
    /// A store that behaves until told otherwise.
    pub const fn new(inner: S) -> Self {
        Self { inner, orders: Mutex::new(Vec::new()) }
    }

    /// The store behind.
    pub const fn inner(&self) -> &S {
        &self.inner
    }

    /// From now on, `call`s of names below `prefix`: the first `after` work, the `times` after them misbehave.
    pub fn order(&self, call: Call, prefix: &str, after: u32, times: u32, what: Misbehaviour) {
        let order = Order { call, prefix: prefix.to_owned(), after, times, what };
        self.orders.lock().unwrap_or_else(PoisonError::into_inner).push(order);
    }

    /// No misbehaviour any more.
    pub fn calm(&self) {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn next(&self, call: Call, name: &str) -> Option<Misbehaviour> {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        let order =
            orders.iter_mut().find(|order| order.call == call && order.times > 0 && name.starts_with(&order.prefix))?;
        if order.after > 0 {
            order.after -= 1;
            return None;
        }
        order.times -= 1;
        Some(order.what)
    }

    fn error(&self, trouble: Trouble, action: &'static str, name: &str) -> StoreError {
        StoreError::new(trouble, action, name, self.location(), "as ordered")
    }

    fn bytes(&self, key: &Key, read: impl FnOnce() -> Result<Bytes, StoreError>) -> Result<Bytes, StoreError> {
        match self.next(Call::Get, key.as_str()) {
            None => read(),
            Some(Misbehaviour::Fail(trouble) | Misbehaviour::FailBehind(trouble)) => {
                Err(self.error(trouble, "get", key.as_str()))
            }
            Some(Misbehaviour::Half) => read().map(|bytes| bytes.slice(..bytes.len() / 2)),
            Some(Misbehaviour::Flip) => read().map(|bytes| {
                let mut altered = BytesMut::from(&bytes[..]);
                let middle = altered.len() / 2;
                if let Some(byte) = altered.get_mut(middle) {
                    *byte ^= 1;
                }
                altered.freeze()
            }),
        }
    }

    fn act(
        &self,
        call: Call,
        action: &'static str,
        name: &str,
        act: impl FnOnce() -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        match self.next(call, name) {
            Some(Misbehaviour::Fail(trouble)) => Err(self.error(trouble, action, name)),
            Some(Misbehaviour::FailBehind(trouble)) => act().and(Err(self.error(trouble, action, name))),
            _ => act(),
        }
    }
}

impl<S: ObjectStore> ObjectStore for Faulty<S> {
    fn location(&self) -> String {
        self.inner.location()
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn list(&self, prefix: &str) -> Result<Vec<Object>, StoreError> {
        match self.next(Call::List, prefix) {
            Some(Misbehaviour::Fail(trouble) | Misbehaviour::FailBehind(trouble)) => {
                Err(self.error(trouble, "list", prefix))
            }
            Some(Misbehaviour::Half) => self.inner.list(prefix).map(|mut all| {
                all.truncate(all.len() / 2);
                all
            }),
            _ => self.inner.list(prefix),
        }
    }

    fn head(&self, key: &Key) -> Result<Option<u64>, StoreError> {
        match self.next(Call::Head, key.as_str()) {
            Some(Misbehaviour::Fail(trouble)) => Err(self.error(trouble, "head", key.as_str())),
            _ => self.inner.head(key),
        }
    }

    fn get(&self, key: &Key, limit: u64) -> Result<Bytes, StoreError> {
        self.bytes(key, || self.inner.get(key, limit))
    }

    fn get_range(&self, key: &Key, offset: u64, length: u64) -> Result<Bytes, StoreError> {
        self.bytes(key, || self.inner.get_range(key, offset, length))
    }

    fn put(&self, key: &Key, parts: &[Bytes], how: Put) -> Result<(), StoreError> {
        self.act(Call::Put, "put", key.as_str(), || self.inner.put(key, parts, how))
    }

    fn delete(&self, key: &Key) -> Result<(), StoreError> {
        self.act(Call::Delete, "delete", key.as_str(), || self.inner.delete(key))
    }
}
