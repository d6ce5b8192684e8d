//! `bundle.lock`: exactly what goes into a release.

use std::collections::BTreeMap;
use std::path::Path;

use bridle_core::digest::Digest;
use serde::{Deserialize, Serialize};

use super::FORMAT;
use crate::assemble::error::AssembleError;

/// The lock of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// Version of the format.
    pub format: u32,
    /// `linux/amd64`.
    pub platform: String,
    /// Versions of the tools that made it, by name: the first place to look when something differs.
    pub tools: BTreeMap<String, String>,
    /// Programs in the order of the release manifest.
    #[serde(default)]
    pub program: Vec<LockedProgram>,
    /// Images by ascending reference.
    #[serde(default)]
    pub image: Vec<LockedImage>,
    /// Charts in the order of the source.
    #[serde(default)]
    pub chart: Vec<LockedChart>,
}

/// A program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedProgram {
    /// Name.
    pub name: String,
    /// Digest of the recipe and its inputs; absent where the program is taken as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inputs: Option<Digest>,
    /// Digest of the program.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
}

/// An image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedImage {
    /// Reference inside the release.
    pub reference: String,
    /// Reference it is pulled from; absent where a recipe makes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Digest of the recipe; absent where the image is pulled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inputs: Option<Digest>,
    /// Platform that was asked for; absent where it is the platform of all hosts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// Digest of the multi-architecture index that the manifest was chosen from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<Digest>,
    /// Digest of the image manifest.
    pub manifest: Digest,
    /// Digest of the bill of materials that is attached to the image in its registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sbom: Option<Digest>,
    /// Layers that a recipe makes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layer: Vec<LockedLayer>,
}

/// A layer that a recipe makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedLayer {
    /// Kind of the layer.
    pub kind: String,
    /// Digest of the compressed layer.
    pub digest: Digest,
    /// Wheel that it is taken from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wheel: Option<Digest>,
    /// Debian packages that it is made of, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub package: Vec<LockedPackage>,
}

/// A Debian package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedPackage {
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
    /// Architecture (`amd64`, `all`).
    pub architecture: String,
    /// SHA-256 of the package file.
    pub sha256: Digest,
}

/// A chart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedChart {
    /// Name.
    pub name: String,
    /// Version of the chart.
    pub version: String,
    /// Registry that it is pulled from (`oci://…`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Digest of its OCI manifest in the registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<Digest>,
    /// Digest of the archive that it is taken from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archive: Option<Digest>,
    /// Digest of the packed chart.
    pub digest: Digest,
}

impl Lock {
    /// Reads `bundle.lock`.
    ///
    /// # Errors
    /// [`AssembleError`] if it cannot be read or is not what the format asks for.
    pub fn read(path: &Path) -> Result<Self, AssembleError> {
        super::read(path)
    }

    /// Its text.
    ///
    /// # Errors
    /// [`AssembleError`] if it cannot be written as TOML.
    pub fn text(&self) -> Result<String, AssembleError> {
        let text = toml::to_string(self).map_err(|error| AssembleError::recipe("bundle.lock", error.to_string()))?;
        Ok(format!("# Written by `bridle-bundle lock`; not for editing.\n{text}"))
    }

    /// The image with this reference.
    #[must_use]
    pub fn image(&self, reference: &str) -> Option<&LockedImage> {
        self.image.iter().find(|image| image.reference == reference)
    }

    /// The chart with this name.
    #[must_use]
    pub fn chart(&self, name: &str) -> Option<&LockedChart> {
        self.chart.iter().find(|chart| chart.name == name)
    }

    /// This lock above the one of a release that it extends: what both name counts as it stands below.
    #[must_use]
    pub fn over(mut self, below: Self) -> Self {
        self.image.retain(|image| below.image(&image.reference).is_none());
        self.chart.retain(|chart| below.chart(&chart.name).is_none());
        self.image.extend(below.image);
        self.chart.extend(below.chart);
        self
    }

    /// Checks that `found`, made now, is what was locked. The versions of tools may differ if the results do not.
    ///
    /// # Errors
    /// [`AssembleError::Differs`] names the first part that is not the same.
    pub fn agree(&self, found: &Self) -> Result<(), AssembleError> {
        let differs = |what: String, locked: Option<String>, found: Option<String>| {
            let or = |text: Option<String>| text.unwrap_or_else(|| "nothing".to_owned());
            Err(AssembleError::Differs { what, locked: or(locked), found: or(found) })
        };
        if self.format != FORMAT || self.platform != found.platform {
            return differs("platform".to_owned(), Some(self.platform.clone()), Some(found.platform.clone()));
        }
        let (locked, now) = (self.parts(), found.parts());
        for (name, digest) in &locked {
            if now.get(name) != Some(digest) {
                return differs(name.clone(), Some(digest.clone()), now.get(name).cloned());
            }
        }
        match now.iter().find(|(name, _)| !locked.contains_key(*name)) {
            Some((name, digest)) => differs(name.clone(), None, Some(digest.clone())),
            None => Ok(()),
        }
    }

    /// Every part that has a digest, by a name for people; ordered so that causes stand before what they cause.
    fn parts(&self) -> BTreeMap<String, String> {
        let mut parts = BTreeMap::new();
        for program in &self.program {
            parts.insert(format!("program {}", program.name), program.digest.to_string());
        }
        for image in &self.image {
            for (number, layer) in image.layer.iter().enumerate() {
                let name = format!("image {}, layer {} ({})", image.reference, number + 1, layer.kind);
                for package in &layer.package {
                    let value = format!("{} {} {}", package.version, package.architecture, package.sha256);
                    parts.insert(format!("{name}, package {}", package.name), value);
                }
                parts.insert(name, layer.digest.to_string());
            }
            let name = |part: &str| format!("image {}, {part}", image.reference);
            parts.extend(image.index.map(|digest| (name("index"), digest.to_string())));
            parts.extend(image.sbom.map(|digest| (name("bill of materials"), digest.to_string())));
            parts.insert(name("manifest"), image.manifest.to_string());
        }
        for chart in &self.chart {
            let archive = chart.archive.map(|digest| (format!("chart {}, archive", chart.name), digest.to_string()));
            parts.extend(archive);
            parts.insert(format!("chart {}", chart.name), chart.digest.to_string());
        }
        parts
    }
}
