//! The part of the OCI image specification (1.1) that Bridle reads and writes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::json;

/// Media type of an image index.
pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// Media type of an image manifest.
pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// Media type of an image configuration.
pub const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// Media type of a layer compressed with zstd.
pub const LAYER_ZSTD: &str = "application/vnd.oci.image.layer.v1.tar+zstd";
/// Media types under which Docker's registries serve the same documents.
pub const DOCKER_INDEX: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// As [`DOCKER_INDEX`], for [`MANIFEST`].
pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Most layers of a manifest: overlayfs takes no more than about 500 lower directories, and images have some ten.
pub const MAX_LAYERS: usize = 256;
/// Most annotations of an object.
pub const MAX_ANNOTATIONS: usize = 128;
/// Longest media type, in bytes (RFC 6838, 4.2: 127 on each side of the slash).
pub const MAX_MEDIA_TYPE: usize = 255;
/// Longest image reference, in bytes.
pub const MAX_REFERENCE: usize = 255;
/// Limits of the JSON of indexes and manifests.
pub const LIMITS: json::Limits = json::Limits { depth: 16, values: 1 << 18, text: 64 << 10 };
/// Annotation of `index.json` that names an image.
pub const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// Names a blob: media type, digest, size in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// Media type of the blob.
    pub media_type: String,
    /// Digest of the blob.
    pub digest: Digest,
    /// Size in bytes.
    pub size: u64,
    /// Set on a manifest that is not an image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// Free annotations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Platform of a manifest inside an index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
}

impl Descriptor {
    /// A descriptor without annotations.
    #[must_use]
    pub fn new(media_type: &str, digest: Digest, size: u64) -> Self {
        Self {
            media_type: media_type.to_owned(),
            digest,
            size,
            artifact_type: None,
            annotations: BTreeMap::new(),
            platform: None,
        }
    }
}

/// Operating system and processor of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Platform {
    /// Processor, Go's name (`amd64`).
    pub architecture: String,
    /// Operating system (`linux`).
    pub os: String,
}

/// `index.json` of an image layout, or a multi-platform image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Index {
    /// Always 2.
    pub schema_version: u32,
    /// [`INDEX`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// The manifests.
    pub manifests: Vec<Descriptor>,
    /// Free annotations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// Manifest of an image or an artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// Always 2.
    pub schema_version: u32,
    /// [`MANIFEST`] (absent in some old images).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// Set where the manifest is not an image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// The configuration blob.
    pub config: Descriptor,
    /// The layers, lowest first.
    pub layers: Vec<Descriptor>,
    /// Free annotations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Index {
    /// Reads an index of outside origin.
    ///
    /// # Errors
    /// [`OciError`] for what is no index, could also be a manifest, or passes a limit.
    pub fn read(bytes: &[u8]) -> Result<Self, OciError> {
        let index: Self = json::read(bytes, &LIMITS).map_err(OciError::Json)?;
        one_kind(bytes, "manifests", &["config", "layers"])?;
        head(index.schema_version, index.media_type.as_deref(), &[INDEX, DOCKER_INDEX])?;
        limit("annotations", index.annotations.len(), MAX_ANNOTATIONS)?;
        index.manifests.iter().try_for_each(Descriptor::check)?;
        Ok(index)
    }
}

impl Manifest {
    /// Reads a manifest of outside origin.
    ///
    /// # Errors
    /// [`OciError`] for what is no manifest, could also be an index, or passes a limit.
    pub fn read(bytes: &[u8]) -> Result<Self, OciError> {
        let manifest: Self = json::read(bytes, &LIMITS).map_err(OciError::Json)?;
        one_kind(bytes, "layers", &["manifests", "fsLayers"])?;
        head(manifest.schema_version, manifest.media_type.as_deref(), &[MANIFEST, DOCKER_MANIFEST])?;
        limit("annotations", manifest.annotations.len(), MAX_ANNOTATIONS)?;
        limit("layers", manifest.layers.len(), MAX_LAYERS)?;
        std::iter::once(&manifest.config).chain(&manifest.layers).try_for_each(Descriptor::check)?;
        Ok(manifest)
    }
}

impl Descriptor {
    fn check(&self) -> Result<(), OciError> {
        limit("annotations", self.annotations.len(), MAX_ANNOTATIONS)?;
        for media_type in std::iter::once(&self.media_type).chain(&self.artifact_type) {
            let whole = media_type.split_once('/').is_some_and(|(left, right)| !left.is_empty() && !right.is_empty());
            if !whole || media_type.len() > MAX_MEDIA_TYPE || !media_type.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(OciError::MediaType { found: media_type.chars().take(80).collect() });
            }
        }
        Ok(())
    }
}

/// Whether a text is a full image reference: `host/name:tag` or `host/name@digest`, in printable ASCII, with a host that
/// is a name with a dot or a port.
#[must_use]
pub fn is_reference(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._/:@".contains(&byte);
    let Some((host, rest)) = text.split_once('/') else { return false };
    let full = host.contains(['.', ':']) || host == "localhost";
    full && text.len() <= MAX_REFERENCE
        && text.bytes().all(allowed)
        && rest.contains([':', '@'])
        && !rest.starts_with(['/', ':'])
}

/// A document that is two things at once is read as one by this program and as the other by the next (CVE-2021-41190).
fn one_kind(bytes: &[u8], own: &str, foreign: &[&'static str]) -> Result<(), OciError> {
    let fields: BTreeMap<String, serde::de::IgnoredAny> = serde_json::from_slice(bytes).map_err(OciError::Json)?;
    match foreign.iter().find(|name| fields.contains_key(**name)) {
        Some(field) => Err(OciError::Ambiguous { own: own.to_owned(), field }),
        None => Ok(()),
    }
}

fn head(version: u32, media_type: Option<&str>, allowed: &[&str]) -> Result<(), OciError> {
    if version != 2 {
        return Err(OciError::Version { found: version });
    }
    match media_type.filter(|found| !allowed.contains(found)) {
        Some(found) => Err(OciError::MediaType { found: found.chars().take(80).collect() }),
        None => Ok(()),
    }
}

fn limit(what: &'static str, found: usize, limit: usize) -> Result<(), OciError> {
    if found <= limit { Ok(()) } else { Err(OciError::Limit { what, found, limit }) }
}

/// Why an index or a manifest is refused.
#[derive(Debug, thiserror::Error)]
pub enum OciError {
    /// Not the JSON that the specification asks for, or one that passes [`LIMITS`].
    #[error("read OCI document")]
    Json(#[source] serde_json::Error),
    /// Another version of the specification.
    #[error("read OCI document: schema version {found}, this program reads 2")]
    Version {
        /// The version found.
        found: u32,
    },
    /// A media type that is none, or of another kind of document.
    #[error("read OCI document: media type {found:?}")]
    MediaType {
        /// The media type, at most 80 characters.
        found: String,
    },
    /// Index and manifest at once.
    #[error("read OCI document: has {own:?} and {field:?}, so it is two things at once")]
    Ambiguous {
        /// The field that was looked for.
        own: String,
        /// The field that must not be there.
        field: &'static str,
    },
    /// More than a limit.
    #[error("read OCI document: {found} {what}, the limit is {limit}")]
    Limit {
        /// What is counted.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// The limit.
        limit: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(change: impl Fn(&mut serde_json::Value)) -> Result<Manifest, OciError> {
        let blob = |kind: &str| serde_json::json!({ "mediaType": kind, "digest": Digest::of(b"x"), "size": 1 });
        let mut value = serde_json::json!({
            "schemaVersion": 2, "mediaType": MANIFEST, "config": blob(CONFIG), "layers": [blob(LAYER_ZSTD)],
        });
        change(&mut value);
        Manifest::read(value.to_string().as_bytes())
    }

    #[test]
    fn a_manifest_is_read() {
        assert_eq!(manifest(|_| {}).expect("read").layers.len(), 1);
        manifest(|value| value["subject"] = serde_json::json!({})).expect("unknown fields are for others");
        manifest(|value| value["mediaType"] = DOCKER_MANIFEST.into()).expect("Docker's name for it");
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for field in ["manifests", "fsLayers"] {
            let both = manifest(|value| value[field] = serde_json::json!([]));
            assert!(matches!(both, Err(OciError::Ambiguous { .. })), "{field}");
        }
        let text = r#"{"schemaVersion":2,"manifests":[],"layers":[]}"#;
        assert!(matches!(Index::read(text.as_bytes()), Err(OciError::Ambiguous { .. })));
        let twice = r#"{"schemaVersion":2,"manifests":[],"annotations":{"a":"1","a":"2"}}"#;
        assert!(matches!(Index::read(twice.as_bytes()), Err(OciError::Json(_))));
    }

    #[test]
    fn limits_and_kinds_hold() {
        let layers = |count: usize| manifest(|value| value["layers"] = vec![value["layers"][0].clone(); count].into());
        layers(MAX_LAYERS).expect("as many as allowed");
        assert!(matches!(layers(MAX_LAYERS + 1), Err(OciError::Limit { what: "layers", .. })));
        let annotated = manifest(|value| {
            let many: BTreeMap<_, _> = (0..=MAX_ANNOTATIONS).map(|number| (number.to_string(), "x")).collect();
            value["config"]["annotations"] = serde_json::json!(many);
        });
        assert!(matches!(annotated, Err(OciError::Limit { what: "annotations", .. })));
        for kind in ["", "x", "/x", "x/", "a b/c", "a/\u{1b}[2J", &format!("a/{}", "b".repeat(300))] {
            let odd = manifest(|value| value["layers"][0]["mediaType"] = kind.into());
            assert!(matches!(odd, Err(OciError::MediaType { .. })), "{kind}");
        }
        assert!(matches!(manifest(|value| value["schemaVersion"] = 1.into()), Err(OciError::Version { found: 1 })));
        let index = manifest(|value| value["mediaType"] = INDEX.into());
        assert!(matches!(index, Err(OciError::MediaType { .. })));
    }

    #[test]
    fn references_are_full_and_printable() {
        for good in ["a.example/x:1", "localhost/x@sha256:0", "127.0.0.1:5000/team/app:1.2"] {
            assert!(is_reference(good), "{good}");
        }
        let long = format!("a.example/{}:1", "x".repeat(MAX_REFERENCE));
        for bad in ["", "x", "x/y:1", "a.example/x", "a.example//x:1", "a.example/x:1\u{1b}", "a.example/é:1", &long] {
            assert!(!is_reference(bad), "{bad}");
        }
    }
}
