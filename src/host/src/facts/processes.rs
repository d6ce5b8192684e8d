//! What is asked of running processes: names, the service that they belong to, who holds a socket.

use std::collections::BTreeMap;
use std::fs;

use bridle_core::facts::Owner;

use super::files::Files;

/// Most descriptors of a process that are looked at.
const MOST_DESCRIPTORS: usize = 65_536;

/// Whether a process calls itself so.
pub(super) fn is_running(files: &Files<'_>, program: &str) -> bool {
    pids(files).into_iter().any(|pid| files.text(&format!("/proc/{pid}/comm")).trim_end() == program)
}

/// The processes that hold these sockets, by the sockets' inodes; of several, the first one.
pub(super) fn owners(files: &Files<'_>, inodes: &[u64]) -> BTreeMap<u64, Owner> {
    let mut found = BTreeMap::new();
    for pid in pids(files) {
        if found.len() == inodes.len() {
            break;
        }
        let descriptors = fs::read_dir(files.path(&format!("/proc/{pid}/fd"))).into_iter().flatten().flatten();
        for descriptor in descriptors.take(MOST_DESCRIPTORS) {
            let target = fs::read_link(descriptor.path()).unwrap_or_default();
            if let Some(inode) = socket(&target.to_string_lossy()).filter(|inode| inodes.contains(inode)) {
                found.entry(inode).or_insert_with(|| owner(files, pid));
            }
        }
    }
    found
}

fn pids(files: &Files<'_>) -> Vec<u32> {
    let mut pids: Vec<u32> = files.names("/proc").iter().filter_map(|name| name.parse().ok()).collect();
    pids.sort_unstable();
    pids
}

fn owner(files: &Files<'_>, pid: u32) -> Owner {
    // A process chooses its own name: at most 15 bytes, any bytes.
    let program = files.text(&format!("/proc/{pid}/comm"));
    Owner {
        program: program.chars().filter(|c| !c.is_control()).take(40).collect(),
        pid,
        unit: unit(&files.text(&format!("/proc/{pid}/cgroup"))),
    }
}

/// `socket:[12345]`.
fn socket(target: &str) -> Option<u64> {
    target.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

/// The service in `/proc/PID/cgroup`: the last part of the path that ends so, in the hierarchy that systemd keeps.
pub(super) fn unit(cgroups: &str) -> Option<String> {
    let paths = cgroups.lines().filter_map(|line| {
        let mut parts = line.splitn(3, ':');
        let (_, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
        (controllers.is_empty() || controllers == "name=systemd").then_some(path)
    });
    let mut units = paths.flat_map(|path| path.split('/')).filter(|part| part.ends_with(".service") && part.len() > 8);
    units.next_back().map(|unit| unit.chars().take(256).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_of_processes() {
        let hybrid = "12:pids:/system.slice/x.service\n1:name=systemd:/system.slice/nginx.service\n0::/\n";
        assert_eq!(unit(hybrid).as_deref(), Some("nginx.service"));
        assert_eq!(
            unit("0::/system.slice/system-getty.slice/getty@tty1.service\n").as_deref(),
            Some("getty@tty1.service")
        );
        assert_eq!(unit("0::/user.slice/user-0.slice/session-1.scope\n"), None);
        assert_eq!(unit("0::/\n"), None);
        assert_eq!(unit("nonsense"), None);
        assert_eq!(socket("socket:[4711]"), Some(4711));
        assert_eq!(socket("/dev/null"), None);
    }

    #[test]
    fn finds_the_process_of_a_socket_and_its_own_name() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("listens");
        let layout = crate::layout::Layout::system();
        let files = Files::under(&layout);
        let link = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&listener));
        let inode = socket(&fs::read_link(link).expect("link").to_string_lossy()).expect("socket");
        let owners = owners(&files, &[inode]);
        assert_eq!(owners[&inode].pid, std::process::id());
        assert!(is_running(&files, &owners[&inode].program));
        assert!(!is_running(&files, "no such program"));
    }
}
