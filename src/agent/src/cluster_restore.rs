//! The return of the cluster to the snapshot of a restore point: what there is, what it would do, and its beginning.

use std::sync::Arc;

use bridle_core::fault::{Fault, FaultCode};
use bridle_core::operation::OperationView;
use bridle_core::plan::cluster_restore::{
    self, ClusterRestoreOrder, ClusterRestoreView, KeptPoint, Seen, Wanted, choose, export_name, findings,
};
use bridle_core::plan::review::Finding;
use bridle_core::plan::{Plan, forecast};
use bridle_core::port::Clock;
use bridle_core::release::ReleaseManifest;
use bridle_host::layout::Layout;
use bridle_host::process::Processes;
use bridle_host::restore_point::{ChangesFiles, RestorePoints};

use crate::configuration::{Configurator, InForce};
use crate::installer;
use crate::observe::{self, Sight};
use crate::operations::Operations;
use crate::store::SharedStore;

const MIB: u64 = 1024 * 1024;

/// Tells of restore points, and begins returns to one.
pub(crate) struct ClusterRestorer {
    layout: Layout,
    operations: Arc<Operations>,
    configurator: Arc<Configurator>,
    store: Arc<SharedStore>,
    sight: Arc<dyn Sight>,
    clock: Arc<dyn Clock>,
}

/// What a return would start from.
struct Here {
    now: InForce,
    point: KeptPoint,
    /// The release of the point, if it is still in the store.
    before: Option<ReleaseManifest>,
}

impl ClusterRestorer {
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

    /// The restore points with their proof, newest first; reads all of their files.
    ///
    /// # Errors
    /// A [`Fault`] if the disk refuses.
    pub(crate) fn points(&self) -> Result<Vec<KeptPoint>, Fault> {
        let mut points = RestorePoints::new(&self.layout, &Processes, &*self.clock).kept()?;
        points.reverse();
        Ok(points)
    }

    /// What the return to `point`, or to the newest that can be used, would do; takes as long as Kubernetes needs to answer.
    ///
    /// # Errors
    /// A [`Fault`] if nothing is installed or there is no such point that can be used.
    pub(crate) fn view(&self, point: Option<&str>) -> Result<ClusterRestoreView, Fault> {
        let here = self.here(point)?;
        let look = self.sight.look().ok();
        let changes = look.as_ref().and_then(|_| {
            let changes = self.sight.changes_since(here.point.made);
            changes.inspect_err(|fault| tracing::warn!(causes = ?fault.causes, "what was changed since")).ok()
        });
        let wanted = here.wanted(changes.is_some());
        let plan = planned(&wanted)?;
        let seen = Seen { healthy: look.as_ref().is_some_and(observe::is_well), free: self.free() };
        let export = ChangesFiles::new(self.layout.clone()).path(&here.point.name, &export_name(wanted.number))?;
        let answers = changes.is_some();
        let changes = changes.unwrap_or_default();
        Ok(ClusterRestoreView {
            release: here.now.release.manifest.id(),
            site: here.now.site.name.clone(),
            time: self.clock.now(),
            answers,
            created: changes.created,
            changed: changes.changed,
            export: answers.then(|| export.display().to_string()),
            findings: findings(&wanted, &seen),
            steps: forecast::steps(&plan, &self.operations.learned(), &|_| true),
            plan: plan.digest(),
            point: here.point,
        })
    }

    /// Begins what was looked at.
    ///
    /// # Errors
    /// A [`Fault`] if another operation is open, the name is not the site's, something stands against it, or the plan is not
    /// the one that was looked at.
    pub(crate) fn begin(&self, order: &ClusterRestoreOrder, by: &str) -> Result<OperationView, Fault> {
        let _installer = installer::keep_out(&self.layout)?;
        self.operations.refuse_second()?;
        let here = self.here(Some(&order.point))?;
        if order.confirm != here.now.site.name {
            let found: String = order.confirm.chars().take(80).collect();
            return Err(Fault::new(FaultCode::ClusterRestoreNameWrong).with("found", found));
        }
        // A cluster that falls over and over answers now and then: who was told that nothing can be listed has agreed to that.
        let plans = [true, false].map(|answers| {
            let wanted = here.wanted(answers);
            planned(&wanted).map(|plan| (plan, findings(&wanted, &Seen { healthy: false, free: self.free() })))
        });
        for prepared in plans {
            let (plan, found) = prepared?;
            if plan.digest() == order.plan {
                let against = found.into_iter().find(Finding::stands_against);
                return match against {
                    Some(finding) => Err(Fault::new(FaultCode::ClusterRestoreBlocked).detail(finding.message)),
                    None => self.operations.begin(plan, by),
                };
            }
        }
        Err(Fault::new(FaultCode::ClusterRestoreChanged))
    }

    fn here(&self, named: Option<&str>) -> Result<Here, Fault> {
        let now = self.configurator.in_force()?;
        let points = self.points()?;
        let point = choose(&points, named, &now.applied.kubernetes).map_err(|no| no.fault())?.clone();
        let before = self.store.pin(&point.release).ok().map(|pin| pin.manifest);
        Ok(Here { now, point, before })
    }

    fn free(&self) -> u64 {
        bridle_host::facts::disk(&self.layout.data_dir()).free_mib.saturating_mul(MIB)
    }
}

impl Here {
    fn wanted(&self, answers: bool) -> Wanted<'_> {
        Wanted {
            point: &self.point,
            before: self.before.as_ref(),
            release: &self.now.release.manifest,
            applied: &self.now.applied,
            site: &self.now.site,
            place: &self.now.place,
            answers,
            number: self.now.operations,
        }
    }
}

fn planned(wanted: &Wanted<'_>) -> Result<Plan, Fault> {
    cluster_restore::plan(wanted).map_err(|error| Fault::new(FaultCode::ReleaseDamaged).because(&error))
}
