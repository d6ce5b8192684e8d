#![expect(clippy::disallowed_methods, reason = "files of tests need not survive a power cut")]

use std::sync::Mutex;

use bridle_core::port::{Command, CommandError, CommandOutput};
use serde_json::json;

use super::*;
use crate::fake::{Bench, FakeApi, Folder, Told, assert_words, attempt, is_missing};

const DEPLOYMENT: &str = "/apis/apps/v1/namespaces/campus/deployments/api";
const MANIFEST: &str = "---\n# Source: x\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: api }\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: { name: api }\n";

/// What helm does when it runs.
type Act = Box<dyn Fn(&Command) -> Result<CommandOutput, CommandError> + Send + Sync>;

struct FakeHelm {
    act: Act,
    commands: Mutex<Vec<Command>>,
}

impl Process for FakeHelm {
    fn run(&self, command: &Command, stop: &dyn Fn() -> bool) -> Result<CommandOutput, CommandError> {
        self.commands.lock().expect("lock").push(command.clone());
        if stop() {
            return Err(CommandError::Stopped { program: command.program.clone() });
        }
        (self.act)(command)
    }
}

struct Yard {
    bench: Bench,
    folder: Folder,
    helm: Helm,
    process: Arc<FakeHelm>,
    chart: ChartStep,
}

fn yard(act: impl Fn(&FakeApi, &Command) -> Result<CommandOutput, CommandError> + Send + Sync + 'static) -> Yard {
    let (bench, folder) = (Bench::new(), Folder::new());
    let package = folder.add(b"packed chart");
    let chart = ChartStep {
        name: "api".to_owned(),
        version: "1.0.0".to_owned(),
        namespace: "campus".to_owned(),
        package,
        values: Map::from_iter([("replicas".to_owned(), json!(2))]),
        timeout_seconds: 300,
    };
    let fake = bench.fake.clone();
    let act: Act = Box::new(move |command| act(&fake, command));
    let process = Arc::new(FakeHelm { act, commands: Mutex::new(Vec::new()) });
    let helm = Helm {
        program: Arc::new(|| Ok(PathBuf::from("/opt/release/bin/helm"))),
        process: Arc::clone(&process) as Arc<dyn Process>,
        kubeconfig: PathBuf::from("/etc/k3s.yaml"),
        scratch: PathBuf::from("/run/helm"),
        clock: Arc::clone(&bench.clock) as Arc<dyn Clock>,
    };
    discovery(&bench.fake);
    Yard { bench, folder, helm, process, chart }
}

fn discovery(fake: &FakeApi) {
    let resource = |name: &str, kind: &str| json!({ "name": name, "kind": kind, "namespaced": true });
    fake.put("/api/v1", json!({ "resources": [resource("configmaps", "ConfigMap")] }));
    let apps =
        json!({ "resources": [resource("deployments/status", "Deployment"), resource("deployments", "Deployment")] });
    fake.put("/apis/apps/v1", apps);
}

fn ok() -> Result<CommandOutput, CommandError> {
    Ok(CommandOutput::default())
}

fn complains(words: &str) -> Result<CommandOutput, CommandError> {
    Ok(CommandOutput { code: 1, stdout: Vec::new(), stderr: words.as_bytes().to_vec() })
}

fn record_path(revision: u64) -> String {
    format!("/api/v1/namespaces/campus/secrets/sh.helm.release.v1.api.v{revision}")
}

fn put_record(fake: &FakeApi, revision: u64, status: &str, description: &str) {
    let release = json!({ "name": "api", "version": revision, "manifest": MANIFEST,
                          "info": { "status": status, "description": description, "first_deployed": "2026-01-01T00:00:00Z" } });
    let labels = json!({ "owner": "helm", "name": "api", "status": status, "version": revision.to_string() });
    let metadata = json!({ "name": format!("sh.helm.release.v1.api.v{revision}"), "labels": labels });
    fake.put(&record_path(revision), json!({ "metadata": metadata, "data": { "release": record::encode(&release) } }));
}

fn put_objects(fake: &FakeApi, ready: u64) {
    fake.put(
        "/api/v1/namespaces/campus/configmaps/api",
        json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": {} }),
    );
    let status = json!({ "observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "readyReplicas": ready, "availableReplicas": ready });
    let metadata = json!({ "name": "api", "namespace": "campus", "generation": 1, "annotations": { "meta.helm.sh/release-name": "api" } });
    let spec = json!({ "replicas": 2, "selector": { "matchLabels": { "app": "api" } } });
    fake.put(
        DEPLOYMENT,
        json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec, "status": status }),
    );
}

fn missing(yard: &Yard) -> String {
    match yard.helm.probe_chart(&yard.bench.api, &yard.chart).expect("probe") {
        Standing::Done => "done".to_owned(),
        Standing::Missing(message) => {
            assert_words(&message);
            message.code.into_owned()
        }
    }
}

fn apply(yard: &Yard, told: &mut Told) -> Result<(), Fault> {
    attempt(360, told, |at| yard.helm.apply_chart(&yard.bench.api, &yard.folder, &yard.chart, at))
}

#[test]
fn the_probe_wants_this_package_these_values_and_everything_ready() {
    let mut yard = yard(|_, _| ok());
    let fake = yard.bench.fake.clone();
    assert_eq!(missing(&yard), "chart-missing");
    put_record(&fake, 1, "pending-install", "");
    assert_eq!(missing(&yard), "chart-unfinished");
    put_record(&fake, 1, "superseded", &mark(&yard.chart));
    put_record(&fake, 10, "deployed", "Upgrade complete");
    assert_eq!(missing(&yard), "chart-other");
    put_record(&fake, 10, "deployed", &mark(&yard.chart));
    assert_eq!(missing(&yard), "object-missing");
    put_objects(&fake, 1);
    assert_eq!(missing(&yard), "wait-chart-workload");
    put_objects(&fake, 2);
    assert_eq!(missing(&yard), "done");
    put_record(&fake, 11, "failed", &mark(&yard.chart));
    assert_eq!(missing(&yard), "chart-unfinished");
    fake.delete(&record_path(11));
    fake.delete("/api/v1/namespaces/campus/configmaps/api");
    assert_eq!(missing(&yard), "object-missing", "somebody deleted it");
    put_objects(&fake, 2);
    yard.chart.values.insert("replicas".to_owned(), json!(3));
    assert_eq!(missing(&yard), "chart-other");
}

#[test]
fn the_mark_does_not_depend_on_the_order_of_keys() {
    let chart = |values: &str| ChartStep {
        name: "x".to_owned(),
        version: "1".to_owned(),
        namespace: "x".to_owned(),
        package: Digest::of(b""),
        values: serde_json::from_str(values).expect("json"),
        timeout_seconds: 1,
    };
    let one = mark(&chart(r#"{"a":{"x":1,"y":[{"p":1,"q":2}]},"b":null}"#));
    assert_eq!(one, mark(&chart(r#"{"b":null,"a":{"y":[{"q":2,"p":1}],"x":1}}"#)));
    assert_ne!(one, mark(&chart(r#"{"a":{"x":1,"y":[{"p":1,"q":2}]}}"#)), "null takes a default away");
}

#[test]
fn helm_gets_this_environment_and_no_value_in_its_arguments() {
    let yard = yard(|fake, command| {
        let description = command.args.iter().skip_while(|arg| *arg != "--description").nth(1).expect("description");
        put_record(fake, 1, "deployed", description);
        put_objects(fake, 2);
        ok()
    });
    apply(&yard, &mut Told::default()).expect("applied");
    assert_eq!(missing(&yard), "done");
    let commands = yard.process.commands.lock().expect("lock");
    let command = &commands[0];
    assert_eq!(commands.len(), 1);
    assert_eq!(command.stdin.as_deref(), Some(br#"{"replicas":2}"#.as_slice()));
    let names: Vec<&str> = command.env.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        ["PATH", "HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "KUBECONFIG", "HELM_DRIVER"]
    );
    let package = yard.folder.0.path().join(yard.chart.package.hex());
    assert_eq!(command.args[..3], ["upgrade", "api", &package.to_string_lossy()]);
    assert_eq!(command.args.last().map(String::as_str), Some("300s"));
    assert!(command.limit <= Duration::from_secs(360));
}

#[test]
fn a_revision_left_half_way_is_marked_as_failed_and_nothing_else_changes() {
    for status in ["pending-install", "pending-upgrade", "pending-rollback", "uninstalling"] {
        let yard = yard(|_, _| complains("Error: stop here"));
        put_record(&yard.bench.fake, 1, "deployed", "x");
        put_record(&yard.bench.fake, 2, status, "Preparing upgrade");
        let before = yard.bench.fake.get(&record_path(1));
        let fault = apply(&yard, &mut Told::default()).expect_err("helm complains");
        assert_eq!(fault.code, FaultCode::ChartFailed);
        assert_eq!(yard.bench.fake.get(&record_path(1)), before);
        let record = record::newest(&yard.bench.api, "api", "campus").expect("list").expect("record");
        assert_eq!(record.status(), "failed");
        let release = record.release("api").expect("decode");
        assert_eq!(release.manifest, MANIFEST, "the list of objects stays");
        assert_eq!(release.description, format!("interrupted while {status}"));
        let writes = yard.bench.fake.requests().into_iter().filter(|request| !request.starts_with("GET")).count();
        assert_eq!(writes, 1);
    }
}

#[test]
fn a_settled_revision_is_left_alone() {
    for status in ["deployed", "failed", "superseded", "uninstalled"] {
        let yard = yard(|_, _| ok());
        put_record(&yard.bench.fake, 1, status, "x");
        record::repair(&yard.bench.api, "api", "campus").expect("nothing to do");
        assert!(yard.bench.fake.requests().iter().all(|request| request.starts_with("GET")), "{status}");
    }
}

#[test]
fn a_damaged_record_is_a_fault() {
    for data in ["", "%", "eA==", &record::encode(&json!({}))[..20]] {
        let yard = yard(|_, _| ok());
        put_record(&yard.bench.fake, 1, "pending-upgrade", "x");
        let mut object = yard.bench.fake.get(&record_path(1)).expect("record");
        object["data"]["release"] = json!(data);
        yard.bench.fake.put(&record_path(1), object);
        assert_eq!(apply(&yard, &mut Told::default()).expect_err("damaged").code, FaultCode::ChartFailed, "{data}");
        assert!(yard.process.commands.lock().expect("lock").is_empty(), "helm was not run");
    }
}

#[test]
fn a_workload_that_does_not_come_up_is_named_with_its_reason() {
    let yard = yard(|fake, _| {
        put_objects(fake, 1);
        let status = json!({ "phase": "Pending", "containerStatuses": [{ "name": "m", "image": "x:1", "state": { "waiting": { "reason": "ImagePullBackOff" } } }] });
        let metadata = json!({ "name": "api-1", "namespace": "campus", "labels": { "app": "api" } });
        fake.put("/api/v1/namespaces/campus/pods/api-1", json!({ "metadata": metadata, "status": status }));
        complains("Error: resource Deployment/campus/api not ready. context deadline exceeded")
    });
    put_objects(&yard.bench.fake, 0);
    let mut told = Told::default();
    let fault = apply(&yard, &mut told).expect_err("late");
    assert_eq!(told.codes(), ["wait-chart-workload"], "told while helm ran");
    assert_eq!(fault.code, FaultCode::WorkloadNotReady);
    assert_words(&fault.message);
    assert_eq!(fault.detail.expect("detail").code, "pod-image");
    assert!(fault.causes[0].contains("context deadline exceeded"));
}

#[test]
fn where_a_pod_merely_is_not_ready_the_warnings_say_why() {
    let yard = yard(|fake, _| {
        put_objects(fake, 1);
        let warned = json!({
            "metadata": { "name": "w", "namespace": "campus" }, "type": "Warning", "reason": "Unhealthy",
            "message": "Readiness probe failed: 503", "lastTimestamp": "2026-11-23T20:00:00Z",
            "involvedObject": { "kind": "Pod", "name": "api-1" },
        });
        fake.put("/api/v1/namespaces/campus/events/w", warned);
        complains("Error: resource Deployment/campus/api not ready. context deadline exceeded")
    });
    put_objects(&yard.bench.fake, 0);
    let fault = apply(&yard, &mut Told::default()).expect_err("late");
    assert_eq!(fault.code, FaultCode::WorkloadNotReady);
    assert_eq!(fault.causes[0], "Pod api-1: Unhealthy: Readiness probe failed: 503");
    assert!(fault.causes[1].contains("context deadline exceeded"));
}

#[test]
fn a_refused_chart_is_not_taken_for_a_slow_one() {
    let yard = yard(|fake, _| {
        put_objects(fake, 1);
        complains("Error: values don't meet the specifications of the schema")
    });
    assert_eq!(apply(&yard, &mut Told::default()).expect_err("refused").code, FaultCode::ChartFailed);
}

#[test]
fn a_missing_or_altered_package_never_reaches_helm() {
    let yard = yard(|_, _| ok());
    std::fs::write(yard.folder.0.path().join(yard.chart.package.hex()), b"other").expect("write");
    assert_eq!(apply(&yard, &mut Told::default()).expect_err("altered").code, FaultCode::ChartFailed);
    std::fs::remove_file(yard.folder.0.path().join(yard.chart.package.hex())).expect("remove");
    assert_eq!(apply(&yard, &mut Told::default()).expect_err("absent").code, FaultCode::ChartFailed);
    assert!(yard.process.commands.lock().expect("lock").is_empty());
}

#[test]
fn a_chart_is_gone_once_its_workloads_are() {
    let yard = yard(|fake, command| {
        assert_eq!(command.args[..4], ["uninstall", "api", "--namespace", "campus"]);
        fake.delete(&record_path(3));
        ok()
    });
    let fake = yard.bench.fake.clone();
    let api = &yard.bench.api;
    let gone = |told: &mut Told| attempt(60, told, |at| yard.helm.apply_gone(api, "api", "campus", at));
    put_record(&fake, 3, "deployed", "x");
    put_objects(&fake, 2);
    assert!(is_missing(&Helm::probe_gone(api, "api", "campus")));
    let fault = gone(&mut Told::default()).expect_err("its pods never end");
    assert_eq!(fault.code, FaultCode::DeadlinePassed);
    assert!(is_missing(&Helm::probe_gone(api, "api", "campus")), "pods still end");
    let mut looks = 0;
    fake.control(move |objects| {
        looks += 1;
        if looks == 9 {
            objects.remove(DEPLOYMENT);
        }
    });
    gone(&mut Told::default()).expect("gone");
    assert_eq!(Helm::probe_gone(api, "api", "campus"), Ok(Standing::Done));
    assert_eq!(yard.process.commands.lock().expect("lock").len(), 1, "helm has nothing more to do");
}
