//! Whether an object of Kubernetes is as wanted, told from the object alone.
//!
//! The rules are those of kstatus (sigs.k8s.io/cli-utils), on which `helm --wait` stands too: an object counts only once its
//! controller has seen its last change. All functions are pure.

mod held_back;
mod node;
mod pod;
mod workload;

#[cfg(test)]
mod tests;

use bridle_core::message::Message;
use serde_json::Value;

pub use held_back::held_back;
pub use node::node_trouble;
pub use pod::{belongs_to, pod_trouble, worst};
pub use workload::{Count, count};

/// How an object stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// As wanted.
    Ready,
    /// On its way; says what is missing.
    Waiting(Message),
    /// Will not become ready without a change; says why.
    Failed(Message),
}

/// Judges any object of the API by its kind.
#[must_use]
pub fn judge(object: &Value) -> Verdict {
    if object.pointer("/metadata/deletionTimestamp").is_some() {
        return Verdict::Waiting(Message::new("object-leaving"));
    }
    if unseen(object) {
        return Verdict::Waiting(Message::new("object-unseen"));
    }
    match (group(object), text(object, "/kind")) {
        ("apps", "Deployment") => workload::deployment(object),
        ("apps", "StatefulSet") => workload::stateful_set(object),
        ("apps", "DaemonSet") => workload::daemon_set(object),
        ("batch", "Job") => workload::job(object),
        ("", "Pod") => pod::judge(object),
        ("", "PersistentVolumeClaim") => claim(object),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => definition(object),
        ("apiregistration.k8s.io", "APIService") => required(object, "Available"),
        _ => conditions(object),
    }
}

/// Whether the controller has not yet looked at the last change.
fn unseen(object: &Value) -> bool {
    let generation = number(object, "/metadata/generation");
    match object.pointer("/status/observedGeneration").and_then(Value::as_u64) {
        Some(observed) => observed < generation,
        // These controllers always write it, so its absence means that they have not come by.
        None => group(object) == "apps" && matches!(text(object, "/kind"), "Deployment" | "StatefulSet" | "DaemonSet"),
    }
}

fn claim(object: &Value) -> Verdict {
    match text(object, "/status/phase") {
        "Bound" => Verdict::Ready,
        "Lost" => Verdict::Failed(Message::new("volume-lost")),
        _ => Verdict::Waiting(Message::new("volume-pending")),
    }
}

fn definition(object: &Value) -> Verdict {
    match (condition(object, "NamesAccepted"), condition(object, "Established")) {
        (Some("False"), _) => Verdict::Failed(unmet("NamesAccepted")),
        (_, Some("True")) => Verdict::Ready,
        _ => Verdict::Waiting(unmet("Established")),
    }
}

fn required(object: &Value, kind: &'static str) -> Verdict {
    if condition(object, kind) == Some("True") { Verdict::Ready } else { Verdict::Waiting(unmet(kind)) }
}

/// Objects of any other kind: the conditions that controllers agreed upon, where there are any.
fn conditions(object: &Value) -> Verdict {
    if condition(object, "Stalled") == Some("True") {
        Verdict::Failed(unmet("Stalled"))
    } else if condition(object, "Reconciling") == Some("True") {
        Verdict::Waiting(unmet("Reconciling"))
    } else if matches!(condition(object, "Ready"), Some("False" | "Unknown")) {
        Verdict::Waiting(unmet("Ready"))
    } else {
        Verdict::Ready
    }
}

fn unmet(condition: &'static str) -> Message {
    Message::new("object-condition").with("condition", condition)
}

/// Group of the object's `apiVersion`; empty for the core group.
fn group(object: &Value) -> &str {
    text(object, "/apiVersion").split_once('/').map_or("", |(group, _)| group)
}

/// Status (`True`, `False`, `Unknown`) of a condition.
pub(crate) fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a str> {
    find_condition(object, kind)?.get("status")?.as_str()
}

fn find_condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    let all = object.pointer("/status/conditions")?.as_array()?;
    all.iter().find(|condition| condition.get("type").and_then(Value::as_str) == Some(kind))
}

fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn number(object: &Value, pointer: &str) -> u64 {
    object.pointer(pointer).and_then(Value::as_u64).unwrap_or_default()
}
