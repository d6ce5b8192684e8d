//! Whether this machine can boot test hosts, and what to install where it cannot.

use super::{Error, Invocation, Result, control_groups};
use rustix::fs::{Access, access};
use std::env;
use std::fmt;
use std::path::Path;
use std::sync::OnceLock;

/// The programs the kit runs, with the Debian packages that hold them.
const PROGRAMS: [(&str, &str); 10] = [
    ("ip", "iproute2"),
    ("losetup", "mount"),
    ("mkfs.ext4", "e2fsprogs"),
    ("mmdebstrap", "mmdebstrap"),
    ("mount", "mount"),
    ("nft", "nftables"),
    ("nsenter", "util-linux"),
    ("perl", "perl-base"),
    ("systemd-nspawn", "systemd-container"),
    ("tar", "tar"),
];
/// Makes what a lab's network is made of, in a namespace that goes with the command.
const NETWORK_TRIAL: &str = "ip link add v0 type veth peer name v1 && ip link add br0 type bridge && \
     nft add table inet t && nft 'add set inet t s { type ipv4_addr; flags dynamic; size 16; }'";

/// Something that test hosts need and this machine does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// What it is, in words.
    pub what: String,
    /// The Debian package that brings it, if one does.
    pub package: Option<&'static str>,
}

impl fmt::Display for Missing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.package {
            Some(package) => write!(out, "{} (package {package})", self.what),
            None => out.write_str(&self.what),
        }
    }
}

/// Whether this machine can boot test hosts; else everything it lacks.
pub fn available() -> Result<(), Vec<Missing>> {
    static ABLE: OnceLock<()> = OnceLock::new();
    if ABLE.get().is_some() {
        return Ok(());
    }
    let missing = missing();
    if missing.is_empty() {
        ABLE.get_or_init(|| ());
        return Ok(());
    }
    Err(missing)
}

/// The Debian packages that hold the programs the kit runs.
pub fn apt_packages() -> Vec<&'static str> {
    let mut packages: Vec<_> = PROGRAMS.iter().map(|(_, package)| *package).collect();
    packages.dedup();
    packages
}

pub(crate) fn require() -> Result<()> {
    available().map_err(|missing| {
        let words: Vec<String> = missing.iter().map(Missing::to_string).collect();
        Error::Unavailable(words.join(", "))
    })
}

fn missing() -> Vec<Missing> {
    let mut missing: Vec<Missing> = PROGRAMS
        .iter()
        .filter(|(program, _)| !is_installed(program))
        .map(|(program, package)| Missing { what: format!("the program {program}"), package: Some(*package) })
        .collect();
    let mut need = |holds: bool, what: &str| {
        if !holds {
            let what = what.to_owned();
            missing.push(Missing { what, package: None });
        }
    };
    let root = rustix::process::geteuid().is_root();
    need(root, "the rights of root");
    need(Path::new("/dev/loop-control").exists(), "loop devices (/dev/loop-control)");
    need(knows_ext4(), "the file system ext4");
    need(has_control_groups(), "writable control groups with memory, cpu and pids (/sys/fs/cgroup)");
    if root && is_installed("ip") && is_installed("nft") {
        let words = ["--mount", "--uts", "--ipc", "--net", "--pid", "--fork", "--cgroup", "sh", "-c", NETWORK_TRIAL];
        let tried = Invocation::new("unshare", words).run();
        let refusal = match tried {
            Ok(output) if output.success() => None,
            Ok(output) => Some(output.stderr.trim().to_owned()),
            Err(error) => Some(error.to_string()),
        };
        let refusal = refusal.map(|why| format!("namespaces with veth, bridge and nftables ({why})"));
        need(refusal.is_none(), refusal.as_deref().unwrap_or_default());
    }
    missing
}

/// Whether a program is in one of the folders of `PATH`, or where Debian has root's programs.
pub fn is_installed(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    folders.into_iter().any(|folder| access(folder.join(program), Access::EXEC_OK).is_ok())
}

fn knows_ext4() -> bool {
    let known = std::fs::read_to_string("/proc/filesystems").unwrap_or_default();
    known.lines().any(|line| line.trim() == "ext4")
}

fn has_control_groups() -> bool {
    let Ok(hierarchies) = control_groups::hierarchies() else {
        return false;
    };
    let writable = |path: &std::path::PathBuf| access(path, Access::WRITE_OK).is_ok();
    let offered = std::fs::read_to_string("/sys/fs/cgroup/cgroup.controllers").unwrap_or_default();
    let has = |controller: &str| {
        let merged = |path: &std::path::PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            name.split(',').any(|part| part == controller)
        };
        hierarchies.iter().any(merged) || offered.split_whitespace().any(|part| part == controller)
    };
    !hierarchies.is_empty() && hierarchies.iter().all(writable) && ["memory", "cpu", "pids"].into_iter().all(has)
}

/// Memory that this machine could give to hosts now, in KiB.
pub fn available_memory() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_named_with_its_package() {
        let missing = Missing { what: "the program nft".to_owned(), package: Some("nftables") };
        assert_eq!(missing.to_string(), "the program nft (package nftables)");
        assert!(is_installed("sh") && !is_installed("no-such-program-here"));
    }

    #[test]
    fn this_machine_has_memory() {
        assert!(available_memory() > 0);
    }
}
