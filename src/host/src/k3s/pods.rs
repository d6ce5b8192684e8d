//! What k3s leaves running when its service stops: one shim for each pod, with the pod's processes below it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, Signal};

/// The program that holds a pod's containers.
const SHIM: &str = "containerd-shim-runc-v2";
/// containerd's name for everything of the kubelet.
const NAMESPACE: &str = "k8s.io";
/// Most processes that are looked at; a host has fewer process ids in use.
const MOST: usize = 100_000;

/// Whether a shim of the kubelet is left, as `proc` tells (proc(5)).
pub(super) fn left(proc: &Path) -> bool {
    processes(proc).values().any(|process| process.is_shim)
}

/// When the oldest shim of the kubelet began, since the host started.
pub(super) fn oldest(proc: &Path) -> Option<Duration> {
    processes(proc).values().filter(|process| process.is_shim).filter_map(|process| process.began).min()
}

/// Kills every shim of the kubelet with everything below it.
pub(super) fn kill(proc: &Path) {
    let processes = processes(proc);
    let mut doomed: Vec<i32> = processes.iter().filter(|(_, process)| process.is_shim).map(|(pid, _)| *pid).collect();
    let mut next = 0;
    while let Some(parent) = doomed.get(next).copied() {
        let children = processes.iter().filter(|(pid, process)| process.parent == parent && **pid != parent);
        doomed.extend(children.map(|(pid, _)| *pid));
        next += 1;
    }
    // Shims last of all would try to tell containerd, which is gone; first, nobody restarts what they held.
    for pid in doomed.into_iter().filter_map(Pid::from_raw) {
        let _gone = rustix::process::kill_process(pid, Signal::KILL);
    }
}

struct Process {
    parent: i32,
    is_shim: bool,
    began: Option<Duration>,
}

fn processes(proc: &Path) -> BTreeMap<i32, Process> {
    let entries = fs::read_dir(proc).into_iter().flatten().flatten().take(MOST);
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter_map(|pid| Some((pid, process(proc, pid)?))).collect()
}

fn process(proc: &Path, pid: i32) -> Option<Process> {
    let stat = fs::read_to_string(proc.join(format!("{pid}/stat"))).ok()?;
    let words = fs::read(proc.join(format!("{pid}/cmdline"))).ok()?;
    let is_shim = is_shim(&String::from_utf8_lossy(&words));
    Some(Process { parent: parent(&stat)?, is_shim, began: began(&stat) })
}

/// The parent's id is the second word behind the name, which stands in parentheses and may hold anything (proc(5)).
fn parent(stat: &str) -> Option<i32> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

/// The start in clock ticks since the host's own is the twentieth word behind the name (proc(5), field 22).
fn began(stat: &str) -> Option<Duration> {
    let ticks: u64 = stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()?;
    Some(Duration::from_millis(ticks.checked_mul(1000)? / rustix::param::clock_ticks_per_second().max(1)))
}

fn is_shim(words: &str) -> bool {
    let mut words = words.split('\0');
    words.next().is_some_and(|program| program.rsplit('/').next() == Some(SHIM)) && words.any(|word| word == NAMESPACE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "files of tests need not survive a power cut")]
    fn sees_the_processes_of_its_root_and_no_others() {
        let root = tempfile::tempdir().expect("folder");
        assert!(!left(&root.path().join("proc")), "there is none");
        let shim = root.path().join("4194999");
        fs::create_dir(&shim).expect("folder");
        fs::write(shim.join("stat"), "4194999 (containerd-shim) S 1 1 1 0").expect("written");
        fs::write(shim.join("cmdline"), "/bin/containerd-shim-runc-v2\0-namespace\0k8s.io\0").expect("written");
        assert!(left(root.path()));
    }

    #[test]
    fn knows_a_shim_of_the_kubelet() {
        let words = "/var/lib/rancher/k3s/data/0/bin/containerd-shim-runc-v2\0-namespace\0k8s.io\0-id\0abc\0";
        assert!(is_shim(words));
        assert!(!is_shim(&words.replace("k8s.io", "moby")));
        assert!(!is_shim("/bin/sh\0-c\0containerd-shim-runc-v2 k8s.io\0"));
        assert_eq!(parent("12 (a) b) S 7 12 12 0"), Some(7));
    }
}
