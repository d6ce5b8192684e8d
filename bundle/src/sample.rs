//! Small releases for tests.

mod hostile;

pub use hostile::{Archive, Document};

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};

use bridle_core::digest::Digest;
use bridle_core::oci::{CONFIG, Descriptor, LAYER_ZSTD, MANIFEST, Manifest};
use bridle_core::release::{Blob, FORMAT, ImageEntry, Kubernetes, ReleaseManifest};

use crate::file::compose::compose;
use crate::file::{Delta, Known, SignedNote, contents_of, write_bundle};
use crate::trust::{SigningKey, TrustedKeys};

/// A release in memory.
#[derive(Debug)]
pub struct Sample {
    /// `index.json`.
    pub index: Vec<u8>,
    /// Its signature.
    pub signature: String,
    /// Every blob.
    pub blobs: BTreeMap<Digest, Vec<u8>>,
    /// The release manifest.
    pub release: ReleaseManifest,
}

/// The key of the sample publisher.
///
/// # Panics
/// Never: the key is well formed.
#[must_use]
pub fn key() -> SigningKey {
    SigningKey::from_seed([1; 32], [1; 8])
}

/// Trust in the sample publisher.
///
/// # Panics
/// Never: the key is well formed.
#[must_use]
pub fn trusted() -> TrustedKeys {
    TrustedKeys::new(vec![key().public().expect("key")]).expect("set")
}

impl Sample {
    /// Release `version` with one image for each of `images` (name, layers) and an installer.
    ///
    /// # Panics
    /// If the sample cannot be made: a fault of the caller's test.
    #[must_use]
    pub fn new(version: &str, sequence: u64, images: &[(&str, &[&[u8]])]) -> Self {
        Self::tagged(version, version, sequence, images)
    }

    /// As [`Self::new`], with the tag `tag` for each image.
    ///
    /// # Panics
    /// If the sample cannot be made: a fault of the caller's test.
    #[must_use]
    pub fn tagged(version: &str, tag: &str, sequence: u64, images: &[(&str, &[&[u8]])]) -> Self {
        let mut blobs = BTreeMap::new();
        let mut add = |bytes: Vec<u8>| {
            let blob = Blob { digest: Digest::of(&bytes), size: bytes.len() as u64 };
            blobs.insert(blob.digest, bytes);
            blob
        };
        let mut entries = BTreeMap::new();
        let mut descriptors = BTreeMap::new();
        for (name, layers) in images {
            let config =
                add(format!("{{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{{}},\"name\":{name:?}}}")
                    .into_bytes());
            let layers: Vec<Descriptor> = layers
                .iter()
                .map(|layer| {
                    let blob = add(layer.to_vec());
                    Descriptor::new(LAYER_ZSTD, blob.digest, blob.size)
                })
                .collect();
            let manifest = Manifest {
                schema_version: 2,
                media_type: Some(MANIFEST.to_owned()),
                artifact_type: None,
                config: Descriptor::new(CONFIG, config.digest, config.size),
                layers,
                annotations: BTreeMap::new(),
            };
            let manifest = add(serde_json::to_vec(&manifest).expect("json"));
            let reference = format!("bridle.internal/{name}:{tag}");
            descriptors.insert(reference.clone(), Descriptor::new(MANIFEST, manifest.digest, manifest.size));
            entries.insert(reference, ImageEntry { manifest: manifest.digest, compressed: 1, unpacked: 1 });
        }
        let programs = BTreeMap::from([
            ("installer".to_owned(), add(b"\x7fELF installer".repeat(50))),
            ("k3s".to_owned(), add(format!("k3s of {version}").into_bytes())),
        ]);
        let release = ReleaseManifest {
            format: FORMAT,
            name: "sample".to_owned(),
            version: version.parse().expect("version"),
            sequence,
            architecture: "amd64".to_owned(),
            upgrades_from: Vec::new(),
            soak_seconds: bridle_core::release::SOAK_SECONDS,
            notes: BTreeMap::new(),
            kubernetes: Kubernetes {
                version: "1.36.3".parse().expect("version"),
                cluster_cidr: "10.42.0.0/16".to_owned(),
                service_cidr: "10.43.0.0/16".to_owned(),
                pause: descriptors.keys().next().expect("an image").clone(),
            },
            programs,
            images: entries,
            namespaces: Vec::new(),
            secrets: Vec::new(),
            global: serde_json::Map::new(),
            charts: Vec::new(),
            data: Vec::new(),
            probes: Vec::new(),
            checks: Vec::new(),
            sbom: add(b"{}".to_vec()),
            notices: add(format!("notices of {version}").into_bytes()),
        };
        let composed = compose(&release, &descriptors, &key().public().expect("key")).expect("compose");
        blobs.extend(composed.blobs);
        let signature = key().sign(&composed.index[..], "sample").expect("sign");
        Self { index: composed.index, signature, blobs, release }
    }

    /// Version 1 with two images that share a layer.
    ///
    /// # Panics
    /// If the sample cannot be made: a fault of the caller's test.
    #[must_use]
    pub fn one() -> Self {
        let big = b"layer ".repeat(200);
        Self::new("1.0.0", 1, &[("a", &[&big, b"top of a"]), ("b", &[&big, b""])])
    }

    /// The same with another release manifest, which may name `parts` (packed charts) by their digests; signed anew.
    ///
    /// # Panics
    /// If the manifest is refused: a fault of the caller's test.
    #[must_use]
    pub fn changed(mut self, parts: &[&[u8]], change: impl FnOnce(&mut ReleaseManifest)) -> Self {
        change(&mut self.release);
        self.blobs.extend(parts.iter().map(|part| (Digest::of(part), part.to_vec())));
        let descriptor = |entry: &ImageEntry| {
            let size = self.blobs[&entry.manifest].len() as u64;
            Descriptor::new(MANIFEST, entry.manifest, size)
        };
        let images = &self.release.images;
        let descriptors = images.iter().map(|(reference, entry)| (reference.clone(), descriptor(entry))).collect();
        let composed = compose(&self.release, &descriptors, &key().public().expect("key")).expect("compose");
        self.blobs.extend(composed.blobs);
        self.signature = key().sign(&composed.index[..], "sample").expect("sign");
        self.index = composed.index;
        self
    }

    /// The bundle as a delta for somebody who has `bases`: releases with the blobs that they hold.
    ///
    /// # Panics
    /// If the sample cannot be made: a fault of the caller's test.
    #[must_use]
    pub fn delta(&self, bases: &[(&str, &BTreeSet<Digest>)]) -> Vec<u8> {
        let contents = contents_of(&self.index, &mut self.opener()).expect("contents");
        let known: Vec<Known<'_>> = bases
            .iter()
            .map(|(release, blobs)| Known {
                releases: vec![(*release).to_owned()],
                holds: Box::new(|digest| blobs.contains(digest)),
            })
            .collect();
        self.noted(&Delta::new(&contents, &known).to_json().expect("json"))
    }

    /// The bundle as a delta with this note, signed.
    ///
    /// # Panics
    /// If the note is not one of this release: a fault of the caller's test.
    #[must_use]
    pub fn noted(&self, note: &[u8]) -> Vec<u8> {
        let signature = key().sign(note, "sample").expect("sign");
        self.written(Some(SignedNote { note, signature: &signature }))
    }

    /// The bundle.
    ///
    /// # Panics
    /// If the sample cannot be made: a fault of the caller's test.
    #[must_use]
    pub fn bundle(&self) -> Vec<u8> {
        self.written(None)
    }

    /// Its blobs as a base of [`Self::delta`].
    #[must_use]
    pub fn digests(&self) -> BTreeSet<Digest> {
        self.blobs.keys().copied().collect()
    }

    fn opener(&self) -> impl FnMut(&Digest) -> io::Result<Box<dyn Read>> {
        |digest: &Digest| {
            let blob = self.blobs.get(digest).ok_or(io::ErrorKind::NotFound)?;
            Ok(Box::new(io::Cursor::new(blob.clone())))
        }
    }

    fn written(&self, note: Option<SignedNote<'_>>) -> Vec<u8> {
        let mut bytes = Vec::new();
        let size = write_bundle(&mut bytes, &self.index, &self.signature, &mut self.opener(), note).expect("write");
        assert_eq!(size, bytes.len() as u64);
        bytes
    }
}
