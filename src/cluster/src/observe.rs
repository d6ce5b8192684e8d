//! A cheap look at the whole cluster for the status view.

use bridle_core::fault::Fault;
use bridle_core::message::Message;
use bridle_core::status::{NodeView, WorkloadView};
use serde_json::Value;

use crate::connect::ApiServer;
use crate::readiness::{Verdict, belongs_to, count, judge, node_trouble, pod_trouble, worst};

/// What the cluster looked like at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Version of the API server (`v1.36.3`).
    pub version: String,
    /// Nodes by name.
    pub nodes: Vec<NodeView>,
    /// Workloads of all namespaces, by namespace and name.
    pub workloads: Vec<WorkloadView>,
    /// Pods that are neither ready nor done, at most 100; looked for only where a workload or node is not as wanted.
    pub troubles: Vec<PodTrouble>,
}

/// A pod that is neither ready nor done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodTrouble {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Why.
    pub reason: Message,
}

const MOST_TROUBLES: usize = 100;
/// Collections of workloads with the kind of their members: lists leave `kind` out of each item.
const WORKLOADS: [(&str, &str); 3] = [
    ("Deployment", "/apis/apps/v1/deployments"),
    ("StatefulSet", "/apis/apps/v1/statefulsets"),
    ("DaemonSet", "/apis/apps/v1/daemonsets"),
];
/// The server answers from its memory instead of asking etcd; a second old is new enough for a view.
const CACHED: &str = "resourceVersion=0";

/// Takes a snapshot.
///
/// # Errors
/// `KubernetesRefused` if the API does not answer.
pub(crate) fn snapshot(api: &ApiServer) -> Result<Snapshot, Fault> {
    let version = api.glance("/version").map_err(|error| error.fault("version"))?.unwrap_or_default();
    let nodes = api.glance_list("/api/v1/nodes", CACHED).map_err(|error| error.fault("nodes"))?;
    let mut objects = Vec::new();
    for (kind, path) in WORKLOADS {
        for mut object in api.glance_list(path, CACHED).map_err(|error| error.fault(path))? {
            stamp(&mut object, "apps/v1", kind);
            objects.push(object);
        }
    }
    let calm = objects.iter().all(|object| judge(object) == Verdict::Ready)
        && nodes.iter().all(|node| node_trouble(node).is_none());
    let pods =
        if calm { Vec::new() } else { api.glance_list("/api/v1/pods", CACHED).map_err(|error| error.fault("pods"))? };
    let mut workloads: Vec<WorkloadView> = objects.iter().map(|object| view(object, &pods)).collect();
    workloads.sort_by(|a, b| (&a.namespace, &a.name, &a.kind).cmp(&(&b.namespace, &b.name, &b.kind)));
    let troubles = pods.iter().filter_map(trouble).take(MOST_TROUBLES).collect();
    Ok(Snapshot {
        version: string(&version, "/gitVersion"),
        nodes: nodes.iter().map(node_view).collect(),
        workloads,
        troubles,
    })
}

/// Gives an item of a list the type that only the list carries.
pub(crate) fn stamp(object: &mut Value, version: &str, kind: &str) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert("apiVersion".to_owned(), version.into());
        fields.insert("kind".to_owned(), kind.into());
    }
}

/// A workload in one line, with the reason that says most: a pod in trouble says more than the workload's own count.
pub(crate) fn view(object: &Value, pods: &[Value]) -> WorkloadView {
    let count = count(object);
    let reason = match judge(object) {
        Verdict::Ready => None,
        Verdict::Waiting(own) | Verdict::Failed(own) => {
            let pod = worst(pods.iter().filter(|pod| belongs_to(pod, object)));
            Some(pod.filter(|(_, _, word)| !word.is_empty()).map_or(own, |(_, message, _)| message))
        }
    };
    WorkloadView {
        kind: string(object, "/kind"),
        namespace: string(object, "/metadata/namespace"),
        name: string(object, "/metadata/name"),
        wanted: count.wanted,
        ready: count.ready,
        reason,
    }
}

fn node_view(node: &Value) -> NodeView {
    let reason = node_trouble(node);
    NodeView {
        name: string(node, "/metadata/name"),
        ready: reason.is_none(),
        version: string(node, "/status/nodeInfo/kubeletVersion"),
        reason,
    }
}

fn trouble(pod: &Value) -> Option<PodTrouble> {
    let (reason, _) = pod_trouble(pod)?;
    Some(PodTrouble { namespace: string(pod, "/metadata/namespace"), name: string(pod, "/metadata/name"), reason })
}

fn string(object: &Value, pointer: &str) -> String {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
