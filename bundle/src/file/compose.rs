//! Composing a release from its parts: release manifest, images, blobs → signed index and everything it names.

use std::collections::BTreeMap;

use bridle_core::digest::Digest;
use bridle_core::oci::{Descriptor, INDEX, Index, MANIFEST, Manifest, REF_NAME};
use bridle_core::release::{RELEASE_ARTIFACT, RELEASE_CONFIG, ReleaseManifest};

use super::contents::{PUBLISHER_KEY, parts};
use super::error::FileError;
use crate::trust::PublicKey;

/// A composed release: the bytes of its index and of the two manifests that belong to the release itself.
#[derive(Debug)]
pub struct Composed {
    /// `index.json`, to be signed.
    pub index: Vec<u8>,
    /// Digest of the release's OCI manifest.
    pub digest: Digest,
    /// The release's OCI manifest and the release manifest, by digest.
    pub blobs: BTreeMap<Digest, Vec<u8>>,
}

/// Composes a release; `images` are the descriptors of the image manifests by reference.
///
/// # Errors
/// [`FileError::Json`] if a part cannot be written as JSON.
pub fn compose(
    release: &ReleaseManifest,
    images: &BTreeMap<String, Descriptor>,
    publisher: &PublicKey,
) -> Result<Composed, FileError> {
    let config = json(release, "release manifest")?;
    let manifest = Manifest {
        schema_version: 2,
        media_type: Some(MANIFEST.to_owned()),
        artifact_type: Some(RELEASE_ARTIFACT.to_owned()),
        config: Descriptor::new(RELEASE_CONFIG, Digest::of(&config), config.len() as u64),
        layers: parts(release)
            .into_iter()
            .map(|(blob, media_type, named_by)| {
                let mut layer = Descriptor::new(media_type, blob.digest, blob.size);
                layer.annotations.insert("org.opencontainers.image.title".to_owned(), named_by.to_string());
                layer
            })
            .collect(),
        annotations: BTreeMap::new(),
    };
    let manifest = json(&manifest, "manifest of the release")?;
    let digest = Digest::of(&manifest);
    let mut first = Descriptor::new(MANIFEST, digest, manifest.len() as u64);
    first.artifact_type = Some(RELEASE_ARTIFACT.to_owned());
    let images = images.iter().map(|(reference, descriptor)| {
        let mut descriptor = descriptor.clone();
        descriptor.annotations = BTreeMap::from([(REF_NAME.to_owned(), reference.clone())]);
        descriptor
    });
    let index = Index {
        schema_version: 2,
        media_type: Some(INDEX.to_owned()),
        manifests: std::iter::once(first).chain(images).collect(),
        annotations: BTreeMap::from([(PUBLISHER_KEY.to_owned(), publisher.to_base64())]),
    };
    let blobs = BTreeMap::from([(Digest::of(&config), config), (digest, manifest)]);
    Ok(Composed { index: json(&index, "index.json")?, digest, blobs })
}

fn json<T: serde::Serialize>(value: &T, what: &'static str) -> Result<Vec<u8>, FileError> {
    serde_json::to_vec(value).map_err(|source| FileError::Json { what, source })
}
