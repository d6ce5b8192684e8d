use serde_json::json;

use super::*;
use crate::rehearsal::Severity;

fn claim(name: &str, metadata: Value) -> Value {
    let mut object = json!({ "metadata": metadata, "spec": { "volumeName": format!("pv-{name}") } });
    object["metadata"]["name"] = name.into();
    object["metadata"]["namespace"] = "campus".into();
    object["status"] = json!({ "capacity": { "storage": "2Gi" } });
    object
}

fn set(name: &str, template: &str) -> Value {
    json!({
        "kind": "StatefulSet",
        "metadata": {
            "name": name, "namespace": "campus", "annotations": { "meta.helm.sh/release-name": "database" },
        },
        "spec": { "volumeClaimTemplates": [{ "metadata": { "name": template } }] },
    })
}

fn judge(claim: &Value, policy: &str, sets: &[Value], rendered: &[Value]) -> Vec<(Severity, String, String)> {
    let volume = json!({
        "metadata": { "name": claim["spec"]["volumeName"] }, "spec": { "persistentVolumeReclaimPolicy": policy },
    });
    let there = Volumes { claims: std::slice::from_ref(claim), volumes: &[volume], sets };
    let current = [ChartName { name: "database".to_owned(), namespace: "campus".to_owned() }];
    let found = left_behind(&there, rendered, &current);
    found.into_iter().map(|finding| (finding.severity, finding.message.code.to_string(), finding.chart)).collect()
}

fn wanted(severity: Severity, code: &str) -> Vec<(Severity, String, String)> {
    vec![(severity, code.to_owned(), "database".to_owned())]
}

#[test]
fn a_claim_of_a_template_stays() {
    let data = claim("data-database-0", json!({}));
    let live = [set("database", "data")];
    assert_eq!(judge(&data, "Delete", &live, &[set("database", "data")]), []);
    let stays = wanted(Severity::Tells, "rehearsal-claim-stays");
    assert_eq!(judge(&data, "Delete", &live, &[set("database", "files")]), stays);
    assert_eq!(judge(&data, "Delete", &live, &[]), stays);
    // A claim that only looks like one.
    assert_eq!(judge(&claim("data-database-old", json!({})), "Retain", &live, &[]), []);
    assert_eq!(judge(&claim("data-database-", json!({})), "Retain", &live, &[]), []);
}

#[test]
fn a_claim_that_its_chart_renders_goes_with_it() {
    let own = || json!({ "annotations": { "meta.helm.sh/release-name": "database" } });
    let files = claim("files", own());
    let rendered = json!({ "kind": "PersistentVolumeClaim", "metadata": { "name": "files", "namespace": "campus" } });
    assert_eq!(judge(&files, "Delete", &[], &[rendered]), []);
    assert_eq!(judge(&files, "Retain", &[], &[]), wanted(Severity::Tells, "rehearsal-claim-goes"));
    assert_eq!(judge(&files, "Delete", &[], &[]), wanted(Severity::Blocks, "rehearsal-claim-lost"));
    let mut kept = own();
    kept["annotations"]["helm.sh/resource-policy"] = "keep".into();
    assert_eq!(judge(&claim("files", kept), "Delete", &[], &[]), wanted(Severity::Tells, "rehearsal-claim-stays"));
}

#[test]
fn claims_of_nobody_or_of_others_are_left_alone() {
    assert_eq!(judge(&claim("mine", json!({})), "Delete", &[], &[]), []);
    let other = json!({ "annotations": { "meta.helm.sh/release-name": "wiki" } });
    assert_eq!(judge(&claim("wiki", other), "Delete", &[], &[]), []);
    let labelled = json!({ "labels": { "app.kubernetes.io/instance": "database" } });
    assert_eq!(judge(&claim("x", labelled), "Delete", &[], &[]), wanted(Severity::Tells, "rehearsal-claim-stays"));
}
