//! A repository in restic's format: stock restic reads what is written here (`design.md` §1.8).
//!
//! The engine below is `rustic_core`, which is lenient where a backup must not be: it skips what it cannot read, and saves a
//! snapshot all the same. So it works over a [`backend::Backend`] of ours that keeps each snapshot back until nothing at all
//! failed, and over sources of ours that record what they could not read. It may also panic; that ends in an error here.

mod archive;
mod backend;
mod check;
mod error;
mod keys;
mod prune;
mod restore;
mod source;
mod watch;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;

use bridle_core::backup::key::RepositoryKey;
use rustic_core::repofile::{Chunker, MasterKey, SnapshotFile};
use rustic_core::{
    ConfigOptions, Credentials, KeyOptions, OpenStatus, RepositoryBackends, RepositoryOptions, RusticError,
    RusticResult,
};

pub use archive::{Archived, Outline};
pub use check::{CheckReport, Reading};
pub use error::{Missed, RepositoryError};
pub use prune::{Forecast, KEEP_DELETE_DAYS, KEEP_PACK_DAYS, Plan};
pub use restore::{Restored, Restoring};
pub use source::Tree;
pub use watch::{Silent, Watch};

use crate::store::ObjectStore;
use backend::Backend;

/// zstd’s level, said explicitly because the engine’s 0 means none. Other levels have not been compared yet.
const COMPRESSION: i32 = 3;
/// Packs grow with the square root of the repository; none grows beyond this, so that one object is read in bounded memory.
const MOST_PACK: u64 = 128 << 20;

type Opened = rustic_core::Repository<OpenStatus>;

/// An opened repository.
pub struct Repository {
    store: Arc<dyn ObjectStore>,
    key: MasterKey,
    /// Name of the key of restic's own that opened it.
    opened_by: String,
    cache: Option<PathBuf>,
}

/// The name of a snapshot: 64 lower-case hex digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SnapshotName(String);

/// What a listing says of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Its name.
    pub name: SnapshotName,
    /// When it was taken, in milliseconds since 1970.
    pub time: i64,
    /// What it holds, as paths.
    pub paths: Vec<String>,
    /// Words that were given to it.
    pub tags: Vec<String>,
    /// Its host.
    pub host: String,
}

impl SnapshotName {
    /// Takes a name; `None` if it is none.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (name.len() == 64 && name.bytes().all(digit)).then(|| Self(name.to_owned()))
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SnapshotName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for Repository {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Repository({})", self.store.location())
    }
}

impl Repository {
    /// Makes a repository in an empty store and opens it. `cache` is a folder for copies of what is read often; whatever
    /// happens to it costs time only.
    ///
    /// # Errors
    /// [`RepositoryError::Present`] if there is one already.
    pub fn create(
        store: Arc<dyn ObjectStore>,
        key: &RepositoryKey,
        cache: Option<PathBuf>,
    ) -> Result<Self, RepositoryError> {
        if !store.list("keys/")?.is_empty() || store.head(&backend::config_key())?.is_some() {
            return Err(RepositoryError::Present { place: store.location() });
        }
        let config = ConfigOptions::default()
            .set_compression(COMPRESSION)
            .set_datapack_size_limit(rustic_size(MOST_PACK))
            .set_treepack_size_limit(rustic_size(MOST_PACK));
        let backend = Arc::new(Backend::making(Arc::clone(&store)));
        let credentials = Credentials::password(key.password());
        let made = engine("create", &backend, || {
            unopened(&backend, None)?.init(&credentials, &KeyOptions::default(), &config)
        })?;
        Ok(Self { store, key: made.key(), opened_by: keys::name_of(&made), cache })
    }

    /// Opens a repository with its key.
    ///
    /// # Errors
    /// [`RepositoryError::Absent`] if there is none, [`RepositoryError::KeyWrong`] if the key opens it not.
    pub fn open(
        store: Arc<dyn ObjectStore>,
        key: &RepositoryKey,
        cache: Option<PathBuf>,
    ) -> Result<Self, RepositoryError> {
        Self::open_with_password(store, &key.password(), cache)
    }

    /// Opens a repository with a password of restic, such as one that stock restic made.
    ///
    /// # Errors
    /// Those of [`Self::open`].
    pub fn open_with_password(
        store: Arc<dyn ObjectStore>,
        password: &str,
        cache: Option<PathBuf>,
    ) -> Result<Self, RepositoryError> {
        if store.head(&backend::config_key())?.is_none() {
            return Err(RepositoryError::Absent { place: store.location() });
        }
        let backend = Arc::new(Backend::reading(Arc::clone(&store)));
        let opened = engine("open", &backend, || unopened(&backend, None)?.open(&Credentials::password(password)))?;
        Ok(Self { store, key: opened.key(), opened_by: keys::name_of(&opened), cache })
    }

    /// Where it is, for people.
    #[must_use]
    pub fn place(&self) -> String {
        self.store.location()
    }

    /// All snapshots, the oldest first. Which of them count is the catalogue's to say.
    ///
    /// # Errors
    /// [`RepositoryError`] if the listing or one of them cannot be read: none is left out.
    pub fn snapshots(&self) -> Result<Vec<Snapshot>, RepositoryError> {
        let backend = Arc::new(Backend::reading(Arc::clone(&self.store)));
        let mut found = engine("list", &backend, || self.session(&backend)?.get_all_snapshots())?;
        backend.unfailed()?;
        found.sort_unstable_by_key(|snapshot| snapshot.time.timestamp());
        Ok(found.iter().map(described).collect())
    }

    /// The engine over `backend`.
    fn session(&self, backend: &Arc<Backend>) -> RusticResult<Opened> {
        unopened(backend, self.cache.clone())?.open(&Credentials::Masterkey(self.key.clone()))
    }

    /// The engine over `backend`, cutting files at fixed places; what is stored of its settings stays as it is (0030).
    fn session_of_fixed_chunks(&self, backend: &Arc<Backend>) -> RusticResult<Opened> {
        let mut opened = self.session(backend)?;
        opened.apply_config(&ConfigOptions::default().set_chunker(Chunker::FixedSize))?;
        Ok(opened)
    }
}

fn unopened(backend: &Arc<Backend>, cache: Option<PathBuf>) -> RusticResult<rustic_core::Repository<()>> {
    let mut options = RepositoryOptions::default().no_cache(cache.is_none());
    options.cache_dir = cache;
    let backends = RepositoryBackends::new(Arc::clone(backend) as Arc<dyn rustic_core::WriteBackend>, None);
    rustic_core::Repository::new_with_progress(&options, &backends, backend.progress())
}

/// Runs the engine; its panics and our backend's own errors come first, because they say more.
fn engine<T>(
    action: &'static str,
    backend: &Arc<Backend>,
    work: impl FnOnce() -> RusticResult<T>,
) -> Result<T, RepositoryError> {
    let place = backend.place();
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => {
            backend.unfailed()?;
            Err(if error.is_incorrect_password() {
                RepositoryError::KeyWrong { place }
            } else {
                RepositoryError::Engine { action, place, text: said(&error) }
            })
        }
        Err(panic) => {
            backend.unfailed()?;
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Err(RepositoryError::Engine { action, place, text: text.unwrap_or_else(|| "panic".to_owned()) })
        }
    }
}

/// What the engine says of its error, in one line.
fn said(error: &RusticError) -> String {
    in_one_line(&error.display_log())
}

/// Words without the pages of context and call stacks that the engine adds.
fn in_one_line(text: &str) -> String {
    let words = text.split("Some additional details").next().unwrap_or(text);
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn described(snapshot: &SnapshotFile) -> Snapshot {
    Snapshot {
        name: SnapshotName(snapshot.id.to_hex().to_string()),
        time: snapshot.time.timestamp().as_millisecond(),
        paths: snapshot.paths.iter().cloned().collect(),
        tags: snapshot.tags.iter().cloned().collect(),
        host: snapshot.hostname.clone(),
    }
}

/// A size as the engine's options take it.
fn rustic_size(bytes: u64) -> Option<bytesize::ByteSize> {
    Some(bytesize::ByteSize(bytes))
}

#[cfg(test)]
mod tests;
