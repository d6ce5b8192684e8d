//! The objects of a release: are they all there and ready, and which one is being waited for.

use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::step::ChartStep;
use serde_json::Value;

use crate::connect::{ApiError, ApiServer, segment};
use crate::kinds::Kinds;
use crate::observe::stamp;
use crate::readiness::{Verdict, belongs_to, count, judge, worst};
use crate::yaml;

/// What a chart is waiting for.
pub(super) struct Waiting {
    /// `Deployment/name`.
    pub(super) workload: String,
    /// For the progress line: workload, pods ready, pods wanted.
    pub(super) message: Message,
    /// Why.
    pub(super) reason: Message,
}

/// Annotation that helm puts on every object of a release.
pub(super) const RELEASE_NAME: &str = "meta.helm.sh/release-name";
const WORKLOADS: [(&str, &str); 3] =
    [("Deployment", "deployments"), ("StatefulSet", "statefulsets"), ("DaemonSet", "daemonsets")];

/// The first object of the manifest that is absent or not ready, in words.
///
/// # Errors
/// `KubernetesRefused`, or `ChartFailed` for a manifest that is not YAML.
pub(super) fn first_not_ready(api: &ApiServer, chart: &ChartStep, manifest: &str) -> Result<Option<Message>, Fault> {
    let objects = yaml::documents(manifest)
        .map_err(|error| Fault::new(FaultCode::ChartFailed).with("chart", chart.name.as_str()).because(&error))?;
    let mut kinds = Kinds::new(api);
    for object in objects.iter().flat_map(members) {
        let (kind, name) = (text(object, "/kind"), text(object, "/metadata/name"));
        let about = |message: Message| message.with("kind", kind).with("name", name).with("chart", chart.name.as_str());
        let found = match kinds.path(object, &chart.namespace)? {
            Some(path) => api.get(&path).map_err(|error| error.fault(&format!("{kind} {name}")))?,
            None => None,
        };
        match found.map(|found| judge(&found)) {
            Some(Verdict::Ready) => {}
            // A Job that removes itself when done.
            None if kind == "Job" && object.pointer("/spec/ttlSecondsAfterFinished").is_some() => {}
            None => return Ok(Some(about(Message::new("object-missing")))),
            Some(Verdict::Waiting(_) | Verdict::Failed(_)) => {
                let waiting = waiting_for(api, chart).map(|waiting| waiting.message);
                return Ok(Some(waiting.unwrap_or_else(|| about(Message::new("object-not-ready")))));
            }
        }
    }
    Ok(None)
}

/// The first workload of the release that is not ready. A glance: `None` also where the API does not answer at once.
pub(super) fn waiting_for(api: &ApiServer, chart: &ChartStep) -> Option<Waiting> {
    let found = workloads(&chart.name, &chart.namespace, |path| api.glance_list(path, "")).ok()?;
    let (object, reason) = found.into_iter().find_map(|object| match judge(&object) {
        Verdict::Ready => None,
        Verdict::Waiting(reason) | Verdict::Failed(reason) => Some((object, reason)),
    })?;
    let pods = api.glance_list(&format!("/api/v1/namespaces/{}/pods", segment(&chart.namespace)), "");
    Some(describe(&object, &pods.unwrap_or_default(), reason))
}

/// The first workload of a release that is still there, as `Deployment/name`.
///
/// # Errors
/// `KubernetesRefused` if the API does not answer.
pub(super) fn remains(api: &ApiServer, release: &str, namespace: &str) -> Result<Option<String>, Fault> {
    let found = workloads(release, namespace, |path| api.list(path, ""))
        .map_err(|error| error.fault(&format!("workloads of {namespace}")))?;
    Ok(found.first().map(named))
}

/// The `StatefulSet`s of a chart. A glance: without patience.
pub(super) fn sets(api: &ApiServer, chart: &ChartStep) -> Result<Vec<Value>, ApiError> {
    let mut found = workloads(&chart.name, &chart.namespace, |path| {
        if path.ends_with("/statefulsets") { api.glance_list(path, "") } else { Ok(Vec::new()) }
    })?;
    found.retain(|object| text(object, "/kind") == "StatefulSet");
    Ok(found)
}

/// The workloads of a release in its own namespace.
fn workloads(
    release: &str,
    namespace: &str,
    list: impl Fn(&str) -> Result<Vec<Value>, ApiError>,
) -> Result<Vec<Value>, ApiError> {
    let mut all = Vec::new();
    for (kind, plural) in WORKLOADS {
        for mut object in list(&format!("/apis/apps/v1/namespaces/{}/{plural}", segment(namespace)))? {
            let annotations = object.pointer("/metadata/annotations");
            if annotations.and_then(|all| all.get(RELEASE_NAME)?.as_str()) == Some(release) {
                stamp(&mut object, "apps/v1", kind);
                all.push(object);
            }
        }
    }
    Ok(all)
}

fn named(object: &Value) -> String {
    format!("{}/{}", text(object, "/kind"), text(object, "/metadata/name"))
}

fn describe(object: &Value, pods: &[Value], own: Message) -> Waiting {
    let workload = named(object);
    let pod = worst(pods.iter().filter(|pod| belongs_to(pod, object))).filter(|(_, _, word)| !word.is_empty());
    match pod {
        Some((pod, reason, word)) => Waiting {
            message: Message::new("wait-chart-pod")
                .with("workload", workload.as_str())
                .with("pod", text(pod, "/metadata/name"))
                .with("reason", word),
            workload,
            reason,
        },
        None => {
            let count = count(object);
            Waiting {
                message: Message::new("wait-chart-workload")
                    .with("workload", workload.as_str())
                    .with("done", count.ready)
                    .with("wanted", count.wanted),
                workload,
                reason: own,
            }
        }
    }
}

/// A `List` stands for its items.
pub(crate) fn members(object: &Value) -> Vec<&Value> {
    match object.get("items").and_then(Value::as_array) {
        Some(items) if text(object, "/kind").ends_with("List") => items.iter().collect(),
        _ => vec![object],
    }
}

fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
