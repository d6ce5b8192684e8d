//! What the pinned releases name: look-ups for the registry.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

use bridle_core::digest::Digest;
use bridle_core::oci::Descriptor;

use super::error::StoreError;
use super::{Pin, Store, pin, place};
use crate::file::{Contents, FileError, NamedBlob};

/// What all pinned releases name, as it was when it was read.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    pins: Vec<Pin>,
    broken: Vec<String>,
    tags: BTreeMap<String, Vec<Choice>>,
    manifests: BTreeMap<Digest, Descriptor>,
    blobs: BTreeMap<Digest, u64>,
}

/// What one release means by a reference.
#[derive(Debug, Clone)]
struct Choice {
    /// `NAME-VERSION`.
    release: String,
    descriptor: Descriptor,
}

impl Catalogue {
    pub(super) fn load(store: &Store) -> Result<Self, StoreError> {
        let records = store.records()?;
        let broken = records.broken.into_iter().map(|(id, _)| id).collect();
        let mut catalogue = Self { pins: records.pins, broken, ..Self::default() };
        for pin in &catalogue.pins {
            let contents = match contents(store, &pin.id()) {
                Ok(contents) => contents,
                // One damaged release must not take the others with it: it is named, and `check` says what it lacks.
                Err(_) => {
                    catalogue.broken.push(pin.id());
                    continue;
                }
            };
            catalogue.blobs.extend(contents.all().map(|blob| (blob.digest, blob.size)));
            for (reference, image) in contents.images {
                let mut descriptor = image.descriptor;
                descriptor.annotations.clear();
                catalogue.manifests.insert(descriptor.digest, descriptor.clone());
                // Newest first, as the pins are.
                let choice = Choice { release: pin.id(), descriptor };
                catalogue.tags.entry(reference).or_default().push(choice);
            }
        }
        Ok(catalogue)
    }

    /// The pins, newest first.
    #[must_use]
    pub fn pins(&self) -> &[Pin] {
        &self.pins
    }

    /// Releases whose record or manifests are damaged: nothing here counts what they name.
    #[must_use]
    pub fn broken(&self) -> &[String] {
        &self.broken
    }

    /// Descriptor of the manifest of `host/name:tag` or `host/name@digest`. Where releases mean different images by a tag,
    /// the one of the release `preferred` (`NAME-VERSION`) is meant, and without it, or where it has none, that of the newest
    /// pin. A digest means the same in each.
    #[must_use]
    pub fn resolve(&self, reference: &str, preferred: Option<&str>) -> Option<&Descriptor> {
        match reference.split_once('@') {
            Some((_, digest)) => self.manifest_by_digest(&digest.parse().ok()?),
            None => chosen(self.tags.get(reference)?, preferred),
        }
    }

    /// Descriptor of an image manifest.
    #[must_use]
    pub fn manifest_by_digest(&self, digest: &Digest) -> Option<&Descriptor> {
        self.manifests.get(digest)
    }

    /// Whether any pinned release names the blob.
    #[must_use]
    pub fn names(&self, digest: &Digest) -> bool {
        self.blobs.contains_key(digest)
    }

    /// Size in bytes of a blob that a pinned release names.
    #[must_use]
    pub fn size(&self, digest: &Digest) -> Option<u64> {
        self.blobs.get(digest).copied()
    }

    /// Every blob that a pinned release names.
    pub fn blobs(&self) -> impl Iterator<Item = Digest> {
        self.blobs.keys().copied()
    }

    /// References of all images with their descriptors, chosen as [`Self::resolve`] does.
    pub fn images<'a>(&'a self, preferred: Option<&'a str>) -> impl Iterator<Item = (&'a str, &'a Descriptor)> {
        let one = move |(reference, choices): (&'a String, &'a Vec<Choice>)| {
            Some((reference.as_str(), chosen(choices, preferred)?))
        };
        self.tags.iter().filter_map(one)
    }
}

/// The preferred release's, else the first one: the newest.
fn chosen<'a>(choices: &'a [Choice], preferred: Option<&str>) -> Option<&'a Descriptor> {
    let meant = choices.iter().find(|choice| Some(choice.release.as_str()) == preferred);
    meant.or_else(|| choices.first()).map(|choice| &choice.descriptor)
}

/// What the pinned releases name, each for itself.
pub(super) struct Named {
    /// By release.
    pub(super) releases: Vec<(String, BTreeSet<Digest>)>,
    /// Releases of which it cannot be told.
    pub(super) broken: Vec<String>,
}

impl Named {
    /// Everything that the releases but `without` name.
    pub(super) fn all(self, without: Option<&str>) -> BTreeSet<Digest> {
        let others = self.releases.into_iter().filter(|(id, _)| Some(id.as_str()) != without);
        others.flat_map(|(_, digests)| digests).collect()
    }
}

/// Reads what each pinned release names.
pub(super) fn named_by_release(store: &Store) -> Result<Named, StoreError> {
    let records = store.records()?;
    let mut named = Named { releases: Vec::new(), broken: records.broken.into_iter().map(|(id, _)| id).collect() };
    for pin in records.pins {
        match contents(store, &pin.id()) {
            Ok(contents) => named.releases.push((pin.id(), contents.all().map(|blob| blob.digest).collect())),
            Err(_) => named.broken.push(pin.id()),
        }
    }
    Ok(named)
}

/// What the pinned release `id` names, read from the store and checked against its index.
pub(super) fn contents(store: &Store, id: &str) -> Result<Contents, StoreError> {
    if store.pin(id)?.is_none() {
        return Err(StoreError::Absent { id: id.chars().take(100).collect() });
    }
    walk(store, &pin::index(store.fs(), &store.pins(), id)?)
}

/// What the release with this `index` names, read from the store and checked against the index.
pub(super) fn walk(store: &Store, index: &[u8]) -> Result<Contents, StoreError> {
    let mut failure = None;
    let contents = Contents::walk(index, &mut |blob| match manifest(store, blob) {
        Ok(bytes) if Digest::of(&bytes) == blob.digest => Ok(bytes),
        Ok(bytes) => {
            Err(FileError::Digest { expected: blob.digest, found: Digest::of(&bytes), named_by: blob.named_by.clone() })
        }
        Err(error) => {
            failure = Some(error);
            Err(FileError::Missing { digest: blob.digest, named_by: blob.named_by.clone() })
        }
    });
    match (contents, failure) {
        (Ok(contents), _) => Ok(contents),
        (Err(_), Some(failure)) => Err(failure),
        (Err(error), None) => Err(error.into()),
    }
}

fn manifest(store: &Store, blob: &NamedBlob) -> Result<Vec<u8>, StoreError> {
    let missing = || StoreError::Missing { digest: blob.digest, named_by: blob.named_by.clone() };
    let file = store.open_blob(&blob.digest)?.ok_or_else(missing)?;
    let mut bytes = Vec::new();
    let path = store.blob_path(&blob.digest);
    file.take(blob.size + 1).read_to_end(&mut bytes).map_err(place::failed("read", &path))?;
    Ok(bytes)
}
