use std::sync::Mutex;

use serde_json::Value;

use super::*;
use crate::fake::{Bench, Told, attempt};

/// 2026-11-23T15:13:33Z
const MOMENT: Timestamp = Timestamp(1_795_446_813_000);

/// What is kept, in memory.
#[derive(Default)]
struct Shelf(Mutex<Option<String>>);

impl Exports for Shelf {
    fn holds(&self, _point: &str, _name: &str) -> Result<bool, Fault> {
        Ok(self.0.lock().expect("lock").is_some())
    }

    fn keep(&self, _point: &str, _name: &str, text: &str) -> Result<(), Fault> {
        *self.0.lock().expect("lock") = Some(text.to_owned());
        Ok(())
    }
}

fn cluster() -> Bench {
    let bench = Bench::new();
    let resource =
        |name: &str, kind: &str| json!({ "name": name, "kind": kind, "namespaced": true, "verbs": ["list", "delete"] });
    let core = json!({ "resources": [resource("configmaps", "ConfigMap"), resource("events", "Event")] });
    bench.fake.put("/api/v1", core);
    bench.fake.put("/apis", json!({ "groups": [{ "preferredVersion": { "groupVersion": "apps/v1" } }] }));
    bench.fake.put("/apis/apps/v1", json!({ "resources": [resource("deployments", "Deployment")] }));
    let object = |name: &str, created: &str, changed: &str| {
        json!({ "metadata": { "name": name, "namespace": "campus", "creationTimestamp": created, "resourceVersion": "7",
            "managedFields": [{ "manager": "kubectl", "time": changed }] }, "data": { "key": name } })
    };
    let (old, new) = ("2026-11-01T00:00:00Z", "2026-11-24T00:00:00Z");
    for (path, name, created, changed) in [
        ("/api/v1/namespaces/campus/configmaps/kept", "kept", old, old),
        ("/api/v1/namespaces/campus/configmaps/made", "made", new, new),
        ("/apis/apps/v1/namespaces/campus/deployments/touched", "touched", old, new),
    ] {
        bench.fake.put(path, object(name, created, changed));
    }
    bench
}

#[test]
fn what_was_made_and_what_was_changed_is_listed() {
    let bench = cluster();
    let changes = since(&bench.api, MOMENT).expect("listed");
    assert_eq!(changes.created, ["campus/ConfigMap/made"]);
    assert_eq!(changes.changed, ["campus/Deployment/touched"]);
}

#[test]
fn all_of_it_is_kept_as_a_list_that_kubectl_takes() {
    let (bench, shelf, mut told) = (cluster(), Shelf::default(), Told::default());
    let export = ChangesExport { point: "0001-before-a".to_owned(), name: "changes-0007".to_owned(), since: MOMENT };
    assert!(matches!(probe(&export, &shelf).expect("probe"), Standing::Missing(_)));
    attempt(60, &mut told, |attempt| apply(&bench.api, &export, &shelf, attempt)).expect("kept");
    assert_eq!(probe(&export, &shelf).expect("probe"), Standing::Done);
    let kept = shelf.0.lock().expect("lock").clone().expect("text");
    let list: Value = serde_json::from_str(&kept).expect("JSON");
    assert_eq!(list["kind"], "List");
    let items = list["items"].as_array().expect("items");
    let item = |name: &str| items.iter().find(|item| item["metadata"]["name"] == name).expect("kept");
    assert_eq!((&item("made")["kind"], &item("made")["apiVersion"]), (&"ConfigMap".into(), &"v1".into()));
    assert_eq!(item("touched")["apiVersion"], "apps/v1");
    assert_eq!(item("made")["data"]["key"], "made");
    assert!(item("made")["metadata"].get("resourceVersion").is_none() && items.len() == 2, "{list}");
}

#[test]
fn a_cluster_that_does_not_answer_keeps_nothing() {
    let (bench, shelf, mut told) = (cluster(), Shelf::default(), Told::default());
    bench.fake.refuse(&[503; 60]);
    let export = ChangesExport { point: "0001-before-a".to_owned(), name: "changes-0007".to_owned(), since: MOMENT };
    let fault = attempt(60, &mut told, |attempt| apply(&bench.api, &export, &shelf, attempt)).expect_err("silent");
    assert_eq!(fault.code, FaultCode::KubernetesRefused);
    assert!(matches!(probe(&export, &shelf).expect("probe"), Standing::Missing(_)));
}
