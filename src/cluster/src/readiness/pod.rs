//! Pods, and why one does not start.

use bridle_core::message::Message;
use serde_json::Value;

use super::{Verdict, condition, find_condition, text};

pub(super) fn judge(pod: &Value) -> Verdict {
    match pod_trouble(pod) {
        None => Verdict::Ready,
        Some((message, _)) if text(pod, "/status/phase") == "Failed" => Verdict::Failed(message),
        Some((message, _)) => Verdict::Waiting(message),
    }
}

/// Why a pod is neither ready nor done, if so, and Kubernetes' own word for it (`CrashLoopBackOff`).
///
/// The word is empty where the pod is only starting.
#[must_use]
pub fn pod_trouble(pod: &Value) -> Option<(Message, String)> {
    let phase = text(pod, "/status/phase");
    if phase == "Succeeded" || (phase == "Running" && condition(pod, "Ready") == Some("True")) {
        return None;
    }
    if pod.pointer("/metadata/deletionTimestamp").is_some() {
        return Some((Message::new("object-leaving"), String::new()));
    }
    if phase == "Failed" {
        let reason = text(pod, "/status/reason");
        let code = if reason == "Evicted" { "pod-evicted" } else { "pod-failed" };
        return Some((Message::new(code), if reason.is_empty() { "Failed".to_owned() } else { reason.to_owned() }));
    }
    let lists = ["/status/initContainerStatuses", "/status/containerStatuses"];
    let containers = lists.iter().filter_map(|list| pod.pointer(list)?.as_array()).flatten();
    if let Some(trouble) = containers.filter_map(container_trouble).next() {
        return Some(trouble);
    }
    if let Some(trouble) = unscheduled(pod) {
        return Some(trouble);
    }
    let code = if phase == "Running" { "pod-not-ready" } else { "pod-starting" };
    Some((Message::new(code), String::new()))
}

/// The pod among `pods` that says most about why their workload is not ready: one that is in trouble before one that starts.
#[must_use]
pub fn worst<'a>(pods: impl IntoIterator<Item = &'a Value>) -> Option<(&'a Value, Message, String)> {
    let mut starting = None;
    for pod in pods {
        match pod_trouble(pod) {
            Some((message, word)) if !word.is_empty() => return Some((pod, message, word)),
            Some((message, word)) if starting.is_none() => starting = Some((pod, message, word)),
            _ => {}
        }
    }
    starting
}

/// Whether `pod` is one of `workload`'s, by the labels that the workload selects (`matchLabels`).
#[must_use]
pub fn belongs_to(pod: &Value, workload: &Value) -> bool {
    let Some(wanted) = workload.pointer("/spec/selector/matchLabels").and_then(Value::as_object) else { return false };
    let labels = pod.pointer("/metadata/labels");
    !wanted.is_empty()
        && text(pod, "/metadata/namespace") == text(workload, "/metadata/namespace")
        && wanted.iter().all(|(key, value)| labels.and_then(|labels| labels.get(key)) == Some(value))
}

fn container_trouble(status: &Value) -> Option<(Message, String)> {
    let name = text(status, "/name");
    let reason = text(status, "/state/waiting/reason");
    let last = text(status, "/lastState/terminated/reason");
    let message = match reason {
        "ErrImagePull" | "ImagePullBackOff" | "InvalidImageName" | "ErrImageNeverPull" | "ImageInspectError" => {
            Message::new("pod-image").with("image", text(status, "/image"))
        }
        "CrashLoopBackOff" if last == "OOMKilled" => Message::new("pod-out-of-memory").with("container", name),
        "CrashLoopBackOff" => {
            let restarts = status.get("restartCount").and_then(Value::as_u64).unwrap_or_default();
            Message::new("pod-crashing").with("container", name).with("restarts", restarts)
        }
        "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError" => {
            Message::new("pod-configuration").with("container", name)
        }
        // An empty reason: it runs or has ended. The others are stages of every start.
        "" | "ContainerCreating" | "PodInitializing" => return None,
        _ => Message::new("pod-starting"),
    };
    Some((message, reason.to_owned()))
}

/// The scheduler says why in words only; these words have been the same for years, and an unknown one costs nothing but detail.
fn unscheduled(pod: &Value) -> Option<(Message, String)> {
    let scheduled = find_condition(pod, "PodScheduled")?;
    if text(scheduled, "/status") != "False" {
        return None;
    }
    let words = text(scheduled, "/message");
    let code = if words.contains("Insufficient memory") {
        "pod-no-memory"
    } else if words.contains("Insufficient cpu") {
        "pod-no-processor"
    } else if words.contains("PersistentVolumeClaim") || words.contains("volume") {
        "pod-no-volume"
    } else {
        "pod-no-place"
    };
    Some((Message::new(code), "Unschedulable".to_owned()))
}
