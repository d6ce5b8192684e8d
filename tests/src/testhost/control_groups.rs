//! Control groups of a host: one in every hierarchy of the machine.
//!
//! Without groups of its own, the kubelet of one host deletes the pods of another.

use super::{Error, Result, wait};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

const ROOT: &str = "/sys/fs/cgroup";
/// How long killed processes may take to leave their groups.
const EMPTY_LIMIT: Duration = Duration::from_secs(30);

/// The mount points of the machine's hierarchies: one for each v1 controller and `unified`, or the
/// root alone where the machine has cgroup v2 only.
pub(crate) fn hierarchies() -> Result<Vec<PathBuf>> {
    const TABLE: &str = "/proc/self/mounts";
    let table = fs::read_to_string(TABLE).map_err(Error::file("read", TABLE))?;
    Ok(parse(&table))
}

/// Whether the machine has cgroup v2 only. There a group with controllers cannot hold processes
/// beside its children, so hosts are entered without joining their groups.
pub(crate) fn is_unified_only() -> bool {
    Path::new(ROOT).join("cgroup.controllers").exists()
}

fn parse(table: &str) -> Vec<PathBuf> {
    let mounts = table.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        Some((fields.next()?, fields.next()?))
    });
    mounts
        .filter(|(path, kind)| matches!(*kind, "cgroup" | "cgroup2") && Path::new(path).starts_with(ROOT))
        .map(|(path, _)| PathBuf::from(path))
        .collect()
}

/// Makes the groups of a host.
pub(crate) fn create(name: &str) -> Result<()> {
    for hierarchy in hierarchies()? {
        let group = hierarchy.join(name);
        fs::create_dir_all(&group).map_err(Error::file("create", &group))?;
        // A new v1 cpuset allows nothing until it is told what.
        for setting in ["cpuset.cpus", "cpuset.mems"] {
            if let Ok(value) = fs::read_to_string(hierarchy.join(setting))
                && !is_unified_only()
            {
                let path = group.join(setting);
                fs::write(&path, value).map_err(Error::file("write", &path))?;
            }
        }
    }
    if is_unified_only() {
        offer_controllers();
    }
    Ok(())
}

/// Lets the root's children use all controllers; one that the machine refuses stays away.
fn offer_controllers() {
    let controllers = fs::read_to_string(Path::new(ROOT).join("cgroup.controllers")).unwrap_or_default();
    for controller in controllers.split_whitespace() {
        let _refused = fs::write(Path::new(ROOT).join("cgroup.subtree_control"), format!("+{controller}"));
    }
}

/// The files into which a process writes its pid to join the groups of a host.
pub(crate) fn entrances(name: &str) -> Result<Vec<PathBuf>> {
    let groups = hierarchies()?.into_iter().map(|hierarchy| hierarchy.join(name));
    Ok(groups.map(|group| group.join("cgroup.procs")).collect())
}

/// The pids of all processes in the groups of a host, each once.
pub(crate) fn processes(name: &str) -> Result<Vec<u32>> {
    let groups = hierarchies()?.into_iter().map(|hierarchy| hierarchy.join(name));
    let mut pids: Vec<u32> = groups.flat_map(|group| members(&group)).filter_map(|pid| pid.try_into().ok()).collect();
    pids.sort_unstable();
    pids.dedup();
    Ok(pids)
}

/// Kills every process in the groups of a host and waits until none is left.
pub(crate) fn kill_all(name: &str) -> Result<()> {
    let groups: Vec<PathBuf> = hierarchies()?.into_iter().map(|path| path.join(name)).collect();
    let killed = wait::poll("", EMPTY_LIMIT, Duration::from_millis(20), || {
        let pids: Vec<i32> = groups.iter().flat_map(|group| members(group)).collect();
        for pid in pids.iter().filter_map(|pid| Pid::from_raw(*pid)) {
            // Fails only for one that is gone already.
            let _gone = kill_process(pid, Signal::KILL);
        }
        pids.is_empty()
    });
    killed.map_err(|_| Error::Late {
        what: format!("the end of the processes of {name}"),
        limit: EMPTY_LIMIT,
        seen: format!("{:?}", groups.iter().flat_map(|group| members(group)).collect::<Vec<_>>()),
    })
}

/// Removes the groups of a host with all below them; they must be empty.
pub(crate) fn remove(name: &str) -> Result<()> {
    let groups: Vec<PathBuf> = hierarchies()?.into_iter().map(|path| path.join(name)).collect();
    // The kernel may need a moment after the last process has gone.
    let removed = wait::poll("", EMPTY_LIMIT, Duration::from_millis(20), || {
        groups.iter().for_each(|group| remove_tree(group));
        groups.iter().all(|group| !group.exists())
    });
    removed.map_err(|_| Error::Late {
        what: format!("removing the control groups of {name}"),
        limit: EMPTY_LIMIT,
        seen: String::new(),
    })
}

fn remove_tree(group: &Path) {
    children(group).iter().for_each(|child| remove_tree(child));
    // Busy ones are tried again by the caller.
    let _busy = fs::remove_dir(group);
}

/// The pids in a group and below it.
fn members(group: &Path) -> Vec<i32> {
    let own = fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
    let mut pids: Vec<i32> = own.lines().filter_map(|line| line.parse().ok()).collect();
    for child in children(group) {
        pids.extend(members(&child));
    }
    pids
}

fn children(group: &Path) -> Vec<PathBuf> {
    let Ok(folder) = fs::read_dir(group) else {
        return Vec::new();
    };
    let entries = folder.flatten();
    entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path()).collect()
}

/// The names of groups that begin with `prefix`, in any hierarchy.
pub(crate) fn named(prefix: &str) -> Result<Vec<String>> {
    let mut names: Vec<String> = hierarchies()?
        .iter()
        .flat_map(|hierarchy| children(hierarchy))
        .filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()))
        .filter(|name| name.starts_with(prefix))
        .collect();
    names.sort();
    names.dedup();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hierarchies_of_the_machine_count() {
        let table = "tmpfs /sys/fs/cgroup tmpfs rw 0 0\n\
                     cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0\n\
                     cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n\
                     cgroup /elsewhere/sys/fs/cgroup/cpu cgroup rw,cpu 0 0\n";
        let expected = ["/sys/fs/cgroup/memory", "/sys/fs/cgroup/unified"];
        assert_eq!(parse(table), expected.map(PathBuf::from));
    }
}
