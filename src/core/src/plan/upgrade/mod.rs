//! The plan of a change of what is installed: an upgrade, the return to the release before, another configuration.
//!
//! One builder for all three: what is to be is compared with what is in place, each difference is a step, and each step has
//! its way back (`design.md` §1.6).

mod changes;
mod findings;
mod kubernetes;
mod way;

use std::collections::BTreeSet;

use super::applied::Applied;
use super::draft::{Draft, services_of};
use super::install::{Place, chart_step, in_order, settings};
use super::{OnFailure, OperationKind, Plan, PlanError};
use crate::message::Message;
use crate::release::{DataKind, DataSource, ReleaseManifest};
use crate::site::Site;
use crate::soak;
use crate::step::{ChartName, ChartStep, ClusterStep, HostStep, RestorePoint, Soak, Step, StepId, Undo};

pub use changes::{Changes, ChartChange, ImageChanges};
pub use findings::{Measured, findings, not_rehearsed, resorted};
pub use kubernetes::{Kubernetes, NoWay as NoKubernetesWay, minor};
pub use way::{NoWay, stops, way};

/// What is there.
#[derive(Debug, Clone, Copy)]
pub struct Current<'a> {
    /// The release in use.
    pub release: &'a ReleaseManifest,
    /// What committed operations have put in place.
    pub applied: &'a Applied,
    /// Number and text of the profile of the site in use.
    pub profile: (u64, &'a str),
}

/// What is to be.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The release.
    pub release: &'a ReleaseManifest,
    /// The profile of the site.
    pub site: &'a Site,
    /// Number and text of the profile, if it is another one than before.
    pub profile: Option<(u64, &'a str)>,
    /// The host.
    pub place: &'a Place,
}

/// What was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choices {
    /// Upgrade, return or configuration.
    pub kind: OperationKind,
    /// Operations that this host has had: names of restore points differ by it.
    pub number: u64,
    /// Whether the data are copied before.
    pub copy_data: bool,
}

/// Breaks of health in a soak beyond which it has failed.
const BREAKS: u32 = 3;

/// Plans the change from `current` to `wanted`.
///
/// # Errors
/// [`PlanError`] if that makes an impossible plan; one without a step where nothing would change.
pub fn plan(current: &Current<'_>, wanted: &Wanted<'_>, choices: &Choices) -> Result<Plan, PlanError> {
    let other = current.release.id() != wanted.release.id();
    let point = point_name(current, wanted, choices);
    let mut builder = Builder { current, wanted, draft: Draft::new(&wanted.place.node), point };
    if other {
        let step = HostStep::StoreComplete { release: wanted.release.id() };
        builder.draft.host(step, Undo::Nothing, 300, 2).attempts = 1;
    }
    builder.restore_point(choices);
    if other {
        builder.programs_and_images();
    }
    builder.front_door();
    let switch = Kubernetes::between(current, wanted, choices.kind);
    let emulated = builder.kubernetes(&switch);
    builder.ground();
    builder.services(true);
    // Before the charts for the way back: its undo comes when the server of before is there again, and mends what users
    // wrote under the new one. There is no other way back from it: neither order of the indexes is lost, each is made anew.
    builder.collations(true);
    builder.charts();
    builder.collations(false);
    builder.services(false);
    builder.profile();
    builder.soak();
    let commit = builder.behind_the_commit(&switch, emulated, other);
    let plan = Plan {
        kind: choices.kind,
        from: Some(current.release.id()),
        to: wanted.release.id(),
        on_failure: OnFailure::RollBack,
        commit,
        steps: builder.draft.finish(),
    };
    plan.doubt()?;
    Ok(plan)
}

fn point_name(current: &Current<'_>, wanted: &Wanted<'_>, choices: &Choices) -> String {
    let what =
        if current.release.id() == wanted.release.id() { choices.kind.name().to_owned() } else { wanted.release.id() };
    format!("{:04}-before-{what}", choices.number)
}

struct Builder<'a> {
    current: &'a Current<'a>,
    wanted: &'a Wanted<'a>,
    draft: Draft,
    point: String,
}

impl Builder<'_> {
    fn restore_point(&mut self, choices: &Choices) {
        let step = RestorePoint {
            point: self.point.clone(),
            release: self.current.release.id(),
            revision: self.current.profile.0,
        };
        self.draft.host(HostStep::RestorePoint(Box::new(step)), Undo::Nothing, 600, 3);
        let is_saved = |source: &&DataSource| source.kind != DataKind::None;
        let sources: Vec<DataSource> = self.current.release.data.iter().filter(is_saved).cloned().collect();
        if choices.copy_data && !sources.is_empty() {
            let step = ClusterStep::CopyData { point: self.point.clone(), sources };
            self.draft.cluster(step, Undo::Nothing, 3 * 3600, 5);
        }
    }

    fn programs_and_images(&mut self) {
        let (from, to) = (self.current.release.id(), self.wanted.release.id());
        let agent =
            |release: &str, from: &str| HostStep::SwitchAgent { release: release.to_owned(), from: from.to_owned() };
        self.draft.host(agent(&to, &from), Undo::By(Step::Host(agent(&from, &to))), 300, 2);
        let moved = changes::moved(self.current.release, self.wanted.release);
        let images = |release: String| HostStep::ServeImages { release, moved: moved.clone() };
        self.draft.host(images(to), Undo::By(Step::Host(images(from))), 300, 1);
    }

    /// A certificate for another host name; the one for the name before stays.
    fn front_door(&mut self) {
        let host = &self.wanted.site.host;
        let known = self.current.applied.settings.as_ref().is_some_and(|settings| settings.tls_san.contains(host));
        if !known {
            self.draft.host(HostStep::FrontDoorCertificate { host: host.clone() }, Undo::Nothing, 30, 1);
        }
    }

    /// Gives whether Kubernetes behaves like an older one until the commit.
    fn kubernetes(&mut self, switch: &Kubernetes) -> bool {
        let Kubernetes::Switch { to, emulated, release, version } = switch else { return false };
        let mut first = to.clone();
        if emulated.is_some() {
            first.settings.emulated.clone_from(emulated);
        }
        let back = HostStep::ReturnKubernetes {
            point: self.point.clone(),
            release: release.clone(),
            version: version.clone(),
        };
        self.draft.host(HostStep::SwitchKubernetes(first), Undo::By(Step::Host(back)), 600, 15);
        self.node_ready(&to.version);
        emulated.is_some()
    }

    fn node_ready(&mut self, version: &str) {
        let step = ClusterStep::NodeReady { node: self.wanted.place.node.clone(), version: Some(version.to_owned()) };
        self.draft.cluster(step, Undo::Nothing, 300, 3);
    }

    /// Namespaces and secrets that were not there before, or of another level.
    fn ground(&mut self) {
        let applied = self.current.applied;
        let release = self.wanted.release;
        if release.namespaces.iter().any(|namespace| !applied.namespaces.contains(namespace)) {
            let step = ClusterStep::Namespaces { namespaces: release.namespaces.clone() };
            self.draft.cluster(step, Undo::Nothing, 60, 1);
        }
        let host = &self.wanted.site.host;
        let named = applied.settings.as_ref().is_some_and(|settings| settings.tls_san.contains(host));
        if !named || release.secrets.iter().any(|secret| !applied.secrets.contains(secret)) {
            let step = ClusterStep::SiteSecrets { secrets: release.secrets.clone(), host: host.clone() };
            self.draft.cluster(step, Undo::Nothing, 60, 1);
        }
    }

    /// Passwords come before the charts that read them, and the last ones go after those that did.
    fn services(&mut self, before_charts: bool) {
        let wanted = services_of(self.wanted.release, self.wanted.site);
        let applied = &self.current.applied.services;
        if wanted != *applied && before_charts != wanted.secrets.is_empty() {
            self.draft.site_services(wanted, applied);
        }
    }

    fn charts(&mut self) {
        let Wanted { release, site, place, .. } = *self.wanted;
        let applied = self.current.applied;
        for group in in_order(release).chunk_by(|one, next| (one.stage, one.order) == (next.stage, next.order)) {
            let before = |name: &str| applied.charts.get(name);
            let moved = group
                .iter()
                .copied()
                .filter(|chart| before(&chart.name).is_none_or(|before| before.package != chart.package.digest));
            self.draft.custom_resources(moved);
            let (mut new, mut changed, mut old) = (Vec::new(), Vec::new(), Vec::new());
            for step in group.iter().map(|chart| chart_step(chart, release, site, place)) {
                match before(&step.name).filter(|before| before.namespace == step.namespace) {
                    None => new.push(step),
                    Some(before) if *before == step => {}
                    Some(before) => {
                        changed.push(step);
                        old.push(before.clone());
                    }
                }
            }
            self.draft.replaced_charts(changed, old);
            self.draft.charts(new);
        }
        self.draft.gone_charts(gone(applied, release));
    }

    /// Servers that sort texts by other rules in the one release than in the other.
    fn collations(&mut self, for_the_way_back: bool) {
        let sources: Vec<DataSource> =
            findings::resorted(self.current.release, self.wanted.release).map(|(source, ..)| source.clone()).collect();
        if sources.is_empty() {
            return;
        }
        let step = |anew| ClusterStep::RefreshCollation { sources: sources.clone(), anew };
        // Before it recorded its rules the new server may have put rows into indexes by them: what is recorded then is what
        // the server of before has, and proves nothing.
        let undo = if for_the_way_back { Undo::By(Step::Cluster(step(true))) } else { Undo::Nothing };
        self.draft.cluster(step(false), undo, 4 * 3600, 5).attempts = 2;
    }

    fn profile(&mut self) {
        let Some((revision, text)) = self.wanted.profile else { return };
        let (before, old) = self.current.profile;
        let step = |revision: u64, text: &str| HostStep::Configuration { revision, text: text.to_owned() };
        self.draft.host(step(revision, text), Undo::By(Step::Host(step(before, old))), 30, 1);
    }

    fn probes(&mut self) {
        let Wanted { release, site, place, .. } = *self.wanted;
        if !release.probes.is_empty() {
            let step = ClusterStep::Probes {
                probes: release.probes.clone(),
                host: site.host.clone(),
                address: place.address.clone(),
            };
            self.draft.cluster(step, Undo::Nothing, 300, 5);
        }
    }

    fn soak(&mut self) {
        self.probes();
        let Wanted { release, site, place, .. } = *self.wanted;
        let name =
            |chart: &crate::release::Chart| ChartName { name: chart.name.clone(), namespace: chart.namespace.clone() };
        let step = ClusterStep::Soak(Box::new(Soak {
            seconds: release.soak_seconds,
            breaks: BREAKS,
            charts: release.charts.iter().map(name).collect(),
            probes: release.probes.clone(),
            host: site.host.clone(),
            address: place.address.clone(),
        }));
        let limit = soak::limit_seconds(release.soak_seconds, BREAKS);
        let weight = (release.soak_seconds / 4).clamp(5, 100);
        self.draft.cluster(step, Undo::Nothing, limit, weight).attempts = 1;
    }

    /// What is done once health has held; nothing of it goes back.
    fn behind_the_commit(&mut self, switch: &Kubernetes, emulated: bool, other: bool) -> Option<StepId> {
        let commit = self.draft.next();
        let why = || Undo::Impossible { why: Message::new("upgrade-committed") };
        if let (Kubernetes::Switch { to, .. }, true) = (switch, emulated) {
            let step = HostStep::SwitchKubernetes(to.clone());
            self.draft.host(step, why(), 600, 10);
            self.node_ready(&to.version);
        }
        if other {
            let (from, to) = (self.current.release.id(), self.wanted.release.id());
            self.draft.host(HostStep::SettlePrograms { release: to.clone() }, why(), 60, 1);
            let keep = vec![from, to];
            let points = vec![self.point.clone()];
            self.draft.host(HostStep::PruneReleases { keep, points }, why(), 600, 1);
        }
        if emulated {
            self.probes();
        }
        (self.draft.next() > commit).then_some(commit)
    }
}

/// Charts that are in place and that the release has no more, the last one first.
fn gone(applied: &Applied, release: &ReleaseManifest) -> Vec<ChartStep> {
    let wanted: BTreeSet<(&str, &str)> =
        release.charts.iter().map(|chart| (chart.name.as_str(), chart.namespace.as_str())).collect();
    let left =
        applied.charts.values().filter(|chart| !wanted.contains(&(chart.name.as_str(), chart.namespace.as_str())));
    left.cloned().collect()
}

/// The charts of the wanted release in their order, with all values.
#[must_use]
pub fn charts(wanted: &Wanted<'_>) -> Vec<ChartStep> {
    let step = |chart: &crate::release::Chart| chart_step(chart, wanted.release, wanted.site, wanted.place);
    in_order(wanted.release).into_iter().map(step).collect()
}

/// What Kubernetes would be configured with.
fn settings_of(wanted: &Wanted<'_>) -> crate::step::KubernetesSettings {
    settings(wanted.release, wanted.place, wanted.site)
}

#[cfg(test)]
mod tests;
