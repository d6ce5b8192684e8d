//! What becomes of a workload's pods when a chart is applied: are they replaced, and do new ones serve before old ones go?

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Finding, ObjectName, group, text};

/// What becomes of one workload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interruption {
    /// The workload.
    pub workload: ObjectName,
    /// What happens to it.
    pub effect: Effect,
}

/// What happens to the pods of a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Nothing: its pods stay.
    Untouched,
    /// It is new.
    Appears,
    /// It goes away, or goes down to no pod.
    Ends,
    /// Pods are replaced, and at least one serves at every moment.
    Overlaps,
    /// Pods are to be replaced, but on one host no new one can start before an old one has gone, and none may go: it never
    /// ends. The old ones go on serving.
    Stuck,
    /// Pods are replaced, and for a while none serves.
    Stops {
        /// Why.
        why: Cause,
    },
}

/// Why no pod serves for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// There is one pod, and it ends before the next one begins: `StatefulSet`, or a strategy that allows it.
    OnlyOne,
    /// The strategy is `Recreate`, or all may be missing at a time.
    AllAtOnce,
    /// One pod a host, ended before the next one begins there (`DaemonSet` without surge).
    EachHost,
    /// Old and new pods want the same port of the host.
    Exclusive,
}

/// What applying `new` over `old` does to the workload that they describe, both as rendered; `None` if neither is a
/// workload whose pods serve (jobs end by themselves).
///
/// One host is assumed: old and new pods stand beside each other on it.
#[must_use]
pub fn interruption(old: Option<&Value>, new: Option<&Value>) -> Option<Interruption> {
    let either = new.or(old)?;
    if group(either) != "apps" || !matches!(text(either, "/kind"), "Deployment" | "StatefulSet" | "DaemonSet") {
        return None;
    }
    let effect = match (old, new) {
        (None, Some(_)) => Effect::Appears,
        (Some(_), Some(new)) if replicas(new) == 0 => Effect::Ends,
        (Some(old), Some(new)) if replicas(old) > 0 => replaced(old, new),
        (Some(_), Some(_)) => Effect::Appears,
        (Some(_) | None, None) => Effect::Ends,
    };
    Some(Interruption { workload: ObjectName::of(either), effect })
}

/// What becomes of each workload among all rendered objects of two releases, those that are not touched left out.
#[must_use]
pub fn all(old: &[Value], new: &[Value]) -> Vec<Interruption> {
    let same = |a: &Value, b: &Value| group(a) == group(b) && ObjectName::of(a) == ObjectName::of(b);
    let gone = old.iter().filter(|old| !new.iter().any(|new| same(old, new)));
    let changed = new.iter().map(|new| interruption(old.iter().find(|old| same(old, new)), Some(new)));
    let mut found: Vec<Interruption> = changed.chain(gone.map(|old| interruption(Some(old), None))).flatten().collect();
    found.retain(|interruption| interruption.effect != Effect::Untouched);
    found.sort_by(|a, b| a.workload.cmp(&b.workload));
    found
}

impl Interruption {
    /// A finding that blocks, where the replacement would never end.
    #[must_use]
    pub fn finding(&self) -> Option<Finding> {
        matches!(self.effect, Effect::Stuck).then(|| Finding::blocks("rehearsal-stuck").about(self.workload.clone()))
    }

    /// Whether its users notice.
    #[must_use]
    pub const fn is_noticed(&self) -> bool {
        matches!(self.effect, Effect::Ends | Effect::Stops { .. })
    }
}

/// Both are there with pods.
fn replaced(old: &Value, new: &Value) -> Effect {
    let template = |object: &Value| object.pointer("/spec/template").cloned();
    if template(old) == template(new) {
        return Effect::Untouched;
    }
    let before = replicas(old);
    let stops = |why| Effect::Stops { why };
    match text(new, "/kind") {
        "Deployment" => deployment(new, before),
        "StatefulSet" => {
            let partition = new.pointer("/spec/updateStrategy/rollingUpdate/partition").and_then(Value::as_u64);
            if text(new, "/spec/updateStrategy/type") == "OnDelete" || partition.unwrap_or(0) >= replicas(new) {
                Effect::Untouched
            } else if before.min(replicas(new)) < 2 {
                stops(Cause::OnlyOne)
            } else {
                Effect::Overlaps
            }
        }
        // DaemonSet
        _ if text(new, "/spec/updateStrategy/type") == "OnDelete" => Effect::Untouched,
        _ => {
            let surge = new.pointer("/spec/updateStrategy/rollingUpdate/maxSurge");
            match surge.map_or(0, |surge| share(surge, 1, true)) {
                0 => stops(Cause::EachHost),
                _ if is_exclusive(new) => stops(Cause::Exclusive),
                _ => Effect::Overlaps,
            }
        }
    }
}

/// `before` pods run. The rules of the rolling update: `maxSurge` is rounded up, `maxUnavailable` down, and both cannot be 0.
fn deployment(new: &Value, before: u64) -> Effect {
    if text(new, "/spec/strategy/type") == "Recreate" {
        return Effect::Stops { why: Cause::AllAtOnce };
    }
    let pods = replicas(new);
    let limit = |field: &str, up: bool| match new.pointer(&format!("/spec/strategy/rollingUpdate/{field}")) {
        Some(value) if !value.is_null() => share(value, pods, up),
        _ => share(&Value::from("25%"), pods, up),
    };
    let surge = limit("maxSurge", true);
    let missing = match limit("maxUnavailable", false) {
        0 if surge == 0 => 1,
        missing => missing,
    };
    if is_exclusive(new) {
        // No new pod starts before an old one has gone.
        return if missing == 0 { Effect::Stuck } else { Effect::Stops { why: Cause::Exclusive } };
    }
    if missing < before.min(pods) {
        Effect::Overlaps
    } else {
        Effect::Stops { why: if pods == 1 { Cause::OnlyOne } else { Cause::AllAtOnce } }
    }
}

/// Whether two pods of the template cannot stand on one host.
fn is_exclusive(workload: &Value) -> bool {
    let Some(spec) = workload.pointer("/spec/template/spec") else { return false };
    let ports = spec.get("containers").and_then(Value::as_array).into_iter().flatten();
    let mut ports = ports.filter_map(|container| container.get("ports")?.as_array()).flatten();
    let network = spec.get("hostNetwork") == Some(&Value::Bool(true));
    ports.any(|port| port.get("hostPort").and_then(Value::as_u64).is_some_and(|port| port > 0) || network)
}

fn share(value: &Value, pods: u64, up: bool) -> u64 {
    match value {
        Value::Number(number) => number.as_u64().unwrap_or(0),
        Value::String(text) => {
            let percent = text.strip_suffix('%').and_then(|percent| percent.parse::<u64>().ok()).unwrap_or(0);
            let hundredths = percent.saturating_mul(pods);
            if up { hundredths.div_ceil(100) } else { hundredths / 100 }
        }
        _ => 0,
    }
}

/// Pods wanted; a `DaemonSet` has one a host.
fn replicas(workload: &Value) -> u64 {
    workload.pointer("/spec/replicas").and_then(Value::as_u64).unwrap_or(1)
}

#[cfg(test)]
mod tests;
