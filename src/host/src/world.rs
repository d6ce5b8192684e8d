//! The port [`Host`] over the real machine.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use bridle_core::digest::Digest;
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::port::{Attempt, Clock, Host, Process};
use bridle_core::release::ReleaseManifest;
use bridle_core::step::{HostStep, KubernetesSwitch, Standing, Step};

use crate::certificates::Authority;
use crate::configuration::Revisions;
use crate::k3s::K3s;
use crate::layout::Layout;
use crate::removal::Removal;
use crate::restore_point::RestorePoints;
use crate::units::Systemd;
use crate::{files, programs, serving, settle, trial};

/// What the host needs to know of the store; the agent gives it.
pub trait Releases: Send + Sync {
    /// How many blobs that the release names are not in the store.
    ///
    /// # Errors
    /// A [`Fault`] if the store cannot be read.
    fn missing(&self, id: &str) -> Result<usize, Fault>;

    /// Releases that are older than all of `keep`.
    ///
    /// # Errors
    /// A [`Fault`] if the store cannot be read.
    fn surplus(&self, keep: &[String]) -> Result<Vec<String>, Fault>;

    /// Takes these releases out of the store, with their programs.
    ///
    /// # Errors
    /// A [`Fault`] if one of them is used or cannot be removed.
    fn prune(&self, keep: &[String]) -> Result<(), Fault>;

    /// What the pinned release `id` is made of.
    ///
    /// # Errors
    /// A [`Fault`] if there is none, or the store cannot be read.
    fn release(&self, id: &str) -> Result<ReleaseManifest, Fault>;

    /// Where a blob is; nothing if it is not there.
    fn blob(&self, digest: &Digest) -> Option<PathBuf>;

    /// Lets the registry serve references as the release `id` means them.
    fn prefer(&self, id: &str);
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
    process: Arc<dyn Process>,
    systemd: Systemd,
    /// The release that this very program is of.
    running: Option<String>,
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
        let k3s = K3s::new(layout.clone(), Arc::clone(&process), Arc::clone(&clock));
        let revisions = Revisions::on_disk(&layout);
        let (systemd, running) = (Systemd::new(Arc::clone(&process)), programs::running(&layout));
        Self { layout, k3s, removal, authority, releases, revisions, clock, process, systemd, running }
    }

    fn restore_points(&self) -> RestorePoints<'_> {
        RestorePoints::new(&self.layout, &*self.process, &*self.clock)
    }

    fn switch_agent(&self, release: &str, from: &str) -> Result<(), Fault> {
        self.place(release)?;
        trial::switch(&self.layout, release, from, self.running.as_deref())
    }

    fn switch_kubernetes(&self, switch: &KubernetesSwitch, attempt: &mut Attempt<'_>) -> Result<(), Fault> {
        self.place(&switch.settings.release)?;
        self.k3s.switch(switch, attempt)
    }

    /// Puts the programs of a release in place, where they are not there already.
    fn place(&self, release: &str) -> Result<(), Fault> {
        let manifest = self.releases.release(release)?;
        programs::place(&self.layout, &manifest, &|digest| self.releases.blob(digest))
    }

    fn images_served(&self, release: &str, moved: &[String]) -> Result<Standing, Fault> {
        let manifest = self.releases.release(release)?;
        serving::standing(&self.layout, &*self.process, release, &meanings(&manifest, moved))
    }

    /// The registry first: whoever pulls again what containerd forgot must get the other image.
    fn serve_images(&self, release: &str, moved: &[String]) -> Result<(), Fault> {
        let manifest = self.releases.release(release)?;
        serving::write(&self.layout, release)?;
        self.releases.prefer(release);
        serving::forget(&self.layout, &*self.process, &meanings(&manifest, moved))
    }

    fn points_pruned(&self, keep: &[String]) -> Result<Standing, Fault> {
        let left = self.restore_points().list()?.into_iter().find(|point| !keep.contains(point));
        Ok(left
            .map_or(Standing::Done, |name| Standing::Missing(Message::new("missing-still-there").with("path", name))))
    }

    fn pruned(&self, keep: &[String], points: &[String]) -> Result<Standing, Fault> {
        let points = self.restore_points().list()?.into_iter().filter(|point| !points.contains(point));
        let left = self.releases.surplus(keep)?.into_iter().chain(points).next();
        Ok(left
            .map_or(Standing::Done, |name| Standing::Missing(Message::new("missing-still-there").with("path", name))))
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
            HostStep::RestorePoint(point) => self.restore_points().standing(point),
            HostStep::SwitchAgent { release, .. } => trial::standing(&self.layout, release, self.running.as_deref()),
            HostStep::ServeImages { release, moved } => self.images_served(release, moved),
            HostStep::SwitchKubernetes(switch) => self.k3s.switched(switch),
            HostStep::ReturnKubernetes { point, release, version } => self.k3s.returned(point, release, version),
            HostStep::RestoreDatastore(restore) => self.k3s.restored(restore),
            HostStep::SettlePrograms { release } => settle::standing(&self.layout, &self.systemd, release),
            HostStep::PruneRestorePoints { keep } => self.points_pruned(keep),
            HostStep::PruneReleases { keep, points } => self.pruned(keep, points),
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
            HostStep::RestorePoint(point) => self.restore_points().make(point, attempt),
            HostStep::SwitchAgent { release, from } => self.switch_agent(release, from),
            HostStep::ServeImages { release, moved } => self.serve_images(release, moved),
            HostStep::SwitchKubernetes(switch) => self.switch_kubernetes(switch, attempt),
            HostStep::ReturnKubernetes { point, release, version } => {
                self.k3s.put_back(point, release, version, attempt)
            }
            HostStep::RestoreDatastore(restore) => {
                self.place(&restore.switch.settings.release)?;
                self.k3s.restore(restore, attempt)
            }
            HostStep::SettlePrograms { release } => settle::settle(&self.layout, &self.systemd, release),
            HostStep::PruneRestorePoints { keep } => self.restore_points().prune(keep),
            HostStep::PruneReleases { keep, points } => {
                self.releases.prune(keep)?;
                self.restore_points().prune(points)
            }
        }
    }

    fn sync(&self, step: &Step) -> Result<(), Fault> {
        // What others wrote in a step lies below these; our own files are synced one by one.
        let written = match step {
            Step::Host(HostStep::ClearNode) => Vec::new(),
            // What is known of repositories; what is in them is on disk when their store says so.
            Step::Vault(_) => vec![self.layout.data_dir()],
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
                | HostStep::RestoreDatastore(_)
                | HostStep::Configuration { .. }
                | HostStep::SettlePrograms { .. }
                | HostStep::PruneRestorePoints { .. }
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

/// What the release means by these references; those that it does not have mean nothing any more.
fn meanings<'a>(release: &ReleaseManifest, moved: &'a [String]) -> BTreeMap<&'a str, Digest> {
    let meaning = |reference: &'a String| Some((reference.as_str(), release.images.get(reference)?.manifest));
    moved.iter().filter_map(meaning).collect()
}
