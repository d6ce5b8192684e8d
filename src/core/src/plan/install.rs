//! The plan of the first installation.

use super::draft::{Draft, services_of};
use super::ranges::Ranges;
use super::upgrade::minor;
use super::values::Surroundings;
use super::{OnFailure, OperationKind, Plan, PlanError};
use crate::release::{Chart, ReleaseManifest};
use crate::site::Site;
use crate::step::{ChartStep, ClusterStep, HostStep, KubernetesSettings, SiteServices, Step, Undo};

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
    assembled(release, site, place, &|_| {}, 0)
}

/// The same with `load`, which brings data in place before Kubernetes is there; workloads are waited for `patience` seconds at least.
pub(super) fn assembled(
    release: &ReleaseManifest,
    site: &Site,
    place: &Place,
    load: &dyn Fn(&mut Draft),
    patience: u32,
) -> Result<Plan, PlanError> {
    let mut draft = Draft::new(&place.node);
    draft.host(HostStep::StoreComplete { release: release.id() }, Undo::Nothing, 300, 2);
    draft.host(HostStep::FrontDoorCertificate { host: site.host.clone() }, Undo::Nothing, 30, 1);
    load(&mut draft);
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
    draft.cluster(ClusterStep::NodeReady { node: place.node.clone(), version: None }, Undo::Nothing, 300, 5);
    if !release.namespaces.is_empty() {
        draft.cluster(ClusterStep::Namespaces { namespaces: release.namespaces.clone() }, Undo::Nothing, 60, 1);
    }
    if !release.secrets.is_empty() {
        let step = ClusterStep::SiteSecrets { secrets: release.secrets.clone(), host: site.host.clone() };
        draft.cluster(step, Undo::Nothing, 60, 1);
    }
    let services = services_of(release, site);
    if !services.secrets.is_empty() {
        draft.site_services(services, &SiteServices::default());
    }
    for group in in_order(release).chunk_by(|one, next| (one.stage, one.order) == (next.stage, next.order)) {
        draft.custom_resources(group.iter().copied());
        let patient = |chart: ChartStep| ChartStep { timeout_seconds: chart.timeout_seconds.max(patience), ..chart };
        draft.charts(group.iter().map(|chart| patient(chart_step(chart, release, site, place))).collect());
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
        steps: draft.finish(),
    };
    plan.doubt()?;
    Ok(plan)
}

/// The charts in the order in which they are applied.
pub(super) fn in_order(release: &ReleaseManifest) -> Vec<&Chart> {
    let mut charts: Vec<&Chart> = release.charts.iter().collect();
    charts.sort_by_key(|chart| (chart.stage, chart.order));
    charts
}

/// One chart of `release` at `site`.
pub(super) fn chart_step(chart: &Chart, release: &ReleaseManifest, site: &Site, place: &Place) -> ChartStep {
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

/// What Kubernetes of `release` is configured with at `site`.
pub(super) fn settings(release: &ReleaseManifest, place: &Place, site: &Site) -> KubernetesSettings {
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
        // Its own: a binary of the minor version before then refuses to start on what this one wrote (decision 0018).
        emulated: minor(&release.kubernetes.version.to_string()),
    }
}

#[cfg(test)]
mod tests;
