//! Where everything is on a host (`design.md` §4).

use std::path::{Path, PathBuf};

/// The program that is Kubernetes.
const K3S: &str = "k3s";

/// All paths of Bridle on a host, below one root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    root: PathBuf,
}

macro_rules! paths {
    ($($(#[$doc:meta])* $name:ident = $path:literal;)+) => {
        impl Layout { $($(#[$doc])* #[must_use] pub fn $name(&self) -> PathBuf { self.root.join($path) })+ }
    };
}

paths! {
    /// The processes of the host. Below the root like all else: what tries this out sees and ends nobody's processes.
    processes_dir = "proc";
    /// Configuration.
    etc_dir = "etc/bridle";
    /// Trusted publisher keys.
    trust_dir = "etc/bridle/trust";
    /// Profile of the site.
    site_file = "etc/bridle/site.toml";
    /// The appliance's CA and the certificates it issued.
    pki_dir = "etc/bridle/pki";
    /// Sealed passwords of the site's services, and the key of this host.
    secrets_dir = "etc/bridle/secrets";
    /// Sealed keys and credentials of repositories of backups.
    repository_secrets_dir = "etc/bridle/secrets/repositories";
    /// Everything that must survive.
    data_dir = "var/lib/bridle";
    /// Blob store.
    store_dir = "var/lib/bridle/store";
    /// Journals.
    journal_dir = "var/lib/bridle/journal";
    /// Volumes of the applications.
    volumes_dir = "var/lib/bridle/volumes";
    /// What was on the host before the first installation.
    receipt_file = "var/lib/bridle/receipt.json";
    /// Release files that come in pieces over the API.
    uploads_dir = "var/lib/bridle/uploads";
    /// Where somebody may put release files for `release add` to find.
    incoming_dir = "var/lib/bridle/incoming";
    /// Settings of repositories of backups.
    repositories_file = "var/lib/bridle/repositories.json";
    /// Revisions of the configuration.
    config_dir = "var/lib/bridle/config";
    /// Secrets that outlive an uninstallation.
    kept_dir = "var/lib/bridle/kept";
    /// What removes the agent itself.
    removal_dir = "var/lib/bridle/removal";
    /// What clears the rest away at the next boot, if the power goes in the very last moment of a removal.
    removal_rest = "etc/tmpfiles.d/bridle-removal.conf";
    /// What the preflight changed at somebody's request.
    cures_file = "var/lib/bridle/preflight-cures.json";
    /// Last status, for faces while the agent is down.
    status_file = "var/lib/bridle/status.json";
    /// Programs of each release.
    releases_dir = "opt/bridle/releases";
    /// Link to the release whose agent runs.
    current_link = "opt/bridle/current";
    /// Link to the release whose Kubernetes runs.
    kubernetes_link = "opt/bridle/kubernetes";
    /// Link to the release whose launcher starts the agent; moved only after a commit.
    launcher_link = "opt/bridle/launcher";
    /// The agent on trial.
    trial_file = "opt/bridle/trial.json";
    /// Which release's images are served.
    serving_file = "var/lib/bridle/serving.json";
    /// From which restore point the database of Kubernetes is, until it is started.
    restored_file = "var/lib/bridle/restored.json";
    /// What is known of backup sets that were made here.
    backups_dir = "var/lib/bridle/backups";
    /// Files of databases' logs on their way into repositories; may be emptied at any time.
    logs_dir = "var/lib/bridle/logs";
    /// What a recovery is to bring back, and what of it is in place.
    recovery_dir = "var/lib/bridle/recovery";
    /// What is needed to go back.
    restore_points_dir = "var/lib/bridle/restore-points";
    /// The command on the path.
    bridle_link = "usr/bin/bridle";
    /// What bash reads to complete the command, where bash-completion is installed.
    bash_completion = "usr/share/bash-completion/completions/bridle";
    /// What may be lost at a restart.
    run_dir = "run/bridle";
    /// Held by the one installer that changes this host.
    installer_lock = "run/bridle/installer.lock";
    /// Where the agent listens.
    socket = "run/bridle/agent.sock";
    /// Units of ours.
    units_dir = "etc/systemd/system";
    /// Configuration of k3s.
    k3s_config = "etc/rancher/k3s/config.yaml";
    /// Registries of k3s.
    k3s_registries = "etc/rancher/k3s/registries.yaml";
    /// Resolver settings of pods that do not use the cluster's.
    k3s_resolver = "etc/rancher/k3s/resolv.conf";
    /// Administrator's access to the cluster.
    kubeconfig = "etc/rancher/k3s/k3s.yaml";
    /// Settings of containerd below k3s.
    containerd_drop_in = "var/lib/rancher/k3s/agent/etc/containerd/config-v3.toml.d/50-bridle.toml";
    /// Data of k3s.
    k3s_data = "var/lib/rancher/k3s";
    /// Data of the kubelet.
    kubelet_data = "var/lib/kubelet";
    /// Commands for experts.
    local_bin = "usr/local/bin";
    /// Environment of login shells.
    profile = "etc/profile.d/bridle.sh";
}

impl Layout {
    /// The paths of a real host.
    #[must_use]
    pub fn system() -> Self {
        Self::under(Path::new("/"))
    }

    /// The same paths below another root, for tests.
    #[must_use]
    pub fn under(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Programs of the release `id` (`NAME-VERSION`).
    #[must_use]
    pub fn programs_dir(&self, id: &str) -> PathBuf {
        self.releases_dir().join(id).join("bin")
    }

    /// A program that comes and goes with the agent (`bridle`, `helm`).
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.current_link().join("bin").join(name)
    }

    /// The k3s that runs, or would.
    #[must_use]
    pub fn k3s(&self) -> PathBuf {
        self.kubernetes_link().join("bin").join(K3S)
    }

    /// Where a command on the path leads to that is this program.
    #[must_use]
    pub fn command(&self, program: &str) -> PathBuf {
        if program == K3S { self.k3s() } else { self.program(program) }
    }

    /// A path below the root.
    #[must_use]
    pub fn at(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }
}
