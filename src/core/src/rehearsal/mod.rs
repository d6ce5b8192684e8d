//! A rehearsal of an upgrade: what is asked of a running cluster before anything of it is touched, and how the answers are
//! judged. Everything here is pure: manifests come in as JSON values, findings go out.

pub mod budgets;
pub mod claims;
mod finding;
pub mod immutable;
pub mod interruption;
pub mod ownership;
pub mod postgresql;
pub mod removed;
pub mod selector;
pub mod webhooks;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use finding::{Finding, ObjectName, Severity};
pub use interruption::Interruption;
pub use removed::Minor;

use crate::digest::Digest;
use crate::step::{ChartName, ChartStep};

/// What is to be tried.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rehearsal {
    /// The charts of the new release in their order, with all values merged.
    pub charts: Vec<ChartStep>,
    /// The charts of the release in use, also those that the new one no longer has.
    pub current: Vec<ChartName>,
    /// Kubernetes of the new release.
    pub kubernetes_target: Minor,
    /// Packed charts of the new release that bring kinds of their own (`crds/`).
    pub crds: Vec<Digest>,
}

/// What was found. Nothing of the cluster was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The worst first, then by object.
    pub findings: Vec<Finding>,
    /// What becomes of each workload, those that are not touched left out.
    pub interruptions: Vec<Interruption>,
    /// Objects that the charts bring, definitions of kinds included.
    pub objects: usize,
    /// Objects that the API server was asked about (dry run).
    pub tried: usize,
    /// How long it took, in milliseconds.
    pub millis: u64,
}

impl Report {
    /// Whether something must be mended before the upgrade may begin.
    #[must_use]
    pub fn blocks(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Blocks)
    }

    /// How many findings are this bad.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }
}

/// The text at a JSON pointer; empty if there is none.
pub(crate) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// Group and version of an `apiVersion`; the group of the core is empty.
pub(crate) fn group_version(api_version: &str) -> (&str, &str) {
    api_version.split_once('/').unwrap_or(("", api_version))
}

/// Group of an object's kind; empty for the core.
pub(crate) fn group(object: &Value) -> &str {
    group_version(text(object, "/apiVersion")).0
}
