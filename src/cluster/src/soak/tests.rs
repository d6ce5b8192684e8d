use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bridle_core::port::sim::SimClock;
use bridle_core::step::ChartName;
use serde_json::{Value, json};

use super::*;
use crate::fake::{Bench, Told, assert_words, attempt};

const DEPLOYMENT: &str = "/apis/apps/v1/namespaces/campus/deployments/api";
const POD: &str = "/api/v1/namespaces/campus/pods/api-1";
const BUDGET: &str = "/apis/policy/v1/namespaces/campus/poddisruptionbudgets/api";

fn soak() -> Soak {
    Soak {
        seconds: 60,
        breaks: 2,
        charts: vec![ChartName { name: "api".to_owned(), namespace: "campus".to_owned() }],
        probes: vec![Probe {
            name: "enrolment".to_owned(),
            title: BTreeMap::new(),
            timeout_seconds: 5,
            requests: vec![],
        }],
        host: "campus.internal".to_owned(),
        address: "127.0.0.1".to_owned(),
    }
}

fn made_by(chart: &str) -> Value {
    json!({ "meta.helm.sh/release-name": chart, "meta.helm.sh/release-namespace": "campus" })
}

fn deployment(chart: &str, ready: u64) -> Value {
    json!({
        "metadata": { "name": chart, "namespace": "campus", "generation": 1, "annotations": made_by(chart) },
        "spec": { "replicas": 1, "selector": { "matchLabels": { "app": chart } } },
        "status": {
            "observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "readyReplicas": ready, "availableReplicas": ready,
        },
    })
}

fn pod(restarts: u64, ready_since: &str, waiting: Option<&str>) -> Value {
    let state = waiting.map_or(json!({ "running": {} }), |reason| json!({ "waiting": { "reason": reason } }));
    json!({
        "metadata": { "name": "api-1", "namespace": "campus", "uid": "u1", "labels": { "app": "api" } },
        "status": {
            "phase": "Running",
            "conditions": [{ "type": "Ready", "status": if waiting.is_none() { "True" } else { "False" },
                "lastTransitionTime": ready_since }],
            "containerStatuses": [{ "name": "server", "restartCount": restarts, "ready": waiting.is_none(), "state": state }],
        },
    })
}

fn healthy() -> Bench {
    let bench = Bench::new();
    let node =
        json!({ "metadata": { "name": "h1" }, "status": { "conditions": [{ "type": "Ready", "status": "True" }] } });
    bench.fake.put("/api/v1/nodes/h1", node);
    bench.fake.put(DEPLOYMENT, deployment("api", 1));
    bench.fake.put(POD, pod(0, "a", None));
    bench
}

/// From this second on the world is so; before, as it was.
fn from(bench: &Bench, script: Vec<(u64, &'static str, Option<Value>)>) {
    let clock: Arc<SimClock> = Arc::clone(&bench.clock);
    bench.fake.control(move |objects| {
        let now = clock.monotonic().as_secs();
        for (_, path, object) in script.iter().filter(|(from, _, _)| *from <= now) {
            match object {
                Some(object) => objects.insert((*path).to_owned(), object.clone()),
                None => objects.remove(*path),
            };
        }
    });
}

/// The end, its time in seconds, and what was told.
fn watched(bench: &Bench, walk: &Walk<'_>) -> (Result<(), Fault>, u64, Vec<String>) {
    let mut told = Told::default();
    let watch = Watch { api: &bench.api, clock: bench.clock.as_ref(), walk };
    let result = attempt(900, &mut told, |at| hold(&watch, &soak(), at));
    if let Err(fault) = &result {
        assert_words(&fault.message);
        fault.detail.iter().for_each(assert_words);
    }
    let codes = told.codes().into_iter().map(str::to_owned).collect();
    (result, bench.clock.monotonic().as_secs(), codes)
}

fn green(_: &Probe, _: &dyn Fn() -> bool) -> Result<(), Red> {
    Ok(())
}

fn failed(result: Result<(), Fault>) -> (FaultCode, String, String, Fault) {
    let fault = result.expect_err("it is not healthy");
    let what = fault.message.args["what"].clone();
    let bridle_core::message::Arg::Text(what) = what else { panic!("{what:?}") };
    let why = fault.detail.as_ref().map(|detail| detail.code.to_string()).unwrap_or_default();
    (fault.code, what, why, fault)
}

#[test]
fn health_holds_for_its_time() {
    let bench = healthy();
    // What is not of the release counts for nothing.
    bench.fake.put("/apis/apps/v1/namespaces/other/deployments/x", deployment("x", 0));
    let (result, seconds, codes) = watched(&bench, &green);
    assert_eq!((result, seconds, codes), (Ok(()), 60, vec!["wait-soak-healthy".to_owned()]));
}

#[test]
fn a_crash_is_told_with_its_last_words() {
    let bench = healthy();
    bench.fake.put(&format!("{POD}/log"), json!({ "log": "panic: no such column", "metadata": {} }));
    let crashed = pod(3, "b", Some("CrashLoopBackOff"));
    from(&bench, vec![(30, DEPLOYMENT, Some(deployment("api", 0))), (30, POD, Some(crashed))]);
    let (result, seconds, codes) = watched(&bench, &green);
    let (code, what, why, fault) = failed(result);
    assert_eq!((code, what.as_str(), why.as_str()), (FaultCode::SoakAway, "campus/Deployment/api", "pod-crashing"));
    assert_eq!((seconds, codes), (90, vec!["wait-soak-healthy".to_owned(), "wait-soak-ill".to_owned()]));
    assert!(fault.causes[0].contains("panic: no such column"), "{fault:?}");
}

#[test]
fn readiness_that_comes_and_goes_is_a_failure_also_between_looks() {
    let bench = healthy();
    let script = [20, 40, 60].map(|at| (at, POD, Some(pod(0, ["b", "c", "d"][at as usize / 20 - 1], None))));
    from(&bench, script.to_vec());
    let (result, seconds, _) = watched(&bench, &green);
    let (code, what, why, _) = failed(result);
    assert_eq!(
        (code, what.as_str(), why.as_str()),
        (FaultCode::SoakFlapping, "campus/Deployment/api", "soak-was-not-ready")
    );
    assert_eq!(seconds, 60);
}

#[test]
fn a_workload_that_is_gone_is_missed() {
    let bench = healthy();
    from(&bench, vec![(10, DEPLOYMENT, None)]);
    let (code, what, why, _) = failed(watched(&bench, &green).0);
    assert_eq!((code, what.as_str(), why.as_str()), (FaultCode::SoakAway, "campus/Deployment/api", "soak-gone"));
}

#[test]
fn budgets_that_allow_nothing_ever() {
    let budget = |desired: u64, allowed: u64, expected: u64, chart: &str| {
        json!({
            "metadata": { "name": "api", "namespace": "campus", "generation": 1, "annotations": made_by(chart) },
            "spec": { "selector": { "matchLabels": { "app": "api" } } },
            "status": { "observedGeneration": 1, "disruptionsAllowed": allowed, "currentHealthy": 1,
                "desiredHealthy": desired, "expectedPods": expected },
        })
    };
    for (name, budget, blocks) in [
        ("all of one", budget(1, 0, 1, "api"), true),
        ("one may go", budget(0, 1, 1, "api"), false),
        ("no pods", budget(0, 0, 0, "api"), false),
        ("not all are well yet", budget(2, 0, 2, "api"), false),
        ("somebody else's", budget(1, 0, 1, "other"), false),
    ] {
        let bench = healthy();
        bench.fake.put(BUDGET, budget);
        let (result, seconds, _) = watched(&bench, &green);
        if blocks {
            let (code, what, why, _) = failed(result);
            assert_eq!((code, what.as_str()), (FaultCode::SoakLasting, "campus/Deployment/api"), "{name}");
            assert_eq!((why.as_str(), seconds), ("soak-budget", 10), "{name}: it is not waited for");
        } else {
            assert_eq!(result, Ok(()), "{name}");
        }
    }
}

#[test]
fn one_lost_request_is_asked_again_and_two_are_a_break() {
    let (asked, bench) = (AtomicU32::new(0), healthy());
    let red = || Err(Red { request: "GET /".to_owned(), cause: "status 503, expected 200".to_owned() });
    let every_other = |_: &Probe, _: &dyn Fn() -> bool| match asked.fetch_add(1, Ordering::Relaxed) % 2 {
        0 => red(),
        _ => Ok(()),
    };
    assert_eq!(watched(&bench, &every_other).0, Ok(()));

    let (code, what, why, fault) = failed(watched(&healthy(), &|_: &Probe, _: &dyn Fn() -> bool| red()).0);
    assert_eq!((code, what.as_str(), why.as_str()), (FaultCode::SoakAway, "enrolment", "soak-probe"));
    assert_eq!(fault.causes, ["status 503, expected 200"]);
}

#[test]
fn an_interface_that_is_silent_is_a_break() {
    let bench = healthy();
    bench.fake.refuse(&[503]);
    let (result, seconds, codes) = watched(&bench, &green);
    assert_eq!((result, seconds), (Ok(()), 65));
    assert_eq!(codes, ["wait-soak-ill", "wait-soak-healthy"]);
}

#[test]
fn told_to_stop() {
    let bench = healthy();
    let watch = Watch { api: &bench.api, clock: bench.clock.as_ref(), walk: &green };
    let stop = || true;
    let mut told = Told::default();
    let mut at = Attempt { limit: Duration::from_secs(900), progress: &mut told, stop: &stop };
    let fault = hold(&watch, &soak(), &mut at).expect_err("stopped");
    assert_eq!(fault.code, FaultCode::DeadlinePassed);
}
