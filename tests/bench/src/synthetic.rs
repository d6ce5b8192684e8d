//! A signed release of any size, with blobs that cannot be compressed and are never wholly in memory.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Read};
use std::path::Path;

use bridle_bundle::file::compose::compose;
use bridle_bundle::file::write_bundle;
use bridle_bundle::trust::{SigningKey, TrustedKeys};
use bridle_core::digest::Digest;
use bridle_core::oci::{CONFIG, Descriptor, LAYER_ZSTD, MANIFEST, Manifest};
use bridle_core::release::{Blob, FORMAT, ImageEntry, Kubernetes, ReleaseManifest};

use sha2::{Digest as _, Sha256};

use crate::Outcome;

/// Registry part of the images' references.
pub const REGISTRY: &str = "bridle.internal";
/// Tag of the images.
pub const TAG: &str = "1.0.0";

/// Content of a blob.
#[derive(Debug, Clone)]
enum Content {
    Bytes(Vec<u8>),
    /// The numbers of a generator with this seed.
    Noise {
        seed: u64,
        size: u64,
    },
}

/// The publisher of synthetic releases.
fn key() -> SigningKey {
    SigningKey::from_seed([7; 32], [7; 8])
}

/// Trust in that publisher.
pub fn trusted() -> Outcome<TrustedKeys> {
    Ok(TrustedKeys::new(vec![key().public()?])?)
}

/// Writes a release of `images` images whose layers have these sizes in bytes, and gives the size of the file.
pub fn write(path: &Path, images: usize, layers: &[u64]) -> Outcome<u64> {
    let mut blobs = BTreeMap::new();
    let mut seed = 0;
    let mut entries = BTreeMap::new();
    let mut descriptors = BTreeMap::new();
    for number in 0..images {
        let name = name(number);
        let config = format!("{{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{{}},\"name\":{name:?}}}");
        let config = add(&mut blobs, Content::Bytes(config.into_bytes()))?;
        let mut made = Vec::new();
        for size in layers {
            seed += 1;
            let blob = add(&mut blobs, Content::Noise { seed, size: *size })?;
            made.push(Descriptor::new(LAYER_ZSTD, blob.digest, blob.size));
        }
        let compressed = layers.iter().sum();
        let manifest = Manifest {
            schema_version: 2,
            media_type: Some(MANIFEST.to_owned()),
            artifact_type: None,
            config: Descriptor::new(CONFIG, config.digest, config.size),
            layers: made,
            annotations: BTreeMap::new(),
        };
        let manifest = add(&mut blobs, Content::Bytes(serde_json::to_vec(&manifest)?))?;
        let reference = format!("{REGISTRY}/{name}:{TAG}");
        descriptors.insert(reference.clone(), Descriptor::new(MANIFEST, manifest.digest, manifest.size));
        entries.insert(reference, ImageEntry { manifest: manifest.digest, compressed, unpacked: compressed });
    }
    let release = release(&mut blobs, entries)?;
    let composed = compose(&release, &descriptors, &key().public()?)?;
    blobs.extend(composed.blobs.into_iter().map(|(digest, bytes)| (digest, Content::Bytes(bytes))));
    let signature = key().sign(&composed.index[..], "synthetic")?;
    let mut open = |digest: &Digest| -> io::Result<Box<dyn Read>> {
        blobs.get(digest).map(Content::open).ok_or_else(|| io::ErrorKind::NotFound.into())
    };
    let out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    Ok(write_bundle(out, &composed.index, &signature, &mut open, None)?)
}

/// Name of an image without registry and tag.
pub fn name(number: usize) -> String {
    format!("synthetic/image-{number}")
}

fn release(blobs: &mut BTreeMap<Digest, Content>, images: BTreeMap<String, ImageEntry>) -> Outcome<ReleaseManifest> {
    let mut text = |text: &str| add(blobs, Content::Bytes(text.as_bytes().to_vec()));
    let programs = BTreeMap::from([
        ("installer".to_owned(), text("\u{7f}ELF synthetic installer")?),
        ("k3s".to_owned(), text("synthetic k3s")?),
    ]);
    Ok(ReleaseManifest {
        format: FORMAT,
        name: "synthetic".to_owned(),
        version: "1.0.0".parse()?,
        sequence: 1,
        architecture: "amd64".to_owned(),
        upgrades_from: Vec::new(),
        soak_seconds: bridle_core::release::SOAK_SECONDS,
        notes: BTreeMap::new(),
        kubernetes: Kubernetes {
            version: "1.36.3".parse()?,
            cluster_cidr: "10.42.0.0/16".to_owned(),
            service_cidr: "10.43.0.0/16".to_owned(),
            pause: images.keys().next().ok_or("a release has an image")?.clone(),
        },
        programs,
        images,
        namespaces: Vec::new(),
        secrets: Vec::new(),
        global: serde_json::Map::new(),
        charts: Vec::new(),
        data: Vec::new(),
        probes: Vec::new(),
        checks: Vec::new(),
        sbom: text("{}")?,
        notices: text("none")?,
    })
}

fn add(blobs: &mut BTreeMap<Digest, Content>, content: Content) -> Outcome<Blob> {
    let (mut hash, mut size, mut buffer, mut reader) = (Sha256::new(), 0, vec![0; 1 << 20], content.open());
    loop {
        let count = reader.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        hash.update(&buffer[..count]);
        size += count as u64;
    }
    let digest = Digest::from_bytes(hash.finalize().into());
    blobs.insert(digest, content);
    Ok(Blob { digest, size })
}

impl Content {
    fn open(&self) -> Box<dyn Read> {
        match self {
            Self::Bytes(bytes) => Box::new(io::Cursor::new(bytes.clone())),
            Self::Noise { seed, size } => {
                // Any odd seed but 0 gives a sequence of its own.
                let state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
                Box::new(Noise { state }.take(*size))
            }
        }
    }
}

/// Numbers of xorshift64*: fast, and nothing that a compressor finds a pattern in.
struct Noise {
    state: u64,
}

impl Read for Noise {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        for chunk in buffer.chunks_mut(8) {
            self.state ^= self.state >> 12;
            self.state ^= self.state << 25;
            self.state ^= self.state >> 27;
            let number = self.state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_le_bytes();
            chunk.copy_from_slice(&number[..chunk.len()]);
        }
        Ok(buffer.len())
    }
}
