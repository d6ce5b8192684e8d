use serde_json::json;

use super::*;

fn workload(kind: &str, name: &str, replicas: Option<u64>) -> Value {
    let mut object = json!({
        "apiVersion": "apps/v1", "kind": kind, "metadata": { "name": name, "namespace": "campus" },
        "spec": { "template": { "metadata": { "labels": { "app": name } } } },
    });
    if let Some(replicas) = replicas {
        object["spec"]["replicas"] = replicas.into();
    }
    object
}

fn budget(app: &str, spec: Value) -> Value {
    let mut object = json!({
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": { "name": app, "namespace": "campus" },
        "spec": spec,
    });
    object["spec"]["selector"] = json!({ "matchLabels": { "app": app } });
    object
}

#[test]
fn a_budget_that_leaves_no_room_is_found() {
    let all = |least, pods| Some(Why::AllMustStay { least, pods });
    for (replicas, spec, why) in [
        (Some(1), json!({ "minAvailable": 1 }), all(1, 1)),
        (Some(2), json!({ "minAvailable": 1 }), None),
        (Some(2), json!({ "minAvailable": 2 }), all(2, 2)),
        (Some(2), json!({ "minAvailable": 3 }), all(3, 2)),
        (None, json!({ "minAvailable": 1 }), all(1, 1)),
        (Some(3), json!({ "minAvailable": "100%" }), all(3, 3)),
        (Some(1), json!({ "minAvailable": "50%" }), all(1, 1)),
        (Some(2), json!({ "minAvailable": "50%" }), None),
        (Some(3), json!({ "maxUnavailable": 0 }), Some(Why::NoneMayMiss)),
        (Some(3), json!({ "maxUnavailable": "0%" }), Some(Why::NoneMayMiss)),
        (Some(1), json!({ "maxUnavailable": "1%" }), None),
        (Some(1), json!({ "maxUnavailable": 1 }), None),
        (Some(0), json!({ "minAvailable": 1 }), None),
        (Some(1), json!({}), None),
    ] {
        let objects = [workload("Deployment", "web", replicas), budget("web", spec.clone())];
        let found = impossible(&objects);
        assert_eq!(found.first().map(|found| found.why), why, "{replicas:?} {spec}");
        assert!(found.iter().all(|found| found.workloads.len() == 1 && found.budget.name == "web"));
    }
}

#[test]
fn only_what_the_budget_holds_counts() {
    let strict = || budget("web", json!({ "minAvailable": 1 }));
    let mut elsewhere = workload("Deployment", "web", Some(1));
    elsewhere["metadata"]["namespace"] = "other".into();
    assert_eq!(impossible(&[elsewhere, strict()]), []);
    assert_eq!(impossible(&[workload("DaemonSet", "web", None), strict()]), []);
    assert_eq!(impossible(&[workload("StatefulSet", "other", Some(1)), strict()]), []);
    assert_eq!(impossible(&[strict()]), []);
    let scaler = json!({
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": { "name": "web", "namespace": "campus" },
        "spec": { "maxReplicas": 4, "scaleTargetRef": { "kind": "Deployment", "name": "web" } },
    });
    assert_eq!(impossible(&[workload("Deployment", "web", Some(1)), strict(), scaler]), []);
}

#[test]
fn two_budgets_over_the_same_pods_allow_nothing() {
    let mut second = budget("web", json!({ "maxUnavailable": 1 }));
    second["metadata"]["name"] = "second".into();
    let objects = [workload("Deployment", "web", Some(3)), budget("web", json!({ "maxUnavailable": 1 })), second];
    let found = impossible(&objects);
    assert_eq!(found.iter().map(|found| found.why).collect::<Vec<_>>(), [Why::TwoBudgets, Why::TwoBudgets]);
}
