//! A plan in the making: steps with their numbers, and groups of charts with their way back.

use std::collections::BTreeSet;

use crate::backup::plan::VaultStep;
use crate::release::{Chart, ReleaseManifest, Stage};
use crate::site::Site;
use crate::step::{
    CHARTS_AT_ONCE, ChartName, ChartStep, ClusterStep, HostStep, PlannedStep, SiteServices, Step, StepId, Target, Undo,
};

/// Steps so far.
pub(super) struct Draft {
    node: String,
    steps: Vec<PlannedStep>,
}

impl Draft {
    /// Nothing yet; host steps are for the host `node`.
    pub(super) fn new(node: &str) -> Self {
        Self { node: node.to_owned(), steps: Vec::new() }
    }

    /// Number of the step that comes next.
    pub(super) fn next(&self) -> StepId {
        StepId(u16::try_from(self.steps.len() + 1).unwrap_or(u16::MAX))
    }

    /// The steps.
    pub(super) fn finish(self) -> Vec<PlannedStep> {
        self.steps
    }

    /// A step on the host.
    pub(super) fn host(&mut self, step: HostStep, undo: Undo, limit_seconds: u32, weight: u32) -> &mut PlannedStep {
        let on = Target::Host(self.node.clone());
        self.push(on, Step::Host(step), undo, limit_seconds, weight)
    }

    /// A step on the cluster.
    pub(super) fn cluster(
        &mut self,
        step: ClusterStep,
        undo: Undo,
        limit_seconds: u32,
        weight: u32,
    ) -> &mut PlannedStep {
        self.push(Target::Cluster, Step::Cluster(step), undo, limit_seconds, weight)
    }

    /// A step on repositories, applied by this host.
    pub(super) fn vault(&mut self, step: VaultStep, undo: Undo, limit_seconds: u32, weight: u32) -> &mut PlannedStep {
        let on = Target::Host(self.node.clone());
        self.push(on, Step::Vault(step), undo, limit_seconds, weight)
    }

    /// Object kinds of those charts that declare some; never taken away.
    pub(super) fn custom_resources<'a>(&mut self, charts: impl IntoIterator<Item = &'a Chart>) {
        for chart in charts.into_iter().filter(|chart| chart.has_crds) {
            let step = ClusterStep::CustomResources { chart: chart.name.clone(), package: chart.package.digest };
            self.cluster(step, Undo::Nothing, 120, 1);
        }
    }

    /// Charts of one order, in one step, taken back by removing them.
    pub(super) fn charts(&mut self, group: Vec<ChartStep>) {
        if group.is_empty() {
            return;
        }
        let (limit, weight) = (turns_limit(&group), weight(&group));
        let gone = gone(&group);
        self.cluster(placed(group), Undo::By(Step::Cluster(gone)), limit, weight);
    }

    /// Charts of one order in the place of `before`, in one step, taken back by putting those in place again.
    pub(super) fn replaced_charts(&mut self, group: Vec<ChartStep>, before: Vec<ChartStep>) {
        if group.is_empty() {
            return;
        }
        let (limit, weight) = (turns_limit(&group).max(turns_limit(&before)), weight(&group));
        let undo = Undo::By(Step::Cluster(placed(before)));
        self.cluster(placed(group), undo, limit, weight).attempts = 2;
    }

    /// Charts that go, taken back by putting them in place again.
    pub(super) fn gone_charts(&mut self, group: Vec<ChartStep>) {
        if group.is_empty() {
            return;
        }
        let (limit, weight) = (turns_limit(&group), weight(&group));
        let step = gone(&group);
        self.cluster(step, Undo::By(Step::Cluster(placed(group))), limit, weight);
    }

    /// Another set of passwords of the site's services than `before`, taken back by putting that one in place again.
    pub(super) fn site_services(&mut self, wanted: SiteServices, before: &SiteServices) {
        let left = |one: &SiteServices, other: &SiteServices| -> Vec<String> {
            one.namespaces.iter().filter(|namespace| !other.namespaces.contains(namespace)).cloned().collect()
        };
        let back = SiteServices { gone: left(&wanted, before), ..before.clone() };
        let wanted = SiteServices { gone: left(before, &wanted), ..wanted };
        let undo = Undo::By(Step::Cluster(ClusterStep::SiteServices(back)));
        self.cluster(ClusterStep::SiteServices(wanted), undo, 60, 1);
    }

    fn push(&mut self, on: Target, step: Step, undo: Undo, limit_seconds: u32, weight: u32) -> &mut PlannedStep {
        let id = self.next();
        self.steps.push(PlannedStep { id, on, step, undo, limit_seconds, attempts: 3, weight });
        self.steps.last_mut().expect("one was just added")
    }
}

/// The passwords of `site`'s services for the applications of `release`.
pub(super) fn services_of(release: &ReleaseManifest, site: &Site) -> SiteServices {
    let secrets = site.services.needed();
    if secrets.is_empty() {
        return SiteServices::default();
    }
    let applications = release.charts.iter().filter(|chart| chart.stage == Stage::Application);
    let namespaces: BTreeSet<&String> = applications.map(|chart| &chart.namespace).collect();
    SiteServices { namespaces: namespaces.into_iter().cloned().collect(), secrets, gone: Vec::new() }
}

/// One chart is a step of its own, several are one together.
fn placed(group: Vec<ChartStep>) -> ClusterStep {
    match <[ChartStep; 1]>::try_from(group) {
        Ok([chart]) => ClusterStep::Chart(Box::new(chart)),
        Err(group) => ClusterStep::Charts(group),
    }
}

fn gone(group: &[ChartStep]) -> ClusterStep {
    let name = |chart: &ChartStep| ChartName { name: chart.name.clone(), namespace: chart.namespace.clone() };
    match group {
        [chart] => {
            let ChartName { name, namespace } = name(chart);
            ClusterStep::ChartGone { name, namespace }
        }
        group => ClusterStep::ChartsGone { charts: group.iter().rev().map(name).collect() },
    }
}

/// Whoever takes one of a queue at a time is done after so many turns of the slowest one.
fn turns_limit(group: &[ChartStep]) -> u32 {
    let turns = u32::try_from(group.len().div_ceil(CHARTS_AT_ONCE)).unwrap_or(u32::MAX);
    let slowest = group.iter().map(ChartStep::limit_seconds).max().unwrap_or_default();
    slowest.saturating_mul(turns).clamp(1, 6 * 3600)
}

/// They share the processors: each further one makes the step a little longer.
fn weight(group: &[ChartStep]) -> u32 {
    8_u32.saturating_add(2 * u32::try_from(group.len()).unwrap_or(u32::MAX / 2))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn services(namespaces: &[&str], number: u64) -> SiteServices {
        let namespaces: Vec<String> = namespaces.iter().map(|name| (*name).to_owned()).collect();
        let secrets = if namespaces.is_empty() {
            BTreeMap::new()
        } else {
            BTreeMap::from([("smtp-password".to_owned(), number)])
        };
        SiteServices { namespaces, secrets, gone: Vec::new() }
    }

    #[test]
    fn passwords_leave_the_namespaces_that_have_no_application_any_more_in_both_directions() {
        for (before, after, gone, gone_back) in [
            (&["a", "b"][..], &["b", "c"][..], vec!["a"], vec!["c"]),
            (&[], &["a"], vec![], vec!["a"]),
            (&["a"], &[], vec!["a"], vec![]),
        ] {
            let (before, after) = (services(before, 1), services(after, 2));
            let mut draft = Draft::new("h1");
            draft.site_services(after.clone(), &before);
            let planned = draft.finish().pop().expect("a step");
            let Step::Cluster(ClusterStep::SiteServices(step)) = planned.step else { panic!("another step") };
            let Undo::By(Step::Cluster(ClusterStep::SiteServices(back))) = planned.undo else { panic!("no way back") };
            assert_eq!((&step.secrets, &back.secrets), (&after.secrets, &before.secrets));
            assert_eq!(
                (step.gone, back.gone),
                (
                    gone.iter().map(|name| (*name).to_owned()).collect(),
                    gone_back.iter().map(|name| (*name).to_owned()).collect::<Vec<String>>()
                )
            );
        }
    }

    #[test]
    fn only_what_is_needed_and_kept_reaches_only_applications() {
        let fixture = include_bytes!("../../tests/fixtures/release-v1.json");
        let release = ReleaseManifest::parse(fixture).expect("fixture parses");
        let mut site = Site::default();
        site.services.sealed = [("smtp-password".to_owned(), 3), ("proxy-password".to_owned(), 4)].into();
        assert_eq!(services_of(&release, &site), SiteServices::default(), "no user, no password");
        site.services.smtp = toml::from_str("host = 'm'\nfrom = 'a@b'\nuser = 'u'").ok();
        let found = services_of(&release, &site);
        assert_eq!(found.secrets, BTreeMap::from([("smtp-password".to_owned(), 3)]));
        let is_application = |name: &String| {
            release.charts.iter().any(|chart| chart.stage == Stage::Application && chart.namespace == *name)
        };
        assert!(!found.namespaces.is_empty() && found.namespaces.iter().all(is_application));
    }
}
