//! The plan of an uninstallation: the installation's journal backwards, then what no step of it made alone.

use super::applied::Applied;
use super::{OnFailure, OperationKind, Plan, PlanError};
use crate::message::Message;
use crate::release::{Secret, SecretContent};
use crate::removal::Data;
use crate::step::{ChartName, ChartStep, ClusterStep, HostStep, PlannedStep, Step, StepId, Target, Undo};

/// What the planner needs to know of the host.
#[derive(Debug, Clone, PartialEq)]
pub struct Installed {
    /// Name of the host and of its node.
    pub node: String,
    /// The release (`NAME-VERSION`), empty if none was ever begun.
    pub release: String,
    /// The last installation, however far it came.
    pub install: Option<Plan>,
    /// The changes since (upgrades, returns, configurations), oldest first, however far they came.
    pub since: Vec<Plan>,
    /// Whether the Kubernetes API answers.
    pub api: bool,
    /// Whether a cluster ever ran here, so that it holds secrets.
    pub datastore: bool,
    /// Whether there are data in volumes.
    pub volumes: bool,
}

/// Plans to take everything away, but for what `data` says.
///
/// - Data that stay need the passwords that they were made with: these are kept before anything else, and a cluster that
///   does not answer is started for it.
/// - The parts of the platform are stopped one by one, in good order, only where data stay and the cluster answers:
///   otherwise they end with Kubernetes, and everything that they are goes with it.
///
/// # Errors
/// [`PlanError`] if the installation's plan makes an impossible one.
pub fn plan(installed: &Installed, data: Data) -> Result<Plan, PlanError> {
    let mut draft = Draft { node: &installed.node, steps: Vec::new() };
    if data == Data::Keep {
        let up = draft.keep_secrets(installed) || installed.api;
        if up {
            draft.later_charts_gone(installed);
            draft.charts_gone(installed.install.as_ref());
        }
    }
    draft.host(HostStep::StopKubernetes, 300, 3);
    draft.host(HostStep::ClearNode, 300, 2);
    draft.host(HostStep::ForgetKubernetes, 60, 1);
    draft.host(HostStep::RemoveKubernetes, 1800, 10);
    if data == Data::Delete {
        draft.host(HostStep::RemoveVolumes, 3 * 3600, 10);
    }
    draft.host(HostStep::RemoveStore, 1800, 3);
    draft.host(HostStep::HandOverRemoval { data }, 300, 1);
    let release = installed.release.clone();
    let plan = Plan {
        kind: OperationKind::Uninstall,
        from: Some(release.clone()),
        to: release,
        on_failure: OnFailure::AskOperator,
        commit: None,
        steps: draft.steps,
    };
    plan.doubt()?;
    Ok(plan)
}

struct Draft<'a> {
    node: &'a str,
    steps: Vec<PlannedStep>,
}

impl Draft<'_> {
    /// Keeps the secrets of the site; gives whether the cluster was started for it.
    fn keep_secrets(&mut self, installed: &Installed) -> bool {
        let secrets = secrets(installed);
        if secrets.is_empty() || !installed.datastore || !installed.volumes {
            return false;
        }
        if !installed.api {
            // An installation that was taken back left data and cluster, but neither configuration nor unit.
            let now = installed
                .install
                .as_ref()
                .and_then(|install| Applied::after([install].into_iter().chain(&installed.since)));
            for step in installed.install.iter().flat_map(|plan| plan.steps()) {
                if let Step::Host(host @ (HostStep::ConfigureKubernetes(_) | HostStep::StartKubernetes { .. })) =
                    &step.step
                {
                    let host = as_of_now(host, now.as_ref());
                    self.push(step.on.clone(), Step::Host(host), step.limit_seconds, step.weight);
                }
            }
        }
        self.cluster(ClusterStep::KeepSecrets { secrets }, 120, 1);
        true
    }

    /// Parts that came after the installation, the last one first.
    fn later_charts_gone(&mut self, installed: &Installed) {
        let first: Vec<ChartName> = installed.install.iter().flat_map(charts).collect();
        let mut gone: Vec<ChartName> = Vec::new();
        for chart in installed.since.iter().flat_map(charts) {
            if !first.contains(&chart) && !gone.contains(&chart) {
                gone.insert(0, chart);
            }
        }
        if !gone.is_empty() {
            self.cluster(ClusterStep::ChartsGone { charts: gone }, 900, 2);
        }
    }

    fn charts_gone(&mut self, install: Option<&Plan>) {
        for step in install.into_iter().flat_map(|plan| plan.steps().iter().rev()) {
            if let Undo::By(Step::Cluster(gone @ (ClusterStep::ChartGone { .. } | ClusterStep::ChartsGone { .. }))) =
                &step.undo
            {
                self.cluster(gone.clone(), step.limit_seconds, 2);
            }
        }
    }

    fn host(&mut self, step: HostStep, limit_seconds: u32, weight: u32) {
        self.push(Target::Host(self.node.to_owned()), Step::Host(step), limit_seconds, weight);
    }

    fn cluster(&mut self, step: ClusterStep, limit_seconds: u32, weight: u32) {
        self.push(Target::Cluster, Step::Cluster(step), limit_seconds, weight);
    }

    fn push(&mut self, on: Target, step: Step, limit_seconds: u32, weight: u32) {
        let id = StepId(u16::try_from(self.steps.len() + 1).unwrap_or(u16::MAX));
        let undo = Undo::Impossible { why: Message::new("uninstall-no-way-back") };
        self.steps.push(PlannedStep { id, on, step, undo, limit_seconds, attempts: 3, weight });
    }
}

/// The secrets that data can depend on: certificates are issued anew by the site's own authority, which stays.
fn secrets(installed: &Installed) -> Vec<Secret> {
    let steps = installed.install.iter().chain(&installed.since).flat_map(Plan::steps);
    let all = steps.filter_map(|step| match &step.step {
        Step::Cluster(ClusterStep::SiteSecrets { secrets, .. }) => Some(secrets),
        _ => None,
    });
    let mut found: Vec<Secret> = Vec::new();
    for secret in all.flatten().filter(|secret| matches!(secret.content, SecretContent::Random { .. })) {
        if !found.iter().any(|known| known.name == secret.name && known.namespace == secret.namespace) {
            found.push(secret.clone());
        }
    }
    found
}

/// The parts that a plan puts in place, in its order.
fn charts(plan: &Plan) -> Vec<ChartName> {
    let name = |chart: &ChartStep| ChartName { name: chart.name.clone(), namespace: chart.namespace.clone() };
    let of = |step: &PlannedStep| match &step.step {
        Step::Cluster(ClusterStep::Chart(chart)) => vec![name(chart)],
        Step::Cluster(ClusterStep::Charts(charts)) => charts.iter().map(name).collect(),
        _ => Vec::new(),
    };
    plan.steps().iter().flat_map(of).collect()
}

/// Kubernetes as the last change left it: an earlier version would not start on its data.
fn as_of_now(step: &HostStep, now: Option<&Applied>) -> HostStep {
    match (step, now) {
        (HostStep::ConfigureKubernetes(_), Some(Applied { settings: Some(settings), .. })) => {
            HostStep::ConfigureKubernetes(Box::new(settings.clone()))
        }
        (HostStep::StartKubernetes { .. }, Some(now)) => HostStep::StartKubernetes { version: now.kubernetes.clone() },
        (step, _) => step.clone(),
    }
}

#[cfg(test)]
mod tests;
