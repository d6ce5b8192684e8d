//! Where Bridle and k3s leave files on a host: one list, for the receipt before and for the removal after.

use std::path::PathBuf;

use bridle_core::facts::COMMANDS;

use crate::commands;
use crate::layout::Layout;
use crate::units;

/// Folders of k3s and of the kubelet (`k3s-contract.md` §1), which nobody else uses.
const KUBERNETES: &[&str] = &[
    "var/lib/rancher",
    "etc/rancher",
    "var/lib/kubelet",
    "var/log/pods",
    "var/log/containers",
    "run/k3s",
    "run/flannel",
    // The kubelet's folder for plugins, where it is not told of another one.
    "usr/libexec/kubernetes",
    // runc's state of the containers in the kubelet's namespace of containerd.
    "run/containerd/runc/k8s.io",
    // What flannel's network keeps in folders that it shares with other users of CNI.
    "var/lib/cni/networks/cbr0",
];
/// Folders of Bridle.
const OWN: &[&str] = &["opt/bridle", "etc/bridle", "var/lib/bridle"];
/// Folders that others use too: they go when they are empty and were not there before.
const SHARED: &[&str] = &[
    "var/lib/cni/networks",
    "var/lib/cni/results",
    "var/lib/cni",
    "run/containerd/s",
    "run/containerd/runc",
    "run/containerd",
    "run/nri",
    "run/netns",
    "etc/tmpfiles.d",
    "etc/systemd/system/multi-user.target.wants",
    "etc/systemd/system/sockets.target.wants",
    "etc/profile.d",
    "usr/local/bin",
];

/// Folders that go whole once Kubernetes is stopped.
pub(super) fn kubernetes(layout: &Layout) -> Vec<PathBuf> {
    KUBERNETES.iter().map(|path| layout.at(path)).collect()
}

/// Folders that go where they are empty, the inner ones first.
pub(super) fn shared(layout: &Layout) -> Vec<PathBuf> {
    SHARED.iter().map(|path| layout.at(path)).collect()
}

/// Everything that the receipt looks into.
pub(super) fn trees(layout: &Layout) -> Vec<PathBuf> {
    kubernetes(layout).into_iter().chain(OWN.iter().map(|path| layout.at(path))).collect()
}

/// Single files and links of ours.
pub(super) fn files(layout: &Layout) -> Vec<PathBuf> {
    let units =
        [units::AGENT_SOCKET, units::AGENT, units::K3S, units::REMOVAL].map(|unit| layout.units_dir().join(unit));
    let commands = COMMANDS.iter().map(|(path, _)| layout.at(path));
    let others = [layout.bash_completion(), layout.profile(), layout.removal_rest()];
    units.into_iter().chain(commands).chain(others).collect()
}

/// Those of [`files`] where nothing of somebody else stands.
pub(super) fn own_files(layout: &Layout) -> impl Iterator<Item = PathBuf> {
    files(layout).into_iter().filter(|path| !commands::is_taken(layout, path))
}
