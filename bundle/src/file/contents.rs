//! What a release file holds, derived from its signed index: the same walk for reading, writing and looking up.

use std::collections::BTreeMap;
use std::fmt;

use bridle_core::digest::Digest;
use bridle_core::oci::{Descriptor, Index, Manifest, REF_NAME, is_reference};
use bridle_core::release::{self, RELEASE_ARTIFACT, RELEASE_CONFIG, ReleaseManifest};
use serde::Serialize;

use super::error::FileError;
use super::ustar;

/// Largest `index.json`, in bytes.
pub const MAX_INDEX: u64 = 4 << 20;
/// Largest manifest or configuration, in bytes.
pub const MAX_MANIFEST: u64 = 4 << 20;
/// Largest sum of all manifests and configurations, in bytes: they are held in memory.
pub const MAX_METADATA: u64 = 64 << 20;
/// Most images in a release.
pub const MAX_IMAGES: usize = 4096;
/// Most blobs in a release.
pub const MAX_BLOBS: usize = 65_536;
/// Annotation of `index.json` with the publisher's public key (minisign base64), for trust on first use.
pub const PUBLISHER_KEY: &str = "bridle.publisher-key";

/// A blob with its first mention in the signed release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NamedBlob {
    /// Digest.
    pub digest: Digest,
    /// Size in bytes.
    pub size: u64,
    /// Media type.
    pub media_type: String,
    /// What names it first.
    pub named_by: NamedBy,
}

/// What names a blob: for people who must know which part of a release is damaged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NamedBy {
    /// The release's OCI manifest.
    Release,
    /// The release manifest.
    ReleaseManifest,
    /// Manifest of the image with this reference.
    ImageManifest(String),
    /// Configuration of the image with this reference.
    ImageConfig(String),
    /// Layer of an image, counted from 1, lowest first.
    Layer(String, usize),
    /// Program by name.
    Program(String),
    /// Chart by name.
    Chart(String),
    /// Bill of materials.
    Sbom,
    /// Licence notices.
    Notices,
}

impl NamedBy {
    /// Whether it is a part of an image.
    #[must_use]
    pub fn is_image(&self) -> bool {
        matches!(self, Self::ImageManifest(_) | Self::ImageConfig(_) | Self::Layer(..))
    }
}

impl fmt::Display for NamedBy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Release => formatter.write_str("manifest of the release"),
            Self::ReleaseManifest => formatter.write_str("release manifest"),
            Self::ImageManifest(image) => write!(formatter, "manifest of image {image}"),
            Self::ImageConfig(image) => write!(formatter, "configuration of image {image}"),
            Self::Layer(image, number) => write!(formatter, "layer {number} of image {image}"),
            Self::Program(name) => write!(formatter, "program {name}"),
            Self::Chart(name) => write!(formatter, "chart {name}"),
            Self::Sbom => formatter.write_str("bill of materials"),
            Self::Notices => formatter.write_str("licence notices"),
        }
    }
}

/// An image of a release: its descriptor in the index and its manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Descriptor of the manifest, as the index names it.
    pub descriptor: Descriptor,
    /// The manifest.
    pub manifest: Manifest,
}

/// Everything that a release names, after its manifests have been read.
#[derive(Debug)]
pub struct Contents {
    /// Digest of the release's OCI manifest: the identity of the release.
    pub digest: Digest,
    /// The release manifest.
    pub release: ReleaseManifest,
    /// Images by full reference.
    pub images: BTreeMap<String, Image>,
    /// Manifests and configurations with their bytes, in the order of the file.
    pub metadata: Vec<(NamedBlob, Vec<u8>)>,
    /// All other blobs in the order of their first mention.
    pub blobs: Vec<NamedBlob>,
}

impl Contents {
    /// Every blob of the release, manifests first.
    pub fn all(&self) -> impl Iterator<Item = &NamedBlob> {
        self.metadata.iter().map(|(blob, _)| blob).chain(&self.blobs)
    }

    /// Sum of the sizes of all blobs, in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.all().map(|blob| blob.size).sum()
    }

    /// Reads the release that `index` (the bytes of a verified `index.json`) names. `fetch` returns the verified bytes
    /// of each manifest and configuration, once each, in the order of the file.
    ///
    /// # Errors
    /// [`FileError`] from `fetch`, and for anything that breaks the format or its limits.
    pub fn walk(
        index: &[u8],
        fetch: &mut dyn FnMut(&NamedBlob) -> Result<Vec<u8>, FileError>,
    ) -> Result<Self, FileError> {
        let index = Index::read(index).map_err(|source| FileError::Oci { what: "index.json".to_owned(), source })?;
        let (first, images) = split(&index)?;
        let mut walk = Walk { fetch, metadata: Vec::new(), known: BTreeMap::new(), bytes: 0 };

        let artifact = walk.manifest(first, NamedBy::Release)?;
        if artifact.config.media_type != RELEASE_CONFIG {
            return Err(contradiction("the first manifest of index.json is not a release"));
        }
        let config = walk.bytes(&artifact.config, NamedBy::ReleaseManifest)?;
        let release = ReleaseManifest::parse(&walk.metadata[config].1)?;

        let mut read = BTreeMap::new();
        for (reference, descriptor) in images {
            let manifest = walk.manifest(descriptor, NamedBy::ImageManifest(reference.clone()))?;
            walk.bytes(&manifest.config, NamedBy::ImageConfig(reference.clone()))?;
            read.insert(reference, Image { descriptor: descriptor.clone(), manifest });
        }
        agree(&release, &read)?;

        let Walk { metadata, known, .. } = walk;
        let mut rest = Rest { known, blobs: Vec::new() };
        rest.artifact(&artifact, &release)?;
        for (reference, image) in &read {
            for (number, layer) in image.manifest.layers.iter().enumerate() {
                rest.add(layer, NamedBy::Layer(reference.clone(), number + 1))?;
            }
        }
        Ok(Self { digest: first.digest, release, images: read, metadata, blobs: rest.blobs })
    }
}

/// The manifests and configurations on the way through the index.
struct Walk<'a> {
    fetch: &'a mut dyn FnMut(&NamedBlob) -> Result<Vec<u8>, FileError>,
    metadata: Vec<(NamedBlob, Vec<u8>)>,
    known: BTreeMap<Digest, (usize, u64)>,
    bytes: u64,
}

impl Walk<'_> {
    fn manifest(&mut self, descriptor: &Descriptor, named_by: NamedBy) -> Result<Manifest, FileError> {
        let place = self.bytes(descriptor, named_by)?;
        let (blob, bytes) = &self.metadata[place];
        let what = || blob.named_by.to_string();
        let manifest = Manifest::read(bytes).map_err(|source| FileError::Oci { what: what(), source })?;
        // Who goes by the index and who goes by the manifest must see the same kind of thing.
        match &manifest.media_type {
            Some(own) if *own != descriptor.media_type => {
                Err(contradiction(&format!("{} is of another media type than index.json says", what())))
            }
            _ => Ok(manifest),
        }
    }

    /// Place of the blob in `metadata`; fetched unless it is there already.
    fn bytes(&mut self, descriptor: &Descriptor, named_by: NamedBy) -> Result<usize, FileError> {
        if let Some(&(place, size)) = self.known.get(&descriptor.digest) {
            same_size(descriptor, size)?;
            return Ok(place);
        }
        limit(|| format!("size of the {named_by}"), descriptor.size, MAX_MANIFEST)?;
        self.bytes += descriptor.size;
        limit(|| format!("size of all manifests up to the {named_by}"), self.bytes, MAX_METADATA)?;
        let blob = named(descriptor, named_by);
        let bytes = (self.fetch)(&blob)?;
        self.metadata.push((blob, bytes));
        self.known.insert(descriptor.digest, (self.metadata.len() - 1, descriptor.size));
        Ok(self.metadata.len() - 1)
    }
}

/// The blobs that follow the manifests.
struct Rest {
    known: BTreeMap<Digest, (usize, u64)>,
    blobs: Vec<NamedBlob>,
}

impl Rest {
    fn add(&mut self, descriptor: &Descriptor, named_by: NamedBy) -> Result<(), FileError> {
        if let Some(&(_, size)) = self.known.get(&descriptor.digest) {
            return same_size(descriptor, size);
        }
        limit(|| format!("size of the {named_by}"), descriptor.size, ustar::LARGEST)?;
        limit(|| "number of blobs".to_owned(), self.known.len() as u64 + 1, MAX_BLOBS as u64)?;
        self.known.insert(descriptor.digest, (self.blobs.len(), descriptor.size));
        self.blobs.push(named(descriptor, named_by));
        Ok(())
    }

    /// The layers of the release's OCI manifest: exactly what the release manifest names, in its order.
    fn artifact(&mut self, artifact: &Manifest, release: &ReleaseManifest) -> Result<(), FileError> {
        let parts = parts(release);
        if artifact.layers.len() != parts.len() {
            return Err(contradiction("the layers of the release are not the parts of the release manifest"));
        }
        for (layer, (blob, media_type, named_by)) in artifact.layers.iter().zip(parts) {
            if layer.digest != blob.digest || layer.size != blob.size || layer.media_type != media_type {
                return Err(contradiction(&format!(
                    "the layer of the release for {named_by} is not what the release manifest names"
                )));
            }
            self.add(layer, named_by)?;
        }
        Ok(())
    }
}

/// The parts of a release that are no images, in the order in which its OCI manifest lists them as layers.
#[must_use]
pub fn parts(release: &ReleaseManifest) -> Vec<(release::Blob, &'static str, NamedBy)> {
    let programs =
        release.programs.iter().map(|(name, blob)| (blob.clone(), release::PROGRAM, NamedBy::Program(name.clone())));
    let charts =
        release.charts.iter().map(|chart| (chart.package.clone(), release::CHART, NamedBy::Chart(chart.name.clone())));
    let papers = [
        (release.sbom.clone(), release::SBOM, NamedBy::Sbom),
        (release.notices.clone(), release::NOTICES, NamedBy::Notices),
    ];
    programs.chain(charts).chain(papers).collect()
}

/// References with their descriptors.
type Named<'a> = Vec<(String, &'a Descriptor)>;

/// The descriptor of the release, and those of the images in ascending order of their references.
fn split(index: &Index) -> Result<(&Descriptor, Named<'_>), FileError> {
    let Some((first, rest)) = index.manifests.split_first() else {
        return Err(contradiction("index.json is empty"));
    };
    if first.artifact_type.as_deref() != Some(RELEASE_ARTIFACT) {
        return Err(contradiction("the first manifest of index.json is not a release"));
    }
    limit(|| "number of images".to_owned(), rest.len() as u64, MAX_IMAGES as u64)?;
    let mut images: Vec<(String, &Descriptor)> = Vec::with_capacity(rest.len());
    for descriptor in rest {
        let Some(reference) = descriptor.annotations.get(REF_NAME) else {
            return Err(contradiction("index.json has an image without a reference"));
        };
        if !is_reference(reference) {
            let reference: String = reference.chars().take(80).collect();
            return Err(contradiction(&format!("index.json has an image with the reference {reference:?}")));
        }
        if images.last().is_some_and(|(before, _)| before >= reference) {
            return Err(contradiction("the images of index.json are not in ascending order"));
        }
        images.push((reference.clone(), descriptor));
    }
    Ok((first, images))
}

/// The images of the index are those of the release manifest.
fn agree(release: &ReleaseManifest, images: &BTreeMap<String, Image>) -> Result<(), FileError> {
    let same =
        release.images.len() == images.len()
            && release.images.iter().zip(images).all(|((name, entry), (reference, image))| {
                name == reference && entry.manifest == image.descriptor.digest
            });
    if same { Ok(()) } else { Err(contradiction("the images of index.json are not those of the release manifest")) }
}

fn named(descriptor: &Descriptor, named_by: NamedBy) -> NamedBlob {
    NamedBlob { digest: descriptor.digest, size: descriptor.size, media_type: descriptor.media_type.clone(), named_by }
}

fn same_size(descriptor: &Descriptor, size: u64) -> Result<(), FileError> {
    if descriptor.size == size {
        return Ok(());
    }
    Err(contradiction(&format!("blob {} is named with two sizes", descriptor.digest)))
}

pub(super) fn limit(what: impl FnOnce() -> String, found: u64, limit: u64) -> Result<(), FileError> {
    if found <= limit { Ok(()) } else { Err(FileError::Limit { what: what(), found, limit }) }
}

fn contradiction(text: &str) -> FileError {
    FileError::Contradiction(text.to_owned())
}
