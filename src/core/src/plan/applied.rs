//! What committed operations have put in place: read from their plans, so that a change starts from what is there and not
//! from what today's program would have made.

use std::collections::{BTreeMap, BTreeSet};

use crate::release::{Namespace, Secret};
use crate::step::{ChartName, ChartStep, ClusterStep, HostStep, KubernetesSettings, SiteServices, Step};

use super::install::Place;
use super::{OperationKind, Plan};

/// What is in place.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    /// The release in use (`NAME-VERSION`).
    pub release: String,
    /// The release before it, to which one can go back.
    pub before: Option<String>,
    /// Configuration of Kubernetes; names the release whose programs run.
    pub settings: Option<KubernetesSettings>,
    /// Version of Kubernetes that runs.
    pub kubernetes: String,
    /// Charts by name.
    pub charts: BTreeMap<String, ChartStep>,
    /// Namespaces that were made.
    pub namespaces: Vec<Namespace>,
    /// Secrets that were made.
    pub secrets: Vec<Secret>,
    /// Passwords of the site's services, and where they are.
    pub services: SiteServices,
    /// Revision of the configuration; 0 if no operation put one in place.
    pub revision: u64,
    /// Revision of the configuration before the last upgrade.
    pub revision_before: u64,
    /// Restore points that committed operations made, oldest first, as far as they were not removed again.
    pub points: Vec<String>,
}

impl Applied {
    /// What is in place after these plans, all of committed operations, oldest first; `None` if nothing is installed.
    #[must_use]
    pub fn after<'a>(plans: impl IntoIterator<Item = &'a Plan>) -> Option<Self> {
        plans.into_iter().fold(None, Self::with)
    }

    /// Where the cluster was made; `None` if no operation configured it.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        let settings = self.settings.as_ref()?;
        Some(Place { node: settings.node.clone(), address: settings.address.clone() })
    }

    /// What is in place after one more committed operation.
    #[must_use]
    pub fn with(applied: Option<Self>, plan: &Plan) -> Option<Self> {
        let mut applied = match (plan.kind(), applied) {
            (OperationKind::Uninstall, _) => return None,
            (OperationKind::Install, _) | (_, None) => Self::nothing(plan.to()),
            (_, Some(applied)) => applied,
        };
        match plan.kind() {
            OperationKind::Upgrade => {
                applied.revision_before = applied.revision;
                applied.before = Some(std::mem::replace(&mut applied.release, plan.to().to_owned()))
            }
            OperationKind::Rollback => {
                applied.before = None;
                plan.to().clone_into(&mut applied.release);
            }
            _ => {}
        }
        for planned in plan.steps() {
            match &planned.step {
                Step::Host(step) => applied.host(step),
                Step::Cluster(step) => applied.cluster(step),
                Step::Vault(_) => {}
            }
        }
        Some(applied)
    }

    fn nothing(release: &str) -> Self {
        Self {
            release: release.to_owned(),
            before: None,
            settings: None,
            kubernetes: String::new(),
            charts: BTreeMap::new(),
            namespaces: Vec::new(),
            secrets: Vec::new(),
            services: SiteServices::default(),
            revision: 0,
            revision_before: 0,
            points: Vec::new(),
        }
    }

    fn host(&mut self, step: &HostStep) {
        match step {
            HostStep::ConfigureKubernetes(settings) => self.settings = Some((**settings).clone()),
            HostStep::StartKubernetes { version } => version.clone_into(&mut self.kubernetes),
            HostStep::SwitchKubernetes(switch) => {
                self.settings = Some(switch.settings.clone());
                switch.version.clone_into(&mut self.kubernetes);
            }
            HostStep::RestoreDatastore(restore) => self.settings = Some(restore.switch.settings.clone()),
            HostStep::Configuration { revision, .. } => self.revision = *revision,
            HostStep::RestorePoint(point) => self.points.push(point.point.clone()),
            HostStep::PruneReleases { points, .. } | HostStep::PruneRestorePoints { keep: points } => {
                let kept: BTreeSet<&String> = points.iter().collect();
                self.points.retain(|point| kept.contains(point));
            }
            _ => {}
        }
    }

    fn cluster(&mut self, step: &ClusterStep) {
        match step {
            ClusterStep::Chart(chart) => self.put(chart),
            ClusterStep::Charts(charts) => charts.iter().for_each(|chart| self.put(chart)),
            ClusterStep::ChartGone { name, namespace } => {
                self.take(&ChartName { name: name.clone(), namespace: namespace.clone() });
            }
            ClusterStep::ChartsGone { charts } => charts.iter().for_each(|chart| self.take(chart)),
            ClusterStep::Namespaces { namespaces } => {
                let new = |one: &&Namespace| !namespaces.iter().any(|other| other.name == one.name);
                let kept: Vec<Namespace> = self.namespaces.iter().filter(new).cloned().collect();
                self.namespaces = kept.into_iter().chain(namespaces.iter().cloned()).collect();
            }
            ClusterStep::SiteServices(services) => {
                self.services = SiteServices { gone: Vec::new(), ..services.clone() };
            }
            ClusterStep::SiteSecrets { secrets, .. } => {
                let same = |one: &Secret, other: &Secret| one.name == other.name && one.namespace == other.namespace;
                for secret in secrets {
                    self.secrets.retain(|known| !same(known, secret));
                    self.secrets.push(secret.clone());
                }
            }
            _ => {}
        }
    }

    fn put(&mut self, chart: &ChartStep) {
        self.charts.insert(chart.name.clone(), chart.clone());
    }

    fn take(&mut self, gone: &ChartName) {
        self.charts.retain(|name, chart| *name != gone.name || chart.namespace != gone.namespace);
    }
}
