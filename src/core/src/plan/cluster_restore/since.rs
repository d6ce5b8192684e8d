//! Which objects a return to a snapshot loses or takes back to an earlier state, told by what Kubernetes writes into each.

use serde_json::Value;

use crate::port::Timestamp;

/// What happened to an object since a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happened {
    /// It was made.
    Created,
    /// It was there and was changed.
    Changed,
}

/// Kinds whose objects Kubernetes makes for itself and makes anew by itself.
const BY_ITSELF: [&str; 10] = [
    "ComponentStatus",
    "ControllerRevision",
    "CSINode",
    "CSIStorageCapacity",
    "Endpoints",
    "EndpointSlice",
    "Event",
    "IPAddress",
    "Lease",
    "Node",
];
/// Programs of Kubernetes: what they write into an object they write again.
const PROGRAMS: [&str; 6] =
    ["k3s", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "local-path-provisioner"];
/// Type of the Secrets in which helm keeps its records; they come again with the charts.
const RECORD: &str = "helm.sh/release.v1";

/// What happened to `object` (with its `kind`) since `since`; `None` for nothing that somebody would miss.
///
/// Kubernetes writes whole seconds, so the second of the moment itself counts: rather one too many than one too few.
#[must_use]
pub fn happened(object: &Value, since: Timestamp) -> Option<Happened> {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let owned = object.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    let passing = BY_ITSELF.contains(&text("/kind"))
        || text("/type") == RECORD
        || (text("/kind") == "ConfigMap" && text("/metadata/name") == "kube-root-ca.crt")
        || owned.is_some_and(|owners| !owners.is_empty());
    if passing {
        return None;
    }
    let second = Timestamp(since.0 / 1000 * 1000).rfc3339();
    // Both are `2026-11-23T15:13:33…Z`: the order of the texts is that of the times.
    let later = |time: &str| !time.is_empty() && time.get(..19) >= second.get(..19);
    if later(text("/metadata/creationTimestamp")) {
        return Some(Happened::Created);
    }
    let entries = object.pointer("/metadata/managedFields").and_then(Value::as_array).into_iter().flatten();
    let by_somebody = |entry: &&Value| {
        let said = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
        said("subresource").is_empty() && !PROGRAMS.contains(&said("manager"))
    };
    let mut times = entries.filter(by_somebody).filter_map(|entry| entry.get("time").and_then(Value::as_str));
    times.any(later).then_some(Happened::Changed)
}

/// The object as somebody would make it again: without what the API server and the cluster's programs write.
#[must_use]
pub fn bare(mut object: Value) -> Value {
    if let Some(object) = object.as_object_mut() {
        object.remove("status");
    }
    if let Some(metadata) = object.pointer_mut("/metadata").and_then(Value::as_object_mut) {
        for key in ["managedFields", "resourceVersion", "uid", "creationTimestamp", "generation", "selfLink"] {
            metadata.remove(key);
        }
    }
    object
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// 2026-11-23T15:13:33.500Z
    const MOMENT: Timestamp = Timestamp(1_795_446_813_500);

    fn object(kind: &str, created: &str, fields: &Value) -> Value {
        json!({ "kind": kind, "metadata": { "name": "a", "creationTimestamp": created, "managedFields": fields } })
    }

    #[test]
    fn made_changed_or_neither() {
        assert_eq!(MOMENT.rfc3339().get(..19), Some("2026-11-23T15:13:33"));
        let (before, after) = ("2026-11-23T15:13:32Z", "2026-11-23T15:13:33Z");
        let none = json!([]);
        assert_eq!(happened(&object("ConfigMap", after, &none), MOMENT), Some(Happened::Created));
        assert_eq!(happened(&object("ConfigMap", before, &none), MOMENT), None);
        let by = |manager: &str, subresource: &str, time: &str| json!([{ "manager": manager, "subresource": subresource, "time": time }]);
        for (fields, wanted) in [
            (by("kubectl", "", after), Some(Happened::Changed)),
            (by("kubectl", "", before), None),
            (by("kubectl", "status", after), None),
            (by("kube-controller-manager", "", after), None),
        ] {
            assert_eq!(happened(&object("Deployment", before, &fields), MOMENT), wanted, "{fields}");
        }
    }

    #[test]
    fn what_comes_again_by_itself_is_not_missed() {
        for kind in ["Event", "Lease", "EndpointSlice"] {
            assert_eq!(happened(&object(kind, "2027-01-01T00:00:00Z", &json!([])), MOMENT), None);
        }
        let mut pod = object("Pod", "2027-01-01T00:00:00Z", &json!([]));
        assert_eq!(happened(&pod, MOMENT), Some(Happened::Created), "a pod that nobody makes again");
        pod["metadata"]["ownerReferences"] = json!([{ "kind": "ReplicaSet" }]);
        assert_eq!(happened(&pod, MOMENT), None);
        let mut secret = object("Secret", "2027-01-01T00:00:00Z", &json!([]));
        secret["type"] = RECORD.into();
        assert_eq!(happened(&secret, MOMENT), None);
    }

    #[test]
    fn an_object_is_kept_as_somebody_would_make_it() {
        let mut made = object("Service", "2027-01-01T00:00:00Z", &json!([]));
        made["status"] = json!({ "a": 1 });
        made["spec"] = json!({ "b": 2 });
        made["metadata"]["uid"] = "u".into();
        assert_eq!(bare(made), json!({ "kind": "Service", "metadata": { "name": "a" }, "spec": { "b": 2 } }));
    }
}
