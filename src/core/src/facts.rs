//! What was measured on a host before anything is decided; gathered by `bridle-host`, judged by [`crate::plan::review`].

pub mod sample;

use std::net::{IpAddr, Ipv4Addr};

use serde::{Deserialize, Serialize};

use crate::network::Network;
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
    /// The paths of [`PLACES`] with their file systems.
    pub places: Vec<PlaceFacts>,
    /// How long it takes until a small write is safe where etcd will write; absent where it could not be measured.
    pub sync: Option<SyncTimes>,
    /// Kernel features of [`MODULES`].
    pub modules: Vec<Module>,
    /// Kernel parameters of [`PARAMETERS`] that could be read.
    pub parameters: Vec<(String, u64)>,
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

/// Interfaces, routes and name servers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkFacts {
    /// Interfaces without loopback and without those of an earlier installation of ours.
    pub interfaces: Vec<Interface>,
    /// IPv4 routes of the main table without those of an earlier installation of ours.
    pub routes: Vec<Route>,
    /// Name servers of the host itself.
    pub name_servers: Vec<IpAddr>,
}

/// A network interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    /// Name.
    pub name: String,
    /// Its IPv4 addresses with the length of their prefix, without loopback and link-local ones.
    pub addresses: Vec<(Ipv4Addr, u8)>,
    /// Largest packet in bytes; zero where it cannot be told.
    pub mtu: u64,
}

/// An IPv4 route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// Interface.
    pub interface: String,
    /// Where it leads.
    pub to: Network,
    /// Next hop; absent where the network is at the cable.
    pub gateway: Option<Ipv4Addr>,
    /// The lowest one wins.
    pub metric: u32,
}

impl NetworkFacts {
    /// The route that everything without another one takes.
    #[must_use]
    pub fn default_route(&self) -> Option<&Route> {
        self.routes.iter().filter(|route| route.to.prefix() == 0).min_by_key(|route| route.metric)
    }

    /// Addresses that others can reach, that of the default route's interface first, without those of bridges and
    /// tunnels for containers and virtual machines.
    #[must_use]
    pub fn addresses(&self) -> Vec<Ipv4Addr> {
        let first = self.default_route().map(|route| route.interface.as_str());
        let outer = self.interfaces.iter().filter(|interface| !is_inner(&interface.name));
        let mut outer: Vec<&Interface> = outer.collect();
        outer.sort_by_key(|interface| (Some(interface.name.as_str()) != first, interface.name.clone()));
        outer.into_iter().flat_map(|interface| interface.addresses.iter().map(|(address, _)| *address)).collect()
    }
}

/// Interfaces that programs make for containers and virtual machines.
fn is_inner(name: &str) -> bool {
    ["cni", "flannel", "docker", "br-", "virbr", "veth", "kube-", "cali", "lxc", "podman"]
        .iter()
        .any(|start| name.starts_with(start))
}

/// Protocol of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

impl Protocol {
    /// `tcp`, `udp`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

/// A port that something listens on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortUse {
    /// The port.
    pub port: u16,
    /// Its protocol.
    pub protocol: Protocol,
    /// Who listens, where it can be told.
    pub owner: Option<Owner>,
}

/// A process that holds a port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Its name, as it says itself.
    pub program: String,
    /// Its id.
    pub pid: u32,
    /// The service that it belongs to.
    pub unit: Option<String>,
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

/// Where the release's content and the agent's files go.
pub const DATA: &str = "/var/lib/bridle";
/// Where k3s keeps images, containers and etcd.
pub const KUBERNETES: &str = "/var/lib/rancher";
/// Where the kubelet keeps the pods' directories.
pub const KUBELET: &str = "/var/lib/kubelet";
/// Where programs go.
pub const PROGRAMS: &str = "/opt/bridle";
/// Where containers and journals log.
pub const LOGS: &str = "/var/log";
/// What may be lost at a restart.
pub const RUN: &str = "/run";

/// Every path that is written (`k3s-contract.md` §1); missing ones are measured at their nearest parent.
pub const PLACES: &[&str] = &[
    DATA,
    KUBERNETES,
    KUBELET,
    "/var/lib/cni",
    LOGS,
    PROGRAMS,
    "/etc/bridle",
    "/etc/rancher",
    "/etc/systemd/system",
    "/usr/bin",
    "/usr/local/bin",
    RUN,
    "/tmp",
];

/// Ports that the platform listens on: front door, API server, kubelet, etcd, the agent's registry, the pod network,
/// and on loopback etcd's metrics, the supervisor, containerd's streams and the health of each part (`k3s-contract.md` §7).
pub const PORTS: &[(u16, Protocol)] = &[
    (80, Protocol::Tcp),
    (443, Protocol::Tcp),
    (6443, Protocol::Tcp),
    (10250, Protocol::Tcp),
    (2379, Protocol::Tcp),
    (2380, Protocol::Tcp),
    (crate::plan::install::REGISTRY_PORT, Protocol::Tcp),
    (8472, Protocol::Udp),
    (2381, Protocol::Tcp),
    (2382, Protocol::Tcp),
    (6444, Protocol::Tcp),
    (10010, Protocol::Tcp),
    (10248, Protocol::Tcp),
    (10249, Protocol::Tcp),
    (10256, Protocol::Tcp),
    (10257, Protocol::Tcp),
    (10258, Protocol::Tcp),
    (10259, Protocol::Tcp),
];

/// Features of the kernel that pods and their network need, by the name of the module.
pub const MODULES: &[&str] = &["overlay", "br_netfilter", "bridge", "veth", "vxlan", "nf_conntrack", "nf_tables"];

/// Kernel parameters with the least value that will do: each pod, log and watched file takes one; the kernel's own
/// limits (128 instances) are used up by a few dozen pods.
pub const PARAMETERS: &[(&str, u64)] =
    &[("fs.inotify.max_user_instances", 512), ("fs.inotify.max_user_watches", 65_536)];

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

    #[test]
    fn the_address_of_the_default_route_comes_first() {
        let interface = |name: &str, last| Interface {
            name: name.to_owned(),
            addresses: vec![(Ipv4Addr::new(192, 0, 2, last), 24)],
            mtu: 1500,
        };
        let route = |interface: &str, metric| Route {
            interface: interface.to_owned(),
            to: "0.0.0.0/0".parse().expect("network"),
            gateway: Some(Ipv4Addr::new(192, 0, 2, 1)),
            metric,
        };
        let network = NetworkFacts {
            interfaces: vec![interface("a", 1), interface("b", 2), interface("docker0", 3), interface("c", 4)],
            routes: vec![route("b", 200), route("c", 100)],
            name_servers: Vec::new(),
        };
        let last: Vec<u8> = network.addresses().iter().map(|address| address.octets()[3]).collect();
        assert_eq!(last, [4, 1, 2]);
    }
}
