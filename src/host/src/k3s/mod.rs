//! k3s as files and a service, through its public contract only (`k3s-contract.md`).

pub mod config;
mod outage;
mod pods;
mod reset;
mod service;
mod switch;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bridle_core::fault::Fault;
use bridle_core::message::Message;
use bridle_core::port::{Attempt, Clock, Process};
use bridle_core::step::{KubernetesSettings, Standing};

use crate::commands::{self, Place};
use crate::files;
use crate::layout::Layout;
use crate::units::{self, Systemd};
pub use outage::ApiOutages;
use service::{Service, Wanted};

/// k3s on this host.
pub struct K3s {
    layout: Layout,
    systemd: Systemd,
    process: Arc<dyn Process>,
    clock: Arc<dyn Clock>,
}

impl K3s {
    /// Over these ports.
    #[must_use]
    pub fn new(layout: Layout, process: Arc<dyn Process>, clock: Arc<dyn Clock>) -> Self {
        Self { layout, systemd: Systemd::new(process.clone()), process, clock }
    }

    /// Whether configuration, unit and links are as `settings` say.
    ///
    /// # Errors
    /// A [`Fault`] if a file cannot be read.
    pub fn configured(&self, settings: &KubernetesSettings) -> Result<Standing, Fault> {
        for file in self.wanted_files(settings) {
            if files::read_limited(&file.path, 1024 * 1024)?.as_deref() != Some(&file.text) {
                return Ok(missing_file(&file.path));
            }
        }
        for (link, target) in commands::of_kubernetes(&self.layout) {
            // What is somebody else's stays; the preflight says so.
            if !matches!(commands::place(&self.layout, &link, &target), Place::Linked | Place::Taken) {
                return Ok(missing_file(&link));
            }
        }
        Ok(Standing::Done)
    }

    /// Writes configuration, unit and links.
    ///
    /// # Errors
    /// A [`Fault`] if a file cannot be written or systemd does not take the unit.
    pub fn configure(&self, settings: &KubernetesSettings) -> Result<(), Fault> {
        for file in self.wanted_files(settings) {
            files::make_dirs(file.path.parent().unwrap_or(Path::new("/")), 0o755)?;
            files::write_atomic(&file.path, file.text.as_bytes(), file.mode)?;
        }
        for (link, target) in commands::of_kubernetes(&self.layout) {
            commands::put(&self.layout, &link, &target)?;
        }
        // Volumes are open to every user inside their pods: no user of the host may get to them.
        files::make_dirs(&self.layout.volumes_dir(), 0o700)?;
        self.systemd.daemon_reload()
    }

    /// Whether nothing of [`Self::configure`] is left.
    #[must_use]
    pub fn forgotten(&self) -> Standing {
        let unit = self.layout.units_dir().join(units::K3S);
        let links = commands::of_kubernetes(&self.layout).map(|(link, _)| link);
        let links = links.filter(|link| commands::is_ours(&self.layout, link));
        let left = [self.layout.k3s_config(), unit].into_iter().filter(|path| path.symlink_metadata().is_ok());
        let left = left.chain(links).next();
        left.map_or(Standing::Done, |path| {
            Standing::Missing(Message::new("missing-still-there").with("path", path.display().to_string()))
        })
    }

    /// Removes configuration, unit and links; the data of k3s stay.
    ///
    /// # Errors
    /// A [`Fault`] if a file cannot be removed.
    pub fn forget(&self) -> Result<(), Fault> {
        let files = [
            self.layout.k3s_config(),
            self.layout.k3s_registries(),
            self.layout.k3s_resolver(),
            self.layout.containerd_drop_in(),
            self.layout.profile(),
            self.layout.units_dir().join(units::K3S),
        ];
        for path in files {
            files::remove_if_there(&path)?;
        }
        for (link, _) in commands::of_kubernetes(&self.layout) {
            commands::remove(&self.layout, &link)?;
        }
        self.systemd.daemon_reload()
    }

    /// Whether the unit is enabled and running and the API server of `version` is ready.
    ///
    /// # Errors
    /// A [`Fault`] if systemd cannot be asked.
    pub fn started(&self, version: &str) -> Result<Standing, Fault> {
        self.runs(&Wanted { version, emulated: None })
    }

    /// Starts the unit and waits until its API server is ready.
    ///
    /// # Errors
    /// A [`Fault`] with the end of its log if it does not come up in time or keeps falling over.
    pub fn start(&self, version: &str, attempt: &mut Attempt<'_>) -> Result<(), Fault> {
        self.service().start(&Wanted { version, emulated: None }, attempt)
    }

    /// Whether the unit is stopped and no container of it is left.
    ///
    /// # Errors
    /// A [`Fault`] if systemd cannot be asked.
    pub fn stopped(&self) -> Result<Standing, Fault> {
        service::stopped(&self.systemd, &self.layout.processes_dir())
    }

    /// Stops the unit and its pods.
    ///
    /// # Errors
    /// A [`Fault`] if systemd cannot stop it.
    pub fn stop(&self) -> Result<(), Fault> {
        service::stop(&self.systemd, &*self.clock, &self.layout.processes_dir())
    }

    fn runs(&self, wanted: &Wanted<'_>) -> Result<Standing, Fault> {
        self.service().standing(wanted)
    }

    fn restart(&self, wanted: &Wanted<'_>, attempt: &mut Attempt<'_>) -> Result<(), Fault> {
        self.service().restart(wanted, attempt)
    }

    fn service(&self) -> Service<'_> {
        Service { systemd: &self.systemd, process: &*self.process, clock: &*self.clock, layout: &self.layout }
    }

    fn wanted_files(&self, settings: &KubernetesSettings) -> Vec<WantedFile> {
        let file = |path, text, mode| WantedFile { path, text, mode };
        vec![
            file(self.layout.k3s_config(), config::config_yaml(settings), 0o600),
            file(self.layout.k3s_resolver(), config::resolver(), 0o644),
            file(self.layout.k3s_registries(), config::registries_yaml(settings), 0o600),
            file(self.layout.containerd_drop_in(), config::containerd_drop_in(), 0o644),
            file(self.layout.units_dir().join(units::K3S), units::k3s_unit(), 0o644),
            file(self.layout.profile(), config::profile(), 0o644),
        ]
    }
}

struct WantedFile {
    path: PathBuf,
    text: String,
    mode: u32,
}

fn missing_file(path: &Path) -> Standing {
    Standing::Missing(Message::new("missing-kubernetes-configuration").with("path", path.display().to_string()))
}
