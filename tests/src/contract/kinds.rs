//! Objects of each kind that a platform uses, and changes of them that can be told from one another by a mark.

use super::failure::{contains, holds, same};
use super::{Checked, Node};
use serde_json::{Value, json};
use std::time::Duration;

const KINDS: &str = include_str!("kinds.yaml");
const LIMIT: Duration = Duration::from_secs(60);

/// Makes one of each kind and waits until all pods run.
pub(super) fn make(node: &Node) -> Checked {
    let account = || node.kubectl(&["get", "serviceaccount", "default"]).is_ok();
    node.host.wait_until("the default service account", LIMIT, account)?;
    node.host.command(["kubectl", "apply", "-f", "-"])?.input(KINDS).run_ok()?;
    node.kubectl(&["wait", "--for=condition=Established", "crd/things.contract.example", "--timeout=60s"])?;
    node.kubectl(&["wait", "--for=condition=Complete", "job/once", "--timeout=60s"])?;
    node.kubectl(&["delete", "job", "once"])?;
    for workload in ["deployment/web", "statefulset/store", "daemonset/each"] {
        node.kubectl(&["rollout", "status", workload, "--timeout=60s"])?;
    }
    Ok(())
}

/// Gives everything that changes this mark, and makes a few objects of its name.
pub(super) fn change(node: &Node, mark: &str) -> Checked {
    let meta = |name: &str| json!({ "name": name, "labels": { "mark": mark } });
    let secret = |name: &str| json!({ "apiVersion": "v1", "kind": "Secret", "metadata": meta(name), "stringData": { "mark": mark } });
    let config = |name: &str| json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": meta(name), "data": { "mark": mark } });
    let replicas = 1 + mark.len();
    let items = json!([
        secret("changing"),
        config("changing"),
        secret(mark),
        config(mark),
        { "apiVersion": "contract.example/v1", "kind": "Thing", "metadata": meta("changing"), "spec": { "mark": mark } },
        { "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": meta("changing"),
          "spec": { "holderIdentity": mark, "leaseDurationSeconds": 3600 } },
        deployment(mark),
    ]);
    node.apply(&json!({ "apiVersion": "v1", "kind": "List", "items": items }))?;
    let patch = |kind: &str, name: &str, patch: Value, more: &[&str]| {
        let patch = patch.to_string();
        node.kubectl(&[&["patch", kind, name, "--type=merge", "--patch", &patch], more].concat()).map(drop)
    };
    patch("thing", "changing", json!({ "status": { "mark": mark } }), &["--subresource=status"])?;
    patch("hpa", "web", json!({ "spec": { "maxReplicas": replicas } }), &[])?;
    patch("pdb", "web", json!({ "metadata": { "labels": { "mark": mark } } }), &[])?;
    patch("pv", "kept", json!({ "metadata": { "labels": { "mark": mark } } }), &[])?;
    patch("namespace", "default", json!({ "metadata": { "labels": { "mark": mark } } }), &[])?;
    node.kubectl(&["rollout", "status", &format!("deployment/{mark}"), "--timeout=60s"])?;
    for refused in [
        config("forbidden"),
        json!({ "apiVersion": "contract.example/v1", "kind": "Thing",
        "metadata": { "name": "refused" }, "spec": { "mark": "forbidden" } }),
    ] {
        let output = node.host.command(["kubectl", "create", "-f", "-"])?.input(refused.to_string()).run()?;
        holds(!output.success(), "what a rule forbids", "a refusal", &output.stdout)?;
        contains("the refusal", "failed", &output.stderr)?;
    }
    expect(node, mark)
}

/// Everything that changes has this mark, in the API and in the pod that was told of it by no restart.
pub(super) fn expect(node: &Node, mark: &str) -> Checked {
    let at =
        |words: &[&str], path: &str| node.kubectl(&[&["get", &format!("--output=jsonpath={path}")], words].concat());
    let decoded = "--output=go-template={{.data.mark | base64decode}}";
    let found = [
        node.kubectl(&["get", "secret", "changing", decoded])?,
        node.kubectl(&["get", "secret", mark, decoded])?,
        at(&["configmap", "changing"], "{.data.mark}")?,
        at(&["configmap", mark], "{.data.mark}")?,
        at(&["thing", "changing"], "{.spec.mark}")?,
        at(&["thing", "changing"], "{.status.mark}")?,
        at(&["lease", "changing"], "{.spec.holderIdentity}")?,
        at(&["pdb", "web"], "{.metadata.labels.mark}")?,
        at(&["pv", "kept"], "{.metadata.labels.mark}")?,
        at(&["namespace", "default"], "{.metadata.labels.mark}")?,
        at(&["deployment", mark], "{.metadata.labels.mark}")?,
    ];
    let found: Vec<&str> = found.iter().map(String::as_str).collect();
    same("the mark of what has changed", vec![mark; found.len()], found)?;
    let most = at(&["hpa", "web"], "{.spec.maxReplicas}")?;
    same("the autoscaler's limit", (1 + mark.len()).to_string(), most)?;
    same("the claim", "Bound", at(&["pvc", "data-store-0"], "{.status.phase}")?.as_str())
}

/// Every object of every kind can be read.
pub(super) fn all_are_read(node: &Node) -> Checked {
    let all = "kubectl get --all-namespaces --output name \
         \"$(kubectl api-resources --verbs=list --output=name | paste -sd ,)\" | wc -l";
    let count = node.host.shell(all)?;
    holds(count.parse::<u32>().is_ok_and(|count| count > 200), "objects of all kinds", "more than 200", count)
}

fn deployment(mark: &str) -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": { "name": mark, "labels": { "mark": mark } },
        "spec": {
            "selector": { "matchLabels": { "app": mark } },
            "template": {
                "metadata": { "labels": { "app": mark } },
                "spec": {
                    "terminationGracePeriodSeconds": 3,
                    "containers": [{ "name": "all", "image": "ghcr.io/contract/all:1" }],
                },
            },
        },
    })
}
