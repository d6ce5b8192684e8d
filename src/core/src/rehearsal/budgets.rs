//! Disruption budgets that can never be kept: with one, no pod may ever be moved, and a host can never be emptied.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Finding, ObjectName, group, selector, text};

/// A budget that never allows a disruption.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Impossible {
    /// The budget.
    pub budget: ObjectName,
    /// The workloads whose pods it holds.
    pub workloads: Vec<ObjectName>,
    /// Why.
    pub why: Why,
}

/// Why a budget never allows a disruption.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// At least so many must stay, and there are never more.
    AllMustStay {
        /// `minAvailable` in pods.
        least: u64,
        /// Pods that there are at most.
        pods: u64,
    },
    /// None may be missing (`maxUnavailable` is 0).
    NoneMayMiss,
    /// A second budget holds the same pods; Kubernetes then refuses every eviction.
    TwoBudgets,
}

/// The budgets among rendered (or live) objects that never allow a disruption of the workloads among them.
///
/// Objects with no namespace are in one namespace. Budgets over pods of no workload that is given are not judged: what they
/// hold comes from elsewhere.
#[must_use]
pub fn impossible(objects: &[Value]) -> Vec<Impossible> {
    let budgets = || objects.iter().filter(|object| is(object, "policy", "PodDisruptionBudget"));
    let mut found = Vec::new();
    for budget in budgets() {
        let held: Vec<&Value> = objects.iter().filter(|object| holds(budget, object)).collect();
        if held.is_empty() {
            continue;
        }
        let pods = held.iter().map(|workload| most_replicas(workload, objects)).sum();
        let shared = || {
            budgets().filter(|other| !std::ptr::eq(*other, budget)).any(|other| held.iter().any(|it| holds(other, it)))
        };
        let why = reason(budget, pods).or_else(|| shared().then_some(Why::TwoBudgets));
        if let Some(why) = why {
            let workloads = held.into_iter().map(ObjectName::of).collect();
            found.push(Impossible { budget: ObjectName::of(budget), workloads, why });
        }
    }
    found
}

impl Impossible {
    /// The same as a finding that blocks.
    #[must_use]
    pub fn finding(&self) -> Finding {
        let workloads: Vec<String> = self.workloads.iter().map(ToString::to_string).collect();
        let finding = match self.why {
            Why::AllMustStay { least, pods } => {
                Finding::blocks("rehearsal-budget-all").with("least", least).with("pods", pods)
            }
            Why::NoneMayMiss => Finding::blocks("rehearsal-budget-none"),
            Why::TwoBudgets => Finding::blocks("rehearsal-budget-two"),
        };
        finding.about(self.budget.clone()).with("workloads", workloads.join(", "))
    }
}

fn reason(budget: &Value, pods: u64) -> Option<Why> {
    if pods == 0 {
        return None;
    }
    if let Some(least) = budget.pointer("/spec/minAvailable").and_then(|value| amount(value, pods)) {
        return (least >= pods).then_some(Why::AllMustStay { least, pods });
    }
    let most = budget.pointer("/spec/maxUnavailable").and_then(|value| amount(value, pods))?;
    (most == 0).then_some(Why::NoneMayMiss)
}

/// Pods, as a number or a share rounded up (`GetScaledValueFromIntOrPercent`, as the disruption controller calls it).
fn amount(value: &Value, pods: u64) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => match text.strip_suffix('%') {
            Some(percent) => Some(percent.parse::<u64>().ok()?.saturating_mul(pods).div_ceil(100)),
            None => text.parse().ok(),
        },
        _ => None,
    }
}

/// Whether the budget holds the pods of a workload. Those of a `DaemonSet` are never moved.
fn holds(budget: &Value, workload: &Value) -> bool {
    let workloads = is(workload, "apps", "Deployment") || is(workload, "apps", "StatefulSet");
    let labels = workload.pointer("/spec/template/metadata/labels").unwrap_or(&Value::Null);
    workloads
        && text(budget, "/metadata/namespace") == text(workload, "/metadata/namespace")
        && selector::picks(budget.pointer("/spec/selector").unwrap_or(&Value::Null), labels)
}

/// Pods that a workload has at most: its own number, or what scales it may make of it.
fn most_replicas(workload: &Value, objects: &[Value]) -> u64 {
    let scaler = objects.iter().find(|object| {
        is(object, "autoscaling", "HorizontalPodAutoscaler")
            && text(object, "/metadata/namespace") == text(workload, "/metadata/namespace")
            && text(object, "/spec/scaleTargetRef/kind") == text(workload, "/kind")
            && text(object, "/spec/scaleTargetRef/name") == text(workload, "/metadata/name")
    });
    let most = scaler.and_then(|scaler| scaler.pointer("/spec/maxReplicas")?.as_u64());
    most.or_else(|| workload.pointer("/spec/replicas")?.as_u64()).unwrap_or(1)
}

fn is(object: &Value, in_group: &str, kind: &str) -> bool {
    group(object) == in_group && text(object, "/kind") == kind
}

#[cfg(test)]
mod tests;
