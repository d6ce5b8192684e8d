//! Renewing the applications: what it would do, and its beginning.

use std::sync::Arc;

use bridle_core::fault::{Fault, FaultCode};
use bridle_core::operation::{OperationState, OperationView};
use bridle_core::plan::recreate::{self, RecreateOrder, RecreateView};
use bridle_core::plan::{OperationKind, Plan};
use bridle_core::release::ReleaseManifest;
use bridle_core::site::Site;
use bridle_host::layout::Layout;

use crate::configuration::{Configurator, InForce};
use crate::installer;
use crate::observe::Sight;
use crate::operations::Operations;

/// Begins renewals.
pub(crate) struct Renewer {
    layout: Layout,
    operations: Arc<Operations>,
    configurator: Arc<Configurator>,
    sight: Arc<dyn Sight>,
}

impl Renewer {
    pub(crate) fn new(
        layout: Layout,
        operations: Arc<Operations>,
        configurator: Arc<Configurator>,
        sight: Arc<dyn Sight>,
    ) -> Self {
        Self { layout, operations, configurator, sight }
    }

    /// What would go and what would stay; takes some dozen requests to Kubernetes.
    ///
    /// # Errors
    /// `NothingInstalled`, or a [`Fault`] if release, profile or journals cannot be read.
    pub(crate) fn view(&self) -> Result<RecreateView, Fault> {
        let (release, site, plan) = self.plan()?;
        let seen = self.sight.belongings(&recreate::removed(&plan), &release.secrets);
        if let Err(fault) = &seen {
            tracing::warn!(code = fault.code.code(), causes = ?fault.causes, "what belongs to the applications");
        }
        let is_seen = seen.is_ok();
        let belongings = seen.unwrap_or_default();
        Ok(RecreateView {
            release: release.id(),
            site: site.name,
            steps: plan.steps().iter().map(|step| step.step.title()).collect(),
            plan: plan.digest(),
            millis: took(&self.operations.list()?),
            going: belongings.own,
            data: belongings.data,
            secrets: belongings.secrets,
            foreign: belongings.foreign,
            seen: is_seen,
        })
    }

    /// Begins what was looked at.
    ///
    /// # Errors
    /// A [`Fault`] if another operation is open, or the plan is not the one that was looked at.
    pub(crate) fn begin(&self, order: &RecreateOrder, by: &str) -> Result<OperationView, Fault> {
        let _installer = installer::keep_out(&self.layout)?;
        self.operations.refuse_second()?;
        let (_, _, plan) = self.plan()?;
        if plan.digest() != order.plan {
            return Err(Fault::new(FaultCode::RecreateChanged));
        }
        self.operations.begin(plan, by)
    }

    fn plan(&self) -> Result<(ReleaseManifest, Site, Plan), Fault> {
        let InForce { release, place, site, profile, .. } = self.configurator.in_force()?;
        // Of one that cannot be read, what is in force holds as much as could be: not enough to make everything anew of it.
        let invalid =
            || Fault::new(FaultCode::ProfileInvalid).with("path", self.layout.site_file().display().to_string());
        profile.site().map_err(|errors| errors.iter().fold(invalid(), |fault, error| fault.because(error)))?;
        let release = release.manifest;
        let plan =
            recreate::plan(&release, &site, &place).map_err(|error| Fault::new(FaultCode::Internal).because(&error))?;
        Ok((release, site, plan))
    }
}

/// How long the last renewal took, else the charts and probes of the last installation, in milliseconds.
fn took(operations: &[OperationView]) -> Option<u64> {
    let committed = |kind| {
        let ended = move |view: &&OperationView| view.kind == kind && view.state == OperationState::Committed;
        operations.iter().find(ended)
    };
    if let Some(view) = committed(OperationKind::Recreate) {
        return Some(view.ended?.0.saturating_sub(view.started.0));
    }
    let again = ["step-chart", "step-charts", "step-probes"];
    let steps =
        committed(OperationKind::Install)?.steps.iter().filter(|step| again.contains(&step.title.code.as_ref()));
    Some(steps.filter_map(|step| step.millis).sum())
}
