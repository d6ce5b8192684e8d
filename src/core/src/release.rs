//! The release manifest: what a release is, exactly (`docs/FORMATS.md`).

mod change;
mod check;
mod data;

use std::collections::BTreeMap;

use semver::{Version, VersionReq};
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::json;
use crate::oci::is_reference;

pub use change::{LONGEST_PATH, Migrate, Migration, PostgresqlVersion, Rename, SOAK_LIMITS, SOAK_SECONDS};
pub use data::{DataKind, DataSource, DatabaseLog, PodCommands, Whole};

/// Media type of the release manifest (the config blob of the release's OCI manifest).
pub const RELEASE_CONFIG: &str = "application/vnd.bridle.release.v1+json";
/// Artifact type of the release's OCI manifest.
pub const RELEASE_ARTIFACT: &str = "application/vnd.bridle.release.v1";
/// Media type of a program for hosts (an executable as it is).
pub const PROGRAM: &str = "application/vnd.bridle.program.v1";
/// Media type of a packed chart (Helm's own).
pub const CHART: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
/// Media type of the software bill of materials.
pub const SBOM: &str = "application/vnd.cyclonedx+json";
/// Media type of the collected licence notices (text).
pub const NOTICES: &str = "text/plain";
/// Version of the format that this code writes.
pub const FORMAT: u32 = 1;
/// Limits of the JSON of a release manifest; values of charts may nest deeply, and hold whole files.
pub const LIMITS: json::Limits = json::Limits { depth: 64, values: 1 << 18, text: 1 << 20 };
/// Most programs, charts, namespaces and so on, each.
pub const MOST_PARTS: usize = 1024;
/// Most programs and charts together: they are layers of one manifest ([`crate::oci::MAX_LAYERS`]).
pub const MOST_LAYERS: usize = crate::oci::MAX_LAYERS - 2;
/// Largest size that a release may claim for an image, in bytes: 1 TiB, so that sums of claims stay far from overflow.
pub const LARGEST_CLAIM: u64 = 1 << 40;
/// Most requests of a probe.
pub const MOST_REQUESTS: usize = 32;

/// A release: exact versions of all programs, images and charts, and what must hold for them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseManifest {
    /// Version of this format; readers refuse any other than [`FORMAT`].
    pub format: u32,
    /// Name of the platform, `[a-z0-9-]{1,40}`.
    pub name: String,
    /// Version of the release.
    pub version: Version,
    /// Rises with each release; going back is noticed.
    pub sequence: u64,
    /// Processor architecture (`amd64`).
    pub architecture: String,
    /// Which installed versions may be upgraded to this one.
    pub upgrades_from: Vec<VersionReq>,
    /// How long probes and health must hold after an upgrade until it is committed, in seconds ([`SOAK_LIMITS`]).
    #[serde(default = "change::soak_seconds", skip_serializing_if = "change::is_usual_soak")]
    pub soak_seconds: u32,
    /// Release notes by language (`en`, `fr`).
    pub notes: BTreeMap<String, String>,
    /// The Kubernetes part.
    pub kubernetes: Kubernetes,
    /// Programs for hosts by name: `k3s`, `helm`, `bridle`, `bridle-launch`, `installer`.
    pub programs: BTreeMap<String, Blob>,
    /// Images: full reference to the digest of the image manifest.
    pub images: BTreeMap<String, ImageEntry>,
    /// Namespaces that exist before any chart.
    pub namespaces: Vec<Namespace>,
    /// Secrets that are made on the site.
    pub secrets: Vec<Secret>,
    /// Values shared by all charts.
    pub global: serde_json::Map<String, serde_json::Value>,
    /// Charts in the order in which they are applied.
    pub charts: Vec<Chart>,
    /// What must be saved, and how.
    pub data: Vec<DataSource>,
    /// What "works" means.
    pub probes: Vec<Probe>,
    /// What a host must have.
    pub checks: Vec<Check>,
    /// Bill of materials.
    pub sbom: Blob,
    /// Licence notices of everything inside.
    pub notices: Blob,
}

/// A blob of the release: digest and size in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Blob {
    /// Digest.
    pub digest: Digest,
    /// Size in bytes.
    pub size: u64,
}

/// Kubernetes of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kubernetes {
    /// Upstream version, without the `v`.
    pub version: Version,
    /// Addresses of pods.
    pub cluster_cidr: String,
    /// Addresses of services.
    pub service_cidr: String,
    /// Reference of the sandbox image, one of the release's images.
    pub pause: String,
}

/// An image of the release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageEntry {
    /// Digest of the image manifest.
    pub manifest: Digest,
    /// Bytes that the image's blobs occupy compressed.
    pub compressed: u64,
    /// Bytes that its layers occupy unpacked (sum of the tar streams).
    pub unpacked: u64,
}

/// A namespace with its pod security level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Namespace {
    /// Name.
    pub name: String,
    /// Level that is enforced (Kubernetes pod security standards).
    pub pod_security: PodSecurity,
}

/// Levels of the Kubernetes pod security standards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PodSecurity {
    /// Everything allowed.
    Privileged,
    /// Known privilege escalations refused.
    Baseline,
    /// Hardened.
    Restricted,
}

/// A Secret that the site makes for itself, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// Name of the Kubernetes Secret.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// What is in it.
    pub content: SecretContent,
}

/// Content of a site secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SecretContent {
    /// Random keys (name to number of random bytes, 16 to 64, stored as base64url) and fixed ones.
    Random {
        /// Key name to number of random bytes.
        keys: BTreeMap<String, u32>,
        /// Key name to value that is not secret.
        fixed: BTreeMap<String, String>,
    },
    /// `kubernetes.io/tls`: a certificate of the appliance's own CA for the site's host name.
    Tls,
}

/// One chart, applied as one Helm release of the same name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chart {
    /// Name of chart and Helm release.
    pub name: String,
    /// Version of the chart.
    pub version: String,
    /// Namespace of the Helm release.
    pub namespace: String,
    /// When it is applied.
    pub stage: Stage,
    /// Place within the stage, ascending; charts of an equal place do not depend on each other.
    pub order: u32,
    /// Deadline for the chart's workloads to become ready, in seconds.
    pub timeout_seconds: u32,
    /// Values of the release for this chart.
    pub values: serde_json::Map<String, serde_json::Value>,
    /// The packed chart.
    pub package: Blob,
    /// Whether the chart holds `crds/`.
    pub has_crds: bool,
    /// References of the images that it renders with the release's values.
    pub images: Vec<String>,
    /// Values that have another place than in an earlier release.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub renames: Vec<Rename>,
    /// What its application does to its data when it starts in this release for the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migration: Option<Migration>,
    /// Whether it has pods that cannot run beside those that they replace, so that a change of them interrupts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub interrupts: bool,
}

/// Platform charts come before application charts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Name resolution, volumes, metrics, ingress.
    Platform,
    /// What users see.
    Application,
}

/// A user journey over HTTP through the front door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// Name, unique in the release.
    pub name: String,
    /// What it shows, by language.
    pub title: BTreeMap<String, String>,
    /// Limit for each request in seconds, 1 to 120.
    pub timeout_seconds: u32,
    /// The requests in order, at most 32.
    pub requests: Vec<ProbeRequest>,
}

/// One request of a probe. `{name}` in path, body and expectations stands for a captured value, `{run}` for an id of the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeRequest {
    /// `GET`, `POST`, `PUT`, `DELETE`, `HEAD`.
    pub method: String,
    /// Path with query, begins with `/`.
    pub path: String,
    /// JSON body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<serde_json::Value>,
    /// Status that the answer must have.
    pub expect_status: u16,
    /// JSON pointer to the value that must stand there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub expect_json: BTreeMap<String, serde_json::Value>,
    /// Text that the answer must hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect_text: Option<String>,
    /// Name to JSON pointer of a value that later requests use.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub capture: BTreeMap<String, String>,
    /// Done even if an earlier request failed.
    #[serde(default)]
    pub cleanup: bool,
}

/// What a host must have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// What is measured.
    pub kind: CheckKind,
    /// The least that will do, in the unit of the kind.
    pub minimum: u64,
}

/// What a check measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckKind {
    /// Main memory in MiB.
    MemoryMib,
    /// Processors.
    Cpus,
    /// Free space at the data directory in MiB, beyond what the release itself needs.
    DiskMib,
}

impl ReleaseManifest {
    /// Reads and checks a release manifest.
    ///
    /// # Errors
    /// [`ReleaseError`] for another format, invalid JSON or names that break the rules of the format.
    pub fn parse(bytes: &[u8]) -> Result<Self, ReleaseError> {
        #[derive(Deserialize)]
        struct Header {
            format: u32,
        }
        json::measure(bytes, &LIMITS).map_err(ReleaseError::Json)?;
        let header: Header = serde_json::from_slice(bytes).map_err(ReleaseError::Json)?;
        if header.format != FORMAT {
            return Err(ReleaseError::Format { found: header.format });
        }
        let manifest: Self = serde_json::from_slice(bytes).map_err(ReleaseError::Json)?;
        check::all(&manifest)?;
        Ok(manifest)
    }

    /// `NAME-VERSION`, the name of the release on a host.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}-{}", self.name, self.version)
    }

    /// A program by name.
    #[must_use]
    pub fn program(&self, name: &str) -> Option<&Blob> {
        self.programs.get(name)
    }
}

/// Why a release manifest is refused.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// Not the JSON that the format asks for.
    #[error("read release manifest")]
    Json(#[source] serde_json::Error),
    /// Written by another version of Bridle.
    #[error("read release manifest: format {found}, this program reads {FORMAT}")]
    Format {
        /// The format found.
        found: u32,
    },
    /// A name that breaks the rules.
    #[error("read release manifest: invalid {what} name {found:?}")]
    Name {
        /// Kind of thing.
        what: &'static str,
        /// The name, at most 80 characters.
        found: String,
    },
    /// Two parts with one name.
    #[error("read release manifest: two of {what} are named {found:?}")]
    Twice {
        /// Kind of thing.
        what: &'static str,
        /// The name.
        found: String,
    },
    /// A number beyond its limits.
    #[error("read release manifest: {what} is {found}, allowed are {least} to {most}")]
    Limit {
        /// What is measured or counted.
        what: &'static str,
        /// Found.
        found: u64,
        /// The least that is allowed.
        least: u64,
        /// The most that is allowed.
        most: u64,
    },
}
