//! Interfaces of Kubernetes that a version no longer serves.
//!
//! Sources of the table: the "Deprecated API Migration Guide" of kubernetes.io up to 1.32, and for each version since 1.22
//! `APILifecycleRemoved` and `APILifecycleReplacement` in `zz_generated.prerelease-lifecycle.go` of the Go modules
//! `k8s.io/api` v0.30.0, v0.35.4 and v0.36.3, which the API server itself reads. Reviews and other things that nobody
//! stores are left out.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::group_version;

/// A minor version of Kubernetes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Minor {
    /// 1.
    pub major: u32,
    /// 36.
    pub minor: u32,
}

/// A text that is not a version of Kubernetes.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not a version of Kubernetes such as 1.36")]
pub struct NotAMinor(String);

/// A kind that is no longer served under this interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Removal {
    /// `policy/v1beta1`.
    pub api_version: &'static str,
    /// `PodDisruptionBudget`.
    pub kind: &'static str,
    /// First version without it.
    pub since: Minor,
    /// What takes its place; nothing if nothing does.
    pub replacement: Option<&'static str>,
}

/// Somebody asked for an interface that a coming version does not serve (metric `apiserver_requested_deprecated_apis`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Requested {
    /// `flowcontrol.apiserver.k8s.io/v1beta3`.
    pub api_version: String,
    /// `flowschemas`.
    pub resource: String,
    /// First version without it.
    pub since: Minor,
}

/// The removal of a kind that Kubernetes `target` no longer serves, if it is one.
#[must_use]
pub fn removed(api_version: &str, kind: &str, target: Minor) -> Option<&'static Removal> {
    REMOVALS
        .iter()
        .find(|removal| removal.api_version == api_version && removal.kind == kind && removal.since <= target)
}

/// All kinds that are served by `now` and not by `target`.
pub fn between(now: Minor, target: Minor) -> impl Iterator<Item = &'static Removal> {
    REMOVALS.iter().filter(move |removal| removal.since > now && removal.since <= target)
}

/// Who wrote a live object through an interface that `target` no longer serves: name of the field manager and interface.
#[must_use]
pub fn writers(object: &Value, target: Minor) -> Vec<(String, &'static Removal)> {
    let kind = super::text(object, "/kind");
    let fields = object.pointer("/metadata/managedFields").and_then(Value::as_array).into_iter().flatten();
    let mut found: Vec<(String, &Removal)> = fields
        .filter_map(|entry| {
            let removal = removed(super::text(entry, "/apiVersion"), kind, target)?;
            Some((super::text(entry, "/manager").to_owned(), removal))
        })
        .collect();
    found.sort_by(|a, b| (&a.0, a.1.api_version).cmp(&(&b.0, b.1.api_version)));
    found.dedup();
    found
}

/// What the API server's metrics (Prometheus' text format) say was asked for since it started and that `target` no longer
/// serves. Lines that are not understood say nothing.
#[must_use]
pub fn requested(metrics: &str, target: Minor) -> Vec<Requested> {
    let lines = metrics.lines().filter_map(|line| line.strip_prefix("apiserver_requested_deprecated_apis{"));
    let mut found: Vec<Requested> = lines
        .filter_map(|line| {
            let (labels, value) = line.rsplit_once('}')?;
            if value.trim() == "0" {
                return None;
            }
            let label = |name: &str| {
                let labels = labels.split(',').filter_map(|label| label.split_once('='));
                labels.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value.trim_matches('"'))
            };
            let since: Minor = label("removed_release")?.parse().ok()?;
            let (group, version) = (label("group")?, label("version")?);
            let api_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
            Some(Requested { api_version, resource: label("resource")?.to_owned(), since })
        })
        .filter(|requested| requested.since <= target)
        .collect();
    found.sort();
    found.dedup();
    found
}

/// Whether Kubernetes itself makes the interface of this name (and not a custom resource): no dot, or below `k8s.io`.
#[must_use]
pub fn is_built_in(api_version: &str) -> bool {
    let (group, _) = group_version(api_version);
    !group.contains('.') || BUILT_IN.contains(&group)
}

/// Groups of Kubernetes itself with a dot in their name (`pkg/controlplane/instance.go`, 1.36).
const BUILT_IN: [&str; 18] = [
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "flowcontrol.apiserver.k8s.io",
    "internal.apiserver.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "rbac.authorization.k8s.io",
    "resource.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
    "storagemigration.k8s.io",
];

impl Minor {
    /// `1.minor`.
    #[must_use]
    pub const fn one(minor: u32) -> Self {
        Self { major: 1, minor }
    }
}

impl FromStr for Minor {
    type Err = NotAMinor;

    /// Reads `1.36`, `v1.36.3`, `v1.36.3+k3s1`.
    fn from_str(text: &str) -> Result<Self, NotAMinor> {
        let bad = || NotAMinor(text.chars().take(40).collect());
        let mut parts = text.strip_prefix('v').unwrap_or(text).split('.');
        let mut number = || {
            let part = parts.next()?;
            let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
            part[..digits].parse().ok()
        };
        Ok(Self { major: number().ok_or_else(bad)?, minor: number().ok_or_else(bad)? })
    }
}

impl TryFrom<String> for Minor {
    type Error = NotAMinor;

    fn try_from(text: String) -> Result<Self, NotAMinor> {
        text.parse()
    }
}

impl From<Minor> for String {
    fn from(minor: Minor) -> Self {
        minor.to_string()
    }
}

impl fmt::Display for Minor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.major, self.minor)
    }
}

const fn gone(since: u32, api_version: &'static str, kind: &'static str, replacement: Option<&'static str>) -> Removal {
    Removal { api_version, kind, since: Minor::one(since), replacement }
}

const APPS: Option<&str> = Some("apps/v1");
const NETWORKING: Option<&str> = Some("networking.k8s.io/v1");
const ADMISSION: Option<&str> = Some("admissionregistration.k8s.io/v1");
const RBAC: Option<&str> = Some("rbac.authorization.k8s.io/v1");
const STORAGE: Option<&str> = Some("storage.k8s.io/v1");
const FLOW: Option<&str> = Some("flowcontrol.apiserver.k8s.io/v1");
const RESOURCE: Option<&str> = Some("resource.k8s.io/v1");

/// By version, interface, kind.
const REMOVALS: &[Removal] = &[
    gone(16, "apps/v1beta1", "ControllerRevision", APPS),
    gone(16, "apps/v1beta1", "Deployment", APPS),
    gone(16, "apps/v1beta1", "StatefulSet", APPS),
    gone(16, "apps/v1beta2", "ControllerRevision", APPS),
    gone(16, "apps/v1beta2", "DaemonSet", APPS),
    gone(16, "apps/v1beta2", "Deployment", APPS),
    gone(16, "apps/v1beta2", "ReplicaSet", APPS),
    gone(16, "apps/v1beta2", "StatefulSet", APPS),
    gone(16, "extensions/v1beta1", "DaemonSet", APPS),
    gone(16, "extensions/v1beta1", "Deployment", APPS),
    gone(16, "extensions/v1beta1", "NetworkPolicy", NETWORKING),
    gone(16, "extensions/v1beta1", "PodSecurityPolicy", None),
    gone(16, "extensions/v1beta1", "ReplicaSet", APPS),
    gone(22, "admissionregistration.k8s.io/v1beta1", "MutatingWebhookConfiguration", ADMISSION),
    gone(22, "admissionregistration.k8s.io/v1beta1", "ValidatingWebhookConfiguration", ADMISSION),
    gone(22, "apiextensions.k8s.io/v1beta1", "CustomResourceDefinition", Some("apiextensions.k8s.io/v1")),
    gone(22, "apiregistration.k8s.io/v1beta1", "APIService", Some("apiregistration.k8s.io/v1")),
    gone(22, "certificates.k8s.io/v1beta1", "CertificateSigningRequest", Some("certificates.k8s.io/v1")),
    gone(22, "coordination.k8s.io/v1beta1", "Lease", Some("coordination.k8s.io/v1")),
    gone(22, "extensions/v1beta1", "Ingress", NETWORKING),
    gone(22, "networking.k8s.io/v1beta1", "Ingress", NETWORKING),
    gone(22, "networking.k8s.io/v1beta1", "IngressClass", NETWORKING),
    gone(22, "rbac.authorization.k8s.io/v1beta1", "ClusterRole", RBAC),
    gone(22, "rbac.authorization.k8s.io/v1beta1", "ClusterRoleBinding", RBAC),
    gone(22, "rbac.authorization.k8s.io/v1beta1", "Role", RBAC),
    gone(22, "rbac.authorization.k8s.io/v1beta1", "RoleBinding", RBAC),
    gone(22, "scheduling.k8s.io/v1beta1", "PriorityClass", Some("scheduling.k8s.io/v1")),
    gone(22, "storage.k8s.io/v1beta1", "CSIDriver", STORAGE),
    gone(22, "storage.k8s.io/v1beta1", "CSINode", STORAGE),
    gone(22, "storage.k8s.io/v1beta1", "StorageClass", STORAGE),
    gone(22, "storage.k8s.io/v1beta1", "VolumeAttachment", STORAGE),
    gone(24, "storage.k8s.io/v1alpha1", "CSIStorageCapacity", STORAGE),
    gone(24, "storage.k8s.io/v1alpha1", "VolumeAttachment", STORAGE),
    gone(25, "autoscaling/v2beta1", "HorizontalPodAutoscaler", Some("autoscaling/v2")),
    gone(25, "batch/v1beta1", "CronJob", Some("batch/v1")),
    gone(25, "discovery.k8s.io/v1beta1", "EndpointSlice", Some("discovery.k8s.io/v1")),
    gone(25, "events.k8s.io/v1beta1", "Event", Some("events.k8s.io/v1")),
    gone(25, "node.k8s.io/v1beta1", "RuntimeClass", Some("node.k8s.io/v1")),
    gone(25, "policy/v1beta1", "PodDisruptionBudget", Some("policy/v1")),
    gone(25, "policy/v1beta1", "PodSecurityPolicy", None),
    gone(26, "autoscaling/v2beta2", "HorizontalPodAutoscaler", Some("autoscaling/v2")),
    gone(26, "flowcontrol.apiserver.k8s.io/v1beta1", "FlowSchema", FLOW),
    gone(26, "flowcontrol.apiserver.k8s.io/v1beta1", "PriorityLevelConfiguration", FLOW),
    gone(27, "storage.k8s.io/v1beta1", "CSIStorageCapacity", STORAGE),
    gone(29, "flowcontrol.apiserver.k8s.io/v1beta2", "FlowSchema", FLOW),
    gone(29, "flowcontrol.apiserver.k8s.io/v1beta2", "PriorityLevelConfiguration", FLOW),
    gone(32, "admissionregistration.k8s.io/v1alpha1", "ValidatingAdmissionPolicy", ADMISSION),
    gone(32, "admissionregistration.k8s.io/v1alpha1", "ValidatingAdmissionPolicyBinding", ADMISSION),
    gone(32, "flowcontrol.apiserver.k8s.io/v1beta3", "FlowSchema", FLOW),
    gone(32, "flowcontrol.apiserver.k8s.io/v1beta3", "PriorityLevelConfiguration", FLOW),
    gone(33, "networking.k8s.io/v1alpha1", "IPAddress", NETWORKING),
    gone(33, "networking.k8s.io/v1alpha1", "ServiceCIDR", NETWORKING),
    gone(34, "admissionregistration.k8s.io/v1beta1", "ValidatingAdmissionPolicy", ADMISSION),
    gone(34, "admissionregistration.k8s.io/v1beta1", "ValidatingAdmissionPolicyBinding", ADMISSION),
    gone(35, "storage.k8s.io/v1alpha1", "VolumeAttributesClass", STORAGE),
    // Its life was declared to end with 1.36; the API of 1.35.4 has it no longer.
    gone(35, "storagemigration.k8s.io/v1alpha1", "StorageVersionMigration", Some("storagemigration.k8s.io/v1beta1")),
    gone(37, "certificates.k8s.io/v1alpha1", "ClusterTrustBundle", Some("certificates.k8s.io/v1beta1")),
    gone(37, "networking.k8s.io/v1beta1", "IPAddress", NETWORKING),
    gone(37, "networking.k8s.io/v1beta1", "ServiceCIDR", NETWORKING),
    gone(37, "storage.k8s.io/v1beta1", "VolumeAttributesClass", STORAGE),
    gone(38, "resource.k8s.io/v1beta1", "DeviceClass", RESOURCE),
    gone(38, "resource.k8s.io/v1beta1", "ResourceClaim", RESOURCE),
    gone(38, "resource.k8s.io/v1beta1", "ResourceClaimTemplate", RESOURCE),
    gone(38, "resource.k8s.io/v1beta1", "ResourceSlice", RESOURCE),
];

#[cfg(test)]
mod tests;
