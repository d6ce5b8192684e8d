//! The blob store as the rest of the agent uses it.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use bridle_bundle::store::{Catalogue, Pin, Store, StoreError};
use bridle_core::digest::Digest;
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::oci::Descriptor;
use bridle_core::port::{Blobs, Clock as _};
use bridle_core::status::ReleaseView;
use bridle_host::clock::SystemClock;

/// The store with what its pins name, read once and again when something is asked for that it does not know.
pub(crate) struct SharedStore {
    store: Store,
    known: RwLock<(Arc<Catalogue>, Duration)>,
    preferred: RwLock<Option<String>>,
}

/// The pins are not read again more often than this: a stranger on loopback may ask for unknown names all day.
const REFRESH: Duration = Duration::from_secs(2);

impl SharedStore {
    pub(crate) fn new(store: Store) -> Result<Self, StoreError> {
        let catalogue = Arc::new(store.catalogue()?);
        let known = RwLock::new((catalogue, SystemClock.monotonic()));
        Ok(Self { store, known, preferred: RwLock::new(None) })
    }

    /// Says which release (`NAME-VERSION`) decides what a tag means that several have; without one the newest does.
    pub(crate) fn prefer(&self, release: Option<String>) {
        *self.preferred.write().unwrap_or_else(PoisonError::into_inner) = release;
    }

    /// Descriptor of an image manifest by `host/name:tag` or `host/name@digest`.
    pub(crate) fn resolve(&self, reference: &str) -> Result<Option<Descriptor>, StoreError> {
        let preferred = self.preferred();
        self.look_up(|catalogue| catalogue.resolve(reference, preferred.as_deref()).cloned())
    }

    /// Path and size in bytes of a blob that a pinned release names.
    pub(crate) fn named_blob(&self, digest: &Digest) -> Result<Option<(PathBuf, u64)>, StoreError> {
        let size = self.look_up(|catalogue| catalogue.size(digest))?;
        Ok(size.map(|size| (self.store.blob_path(digest), size)))
    }

    /// Tags of the repository `name` (`host/name`), in the order of their names; none if there is no such repository.
    /// Which release means what by them is not told here.
    pub(crate) fn tags(&self, name: &str) -> Result<Vec<String>, StoreError> {
        let of_name = |catalogue: &Catalogue| {
            let tags: Vec<String> = catalogue
                .images(None)
                .filter_map(|(reference, _)| reference.strip_prefix(name)?.strip_prefix(':').map(str::to_owned))
                .collect();
            (!tags.is_empty()).then_some(tags)
        };
        Ok(self.look_up(of_name)?.unwrap_or_default())
    }

    /// The store itself.
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Reads the pins again: a release came or went.
    pub(crate) fn refresh(&self) -> Result<(), StoreError> {
        self.refreshed().map(drop)
    }

    /// The releases, newest first; `current` is the installed one.
    pub(crate) fn releases(&self, current: Option<&str>) -> Result<Vec<ReleaseView>, StoreError> {
        let catalogue = self.refreshed()?;
        let views = catalogue.pins().iter().map(|pin| {
            // A damaged release is still in the list; `bridle store check` says what it lacks.
            let bytes = self.store.blobs_of(&pin.id()).unwrap_or_default().iter().map(|blob| blob.size).sum();
            Ok(ReleaseView {
                id: pin.id(),
                name: pin.name.clone(),
                version: pin.version.to_string(),
                sequence: pin.sequence,
                images: pin.manifest.images.len() as u64,
                bytes,
                added: bridle_core::port::Timestamp(pin.added.saturating_mul(1000)),
                current: current == Some(pin.id().as_str()),
            })
        });
        views.collect()
    }

    fn preferred(&self) -> Option<String> {
        self.preferred.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn look_up<T>(&self, find: impl Fn(&Catalogue) -> Option<T>) -> Result<Option<T>, StoreError> {
        let (catalogue, read) = self.known.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(found) = find(&catalogue) {
            return Ok(Some(found));
        }
        if SystemClock.monotonic().saturating_sub(read) < REFRESH {
            return Ok(None);
        }
        Ok(find(&*self.refreshed()?))
    }

    fn refreshed(&self) -> Result<Arc<Catalogue>, StoreError> {
        let catalogue = Arc::new(self.store.catalogue()?);
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = (Arc::clone(&catalogue), SystemClock.monotonic());
        Ok(catalogue)
    }
}

impl Blobs for SharedStore {
    fn path(&self, digest: &Digest) -> Option<PathBuf> {
        let path = self.store.blob_path(digest);
        path.is_file().then_some(path)
    }
}

impl SharedStore {
    /// The release `id` as it is pinned.
    ///
    /// # Errors
    /// `ReleaseAbsent`, or `StoreDamaged` if its pin cannot be read.
    pub(crate) fn pin(&self, id: &str) -> Result<Pin, Fault> {
        let pin = self.store.pin(id).map_err(|error| Fault::new(FaultCode::StoreDamaged).because(&error))?;
        pin.ok_or_else(|| Fault::new(FaultCode::ReleaseAbsent).with("release", id))
    }

    /// How many blobs that the release names are not in the store.
    ///
    /// # Errors
    /// A [`Fault`] if the store cannot be read.
    pub(crate) fn missing(&self, id: &str) -> Result<usize, Fault> {
        let damaged = |error: StoreError| Fault::new(FaultCode::StoreDamaged).because(&error);
        let blobs = self.store.blobs_of(id).map_err(damaged)?;
        let mut missing = 0;
        for blob in blobs {
            if self.store.blob_size(&blob.digest).map_err(damaged)? != Some(blob.size) {
                missing += 1;
            }
        }
        Ok(missing)
    }
}
