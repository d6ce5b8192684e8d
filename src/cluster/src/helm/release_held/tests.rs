use bridle_core::digest::Digest;
use serde_json::json;

use super::*;
use crate::fake::Bench;

const SET: &str = "/apis/apps/v1/namespaces/campus/statefulsets/database";
const POD: &str = "/api/v1/namespaces/campus/pods/database-0";

fn chart() -> ChartStep {
    ChartStep {
        name: "database".to_owned(),
        version: "1.1.0".to_owned(),
        namespace: "campus".to_owned(),
        package: Digest::of(b"chart"),
        values: serde_json::Map::new(),
        timeout_seconds: 300,
    }
}

fn pod(uid: &str, revision: &str, ready: &str) -> Value {
    json!({
        "metadata": { "name": "database-0", "namespace": "campus", "uid": uid,
            "labels": { "controller-revision-hash": revision },
            "ownerReferences": [{ "kind": "StatefulSet", "uid": "s", "controller": true }] },
        "spec": { "nodeName": "h1" },
        "status": { "conditions": [{ "type": "Ready", "status": ready }] } })
}

/// A set that was told to go back, whose pod is broken, and the controller of the real thing: it makes a pod that is not
/// there, and does nothing about one that is there and not ready.
fn cluster(node_ready: &str) -> Bench {
    let bench = Bench::new();
    bench.fake.put(
        SET,
        json!({ "metadata": { "name": "database", "namespace": "campus", "uid": "s", "generation": 2,
                "annotations": { "meta.helm.sh/release-name": "database" } },
            "status": { "observedGeneration": 2, "currentRevision": "broken", "updateRevision": "good" } }),
    );
    bench.fake.put(POD, pod("p1", "broken", "False"));
    let ready = json!([{ "type": "Ready", "status": node_ready }]);
    bench.fake.put("/api/v1/nodes/h1", json!({ "metadata": { "name": "h1" }, "status": { "conditions": ready } }));
    bench.fake.control(|objects| {
        if !objects.contains_key(POD) {
            objects.insert(POD.to_owned(), pod("p2", "good", "True"));
        }
    });
    bench
}

fn deletions(bench: &Bench) -> usize {
    bench.fake.requests().iter().filter(|request| request.starts_with("DELETE")).count()
}

#[test]
fn a_broken_pod_of_the_newer_revision_makes_room_for_one_of_the_older() {
    let (bench, chart) = (cluster("True"), chart());
    let mut held = Held::new(&bench.api, &chart);
    for _ in 1..LOOKS {
        held.look();
    }
    assert_eq!(deletions(&bench), 0, "it gets its time");
    for _ in 0..3 * LOOKS {
        held.look();
    }
    assert_eq!(deletions(&bench), 1, "the new one stays");
    let now = bench.fake.get(POD).expect("made again");
    assert_eq!(
        (&now["metadata"]["uid"], &now["metadata"]["labels"]["controller-revision-hash"]),
        (&"p2".into(), &"good".into())
    );
}

#[test]
fn a_pod_on_a_server_that_does_not_answer_is_left_alone() {
    let (bench, chart) = (cluster("Unknown"), chart());
    let mut held = Held::new(&bench.api, &chart);
    for _ in 0..3 * LOOKS {
        held.look();
    }
    assert_eq!(deletions(&bench), 0);
}

#[test]
fn a_pod_that_comes_and_goes_between_looks_is_not_taken_for_a_broken_one() {
    let (bench, chart) = (cluster("True"), chart());
    let mut held = Held::new(&bench.api, &chart);
    for look in 0..5 * LOOKS {
        let ready = if look % (LOOKS - 1) == 0 { "True" } else { "False" };
        bench.fake.put(POD, pod("p1", "broken", ready));
        held.look();
    }
    assert_eq!(deletions(&bench), 0);
}
