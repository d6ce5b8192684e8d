//! Pulling images from a registry (OCI distribution specification 1.1), by digest where the lock has one.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::time::Duration;

use bridle_core::digest::Digest;
use bridle_core::oci::{Descriptor, INDEX, Index, MANIFEST, Manifest};
use bridle_core::release::Blob;

use super::cache::Cache;
use super::error::AssembleError;
use super::image::{self, MadeImage};
use super::sbom::Component;
use super::source::LockedImage;
use crate::file::MAX_MANIFEST;

const DOCKER_INDEX: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Deadline for one request with its body.
const LIMIT: Duration = Duration::from_secs(1800);

/// Pulls `reference` for linux/amd64; it is called `name` inside the release. With a lock, exactly what it says.
pub(super) fn pull(
    cache: &Cache,
    reference: &str,
    name: &str,
    locked: Option<&LockedImage>,
) -> Result<MadeImage, AssembleError> {
    let source = Reference::parse(reference)?;
    let client = Client::new(&source);
    let bytes = match locked.map(|locked| locked.manifest) {
        Some(digest) => match std::fs::read(cache.blob(&digest)) {
            Ok(bytes) if Digest::of(&bytes) == digest => bytes,
            _ => client.manifest(&digest.to_string(), Some(digest))?,
        },
        None => client.platform_manifest(&source.version)?,
    };
    let manifest: Manifest = serde_json::from_slice(&bytes).map_err(|error| client.failed(error.to_string()))?;
    let media_type = manifest.media_type.clone().unwrap_or_else(|| MANIFEST.to_owned());
    if ![MANIFEST, DOCKER_MANIFEST].contains(&media_type.as_str()) {
        return Err(client.failed(format!("a manifest of type {media_type} is no image")));
    }
    let blob = cache.put(&bytes)?;
    if !image::complete(cache, &manifest) {
        for descriptor in std::iter::once(&manifest.config).chain(&manifest.layers) {
            client.blob(cache, descriptor)?;
        }
    }
    let mut unpacked = 0;
    for layer in &manifest.layers {
        unpacked += unpacked_size(cache, layer)?;
    }
    let locked = LockedImage {
        reference: name.to_owned(),
        from: Some(reference.to_owned()),
        inputs: None,
        manifest: blob.digest,
        layer: Vec::new(),
    };
    Ok(MadeImage {
        descriptor: Descriptor::new(&media_type, blob.digest, blob.size),
        compressed: image::size(&manifest, blob.size),
        unpacked,
        components: vec![Component::new("oci", &source.name, &blob.digest.to_string())],
        notices: Vec::new(),
        locked,
    })
}

/// `host/name:tag` or `host/name@digest` in its parts.
#[derive(Debug, PartialEq, Eq)]
struct Reference {
    host: String,
    name: String,
    version: String,
}

impl Reference {
    fn parse(text: &str) -> Result<Self, AssembleError> {
        if !super::source::is_reference(text) {
            return Err(AssembleError::Fetch {
                what: format!("image {text:?}"),
                reason: "write host/name:tag".to_owned(),
            });
        }
        let (host, rest) = text.split_once('/').unwrap_or_default();
        let (name, version) = match rest.split_once('@') {
            Some((name, digest)) => (name.split(':').next().unwrap_or(name), digest),
            None => rest.rsplit_once(':').unwrap_or((rest, "latest")),
        };
        Ok(Self { host: host.to_owned(), name: name.to_owned(), version: version.to_owned() })
    }

    /// Plain HTTP is for this machine only.
    fn scheme(&self) -> &'static str {
        let host = self.host.rsplit_once(':').map_or(self.host.as_str(), |(host, _)| host);
        let local =
            host == "localhost" || host.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback());
        if local { "http" } else { "https" }
    }
}

struct Client<'a> {
    agent: ureq::Agent,
    source: &'a Reference,
}

impl<'a> Client<'a> {
    fn new(source: &'a Reference) -> Self {
        Self { agent: agent(), source }
    }

    /// The manifest for linux/amd64 behind a tag or digest.
    fn platform_manifest(&self, version: &str) -> Result<Vec<u8>, AssembleError> {
        let pinned = version.parse::<Digest>().ok();
        let bytes = self.manifest(version, pinned)?;
        let Ok(index) = serde_json::from_slice::<Index>(&bytes) else { return Ok(bytes) };
        let chosen = index.manifests.iter().find(|descriptor| {
            descriptor
                .platform
                .as_ref()
                .is_some_and(|platform| platform.os == "linux" && platform.architecture == "amd64")
        });
        let chosen = chosen.ok_or_else(|| self.failed("no image for linux/amd64".to_owned()))?;
        self.manifest(&chosen.digest.to_string(), Some(chosen.digest))
    }

    fn manifest(&self, version: &str, expected: Option<Digest>) -> Result<Vec<u8>, AssembleError> {
        let accept = [MANIFEST, INDEX, DOCKER_MANIFEST, DOCKER_INDEX].join(", ");
        let mut bytes = Vec::new();
        let reader = self.get(&format!("manifests/{version}"), &accept)?;
        reader.take(MAX_MANIFEST + 1).read_to_end(&mut bytes).map_err(|error| self.failed(error.to_string()))?;
        if bytes.len() as u64 > MAX_MANIFEST {
            return Err(self.failed(format!("a manifest of more than {MAX_MANIFEST} bytes")));
        }
        match expected.filter(|expected| *expected != Digest::of(&bytes)) {
            Some(expected) => Err(self.failed(format!("manifest {expected} came with other content"))),
            None => Ok(bytes),
        }
    }

    /// Brings a blob into the cache unless it is there.
    fn blob(&self, cache: &Cache, wanted: &Descriptor) -> Result<(), AssembleError> {
        let blob = Blob { digest: wanted.digest, size: wanted.size };
        if cache.has(&blob) {
            return Ok(());
        }
        let reader = self.get(&format!("blobs/{}", wanted.digest), "*/*")?;
        let mut writer = cache.begin()?;
        io::copy(&mut reader.take(wanted.size + 1), &mut writer).map_err(|error| self.failed(error.to_string()))?;
        // A blob is kept under the digest of what came, so a wrong one can never be taken for this one.
        if writer.finish()? == blob {
            Ok(())
        } else {
            Err(self.failed(format!("blob {} came with other content", wanted.digest)))
        }
    }

    fn get(&self, path: &str, accept: &str) -> Result<impl Read + use<>, AssembleError> {
        let Reference { host, name, .. } = self.source;
        let address = format!("{}://{host}/v2/{name}/{path}", self.source.scheme());
        let response = self.agent.get(&address).header("accept", accept).call();
        Ok(response
            .map_err(|error| self.failed(error.to_string()))?
            .into_body()
            .into_with_config()
            .limit(u64::MAX)
            .reader())
    }

    fn failed(&self, reason: String) -> AssembleError {
        let Reference { host, name, version } = self.source;
        AssembleError::Fetch { what: format!("image {host}/{name}:{version}"), reason }
    }
}

/// A client with a deadline for each request.
fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().timeout_global(Some(LIMIT)).max_redirects(5).build().into()
}

/// Fetches an address into the cache; it must have the given digest.
pub(super) fn address(cache: &Cache, url: &str, sha256: &Digest) -> Result<Blob, AssembleError> {
    if let Ok(metadata) = std::fs::metadata(cache.blob(sha256)) {
        return Ok(Blob { digest: *sha256, size: metadata.len() });
    }
    let failed = |reason: String| AssembleError::Fetch { what: url.to_owned(), reason };
    let response = agent().get(url).call().map_err(|error| failed(error.to_string()))?;
    let mut writer = cache.begin()?;
    let mut reader = response.into_body().into_with_config().limit(8 << 30).reader();
    io::copy(&mut reader, &mut writer).map_err(|error| failed(error.to_string()))?;
    let blob = writer.finish()?;
    if blob.digest == *sha256 { Ok(blob) } else { Err(failed(format!("came with {}", blob.digest))) }
}

/// Bytes of a layer's tar stream.
fn unpacked_size(cache: &Cache, layer: &Descriptor) -> Result<u64, AssembleError> {
    let path = cache.blob(&layer.digest);
    let file = cache.open_blob(&layer.digest).map_err(AssembleError::io("open", &path))?;
    let size = if layer.media_type.ends_with("zstd") {
        zstd::stream::read::Decoder::new(file).and_then(|mut decoder| io::copy(&mut decoder, &mut io::sink()))
    } else if layer.media_type.ends_with("gzip") {
        io::copy(&mut flate2::read::MultiGzDecoder::new(file), &mut io::sink())
    } else {
        Ok(layer.size)
    };
    size.map_err(AssembleError::io("unpack", &path))
}

/// References with their descriptors, for the index.
pub(super) fn descriptors(images: &[MadeImage]) -> BTreeMap<String, Descriptor> {
    images.iter().map(|image| (image.locked.reference.clone(), image.descriptor.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_in_their_parts() {
        let parts = |text: &str| {
            Reference::parse(text)
                .map(|reference| (reference.scheme(), reference.host, reference.name, reference.version))
        };
        let expect = |scheme, host: &str, name: &str, version: &str| {
            (scheme, host.to_owned(), name.to_owned(), version.to_owned())
        };
        assert_eq!(parts("127.0.0.1:5000/a/b:1.2").expect("parse"), expect("http", "127.0.0.1:5000", "a/b", "1.2"));
        assert_eq!(parts("x.example/a:1").expect("parse"), expect("https", "x.example", "a", "1"));
        let digest = Digest::of(b"").to_string();
        assert_eq!(
            parts(&format!("localhost/a:1@{digest}")).expect("parse"),
            expect("http", "localhost", "a", &digest)
        );
        for text in ["a", "a/b", "a/b:1", "x.example/a", "x.example/a b:1"] {
            assert!(parts(text).is_err(), "{text}");
        }
    }
}
