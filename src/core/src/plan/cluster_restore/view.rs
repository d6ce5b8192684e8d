//! What is shown before the cluster's database goes back, and the order to do it.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::message::Message;
use crate::plan::forecast::StepForecast;
use crate::plan::review::Finding;
use crate::port::Timestamp;

/// A restore point as it is kept on this host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptPoint {
    /// Its name.
    pub name: String,
    /// The release (`NAME-VERSION`) that was in use.
    pub release: String,
    /// Revision of the configuration; 0 if none was kept yet.
    pub revision: u64,
    /// When it was begun.
    pub made: Timestamp,
    /// Minor version (`1.36`) that Kubernetes behaved like; none where nothing says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kubernetes: Option<String>,
    /// Bytes of the snapshot of the cluster's database.
    pub snapshot: u64,
    /// Bytes of all its files, copies of data aside.
    pub bytes: u64,
    /// Releases whose images were kept then.
    pub pins: Vec<String>,
    /// Whether every file of it is as it was written.
    pub whole: bool,
}

/// What the return would do, as all faces show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterRestoreView {
    /// The release in use (`NAME-VERSION`).
    pub release: String,
    /// Name of the site: what is typed to confirm.
    pub site: String,
    /// When this was looked at.
    pub time: Timestamp,
    /// The restore point whose snapshot is used.
    pub point: KeptPoint,
    /// Whether Kubernetes answers, so that the lists could be made.
    pub answers: bool,
    /// What was made since, as `NAMESPACE/KIND/NAME`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub created: Vec<String>,
    /// What was changed since.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<String>,
    /// File into which both are written before; none where Kubernetes does not answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export: Option<String>,
    /// What should be known before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// The steps in order.
    pub steps: Vec<StepForecast>,
    /// Digest of the plan: what is confirmed is what runs.
    pub plan: Digest,
}

/// The order to do it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterRestoreOrder {
    /// The restore point.
    pub point: String,
    /// The plan that was looked at.
    pub plan: Digest,
    /// The name of the site, as it was typed.
    pub confirm: String,
}

impl ClusterRestoreView {
    /// The first finding that stands in the way.
    #[must_use]
    pub fn against(&self) -> Option<Message> {
        self.findings.iter().find(|one| one.stands_against()).map(|one| one.message.clone())
    }
}
