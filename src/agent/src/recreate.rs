//! Renewing the applications: what it would do, and its beginning.

use std::sync::Arc;

use bridle_core::fault::{Fault, FaultCode};
use bridle_core::operation::{OperationState, OperationView};
use bridle_core::plan::install::Place;
use bridle_core::plan::recreate::{self, RecreateOrder, RecreateView};
use bridle_core::plan::{OperationKind, Plan};
use bridle_core::port::SealedSecrets as _;
use bridle_core::release::ReleaseManifest;
use bridle_core::removal::Data;
use bridle_core::site::Site;
use bridle_core::step::{HostStep, Step};
use bridle_host::configuration::Revisions;
use bridle_host::files::Lock;
use bridle_host::layout::Layout;
use bridle_host::removal::inventory;
use bridle_host::sealed::Sealed;

use crate::observe::Sight;
use crate::operations::Operations;
use crate::store::SharedStore;

/// Begins renewals.
pub(crate) struct Renewer {
    layout: Layout,
    operations: Arc<Operations>,
    store: Arc<SharedStore>,
    sight: Arc<dyn Sight>,
}

impl Renewer {
    pub(crate) fn new(
        layout: Layout,
        operations: Arc<Operations>,
        store: Arc<SharedStore>,
        sight: Arc<dyn Sight>,
    ) -> Self {
        Self { layout, operations, store, sight }
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
        // An installer that places a release at this moment will hand over an operation of its own.
        let lock = Lock::try_acquire(&self.layout.installer_lock())?;
        let _lock = lock.ok_or_else(|| Fault::new(FaultCode::OperationRunning).with("operation", "install"))?;
        self.operations.refuse_second()?;
        let (_, _, plan) = self.plan()?;
        if plan.digest() != order.plan {
            return Err(Fault::new(FaultCode::RecreateChanged));
        }
        self.operations.begin(plan, by)
    }

    fn plan(&self) -> Result<(ReleaseManifest, Site, Plan), Fault> {
        let nothing = || Fault::new(FaultCode::NothingInstalled);
        let installed = self.operations.installed().ok_or_else(nothing)?;
        let pins =
            self.store.store().releases().map_err(|error| Fault::new(FaultCode::StoreDamaged).because(&error))?;
        let pin = pins.into_iter().find(|pin| pin.id() == installed);
        let release = pin.ok_or_else(|| Fault::new(FaultCode::ReleaseAbsent).with("release", installed))?.manifest;
        let site = self.site()?;
        let place = self.place()?.ok_or_else(nothing)?;
        let plan =
            recreate::plan(&release, &site, &place).map_err(|error| Fault::new(FaultCode::Internal).because(&error))?;
        Ok((release, site, plan))
    }

    fn site(&self) -> Result<Site, Fault> {
        // What is in force, not what somebody may be writing.
        let revisions = Revisions::on_disk(&self.layout);
        let in_force = revisions.in_force()?.map(|(_, profile)| profile);
        let profile = in_force.map_or_else(|| revisions.file(), Ok)?;
        let invalid =
            || Fault::new(FaultCode::ProfileInvalid).with("path", self.layout.site_file().display().to_string());
        let site = profile.site();
        let mut site = site.map_err(|errors| errors.iter().fold(invalid(), |fault, error| fault.because(error)))?;
        site.services.sealed = Sealed::new(&self.layout).in_force()?;
        Ok(site)
    }

    /// Where the cluster was made: its node never gets another name or address.
    fn place(&self) -> Result<Option<Place>, Fault> {
        let install = inventory::installed(&self.layout, true, Data::Keep)?.install;
        let settings = install.iter().flat_map(|plan| plan.steps()).find_map(|planned| match &planned.step {
            Step::Host(HostStep::ConfigureKubernetes(settings)) => Some(settings),
            _ => None,
        });
        Ok(settings.map(|settings| Place { node: settings.node.clone(), address: settings.address.clone() }))
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
