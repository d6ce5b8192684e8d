//! Measures a host for the preflight.

use std::fs;
use std::net::{IpAddr, TcpListener};
use std::path::Path;

use bridle_core::facts::{Cgroup, Disk, HostFacts, PORTS};
use sysinfo::{MemoryRefreshKind, Networks, RefreshKind, System};

/// Largest file of facts that is read, in bytes.
const LARGEST: u64 = 1024 * 1024;
/// Traces of another Kubernetes.
const FOREIGN: &[&str] =
    &["/var/lib/rancher/k3s/server", "/var/lib/rancher/rke2", "/etc/kubernetes/manifests", "/var/lib/kubelet/pki"];

/// Where systemd's own library lies: Debian and Ubuntu, and systems without a folder for each architecture.
const SYSTEMD_LIBRARIES: &[&str] = &[
    "/usr/lib/x86_64-linux-gnu/systemd",
    "/usr/lib/aarch64-linux-gnu/systemd",
    "/usr/lib/systemd",
    "/lib/systemd",
    "/usr/lib64/systemd",
];

/// Measures this host; `data_dir` may not exist yet.
#[must_use]
pub fn gather(data_dir: &Path) -> HostFacts {
    let memory = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
    // Without /proc nothing is known: no memory is found, and the preflight says so.
    let memory_bytes = System::new_with_specifics(memory).map_or(0, |system| system.total_memory());
    let release = text("/etc/os-release");
    let uname = rustix::system::uname();
    let route = text("/proc/net/route");
    HostFacts {
        name: text("/proc/sys/kernel/hostname").trim().to_owned(),
        architecture: go_architecture(&uname.machine().to_string_lossy()),
        cpus: std::thread::available_parallelism().map_or(1, |count| count.get() as u64),
        memory_mib: memory_bytes / (1024 * 1024),
        os: os_field(&release, "ID"),
        os_version: os_field(&release, "VERSION_ID"),
        systemd: systemd_version(),
        cgroup: cgroup(),
        root: rustix::process::geteuid().is_root(),
        selinux_enforcing: text("/sys/fs/selinux/enforce").trim() == "1",
        addresses: addresses(default_interface(&route).as_deref()),
        default_route: default_interface(&route).is_some(),
        ports_in_use: PORTS.iter().copied().filter(|port| in_use(*port)).collect(),
        foreign: FOREIGN.iter().filter(|path| Path::new(path).exists()).map(|path| (*path).to_owned()).collect(),
        data_disk: disk(data_dir),
        missing_kernel: missing_kernel(),
    }
}

/// Size and free space of the file system of `path` or its nearest existing parent.
#[must_use]
pub fn disk(path: &Path) -> Disk {
    let existing = path.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"));
    let mib = 1024 * 1024;
    match rustix::fs::statvfs(existing) {
        Ok(stat) => Disk {
            path: path.display().to_string(),
            total_mib: stat.f_blocks.saturating_mul(stat.f_frsize) / mib,
            free_mib: stat.f_bavail.saturating_mul(stat.f_frsize) / mib,
            free_inodes: (stat.f_files > 0).then_some(stat.f_favail),
        },
        Err(_) => Disk { path: path.display().to_string(), total_mib: 0, free_mib: 0, free_inodes: None },
    }
}

fn text(path: &str) -> String {
    crate::files::read_limited(Path::new(path), LARGEST).ok().flatten().unwrap_or_default()
}

fn go_architecture(machine: &str) -> String {
    match machine {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
    .to_owned()
}

/// A field of os-release, without its quotes.
fn os_field(release: &str, field: &str) -> String {
    let mut values = release.lines().filter_map(|line| line.strip_prefix(field)?.strip_prefix('='));
    values.next().unwrap_or_default().trim_matches('"').to_owned()
}

/// The version stands in the name of systemd's own library, which needs no program to be run.
fn systemd_version() -> Option<u32> {
    if text("/proc/1/comm").trim() != "systemd" {
        return None;
    }
    let entries = SYSTEMD_LIBRARIES.iter().filter_map(|dir| fs::read_dir(dir).ok());
    let names = entries.flatten().take(1000).filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names.filter_map(|name| version_in(&name)).max()
}

/// `libsystemd-shared-252.so`, `libsystemd-shared-257.9-1.so`.
fn version_in(name: &str) -> Option<u32> {
    let rest = name.strip_prefix("libsystemd-shared-")?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

fn cgroup() -> Cgroup {
    if Path::new("/sys/fs/cgroup/cgroup.controllers").exists() {
        Cgroup::V2
    } else if Path::new("/sys/fs/cgroup/memory").exists() {
        Cgroup::V1
    } else {
        Cgroup::None
    }
}

/// Interface of the default route (destination and mask zero) in `/proc/net/route`.
fn default_interface(route: &str) -> Option<String> {
    let rows = route.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    rows.filter(|row| row.len() > 7 && row[1] == "00000000" && row[7] == "00000000").map(|row| row[0].to_owned()).next()
}

fn addresses(first: Option<&str>) -> Vec<String> {
    let Ok(networks) = Networks::new_with_refreshed_list() else { return Vec::new() };
    let mut found: Vec<(bool, String, String)> = Vec::new();
    for (name, data) in &networks {
        let name = name.to_string_lossy();
        for network in data.ip_networks() {
            let usable = match network.addr {
                IpAddr::V4(address) => !address.is_loopback() && !address.is_link_local() && !address.is_unspecified(),
                IpAddr::V6(_) => false, // the platform is IPv4 only so far
            };
            if usable {
                found.push((Some(name.as_ref()) != first, name.clone().into_owned(), network.addr.to_string()));
            }
        }
    }
    found.sort();
    found.into_iter().map(|(_, _, address)| address).collect()
}

fn in_use(port: u16) -> bool {
    matches!(TcpListener::bind(("0.0.0.0", port)), Err(error) if error.kind() == std::io::ErrorKind::AddrInUse)
}

fn missing_kernel() -> Vec<String> {
    let known = text("/proc/filesystems");
    let modules = format!("/lib/modules/{}", rustix::system::uname().release().to_string_lossy());
    let has = |name: &str| known.lines().any(|line| line.split_whitespace().last() == Some(name));
    // With loadable modules, overlay appears only once it is loaded; k3s's unit loads it.
    if has("overlay") || Path::new(&modules).is_dir() { Vec::new() } else { vec!["overlay".to_owned()] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_fields() {
        let release = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\nID=debian\n";
        assert_eq!((os_field(release, "ID"), os_field(release, "VERSION_ID")), ("debian".into(), "12".into()));
        assert_eq!(version_in("libsystemd-shared-257.9-1~deb13u1.so"), Some(257));
        let route = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n\
                     eth0\t00000000\t0100A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n";
        assert_eq!(default_interface(route).as_deref(), Some("eth0"));
    }

    #[test]
    fn measures_this_machine() {
        let facts = gather(Path::new("/var/lib/not/there/yet"));
        assert!(facts.memory_mib > 100 && facts.cpus > 0 && facts.data_disk.total_mib > 100);
        assert!(!facts.name.is_empty() && !facts.architecture.is_empty());
    }
}
