use bridle_core::release::SecretContent;
use serde_json::{Value, json};

use super::*;
use crate::fake::{Bench, Told, assert_words, attempt, is_missing};

const CAMPUS: &str = "/api/v1/namespaces/campus";
const APPS: &str = "/apis/apps/v1/namespaces/campus";

fn charts() -> Vec<ChartName> {
    ["api", "database"].map(|name| ChartName { name: name.to_owned(), namespace: "campus".to_owned() }).to_vec()
}

fn secrets() -> Vec<Secret> {
    vec![Secret { name: "owner".to_owned(), namespace: "campus".to_owned(), content: SecretContent::Tls }]
}

/// An object that helm made for a chart.
fn made(chart: &str, name: &str) -> Value {
    let by = json!({ "meta.helm.sh/release-name": chart, "meta.helm.sh/release-namespace": "campus" });
    json!({ "metadata": { "name": name, "namespace": "campus", "uid": name, "annotations": by } })
}

/// The same outside of all namespaces.
fn everywhere(mut object: Value) -> Value {
    object["metadata"].as_object_mut().expect("metadata").remove("namespace");
    object
}

fn plain(name: &str) -> Value {
    json!({ "metadata": { "name": name, "namespace": "campus", "uid": name } })
}

fn record(chart: &str, revision: u32, data: &str) -> Value {
    json!({
        "metadata": { "name": format!("sh.helm.release.v1.{chart}.v{revision}"), "namespace": "campus",
            "labels": { "owner": "helm", "name": chart, "status": "deployed", "version": revision.to_string() } },
        "type": "helm.sh/release.v1",
        "data": { "release": data },
    })
}

/// A cluster that knows some kinds.
fn cluster() -> Bench {
    let bench = Bench::new();
    let resource = |name: &str, kind: &str, namespaced: bool| json!({ "name": name, "kind": kind, "namespaced": namespaced, "verbs": ["list", "get", "delete", "patch"] });
    let looked_at = json!({ "name": "bindings", "kind": "Binding", "namespaced": true, "verbs": ["create"] });
    let core = json!({ "resources": [
        resource("pods", "Pod", true), resource("services", "Service", true), resource("configmaps", "ConfigMap", true),
        resource("secrets", "Secret", true), resource("persistentvolumeclaims", "PersistentVolumeClaim", true),
        resource("namespaces", "Namespace", false), resource("events", "Event", true), looked_at,
        { "name": "pods/log", "kind": "Pod", "namespaced": true, "verbs": ["list", "delete"] },
    ] });
    bench.fake.put("/api/v1", core);
    let groups =
        ["apps/v1", "rbac.authorization.k8s.io/v1", "admissionregistration.k8s.io/v1", "metrics.k8s.io/v1beta1"];
    let groups = groups.map(|version| json!({ "preferredVersion": { "groupVersion": version } }));
    bench.fake.put("/apis", json!({ "groups": groups }));
    bench.fake.put(
        "/apis/apps/v1",
        json!({ "resources": [
        resource("deployments", "Deployment", true), resource("statefulsets", "StatefulSet", true),
        resource("replicasets", "ReplicaSet", true),
    ] }),
    );
    let roles = json!({ "resources": [resource("clusterroles", "ClusterRole", false)] });
    bench.fake.put("/apis/rbac.authorization.k8s.io/v1", roles);
    let gates = resource("validatingwebhookconfigurations", "ValidatingWebhookConfiguration", false);
    bench.fake.put("/apis/admissionregistration.k8s.io/v1", json!({ "resources": [gates] }));
    bench
}

/// What belongs to the releases, and what must stay.
fn furnished() -> (Bench, Vec<String>, Vec<String>) {
    let bench = cluster();
    let hook = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/api";
    let role = "/apis/rbac.authorization.k8s.io/v1/clusterroles/api";
    let mut workload = made("database", "database");
    workload["spec"] = json!({ "selector": { "matchLabels": { "app": "database" } } });
    let mut labelled = plain("api-hook");
    labelled["metadata"]["labels"] =
        json!({ "app.kubernetes.io/managed-by": "Helm", "app.kubernetes.io/instance": "api" });
    let mut orphan = plain("database-0");
    orphan["metadata"]["labels"] = json!({ "app": "database", "pod": "0" });
    let own = vec![
        (hook.to_owned(), everywhere(made("api", "api"))),
        (role.to_owned(), everywhere(made("api", "api"))),
        (format!("{APPS}/statefulsets/database"), workload),
        (format!("{APPS}/replicasets/api-5d"), made("api", "api-5d")),
        (format!("{CAMPUS}/services/api"), made("api", "api")),
        (format!("{CAMPUS}/configmaps/api-hook"), labelled),
        (format!("{CAMPUS}/pods/database-0"), orphan),
        (format!("{CAMPUS}/secrets/sh.helm.release.v1.api.v1"), record("api", 1, "not a record")),
        (format!("{CAMPUS}/secrets/sh.helm.release.v1.database.v2"), record("database", 2, "")),
    ];
    let mut kept = made("api", "kept");
    kept["metadata"]["annotations"]["helm.sh/resource-policy"] = "keep".into();
    let mut another = made("api", "another");
    another["metadata"]["annotations"]["meta.helm.sh/release-namespace"] = "elsewhere".into();
    let mut job = plain("foreign-1");
    job["metadata"]["labels"] = json!({ "app": "database" });
    job["metadata"]["ownerReferences"] = json!([{ "kind": "Job", "name": "foreign" }]);
    let stays = vec![
        (format!("{CAMPUS}/persistentvolumeclaims/data-database-0"), made("database", "data-database-0")),
        ("/api/v1/namespaces/campus".to_owned(), everywhere(made("api", "campus"))),
        (format!("{CAMPUS}/secrets/owner"), made("api", "owner")),
        (format!("{CAMPUS}/secrets/sh.helm.release.v1.pages.v1"), record("pages", 1, "")),
        (format!("{CAMPUS}/configmaps/notes"), plain("notes")),
        (format!("{CAMPUS}/configmaps/kube-root-ca.crt"), plain("kube-root-ca.crt")),
        (format!("{CAMPUS}/configmaps/kept"), kept),
        (format!("{CAMPUS}/configmaps/another"), another),
        (format!("{CAMPUS}/services/pages"), made("pages", "pages")),
        (format!("{CAMPUS}/pods/foreign-1"), job),
        (format!("{CAMPUS}/events/api.1"), made("api", "api.1")),
    ];
    for (path, object) in own.iter().chain(&stays) {
        bench.fake.put(path, object.clone());
    }
    let paths = |list: Vec<(String, Value)>| list.into_iter().map(|(path, _)| path).collect();
    (bench, paths(own), paths(stays))
}

fn removed(bench: &Bench, told: &mut Told, seconds: u64) -> Result<(), Fault> {
    let (charts, secrets) = (charts(), secrets());
    attempt(seconds, told, |at| apply(&bench.api, bench.clock.as_ref(), (&charts, &secrets), at))
}

#[test]
fn all_of_the_releases_goes_and_nothing_else() {
    let (bench, own, stays) = furnished();
    assert!(is_missing(&probe(&bench.api, &charts(), &secrets())));
    removed(&bench, &mut Told::default(), 60).expect("removed");
    let left: Vec<&String> = own.iter().filter(|path| bench.fake.get(path).is_some()).collect();
    assert_eq!(left, Vec::<&String>::new());
    let lost: Vec<&String> = stays.iter().filter(|path| bench.fake.get(path).is_none()).collect();
    assert_eq!(lost, Vec::<&String>::new());
    assert_eq!(probe(&bench.api, &charts(), &secrets()), Ok(Standing::Done));
    removed(&bench, &mut Told::default(), 60).expect("twice");

    let asked = bench.fake.requests();
    let gone: Vec<&str> = asked.iter().filter_map(|request| request.strip_prefix("DELETE ")).collect();
    assert!(
        gone[0].ends_with("validatingwebhookconfigurations/api"),
        "what would refuse the rest goes first: {gone:?}"
    );
    assert!(gone[1].ends_with("statefulsets/database") && gone[2].ends_with("replicasets/api-5d"), "{gone:?}");
    let records = gone.iter().position(|path| path.contains("sh.helm.release")).expect("records go");
    assert_eq!(records, gone.len() - 2, "helm's records go last: {gone:?}");
}

#[test]
fn a_pod_is_known_by_a_record_where_its_workload_is_gone() {
    let bench = cluster();
    let manifest = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: { name: database }\nspec: { selector: { matchLabels: { app: database } } }\n";
    let release = json!({ "info": { "description": "x" }, "manifest": manifest });
    let data = crate::helm::encoded(&release);
    bench.fake.put(&format!("{CAMPUS}/secrets/sh.helm.release.v1.database.v1"), record("database", 1, &data));
    for (name, app) in [("database-0", "database"), ("other-0", "other")] {
        let mut pod = plain(name);
        pod["metadata"]["labels"] = json!({ "app": app });
        bench.fake.put(&format!("{CAMPUS}/pods/{name}"), pod);
    }
    removed(&bench, &mut Told::default(), 60).expect("removed");
    assert_eq!(bench.fake.get(&format!("{CAMPUS}/pods/database-0")), None);
    assert!(bench.fake.get(&format!("{CAMPUS}/pods/other-0")).is_some());
}

#[test]
fn what_only_waits_for_a_program_that_is_gone_is_let_go_after_a_while() {
    let bench = cluster();
    let path = format!("{CAMPUS}/services/api");
    let mut held = made("api", "api");
    held["metadata"]["finalizers"] = json!(["example.org/gone", "foregroundDeletion"]);
    bench.fake.put(&path, held);
    let mut told = Told::default();
    // What the cluster itself collects is not let go by us: it ends only with the limit.
    let fault = removed(&bench, &mut told, 90).expect_err("still held");
    assert_eq!((fault.code, &fault.message.args["what"]), (FaultCode::LeftoversStuck, &"campus/Service/api".into()));
    assert_words(&fault.message);
    let left = bench.fake.get(&path).expect("there");
    assert_eq!(left["metadata"]["finalizers"], json!(["foregroundDeletion"]));
    assert!(told.codes().contains(&"wait-leftovers-freed"), "{:?}", told.codes());

    let mut held = made("api", "api");
    held["metadata"]["finalizers"] = json!(["example.org/gone"]);
    bench.fake.put(&path, held);
    let before = bench.clock.monotonic();
    removed(&bench, &mut Told::default(), 120).expect("let go");
    let took = (bench.clock.monotonic() - before).as_secs();
    assert!((60..70).contains(&took), "{took} s");
}

#[test]
fn another_object_of_the_same_name_is_not_waited_for() {
    let bench = cluster();
    let path = format!("{CAMPUS}/configmaps/api");
    bench.fake.put(&path, made("api", "api"));
    let again = path.clone();
    bench.fake.control(move |objects| {
        if !objects.contains_key(&again) {
            // Somebody makes one anew, for himself.
            let other = json!({ "metadata": { "name": "api", "namespace": "campus", "uid": "other" } });
            objects.insert(again.clone(), other);
        }
    });
    removed(&bench, &mut Told::default(), 10).expect("removed");
    assert_eq!(bench.fake.get(&path).expect("the other one")["metadata"]["uid"], "other");
}

#[test]
fn a_part_of_the_interface_that_is_silent_is_told_and_passed_over() {
    let (bench, _, _) = furnished();
    let mut told = Told::default();
    bench.fake.refuse_at("/apis/metrics.k8s.io/v1beta1", 503);
    removed(&bench, &mut told, 60).expect("removed");
    assert!(told.codes().contains(&"leftovers-unseen"), "{:?}", told.codes());
}

#[test]
fn what_goes_what_stays_and_what_is_somebody_elses() {
    let (bench, _, _) = furnished();
    let found = belongings(&bench.api, &charts(), &secrets()).expect("looked");
    assert_eq!(found.data, ["campus/data-database-0"]);
    assert_eq!(found.secrets, ["campus/owner"]);
    assert_eq!(found.foreign, ["campus/ConfigMap/notes", "campus/Pod/database-0"]);
    let own = [
        "ClusterRole/api",
        "ValidatingWebhookConfiguration/api",
        "campus/ConfigMap/api-hook",
        "campus/ReplicaSet/api-5d",
        "campus/Service/api",
        "campus/StatefulSet/database",
    ];
    assert_eq!(found.own, own);
}
