//! Charts in registries (Helm's OCI format).

use bridle_core::digest::Digest;
use bridle_core::oci::{MANIFEST, Manifest};
use bridle_core::release::{Blob, CHART};

use super::download::Fetcher;
use super::error::RegistryError;
use super::reference::Reference;
use crate::assemble::cache::Cache;
use crate::assemble::error::chain;
use crate::file::MAX_MANIFEST;

/// Largest packed chart, in bytes.
const MAX_CHART: u64 = 32 << 20;

/// A chart's archive in the cache, with what the lock pins.
#[derive(Debug)]
pub(in crate::assemble) struct PulledChart {
    /// Digest of its OCI manifest.
    pub(in crate::assemble) manifest: Digest,
    /// The packed chart as its maker published it.
    pub(in crate::assemble) archive: Blob,
}

/// Pulls the chart `oci://HOST/NAME` in `version`; with a lock, the manifest that it names.
pub(in crate::assemble) fn chart(
    fetcher: &Fetcher<'_>,
    cache: &Cache,
    address: &str,
    version: &str,
    locked: Option<Digest>,
) -> Result<PulledChart, RegistryError> {
    let plain = address.strip_prefix("oci://").unwrap_or(address);
    // Tags have no plus sign: Helm writes an underscore.
    let reference = Reference::parse(&format!("{plain}:{}", version.replace('+', "_")))?;
    let what = format!("chart {reference}");
    let bytes = match locked {
        Some(digest) => match std::fs::read(cache.blob(&digest)) {
            Ok(bytes) if Digest::of(&bytes) == digest => bytes,
            _ => fetcher.exact(&reference, &format!("manifests/{digest}"), MANIFEST, &digest, MAX_MANIFEST)?,
        },
        None => fetcher
            .document(&reference, &format!("manifests/{}", reference.version), MANIFEST, MAX_MANIFEST)?
            .ok_or_else(|| RegistryError::content(&what, "the registry has no such chart; check name and version"))?,
    };
    let failed = |error: crate::assemble::AssembleError| RegistryError::content(&what, error.to_string());
    let manifest = cache.put(&bytes).map_err(failed)?.digest;
    let read = Manifest::read(&bytes)
        .map_err(|error| RegistryError::content(&what, format!("the manifest cannot be read: {}", chain(&error))))?;
    let layer = read
        .layers
        .iter()
        .find(|layer| layer.media_type == CHART)
        .ok_or_else(|| RegistryError::content(&what, "this is no chart; images belong into [[image]]"))?;
    if layer.size > MAX_CHART {
        return Err(RegistryError::content(&what, format!("{} bytes, the limit is {MAX_CHART}", layer.size)));
    }
    let archive = Blob { digest: layer.digest, size: layer.size };
    fetcher.blob(cache, &reference, &archive)?;
    Ok(PulledChart { manifest, archive })
}
