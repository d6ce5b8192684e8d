//! How two releases differ, as data: the shape of `diff --json`.

use std::collections::BTreeSet;

use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::digest::Digest;

/// Version of the JSON of a comparison.
pub const FORMAT: u32 = 1;

/// The differences of two releases.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Name or reference.
    pub name: String,
    /// What happened to it.
    pub change: Change,
    /// In the older release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<Form>,
    /// In the newer release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<Form>,
}

/// A part as one release has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Form {
    /// Digest: of the program, the image manifest, the packed chart.
    pub digest: Digest,
    /// Bytes in the release file.
    pub size: u64,
    /// Version, for charts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// Blobs that only the newer release has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// Their number.
    pub blobs: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Bytes of all blobs of the newer release.
    pub of: u64,
}

/// A value that two releases set differently.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ValueChange {
    /// Name of the chart; `global` for the values of all charts.
    pub chart: String,
    /// Keys from the top, with points between them.
    pub field: String,
    /// In the older release, if it is set there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<Value>,
    /// In the newer release, if it is set there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<Value>,
}

/// A component whose versions differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComponentChange {
    /// Package URL without version and qualifiers.
    pub name: String,
    /// What happened to it.
    pub change: Change,
    /// Versions in the older release.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub old: BTreeSet<String>,
    /// Versions in the newer release.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub new: BTreeSet<String>,
}

impl Comparison {
    /// Whether both are the same release.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.old.digest == self.new.digest
    }
}
