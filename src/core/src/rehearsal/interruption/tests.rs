use serde_json::json;

use super::*;

fn workload(kind: &str, image: &str, spec: &Value) -> Value {
    let mut object = json!({
        "apiVersion": "apps/v1", "kind": kind, "metadata": { "name": "web", "namespace": "campus" },
        "spec": { "template": { "spec": { "containers": [{ "image": image }] } } },
    });
    for (key, value) in spec.as_object().into_iter().flatten() {
        object["spec"][key] = value.clone();
    }
    object
}

fn effect(kind: &str, spec: &Value) -> Effect {
    let (old, new) = (workload(kind, "web:1", spec), workload(kind, "web:2", spec));
    assert_eq!(
        interruption(Some(&old), Some(&old)).map(|found| found.effect),
        Some(match replicas(&old) {
            0 => Effect::Ends,
            _ => Effect::Untouched,
        })
    );
    interruption(Some(&old), Some(&new)).expect("a workload").effect
}

const fn stops(why: Cause) -> Effect {
    Effect::Stops { why }
}

#[test]
fn a_new_image_under_each_strategy() {
    let rolling = |replicas: u64, surge: Value, missing: Value| {
        let limits = json!({ "maxSurge": surge, "maxUnavailable": missing });
        json!({ "replicas": replicas, "strategy": { "type": "RollingUpdate", "rollingUpdate": limits } })
    };
    for (kind, spec, wanted) in [
        ("Deployment", json!({}), Effect::Overlaps),
        ("Deployment", json!({ "replicas": 3 }), Effect::Overlaps),
        ("Deployment", json!({ "replicas": 2, "strategy": { "type": "Recreate" } }), stops(Cause::AllAtOnce)),
        ("Deployment", rolling(1, json!(1), json!(0)), Effect::Overlaps),
        ("Deployment", rolling(1, json!(0), json!(1)), stops(Cause::OnlyOne)),
        ("Deployment", rolling(1, json!("0%"), json!("10%")), stops(Cause::OnlyOne)),
        ("Deployment", rolling(2, json!(0), json!(1)), Effect::Overlaps),
        ("Deployment", rolling(2, json!(1), json!("100%")), stops(Cause::AllAtOnce)),
        ("Deployment", rolling(4, json!("25%"), json!("25%")), Effect::Overlaps),
        ("Deployment", json!({ "replicas": 0 }), Effect::Ends),
        ("StatefulSet", json!({ "replicas": 1 }), stops(Cause::OnlyOne)),
        ("StatefulSet", json!({}), stops(Cause::OnlyOne)),
        ("StatefulSet", json!({ "replicas": 3 }), Effect::Overlaps),
        ("StatefulSet", json!({ "updateStrategy": { "type": "OnDelete" } }), Effect::Untouched),
        ("StatefulSet", json!({ "updateStrategy": { "rollingUpdate": { "partition": 1 } } }), Effect::Untouched),
        ("DaemonSet", json!({}), stops(Cause::EachHost)),
        ("DaemonSet", json!({ "updateStrategy": { "rollingUpdate": { "maxSurge": 1 } } }), Effect::Overlaps),
        ("DaemonSet", json!({ "updateStrategy": { "type": "OnDelete" } }), Effect::Untouched),
    ] {
        assert_eq!(effect(kind, &spec), wanted, "{kind} {spec}");
    }
}

#[test]
fn a_port_of_the_host_is_for_one_pod() {
    let with_port = |image: &str, missing: Value| {
        let strategy = json!({ "rollingUpdate": { "maxSurge": 1, "maxUnavailable": missing } });
        let mut object = workload("Deployment", image, &json!({ "strategy": strategy }));
        object["spec"]["template"]["spec"]["containers"][0]["ports"] = json!([{ "hostPort": 443 }]);
        object
    };
    for (missing, effect, blocks) in [
        (json!(1), stops(Cause::Exclusive), false),
        (json!(0), Effect::Stuck, true),
        (Value::Null, Effect::Stuck, true), // a quarter of one pod is none
    ] {
        let (old, new) = (with_port("1", missing.clone()), with_port("2", missing));
        let found = interruption(Some(&old), Some(&new)).expect("a workload");
        assert_eq!((found.effect, found.finding().is_some(), found.is_noticed()), (effect, blocks, !blocks));
    }
}

#[test]
fn what_comes_and_goes() {
    let one = workload("Deployment", "web:1", &json!({}));
    let none = workload("Deployment", "web:1", &json!({ "replicas": 0 }));
    let more = workload("Deployment", "web:1", &json!({ "replicas": 3 }));
    let job = json!({ "apiVersion": "batch/v1", "kind": "Job" });
    let found = |old, new| interruption(old, new).map(|found| found.effect);
    assert_eq!(found(None, Some(&one)), Some(Effect::Appears));
    assert_eq!(found(Some(&none), Some(&one)), Some(Effect::Appears));
    assert_eq!(found(Some(&one), None), Some(Effect::Ends));
    assert_eq!(found(Some(&one), Some(&none)), Some(Effect::Ends));
    assert_eq!(found(Some(&one), Some(&more)), Some(Effect::Untouched));
    assert_eq!(found(Some(&job), Some(&job)), None);
    assert_eq!(found(None, None), None);

    let mut other = workload("StatefulSet", "db:1", &json!({}));
    other["metadata"]["name"] = "db".into();
    let old = [one.clone(), other, job.clone()];
    let new = [workload("Deployment", "web:2", &json!({})), job];
    let effects: Vec<_> = all(&old, &new).into_iter().map(|found| (found.workload.name, found.effect)).collect();
    assert_eq!(effects, [("web".to_owned(), Effect::Overlaps), ("db".to_owned(), Effect::Ends)]);
    assert_eq!(all(&old, &old), []);
}
