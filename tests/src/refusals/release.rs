//! A small signed release, every part of which can be altered before the parts above it name it and the key signs it.

use std::collections::BTreeMap;

use bridle_bundle::file::PUBLISHER_KEY;
use bridle_bundle::trust::SigningKey;
use bridle_core::digest::Digest;
use bridle_core::oci::{CONFIG, INDEX, LAYER_ZSTD, MANIFEST, REF_NAME};
use bridle_core::release::{NOTICES, PROGRAM, RELEASE_ARTIFACT, RELEASE_CONFIG, SBOM};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::archive::Entry;

/// The only image.
pub const IMAGE: &str = "bridle.internal/sample:1.0.0";
const LAYOUT: &str = "{\"imageLayoutVersion\":\"1.0.0\"}";

/// The publisher's key.
#[must_use]
pub fn key() -> SigningKey {
    SigningKey::from_seed([41; 32], [41; 8])
}

/// Somebody else's key.
#[must_use]
pub fn foreign_key() -> SigningKey {
    SigningKey::from_seed([42; 32], [42; 8])
}

/// The text of a key's `.pub` file.
///
/// # Panics
/// Never: the keys are well formed.
#[must_use]
pub fn key_file(key: &SigningKey) -> String {
    key.public().expect("a key made from a seed is well formed").to_text()
}

/// A program that does nothing but say that it ran.
#[must_use]
pub fn program(name: &str) -> Vec<u8> {
    format!("#!/bin/sh\necho {name} ran\n").into_bytes()
}

/// How a JSON document is altered on its way into the release.
pub type Edit = fn(&mut Value);

/// A release in parts.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Programs by name.
    pub programs: BTreeMap<String, Vec<u8>>,
    /// The layer of the only image.
    pub layer: Vec<u8>,
    /// Bytes that the image claims unpacked.
    pub unpacked: u64,
    /// Alters the manifest of the image.
    pub image: Edit,
    /// Alters the release manifest.
    pub release: Edit,
    /// Alters the OCI manifest of the release.
    pub artifact: Edit,
    /// Alters the index; what it makes is signed.
    pub index: Edit,
}

/// The parts of a release with their bytes.
#[derive(Debug)]
pub struct Signed {
    /// `index.json`.
    pub index: Vec<u8>,
    /// Its signature.
    pub signature: String,
    /// All blobs in the order of the file.
    pub blobs: Vec<Vec<u8>>,
}

impl Draft {
    /// A good release whose installer is `installer`.
    #[must_use]
    pub fn new(installer: &[u8]) -> Self {
        let mut programs: BTreeMap<_, _> =
            ["bridle", "bridle-launch", "k3s"].map(|name| (name.to_owned(), program(name))).into();
        programs.insert("installer".to_owned(), installer.to_vec());
        let layer = layer();
        let unpacked = layer.len() as u64;
        Self { programs, layer, unpacked, image: |_| {}, release: |_| {}, artifact: |_| {}, index: |_| {} }
    }

    /// Composes and signs it.
    #[must_use]
    pub fn sign(&self) -> Signed {
        let config = br#"{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":[]}}"#;
        let image = edited(
            json!({
                "schemaVersion": 2, "mediaType": MANIFEST,
                "config": descriptor(CONFIG, config), "layers": [descriptor(LAYER_ZSTD, &self.layer)],
            }),
            self.image,
        );
        let (sbom, notices) = (b"{\"bomFormat\":\"CycloneDX\"}".to_vec(), b"No notices.".to_vec());
        let release = edited(self.manifest(&image, config.len() + self.layer.len(), &sbom, &notices), self.release);
        let programs = self.programs.values().map(|bytes| descriptor(PROGRAM, bytes));
        let papers = [descriptor(SBOM, &sbom), descriptor(NOTICES, &notices)];
        let artifact = edited(
            json!({
                "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": RELEASE_ARTIFACT,
                "config": descriptor(RELEASE_CONFIG, &release), "layers": programs.chain(papers).collect::<Vec<_>>(),
            }),
            self.artifact,
        );
        let mut first = descriptor(MANIFEST, &artifact);
        first["artifactType"] = RELEASE_ARTIFACT.into();
        let mut second = descriptor(MANIFEST, &image);
        second["annotations"] = json!({ REF_NAME: IMAGE });
        let publisher = key().public().expect("a key made from a seed is well formed").to_base64();
        let index = edited(
            json!({
                "schemaVersion": 2, "mediaType": INDEX, "manifests": [first, second],
                "annotations": { PUBLISHER_KEY: publisher },
            }),
            self.index,
        );
        let mut blobs = vec![artifact, release, image, config.to_vec()];
        blobs.extend(self.programs.values().cloned().chain([sbom, notices, self.layer.clone()]));
        Signed { signature: signature(&key(), &index), index, blobs }
    }

    /// The entries of its release file.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        self.sign().entries()
    }

    fn manifest(&self, image: &[u8], compressed: usize, sbom: &[u8], notices: &[u8]) -> Value {
        let blob = |bytes: &[u8]| json!({ "digest": Digest::of(bytes), "size": bytes.len() });
        let programs: BTreeMap<_, _> = self.programs.iter().map(|(name, bytes)| (name, blob(bytes))).collect();
        json!({
            "format": 1, "name": "sample", "version": "1.0.0", "sequence": 1, "architecture": "amd64",
            "upgrades_from": [], "notes": {},
            "kubernetes": {
                "version": "1.36.3", "cluster_cidr": "10.42.0.0/16", "service_cidr": "10.43.0.0/16", "pause": IMAGE,
            },
            "programs": programs,
            "images": {
                IMAGE: { "manifest": Digest::of(image), "compressed": compressed, "unpacked": self.unpacked },
            },
            "namespaces": [], "secrets": [], "global": {}, "charts": [], "data": [], "probes": [], "checks": [],
            "sbom": blob(sbom), "notices": blob(notices),
        })
    }
}

impl Signed {
    /// The entries of its release file.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        let papers = [
            Entry::file("oci-layout", LAYOUT),
            Entry::file("index.json", self.index.clone()),
            Entry::file("index.json.minisig", self.signature.as_bytes()),
        ];
        let blobs = self.blobs.iter().map(|bytes| Entry::file(blob_name(bytes), bytes.clone()));
        papers.into_iter().chain(blobs).collect()
    }
}

/// The name of the entry of a blob.
#[must_use]
pub fn blob_name(bytes: &[u8]) -> String {
    format!("blobs/sha256/{}", Digest::of(bytes).hex())
}

/// A signature over an index.
///
/// # Panics
/// Never: bytes in memory can be read.
#[must_use]
pub fn signature(key: &SigningKey, index: &[u8]) -> String {
    key.sign(index, "sample").expect("bytes in memory can be read")
}

/// What names a blob.
#[must_use]
pub fn descriptor(media_type: &str, bytes: &[u8]) -> Value {
    json!({ "mediaType": media_type, "digest": Digest::of(bytes), "size": bytes.len() })
}

fn edited(mut document: Value, edit: Edit) -> Vec<u8> {
    edit(&mut document);
    document.to_string().into_bytes()
}

/// 2 MiB that look compressed, the same in each run: a zstd frame of one stored block after the other.
fn layer() -> Vec<u8> {
    let mut bytes = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38];
    let mut block = Sha256::digest(b"sample").to_vec();
    while block.len() < 1 << 16 {
        block.extend_from_slice(&Sha256::digest(&block[block.len() - 32..]));
    }
    for number in 0..32_u32 {
        let last = u32::from(number == 31);
        bytes.extend_from_slice(&(last | 1 << 19).to_le_bytes()[..3]);
        bytes.extend_from_slice(&block);
    }
    bytes
}
