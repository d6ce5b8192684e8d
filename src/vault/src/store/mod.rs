//! A place for immutable objects: what every repository stands on.
//!
//! The rules that each implementation keeps: a listing is complete or an error; what [`ObjectStore::put`] reported as done is
//! on disk; every call ends within the [`Patience`] that the store was given, and its errors say which cure helps.

mod directory;
mod error;
mod faulty;
mod key;
mod memory;
mod patience;
pub mod s3;

use std::fmt::Debug;

use bytes::Bytes;

pub use bridle_core::backup::repository::Capabilities;
pub use directory::{Directory, DirectorySettings, MARKER, Survey};
pub use error::{StoreError, Trouble};
pub use faulty::{Call, Faulty, Misbehaviour};
pub use key::Key;
pub use memory::Memory;
pub use patience::Patience;
pub use s3::{S3, S3Credentials, S3Settings};

/// The largest object that is read or written, in bytes. restic's packs have 16 to 128 MiB; rustic lets them grow with the
/// square root of the repository, which is limited to this (`repository::MOST_PACK`).
pub const MOST_BYTES: u64 = 512 << 20;
/// The most objects that a listing may have: 32 MiB packs of a repository of 120 TB.
pub const MOST_OBJECTS: usize = 4_000_000;

/// One object of a listing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Object {
    /// Its name.
    pub key: Key,
    /// Its size in bytes.
    pub size: u64,
}

/// What a put does where the name is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// Fails with [`Trouble::Exists`]. Stores without conditional writes look first, which leaves a gap between two writers.
    New,
    /// Takes the place of what is there, in one step.
    Replace,
}

/// A flat space of named objects.
pub trait ObjectStore: Send + Sync + Debug {
    /// Where this is, for people; never with a credential.
    fn location(&self) -> String;

    /// What the store can do.
    fn capabilities(&self) -> Capabilities;

    /// All objects whose name begins with `prefix` (empty, or whole parts of a name and `/`), in the order of their names.
    ///
    /// # Errors
    /// [`StoreError`]; a listing that cannot be completed is an error, never a shorter list.
    fn list(&self, prefix: &str) -> Result<Vec<Object>, StoreError>;

    /// The size of an object in bytes; `None` if there is none.
    ///
    /// # Errors
    /// [`StoreError`].
    fn head(&self, key: &Key) -> Result<Option<u64>, StoreError>;

    /// A whole object of at most `limit` bytes.
    ///
    /// # Errors
    /// [`StoreError`]: [`Trouble::NotFound`] if there is none, [`Trouble::Corrupt`] if it is longer or ended early.
    fn get(&self, key: &Key, limit: u64) -> Result<Bytes, StoreError>;

    /// Exactly `length` bytes of an object from `offset`.
    ///
    /// # Errors
    /// [`StoreError`]: [`Trouble::Corrupt`] if the object is shorter.
    fn get_range(&self, key: &Key, offset: u64, length: u64) -> Result<Bytes, StoreError>;

    /// Writes an object, which is whole and on disk when this returns, or not there at all.
    ///
    /// # Errors
    /// [`StoreError`]; after one that is not [`Trouble::Exists`] the object may be there, whole.
    fn put(&self, key: &Key, parts: &[Bytes], how: Put) -> Result<(), StoreError>;

    /// Removes an object; one that is not there is removed already.
    ///
    /// # Errors
    /// [`StoreError`].
    fn delete(&self, key: &Key) -> Result<(), StoreError>;
}

/// The size of an object that is put in parts.
pub(crate) fn size_of(parts: &[Bytes]) -> u64 {
    parts.iter().map(|part| part.len() as u64).sum()
}
