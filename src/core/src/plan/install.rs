//! The plan of the first installation.

use serde_json::{Map, Value, json};

use super::ranges::Ranges;
use super::{OnFailure, OperationKind, Plan, PlanError};
use crate::release::{Chart, ReleaseManifest};
use crate::site::Site;
use crate::step::{ChartStep, ClusterStep, HostStep, KubernetesSettings, PlannedStep, Step, StepId, Target, Undo};

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
    for chart in in_order(release) {
        draft.chart(chart, release, site, place);
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
        steps: draft.steps,
    };
    plan.doubt()?;
    Ok(plan)
}

/// All values of one chart above its own defaults, lowest first: release `global`, chart, facts of the site, the site's own.
#[must_use]
pub fn chart_values(chart: &Chart, release: &ReleaseManifest, site: &Site, place: &Place) -> Map<String, Value> {
    let mut values = Map::new();
    merge(&mut values, &Map::from_iter([("global".to_owned(), Value::Object(release.global.clone()))]));
    merge(&mut values, &chart.values);
    let ranges = Ranges::of(release, site);
    let facts = json!({ "site": {
        "name": site.name, "host": site.host, "address": place.address,
        "pod_range": ranges.pods, "service_range": ranges.services, "name_service": ranges.name_service(),
    } });
    merge(&mut values, &Map::from_iter([("global".to_owned(), facts)]));
    if let Some(own) = site.values.get(&chart.name) {
        merge(&mut values, own);
    }
    values
}

/// Puts `above` over `below`: maps are merged, everything else is replaced, `null` takes a key away (Helm's rule).
pub fn merge(below: &mut Map<String, Value>, above: &Map<String, Value>) {
    for (key, value) in above {
        match (below.get_mut(key), value) {
            (Some(Value::Object(old)), Value::Object(new)) => merge(old, new),
            _ => {
                below.insert(key.clone(), value.clone());
            }
        }
    }
}

fn in_order(release: &ReleaseManifest) -> Vec<&Chart> {
    let mut charts: Vec<&Chart> = release.charts.iter().collect();
    charts.sort_by_key(|chart| (chart.stage, chart.order));
    charts
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

    fn chart(&mut self, chart: &Chart, release: &ReleaseManifest, site: &Site, place: &Place) {
        if chart.has_crds {
            let step = ClusterStep::CustomResources { chart: chart.name.clone(), package: chart.package.digest };
            self.cluster(step, Undo::Nothing, 120, 1);
        }
        let step = ChartStep {
            name: chart.name.clone(),
            version: chart.version.clone(),
            namespace: chart.namespace.clone(),
            package: chart.package.digest,
            values: chart_values(chart, release, site, place),
            timeout_seconds: chart.timeout_seconds,
        };
        let gone = ClusterStep::ChartGone { name: chart.name.clone(), namespace: chart.namespace.clone() };
        let limit = chart.timeout_seconds.saturating_add(60).min(6 * 3600);
        self.cluster(ClusterStep::Chart(Box::new(step)), Undo::By(Step::Cluster(gone)), limit, 10);
    }

    fn push(&mut self, on: Target, step: Step, undo: Undo, limit_seconds: u32, weight: u32) {
        let number = u16::try_from(self.steps.len() + 1).unwrap_or(u16::MAX);
        self.steps.push(PlannedStep { id: StepId(number), on, step, undo, limit_seconds, attempts: 3, weight });
    }
}
