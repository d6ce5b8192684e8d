//! The port [`Host`] over the real machine.

use std::sync::Arc;

use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::port::{Attempt, Clock, Host, Process};
use bridle_core::step::{HostStep, Standing, Step};

use crate::certificates::Authority;
use crate::configuration::Revisions;
use crate::files;
use crate::k3s::K3s;
use crate::layout::Layout;
use crate::removal::Removal;

/// What the host needs to know of the store; the agent gives it.
pub trait Releases: Send + Sync {
    /// How many blobs that the release names are not in the store.
    ///
    /// # Errors
    /// A [`Fault`] if the store cannot be read.
    fn missing(&self, id: &str) -> Result<usize, Fault>;
}

/// This machine.
pub struct Machine {
    layout: Layout,
    k3s: K3s,
    removal: Removal,
    authority: Arc<Authority>,
    releases: Arc<dyn Releases>,
    revisions: Revisions,
    clock: Arc<dyn Clock>,
}

impl Machine {
    /// Over these ports.
    #[must_use]
    pub fn new(
        layout: Layout,
        process: Arc<dyn Process>,
        clock: Arc<dyn Clock>,
        authority: Arc<Authority>,
        releases: Arc<dyn Releases>,
    ) -> Self {
        let removal = Removal::new(layout.clone(), Arc::clone(&process), Arc::clone(&clock));
        let k3s = K3s::new(layout.clone(), process, Arc::clone(&clock));
        let revisions = Revisions::on_disk(&layout);
        Self { layout, k3s, removal, authority, releases, revisions, clock }
    }
}

impl Host for Machine {
    fn probe(&self, step: &HostStep) -> Result<Standing, Fault> {
        match step {
            HostStep::StoreComplete { release } => match self.releases.missing(release)? {
                0 => Ok(Standing::Done),
                count => Ok(Standing::Missing(Message::new("missing-blobs").with("count", count))),
            },
            HostStep::FrontDoorCertificate { host } => self.authority.standing(host),
            HostStep::ConfigureKubernetes(settings) => self.k3s.configured(settings),
            HostStep::StartKubernetes { version } => self.k3s.started(version),
            HostStep::StopKubernetes => self.k3s.stopped(),
            HostStep::ForgetKubernetes => Ok(self.k3s.forgotten()),
            HostStep::ClearNode => self.removal.node_cleared(),
            HostStep::RemoveKubernetes => self.removal.kubernetes_removed(),
            HostStep::RemoveVolumes => self.removal.volumes_removed(),
            HostStep::RemoveStore => Ok(self.removal.store_removed()),
            HostStep::HandOverRemoval { data } => self.removal.handed_over(*data),
            HostStep::Configuration { revision, text } => self.revisions.standing(*revision, text),
            HostStep::RestorePoint(_)
            | HostStep::SwitchAgent { .. }
            | HostStep::ServeImages { .. }
            | HostStep::SwitchKubernetes(_)
            | HostStep::ReturnKubernetes { .. }
            | HostStep::SettlePrograms { .. }
            | HostStep::PruneReleases { .. } => Err(Fault::new(FaultCode::Internal)),
        }
    }

    fn apply(&self, step: &HostStep, attempt: &mut Attempt<'_>) -> Result<(), Fault> {
        match step {
            // Blobs come only from the release file; the installer put them here, and says how to bring them back.
            HostStep::StoreComplete { release } => match self.releases.missing(release)? {
                0 => Ok(()),
                count => {
                    Err(Fault::new(FaultCode::StoreDamaged).detail(Message::new("missing-blobs").with("count", count)))
                }
            },
            HostStep::FrontDoorCertificate { host } => self.authority.issue(host),
            HostStep::ConfigureKubernetes(settings) => self.k3s.configure(settings),
            HostStep::StartKubernetes { version } => self.k3s.start(version, attempt),
            HostStep::StopKubernetes => self.k3s.stop(),
            HostStep::ForgetKubernetes => self.k3s.forget(),
            HostStep::ClearNode => self.removal.clear_node(),
            HostStep::RemoveKubernetes => self.removal.remove_kubernetes(attempt),
            HostStep::RemoveVolumes => self.removal.remove_volumes(attempt),
            HostStep::RemoveStore => self.removal.remove_store(attempt),
            HostStep::HandOverRemoval { data } => self.removal.hand_over(*data),
            HostStep::Configuration { revision, text } => self.revisions.put(*revision, text, self.clock.now()),
            HostStep::RestorePoint(_)
            | HostStep::SwitchAgent { .. }
            | HostStep::ServeImages { .. }
            | HostStep::SwitchKubernetes(_)
            | HostStep::ReturnKubernetes { .. }
            | HostStep::SettlePrograms { .. }
            | HostStep::PruneReleases { .. } => Err(Fault::new(FaultCode::Internal)),
        }
    }

    fn sync(&self, step: &Step) -> Result<(), Fault> {
        // What others wrote in a step lies below these; our own files are synced one by one.
        let written = match step {
            Step::Host(HostStep::ClearNode) => Vec::new(),
            // Synced one by one; but where nothing was left to do, an interrupted installer may have been stopped before that.
            Step::Host(HostStep::StoreComplete { .. } | HostStep::FrontDoorCertificate { .. }) => {
                vec![self.layout.data_dir()]
            }
            Step::Host(
                HostStep::RestorePoint(_)
                | HostStep::SwitchAgent { .. }
                | HostStep::ServeImages { .. }
                | HostStep::SwitchKubernetes(_)
                | HostStep::ReturnKubernetes { .. }
                | HostStep::Configuration { .. }
                | HostStep::SettlePrograms { .. }
                | HostStep::PruneReleases { .. },
            ) => vec![
                self.layout.at("/etc"),
                self.layout.at("/opt"),
                self.layout.at("/usr"),
                self.layout.k3s_data(),
                self.layout.data_dir(),
            ],
            // What was removed must not come back after a power cut.
            Step::Host(
                HostStep::RemoveKubernetes
                | HostStep::RemoveVolumes
                | HostStep::RemoveStore
                | HostStep::HandOverRemoval { .. },
            ) => ["/etc", "/usr", "/var/lib", "/var/log"]
                .iter()
                .map(|path| self.layout.at(path))
                .chain([self.layout.data_dir(), self.layout.volumes_dir()])
                .collect(),
            Step::Host(HostStep::ConfigureKubernetes(_) | HostStep::ForgetKubernetes) => {
                vec![self.layout.at("/etc"), self.layout.local_bin(), self.layout.k3s_data(), self.layout.data_dir()]
            }
            Step::Host(HostStep::StartKubernetes { .. } | HostStep::StopKubernetes) | Step::Cluster(_) => vec![
                self.layout.k3s_data(),
                self.layout.kubelet_data(),
                self.layout.volumes_dir(),
                self.layout.data_dir(),
                self.layout.at("/etc"),
            ],
        };
        Ok(files::sync_file_systems(&written)?)
    }
}
