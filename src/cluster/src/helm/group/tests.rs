#![expect(clippy::disallowed_methods, reason = "threads wait for each other on the machine's own clock")]

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use bridle_core::message::Language;
use bridle_core::port::{Clock, Command, CommandError, CommandOutput, Process};
use serde_json::{Map, json};

use super::super::{mark, record};
use super::*;
use crate::fake::{Bench, FakeApi, Folder, Told, assert_words, attempt, is_missing};

/// What helm does when it runs for a chart.
type Act = Box<dyn Fn(&Yard, &str, &dyn Fn() -> bool) -> Result<CommandOutput, CommandError> + Send + Sync>;

/// The cluster as all helms see it.
struct Yard {
    fake: FakeApi,
    charts: Vec<ChartStep>,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    running: usize,
    peak: usize,
    stopped: usize,
    /// Charts for which helm ran.
    runs: Vec<String>,
}

struct FakeHelm {
    yard: Arc<Yard>,
    act: Act,
}

impl Process for FakeHelm {
    fn run(&self, command: &Command, stop: &dyn Fn() -> bool) -> Result<CommandOutput, CommandError> {
        let name = command.args[1].clone();
        {
            let mut counts = self.yard.counts();
            counts.running += 1;
            counts.peak = counts.peak.max(counts.running);
            counts.runs.push(name.clone());
        }
        let ended = (self.act)(&self.yard, &name, stop);
        let mut counts = self.yard.counts();
        counts.running -= 1;
        counts.stopped += usize::from(matches!(ended, Err(CommandError::Stopped { .. })));
        ended
    }
}

impl Yard {
    fn counts(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.counts.lock().expect("no test panics while it holds the lock")
    }

    /// Charts for which helm ran since the last question, by name.
    fn runs(&self) -> Vec<String> {
        let mut runs = std::mem::take(&mut self.counts().runs);
        runs.sort();
        runs
    }

    fn path(name: &str) -> String {
        format!("/api/v1/namespaces/campus/secrets/sh.helm.release.v1.{name}.v1")
    }

    fn put_record(&self, name: &str, status: &str) {
        let chart = self.charts.iter().find(|chart| chart.name == name).expect("a chart of the group");
        let release = json!({ "name": name, "version": 1, "manifest": "",
                              "info": { "status": status, "description": mark(chart) } });
        let labels = json!({ "owner": "helm", "name": name, "status": status, "version": "1" });
        let metadata = json!({ "name": format!("sh.helm.release.v1.{name}.v1"), "labels": labels });
        let data = json!({ "release": record::encode(&release) });
        self.fake.put(&Self::path(name), json!({ "metadata": metadata, "data": data }));
    }

    fn deploy(&self, name: &str) -> Result<CommandOutput, CommandError> {
        self.put_record(name, "deployed");
        Ok(CommandOutput::default())
    }
}

fn complains(words: &str) -> Result<CommandOutput, CommandError> {
    Ok(CommandOutput { code: 1, stdout: Vec::new(), stderr: words.as_bytes().to_vec() })
}

/// Waits until it holds, at most ten seconds.
fn until(what: &str, holds: impl Fn() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_secs(10), "{what}");
        std::thread::yield_now();
    }
}

struct Stage {
    bench: Bench,
    folder: Folder,
    helm: Helm,
    yard: Arc<Yard>,
}

/// Charts `a`, `b`, `c` …
fn stage(
    count: u8,
    act: impl Fn(&Yard, &str, &dyn Fn() -> bool) -> Result<CommandOutput, CommandError> + Send + Sync + 'static,
) -> Stage {
    let (bench, folder) = (Bench::new(), Folder::new());
    let package = folder.add(b"packed chart");
    let chart = |number: u8| ChartStep {
        name: char::from(b'a' + number).to_string(),
        version: "1.0.0".to_owned(),
        namespace: "campus".to_owned(),
        package,
        values: Map::new(),
        timeout_seconds: 300,
    };
    let charts = (0..count).map(chart).collect();
    let yard = Arc::new(Yard { fake: bench.fake.clone(), charts, counts: Mutex::default() });
    let helm = Helm {
        program: Arc::new(|| Ok(PathBuf::from("/opt/release/bin/helm"))),
        process: Arc::new(FakeHelm { yard: Arc::clone(&yard), act: Box::new(act) }),
        kubeconfig: PathBuf::from("/etc/k3s.yaml"),
        scratch: PathBuf::from("/run/helm"),
        clock: Arc::clone(&bench.clock) as Arc<dyn Clock>,
    };
    Stage { bench, folder, helm, yard }
}

impl Stage {
    fn apply(&self, attempt: &mut Attempt<'_>) -> Result<(), Fault> {
        self.helm.apply_charts(&self.bench.api, &self.folder, &self.yard.charts, attempt)
    }

    fn probe(&self) -> Result<Standing, Fault> {
        self.helm.probe_charts(&self.bench.api, &self.yard.charts)
    }

    /// The names as the way back has them: the last one first.
    fn names(&self) -> Vec<ChartName> {
        let name = |chart: &ChartStep| ChartName { name: chart.name.clone(), namespace: chart.namespace.clone() };
        self.yard.charts.iter().rev().map(name).collect()
    }
}

#[test]
fn four_helms_run_at_once_and_never_more() {
    let stage = stage(9, |yard, name, _| {
        // The first four wait for each other: one after the other they would never end.
        until("four at once", || yard.counts().peak >= CHARTS_AT_ONCE);
        yard.deploy(name)
    });
    assert!(is_missing(&stage.probe()));
    let mut told = Told::default();
    attempt(900, &mut told, |at| stage.apply(at)).expect("applied");
    assert_eq!(stage.probe(), Ok(Standing::Done));
    assert_eq!(stage.yard.counts().peak, CHARTS_AT_ONCE);
    assert_eq!(stage.yard.runs().len(), 9);
    assert!(told.codes().contains(&"wait-charts"));
}

#[test]
fn one_that_fails_stops_no_other_and_only_it_is_tried_again() {
    let first = AtomicBool::new(true);
    let stage = stage(5, move |yard, name, _| match name {
        // The later one fails first.
        "d" => complains("Error: d"),
        "b" if first.swap(false, Ordering::Relaxed) => {
            until("the others come", || yard.fake.get(&Yard::path("e")).is_some());
            complains("Error: b")
        }
        _ => yard.deploy(name),
    });
    let fault = attempt(360, &mut Told::default(), |at| stage.apply(at)).expect_err("two of them fail");
    assert_eq!(fault.code, FaultCode::ChartFailed);
    assert_eq!(fault.message.args.get("chart"), Some(&Arg::from("b")), "the first one in order");
    assert_eq!(stage.yard.runs(), ["a", "b", "c", "d", "e"]);
    for (name, there) in [("a", true), ("b", false), ("c", true), ("d", false), ("e", true)] {
        assert_eq!(stage.yard.fake.get(&Yard::path(name)).is_some(), there, "{name}");
    }
    let fault = attempt(360, &mut Told::default(), |at| stage.apply(at)).expect_err("one still fails");
    assert_eq!(fault.message.args.get("chart"), Some(&Arg::from("d")));
    assert_eq!(stage.yard.runs(), ["b", "d"], "what is done is left alone");
    assert!(is_missing(&stage.probe()), "done only when each is");
}

#[test]
fn what_a_kill_left_pending_is_repaired_for_each() {
    let stage = stage(3, |yard, name, _| {
        let record = yard.fake.get(&Yard::path(name)).expect("a record");
        assert_eq!(record["metadata"]["labels"]["status"], "failed", "helm refuses what is pending");
        yard.deploy(name)
    });
    stage.yard.put_record("a", "deployed");
    stage.yard.put_record("b", "pending-install");
    stage.yard.put_record("c", "pending-upgrade");
    attempt(360, &mut Told::default(), |at| stage.apply(at)).expect("applied");
    assert_eq!(stage.yard.runs(), ["b", "c"]);
    assert_eq!(stage.probe(), Ok(Standing::Done));
}

#[test]
fn a_stop_reaches_every_helm_and_none_starts_after_it() {
    let stage = stage(6, |_, _, stop| {
        until("the stop comes", stop);
        Err(CommandError::Stopped { program: PathBuf::from("helm") })
    });
    let stop = || stage.yard.counts().running >= CHARTS_AT_ONCE || stage.yard.counts().stopped > 0;
    let mut told = Told::default();
    let mut at = Attempt { limit: Duration::from_secs(360), progress: &mut told, stop: &stop };
    let fault = stage.apply(&mut at).expect_err("stopped");
    assert_words(&fault.message);
    assert_eq!(stage.yard.counts().stopped, CHARTS_AT_ONCE);
    assert_eq!(stage.yard.runs(), ["a", "b", "c", "d"]);
}

/// Progress that others can look at.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<Message>>>);

impl Seen {
    fn has(&self, words: &str) -> bool {
        let seen = self.0.lock().expect("lock");
        seen.iter().any(|message| message.render(Language::En) == words)
    }
}

impl Progress for Seen {
    fn waiting(&mut self, what: Message) {
        assert_words(&what);
        self.0.lock().expect("lock").push(what);
    }

    fn advance(&mut self, _done: u64, _total: u64) {}
}

#[test]
fn progress_counts_and_says_what_is_waited_for() {
    let seen = Seen::default();
    let look = seen.clone();
    let stage = stage(3, move |yard, name, stop| {
        if name == "c" {
            let metadata = json!({ "name": "c", "generation": 1, "annotations": { "meta.helm.sh/release-name": "c" } });
            let object = json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata,
                "spec": { "replicas": 2, "selector": { "matchLabels": { "app": "c" } } },
                "status": { "observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 1 } });
            yard.fake.put("/apis/apps/v1/namespaces/campus/deployments/c", object);
            // The process port asks several times a second; that is when it looks.
            until("told", || !stop() && look.has("2 of 3 parts ready; waiting for Deployment/c (1/2)"));
            yard.fake.delete("/apis/apps/v1/namespaces/campus/deployments/c");
        }
        yard.deploy(name)
    });
    let mut progress = seen.clone();
    let mut at = Attempt { limit: Duration::from_secs(360), progress: &mut progress, stop: &|| false };
    stage.apply(&mut at).expect("applied");
    let first = seen.0.lock().expect("lock")[0].clone();
    assert_eq!(first.render(Language::En), "0 of 3 parts ready; waiting for a, b, c");
    assert_eq!(first.render(Language::Fr), "0 partie prête sur 3\u{a0}; en attente de a, b, c");
}

#[test]
fn the_way_back_takes_those_that_are_there() {
    let stage = stage(6, |yard, name, _| {
        if name == "c" && yard.counts().stopped == 0 {
            yard.counts().stopped = 1;
            return complains("Error: c");
        }
        yard.fake.delete(&Yard::path(name));
        Ok(CommandOutput::default())
    });
    // A kill came while they were put in place.
    for (name, status) in [("a", "deployed"), ("c", "failed"), ("e", "pending-install"), ("f", "deployed")] {
        stage.yard.put_record(name, status);
    }
    let names = stage.names();
    let gone = || attempt(60, &mut Told::default(), |at| stage.helm.apply_charts_gone(&stage.bench.api, &names, at));
    assert!(is_missing(&Helm::probe_charts_gone(&stage.bench.api, &names)));
    let fault = gone().expect_err("one cannot be removed");
    assert_eq!(fault.message.args.get("chart"), Some(&Arg::from("c")));
    assert_eq!(stage.yard.runs(), ["a", "c", "e", "f"], "only those that are there");
    assert!(is_missing(&Helm::probe_charts_gone(&stage.bench.api, &names)));
    gone().expect("gone");
    assert_eq!(stage.yard.runs(), ["c"]);
    assert_eq!(Helm::probe_charts_gone(&stage.bench.api, &names), Ok(Standing::Done));
}
