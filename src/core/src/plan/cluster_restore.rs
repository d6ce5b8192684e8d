//! The plan of a return of the cluster's database to the snapshot of a restore point: for a cluster that does not come up
//! (`design.md` §1.6, decision 0027).
//!
//! Only what Kubernetes knows goes back. Volumes are files of the host and stay as they are; programs, images, charts and
//! profile are those in force, and the charts are applied again to what the snapshot knows.

mod findings;
mod since;
mod view;

use std::collections::BTreeSet;

use super::applied::Applied;
use super::draft::Draft;
use super::install::{self, Place};
use super::upgrade::minor;
use super::{OnFailure, OperationKind, Plan, PlanError};
use crate::fault::{Fault, FaultCode};
use crate::message::Message;
use crate::release::ReleaseManifest;
use crate::site::Site;
use crate::step::{
    ChangesExport, ChartName, ClusterStep, DatastoreRestore, HostStep, KubernetesSwitch, PlannedStep, Step, Undo,
};

pub use findings::{Seen, findings};
pub use since::{Happened, bare, happened};
pub use view::{ClusterRestoreOrder, ClusterRestoreView, KeptPoint};

/// Why no snapshot can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoSnapshot {
    /// There is no restore point at all, or none that could be used.
    #[error("choose a restore point: none of {0} can be used")]
    None(usize),
    /// There is none of that name.
    #[error("choose a restore point: there is no {0}")]
    Unknown(String),
    /// A file of it is missing or altered.
    #[error("choose a restore point: {0} is damaged")]
    Damaged(String),
    /// It was made by a Kubernetes that the one in use cannot follow.
    #[error("choose a restore point: {point} is of Kubernetes {found}, and {running} runs")]
    Unfit {
        /// Its name.
        point: String,
        /// Minor version of Kubernetes in it; `?` where nothing says.
        found: String,
        /// Version in use.
        running: String,
    },
}

impl NoSnapshot {
    /// The fault in words.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::None(count) => Fault::new(FaultCode::NoRestorePoint).with("count", *count),
            Self::Unknown(point) => Fault::new(FaultCode::RestorePointUnknown).with("point", point.as_str()),
            Self::Damaged(point) => {
                Fault::new(FaultCode::RestorePointDamaged).with("point", point.as_str()).with("path", point.as_str())
            }
            Self::Unfit { point, found, running } => Fault::new(FaultCode::SnapshotUnfit)
                .with("point", point.as_str())
                .with("found", found.as_str())
                .with("running", running.as_str()),
        }
        .because(self)
    }
}

/// The restore point that was named, else the newest one that can be used; `running` is the version of Kubernetes in use.
///
/// # Errors
/// [`NoSnapshot`] says why there is none.
pub fn choose<'a>(points: &'a [KeptPoint], named: Option<&str>, running: &str) -> Result<&'a KeptPoint, NoSnapshot> {
    if let Some(name) = named {
        let point = points.iter().find(|point| point.name == name);
        let point = point.ok_or_else(|| NoSnapshot::Unknown(name.to_owned()))?;
        return usable(point, running).map(|()| point);
    }
    let newest = points.iter().filter(|point| usable(point, running).is_ok()).max_by_key(|point| point.made);
    newest.ok_or(NoSnapshot::None(points.len()))
}

/// Whether Kubernetes of the version `running` can take up the snapshot: whole, and of its own minor version or the one
/// before (`k3s-contract.md` §2: the same or a higher minor may restore, and none is left out).
fn usable(point: &KeptPoint, running: &str) -> Result<(), NoSnapshot> {
    if !point.whole {
        return Err(NoSnapshot::Damaged(point.name.clone()));
    }
    let numbers = |text: &str| -> Option<(u32, u32)> {
        let text = minor(text)?;
        let (major, minor) = text.split_once('.')?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    };
    let pair = point.kubernetes.as_deref().and_then(numbers).zip(numbers(running));
    match pair {
        Some((there, here)) if there.0 == here.0 && (there.1 == here.1 || there.1 + 1 == here.1) => Ok(()),
        _ => Err(NoSnapshot::Unfit {
            point: point.name.clone(),
            found: point.kubernetes.clone().unwrap_or_else(|| "?".to_owned()),
            running: running.to_owned(),
        }),
    }
}

/// What the plan is made from.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The restore point.
    pub point: &'a KeptPoint,
    /// The release that was in use when it was made, if this host still has it.
    pub before: Option<&'a ReleaseManifest>,
    /// The release in use.
    pub release: &'a ReleaseManifest,
    /// What committed operations have put in place.
    pub applied: &'a Applied,
    /// The profile in use.
    pub site: &'a Site,
    /// The host.
    pub place: &'a Place,
    /// Whether Kubernetes answers: only then can be kept what is lost.
    pub answers: bool,
    /// Operations that this host has had: names the file of what is lost.
    pub number: u64,
}

/// Plans the return.
///
/// - Before the commit nothing is changed: what is needed is there, and what Kubernetes still says is kept.
/// - The commit is the restore itself. Behind it nothing goes back, and a failure asks the operator; each step may be done
///   again at any time.
/// - Behind it Kubernetes starts, and the steps of an installation follow: what the snapshot knows already counts as done.
///
/// # Errors
/// [`PlanError`] if the release makes an impossible plan.
pub fn plan(wanted: &Wanted<'_>) -> Result<Plan, PlanError> {
    let Wanted { point, release, site, place, .. } = *wanted;
    let install = install::plan(release, site, place)?;
    let switch = switch(wanted);
    let mut draft = Draft::new(&place.node);
    for id in BTreeSet::from([release.id(), switch.settings.release.clone()]) {
        draft.host(HostStep::StoreComplete { release: id }, Undo::Nothing, 300, 2).attempts = 1;
    }
    draft.host(HostStep::FrontDoorCertificate { host: site.host.clone() }, Undo::Nothing, 30, 1);
    if wanted.answers {
        keep(&mut draft, wanted);
    }
    let commit = draft.next();
    let version = switch.version.clone();
    let restore = DatastoreRestore { point: point.name.clone(), switch };
    draft.host(HostStep::RestoreDatastore(Box::new(restore)), no_way_back(), 900, 10);
    draft.host(HostStep::StartKubernetes { version: version.clone() }, no_way_back(), 600, 20);
    let ready = ClusterStep::NodeReady { node: place.node.clone(), version: Some(version) };
    draft.cluster(ready, no_way_back(), 300, 5);
    again(&mut draft, &install, gone(wanted));
    let plan = Plan {
        kind: OperationKind::RestoreCluster,
        from: Some(release.id()),
        to: release.id(),
        on_failure: OnFailure::RollBack,
        commit: Some(commit),
        steps: draft.finish(),
    };
    plan.doubt()?;
    Ok(plan)
}

/// Name of the copy of what was made or changed since, in the folder of the point.
#[must_use]
pub fn export_name(number: u64) -> String {
    format!("changes-{number:04}")
}

/// Kubernetes as it is to run: as committed operations left it, whatever an interrupted one made of it.
fn switch(wanted: &Wanted<'_>) -> KubernetesSwitch {
    let settings = wanted.applied.settings.clone();
    let settings = settings.unwrap_or_else(|| install::settings(wanted.release, wanted.place, wanted.site));
    KubernetesSwitch { settings, version: wanted.applied.kubernetes.clone() }
}

/// What the snapshot does not know is kept while Kubernetes still tells it.
fn keep(draft: &mut Draft, wanted: &Wanted<'_>) {
    let (point, name) = (wanted.point.name.clone(), export_name(wanted.number));
    let step = ClusterStep::ExportChanges(ChangesExport { point, name, since: wanted.point.made });
    draft.cluster(step, Undo::Nothing, 300, 2);
    let secrets = wanted.release.secrets.clone();
    if !secrets.is_empty() {
        // A password that is made anew would not be the one that the data were made with.
        draft.cluster(ClusterStep::KeepSecrets { secrets }, Undo::Nothing, 60, 1);
    }
}

/// The steps of an installation behind a node that is ready; what only the snapshot's release had goes before the probes.
fn again(draft: &mut Draft, install: &Plan, gone: Vec<ChartName>) {
    let is_probe = |planned: &&PlannedStep| matches!(planned.step, Step::Cluster(ClusterStep::Probes { .. }));
    let (probes, others): (Vec<&PlannedStep>, Vec<&PlannedStep>) = install.steps().iter().partition(is_probe);
    let mut add = |step: &ClusterStep, planned: &PlannedStep| {
        let added = draft.cluster(step.clone(), no_way_back(), planned.limit_seconds, planned.weight);
        added.attempts = planned.attempts;
    };
    for planned in others {
        match &planned.step {
            Step::Cluster(ClusterStep::NodeReady { .. }) | Step::Host(_) | Step::Vault(_) => {}
            Step::Cluster(step) => add(step, planned),
        }
    }
    if let (false, Some(last)) = (gone.is_empty(), install.steps().last()) {
        add(
            &ClusterStep::ChartsGone { charts: gone },
            &PlannedStep { limit_seconds: 900, attempts: 3, ..last.clone() },
        );
    }
    for planned in probes {
        if let Step::Cluster(step) = &planned.step {
            add(step, planned);
        }
    }
}

/// Charts that the snapshot knows and the release in use has not, the last one first.
fn gone(wanted: &Wanted<'_>) -> Vec<ChartName> {
    let Some(before) = wanted.before else { return Vec::new() };
    let is_here = |name: &ChartName| {
        wanted.release.charts.iter().any(|chart| chart.name == name.name && chart.namespace == name.namespace)
    };
    let names = install::in_order(before).into_iter().rev();
    let names = names.map(|chart| ChartName { name: chart.name.clone(), namespace: chart.namespace.clone() });
    names.filter(|name| !is_here(name)).collect()
}

fn no_way_back() -> Undo {
    Undo::Impossible { why: Message::new("restore-no-way-back") }
}

#[cfg(test)]
mod tests;
