//! Taking away what an installation brought, and nothing else: what was there before is known from the receipt.

mod hand_over;
pub mod inventory;
mod kept;
mod kernel;
mod last_act;
mod mounts;
mod network;
mod places;
mod receipt;
#[cfg(test)]
mod tests;
mod tree;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bridle_core::fault::Fault;
use bridle_core::message::Message;
use bridle_core::port::{Attempt, Clock, Process};
use bridle_core::removal::{Data, Receipt};
use bridle_core::step::Standing;

use crate::layout::Layout;
use crate::units::Systemd;
use hand_over::HandOver;
use network::Network;
use tree::Rules;

pub use kept::Keeper;
pub use last_act::{is_pending, run as last_act};
pub use receipt::record;

/// Largest list of sockets that is read, in bytes.
const LARGEST: u64 = 64 * 1024 * 1024;

/// What removes things of this host; the steps of an uninstallation.
pub struct Removal {
    layout: Layout,
    process: Arc<dyn Process>,
    clock: Arc<dyn Clock>,
    systemd: Systemd,
}

impl Removal {
    /// Over these ports.
    #[must_use]
    pub fn new(layout: Layout, process: Arc<dyn Process>, clock: Arc<dyn Clock>) -> Self {
        let systemd = Systemd::new(Arc::clone(&process));
        Self { layout, process, clock, systemd }
    }

    /// Whether nothing of Kubernetes runs, is mounted, or is in the network any more.
    ///
    /// # Errors
    /// A [`Fault`] if that cannot be told.
    pub fn node_cleared(&self) -> Result<Standing, Fault> {
        let receipt = receipt::read(&self.layout)?;
        let traces = |what: String| Ok(Standing::Missing(Message::new("missing-node-traces").with("what", what)));
        if let Some(pid) = kernel::programs(&self.layout).first() {
            return traces(format!("/proc/{pid}"));
        }
        if let Some(mount) = mounts::left(&self.layout, &receipt)? {
            return traces(mount.display().to_string());
        }
        if let Some(name) = self.network(&receipt).left()? {
            return traces(name);
        }
        match kernel::group_left(&self.layout) {
            Some(group) => traces(group.display().to_string()),
            None => Ok(Standing::Done),
        }
    }

    /// Ends what still runs of Kubernetes and takes back what it changed in the running system.
    ///
    /// # Errors
    /// A [`Fault`] if something stays mounted or a program of the host fails.
    pub fn clear_node(&self) -> Result<(), Fault> {
        let receipt = receipt::read(&self.layout)?;
        kernel::kill(&self.layout, &*self.clock);
        // What the probe does not see comes first: where the power goes after it, the boot takes it back anyway.
        kernel::restore(&self.layout, &receipt, &*self.process);
        self.network(&receipt).clear()?;
        mounts::undo(&self.layout, &receipt, &*self.process)?;
        self.remove_namespaces();
        kernel::remove_groups(&self.layout);
        Ok(())
    }

    /// Whether no file of Kubernetes is left.
    ///
    /// # Errors
    /// A [`Fault`] if the receipt cannot be used.
    pub fn kubernetes_removed(&self) -> Result<Standing, Fault> {
        let receipt = receipt::read(&self.layout)?;
        Ok(self.gone(&places::kubernetes(&self.layout), &receipt))
    }

    /// Removes the files of Kubernetes.
    ///
    /// # Errors
    /// A [`Fault`] if one cannot be removed, or something is mounted among them.
    pub fn remove_kubernetes(&self, attempt: &mut Attempt<'_>) -> Result<(), Fault> {
        let receipt = receipt::read(&self.layout)?;
        // The boot may have mounted nothing, but a kubelet that was started since has.
        mounts::undo(&self.layout, &receipt, &*self.process)?;
        for tree in places::kubernetes(&self.layout) {
            self.remove(&tree, &receipt, attempt)?;
        }
        self.remove_traces(&receipt);
        receipt::restore_modes(&self.layout, &receipt);
        Ok(())
    }

    /// Whether there is no volume left.
    ///
    /// # Errors
    /// A [`Fault`] if the receipt cannot be used.
    pub fn volumes_removed(&self) -> Result<Standing, Fault> {
        let receipt = receipt::read(&self.layout)?;
        Ok(self.gone(&[self.layout.volumes_dir()], &receipt))
    }

    /// Removes the volumes of the applications.
    ///
    /// # Errors
    /// A [`Fault`] if one cannot be removed, or something is mounted among them.
    pub fn remove_volumes(&self, attempt: &mut Attempt<'_>) -> Result<(), Fault> {
        self.remove(&self.layout.volumes_dir(), &receipt::read(&self.layout)?, attempt)
    }

    /// Whether the store holds no blob and no pin; its empty folders are the running agent's.
    #[must_use]
    pub fn store_removed(&self) -> Standing {
        first_file(&self.layout.store_dir()).map_or(Standing::Done, still_there)
    }

    /// Removes the store.
    ///
    /// # Errors
    /// A [`Fault`] if a file cannot be removed.
    pub fn remove_store(&self, attempt: &mut Attempt<'_>) -> Result<(), Fault> {
        self.remove(&self.layout.store_dir(), &receipt::read(&self.layout)?, attempt)
    }

    /// Whether the last act is in place.
    ///
    /// # Errors
    /// A [`Fault`] if a file cannot be read or systemd not be asked.
    pub fn handed_over(&self, data: Data) -> Result<Standing, Fault> {
        let receipt = receipt::read(&self.layout)?;
        let done = self.hand_over_with(data, &receipt).is_done()?;
        Ok(if done { Standing::Done } else { Standing::Missing(Message::new("missing-removal-unit")) })
    }

    /// Puts the last act in place; it is started when the operation has ended, or at the next boot.
    ///
    /// # Errors
    /// A [`Fault`] if a file cannot be written or systemd refuses.
    pub fn hand_over(&self, data: Data) -> Result<(), Fault> {
        let receipt = receipt::read(&self.layout)?;
        self.hand_over_with(data, &receipt).put()
    }

    fn hand_over_with<'a>(&'a self, data: Data, receipt: &'a Receipt) -> HandOver<'a> {
        HandOver { layout: &self.layout, systemd: &self.systemd, data, receipt }
    }

    fn network<'a>(&'a self, receipt: &'a Receipt) -> Network<'a> {
        Network { layout: &self.layout, process: &*self.process, receipt }
    }

    fn remove(&self, tree: &Path, receipt: &Receipt, attempt: &mut Attempt<'_>) -> Result<(), Fault> {
        let until = self.clock.monotonic() + attempt.limit;
        let stays = |path: &Path| self.was_there(path, receipt);
        let mut go_on = || !(attempt.stop)() && self.clock.monotonic() < until;
        tree::remove(tree, &mut Rules { stays: &stays, go_on: &mut go_on }).map(drop).map_err(Fault::from)
    }

    fn gone(&self, trees: &[PathBuf], receipt: &Receipt) -> Standing {
        let left = trees.iter().find_map(|tree| tree::left(tree, &|path| self.was_there(path, receipt)));
        left.map_or(Standing::Done, still_there)
    }

    fn was_there(&self, path: &Path, receipt: &Receipt) -> bool {
        receipt.paths.contains_key(&receipt::name(&self.layout, path))
    }

    /// The names of pods' network namespaces, once nothing is mounted on them.
    fn remove_namespaces(&self) {
        let entries = fs::read_dir(self.layout.at("/run/netns")).into_iter().flatten().flatten();
        for entry in entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("cni-")) {
            let _the_probe_looks = fs::remove_file(entry.path());
        }
    }

    /// What containerd and CNI leave in folders that others use, too: sockets that nobody listens on, and flannel's results.
    fn remove_traces(&self, receipt: &Receipt) {
        let used =
            crate::files::read_limited(&self.layout.at("/proc/net/unix"), LARGEST).ok().flatten().unwrap_or_default();
        let traces = [
            ("run/containerd/s", ""),
            ("run/nri", ""),
            ("var/lib/cni/results", "cbr0-"),
            ("var/lib/cni/results", "cni-loopback-"),
        ];
        for (folder, beginning) in traces {
            for entry in fs::read_dir(self.layout.at(folder)).into_iter().flatten().flatten() {
                let path = entry.path();
                let name = receipt::name(&self.layout, &path);
                let foreign = !entry.file_name().to_string_lossy().starts_with(beginning) || used.contains(&name);
                if !foreign && !self.was_there(&path, receipt) {
                    let _left_to_the_others = fs::remove_file(path);
                }
            }
        }
        for folder in places::shared(&self.layout) {
            if !receipt.paths.is_empty() && !self.was_there(&folder, receipt) {
                let _not_empty = fs::remove_dir(folder);
            }
        }
    }
}

fn still_there(path: PathBuf) -> Standing {
    Standing::Missing(Message::new("missing-still-there").with("path", path.display().to_string()))
}

/// The first file of the store that is not its lock.
fn first_file(folder: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.into_iter().find_map(|path| match path.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => first_file(&path),
        Ok(_) if path.file_name().is_some_and(|name| name != "lock") => Some(path),
        _ => None,
    })
}
