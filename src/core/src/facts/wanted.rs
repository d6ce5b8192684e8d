//! What is measured: paths that are written, ports that are listened on, features and parameters of the kernel.

use super::Protocol;

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

/// Where `bridle` is on the path.
pub const BRIDLE: &str = "/usr/bin/bridle";

/// Names on the path that are put there, as links to programs of the release.
pub const COMMANDS: &[(&str, &str)] = &[
    (BRIDLE, "bridle"),
    ("/usr/local/bin/k3s", "k3s"),
    ("/usr/local/bin/kubectl", "k3s"),
    ("/usr/local/bin/ctr", "k3s"),
    ("/usr/local/bin/helm", "helm"),
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
