//! The plan of the first installation.

use super::ranges::Ranges;
use super::values::Surroundings;
use super::{OnFailure, OperationKind, Plan, PlanError};
use crate::release::{Chart, ReleaseManifest};
use crate::site::Site;
use crate::step::{
    CHARTS_AT_ONCE, ChartName, ChartStep, ClusterStep, HostStep, KubernetesSettings, PlannedStep, Step, StepId, Target,
    Undo,
};

/// Port of the agent's registry on loopback (`docs/decisions/0003-registry-port.md`).
pub const REGISTRY_PORT: u16 = 5070;

/// What the planner needs to know of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Name of the host and of its node.
    pub node: String,
    /// Address of the node and of the front door.
    pub address: String,
}

/// Plans the installation of `release` at `site` on `place`.
///
/// # Errors
/// [`PlanError`] if the release makes an impossible plan (too many charts).
pub fn plan(release: &ReleaseManifest, site: &Site, place: &Place) -> Result<Plan, PlanError> {
    let mut draft = Draft { node: place.node.clone(), steps: Vec::new() };
    draft.host(HostStep::StoreComplete { release: release.id() }, Undo::Nothing, 300, 2);
    draft.host(HostStep::FrontDoorCertificate { host: site.host.clone() }, Undo::Nothing, 30, 1);
    draft.host(
        HostStep::ConfigureKubernetes(Box::new(settings(release, place, site))),
        Undo::By(Step::Host(HostStep::ForgetKubernetes)),
        60,
        1,
    );
    draft.host(
        HostStep::StartKubernetes { version: release.kubernetes.version.to_string() },
        Undo::By(Step::Host(HostStep::StopKubernetes)),
        600,
        20,
    );
    draft.cluster(ClusterStep::NodeReady { node: place.node.clone() }, Undo::Nothing, 300, 5);
    if !release.namespaces.is_empty() {
        draft.cluster(ClusterStep::Namespaces { namespaces: release.namespaces.clone() }, Undo::Nothing, 60, 1);
    }
    if !release.secrets.is_empty() {
        let step = ClusterStep::SiteSecrets { secrets: release.secrets.clone(), host: site.host.clone() };
        draft.cluster(step, Undo::Nothing, 60, 1);
    }
    for group in in_order(release).chunk_by(|one, next| (one.stage, one.order) == (next.stage, next.order)) {
        draft.custom_resources(group);
        draft.charts(group.iter().map(|chart| chart_step(chart, release, site, place)).collect());
    }
    if !release.probes.is_empty() {
        let step = ClusterStep::Probes {
            probes: release.probes.clone(),
            host: site.host.clone(),
            address: place.address.clone(),
        };
        draft.cluster(step, Undo::Nothing, 300, 5);
    }
    let plan = Plan {
        kind: OperationKind::Install,
        from: None,
        to: release.id(),
        // A first installation stops where it failed: what is there shows why, and nothing else depends on it yet.
        on_failure: OnFailure::AskOperator,
        commit: None,
        steps: draft.steps,
    };
    plan.doubt()?;
    Ok(plan)
}

fn in_order(release: &ReleaseManifest) -> Vec<&Chart> {
    let mut charts: Vec<&Chart> = release.charts.iter().collect();
    charts.sort_by_key(|chart| (chart.stage, chart.order));
    charts
}

fn chart_step(chart: &Chart, release: &ReleaseManifest, site: &Site, place: &Place) -> ChartStep {
    let ranges = Ranges::of(release, site);
    let surroundings = Surroundings { global: &release.global, site, ranges, address: &place.address };
    ChartStep {
        name: chart.name.clone(),
        version: chart.version.clone(),
        namespace: chart.namespace.clone(),
        package: chart.package.digest,
        values: surroundings.values(&chart.name, &chart.values),
        timeout_seconds: chart.timeout_seconds,
    }
}

/// One chart is a step of its own, several are one together; each with its way back.
fn there_and_back(group: Vec<ChartStep>) -> (ClusterStep, ClusterStep) {
    let name = |chart: &ChartStep| ChartName { name: chart.name.clone(), namespace: chart.namespace.clone() };
    match <[ChartStep; 1]>::try_from(group) {
        Ok([chart]) => {
            let ChartName { name, namespace } = name(&chart);
            (ClusterStep::Chart(Box::new(chart)), ClusterStep::ChartGone { name, namespace })
        }
        Err(group) => {
            let charts = group.iter().rev().map(name).collect();
            (ClusterStep::Charts(group), ClusterStep::ChartsGone { charts })
        }
    }
}

fn settings(release: &ReleaseManifest, place: &Place, site: &Site) -> KubernetesSettings {
    let ranges = Ranges::of(release, site);
    KubernetesSettings {
        node: place.node.clone(),
        address: place.address.clone(),
        tls_san: vec![site.host.clone()],
        cluster_dns: ranges.name_service(),
        cluster_cidr: ranges.pods,
        service_cidr: ranges.services,
        pause: release.kubernetes.pause.clone(),
        release: release.id(),
        registry_port: REGISTRY_PORT,
        emulated: None,
    }
}

struct Draft {
    node: String,
    steps: Vec<PlannedStep>,
}

impl Draft {
    fn host(&mut self, step: HostStep, undo: Undo, limit_seconds: u32, weight: u32) {
        let on = Target::Host(self.node.clone());
        self.push(on, Step::Host(step), undo, limit_seconds, weight);
    }

    fn cluster(&mut self, step: ClusterStep, undo: Undo, limit_seconds: u32, weight: u32) {
        self.push(Target::Cluster, Step::Cluster(step), undo, limit_seconds, weight);
    }

    fn custom_resources(&mut self, group: &[&Chart]) {
        for chart in group.iter().filter(|chart| chart.has_crds) {
            let step = ClusterStep::CustomResources { chart: chart.name.clone(), package: chart.package.digest };
            self.cluster(step, Undo::Nothing, 120, 1);
        }
    }

    /// Charts of one order, in one step.
    fn charts(&mut self, group: Vec<ChartStep>) {
        // Whoever takes one of a queue at a time is done after so many turns of the slowest one.
        let turns = u32::try_from(group.len().div_ceil(CHARTS_AT_ONCE)).unwrap_or(u32::MAX);
        let slowest = group.iter().map(ChartStep::limit_seconds).max().unwrap_or_default();
        let limit = slowest.saturating_mul(turns).min(6 * 3600);
        // They share the processors: each further one makes the step a little longer.
        let weight = 8_u32.saturating_add(2 * u32::try_from(group.len()).unwrap_or(u32::MAX / 2));
        let (step, gone) = there_and_back(group);
        self.cluster(step, Undo::By(Step::Cluster(gone)), limit, weight);
    }

    fn push(&mut self, on: Target, step: Step, undo: Undo, limit_seconds: u32, weight: u32) {
        let number = u16::try_from(self.steps.len() + 1).unwrap_or(u16::MAX);
        self.steps.push(PlannedStep { id: StepId(number), on, step, undo, limit_seconds, attempts: 3, weight });
    }
}

#[cfg(test)]
mod tests;
