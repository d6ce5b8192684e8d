use bridle_core::fault::FaultCode;
use serde_json::json;

use super::*;
use crate::fake::{Bench, Told, assert_words, attempt};

#[test]
fn waits_for_the_api_then_the_node_then_its_readiness() {
    let bench = Bench::new();
    bench.fake.refuse(&[503, 503]);
    let mut looks = 0;
    bench.fake.control(move |objects| {
        looks += 1;
        let ready = if looks < 5 { "False" } else { "True" };
        if looks > 2 {
            let node = json!({ "metadata": { "name": "h1" }, "status": { "conditions": [{ "type": "Ready", "status": ready }] } });
            objects.insert("/api/v1/nodes/h1".to_owned(), node);
        }
    });
    let mut told = Told::default();
    attempt(60, &mut told, |at| apply(&bench.api, bench.clock.as_ref(), "h1", None, at)).expect("ready");
    assert_eq!(told.codes(), ["wait-api", "node-missing", "node-not-ready"]);
    assert_eq!(probe(&bench.api, "h1", None), Standing::Done);
}

#[test]
fn the_deadline_says_what_was_missing() {
    let bench = Bench::new();
    let full = json!([{ "type": "Ready", "status": "True" }, { "type": "DiskPressure", "status": "True" }]);
    bench.fake.put("/api/v1/nodes/h1", json!({ "metadata": { "name": "h1" }, "status": { "conditions": full } }));
    let fault = attempt(5, &mut Told::default(), |at| apply(&bench.api, bench.clock.as_ref(), "h1", None, at))
        .expect_err("full");
    assert_eq!(fault.code, FaultCode::DeadlinePassed);
    assert_words(&fault.message);
    assert_eq!(fault.detail.expect("detail").code, "node-disk-pressure");
}

#[test]
fn a_stop_ends_the_wait_at_once() {
    let bench = Bench::new();
    let stop = || true;
    let mut told = Told::default();
    let mut at = Attempt { limit: std::time::Duration::from_secs(600), progress: &mut told, stop: &stop };
    assert!(apply(&bench.api, bench.clock.as_ref(), "h1", None, &mut at).is_err());
    assert!(bench.clock.monotonic() < std::time::Duration::from_secs(1));
}

#[test]
fn a_node_that_still_names_the_kubelet_of_before_is_not_ready() {
    let node = |version: &str| json!({ "status": { "nodeInfo": { "kubeletVersion": version } } });
    assert_eq!(old_kubelet(&node("v1.36.3+k3s1"), "h1", Some("1.36.3")), None);
    assert_eq!(old_kubelet(&node("v1.35.4+k3s1"), "h1", None), None);
    for found in ["v1.35.4+k3s1", "v1.36.31", ""] {
        assert!(old_kubelet(&node(found), "h1", Some("1.36.3")).is_some(), "{found}");
    }
}
