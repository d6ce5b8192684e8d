use serde_json::json;

use super::*;
use crate::fake::{Bench, Told, attempt, is_missing};

fn campus() -> Vec<Namespace> {
    vec![Namespace { name: "campus".to_owned(), pod_security: PodSecurity::Restricted }]
}

#[test]
fn absent_ones_are_made_and_foreign_labels_stay() {
    let bench = Bench::new();
    assert!(is_missing(&probe(&bench.api, &campus())));
    let path = "/api/v1/namespaces/campus";
    bench.fake.put(
        path,
        json!({ "metadata": { "labels": { "team": "x", "pod-security.kubernetes.io/enforce": "baseline" } } }),
    );
    assert!(is_missing(&probe(&bench.api, &campus())));
    attempt(10, &mut Told::default(), |at| apply(&bench.api, bench.clock.as_ref(), &campus(), at)).expect("applied");
    assert_eq!(probe(&bench.api, &campus()), Ok(Standing::Done));
    let labels = bench.fake.get(path).expect("namespace")["metadata"]["labels"].clone();
    assert_eq!(
        labels,
        json!({ "team": "x", "pod-security.kubernetes.io/enforce": "restricted",
                "pod-security.kubernetes.io/audit": "restricted", "pod-security.kubernetes.io/warn": "restricted" })
    );
}

#[test]
fn one_that_is_being_deleted_is_waited_for() {
    let bench = Bench::new();
    let path = "/api/v1/namespaces/campus";
    bench.fake.put(path, json!({ "metadata": { "deletionTimestamp": "2026-01-01T00:00:00Z" } }));
    let mut looks = 0;
    bench.fake.control(move |objects| {
        looks += 1;
        if looks == 4 {
            objects.remove(path);
        }
    });
    let mut told = Told::default();
    attempt(10, &mut told, |at| apply(&bench.api, bench.clock.as_ref(), &campus(), at)).expect("applied");
    assert_eq!(told.codes(), ["wait-namespace-gone"]);
    assert_eq!(probe(&bench.api, &campus()), Ok(Standing::Done));
}

#[test]
fn waiting_ends_with_the_deadline() {
    let bench = Bench::new();
    bench.fake.put("/api/v1/namespaces/campus", json!({ "metadata": { "deletionTimestamp": "2026-01-01T00:00:00Z" } }));
    let mut told = Told::default();
    let fault = attempt(10, &mut told, |at| apply(&bench.api, bench.clock.as_ref(), &campus(), at)).expect_err("never");
    assert_eq!(fault.code, bridle_core::fault::FaultCode::DeadlinePassed);
    assert_eq!(bench.clock.monotonic(), std::time::Duration::from_secs(10));
}
