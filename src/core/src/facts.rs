//! What was measured on a host before anything is decided; gathered by `bridle-host`, judged by [`crate::plan::review`].

mod drop_ins;
mod network;
mod ports;
pub mod sample;
mod wanted;

use serde::{Deserialize, Serialize};

pub use self::drop_ins::DropIn;
pub use self::network::{Interface, NetworkFacts, Route};
pub use self::ports::{Owner, PortUse, Protocol};
pub use self::wanted::{
    BRIDLE, COMMANDS, DATA, KUBELET, KUBERNETES, LOGS, MODULES, PARAMETERS, PLACES, PORTS, PROGRAMS, RUN,
};
use crate::port::Timestamp;

/// Facts of one host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostFacts {
    /// Host name.
    pub name: String,
    /// Host name that the next start will give (`/etc/hostname`).
    pub stored_name: Option<String>,
    /// Processor architecture, Go's name (`amd64`).
    pub architecture: String,
    /// Processors that may be used.
    pub cpus: u64,
    /// Main memory in MiB.
    pub memory_mib: u64,
    /// Swap space in MiB.
    pub swap_mib: u64,
    /// `ID` of `/etc/os-release`.
    pub os: String,
    /// `VERSION_ID` of `/etc/os-release`.
    pub os_version: String,
    /// The clock.
    pub time: Timestamp,
    /// When the newest file of the operating system was changed.
    pub newest_file: Option<Timestamp>,
    /// Version of systemd; absent if it is not process 1.
    pub systemd: Option<u32>,
    /// Hierarchy of control groups.
    pub cgroup: Cgroup,
    /// Controllers of the control groups that can be used.
    pub controllers: Vec<String>,
    /// Whether the program runs as root.
    pub root: bool,
    /// Whether SELinux enforces.
    pub selinux_enforcing: bool,
    /// Firewalls that are active.
    pub firewalls: Vec<Firewall>,
    /// Interfaces, routes and name servers.
    pub network: NetworkFacts,
    /// Those of [`PORTS`] that something listens on.
    pub ports_in_use: Vec<PortUse>,
    /// Traces of an existing Kubernetes or container engine.
    pub foreign: Vec<Trace>,
    /// Those of [`COMMANDS`] where a file of somebody else stands.
    #[serde(default)]
    pub taken: Vec<String>,
    /// The paths of [`PLACES`] with their file systems.
    pub places: Vec<PlaceFacts>,
    /// How long it takes until a small write is safe where etcd will write; absent where it could not be measured.
    pub sync: Option<SyncTimes>,
    /// Kernel features of [`MODULES`].
    pub modules: Vec<Module>,
    /// Kernel parameters of [`PARAMETERS`] that could be read.
    pub parameters: Vec<(String, u64)>,
    /// What files of the site say about how the control plane of Kubernetes is run.
    #[serde(default)]
    pub drop_ins: Vec<DropIn>,
}

impl HostFacts {
    /// The facts of one of [`PLACES`].
    #[must_use]
    pub fn place(&self, path: &str) -> Option<&PlaceFacts> {
        self.places.iter().find(|place| place.path == path)
    }
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

/// A firewall whose rules would cut the platform off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Firewall {
    /// firewalld.
    Firewalld,
    /// ufw.
    Ufw,
}

/// A trace of an existing Kubernetes or container engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// `docker`, `k3s`, …
    pub engine: String,
    /// What was found.
    pub path: String,
    /// Kind of it.
    pub kind: TraceKind,
}

/// Kind of a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TraceKind {
    /// A unit of systemd: it may start at any time.
    Unit,
    /// A socket: it runs.
    Socket,
    /// State of a Kubernetes node.
    Node,
    /// Data that a removed engine left.
    Data,
}

/// A path that will be written, and the file system it is on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceFacts {
    /// One of [`PLACES`].
    pub path: String,
    /// Where its file system is mounted.
    pub mount: String,
    /// The file system (`major:minor`); places with the same one share its space.
    pub device: String,
    /// Kind of the file system (`ext4`).
    pub kind: String,
    /// Mounted read-only.
    pub read_only: bool,
    /// Programs on it may not be run.
    pub noexec: bool,
    /// Size in MiB.
    pub total_mib: u64,
    /// Free for us in MiB.
    pub free_mib: u64,
    /// Free inodes; absent where the file system has no fixed number.
    pub free_inodes: Option<u64>,
    /// What was tried there; absent where nothing could be tried (no root, read-only, a place that needs none).
    pub trial: Option<Trial>,
}

/// What was tried with files of our own, removed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// Write, fsync, rename, fsync of the directory, read back.
    pub durable: bool,
    /// Directories tell the kind of their entries (`d_type`), as overlayfs needs it.
    pub entry_kinds: bool,
    /// Extended attributes of the kernel's own name space, as overlayfs needs them.
    pub attributes: bool,
}

/// How long a write of a few KiB with fsync takes, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncTimes {
    /// How many were measured.
    pub count: u32,
    /// Half of them are faster.
    pub median: u64,
    /// 99 of 100 are faster.
    pub p99: u64,
}

impl SyncTimes {
    /// The times of these writes, in microseconds, by the nearest rank; absent for fewer than five.
    #[must_use]
    pub fn of(mut micros: Vec<u64>) -> Option<Self> {
        if micros.len() < 5 {
            return None;
        }
        micros.sort_unstable();
        let rank = |hundredths: usize| micros[(micros.len() * hundredths).div_ceil(100) - 1];
        Some(Self { count: u32::try_from(micros.len()).unwrap_or(u32::MAX), median: rank(50), p99: rank(99) })
    }
}

/// A feature of the kernel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Module {
    /// Name of its module.
    pub name: String,
    /// How it stands.
    pub state: ModuleState,
}

/// How a feature of the kernel stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModuleState {
    /// Loaded or built in.
    Ready,
    /// There is a module that can be loaded.
    Loadable,
    /// A configuration file forbids loading it.
    Barred {
        /// The file.
        by: String,
    },
    /// There is none.
    Absent,
    /// Cannot be told.
    Unknown,
}

/// A file system's size, as the status shows it.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks() {
        assert_eq!(SyncTimes::of(vec![1, 2, 3, 4]), None);
        let times = SyncTimes::of((1..=200).rev().collect()).expect("times");
        assert_eq!((times.count, times.median, times.p99), (200, 100, 198));
        assert_eq!(SyncTimes::of(vec![9, 1, 1, 1, 1]).expect("times").p99, 9);
    }
}
