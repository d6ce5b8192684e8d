//! The operating system: name, version, systemd, control groups, clock, firewalls.

use std::time::SystemTime;

use bridle_core::facts::{Cgroup, Firewall};
use bridle_core::port::Timestamp;

use super::files::Files;
use super::processes;

/// Where systemd's own library lies: Debian and Ubuntu, and systems without a folder for each architecture.
const SYSTEMD_LIBRARIES: &[&str] = &[
    "/usr/lib/x86_64-linux-gnu/systemd",
    "/usr/lib/aarch64-linux-gnu/systemd",
    "/usr/lib/systemd",
    "/lib/systemd",
    "/usr/lib64/systemd",
];
/// Files that a running system changes: none of them is from the future.
const DATED: &[&str] =
    &["/var/lib/dpkg/status", "/etc/os-release", "/usr/lib/clock-epoch", "/var/lib/systemd/timesync/clock"];

pub(super) fn go_architecture(machine: &str) -> String {
    match machine {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
    .to_owned()
}

/// A field of os-release, without its quotes.
pub(super) fn os_field(release: &str, field: &str) -> String {
    let mut values = release.lines().filter_map(|line| line.strip_prefix(field)?.strip_prefix('='));
    values.next().unwrap_or_default().trim().trim_matches(['"', '\'']).chars().take(80).collect()
}

/// A field of `/proc/meminfo` in MiB.
pub(super) fn memory_mib(meminfo: &str, field: &str) -> u64 {
    let value = meminfo.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    let kib: Option<u64> = value.and_then(|value| value.trim().strip_suffix("kB")?.trim().parse().ok());
    kib.unwrap_or(0) / 1024
}

/// The name in `/etc/hostname`: the first line that is no comment (hostname(5)).
pub(super) fn stored_name(text: &str) -> Option<String> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.next().map(|line| line.chars().take(253).collect())
}

/// The version stands in the name of systemd's own library, which needs no program to be run.
pub(super) fn systemd_version(files: &Files<'_>) -> Option<u32> {
    if files.text("/proc/1/comm").trim() != "systemd" {
        return None;
    }
    let names = SYSTEMD_LIBRARIES.iter().flat_map(|dir| files.names(dir));
    names.filter_map(|name| version_in(&name)).max()
}

/// `libsystemd-shared-252.so`, `libsystemd-shared-257.9-1.so`.
fn version_in(name: &str) -> Option<u32> {
    let rest = name.strip_prefix("libsystemd-shared-")?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

pub(super) fn cgroup(files: &Files<'_>) -> Cgroup {
    if files.has("/sys/fs/cgroup/cgroup.controllers") {
        Cgroup::V2
    } else if files.has("/sys/fs/cgroup/memory") {
        Cgroup::V1
    } else {
        Cgroup::None
    }
}

pub(super) fn controllers(files: &Files<'_>, cgroup: Cgroup) -> Vec<String> {
    match cgroup {
        Cgroup::V2 => words(&files.text("/sys/fs/cgroup/cgroup.controllers")),
        Cgroup::V1 => enabled(&files.text("/proc/cgroups")),
        Cgroup::None => Vec::new(),
    }
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().take(100).map(str::to_owned).collect()
}

/// Controllers of `/proc/cgroups` whose last column is 1.
pub(super) fn enabled(table: &str) -> Vec<String> {
    let rows = table.lines().filter(|line| !line.starts_with('#')).take(100);
    let rows = rows.map(|line| line.split_whitespace().collect::<Vec<_>>());
    rows.filter(|row| row.len() == 4 && row[3] == "1").map(|row| row[0].to_owned()).collect()
}

pub(super) fn newest_file(files: &Files<'_>) -> Option<Timestamp> {
    let times = DATED.iter().filter_map(|path| std::fs::metadata(files.path(path)).ok()?.modified().ok());
    let since = times.filter_map(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
    since.filter_map(|since| u64::try_from(since.as_millis()).ok()).max().map(Timestamp)
}

pub(super) fn firewalls(files: &Files<'_>) -> Vec<Firewall> {
    let firewalld = processes::is_running(files, "firewalld").then_some(Firewall::Firewalld);
    let ufw = ufw_enabled(&files.text("/etc/ufw/ufw.conf")).then_some(Firewall::Ufw);
    firewalld.into_iter().chain(ufw).collect()
}

fn ufw_enabled(conf: &str) -> bool {
    conf.lines().any(|line| line.trim().eq_ignore_ascii_case("enabled=yes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_fields() {
        let release = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\nID=debian\n";
        assert_eq!((os_field(release, "ID"), os_field(release, "VERSION_ID")), ("debian".into(), "12".into()));
        assert_eq!(os_field("ID='opensuse-leap'\n", "ID"), "opensuse-leap");
        assert_eq!(os_field("ID", "ID"), "");
        assert_eq!(version_in("libsystemd-shared-257.9-1~deb13u1.so"), Some(257));
        assert_eq!(version_in("libsystemd-shared-x.so"), None);
        let meminfo = "MemTotal:       24684092 kB\nMemFree: 1 kB\nSwapTotal:       2097148 kB\n";
        assert_eq!((memory_mib(meminfo, "MemTotal"), memory_mib(meminfo, "SwapTotal")), (24105, 2047));
        assert_eq!(memory_mib("MemTotal: many kB\nMemTotal", "MemTotal"), 0);
        assert_eq!(stored_name("# comment\n\n n1 \nn2\n").as_deref(), Some("n1"));
        assert_eq!(stored_name("\n#\n"), None);
    }

    #[test]
    fn controllers_that_can_be_used() {
        let table =
            "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpuset\t3\t1\t1\nmemory\t0\t1\t0\npids\t8\t1\t1\nx\n";
        assert_eq!(enabled(table), ["cpuset", "pids"]);
        assert_eq!(words("cpuset cpu io memory\n"), ["cpuset", "cpu", "io", "memory"]);
    }

    #[test]
    fn ufw() {
        assert!(ufw_enabled("# comment\nENABLED=yes\nLOGLEVEL=low\n"));
        assert!(!ufw_enabled("#ENABLED=yes\nENABLED=no\n"));
    }
}
