//! Traces of another Kubernetes or container engine: units, sockets, state and data.

use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

use bridle_core::facts::{Trace, TraceKind};

use super::files::Files;

/// Where units of systemd lie, the strongest first.
const UNIT_FOLDERS: &[&str] = &[
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];
const UNITS: &[(&str, &str)] = &[
    ("k3s", "k3s.service"),
    ("k3s", "k3s-agent.service"),
    ("rke2", "rke2-server.service"),
    ("rke2", "rke2-agent.service"),
    ("kubelet", "kubelet.service"),
    ("docker", "docker.service"),
    ("docker", "docker.socket"),
    ("docker", "snap.docker.dockerd.service"),
    ("containerd", "containerd.service"),
    ("cri-o", "crio.service"),
    ("microk8s", "snap.microk8s.daemon-kubelite.service"),
    ("microk8s", "snap.microk8s.daemon-containerd.service"),
    ("k0s", "k0scontroller.service"),
    ("k0s", "k0sworker.service"),
];
const SOCKETS: &[(&str, &str)] = &[
    ("docker", "/run/docker.sock"),
    ("containerd", "/run/containerd/containerd.sock"),
    ("cri-o", "/run/crio/crio.sock"),
    ("k3s", "/run/k3s/containerd/containerd.sock"),
];
const NODES: &[(&str, &str)] = &[
    ("k3s", "/var/lib/rancher/k3s/server"),
    ("rke2", "/var/lib/rancher/rke2"),
    ("kubelet", "/etc/kubernetes/manifests"),
    ("kubelet", "/etc/kubernetes/kubelet.conf"),
    ("kubelet", "/var/lib/kubelet/pki"),
    ("microk8s", "/var/snap/microk8s"),
    ("k0s", "/var/lib/k0s"),
];
const DATA: &[(&str, &str)] =
    &[("docker", "/var/lib/docker"), ("docker", "/var/snap/docker"), ("containerd", "/var/lib/containerd")];
/// What k3s and its kubelet leave behind when an installation of ours is taken back.
const OURS: &[&str] = &["/run/k3s/containerd/containerd.sock", "/var/lib/rancher/k3s/server", "/var/lib/kubelet/pki"];
/// First words of the units that we write.
const MARK: &str = "# Made by Bridle";

pub(super) fn traces(files: &Files<'_>, earlier: bool) -> Vec<Trace> {
    let mut found = Vec::new();
    let mut put = |engine: &str, path: &str, kind| {
        found.push(Trace { engine: engine.to_owned(), path: path.to_owned(), kind });
    };
    for (engine, unit) in UNITS {
        if let Some(path) = unit_file(files, unit) {
            put(engine, &path, TraceKind::Unit);
        }
    }
    let strange = |path: &str| !(earlier && OURS.contains(&path));
    for (engine, path) in SOCKETS.iter().filter(|(_, path)| strange(path) && is_socket(&files.path(path))) {
        put(engine, path, TraceKind::Socket);
    }
    for (engine, path) in NODES.iter().filter(|(_, path)| strange(path) && files.has(path)) {
        put(engine, path, TraceKind::Node);
    }
    for (engine, path) in DATA.iter().filter(|(_, path)| has_content(files, path)) {
        put(engine, path, TraceKind::Data);
    }
    found
}

/// The file of a unit that is not ours and not masked.
fn unit_file(files: &Files<'_>, unit: &str) -> Option<String> {
    let path = UNIT_FOLDERS
        .iter()
        .map(|folder| format!("{folder}/{unit}"))
        .find(|path| files.path(path).symlink_metadata().is_ok())?;
    let masked = std::fs::read_link(files.path(&path)).is_ok_and(|target| target == Path::new("/dev/null"));
    (!masked && !files.text(&path).starts_with(MARK)).then_some(path)
}

fn is_socket(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.file_type().is_socket())
}

fn has_content(files: &Files<'_>, path: &str) -> bool {
    std::fs::read_dir(files.path(path)).is_ok_and(|mut entries| entries.next().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::Layout;

    fn put(layout: &Layout, path: &str, text: &str) {
        let path = layout.at(path);
        crate::files::make_dirs(path.parent().expect("parent"), 0o755).expect("dirs");
        crate::files::write_atomic(&path, text.as_bytes(), 0o644).expect("write");
    }

    fn found(layout: &Layout, earlier: bool) -> Vec<(String, TraceKind)> {
        let traces = traces(&Files::under(layout), earlier);
        traces.into_iter().map(|trace| (trace.path, trace.kind)).collect()
    }

    #[test]
    fn strangers_are_found_and_our_own_are_not() {
        let root = tempfile::tempdir().expect("dir");
        let layout = Layout::under(root.path());
        assert_eq!(found(&layout, false), []);
        put(&layout, "/etc/systemd/system/k3s.service", &crate::units::k3s_unit());
        put(&layout, "/etc/systemd/system/docker.socket", "[Socket]\n");
        std::os::unix::fs::symlink("/dev/null", layout.at("/etc/systemd/system/containerd.service")).expect("mask");
        put(&layout, "/usr/lib/systemd/system/containerd.service", "[Service]\n");
        put(&layout, "/var/lib/docker/overlay2/x", "");
        crate::files::make_dirs(&layout.at("/var/lib/containerd"), 0o755).expect("an empty folder is no data");
        put(&layout, "/var/lib/rancher/k3s/server/token", "K10");
        crate::files::make_dirs(&layout.at("/run/containerd"), 0o755).expect("dirs");
        let _socket =
            std::os::unix::net::UnixListener::bind(layout.at("/run/containerd/containerd.sock")).expect("socket");
        let strange = [
            ("/etc/systemd/system/docker.socket".to_owned(), TraceKind::Unit),
            ("/run/containerd/containerd.sock".to_owned(), TraceKind::Socket),
            ("/var/lib/rancher/k3s/server".to_owned(), TraceKind::Node),
            ("/var/lib/docker".to_owned(), TraceKind::Data),
        ];
        assert_eq!(found(&layout, false), strange);
        let again: Vec<_> = strange.into_iter().filter(|(path, _)| !path.contains("rancher")).collect();
        assert_eq!(found(&layout, true), again);
    }
}
