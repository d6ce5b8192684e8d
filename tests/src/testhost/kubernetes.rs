//! What Kubernetes needs to be told on *these* machines, and never on a user's.

use super::{Host, Result};

/// The kernel of a test host has cgroup v1 hierarchies beside v2; kubelet refuses that by default.
/// `+` adds to what other files of the folder say, it does not replace it.
const NODE_SETTINGS: &str = "# Settings of a test host, not of the product.\n\
     kubelet-arg+:\n  - fail-cgroupv1=false\n";
/// A test machine may lack the capability `SYS_RESOURCE`, without which the kernel refuses to lower
/// a process's out-of-memory score.
const CONTAINERD_SETTINGS: &str = "# Settings of a test host, not of the product.\n\
     [plugins.'io.containerd.cri.v1.runtime']\n  restrict_oom_score_adj = true\n";

impl Host {
    /// Writes the settings that a k3s needs on these machines, as drop-ins beside those of the
    /// product: `config.yaml.d/90-test-host.yaml` and `config-v3.toml.d/90-test-host.toml`.
    pub fn prepare_for_kubernetes(&self) -> Result<()> {
        self.write_file("/etc/rancher/k3s/config.yaml.d/90-test-host.yaml", NODE_SETTINGS)?;
        let containerd = "/var/lib/rancher/k3s/agent/etc/containerd/config-v3.toml.d/90-test-host.toml";
        self.write_file(containerd, CONTAINERD_SETTINGS)
    }
}
