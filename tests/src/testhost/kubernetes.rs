//! What Kubernetes needs to be told on *these* machines, and never on a user's.

use super::network::EQUAL;
use super::{Host, Result, base_image};

/// The kernel of a test host has cgroup v1 hierarchies beside v2; kubelet refuses that by default.
/// `+` adds to what other files of the folder say, it does not replace it.
const NODE_SETTINGS: &str = "# Settings of a test host, not of the product.\n\
     kubelet-arg+:\n  - fail-cgroupv1=false\n";
/// A test machine may lack the capability `SYS_RESOURCE`, without which the kernel refuses to lower
/// a process's out-of-memory score.
///
/// Without its `version`, containerd would take the file for one of version 1 and rename the table.
const CONTAINERD_SETTINGS: &str = "# Settings of a test host, not of the product.\n\
     version = 3\n\
     [plugins.'io.containerd.cri.v1.runtime']\n  restrict_oom_score_adj = true\n";

/// Everything of the kit that is on a host with Kubernetes when it is installed.
pub(crate) fn recipe() -> String {
    format!("{} {EQUAL} {NODE_SETTINGS} {CONTAINERD_SETTINGS}", base_image::recipe())
}

impl Host {
    /// Writes the settings that a k3s needs on these machines, as drop-ins beside those of the
    /// product: `config.yaml.d/90-test-host.yaml` and `config-v3.toml.d/90-test-host.toml`.
    pub fn prepare_for_kubernetes(&self) -> Result<()> {
        self.write_file("/etc/rancher/k3s/config.yaml.d/90-test-host.yaml", NODE_SETTINGS)?;
        let containerd = "/var/lib/rancher/k3s/agent/etc/containerd/config-v3.toml.d/90-test-host.toml";
        self.write_file(containerd, CONTAINERD_SETTINGS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containerd_gets_a_table_of_its_own_version() {
        let settings: toml::Table = CONTAINERD_SETTINGS.parse().unwrap();
        assert_eq!(settings["version"].as_integer(), Some(3));
        let runtime = &settings["plugins"]["io.containerd.cri.v1.runtime"];
        assert_eq!(runtime["restrict_oom_score_adj"].as_bool(), Some(true));
    }

    #[test]
    fn the_node_setting_adds_and_does_not_replace() {
        let lines: Vec<&str> = NODE_SETTINGS.lines().skip(1).collect();
        assert_eq!(lines, ["kubelet-arg+:", "  - fail-cgroupv1=false"]);
    }
}
