//! Uninstalling: what it would do, its beginning, and what follows its end.

use std::path::Path;
use std::sync::Arc;

use bridle_core::fault::{Fault, FaultCode};
use bridle_core::operation::{OperationState, OperationView};
use bridle_core::plan::uninstall::{self, Installed};
use bridle_core::plan::{OperationKind, Plan};
use bridle_core::port::Process;
use bridle_core::removal::{Data, RemovalOrder, RemovalView, lists};
use bridle_host::clock::SystemClock;
use bridle_host::files;
use bridle_host::layout::Layout;
use bridle_host::process::Processes;
use bridle_host::removal::{Keeper, inventory, last_act};
use bridle_host::units::{self, Systemd};

use crate::installer;
use crate::observe::Sight;
use crate::operations::Operations;

/// Begins uninstallations.
pub(crate) struct Remover {
    layout: Layout,
    operations: Arc<Operations>,
    sight: Arc<dyn Sight>,
}

impl Remover {
    pub(crate) fn new(layout: Layout, operations: Arc<Operations>, sight: Arc<dyn Sight>) -> Self {
        Self { layout, operations, sight }
    }

    /// What would go and what would stay; takes as long as the files need to be counted.
    ///
    /// # Errors
    /// A [`Fault`] if a journal cannot be read.
    pub(crate) fn view(&self, data: Data) -> Result<RemovalView, Fault> {
        let (installed, plan) = self.plan(data)?;
        let (going, staying) = lists(inventory::items(&self.layout), data);
        Ok(RemovalView {
            data,
            names: inventory::names(&self.layout, &installed),
            release: installed.release,
            steps: plan.steps().iter().map(|step| step.step.title()).collect(),
            plan: plan.digest(),
            going,
            staying,
        })
    }

    /// Begins what was looked at.
    ///
    /// # Errors
    /// A [`Fault`] if another operation is open, the name is missing or wrong, or the host has changed since.
    pub(crate) fn begin(&self, order: &RemovalOrder, by: &str) -> Result<OperationView, Fault> {
        let _installer = installer::keep_out(&self.layout)?;
        self.operations.refuse_second()?;
        let (installed, plan) = self.plan(order.data)?;
        if order.data == Data::Delete {
            confirmed(order.confirm.as_deref(), &inventory::names(&self.layout, &installed))?;
        }
        if plan.digest() != order.plan {
            return Err(Fault::new(FaultCode::RemovalChanged));
        }
        self.operations.begin(plan, by)
    }

    fn plan(&self, data: Data) -> Result<(Installed, Plan), Fault> {
        let api = self.layout.kubeconfig().is_file() && self.sight.look().is_ok();
        let installed = inventory::installed(&self.layout, api, data)?;
        let plan =
            uninstall::plan(&installed, data).map_err(|error| Fault::new(FaultCode::Internal).because(&error))?;
        Ok((installed, plan))
    }
}

fn confirmed(typed: Option<&str>, names: &[String]) -> Result<(), Fault> {
    let first = names.first().map(String::as_str).unwrap_or_default();
    let typed = typed.ok_or_else(|| {
        Fault::new(FaultCode::RemovalUnconfirmed).with("flag", format!("--delete-data --confirm {first}"))
    })?;
    if names.iter().any(|name| name == typed) {
        return Ok(());
    }
    let found: String = typed.chars().take(80).collect();
    Err(Fault::new(FaultCode::RemovalNameWrong).with("found", found))
}

/// What an operation's end brings with it on this machine; repeated by the next start of the agent, if that came between.
pub(crate) fn follow(layout: &Layout, view: &OperationView) {
    let done = match (view.kind, view.state) {
        // An installation uses its own copies of what was kept.
        (OperationKind::Install | OperationKind::RestoreCluster, OperationState::Committed) => {
            Keeper::new(layout.clone()).forget()
        }
        (OperationKind::Uninstall, OperationState::Committed) => {
            Systemd::new(Arc::new(Processes)).start(units::REMOVAL)
        }
        _ => Ok(()),
    };
    if let Err(fault) = done {
        tracing::warn!(operation = %view.id, code = fault.code.code(), causes = ?fault.causes, "after the end");
    }
}

/// The last act of an uninstallation on this machine: run by its own unit from a copy of this program.
///
/// # Errors
/// A [`Fault`]; the unit tries again.
pub fn remove_rest() -> Result<(), Fault> {
    let process: Arc<dyn Process> = Arc::new(Processes);
    last_act(&Layout::system(), &process, &SystemClock)
}

/// Whether a removal was begun below `root` whose last act has not ended.
#[must_use]
pub fn removal_is_pending(root: &Path) -> bool {
    bridle_host::removal::is_pending(&Layout::under(root))
}

/// Brings an agent up that an interrupted installation or an administrator left stopped or without its unit.
///
/// # Errors
/// A [`Fault`] if it is not allowed or systemd refuses.
pub fn wake() -> Result<(), Fault> {
    if !rustix::process::geteuid().is_root() {
        return Err(Fault::new(FaultCode::NotRoot));
    }
    let layout = Layout::system();
    let systemd = Systemd::new(Arc::new(Processes));
    if removal_is_pending(Path::new("/")) {
        return systemd.start(units::REMOVAL);
    }
    let mut new = false;
    for (unit, text) in units::of_agent() {
        let path = layout.units_dir().join(unit);
        if !path.exists() {
            files::write_atomic(&path, text.as_bytes(), 0o644)?;
            new = true;
        }
    }
    if new {
        systemd.daemon_reload()?;
    }
    for (unit, _) in units::of_agent() {
        systemd.reset_failed(unit)?;
        systemd.enable(unit)?;
    }
    systemd.start(units::AGENT)
}

#[cfg(test)]
mod tests;
