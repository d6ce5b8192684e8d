use serde_json::json;

use super::*;
use crate::fake::assert_words;

fn code(verdict: &Verdict) -> &str {
    match verdict {
        Verdict::Ready => "ready",
        Verdict::Waiting(message) | Verdict::Failed(message) => {
            assert_words(message);
            &message.code
        }
    }
}

fn deployment(wanted: u64, status: Value) -> Value {
    json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "generation": 2 },
            "spec": { "replicas": wanted }, "status": status })
}

#[test]
fn deployments() {
    let full = json!({ "observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 2 });
    let with = |field: &str, value: Value| {
        let mut status = full.clone();
        status[field] = value;
        status
    };
    let stuck = json!([{ "type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded" }]);
    let absent = json!([{ "type": "Available", "status": "False" }]);
    for (status, expected) in [
        (full.clone(), "ready"),
        (json!({}), "object-unseen"),
        (with("observedGeneration", json!(1)), "object-unseen"),
        (with("updatedReplicas", json!(1)), "workload-updating"),
        (with("replicas", json!(3)), "workload-old-pods"),
        (with("readyReplicas", json!(1)), "workload-starting"),
        (with("availableReplicas", json!(0)), "workload-starting"),
        (with("conditions", absent), "workload-starting"),
        (with("conditions", stuck), "workload-stuck"),
    ] {
        assert_eq!(code(&judge(&deployment(2, status.clone()))), expected, "{status}");
    }
    assert_eq!(judge(&deployment(0, json!({ "observedGeneration": 2 }))), Verdict::Ready, "scaled to nothing");
    let mut unsaid = deployment(0, json!({ "observedGeneration": 2 }));
    unsaid["spec"] = json!({});
    assert_eq!(code(&judge(&unsaid)), "workload-updating", "one replica where nothing is said");
}

#[test]
fn stateful_sets() {
    let set = |spec: Value, status: Value| json!({ "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": { "generation": 1 }, "spec": spec, "status": status });
    let rolling =
        |partition: u64| json!({ "replicas": 3, "updateStrategy": { "rollingUpdate": { "partition": partition } } });
    let status = |ready: u64, updated: u64, update: &str| {
        json!({ "observedGeneration": 1, "replicas": 3, "readyReplicas": ready, "updatedReplicas": updated,
                "currentRevision": "a", "updateRevision": update })
    };
    let mut shrinking = status(3, 3, "a");
    shrinking["replicas"] = json!(4);
    for (object, expected) in [
        (set(rolling(0), status(3, 3, "a")), "ready"),
        (set(rolling(0), status(2, 3, "a")), "workload-starting"),
        (set(rolling(0), status(3, 1, "b")), "workload-updating"),
        (set(rolling(2), status(3, 1, "b")), "ready"),
        (set(rolling(1), status(3, 1, "b")), "workload-updating"),
        (set(rolling(0), shrinking), "workload-old-pods"),
        (set(json!({ "replicas": 3, "updateStrategy": { "type": "OnDelete" } }), status(3, 0, "b")), "ready"),
    ] {
        assert_eq!(code(&judge(&object)), expected, "{object}");
    }
}

#[test]
fn daemon_sets_and_jobs() {
    let daemons =
        |status: Value| json!({ "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {}, "status": status });
    let full = json!({ "observedGeneration": 1, "desiredNumberScheduled": 1, "currentNumberScheduled": 1,
                       "updatedNumberScheduled": 1, "numberAvailable": 1, "numberReady": 1 });
    let without = |field: &str| {
        let mut status = full.clone();
        status[field] = json!(0);
        daemons(status)
    };
    assert_eq!(judge(&daemons(full.clone())), Verdict::Ready);
    assert_eq!(count(&daemons(full.clone())), Count { wanted: 1, ready: 1 });
    assert_eq!(code(&judge(&without("updatedNumberScheduled"))), "workload-updating");
    assert_eq!(code(&judge(&without("numberAvailable"))), "workload-starting");
    assert_eq!(code(&judge(&without("currentNumberScheduled"))), "workload-starting");

    let job = |condition: &str| json!({ "apiVersion": "batch/v1", "kind": "Job", "status": { "conditions": [{ "type": condition, "status": "True" }] } });
    assert_eq!(judge(&job("Complete")), Verdict::Ready);
    assert_eq!(code(&judge(&job("Suspended"))), "job-suspended");
    assert_eq!(code(&judge(&job("Other"))), "job-running");
    assert!(matches!(judge(&job("Failed")), Verdict::Failed(message) if message.code == "job-failed"));
}

#[test]
fn other_kinds() {
    let object =
        |version: &str, kind: &str, status: Value| json!({ "apiVersion": version, "kind": kind, "status": status });
    let met = |kind: &str, status: &str| json!({ "conditions": [{ "type": kind, "status": status }] });
    let definitions = "apiextensions.k8s.io/v1";
    for (object, expected) in [
        (object("v1", "PersistentVolumeClaim", json!({ "phase": "Bound" })), "ready"),
        (object("v1", "PersistentVolumeClaim", json!({ "phase": "Pending" })), "volume-pending"),
        (object("v1", "PersistentVolumeClaim", json!({ "phase": "Lost" })), "volume-lost"),
        (object(definitions, "CustomResourceDefinition", met("Established", "True")), "ready"),
        (object(definitions, "CustomResourceDefinition", json!({})), "object-condition"),
        (object(definitions, "CustomResourceDefinition", met("NamesAccepted", "False")), "object-condition"),
        (object("apiregistration.k8s.io/v1", "APIService", met("Available", "True")), "ready"),
        (object("apiregistration.k8s.io/v1", "APIService", json!({})), "object-condition"),
        (object("v1", "ConfigMap", Value::Null), "ready"),
        (object("x.org/v1", "Thing", met("Ready", "True")), "ready"),
        (object("x.org/v1", "Thing", met("Ready", "Unknown")), "object-condition"),
        (object("x.org/v1", "Thing", met("Stalled", "True")), "object-condition"),
        (object("x.org/v1", "Thing", met("Reconciling", "True")), "object-condition"),
        // A Deployment of somebody else's group is not Kubernetes' own.
        (object("x.org/v1", "Deployment", json!({})), "ready"),
    ] {
        assert_eq!(code(&judge(&object)), expected, "{object}");
    }
    let leaving =
        json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "deletionTimestamp": "2026-01-01T00:00:00Z" } });
    assert_eq!(code(&judge(&leaving)), "object-leaving");
}

#[test]
fn nodes_name_the_pressure_before_the_consequence() {
    let node = |conditions: Value| json!({ "metadata": { "name": "h1" }, "status": { "conditions": conditions } });
    let trouble = |conditions: Value| {
        node_trouble(&node(conditions)).map(|message| {
            assert_words(&message);
            message.code.into_owned()
        })
    };
    let is = |kind: &str, status: &str| json!({ "type": kind, "status": status });
    assert_eq!(trouble(json!([is("Ready", "True"), is("DiskPressure", "False")])), None);
    assert_eq!(
        trouble(json!([is("Ready", "False"), is("DiskPressure", "True")])).as_deref(),
        Some("node-disk-pressure")
    );
    assert_eq!(
        trouble(json!([is("Ready", "True"), is("MemoryPressure", "True")])).as_deref(),
        Some("node-memory-pressure")
    );
    assert_eq!(trouble(json!([is("PIDPressure", "True")])).as_deref(), Some("node-process-pressure"));
    assert_eq!(trouble(json!([is("NetworkUnavailable", "True")])).as_deref(), Some("node-no-network"));
    assert_eq!(trouble(json!([is("Ready", "Unknown")])).as_deref(), Some("node-silent"));
    assert_eq!(trouble(json!([])).as_deref(), Some("node-not-ready"));
}

#[test]
fn pods_say_why() {
    let waiting = |reason: &str, last: &str| {
        json!({ "phase": "Pending", "containerStatuses": [{ "name": "main", "image": "x:1", "restartCount": 7,
            "state": { "waiting": { "reason": reason } }, "lastState": { "terminated": { "reason": last } } }] })
    };
    let unplaced = |words: &str| json!({ "phase": "Pending", "conditions": [{ "type": "PodScheduled", "status": "False", "message": words }] });
    let ready = json!([{ "type": "Ready", "status": "True" }]);
    for (status, expected, word) in [
        (json!({ "phase": "Running" }), "pod-not-ready", ""),
        (json!({ "phase": "Pending" }), "pod-starting", ""),
        (json!({ "phase": "Failed", "reason": "Evicted" }), "pod-evicted", "Evicted"),
        (json!({ "phase": "Failed" }), "pod-failed", "Failed"),
        (waiting("ImagePullBackOff", ""), "pod-image", "ImagePullBackOff"),
        (waiting("CrashLoopBackOff", "Error"), "pod-crashing", "CrashLoopBackOff"),
        (waiting("CrashLoopBackOff", "OOMKilled"), "pod-out-of-memory", "CrashLoopBackOff"),
        (waiting("CreateContainerConfigError", ""), "pod-configuration", "CreateContainerConfigError"),
        (waiting("ContainerCreating", ""), "pod-starting", ""),
        (unplaced("0/1 nodes are available: 1 Insufficient memory."), "pod-no-memory", "Unschedulable"),
        (unplaced("0/1 nodes are available: 1 Insufficient cpu."), "pod-no-processor", "Unschedulable"),
        (unplaced("pod has unbound immediate PersistentVolumeClaims"), "pod-no-volume", "Unschedulable"),
        (unplaced("node(s) had untolerated taint"), "pod-no-place", "Unschedulable"),
    ] {
        let (message, found) = pod_trouble(&json!({ "status": status.clone() })).expect("trouble");
        assert_words(&message);
        assert_eq!((message.code.as_ref(), found.as_str()), (expected, word), "{status}");
    }
    assert_eq!(pod_trouble(&json!({ "status": { "phase": "Succeeded" } })), None);
    assert_eq!(pod_trouble(&json!({ "status": { "phase": "Running", "conditions": ready } })), None);
}

#[test]
fn the_pod_in_trouble_speaks_for_its_workload() {
    let starting = json!({ "metadata": { "name": "a" }, "status": { "phase": "Pending" } });
    let failed = json!({ "metadata": { "name": "b" }, "status": { "phase": "Failed" } });
    let (pod, _, _) = worst([&starting, &failed]).expect("a pod");
    assert_eq!(pod, &failed);

    let workload =
        json!({ "metadata": { "namespace": "n" }, "spec": { "selector": { "matchLabels": { "app": "x" } } } });
    let pod = |namespace: &str, app: &str| json!({ "metadata": { "namespace": namespace, "labels": { "app": app, "more": "y" } } });
    assert!(belongs_to(&pod("n", "x"), &workload));
    assert!(!belongs_to(&pod("m", "x"), &workload));
    assert!(!belongs_to(&pod("n", "z"), &workload));
    let everything = json!({ "metadata": { "namespace": "n" }, "spec": { "selector": { "matchLabels": {} } } });
    assert!(!belongs_to(&pod("n", "x"), &everything));
}
