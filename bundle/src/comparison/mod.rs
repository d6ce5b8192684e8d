//! How two releases differ: parts, values, components, and what an upgrade moves. For the publisher and for hosts.

mod bill;
mod values;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use bridle_core::digest::Digest;
use bridle_core::release::ReleaseManifest;
use semver::Version;
use serde::Serialize;

pub use bill::{ComponentChange, read_bill};
pub use values::ValueChange;

use crate::file::{Contents, FileError, Source, VerifiedBundle};

/// Version of the JSON of a comparison.
pub const FORMAT: u32 = 1;

/// The differences of two releases.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// [`FORMAT`].
    pub format: u32,
    /// The older release.
    pub old: Side,
    /// The newer release.
    pub new: Side,
    /// Programs by name, also those that stay the same.
    pub programs: Vec<Part>,
    /// Images by reference.
    pub images: Vec<Part>,
    /// Charts by name.
    pub charts: Vec<Part>,
    /// Values that differ.
    pub values: Vec<ValueChange>,
    /// Components of the bills of materials that differ; nothing where a file (a delta) does not carry its bill.
    pub components: Option<Vec<ComponentChange>>,
    /// What a host that has the older release must get.
    pub moved: Moved,
}

/// One of the two releases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Side {
    /// Name of the platform.
    pub name: String,
    /// Version.
    pub version: Version,
    /// Sequence.
    pub sequence: u64,
    /// Identity of the release.
    pub digest: Digest,
    /// Version of Kubernetes.
    pub kubernetes: Version,
}

/// Whether a part is in both releases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// Only in the newer one.
    New,
    /// Only in the older one.
    Gone,
    /// In both, not the same.
    Changed,
    /// In both, the same.
    Same,
}

/// A program, image or chart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    /// Name or reference.
    pub name: String,
    /// What happened to it.
    pub change: Change,
    /// In the older release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<Form>,
    /// In the newer release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<Form>,
}

/// A part as one release has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Form {
    /// Digest: of the program, the image manifest, the packed chart.
    pub digest: Digest,
    /// Bytes in the release file.
    pub size: u64,
    /// Version, for charts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// Blobs that only the newer release has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Moved {
    /// Their number.
    pub blobs: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Bytes of all blobs of the newer release.
    pub of: u64,
}

impl Comparison {
    /// Compares two releases; the bills of materials are the JSON documents that they carry.
    #[must_use]
    pub fn between(old: &Contents, new: &Contents, bills: Option<(&[u8], &[u8])>) -> Self {
        let known: BTreeSet<Digest> = old.all().map(|blob| blob.digest).collect();
        let moved: Vec<u64> = new.all().filter(|blob| !known.contains(&blob.digest)).map(|blob| blob.size).collect();
        Self {
            format: FORMAT,
            old: side(old),
            new: side(new),
            programs: parts(&programs(&old.release), &programs(&new.release)),
            images: parts(&images(&old.release), &images(&new.release)),
            charts: parts(&charts(&old.release), &charts(&new.release)),
            values: values::between(&old.release, &new.release),
            components: bills.and_then(|(old, new)| bill::between(old, new)),
            moved: Moved { blobs: moved.len() as u64, bytes: moved.iter().sum(), of: new.size() },
        }
    }

    /// Compares two release files whose signatures were checked, reading them up to their bills of materials.
    ///
    /// # Errors
    /// [`FileError`] for damage on the way.
    pub fn of_files<S: Source>(old: &mut VerifiedBundle<S>, new: &mut VerifiedBundle<S>) -> Result<Self, FileError> {
        let bills = (read_bill(old)?, read_bill(new)?);
        let bills = bills.0.as_deref().zip(bills.1.as_deref());
        Ok(Self::between(old.contents(), new.contents(), bills))
    }

    /// Whether both are the same release.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.old.digest == self.new.digest
    }
}

fn side(contents: &Contents) -> Side {
    let release = &contents.release;
    Side {
        name: release.name.clone(),
        version: release.version.clone(),
        sequence: release.sequence,
        digest: contents.digest,
        kubernetes: release.kubernetes.version.clone(),
    }
}

type Forms = BTreeMap<String, Form>;

fn programs(release: &ReleaseManifest) -> Forms {
    let form = |digest, size| Form { digest, size, version: None };
    release.programs.iter().map(|(name, blob)| (name.clone(), form(blob.digest, blob.size))).collect()
}

fn images(release: &ReleaseManifest) -> Forms {
    let form = |digest, size| Form { digest, size, version: None };
    release.images.iter().map(|(name, image)| (name.clone(), form(image.manifest, image.compressed))).collect()
}

fn charts(release: &ReleaseManifest) -> Forms {
    let one = |chart: &bridle_core::release::Chart| {
        let version = Some(chart.version.clone());
        (chart.name.clone(), Form { digest: chart.package.digest, size: chart.package.size, version })
    };
    release.charts.iter().map(one).collect()
}

fn parts(old: &Forms, new: &Forms) -> Vec<Part> {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let part = |name: &String| {
        let (old, new) = (old.get(name).cloned(), new.get(name).cloned());
        let change = match (&old, &new) {
            (None, _) => Change::New,
            (_, None) => Change::Gone,
            (Some(old), Some(new)) if old.digest == new.digest => Change::Same,
            _ => Change::Changed,
        };
        Part { name: name.clone(), change, old, new }
    };
    names.into_iter().map(part).collect()
}
