//! Workloads: Deployment, `StatefulSet`, `DaemonSet`, Job.

use bridle_core::message::Message;
use serde_json::Value;

use super::{Verdict, condition, find_condition, number, text};

/// Pods of a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Wanted.
    pub wanted: u32,
    /// Ready.
    pub ready: u32,
}

/// How many pods a Deployment, `StatefulSet` or `DaemonSet` wants and has ready.
#[must_use]
pub fn count(object: &Value) -> Count {
    let small = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    if text(object, "/kind") == "DaemonSet" {
        return Count {
            wanted: small(number(object, "/status/desiredNumberScheduled")),
            ready: small(number(object, "/status/numberReady")),
        };
    }
    Count { wanted: small(replicas(object)), ready: small(number(object, "/status/readyReplicas")) }
}

pub(super) fn deployment(object: &Value) -> Verdict {
    let wanted = replicas(object);
    let status = |field: &str| number(object, &format!("/status/{field}"));
    let progress = find_condition(object, "Progressing").map_or("", |found| text(found, "/reason"));
    if progress == "ProgressDeadlineExceeded" {
        return Verdict::Failed(said("workload-stuck", status("readyReplicas"), wanted));
    }
    if status("updatedReplicas") < wanted {
        return waiting("workload-updating", status("updatedReplicas"), wanted);
    }
    if status("replicas") > status("updatedReplicas") {
        return waiting("workload-old-pods", status("replicas") - status("updatedReplicas"), wanted);
    }
    let ready = status("availableReplicas").min(status("readyReplicas"));
    if ready < wanted || condition(object, "Available") == Some("False") {
        return waiting("workload-starting", ready.min(wanted), wanted);
    }
    Verdict::Ready
}

pub(super) fn stateful_set(object: &Value) -> Verdict {
    let wanted = replicas(object);
    let status = |field: &str| number(object, &format!("/status/{field}"));
    if status("readyReplicas") < wanted {
        return waiting("workload-starting", status("readyReplicas"), wanted);
    }
    if status("replicas") > wanted {
        return waiting("workload-old-pods", status("replicas") - wanted, wanted);
    }
    if text(object, "/spec/updateStrategy/type") == "OnDelete" {
        return Verdict::Ready; // old pods stay until somebody deletes them: that is what was asked for
    }
    // Pods below the partition keep the old revision on purpose.
    let partition = number(object, "/spec/updateStrategy/rollingUpdate/partition");
    let renewed = wanted.saturating_sub(partition);
    let revisions = [text(object, "/status/currentRevision"), text(object, "/status/updateRevision")];
    if revisions[0] != revisions[1] && (partition == 0 || status("updatedReplicas") < renewed) {
        return waiting("workload-updating", status("updatedReplicas").min(renewed), renewed);
    }
    Verdict::Ready
}

pub(super) fn daemon_set(object: &Value) -> Verdict {
    let status = |field: &str| number(object, &format!("/status/{field}"));
    let wanted = status("desiredNumberScheduled");
    let on_delete = text(object, "/spec/updateStrategy/type") == "OnDelete";
    if !on_delete && status("updatedNumberScheduled") < wanted {
        return waiting("workload-updating", status("updatedNumberScheduled"), wanted);
    }
    let ready = status("numberAvailable").min(status("numberReady"));
    if ready < wanted || status("currentNumberScheduled") < wanted {
        return waiting("workload-starting", ready, wanted);
    }
    Verdict::Ready
}

pub(super) fn job(object: &Value) -> Verdict {
    if condition(object, "Failed") == Some("True") {
        return Verdict::Failed(Message::new("job-failed"));
    }
    if condition(object, "Complete") == Some("True") {
        return Verdict::Ready;
    }
    Verdict::Waiting(Message::new(match condition(object, "Suspended") {
        Some("True") => "job-suspended",
        _ => "job-running",
    }))
}

/// Kubernetes fills in one where nothing is said.
fn replicas(object: &Value) -> u64 {
    object.pointer("/spec/replicas").and_then(Value::as_u64).unwrap_or(1)
}

fn waiting(code: &'static str, done: u64, wanted: u64) -> Verdict {
    Verdict::Waiting(said(code, done, wanted))
}

fn said(code: &'static str, done: u64, wanted: u64) -> Message {
    Message::new(code).with("done", done).with("wanted", wanted)
}
