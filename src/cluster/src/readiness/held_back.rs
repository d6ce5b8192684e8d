//! Pods of a `StatefulSet` that its controller does not replace by itself.
//!
//! With ordered pods the controller waits for each pod to be ready before it goes on, also for one that is broken and of
//! another revision than wanted: going back from a broken release then waits for ever (a known limitation of Kubernetes).
//! Deleting that very pod is what its documentation says; the controller makes it of the wanted revision.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{condition, number, text};

/// The pods of `set` that hold its change of revision back: not ready, of another revision than the wanted one, not leaving,
/// and on a server that answers. A pod on another server may still run and write; nobody but that server can tell.
#[must_use]
pub fn held_back<'a>(set: &Value, pods: &'a [Value], ready_nodes: &BTreeSet<String>) -> Vec<&'a Value> {
    let revision = text(set, "/status/updateRevision");
    let seen = number(set, "/status/observedGeneration") >= number(set, "/metadata/generation");
    let ordered = text(set, "/spec/podManagementPolicy") != "Parallel";
    let by_hand = text(set, "/spec/updateStrategy/type") == "OnDelete";
    if revision.is_empty() || !seen || !ordered || by_hand {
        return Vec::new();
    }
    let partition = number(set, "/spec/updateStrategy/rollingUpdate/partition");
    let stuck = |pod: &&Value| {
        let of = text(pod, "/metadata/labels/controller-revision-hash");
        is_of(pod, set)
            && !of.is_empty()
            && of != revision
            && ordinal(pod).is_some_and(|ordinal| ordinal >= partition)
            && pod.pointer("/metadata/deletionTimestamp").is_none()
            && condition(pod, "Ready") != Some("True")
            && (text(pod, "/spec/nodeName").is_empty() || ready_nodes.contains(text(pod, "/spec/nodeName")))
    };
    pods.iter().filter(stuck).collect()
}

/// Whether the set made this pod, by the only mark that nobody else can wear.
fn is_of(pod: &Value, set: &Value) -> bool {
    let uid = text(set, "/metadata/uid");
    let owners = pod.pointer("/metadata/ownerReferences").and_then(Value::as_array).into_iter().flatten();
    let is_set = |owner: &Value| owner.get("controller") == Some(&Value::Bool(true)) && text(owner, "/uid") == uid;
    !uid.is_empty() && owners.into_iter().any(is_set)
}

/// `database-2` is the third one.
fn ordinal(pod: &Value) -> Option<u64> {
    text(pod, "/metadata/name").rsplit_once('-')?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    type Change = fn(&mut Value);

    fn set() -> Value {
        json!({ "kind": "StatefulSet", "metadata": { "name": "database", "uid": "s", "generation": 3 },
            "spec": { "updateStrategy": { "type": "RollingUpdate" } },
            "status": { "observedGeneration": 3, "currentRevision": "new", "updateRevision": "old" } })
    }

    fn pod(change: impl FnOnce(&mut Value)) -> Vec<Value> {
        let mut pod = json!({
            "metadata": { "name": "database-0", "uid": "p", "labels": { "controller-revision-hash": "new" },
                "ownerReferences": [{ "kind": "StatefulSet", "uid": "s", "controller": true }] },
            "spec": { "nodeName": "h1" },
            "status": { "conditions": [{ "type": "Ready", "status": "False" }] } });
        change(&mut pod);
        vec![pod]
    }

    #[test]
    fn only_a_broken_pod_of_another_revision_on_a_server_that_answers() {
        let ready = BTreeSet::from(["h1".to_owned()]);
        let count = |set: &Value, pods: &[Value]| held_back(set, pods, &ready).len();
        assert_eq!(count(&set(), &pod(|_| {})), 1);
        assert_eq!(count(&set(), &pod(|pod| pod["spec"]["nodeName"] = "".into())), 1, "it was never anywhere");
        let left_alone: [(&str, Change); 6] = [
            ("ready", |pod| pod["status"]["conditions"][0]["status"] = "True".into()),
            ("of the wanted revision", |pod| pod["metadata"]["labels"]["controller-revision-hash"] = "old".into()),
            ("leaving", |pod| pod["metadata"]["deletionTimestamp"] = "2026-11-23T15:13:33Z".into()),
            ("on a server that does not answer", |pod| pod["spec"]["nodeName"] = "h2".into()),
            ("somebody else's", |pod| pod["metadata"]["ownerReferences"][0]["uid"] = "t".into()),
            ("of no revision", |pod| pod["metadata"]["labels"] = json!({})),
        ];
        for (what, change) in left_alone {
            assert_eq!(count(&set(), &pod(change)), 0, "{what}");
        }
        let sets: [(&str, Change); 4] = [
            ("of several at a time", |set| set["spec"]["podManagementPolicy"] = "Parallel".into()),
            ("changed by hand", |set| set["spec"]["updateStrategy"]["type"] = "OnDelete".into()),
            ("not yet seen by its controller", |set| set["metadata"]["generation"] = 4.into()),
            ("partitioned", |set| set["spec"]["updateStrategy"]["rollingUpdate"] = json!({ "partition": 1 })),
        ];
        for (what, change) in sets {
            let mut set = set();
            change(&mut set);
            assert_eq!(count(&set, &pod(|_| {})), 0, "{what}");
        }
    }
}
