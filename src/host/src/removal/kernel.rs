//! What k3s changes in the kernel beside files and network: processes, control groups, settings, modules.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bridle_core::port::{Clock, Command, Process};
use bridle_core::removal::Receipt;
use rustix::process::{Pid, Signal, kill_process};

use crate::files;
use crate::layout::Layout;

/// Settings that k3s's parts set: kubelet, kube-proxy, flannel, and k3s itself.
const SETTINGS: &[&str] = &[
    "net.ipv4.ip_forward",
    "net.ipv4.conf.all.forwarding",
    "net.ipv4.conf.default.forwarding",
    "net.ipv4.conf.all.route_localnet",
    "net.ipv4.vs.conntrack",
    "net.ipv4.vs.conn_reuse_mode",
    "net.ipv6.conf.all.forwarding",
    "net.ipv6.conf.default.forwarding",
    "net.bridge.bridge-nf-call-arptables",
    "net.bridge.bridge-nf-call-iptables",
    "net.bridge.bridge-nf-call-ip6tables",
    "net.netfilter.nf_conntrack_max",
    "net.netfilter.nf_conntrack_tcp_be_liberal",
    "net.netfilter.nf_conntrack_tcp_timeout_established",
    "net.netfilter.nf_conntrack_tcp_timeout_close_wait",
    "vm.overcommit_memory",
    "vm.panic_on_oom",
    "kernel.panic",
    "kernel.panic_on_oops",
    "kernel.keys.root_maxkeys",
    "kernel.keys.root_maxbytes",
];
/// Modules that k3s loads and that change how the host's own traffic goes; others only lie there.
const MODULES: &[&str] = &["br_netfilter", "vxlan"];
/// Control groups of pods, for both ways in which a kubelet makes them.
const GROUPS: &[&str] = &["kubepods", "kubepods.slice"];
/// Programs of k3s run from below this folder.
const PROGRAMS: &str = "/var/lib/rancher/k3s/";
/// How long killed programs may take to be gone.
const GONE: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(100);
/// Most processes that are looked at; a host has fewer process ids in use.
const MOST: usize = 100_000;
/// Deepest control group below those of the pods.
const DEEPEST: usize = 8;
const LARGEST: u64 = 1024 * 1024;

/// The settings as they are now.
pub(super) fn settings(layout: &Layout) -> BTreeMap<String, String> {
    let read = |name: &&str| Some(((*name).to_owned(), value(&setting(layout, name))?));
    SETTINGS.iter().filter_map(read).collect()
}

/// Which of the modules are loaded or built in.
pub(super) fn modules(layout: &Layout) -> BTreeSet<String> {
    let there = |name: &&&str| layout.at("/sys/module").join(name).exists();
    MODULES.iter().filter(there).map(|name| (*name).to_owned()).collect()
}

/// Puts settings back to what they were, and unloads modules that were not there. A kernel that refuses keeps its own
/// will until the next boot, which sets all of this anew.
pub(super) fn restore(layout: &Layout, receipt: &Receipt, process: &dyn Process) {
    for (name, before) in receipt.settings.iter().filter(|(name, _)| SETTINGS.contains(&name.as_str())) {
        let path = setting(layout, name);
        if value(&path).is_some_and(|now| now != *before) {
            let _until_the_next_boot = set(&path, before);
        }
    }
    if receipt.paths.is_empty() {
        return; // nobody knows what was loaded
    }
    for name in modules(layout).difference(&receipt.modules) {
        let command = Command::new("/sbin/modprobe").args(["--remove", "--quiet", name.as_str()]);
        let _in_use_or_built_in = process.run(&command, &|| false);
    }
}

/// Kills what still runs of k3s: its service leaves containerd and pods behind when it does not end in good order.
pub(super) fn kill(layout: &Layout, clock: &dyn Clock) {
    let until = clock.monotonic() + GONE;
    loop {
        let found = programs(layout);
        for pid in found.iter().copied().filter_map(Pid::from_raw) {
            let _gone = kill_process(pid, Signal::KILL);
        }
        if found.is_empty() || clock.monotonic() >= until {
            return;
        }
        clock.sleep(LOOK);
    }
}

/// Processes whose program lies in the folder of k3s, also where that file is removed.
pub(super) fn programs(layout: &Layout) -> Vec<i32> {
    let entries = fs::read_dir(layout.at("/proc")).into_iter().flatten().flatten().take(MOST);
    let is_ours = |entry: &fs::DirEntry| {
        let program = fs::read_link(entry.path().join("exe"));
        program.is_ok_and(|program| program.as_os_str().as_bytes().starts_with(PROGRAMS.as_bytes()))
    };
    entries.filter(is_ours).filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// The first control group of pods that is left.
pub(super) fn group_left(layout: &Layout) -> Option<PathBuf> {
    groups(layout).into_iter().find(|path| path.is_dir())
}

/// Removes the control groups of pods, the inner ones first; one that is not empty stays, and the probe says so.
pub(super) fn remove_groups(layout: &Layout) {
    for group in groups(layout) {
        let _left = remove_group(&group, 0);
    }
}

/// Every place where they may be: the one hierarchy of version 2, and each of version 1. Looked at as process 1 sees them:
/// the agent's own view may have been made when they were mounted for reading only.
fn groups(layout: &Layout) -> Vec<PathBuf> {
    let root = layout.at("/proc/1/root/sys/fs/cgroup");
    let entries = fs::read_dir(&root).into_iter().flatten().flatten().map(|entry| entry.path());
    let hierarchies: Vec<PathBuf> = entries.chain([root.clone()]).filter(|path| !path.is_symlink()).collect();
    hierarchies.iter().flat_map(|path| GROUPS.iter().map(|name| path.join(name))).collect()
}

fn remove_group(path: &Path, depth: usize) -> io::Result<()> {
    if depth > DEEPEST {
        return Err(io::Error::other("too deep"));
    }
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_group(&entry.path(), depth + 1)?;
        }
    }
    fs::remove_dir(path) // takes the kernel's own files with it
}

fn setting(layout: &Layout, name: &str) -> PathBuf {
    layout.at("/proc/sys").join(name.replace('.', "/"))
}

fn value(path: &Path) -> Option<String> {
    Some(files::read_limited(path, LARGEST).ok()??.trim().to_owned())
}

fn set(path: &Path, value: &str) -> io::Result<()> {
    use std::io::Write as _;
    fs::OpenOptions::new().write(true).open(path)?.write_all(value.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::removal::tests::Nothing;

    #[test]
    fn settings_go_back_and_others_are_left_alone() {
        let dir = tempfile::tempdir().expect("dir");
        let layout = Layout::under(dir.path());
        let put = |name: &str, text: &str| {
            let path = setting(&layout, name);
            fs::create_dir_all(path.parent().expect("parent")).expect("folder");
            files::write_atomic(&path, text.as_bytes(), 0o644).expect("setting");
        };
        put("net.ipv4.ip_forward", "0\n");
        put("kernel.panic", "0\n");
        put("kernel.hostname", "h1\n");
        let receipt = Receipt { settings: settings(&layout), ..Receipt::default() };
        assert_eq!(receipt.settings.len(), 2);
        put("net.ipv4.ip_forward", "1\n");
        put("kernel.hostname", "h2\n");
        restore(&layout, &receipt, &Nothing);
        assert_eq!(settings(&layout), receipt.settings);
        assert_eq!(value(&setting(&layout, "kernel.hostname")).as_deref(), Some("h2"));
        let foreign = BTreeMap::from([("kernel.hostname".to_owned(), "h1".to_owned())]);
        restore(&layout, &Receipt { settings: foreign, ..Receipt::default() }, &Nothing);
        assert_eq!(value(&setting(&layout, "kernel.hostname")).as_deref(), Some("h2"), "a receipt is no order");
    }

    #[test]
    fn control_groups_of_pods_go_in_each_hierarchy() {
        let dir = tempfile::tempdir().expect("dir");
        let layout = Layout::under(dir.path());
        let root = layout.at("/proc/1/root/sys/fs/cgroup");
        for group in ["memory/kubepods/burstable/pod1/c1", "kubepods.slice/x", "memory/mine", "system.slice"] {
            fs::create_dir_all(root.join(group)).expect("group");
        }
        assert!(group_left(&layout).is_some());
        remove_groups(&layout);
        assert_eq!(group_left(&layout), None);
        assert!(root.join("memory/mine").is_dir() && root.join("system.slice").is_dir());
    }
}
