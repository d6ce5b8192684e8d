//! What the pinned releases name: look-ups for the registry.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

use bridle_core::digest::Digest;
use bridle_core::oci::Descriptor;

use super::error::StoreError;
use super::{Pin, Store, pin, place};
use crate::file::{Contents, FileError};

/// What all pinned releases name, as it was when it was read.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    pins: Vec<Pin>,
    tags: BTreeMap<String, Descriptor>,
    manifests: BTreeMap<Digest, Descriptor>,
    blobs: BTreeSet<Digest>,
}

impl Catalogue {
    pub(super) fn load(store: &Store) -> Result<Self, StoreError> {
        let mut catalogue = Self { pins: store.releases()?, ..Self::default() };
        for pin in &catalogue.pins {
            let contents = contents(store, &pin.id())?;
            catalogue.blobs.extend(contents.all().map(|blob| blob.digest));
            for (reference, image) in contents.images {
                let mut descriptor = image.descriptor;
                descriptor.annotations.clear();
                catalogue.manifests.insert(descriptor.digest, descriptor.clone());
                // Newest first: what is there already wins.
                catalogue.tags.entry(reference).or_insert(descriptor);
            }
        }
        Ok(catalogue)
    }

    /// The pins, newest first.
    #[must_use]
    pub fn pins(&self) -> &[Pin] {
        &self.pins
    }

    /// Descriptor of the manifest of `host/name:tag` (newest pin) or `host/name@digest` (any pin).
    #[must_use]
    pub fn resolve(&self, reference: &str) -> Option<&Descriptor> {
        match reference.split_once('@') {
            Some((_, digest)) => self.manifest_by_digest(&digest.parse().ok()?),
            None => self.tags.get(reference),
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
        self.blobs.contains(digest)
    }

    /// References of all images with their descriptors.
    pub fn images(&self) -> impl Iterator<Item = (&str, &Descriptor)> {
        self.tags.iter().map(|(reference, descriptor)| (reference.as_str(), descriptor))
    }
}

/// What the pinned release `id` names, read from the store and checked against its index.
pub(super) fn contents(store: &Store, id: &str) -> Result<Contents, StoreError> {
    if store.pin(id)?.is_none() {
        return Err(StoreError::Absent { id: id.chars().take(100).collect() });
    }
    let index = pin::index(&store.pins(), id)?;
    let mut failure = None;
    let contents = Contents::walk(&index, &mut |blob| {
        let read = store.open_blob(&blob.digest).and_then(|file| {
            let missing = || StoreError::Missing { digest: blob.digest, named_by: blob.named_by.clone() };
            let mut bytes = Vec::new();
            let file = file.ok_or_else(missing)?;
            file.take(blob.size + 1)
                .read_to_end(&mut bytes)
                .map_err(place::failed("read", &store.blob_path(&blob.digest)))?;
            Ok(bytes)
        });
        match read {
            Ok(bytes) if Digest::of(&bytes) == blob.digest => Ok(bytes),
            Ok(bytes) => Err(FileError::Digest {
                expected: blob.digest,
                found: Digest::of(&bytes),
                named_by: blob.named_by.clone(),
            }),
            Err(error) => {
                failure = Some(error);
                Err(FileError::Missing { digest: blob.digest, named_by: blob.named_by.clone() })
            }
        }
    });
    match (contents, failure) {
        (Ok(contents), _) => Ok(contents),
        (Err(_), Some(failure)) => Err(failure),
        (Err(error), None) => Err(error.into()),
    }
}
