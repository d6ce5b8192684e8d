//! Images to push.

use std::io::Write as _;

use bridle_core::digest::Digest;
use serde_json::{Value, json};

pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// A manifest with its blobs.
#[derive(Debug, Clone)]
pub struct Image {
    pub manifest: Vec<u8>,
    pub blobs: Vec<Vec<u8>>,
    platform: Value,
}

/// A multi-architecture index with its images.
#[derive(Debug, Clone)]
pub struct Index {
    pub bytes: Vec<u8>,
    pub images: Vec<Image>,
}

fn descriptor(kind: &str, bytes: &[u8]) -> Value {
    json!({ "mediaType": kind, "digest": Digest::of(bytes).to_string(), "size": bytes.len() })
}

/// Bytes that no compression makes smaller, the same for the same seed.
pub fn noise(mut seed: u64, length: usize) -> Vec<u8> {
    let next = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        seed.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// A tar archive.
pub fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, path, *bytes).expect("append");
    }
    archive.into_inner().expect("archive")
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(bytes).expect("compress");
    gzip.finish().expect("compress")
}

impl Image {
    /// An image for `platform` (`linux/amd64/v3`) with one gzipped layer a list of files.
    pub fn new(platform: &str, layers: &[&[(&str, &[u8])]]) -> Self {
        let mut parts = platform.split('/');
        let (os, architecture, variant) = (parts.next(), parts.next(), parts.next());
        let mut platform = json!({ "os": os, "architecture": architecture });
        if let Some(variant) = variant {
            platform["variant"] = json!(variant);
        }
        let plain: Vec<Vec<u8>> = layers.iter().map(|files| archive(files)).collect();
        let packed: Vec<Vec<u8>> = plain.iter().map(|layer| gzip(layer)).collect();
        let mut config = platform.clone();
        let diff_ids: Vec<String> = plain.iter().map(|layer| Digest::of(layer).to_string()).collect();
        config["rootfs"] = json!({ "type": "layers", "diff_ids": diff_ids });
        let config = config.to_string().into_bytes();
        let kind = "application/vnd.oci.image.layer.v1.tar+gzip";
        let layers: Vec<Value> = packed.iter().map(|layer| descriptor(kind, layer)).collect();
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": descriptor("application/vnd.oci.image.config.v1+json", &config), "layers": layers,
        });
        Self {
            manifest: manifest.to_string().into_bytes(),
            blobs: std::iter::once(config).chain(packed).collect(),
            platform,
        }
    }

    /// An artifact: a chart, a bill of materials.
    pub fn artifact(config: (&str, &[u8]), layers: &[(&str, &[u8], Value)]) -> Self {
        let entries: Vec<Value> = layers
            .iter()
            .map(|(kind, bytes, annotations)| {
                let mut entry = descriptor(kind, bytes);
                entry["annotations"] = annotations.clone();
                entry
            })
            .collect();
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST, "config": descriptor(config.0, config.1), "layers": entries,
        });
        Self {
            manifest: manifest.to_string().into_bytes(),
            blobs: std::iter::once(config.1.to_vec())
                .chain(layers.iter().map(|(_, bytes, _)| bytes.to_vec()))
                .collect(),
            platform: json!({ "os": "unknown", "architecture": "unknown" }),
        }
    }

    pub fn digest(&self) -> Digest {
        Digest::of(&self.manifest)
    }

    /// Digest of the largest blob.
    pub fn largest(&self) -> Digest {
        Digest::of(self.blobs.iter().max_by_key(|blob| blob.len()).expect("blob"))
    }
}

impl Index {
    /// An index of images; BuildKit's attestation names the image that it is about.
    pub fn new(images: Vec<Image>, attestation: Option<(Image, Digest)>) -> Self {
        let entry = |image: &Image| {
            let mut entry = descriptor(MANIFEST, &image.manifest);
            entry["platform"] = image.platform.clone();
            entry
        };
        let mut manifests: Vec<Value> = images.iter().map(entry).collect();
        let mut images = images;
        if let Some((image, about)) = attestation {
            let mut entry = entry(&image);
            entry["annotations"] = json!({
                "vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": about.to_string(),
            });
            manifests.push(entry);
            images.push(image);
        }
        let bytes = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": manifests }).to_string().into_bytes();
        Self { bytes, images }
    }

    pub fn digest(&self) -> Digest {
        Digest::of(&self.bytes)
    }
}
