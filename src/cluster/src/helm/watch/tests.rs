use std::path::PathBuf;
use std::sync::Arc;

use bridle_core::digest::Digest;
use bridle_core::port::{Clock, Command, CommandError, CommandOutput, Process};
use serde_json::{Map, json};

use super::super::Helm;
use super::*;
use crate::fake::{Bench, FakeApi, Folder, Told, assert_words, attempt};

const DEPLOYMENT: &str = "/apis/apps/v1/namespaces/campus/deployments/api";
const LIMIT: u64 = 660;

/// What helm and the cluster do, by the seconds since helm began; gives helm's end, if it has come.
type Play = dyn Fn(&FakeApi, u64) -> Option<CommandOutput> + Send + Sync;

/// A helm that waits as the real one does: until the play is over, its time is up, or it is told to stop.
struct WaitingHelm {
    fake: FakeApi,
    clock: Arc<dyn Clock>,
    play: Box<Play>,
}

impl Process for WaitingHelm {
    fn run(&self, command: &Command, stop: &dyn Fn() -> bool) -> Result<CommandOutput, CommandError> {
        let begin = self.clock.monotonic();
        for second in 0..LIMIT {
            if let Some(output) = (self.play)(&self.fake, second) {
                return Ok(output);
            }
            if stop() {
                return Err(CommandError::Stopped { program: command.program.clone() });
            }
            self.clock.sleep((begin + Duration::from_secs(second + 1)).saturating_sub(self.clock.monotonic()));
        }
        let stderr = b"Error: context deadline exceeded".to_vec();
        Ok(CommandOutput { code: 1, stdout: Vec::new(), stderr })
    }
}

/// Runs one attempt; gives its end and the seconds that it took.
fn run(bench: &Bench, play: impl Fn(&FakeApi, u64) -> Option<CommandOutput> + Send + Sync + 'static) -> (Fault, u64) {
    let folder = Folder::new();
    let chart = ChartStep {
        name: "api".to_owned(),
        version: "1.0.0".to_owned(),
        namespace: "campus".to_owned(),
        package: folder.add(b"packed chart"),
        values: Map::new(),
        timeout_seconds: 650,
    };
    assert_eq!(chart.package, Digest::of(b"packed chart"));
    let clock: Arc<dyn Clock> = Arc::clone(&bench.clock) as Arc<dyn Clock>;
    let process = WaitingHelm { fake: bench.fake.clone(), clock: Arc::clone(&clock), play: Box::new(play) };
    let helm = Helm {
        program: Arc::new(|| Ok(PathBuf::from("/opt/release/bin/helm"))),
        process: Arc::new(process),
        kubeconfig: PathBuf::from("/etc/k3s.yaml"),
        scratch: PathBuf::from("/run/helm"),
        clock: Arc::clone(&clock),
    };
    let begin = clock.monotonic();
    let mut told = Told::default();
    let fault =
        attempt(LIMIT + 60, &mut told, |at| helm.apply_chart(&bench.api, &folder, &chart, at)).expect_err("ill");
    assert_words(&fault.message);
    fault.detail.iter().for_each(assert_words);
    (fault, (clock.monotonic() - begin).as_secs())
}

fn helm_owns() -> Value {
    json!({ RELEASE_NAME: "api" })
}

/// The Deployment at this generation, its two pods of which are ready only at the first one.
fn deployment(fake: &FakeApi, generation: u64) {
    let updated = if generation == 1 { 2 } else { 1 };
    let metadata = json!({ "name": "api", "namespace": "campus", "uid": "d", "generation": generation, "annotations": helm_owns() });
    let status = json!({ "observedGeneration": generation, "replicas": 3, "updatedReplicas": updated, "readyReplicas": 2, "availableReplicas": 2 });
    let spec = json!({ "replicas": 2, "selector": { "matchLabels": { "app": "api" } } });
    fake.put(DEPLOYMENT, json!({ "metadata": metadata, "spec": spec, "status": status }));
    for revision in 1..=generation {
        let metadata = json!({
            "name": format!("api-{revision}"), "namespace": "campus", "ownerReferences": [{ "uid": "d" }],
            "labels": { "pod-template-hash": revision.to_string() },
            "annotations": { "deployment.kubernetes.io/revision": revision.to_string() },
        });
        let path = format!("/apis/apps/v1/namespaces/campus/replicasets/api-{revision}");
        fake.put(&path, json!({ "metadata": metadata }));
    }
}

/// The pod of a revision, `age` seconds after its first start: it ends at once, each time.
fn falling(fake: &FakeApi, revision: u64, age: u64) {
    let restarts = [1, 11, 31, 71, 151, 311, 611].iter().filter(|end| **end <= age).count();
    pod(
        fake,
        revision,
        json!([{
            "name": "api", "image": "x:2", "restartCount": restarts, "ready": false,
            "state": { "waiting": { "reason": "CrashLoopBackOff", "message": "back-off restarting failed container" } },
            "lastState": { "terminated": { "exitCode": 1, "reason": "Error" } },
        }]),
    );
}

fn pod(fake: &FakeApi, revision: u64, statuses: Value) {
    let name = format!("api-{revision}-x");
    let labels = json!({ "app": "api", "pod-template-hash": revision.to_string() });
    let conditions = json!([{ "type": "Ready", "status": "False", "lastTransitionTime": "2026-01-01T00:00:00Z" }]);
    let path = format!("/api/v1/namespaces/campus/pods/{name}");
    let metadata = json!({ "name": name, "namespace": "campus", "uid": name, "labels": labels });
    let status = json!({ "phase": "Running", "conditions": conditions, "containerStatuses": statuses });
    fake.put(&path, json!({ "metadata": metadata, "status": status }));
    fake.put(&format!("{path}/log"), Value::String(format!("\u{1b}[31mpanic: no such table {revision}\u{1b}[0m\n")));
}

fn database(fake: &FakeApi, ready: u64) {
    let metadata = json!({ "name": "db", "namespace": "campus", "uid": "s", "generation": 1, "annotations": { RELEASE_NAME: "database" } });
    let status = json!({ "observedGeneration": 1, "replicas": 1, "readyReplicas": ready });
    let path = "/apis/apps/v1/namespaces/campus/statefulsets/db";
    fake.put(path, json!({ "metadata": metadata, "spec": { "replicas": 1 }, "status": status }));
}

fn record(fake: &FakeApi, revision: u64, status: &str) {
    let release =
        json!({ "name": "api", "version": revision, "manifest": "kind: Deployment", "info": { "status": status } });
    let labels = json!({ "owner": "helm", "name": "api", "status": status, "version": revision.to_string() });
    let name = format!("sh.helm.release.v1.api.v{revision}");
    let data = json!({ "release": super::super::record::encode(&release) });
    let path = format!("/api/v1/namespaces/campus/secrets/{name}");
    fake.put(&path, json!({ "metadata": { "name": name, "labels": labels }, "data": data }));
}

fn status_of(fake: &FakeApi, revision: u64) -> Value {
    let record = fake.get(&format!("/api/v1/namespaces/campus/secrets/sh.helm.release.v1.api.v{revision}"));
    record.expect("record")["metadata"]["labels"]["status"].clone()
}

#[test]
fn a_new_version_that_ends_at_its_start_is_given_up_within_forty_seconds_and_again_when_tried_again() {
    let bench = Bench::new();
    record(&bench.fake, 1, "deployed");
    deployment(&bench.fake, 1);
    database(&bench.fake, 1);
    let (fault, seconds) = run(&bench, |fake, second| {
        if second == 2 {
            record(fake, 2, "pending-upgrade");
            deployment(fake, 2);
        }
        if second >= 4 {
            falling(fake, 2, second - 4);
        }
        None
    });
    assert_eq!(fault.code, FaultCode::WorkloadNotReady);
    assert_eq!(fault.message.args["workload"], "Deployment/api".into());
    assert_eq!(fault.detail.expect("why").code, "hopeless-crashing");
    assert_eq!(fault.causes, ["[31mpanic: no such table 2[0m"]);
    assert!((34..=40).contains(&seconds), "{seconds}");
    assert_eq!(status_of(&bench.fake, 2), "failed", "helm was killed; its record says how it ended");

    // Tried again, helm finds nothing to alter; the pod goes on from its fourth end.
    let (fault, seconds) = run(&bench, |fake, second| {
        if second == 2 {
            record(fake, 3, "pending-upgrade");
        }
        falling(fake, 2, second + 36);
        None
    });
    assert_eq!(fault.detail.expect("why").code, "hopeless-crashing");
    assert!((35..=45).contains(&seconds), "{seconds}");
}

#[test]
fn pods_of_an_earlier_version_say_nothing() {
    let bench = Bench::new();
    record(&bench.fake, 1, "deployed");
    deployment(&bench.fake, 1);
    falling(&bench.fake, 1, 0);
    // A task before the change takes its time while what is to be mended falls; then the new pods only start slowly.
    let (fault, seconds) = run(&bench, |fake, second| {
        falling(fake, 1, second);
        if second == 200 {
            deployment(fake, 2);
            pod(fake, 2, json!([{ "name": "api", "ready": false, "state": { "running": {} } }]));
        }
        None
    });
    assert_eq!(seconds, LIMIT, "waited for to the end: {fault:?}");
}

#[test]
fn a_first_installation_waits_for_what_others_need() {
    let bench = Bench::new();
    let (fault, seconds) = run(&bench, |fake, second| {
        if second == 1 {
            deployment(fake, 1);
            database(fake, 0);
        }
        if second == 100 {
            database(fake, 1);
        }
        falling(fake, 1, second);
        None
    });
    // The database was there at 100 s; the run that began at 151 s had it and ended all the same.
    assert_eq!(fault.detail.expect("why").code, "hopeless-crashing");
    assert!((151..=157).contains(&seconds), "{seconds}");
    let bench = Bench::new();
    let (fault, seconds) = run(&bench, |fake, second| {
        if second == 1 {
            deployment(fake, 1);
        }
        database(fake, 0);
        falling(fake, 1, second);
        None
    });
    assert_eq!(seconds, LIMIT, "the database never came: {fault:?}");
}

#[test]
fn a_missing_image_and_a_failed_job_are_given_up() {
    let bench = Bench::new();
    let (fault, seconds) = run(&bench, |fake, second| {
        if second == 1 {
            deployment(fake, 1);
            let words = "ErrImagePull: rpc error: code = NotFound desc = x:2: not found";
            pod(
                fake,
                1,
                json!([{ "name": "api", "image": "x:2", "restartCount": 0, "ready": false,
                                  "state": { "waiting": { "reason": "ImagePullBackOff", "message": words } } }]),
            );
        }
        None
    });
    assert_eq!(fault.detail.expect("why").code, "hopeless-image");
    assert!(fault.causes[0].contains("not found"), "{:?}", fault.causes);
    assert!((45..=55).contains(&seconds), "{seconds}");

    let bench = Bench::new();
    let (fault, seconds) = run(&bench, |fake, second| {
        if second == 1 {
            let metadata = json!({ "name": "fill", "namespace": "campus", "uid": "j", "annotations": helm_owns() });
            let failed = json!({ "conditions": [{ "type": "Failed", "status": "True" }] });
            let path = "/apis/batch/v1/namespaces/campus/jobs/fill";
            fake.put(path, json!({ "metadata": metadata, "status": failed }));
        }
        None
    });
    assert_eq!(fault.message.args["workload"], "Job/fill".into());
    assert_eq!(fault.detail.expect("why").code, "job-failed");
    assert!((10..=20).contains(&seconds), "{seconds}");
}

#[test]
fn a_cluster_that_does_not_answer_gives_no_verdict() {
    let bench = Bench::new();
    deployment(&bench.fake, 1);
    bench.fake.refuse_at("/api/v1/pods", 503);
    let (fault, seconds) = run(&bench, |fake, second| {
        if second == 1 {
            deployment(fake, 2);
        }
        falling(fake, 2, second);
        None
    });
    assert_eq!(seconds, LIMIT, "{fault:?}");
}

#[test]
fn only_the_newest_pods_of_each_kind_count() {
    let pod = |key: &str, hash: &str, born: &str| json!({ "metadata": { "labels": { key: hash }, "creationTimestamp": born } });
    let key = "controller-revision-hash";
    let pods = [pod(key, "a", "2026-01-01T00:00:00Z"), pod(key, "b", "2026-01-02T00:00:00Z")];
    let of = |object: Value| newest_of(&object, pods.iter().collect(), &[]).len();
    assert_eq!(of(json!({ "kind": "StatefulSet", "status": { "updateRevision": "a" } })), 1);
    assert_eq!(of(json!({ "kind": "StatefulSet", "status": {} })), 0);
    assert_eq!(of(json!({ "kind": "Deployment", "metadata": { "uid": "d" } })), 0, "no set of it yet");
    let daemons = json!({ "kind": "DaemonSet" });
    let found = newest_of(&daemons, pods.iter().collect(), &[]);
    assert_eq!(found.iter().map(|pod| label(pod, key)).collect::<Vec<_>>(), ["b"]);
}
