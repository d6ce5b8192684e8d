//! The state of the whole, as every face shows it.

use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::message::Message;
use crate::operation::OperationView;
use crate::port::Timestamp;

/// Everything that a face shows on its first screen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StatusView {
    /// When it was made.
    pub time: Timestamp,
    /// Version of the agent; absent where the view was read from disk because the agent does not answer.
    pub agent: Option<String>,
    /// Name of the site.
    pub site: String,
    /// Host name of the front door.
    pub front_door: String,
    /// Installed release, `NAME-VERSION`, once an operation committed it.
    pub release: Option<String>,
    /// One word for everything.
    pub health: Health,
    /// Nodes; absent while the Kubernetes API does not answer.
    pub nodes: Option<Vec<NodeView>>,
    /// Workloads; absent while the Kubernetes API does not answer.
    pub workloads: Option<Vec<WorkloadView>>,
    /// Why the cluster cannot be seen.
    pub cluster_unseen: Option<Message>,
    /// This host.
    pub host: Option<HostView>,
    /// The operation that runs or stopped, else the last one.
    pub operation: Option<OperationView>,
    /// What keeps the agent from new operations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
}

/// One word for everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// Everything that should run runs.
    Ok,
    /// An operation is changing things.
    Busy,
    /// Works, but something needs attention.
    Attention,
    /// Something does not work.
    Problem,
    /// Cannot be told.
    Unknown,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeView {
    /// Name.
    pub name: String,
    /// Whether it is ready.
    pub ready: bool,
    /// Version of its kubelet.
    pub version: String,
    /// Why it is not ready.
    pub reason: Option<Message>,
}

/// A workload (Deployment, `StatefulSet`, `DaemonSet`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkloadView {
    /// `Deployment`, `StatefulSet`, `DaemonSet`.
    pub kind: String,
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Pods wanted.
    pub wanted: u32,
    /// Pods ready.
    pub ready: u32,
    /// What is missing, in plain words; absent if it is as wanted.
    pub reason: Option<Message>,
}

/// Figures of this host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostView {
    /// Host name.
    pub name: String,
    /// Memory in MiB.
    pub memory_total_mib: u64,
    /// Memory in MiB that is in use.
    pub memory_used_mib: u64,
    /// Data directory's file system in MiB.
    pub disk_total_mib: u64,
    /// Free there in MiB.
    pub disk_free_mib: u64,
    /// Load of one minute, in hundredths.
    pub load_hundredths: u64,
    /// Processors.
    pub cpus: u64,
}

/// Judges the whole from its parts (the full rules come with the findings of `core::health`).
#[must_use]
pub fn judge(
    nodes: Option<&[NodeView]>,
    workloads: Option<&[WorkloadView]>,
    operation: Option<&OperationView>,
) -> Health {
    use crate::operation::OperationState as State;
    match operation.map(|operation| operation.state) {
        Some(State::NeedsOperator) => return Health::Problem,
        Some(State::Approved | State::Running | State::Verifying | State::RollingBack | State::Paused) => {
            return Health::Busy;
        }
        Some(State::Committed | State::RolledBack) | None => {}
    }
    let (Some(nodes), Some(workloads)) = (nodes, workloads) else {
        return if operation.is_some() { Health::Problem } else { Health::Unknown };
    };
    let dead = workloads.iter().any(|workload| workload.wanted > 0 && workload.ready == 0);
    if dead || nodes.iter().all(|node| !node.ready) {
        Health::Problem
    } else if workloads.iter().any(|workload| workload.reason.is_some()) || nodes.iter().any(|node| !node.ready) {
        Health::Attention
    } else {
        Health::Ok
    }
}

/// A release in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseView {
    /// `NAME-VERSION`.
    pub id: String,
    /// Name of the platform.
    pub name: String,
    /// Version.
    pub version: String,
    /// Sequence number.
    pub sequence: u64,
    /// Number of images.
    pub images: u64,
    /// Bytes of all its blobs.
    pub bytes: u64,
    /// When it was added.
    pub added: Timestamp,
    /// Whether it is the installed one.
    pub current: bool,
}
