//! One look at the workloads of the release: what is not healthy, and what betrays a break that no look saw.

use std::collections::BTreeSet;

use bridle_core::message::Message;
use bridle_core::soak::{Pulse, Trouble};
use bridle_core::step::ChartName;
use serde_json::Value;

use crate::connect::{ApiError, ApiServer, segment};
use crate::observe::{stamp, view};
use crate::ownership::{owner, text};
use crate::readiness::{belongs_to, node_trouble};

const WORKLOADS: [(&str, &str); 3] = [
    ("Deployment", "/apis/apps/v1/deployments"),
    ("StatefulSet", "/apis/apps/v1/statefulsets"),
    ("DaemonSet", "/apis/apps/v1/daemonsets"),
];
const BUDGETS: &str = "/apis/policy/v1/poddisruptionbudgets";
/// Lines and bytes of a log that are captured.
const WORDS: &str = "tailLines=20&limitBytes=4096";

/// Looks, and remembers what was there.
pub(super) struct Eye<'a> {
    api: &'a ApiServer,
    charts: &'a [ChartName],
    /// Workloads that were there once.
    known: BTreeSet<String>,
    /// Workloads with their pods, as of the last look.
    seen: Vec<(String, Vec<Value>)>,
}

impl<'a> Eye<'a> {
    pub(super) fn new(api: &'a ApiServer, charts: &'a [ChartName]) -> Self {
        Self { api, charts, known: BTreeSet::new(), seen: Vec::new() }
    }

    /// One look. An API that does not answer is itself not healthy.
    pub(super) fn look(&mut self) -> (Vec<Trouble>, Vec<Pulse>) {
        match self.try_look() {
            Ok(seen) => seen,
            Err(error) => {
                let reason = Message::new("wait-api");
                let output = error.fault("").causes.join(": ");
                (vec![Trouble { subject: "Kubernetes".to_owned(), reason, lasting: false, output }], Vec::new())
            }
        }
    }

    fn try_look(&mut self) -> Result<(Vec<Trouble>, Vec<Pulse>), ApiError> {
        let nodes = self.api.glance_list("/api/v1/nodes", "")?;
        let mut troubles: Vec<Trouble> = nodes.iter().filter_map(node).collect();
        let mut workloads = Vec::new();
        for (kind, path) in WORKLOADS {
            let mut found = self.api.glance_list(path, "")?;
            found.retain(|object| owner(object, self.charts).is_some());
            found.iter_mut().for_each(|object| stamp(object, "apps/v1", kind));
            workloads.extend(found);
        }
        let pods = self.api.glance_list("/api/v1/pods", "")?;
        let budgets = self.api.glance_list(BUDGETS, "")?;
        self.seen.clear();
        let mut pulses = Vec::new();
        for object in &workloads {
            let subject = named(object);
            let own: Vec<Value> = pods.iter().filter(|pod| belongs_to(pod, object)).cloned().collect();
            let reason = view(object, &own).reason;
            troubles.extend(reason.map(|reason| Trouble::passing(&subject, reason)));
            pulses.extend(own.iter().flat_map(|pod| beats(&subject, pod)));
            self.seen.push((subject, own));
        }
        let there: BTreeSet<String> = self.seen.iter().map(|(subject, _)| subject.clone()).collect();
        let gone = self.known.difference(&there);
        troubles.extend(gone.map(|subject| Trouble::passing(subject, Message::new("soak-gone"))));
        self.known.extend(there);
        let own = budgets.iter().filter(|budget| owner(budget, self.charts).is_some());
        troubles.extend(own.filter_map(|budget| impossible(budget, &workloads)));
        Ok((troubles, pulses))
    }

    /// The last lines that a container of the workload wrote before it ended, or writes now.
    pub(super) fn last_words(&self, subject: &str) -> Option<String> {
        let (_, pods) = self.seen.iter().find(|(seen, _)| seen == subject)?;
        let ended = |status: &&Value| status.get("restartCount").and_then(Value::as_u64).is_some_and(|times| times > 0);
        let (pod, status) = pods
            .iter()
            .flat_map(|pod| statuses(pod).map(move |status| (pod, status)))
            .find(|(_, status)| ended(status))
            .or_else(|| {
                let unready = |status: &&Value| status.get("ready").and_then(Value::as_bool) == Some(false);
                pods.iter().flat_map(|pod| statuses(pod).map(move |status| (pod, status))).find(|(_, s)| unready(s))
            })?;
        let previous = if ended(&status) { "previous=true&" } else { "" };
        let (namespace, name) = (text(pod, "/metadata/namespace"), text(pod, "/metadata/name"));
        let path = format!(
            "/api/v1/namespaces/{}/pods/{}/log?container={}&{previous}{WORDS}",
            segment(namespace),
            segment(name),
            segment(text(status, "/name"))
        );
        // Without them the fault still says what and why.
        self.api.glance_text(&path).ok()
    }
}

fn node(node: &Value) -> Option<Trouble> {
    Some(Trouble::passing(text(node, "/metadata/name"), node_trouble(node)?))
}

/// `NAMESPACE/KIND/NAME`.
fn named(object: &Value) -> String {
    let [namespace, kind, name] = ["/metadata/namespace", "/kind", "/metadata/name"].map(|at| text(object, at));
    format!("{namespace}/{kind}/{name}")
}

fn statuses(pod: &Value) -> impl Iterator<Item = &Value> {
    let lists = ["/status/initContainerStatuses", "/status/containerStatuses"];
    lists.into_iter().filter_map(|list| pod.pointer(list)?.as_array()).flatten()
}

/// The containers of a pod; the pod's own readiness stands for that of all of them.
fn beats(subject: &str, pod: &Value) -> impl Iterator<Item = Pulse> {
    let mut conditions = pod.pointer("/status/conditions").and_then(Value::as_array).into_iter().flatten();
    let ready = conditions.find(|one| text(one, "/type") == "Ready" && text(one, "/status") == "True");
    let since = ready.map_or("", |one| text(one, "/lastTransitionTime")).to_owned();
    let leaving = pod.pointer("/metadata/deletionTimestamp").is_some();
    statuses(pod).filter(move |_| !leaving).map(move |status| Pulse {
        subject: subject.to_owned(),
        container: format!("{}/{}", text(pod, "/metadata/uid"), text(status, "/name")),
        restarts: status.get("restartCount").and_then(Value::as_u64).unwrap_or_default(),
        ready_since: since.clone(),
    })
}

/// A budget that all pods are well under and that still allows none of them to be moved: as long as it and the number of
/// pods are as they are, it never will (`desiredHealthy` is what the controller made of `minAvailable`/`maxUnavailable`).
fn impossible(budget: &Value, workloads: &[Value]) -> Option<Trouble> {
    let status = |field: &str| budget.pointer(&format!("/status/{field}")).and_then(Value::as_u64);
    let pods = status("expectedPods")?;
    let is_seen = status("observedGeneration") >= budget.pointer("/metadata/generation").and_then(Value::as_u64);
    let blocks = status("disruptionsAllowed")? == 0 && status("desiredHealthy")? >= pods;
    if !is_seen || pods == 0 || !blocks || status("currentHealthy")? < pods {
        return None;
    }
    let wanted = budget.pointer("/spec/selector/matchLabels");
    let namespace = text(budget, "/metadata/namespace");
    let guarded = workloads.iter().find(|object| {
        text(object, "/metadata/namespace") == namespace && object.pointer("/spec/selector/matchLabels") == wanted
    });
    let budget = format!("{namespace}/PodDisruptionBudget/{}", text(budget, "/metadata/name"));
    Some(Trouble {
        subject: guarded.map_or_else(|| budget.clone(), named),
        reason: Message::new("soak-budget").with("budget", budget).with("pods", pods),
        lasting: true,
        output: String::new(),
    })
}
