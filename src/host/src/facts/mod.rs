//! Measures a host for the preflight. Reading and understanding are apart: what a file of the kernel says is understood
//! by functions over text, which never fail, however odd the text is.

mod drop_ins;
mod engines;
mod files;
#[cfg(test)]
mod hostile;
mod kernel;
mod mounts;
mod network;
mod places;
mod ports;
mod processes;
mod system;
mod trial;

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use bridle_core::facts::{Disk, DropIn, HostFacts};
use bridle_core::port::Clock;

use self::files::Files;
use crate::layout::Layout;

/// Measures this host. What it writes to try the disks is removed again; it takes at most some five seconds.
#[must_use]
pub fn gather(layout: &Layout, clock: &dyn Clock) -> HostFacts {
    let files = Files::under(layout);
    let release = files.text("/etc/os-release");
    let memory = files.text("/proc/meminfo");
    let earlier = installed_before(layout);
    let root = rustix::process::geteuid().is_root();
    let cgroup = system::cgroup(&files);
    let places = places::all(layout, &files, root);
    let sync = root.then(|| trial::sync_times(&layout.k3s_data().join("server/db"), clock)).flatten();
    HostFacts {
        name: files.text("/proc/sys/kernel/hostname").trim().to_owned(),
        stored_name: system::stored_name(&files.text("/etc/hostname")),
        architecture: architecture(),
        cpus: std::thread::available_parallelism().map_or(1, |count| count.get() as u64),
        memory_mib: system::memory_mib(&memory, "MemTotal"),
        swap_mib: system::memory_mib(&memory, "SwapTotal"),
        os: system::os_field(&release, "ID"),
        os_version: system::os_field(&release, "VERSION_ID"),
        time: clock.now(),
        newest_file: system::newest_file(&files),
        systemd: system::systemd_version(&files),
        cgroup,
        controllers: system::controllers(&files, cgroup),
        root,
        selinux_enforcing: files.text("/sys/fs/selinux/enforce").trim() == "1",
        firewalls: system::firewalls(&files),
        network: network::facts(&files, earlier),
        ports_in_use: ports::in_use(&files, earlier),
        foreign: engines::traces(&files, earlier),
        taken: crate::commands::taken(layout),
        places,
        sync,
        modules: kernel::modules(&files),
        parameters: kernel::parameters(&files),
        drop_ins: drop_ins::all(&files),
    }
}

/// Processor architecture, Go's name (`amd64`).
#[must_use]
pub fn architecture() -> String {
    system::go_architecture(&rustix::system::uname().machine().to_string_lossy())
}

/// Size and free space of the file system of `path` or its nearest existing parent.
#[must_use]
pub fn disk(path: &Path) -> Disk {
    let (total_mib, free_mib, free_inodes) = places::sizes(&places::nearest(path));
    Disk { path: path.display().to_string(), total_mib, free_mib, free_inodes }
}

/// The mount point at or above `path` that the table of file systems names and where nothing is mounted. The path itself is
/// not touched: a file system that hangs holds nobody up.
#[must_use]
pub fn unmounted(layout: &Layout, path: &Path) -> Option<String> {
    let files = Files::under(layout);
    let mounted = mounts::read(&files.text("/proc/self/mountinfo")).into_iter().map(|mount| mount.point);
    bridle_core::backup::repository::place::unmounted(path, &files.text("/etc/fstab"), &mounted.collect::<Vec<_>>())
}

/// Number of the device of the file system that holds `path`, which must be one of ours.
#[must_use]
pub fn device(path: &Path) -> Option<u64> {
    std::fs::metadata(path).ok().map(|metadata| metadata.dev())
}

/// Bytes of memory of this machine.
#[must_use]
pub fn memory() -> u64 {
    let info = rustix::system::sysinfo();
    #[allow(clippy::useless_conversion, reason = "its width differs between architectures")]
    u64::from(info.totalram).saturating_mul(u64::from(info.mem_unit))
}

/// What files of the site say about how the control plane of Kubernetes is run.
#[must_use]
pub fn drop_ins(layout: &Layout) -> Vec<DropIn> {
    drop_ins::all(&Files::under(layout))
}

/// Whether an operation of ours was here before: then what it left behind is no stranger's.
fn installed_before(layout: &Layout) -> bool {
    crate::journal::list(&layout.journal_dir()).is_ok_and(|operations| !operations.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    #[test]
    fn measures_this_machine_and_leaves_nothing_behind() {
        let root = tempfile::tempdir().expect("dir");
        let layout = Layout::under(root.path());
        let facts = gather(&Layout::system(), &SystemClock);
        assert!(facts.memory_mib > 100 && facts.cpus > 0 && facts.time.0 > 0);
        assert!(!facts.name.is_empty() && !facts.architecture.is_empty() && !facts.controllers.is_empty());
        assert_eq!(facts.places.len(), bridle_core::facts::PLACES.len());
        assert!(facts.places.iter().all(|place| place.total_mib > 0 && !place.kind.is_empty()), "{:?}", facts.places);
        assert!(!facts.network.interfaces.iter().any(|interface| interface.name == "lo"));
        // The same below an empty root: nothing is known, nothing fails, nothing stays.
        let facts = gather(&layout, &SystemClock);
        assert_eq!((facts.memory_mib, facts.systemd, facts.os.as_str()), (0, None, ""));
        assert_eq!(std::fs::read_dir(root.path()).expect("list").count(), 0);
    }

    #[test]
    fn disk_of_a_path_that_is_not_there_is_that_of_its_parent() {
        let disk = disk(Path::new("/var/lib/not/there/yet"));
        assert!(disk.total_mib > 100 && disk.path == "/var/lib/not/there/yet");
    }
}
