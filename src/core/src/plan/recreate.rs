//! The plan of a renewal: the applications are removed whatever state they are in, and made as a fresh installation makes them.

use serde::{Deserialize, Serialize};

use super::install::{self, Place};
use super::{OnFailure, OperationKind, Plan, PlanError};
use crate::digest::Digest;
use crate::message::Message;
use crate::release::{ReleaseManifest, Secret, Stage};
use crate::site::Site;
use crate::step::{ChartName, ChartStep, ClusterStep, HostStep, PlannedStep, Step, StepId, Undo};

/// Time that the removal of one group of charts gets, in seconds: pods may take their time to end.
const REMOVAL_LIMIT: u32 = 900;

/// What a renewal would do, as all faces show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecreateView {
    /// The release (`NAME-VERSION`).
    pub release: String,
    /// Name of the site.
    pub site: String,
    /// What the steps are, in order.
    pub steps: Vec<Message>,
    /// Digest of the plan: what is confirmed is what runs.
    pub plan: Digest,
    /// How long it took the last time, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub millis: Option<u64>,
    /// Objects that go, as `NAMESPACE/KIND/NAME`.
    pub going: Vec<String>,
    /// Claims of data that stay, as `NAMESPACE/NAME`.
    pub data: Vec<String>,
    /// Secrets of the site that stay, as `NAMESPACE/NAME`.
    pub secrets: Vec<String>,
    /// What somebody else made, and what stays.
    pub foreign: Vec<String>,
    /// Whether the lists could be made: Kubernetes answered.
    pub seen: bool,
}

/// The order to renew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecreateOrder {
    /// The plan that was looked at.
    pub plan: Digest,
}

/// Plans to renew the applications of `release`, which is installed at `site` on `place`.
///
/// - What goes: all that belongs to application charts, the last group first. Data, secrets of the site, namespaces and kinds
///   of objects stay, and what somebody else made.
/// - What comes: exactly the steps of a fresh installation behind a node that is ready, so the end is the same by
///   construction. Platform charts are among them: those that are whole count as done, damaged ones are mended.
///
/// # Errors
/// [`PlanError`] if the release makes an impossible plan.
pub fn plan(release: &ReleaseManifest, site: &Site, place: &Place) -> Result<Plan, PlanError> {
    let install = install::plan(release, site, place)?;
    let (early, late): (Vec<&PlannedStep>, Vec<&PlannedStep>) =
        install.steps().iter().filter(|planned| belongs(&planned.step)).partition(|planned| is_early(&planned.step));
    let mut steps: Vec<PlannedStep> = early.into_iter().map(again).collect();
    for planned in late.iter().rev() {
        let charts: Vec<ChartName> = charts(&planned.step).filter(|chart| is_application(release, chart)).collect();
        if !charts.is_empty() {
            steps.push(gone(planned, charts, release.secrets.clone()));
        }
    }
    steps.extend(late.into_iter().map(again));
    for (number, planned) in (1..).zip(&mut steps) {
        planned.id = StepId(number);
    }
    let plan = Plan {
        kind: OperationKind::Recreate,
        from: Some(release.id()),
        to: release.id(),
        // Half of it is worse than either end, and only going on leads to one.
        on_failure: OnFailure::AskOperator,
        commit: None,
        steps,
    };
    plan.doubt()?;
    Ok(plan)
}

/// The Helm releases that a plan removes, in its order.
#[must_use]
pub fn removed(plan: &Plan) -> Vec<ChartName> {
    let groups = plan.steps().iter().filter_map(|planned| match &planned.step {
        Step::Cluster(ClusterStep::LeftoversGone { charts, .. }) => Some(charts),
        _ => None,
    });
    groups.flatten().cloned().collect()
}

/// Whether a step of the installation is one of the renewal: Kubernetes itself is left alone.
fn belongs(step: &Step) -> bool {
    match step {
        Step::Host(step) => {
            matches!(step, HostStep::StoreComplete { .. } | HostStep::FrontDoorCertificate { .. })
        }
        Step::Cluster(_) => true,
        Step::Vault(_) => false,
    }
}

/// Whether a step comes before anything is removed: what is missing is found while everything is still there.
fn is_early(step: &Step) -> bool {
    matches!(step, Step::Host(_) | Step::Cluster(ClusterStep::NodeReady { .. }))
}

fn again(planned: &PlannedStep) -> PlannedStep {
    PlannedStep { undo: Undo::Nothing, ..planned.clone() }
}

fn gone(planned: &PlannedStep, charts: Vec<ChartName>, secrets: Vec<Secret>) -> PlannedStep {
    PlannedStep {
        step: Step::Cluster(ClusterStep::LeftoversGone { charts: charts.into_iter().rev().collect(), secrets }),
        undo: Undo::Impossible { why: Message::new("recreate-no-way-back") },
        limit_seconds: REMOVAL_LIMIT,
        weight: 2,
        ..planned.clone()
    }
}

fn charts(step: &Step) -> impl Iterator<Item = ChartName> {
    let charts: &[ChartStep] = match step {
        Step::Cluster(ClusterStep::Chart(chart)) => std::slice::from_ref(chart),
        Step::Cluster(ClusterStep::Charts(charts)) => charts,
        _ => &[],
    };
    charts.iter().map(|chart| ChartName { name: chart.name.clone(), namespace: chart.namespace.clone() })
}

fn is_application(release: &ReleaseManifest, name: &ChartName) -> bool {
    release
        .charts
        .iter()
        .any(|chart| chart.stage == Stage::Application && chart.name == name.name && chart.namespace == name.namespace)
}

#[cfg(test)]
mod tests;
