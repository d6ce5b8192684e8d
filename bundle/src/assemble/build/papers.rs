//! The papers of a release: bill of materials, licence notices, release manifest.

use std::path::Path;

use bridle_core::digest::Digest;
use bridle_core::release::{Blob, Chart, DataSource, FORMAT, ImageEntry, Kubernetes, ReleaseManifest};

use super::NamedProgram;
use crate::assemble::cache::Cache;
use crate::assemble::error::AssembleError;
use crate::assemble::image::MadeImage;
use crate::assemble::notices::{self, Notice};
use crate::assemble::sbom::{self, Part};
use crate::assemble::source::ReleaseSource;

/// Bill of materials and licence notices.
pub(super) fn write(
    folder: &Path,
    source: &ReleaseSource,
    cache: &Cache,
    programs: &[NamedProgram],
    images: &[MadeImage],
    charts: &[Chart],
    mut notices: Vec<Notice>,
) -> Result<(Blob, Blob), AssembleError> {
    let part = |kind, name: &str, version: &str, digest: &Digest, components: &[sbom::Component]| Part {
        kind,
        name: name.to_owned(),
        version: version.to_owned(),
        digest: digest.hex(),
        components: components.to_vec(),
    };
    let mut parts = Vec::new();
    for (name, _, product) in programs {
        parts.push(part("program", name, "", &product.blob.digest, &product.components));
        notices.extend(product.notices.iter().cloned());
    }
    for image in images {
        parts.push(part("image", &image.locked.reference, "", &image.descriptor.digest, &image.components));
        notices.extend(image.notices.iter().cloned());
    }
    for chart in charts {
        parts.push(part("chart", &chart.name, &chart.version, &chart.package.digest, &[]));
    }
    for extra in &source.licences.extra {
        notices.push(notices::of_file(cache, extra, &folder.join(extra))?);
    }
    let version = source.release.version.to_string();
    let sbom = cache.put(&sbom::document(&source.release.name, &version, &parts))?;
    let title = format!("{} {version}", source.release.name);
    let notices = cache.put(&notices::document(cache, &title, &notices)?)?;
    Ok((sbom, notices))
}

/// The release manifest.
pub(super) fn manifest(
    source: &ReleaseSource,
    programs: &[NamedProgram],
    images: &[MadeImage],
    (charts, data): (Vec<Chart>, Vec<DataSource>),
    (sbom, notices): (Blob, Blob),
) -> ReleaseManifest {
    let entry = |image: &MadeImage| ImageEntry {
        manifest: image.descriptor.digest,
        compressed: image.compressed,
        unpacked: image.unpacked,
    };
    ReleaseManifest {
        format: FORMAT,
        name: source.release.name.clone(),
        version: source.release.version.clone(),
        sequence: source.release.sequence,
        architecture: "amd64".to_owned(),
        upgrades_from: source.release.upgrades_from.clone().unwrap_or_default(),
        soak_seconds: source.release.soak_seconds,
        notes: source.release.notes.clone(),
        kubernetes: Kubernetes {
            version: source.kubernetes.version.clone(),
            cluster_cidr: source.kubernetes.cluster_cidr.clone(),
            service_cidr: source.kubernetes.service_cidr.clone(),
            pause: source.kubernetes.pause.clone(),
        },
        programs: programs.iter().map(|(name, _, product)| (name.clone(), product.blob.clone())).collect(),
        images: images.iter().map(|image| (image.locked.reference.clone(), entry(image))).collect(),
        namespaces: source.namespace.clone(),
        secrets: source.secrets(),
        global: source.values.global.clone(),
        charts,
        data,
        probes: source.probes(),
        checks: source.check.clone(),
        sbom,
        notices,
    }
}
