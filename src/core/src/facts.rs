//! What was measured on a host before anything is decided.

use serde::{Deserialize, Serialize};

/// Facts of one host; gathered by `bridle-host`, judged by [`crate::plan::review`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostFacts {
    /// Host name.
    pub name: String,
    /// Processor architecture, Go's name (`amd64`).
    pub architecture: String,
    /// Processors that may be used.
    pub cpus: u64,
    /// Main memory in MiB.
    pub memory_mib: u64,
    /// `ID` of `/etc/os-release`.
    pub os: String,
    /// `VERSION_ID` of `/etc/os-release`.
    pub os_version: String,
    /// Version of systemd; absent if it is not process 1.
    pub systemd: Option<u32>,
    /// Hierarchy of control groups.
    pub cgroup: Cgroup,
    /// Whether the program runs as root.
    pub root: bool,
    /// Whether SELinux enforces.
    pub selinux_enforcing: bool,
    /// Addresses of this host that others can reach (no loopback, no link-local), that of the default route first.
    pub addresses: Vec<String>,
    /// Whether there is a default route (k3s needs one, `k3s-contract.md` §3).
    pub default_route: bool,
    /// Those of [`PORTS`] that something listens on.
    pub ports_in_use: Vec<u16>,
    /// Paths of an existing Kubernetes or container engine that would be in the way.
    pub foreign: Vec<String>,
    /// The file system of the data directory.
    pub data_disk: Disk,
    /// Kernel features that are missing (`overlay`, `br_netfilter`, …).
    pub missing_kernel: Vec<String>,
}

/// Hierarchy of control groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cgroup {
    /// Unified.
    V2,
    /// Legacy or hybrid: controllers on v1.
    V1,
    /// None mounted.
    None,
}

/// A file system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disk {
    /// Where.
    pub path: String,
    /// Size in MiB.
    pub total_mib: u64,
    /// Free for us in MiB.
    pub free_mib: u64,
    /// Free inodes; absent where the file system has no fixed number.
    pub free_inodes: Option<u64>,
}

/// Ports that the platform listens on: front door, API server, kubelet, etcd, the agent's registry.
pub const PORTS: &[u16] = &[80, 443, 6443, 10250, 2379, 2380, crate::plan::install::REGISTRY_PORT];
