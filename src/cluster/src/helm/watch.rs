//! What becomes of a chart's workloads while helm waits for them: some will never be ready, and need not be waited for.
//!
//! What the looks mean is decided by [`bridle_core::readiness`].

use std::collections::BTreeMap;
use std::time::Duration;

use bridle_core::fault::{Fault, FaultCode};
use bridle_core::readiness::{Container, Hopeless, Judge, Look, Stands, State, Workload, last_words};
use bridle_core::step::ChartStep;
use serde_json::Value;

use super::manifest::RELEASE_NAME;
use super::record;
use crate::connect::{ApiError, ApiServer, segment};
use crate::observe::stamp;
use crate::readiness::{Verdict, belongs_to, judge};

/// Time between two looks; several lists each.
const EVERY: Duration = Duration::from_secs(5);
/// Lines and bytes of a log that are asked for; the end of them is kept.
const WORDS: &str = "tailLines=20&limitBytes=65536";
const LISTS: [(&str, &str, &str); 4] = [
    ("apps/v1", "Deployment", "/apis/apps/v1/deployments"),
    ("apps/v1", "StatefulSet", "/apis/apps/v1/statefulsets"),
    ("apps/v1", "DaemonSet", "/apis/apps/v1/daemonsets"),
    ("batch/v1", "Job", "/apis/batch/v1/jobs"),
];

/// Watches over one attempt at a chart.
pub(super) struct Watch<'a> {
    api: &'a ApiServer,
    chart: &'a ChartStep,
    before: Before,
    judge: Judge,
    next: Duration,
    found: Option<Hopeless>,
}

/// How things stood before helm ran: pods of an earlier change say nothing about this one.
struct Before {
    /// Uid and generation of each workload; `None` if it could not be told.
    workloads: Option<BTreeMap<String, (String, u64)>>,
    /// Revision and objects of the newest record.
    record: Option<(u64, String)>,
    /// Whether everything stands as this change wants it, though nothing of it had to be altered.
    applied: bool,
}

impl<'a> Watch<'a> {
    /// Looks how things stand before helm runs.
    pub(super) fn begin(api: &'a ApiServer, chart: &'a ChartStep) -> Self {
        let workloads = workloads(api).ok().map(|all| all.iter().map(|one| (named(one), edition(one))).collect());
        let before = Before { workloads, record: newest(api, chart), applied: false };
        Self { api, chart, before, judge: Judge::default(), next: Duration::ZERO, found: None }
    }

    /// Helm is content: whatever is there is what the chart wants.
    pub(super) fn applied(&mut self) {
        self.before.applied = true;
    }

    /// Looks, unless it did a moment ago, and says whether there is something that there is no hope for. A cluster that does
    /// not answer gives no verdict.
    pub(super) fn is_hopeless(&mut self, now: Duration) -> bool {
        if self.found.is_none() && now >= self.next {
            if let Ok(workloads) = self.look() {
                self.found = self.judge.take(&Look { at: now, workloads });
            }
            self.next = now + EVERY;
        }
        self.found.is_some()
    }

    /// The fault, if there is no hope: which workload, why, and the last words of its program.
    pub(super) fn fault(&self) -> Option<Fault> {
        let found = self.found.as_ref()?;
        let namespace = format!("{}/", self.chart.namespace);
        let workload = found.workload.strip_prefix(&namespace).unwrap_or(&found.workload);
        let words = found.speaker.as_ref().and_then(|(pod, container)| self.last_words(pod, container));
        let fault = Fault::new(FaultCode::WorkloadNotReady)
            .with("chart", self.chart.name.as_str())
            .with("workload", workload)
            .detail(found.reason.clone());
        Some(fault.output(&last_words(&found.words)).output(&words.unwrap_or_default()))
    }

    fn look(&mut self) -> Result<Vec<Workload>, ApiError> {
        if let Some((old, same)) = &self.before.record
            && let Some((revision, objects)) = newest(self.api, self.chart)
            && revision > *old
        {
            // The same objects as before: helm has nothing to alter, so the pods that are there are the ones that are wanted.
            self.before.applied |= objects == *same;
            self.before.record = None; // asked once
        }
        let all = workloads(self.api)?;
        let pods = self.api.glance_list("/api/v1/pods", "")?;
        let place = format!("/apis/apps/v1/namespaces/{}/replicasets", segment(&self.chart.namespace));
        let sets = self.api.glance_list(&place, "")?;
        Ok(all.iter().map(|object| self.workload(object, &pods, &sets)).collect())
    }

    fn workload(&self, object: &Value, pods: &[Value], sets: &[Value]) -> Workload {
        let verdict = judge(object);
        let awaited = self.is_awaited(object);
        let own: Vec<&Value> = pods.iter().filter(|pod| belongs_to(pod, object) && !leaves(pod)).collect();
        let own = if awaited { newest_of(object, own, sets) } else { own };
        let stands = match verdict {
            Verdict::Ready => Stands::Ready,
            Verdict::Waiting(reason) if reason.code == "job-suspended" => Stands::Ready, // nobody waits for it
            Verdict::Waiting(_) => Stands::Coming,
            Verdict::Failed(reason) => Stands::Failed(reason),
        };
        // A Job starts its pods anew by its own count, and says itself when it gives up.
        let talks = text(object, "/kind") != "Job";
        let containers = own.into_iter().filter(|_| talks).flat_map(containers).collect();
        Workload { name: named(object), awaited, stands, containers }
    }

    /// Whether the object is of this chart, its controller has seen it, and it is as this attempt wants it.
    fn is_awaited(&self, object: &Value) -> bool {
        let own = release(object) == Some(self.chart.name.as_str())
            && text(object, "/metadata/namespace") == self.chart.namespace;
        let seen = number(object, "/status/observedGeneration") >= number(object, "/metadata/generation")
            || text(object, "/kind") == "Job";
        let altered =
            self.before.workloads.as_ref().is_some_and(|before| before.get(&named(object)) != Some(&edition(object)));
        own && seen && (self.before.applied || altered)
    }

    fn last_words(&self, pod: &str, container: &str) -> Option<String> {
        let (namespace, pod, container) = (segment(&self.chart.namespace), segment(pod), segment(container));
        let path = format!("/api/v1/namespaces/{namespace}/pods/{pod}/log?container={container}&{WORDS}");
        // Of the run that ended; a container that waits for its next start has no other. Without any the fault still says why.
        let said = self.api.glance_text(&format!("{path}&previous=true")).or_else(|_| self.api.glance_text(&path));
        Some(last_words(&said.ok()?))
    }
}

/// Revision and objects of helm's newest record.
fn newest(api: &ApiServer, chart: &ChartStep) -> Option<(u64, String)> {
    let record = record::glance(api, &chart.name, &chart.namespace)?;
    Some((record.revision(), record.release(&chart.name).ok()?.manifest))
}

/// The workloads of all charts.
fn workloads(api: &ApiServer) -> Result<Vec<Value>, ApiError> {
    let mut all = Vec::new();
    for (version, kind, path) in LISTS {
        for mut object in api.glance_list(path, "")? {
            if release(&object).is_some() {
                stamp(&mut object, version, kind);
                all.push(object);
            }
        }
    }
    Ok(all)
}

/// The pods of the newest generation of a workload among its own.
fn newest_of<'a>(object: &Value, pods: Vec<&'a Value>, sets: &[Value]) -> Vec<&'a Value> {
    let hash = |pod: &Value| label(pod, "controller-revision-hash").to_owned();
    let (key, wanted) = match text(object, "/kind") {
        "Deployment" => {
            let uid = text(object, "/metadata/uid");
            let owned = sets.iter().filter(|set| {
                let owners = set.pointer("/metadata/ownerReferences").and_then(Value::as_array);
                owners.into_iter().flatten().any(|owner| text(owner, "/uid") == uid)
            });
            let newest = owned.max_by_key(|set| {
                let revision = set.pointer("/metadata/annotations/deployment.kubernetes.io~1revision");
                revision.and_then(Value::as_str).and_then(|text| text.parse::<u64>().ok()).unwrap_or_default()
            });
            ("pod-template-hash", newest.map(|set| label(set, "pod-template-hash").to_owned()))
        }
        "StatefulSet" => ("controller-revision-hash", Some(text(object, "/status/updateRevision").to_owned())),
        // Its object does not name the newest one; the youngest pod is of it.
        "DaemonSet" => {
            let youngest = pods.iter().max_by_key(|pod| text(pod, "/metadata/creationTimestamp"));
            ("controller-revision-hash", youngest.map(|pod| hash(pod)))
        }
        _ => return pods,
    };
    let Some(wanted) = wanted.filter(|wanted| !wanted.is_empty()) else { return Vec::new() };
    pods.into_iter().filter(|pod| label(pod, key) == wanted).collect()
}

fn containers(pod: &Value) -> impl Iterator<Item = Container> {
    let mut conditions = pod.pointer("/status/conditions").and_then(Value::as_array).into_iter().flatten();
    let ready = conditions.find(|one| text(one, "/type") == "Ready");
    let since = ready.map_or("", |one| text(one, "/lastTransitionTime")).to_owned();
    let lists = ["/status/initContainerStatuses", "/status/containerStatuses"];
    let statuses = lists.into_iter().filter_map(|list| pod.pointer(list)?.as_array()).flatten();
    statuses.map(move |status| Container {
        id: format!("{}/{}", text(pod, "/metadata/uid"), text(status, "/name")),
        pod: text(pod, "/metadata/name").to_owned(),
        name: text(status, "/name").to_owned(),
        image: text(status, "/image").to_owned(),
        restarts: number(status, "/restartCount"),
        ready: status.get("ready").and_then(Value::as_bool) == Some(true),
        ready_since: since.clone(),
        state: state(status),
        last_end: text(status, "/lastState/terminated/reason").to_owned(),
    })
}

fn state(status: &Value) -> State {
    if let Some(ended) = status.pointer("/state/terminated") {
        return State::Ended { well: number(ended, "/exitCode") == 0 };
    }
    if status.pointer("/state/running").is_some() {
        return State::Running;
    }
    State::Waiting {
        reason: text(status, "/state/waiting/reason").to_owned(),
        words: text(status, "/state/waiting/message").to_owned(),
    }
}

/// `NAMESPACE/KIND/NAME`.
fn named(object: &Value) -> String {
    let [namespace, kind, name] = ["/metadata/namespace", "/kind", "/metadata/name"].map(|at| text(object, at));
    format!("{namespace}/{kind}/{name}")
}

/// What changes whenever somebody alters what the object wants.
fn edition(object: &Value) -> (String, u64) {
    (text(object, "/metadata/uid").to_owned(), number(object, "/metadata/generation"))
}

fn release(object: &Value) -> Option<&str> {
    object.pointer("/metadata/annotations")?.get(RELEASE_NAME)?.as_str()
}

fn leaves(object: &Value) -> bool {
    object.pointer("/metadata/deletionTimestamp").is_some()
}

fn label<'a>(object: &'a Value, name: &str) -> &'a str {
    object.pointer("/metadata/labels").and_then(|labels| labels.get(name)?.as_str()).unwrap_or_default()
}

fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn number(object: &Value, pointer: &str) -> u64 {
    object.pointer(pointer).and_then(Value::as_u64).unwrap_or_default()
}

#[cfg(test)]
mod tests;
