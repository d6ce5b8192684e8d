use serde_json::json;

use super::*;
use crate::fake::{Bench, assert_words};

fn deployment(ready: u64) -> Value {
    json!({ "metadata": { "namespace": "campus", "name": "api", "generation": 1 },
            "spec": { "replicas": 2, "selector": { "matchLabels": { "app": "api" } } },
            "status": { "observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "readyReplicas": ready, "availableReplicas": ready } })
}

fn node(ready: &str) -> Value {
    json!({ "metadata": { "name": "h1" },
            "status": { "conditions": [{ "type": "Ready", "status": ready }], "nodeInfo": { "kubeletVersion": "v1.36.3" } } })
}

#[test]
fn a_calm_cluster_costs_no_list_of_pods() {
    let bench = Bench::new();
    bench.fake.put("/version", json!({ "gitVersion": "v1.36.3" }));
    bench.fake.put("/api/v1/nodes/h1", node("True"));
    bench.fake.put("/apis/apps/v1/namespaces/campus/deployments/api", deployment(2));
    let seen = snapshot(&bench.api).expect("snapshot");
    assert_eq!(seen.version, "v1.36.3");
    assert_eq!((seen.nodes[0].ready, seen.nodes[0].version.as_str()), (true, "v1.36.3"));
    let workload = &seen.workloads[0];
    assert_eq!(
        (workload.kind.as_str(), workload.wanted, workload.ready, &workload.reason),
        ("Deployment", 2, 2, &None)
    );
    assert!(!bench.fake.requests().iter().any(|request| request.ends_with("/pods")));
}

#[test]
fn trouble_is_named_by_the_pod_that_has_it() {
    let bench = Bench::new();
    bench.fake.put("/version", json!({ "gitVersion": "v1.36.3" }));
    bench.fake.put("/api/v1/nodes/h1", node("Unknown"));
    bench.fake.put("/apis/apps/v1/namespaces/campus/deployments/api", deployment(1));
    let pod = json!({ "metadata": { "namespace": "campus", "name": "api-1", "labels": { "app": "api" } },
        "status": { "phase": "Pending", "containerStatuses": [{ "name": "m", "image": "x:1", "state": { "waiting": { "reason": "ErrImagePull" } } }] } });
    bench.fake.put("/api/v1/namespaces/campus/pods/api-1", pod);
    let seen = snapshot(&bench.api).expect("snapshot");
    let reason = seen.workloads[0].reason.clone().expect("reason");
    assert_words(&reason);
    assert_eq!(reason.code, "pod-image");
    assert_eq!(seen.troubles[0].name, "api-1");
    assert_eq!(seen.nodes[0].reason.as_ref().expect("reason").code, "node-silent");
}

#[test]
fn an_api_that_does_not_answer_is_a_fault() {
    let bench = Bench::new();
    bench.fake.refuse(&[503]);
    assert!(snapshot(&bench.api).is_err());
}
