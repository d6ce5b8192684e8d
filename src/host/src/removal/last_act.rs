//! The last act: removes the agent, its programs and its files. Each of its acts may be repeated after any interruption.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bridle_core::fault::{Fault, FaultCode};
use bridle_core::port::{Clock, Command, Process};
use bridle_core::removal::{Data, LastAct};

use super::hand_over::{HandOver, order_file};
use super::tree::{self, Rules};
use super::{places, receipt};
use crate::cures::Cures;
use crate::files;
use crate::layout::Layout;
use crate::units::{self, Systemd};

/// Largest order that is read, in bytes.
const LARGEST: u64 = 64 * 1024 * 1024;
/// Units of the agent.
const OWN: [&str; 2] = [units::AGENT_SOCKET, units::AGENT];
/// What our units waited for.
const ONLINE: &str = "network-online.target";
/// What groupdel(8) says where the group is not there, and where it is somebody's own: then it is no longer only ours.
const GROUP_GONE: i32 = 6;
const GROUP_USED: i32 = 8;

/// Removes everything that is left of Bridle, but for what the order keeps; the unit that started this removes itself.
///
/// # Errors
/// A [`Fault`]; the unit tries again.
pub fn run(layout: &Layout, process: &Arc<dyn Process>, clock: &dyn Clock) -> Result<(), Fault> {
    let path = order_file(layout);
    // Without an order this act is over: the order goes only after it.
    let Some(text) = files::read_limited(&path, LARGEST)? else { return Ok(()) };
    let order = LastAct::parse(&text)
        .ok_or_else(|| Fault::new(FaultCode::FileUnreadable).with("path", path.display().to_string()))?;
    let act = Act { layout, process, systemd: Systemd::new(Arc::clone(process)), order };
    act.stop_agent()?;
    Cures::new(layout, &**process, clock).undo()?;
    act.remove_files()?;
    act.remove_group()?;
    act.remove_trees()?;
    let written: Vec<PathBuf> = ["/etc", "/usr", "/opt", "/var/lib"].iter().map(|path| layout.at(path)).collect();
    files::sync_file_systems(&written)?;
    act.hand_over().arm_rest()
}

/// Whether a removal was begun whose last act has not ended: its unit and the unit's last traces go in this order.
#[must_use]
pub fn is_pending(layout: &Layout) -> bool {
    let link = layout.units_dir().join("multi-user.target.wants").join(units::REMOVAL);
    let traces = [layout.units_dir().join(units::REMOVAL), link, layout.removal_rest()];
    traces.iter().any(|path| path.symlink_metadata().is_ok())
}

struct Act<'a> {
    layout: &'a Layout,
    process: &'a Arc<dyn Process>,
    systemd: Systemd,
    order: LastAct,
}

impl Act<'_> {
    fn stop_agent(&self) -> Result<(), Fault> {
        // The sockets first: a connection to them would bring the agent back.
        for unit in OWN {
            self.systemd.disable_now(unit)?;
        }
        for unit in OWN {
            files::remove_if_there(&self.layout.units_dir().join(unit))?;
        }
        // The administrator's own settings of a unit that is gone.
        if self.order.data == Data::Delete {
            for unit in OWN.into_iter().chain([units::K3S]) {
                self.remove(&self.layout.units_dir().join(format!("{unit}.d")))?;
            }
        }
        self.systemd.daemon_reload()?;
        for unit in OWN.into_iter().chain([units::K3S]) {
            self.systemd.reset_failed(unit)?;
        }
        // Started for our units; where nobody else wants it, it was not there before.
        self.systemd.stop_unwanted(ONLINE)
    }

    fn remove_files(&self) -> Result<(), Fault> {
        let own: BTreeSet<PathBuf> = [units::REMOVAL]
            .iter()
            .map(|unit| self.layout.units_dir().join(unit))
            .chain([self.layout.removal_rest()])
            .collect();
        for path in places::own_files(self.layout) {
            if !own.contains(&path) && !self.was_there(&path) {
                files::remove_if_there(&path)?;
            }
        }
        Ok(())
    }

    fn remove_group(&self) -> Result<(), Fault> {
        // Without a receipt nobody knows whose the group is.
        if self.order.receipt.group || self.order.receipt.paths.is_empty() {
            return Ok(());
        }
        let fault = || Fault::new(FaultCode::ProgramFailed).with("program", "groupdel");
        let command =
            Command::new("/usr/sbin/groupdel").args([receipt::GROUP]).env("LC_ALL", "C").limit(Duration::from_secs(60));
        let output = self.process.run(&command, &|| false).map_err(|error| fault().because(&error))?;
        match output.code {
            0 | GROUP_GONE | GROUP_USED => Ok(()),
            _ => Err(fault().output(&output.complaint())),
        }
    }

    fn remove_trees(&self) -> Result<(), Fault> {
        self.remove(&self.layout.at("/opt/bridle"))?;
        self.remove(&self.layout.run_dir())?;
        if self.order.data == Data::Delete {
            self.remove(&self.layout.etc_dir())?;
        }
        self.remove(&self.layout.data_dir())?;
        for folder in places::shared(self.layout) {
            if !self.order.receipt.paths.is_empty() && !self.was_there(&folder) {
                let _in_use = std::fs::remove_dir(folder);
            }
        }
        Ok(())
    }

    fn remove(&self, root: &Path) -> Result<(), Fault> {
        let stays = |path: &Path| self.stays(path);
        let mut rules = Rules { stays: &stays, go_on: &mut || true };
        tree::remove(root, &mut rules).map(drop).map_err(Fault::from)
    }

    fn stays(&self, path: &Path) -> bool {
        let layout = self.layout;
        // This very program and its order go with the unit's own commands.
        if path.starts_with(layout.removal_dir()) || self.was_there(path) {
            return true;
        }
        let kept = [layout.volumes_dir(), layout.kept_dir(), layout.config_dir(), layout.receipt_file()];
        self.order.data == Data::Keep && kept.iter().any(|kept| path.starts_with(kept))
    }

    fn was_there(&self, path: &Path) -> bool {
        self.order.receipt.paths.contains_key(&receipt::name(self.layout, path))
    }

    fn hand_over(&self) -> HandOver<'_> {
        let (data, receipt) = (self.order.data, &self.order.receipt);
        HandOver { layout: self.layout, systemd: &self.systemd, data, receipt }
    }
}
