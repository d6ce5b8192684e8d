//! Changing what is installed: what it would do, and its beginning. The steps themselves are the engine's.

mod look;

use std::sync::Arc;

use bridle_bundle::store::Pin;
use bridle_core::calendar::{self, Judgement};
use bridle_core::configuration::rename::{self, Moved};
use bridle_core::configuration::{Profile, finding};
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::{Language, Message};
use bridle_core::operation::OperationView;
use bridle_core::plan::upgrade::{self, Changes, Choices, Current, Wanted};
use bridle_core::plan::{OperationKind, Plan, PlanError, forecast};
use bridle_core::port::Clock;
use bridle_core::rehearsal::{Minor, Rehearsal};
use bridle_core::release::ReleaseManifest;
use bridle_core::step::ChartName;
use bridle_core::upgrade::{Basis, ChangeOrder, ChangeView};
use bridle_host::layout::Layout;

use crate::configuration::{Configurator, InForce};
use crate::installer;
use crate::observe::Sight;
use crate::operations::Operations;
use crate::store::SharedStore;

/// Plans and begins changes.
pub(crate) struct Changer {
    layout: Layout,
    operations: Arc<Operations>,
    configurator: Arc<Configurator>,
    store: Arc<SharedStore>,
    sight: Arc<dyn Sight>,
    clock: Arc<dyn Clock>,
}

/// A change with its plan.
struct Prepared {
    plan: Plan,
    view: ChangeView,
    /// The profile with its number, if the release needs another one.
    profile: Option<(u64, Profile)>,
    judgement: Judgement,
}

impl Changer {
    pub(crate) fn new(
        layout: Layout,
        operations: Arc<Operations>,
        configurator: Arc<Configurator>,
        store: Arc<SharedStore>,
        sight: Arc<dyn Sight>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { layout, operations, configurator, store, sight, clock }
    }

    /// What an upgrade to `release` would do.
    ///
    /// # Errors
    /// A [`Fault`] if there is no such release, nothing is installed, or there is no way.
    pub(crate) fn upgrade(&self, release: &str, copy_data: bool) -> Result<ChangeView, Fault> {
        Ok(self.prepare_upgrade(release, copy_data)?.view)
    }

    /// What the return to the release before would do.
    ///
    /// # Errors
    /// A [`Fault`] if there is none.
    pub(crate) fn rollback(&self, copy_data: bool) -> Result<ChangeView, Fault> {
        Ok(self.prepare_rollback(copy_data)?.view)
    }

    /// Begins the change that was looked at.
    ///
    /// # Errors
    /// A [`Fault`] if another operation is open, something stands in the way, or the world has changed since.
    pub(crate) fn begin(&self, kind: OperationKind, order: &ChangeOrder, by: &str) -> Result<OperationView, Fault> {
        let _installer = installer::keep_out(&self.layout)?;
        self.operations.refuse_second()?;
        let prepared = match kind {
            OperationKind::Upgrade => self.prepare_upgrade(&order.release, order.copy_data)?,
            OperationKind::Rollback => self.prepare_rollback(order.copy_data)?,
            _ => return Err(Fault::new(FaultCode::RequestInvalid).with("what", "kind")),
        };
        self.start(prepared, order, by)
    }

    fn start(&self, prepared: Prepared, order: &ChangeOrder, by: &str) -> Result<OperationView, Fault> {
        if prepared.view.plan != order.plan {
            return Err(outdated(order.basis.as_ref(), &prepared.view.basis));
        }
        if let Some(against) = prepared.view.against() {
            return Err(Fault::new(FaultCode::UpgradeBlocked).detail(against));
        }
        let forbidden = prepared.judgement.permits(order.even_in.as_deref());
        forbidden.map_err(|critical| critical.fault(prepared.judgement.windows()))?;
        if let Some((number, profile)) = &prepared.profile {
            let release = Some(prepared.plan.to().to_owned());
            // The digest of the plan was made with the number that the revision must get.
            if self.configurator.prepare(profile, release, by)? != *number {
                return Err(outdated(order.basis.as_ref(), &prepared.view.basis));
            }
        }
        self.operations.begin(prepared.plan, by)
    }

    fn prepare_upgrade(&self, release: &str, copy_data: bool) -> Result<Prepared, Fault> {
        let here = self.configurator.in_force()?;
        let target = self.store.pin(release)?;
        let others = self.store.store().releases().map_err(|error| damaged(&error))?;
        let known: Vec<&ReleaseManifest> = others.iter().map(|pin| &pin.manifest).collect();
        upgrade::way(&here.release.manifest, &target.manifest, &known).map_err(|no| no.fault())?;
        self.prepare(OperationKind::Upgrade, &here, &target, copy_data)
    }

    fn prepare_rollback(&self, copy_data: bool) -> Result<Prepared, Fault> {
        let here = self.configurator.in_force()?;
        let before = here.applied.before.clone().ok_or_else(|| Fault::new(FaultCode::NoReleaseBefore))?;
        let target = self.store.pin(&before)?;
        self.prepare(OperationKind::Rollback, &here, &target, copy_data)
    }

    fn prepare(&self, kind: OperationKind, here: &InForce, target: &Pin, copy_data: bool) -> Result<Prepared, Fault> {
        let moved = self.moved(kind, here, target)?;
        let profile = Profile { text: moved.text, ca: here.profile.ca.clone() };
        let mut values = self.configurator.findings(&profile, &target.manifest, &here.place)?;
        values.extend(moved.findings);
        let mut site = profile.site().unwrap_or_else(|_| here.site.clone());
        site.services.sealed.clone_from(&here.site.services.sealed);
        let number = (profile.text != here.profile.text).then_some(here.next_number);
        let current = Current {
            release: &here.release.manifest,
            applied: &here.applied,
            profile: (here.number, &here.profile.text),
        };
        let wanted = Wanted {
            release: &target.manifest,
            site: &site,
            profile: number.map(|number| (number, profile.text.as_str())),
            place: &here.place,
        };
        let choices = Choices { kind, number: here.operations, copy_data };
        let plan = upgrade::plan(&current, &wanted, &choices).map_err(|error| impossible(&error))?;
        let view = self.view(here, target, (&current, &wanted), kind, &plan);
        let judgement = calendar::judge(self.clock.now(), &here.site.calendar);
        let view = ChangeView {
            renamed: moved.renamed,
            values: finding::in_order(values),
            forbidden: judgement.permits(None).err(),
            windows: judgement.windows().to_vec(),
            ..view
        };
        Ok(Prepared { plan, view, profile: number.map(|number| (number, profile)), judgement })
    }

    fn view(
        &self,
        here: &InForce,
        target: &Pin,
        (current, wanted): (&Current<'_>, &Wanted<'_>),
        kind: OperationKind,
        plan: &Plan,
    ) -> ChangeView {
        let changes = Changes::between(current.release, wanted.release);
        let measured = self.measured(here, wanted.release, &changes, plan);
        let mut findings = upgrade::findings(current, wanted, kind, &measured);
        let rehearsal = match self.sight.rehearse(&rehearsal(current, wanted)) {
            Ok(report) => Some(report),
            Err(fault) => {
                findings.push(upgrade::not_rehearsed(&fault));
                None
            }
        };
        let interrupting = |name: &str| {
            let of = |release: &ReleaseManifest| {
                let chart = release.charts.iter().find(|chart| chart.name == name && chart.interrupts)?;
                Some(chart.namespace.clone())
            };
            let namespace = of(wanted.release).or_else(|| of(current.release));
            let noticed = |namespace: &String| match &rehearsal {
                // What was rendered with the site's values tells more than what the publisher found in general.
                Some(report) => {
                    report.interruptions.iter().any(|one| one.is_noticed() && one.workload.namespace == *namespace)
                }
                None => true,
            };
            namespace.as_ref().is_some_and(noticed)
        };
        ChangeView {
            kind,
            from: current.release.id(),
            to: wanted.release.id(),
            plan: plan.digest(),
            basis: Basis {
                installed: here.applied.release.clone(),
                release: target.release_manifest,
                profile: here.profile.digest(),
                operations: here.operations,
            },
            notes: wanted.release.notes.clone(),
            steps: forecast::steps(plan, &self.operations.learned(), &interrupting),
            disk: measured.disk,
            changes,
            findings,
            rehearsal,
            renamed: Vec::new(),
            values: Vec::new(),
            forbidden: None,
            windows: Vec::new(),
        }
    }

    /// The site's values as the release that is to come names them.
    fn moved(&self, kind: OperationKind, here: &InForce, target: &Pin) -> Result<Moved, Fault> {
        let text = &here.profile.text;
        let moved = match kind {
            OperationKind::Rollback => rename::renamed_back(text, &here.release.manifest),
            _ => rename::renamed(text, &target.manifest),
        };
        moved.map_err(|error| Fault::new(FaultCode::ConfigurationInvalid).because(&error))
    }
}

/// Everything that the change would apply, to be tried.
fn rehearsal(current: &Current<'_>, wanted: &Wanted<'_>) -> Rehearsal {
    let charts = upgrade::charts(wanted);
    let packages = wanted.release.charts.iter().filter(|chart| chart.has_crds).map(|chart| chart.package.digest);
    let names = current.applied.charts.values();
    // A minor that cannot be read is nobody's: the release's version is one by its type.
    let target = wanted.release.kubernetes.version.to_string().parse().unwrap_or_else(|_| Minor::one(0));
    Rehearsal {
        charts,
        current: names
            .map(|chart| ChartName { name: chart.name.clone(), namespace: chart.namespace.clone() })
            .collect(),
        kubernetes_target: target,
        crds: packages.collect(),
    }
}

fn damaged(error: &dyn std::error::Error) -> Fault {
    Fault::new(FaultCode::StoreDamaged).because(error)
}

fn impossible(error: &PlanError) -> Fault {
    match error {
        PlanError::Length(0) => Fault::new(FaultCode::AlreadyInUse).because(error),
        error => Fault::new(FaultCode::ReleaseDamaged).because(error),
    }
}

fn outdated(seen: Option<&Basis>, now: &Basis) -> Fault {
    let mut changed = seen.map(|seen| seen.differences(now)).unwrap_or_default();
    if changed.is_empty() {
        changed.push(Message::new("basis-host"));
    }
    let words: Vec<String> = changed.iter().map(|what| what.render(Language::En)).collect();
    let fault = Fault::new(FaultCode::PlanOutdated).with("changed", words.join(", "));
    // The first one again as a message, for faces in another language.
    fault.detail(changed.remove(0))
}
