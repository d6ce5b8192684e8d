//! Images: what a reference stands for, its blobs, what is inside.

use std::collections::BTreeMap;

use bridle_core::digest::Digest;
use bridle_core::oci::{CONFIG, DOCKER_INDEX, DOCKER_MANIFEST, Descriptor, INDEX, MANIFEST, Manifest};
use bridle_core::release::Blob;
use serde::Deserialize;

use super::attached;
use super::download::Fetcher;
use super::error::RegistryError;
use super::platform::{Offers, Platform};
use super::reference::Reference;
use crate::assemble::cache::Cache;
use crate::assemble::error::{AssembleError, chain};
use crate::assemble::image::{self, MadeImage};
use crate::assemble::sbom::Component;
use crate::assemble::source::LockedImage;
use crate::assemble::survey::{self, Survey};
use crate::assemble::{bill, parallel};
use crate::file::MAX_MANIFEST;

const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
/// What containerd unpacks.
const LAYERS: [&str; 6] = [
    "application/vnd.oci.image.layer.v1.tar",
    "application/vnd.oci.image.layer.v1.tar+gzip",
    "application/vnd.oci.image.layer.v1.tar+zstd",
    "application/vnd.docker.image.rootfs.diff.tar",
    "application/vnd.docker.image.rootfs.diff.tar.gzip",
    "application/vnd.docker.image.rootfs.diff.tar.zstd",
];

/// An image to pull.
#[derive(Debug)]
pub(in crate::assemble) struct Pull<'a> {
    /// Reference as the release source has it.
    pub(in crate::assemble) from: &'a str,
    /// Reference inside the release.
    pub(in crate::assemble) name: &'a str,
    /// What it must be made for.
    pub(in crate::assemble) platform: Platform,
    /// What the lock says: then exactly this is pulled.
    pub(in crate::assemble) locked: Option<&'a LockedImage>,
}

/// Pulls images: first all manifests, then every blob once, then a look inside. At most `transfers` at a time.
pub(in crate::assemble) fn pull(
    fetcher: &Fetcher<'_>,
    cache: &Cache,
    pulls: &[Pull<'_>],
    transfers: usize,
) -> Result<Vec<MadeImage>, AssembleError> {
    let resolved = parallel::map(transfers, pulls, |pull| Ok(resolve(fetcher, cache, pull)?))?;
    let mut missing: BTreeMap<Digest, (u64, &Reference)> = BTreeMap::new();
    for image in &resolved {
        for blob in std::iter::once(&image.manifest.config).chain(&image.manifest.layers) {
            if !cache.has(&Blob { digest: blob.digest, size: blob.size }) {
                missing.insert(blob.digest, (blob.size, &image.reference));
            }
        }
    }
    // Large ones first, so that none is left over at the end.
    let mut missing: Vec<_> = missing.into_iter().collect();
    missing.sort_by_key(|(_, (size, _))| std::cmp::Reverse(*size));
    fetcher.progress().begin(missing.len(), missing.iter().map(|(_, (size, _))| size).sum());
    parallel::map(transfers, &missing, |(digest, (size, reference))| {
        fetcher.blob(cache, reference, &Blob { digest: *digest, size: *size })?;
        fetcher.progress().finished();
        Ok(())
    })?;
    fetcher.progress().end();
    let pairs: Vec<_> = pulls.iter().zip(&resolved).collect();
    parallel::map(transfers, &pairs, |(pull, image)| image.finish(fetcher, cache, pull))
}

/// References with their descriptors, for the index.
pub(in crate::assemble) fn descriptors(images: &[MadeImage]) -> BTreeMap<String, Descriptor> {
    images.iter().map(|image| (image.locked.reference.clone(), image.descriptor.clone())).collect()
}

/// What a reference stands for.
#[derive(Debug)]
struct Resolved {
    reference: Reference,
    index: Option<Digest>,
    descriptor: Descriptor,
    manifest: Manifest,
    bill: Option<Digest>,
}

fn resolve(fetcher: &Fetcher<'_>, cache: &Cache, pull: &Pull<'_>) -> Result<Resolved, RegistryError> {
    let reference = Reference::parse(pull.from)?;
    let accept = [INDEX, MANIFEST, DOCKER_INDEX, DOCKER_MANIFEST].join(", ");
    let by_digest = |digest: &Digest| match std::fs::read(cache.blob(digest)) {
        Ok(bytes) if Digest::of(&bytes) == *digest => Ok(bytes),
        _ => fetcher.exact(&reference, &format!("manifests/{digest}"), &accept, digest, MAX_MANIFEST),
    };
    let keep = |bytes: &[u8]| {
        cache.put(bytes).map_err(|error| RegistryError::content(&reference.to_string(), error.to_string()))
    };
    if let Some(locked) = pull.locked {
        let bytes = by_digest(&locked.manifest)?;
        keep(&bytes)?;
        let (descriptor, manifest) = read(&reference, &bytes)?;
        return Ok(Resolved { index: locked.index, bill: locked.sbom, reference, descriptor, manifest });
    }
    let top = match reference.digest() {
        Some(digest) => by_digest(&digest)?,
        None => {
            let path = format!("manifests/{}", reference.version);
            fetcher.document(&reference, &path, &accept, MAX_MANIFEST)?.ok_or_else(|| {
                RegistryError::content(&reference.to_string(), "the registry has no such image; check name and tag")
            })?
        }
    };
    let offers: Option<Offers> = serde_json::from_slice(&top).ok();
    let (index, bytes) = match &offers {
        None => (None, top),
        Some(offers) => {
            let chosen = offers.choose(&pull.platform).map_err(|offered| RegistryError::Platform {
                what: reference.to_string(),
                wanted: pull.platform.to_string(),
                offered,
            })?;
            keep(&top)?;
            (Some(Digest::of(&top)), by_digest(&chosen.digest)?)
        }
    };
    keep(&bytes)?;
    let (descriptor, manifest) = read(&reference, &bytes)?;
    named_by_its_digest(pull.name, &descriptor.digest)?;
    let subjects = std::iter::once(descriptor.digest).chain(index).collect::<Vec<_>>();
    let bill = attached::find(fetcher, cache, &reference, &subjects, offers.as_ref())?;
    Ok(Resolved { reference, index, descriptor, manifest, bill })
}

/// A name with a digest is asked for by that digest on a site: it must be the manifest's, an index is not carried.
fn named_by_its_digest(name: &str, manifest: &Digest) -> Result<(), RegistryError> {
    match name.split_once('@') {
        Some((_, digest)) if digest != manifest.to_string() => Err(RegistryError::content(
            name,
            format!(
                "this is the digest of a multi-architecture index, a release holds {manifest}; name it with as = \"host/name:tag\""
            ),
        )),
        _ => Ok(()),
    }
}

/// An image manifest; refused if it is none or if containerd could not unpack it.
fn read(reference: &Reference, bytes: &[u8]) -> Result<(Descriptor, Manifest), RegistryError> {
    let refuse = |reason: String| RegistryError::content(&reference.to_string(), reason);
    let manifest =
        Manifest::read(bytes).map_err(|error| refuse(format!("the manifest cannot be read: {}", chain(&error))))?;
    let media_type = manifest.media_type.clone().unwrap_or_else(|| MANIFEST.to_owned());
    let config = manifest.config.media_type.as_str();
    if ![MANIFEST, DOCKER_MANIFEST].contains(&media_type.as_str()) || ![CONFIG, DOCKER_CONFIG].contains(&config) {
        return Err(refuse(format!(
            "a manifest of type {media_type} with a configuration of type {config} is no image that containerd runs; \
             charts belong into [[chart]]"
        )));
    }
    if let Some(layer) = manifest.layers.iter().find(|layer| !LAYERS.contains(&layer.media_type.as_str())) {
        return Err(refuse(format!(
            "layer {} of type {} cannot be carried (encrypted, or to be loaded from elsewhere); push the image with plain \
             layers",
            layer.digest.short(),
            layer.media_type
        )));
    }
    Ok((Descriptor::new(&media_type, Digest::of(bytes), bytes.len() as u64), manifest))
}

impl Resolved {
    /// Looks inside: sizes, what the configuration promises, what the layers hold.
    fn finish(&self, fetcher: &Fetcher<'_>, cache: &Cache, pull: &Pull<'_>) -> Result<MadeImage, AssembleError> {
        let layers: Vec<Survey> =
            self.manifest.layers.iter().map(|layer| survey::of_layer(cache, layer)).collect::<Result<_, _>>()?;
        self.check_config(cache, pull, &layers)?;
        let bill = self.bill.map(|digest| attached::read(fetcher, cache, &self.reference, &digest)).transpose()?;
        let mut components = vec![Component::new("oci", &self.reference.name, &self.descriptor.digest.to_string())];
        let inside = match bill {
            Some(document) => bill::components(&document).unwrap_or_default(),
            None => survey::components(cache, &layers)?,
        };
        if inside.is_empty() {
            fetcher.progress().warn(&format!(
                "image {}: no bill of materials is attached and its layers have no package list of Debian or Alpine: the \
                 release's bill names only the image itself; attach one (SPDX or CycloneDX) when you push it",
                pull.name
            ));
        }
        components.extend(inside);
        Ok(MadeImage {
            descriptor: self.descriptor.clone(),
            compressed: image::size(&self.manifest, self.descriptor.size),
            unpacked: layers.iter().map(|layer| layer.unpacked).sum(),
            components,
            notices: Vec::new(),
            locked: LockedImage {
                reference: pull.name.to_owned(),
                from: Some(pull.from.to_owned()),
                inputs: None,
                platform: pull.platform.chosen(),
                index: self.index,
                manifest: self.descriptor.digest,
                sbom: self.bill,
                layer: Vec::new(),
            },
        })
    }

    /// The configuration must fit the platform and the layers: containerd would refuse it only on a site.
    fn check_config(&self, cache: &Cache, pull: &Pull<'_>, layers: &[Survey]) -> Result<(), AssembleError> {
        #[derive(Deserialize)]
        struct Config {
            #[serde(flatten)]
            platform: Platform,
            rootfs: RootFs,
        }
        #[derive(Deserialize)]
        struct RootFs {
            diff_ids: Vec<Digest>,
        }
        let what = self.reference.to_string();
        let path = cache.blob(&self.manifest.config.digest);
        let bytes = std::fs::read(&path).map_err(AssembleError::io("read", &path))?;
        let config: Config = serde_json::from_slice(&bytes)
            .map_err(|error| RegistryError::content(&what, format!("the configuration cannot be read: {error}")))?;
        if !pull.platform.same_processor(&config.platform) {
            let (wanted, offered) = (pull.platform.to_string(), config.platform.to_string());
            return Err(RegistryError::Platform { what, wanted, offered }.into());
        }
        let found: Vec<Digest> = layers.iter().map(|layer| layer.diff_id).collect();
        if found != config.rootfs.diff_ids {
            let reason = "its layers do not unpack to what its configuration names; push the image again";
            return Err(RegistryError::content(&what, reason).into());
        }
        Ok(())
    }
}
