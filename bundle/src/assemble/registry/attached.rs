//! Bills of materials that are attached to an image: OCI referrers, or the attestation manifest of BuildKit.

use bridle_core::digest::Digest;
use bridle_core::oci::{INDEX, MANIFEST, Manifest};

use super::download::Fetcher;
use super::error::RegistryError;
use super::platform::Offers;
use super::reference::Reference;
use crate::assemble::bill;
use crate::assemble::cache::Cache;
use crate::file::MAX_MANIFEST;

/// Largest bill of materials, in bytes.
const MAX_BILL: u64 = 64 << 20;
/// Media types of bills, the better ones first.
const TYPES: [&str; 3] = ["application/vnd.cyclonedx+json", "application/spdx+json", "text/spdx+json"];
/// Annotations of BuildKit's attestation manifest and its layers.
const SUBJECT: &str = "vnd.docker.reference.digest";
const PREDICATE: &str = "in-toto.io/predicate-type";
/// Predicates that are bills of materials.
const PREDICATES: [&str; 2] = ["https://spdx.dev/Document", "https://cyclonedx.org/bom"];

/// Digest of the bill of one of `subjects` (the manifest, then its index); its bytes are in the cache after that.
pub(super) fn find(
    fetcher: &Fetcher<'_>,
    cache: &Cache,
    of: &Reference,
    subjects: &[Digest],
    offers: Option<&Offers>,
) -> Result<Option<Digest>, RegistryError> {
    let mut candidates = Vec::new();
    for subject in subjects {
        candidates.extend(referrers(fetcher, of, subject)?);
    }
    for offer in offers.iter().flat_map(|offers| &offers.manifests) {
        let named = offer.annotations.get(SUBJECT).and_then(|text| text.parse().ok());
        if named.is_some_and(|named| subjects.contains(&named)) {
            candidates.push(offer.digest);
        }
    }
    for manifest in candidates {
        // A list may name what is gone: that is no reason to refuse the image.
        let bytes = fetcher.document(of, &format!("manifests/{manifest}"), MANIFEST, MAX_MANIFEST)?;
        let Some(bytes) = bytes.filter(|bytes| Digest::of(bytes) == manifest) else { continue };
        let Ok(manifest) = Manifest::read(&bytes) else { continue };
        let is_bill = |kind: &str| TYPES.contains(&kind);
        let layer = manifest.layers.iter().find(|layer| {
            let predicate = layer.annotations.get(PREDICATE);
            is_bill(&layer.media_type)
                || predicate.is_some_and(|kind| PREDICATES.iter().any(|known| kind.starts_with(known)))
        });
        let Some(layer) = layer.filter(|layer| layer.size <= MAX_BILL) else { continue };
        if bill::components(&read(fetcher, cache, of, &layer.digest)?).is_some() {
            return Ok(Some(layer.digest));
        }
    }
    Ok(None)
}

/// The bytes of a bill, from the cache if they are there.
pub(super) fn read(
    fetcher: &Fetcher<'_>,
    cache: &Cache,
    of: &Reference,
    digest: &Digest,
) -> Result<Vec<u8>, RegistryError> {
    if let Some(bytes) = std::fs::read(cache.blob(digest)).ok().filter(|bytes| Digest::of(bytes) == *digest) {
        return Ok(bytes);
    }
    let bytes = fetcher.exact(of, &format!("blobs/{digest}"), "*/*", digest, MAX_BILL)?;
    cache.put(&bytes).map_err(|error| RegistryError::content(&of.to_string(), error.to_string()))?;
    Ok(bytes)
}

/// Manifests of bills that refer to `subject`: by the registry's list, or by the tag of registries without one.
fn referrers(fetcher: &Fetcher<'_>, of: &Reference, subject: &Digest) -> Result<Vec<Digest>, RegistryError> {
    let listed = fetcher.document(of, &format!("referrers/{subject}"), INDEX, MAX_MANIFEST)?;
    let parse = |bytes: Vec<u8>| serde_json::from_slice::<Offers>(&bytes).ok();
    let offers = match listed.and_then(parse) {
        Some(offers) => Some(offers),
        None => {
            fetcher.document(of, &format!("manifests/sha256-{}", subject.hex()), INDEX, MAX_MANIFEST)?.and_then(parse)
        }
    };
    let mut found: Vec<(usize, Digest)> = Vec::new();
    for offer in offers.iter().flat_map(|offers| &offers.manifests) {
        let rank = offer.artifact_type.as_ref().and_then(|kind| TYPES.iter().position(|known| known == kind));
        found.extend(rank.map(|rank| (rank, offer.digest)));
    }
    // The same choice whatever order the registry lists them in.
    found.sort();
    Ok(found.into_iter().map(|(_, digest)| digest).collect())
}
