//! What changes on a host without anybody's doing, each with its reason. A thing that is not listed here counts.

/// Folders that are not the host's files: views of the kernel, compared by their own subjects or not at all.
const VIEWS: [&str; 4] = ["/proc", "/sys", "/dev/pts", "/dev/mqueue"];

/// Files and folders, with all below them.
const PATHS: [&str; 34] = [
    // Logs and records of logins.
    "/var/log/journal",
    "/run/log/journal",
    "/var/log/wtmp",
    "/var/log/btmp",
    "/var/log/lastlog",
    "/run/utmp",
    // Touched by `agetty --reload`, which a clean system runs at the end of its boot.
    "/run/agetty.reload",
    // What the clean system's timers do: package lists, package backups, stamps of the timers themselves.
    "/var/lib/apt",
    "/var/cache/apt",
    "/var/log/apt",
    "/var/backups",
    "/var/lib/systemd/timers",
    "/var/log/dpkg.log",
    // Seeds and clock files, written at boot, at shutdown, or now and then.
    "/var/lib/systemd/random-seed",
    "/var/lib/systemd/timesync",
    "/var/lib/systemd/linger",
    "/var/lib/systemd/catalog",
    // State of systemd and its helpers: what it says is compared as units, mounts and control groups.
    "/run/systemd/units",
    "/run/systemd/sessions",
    "/run/systemd/users",
    "/run/systemd/inhibit",
    "/run/systemd/transient",
    "/run/systemd/propagate",
    "/run/systemd/netif",
    "/run/systemd/journal",
    "/run/systemd/ask-password",
    "/run/systemd/seats",
    "/run/udev",
    "/run/dbus",
    "/run/user",
    "/run/credentials",
    // What groupadd and its kin leave behind: the file before its last change, and their lock.
    "/etc/group-",
    "/etc/gshadow-",
    "/etc/.pwd.lock",
];

/// Beginnings of paths whose end is made up anew each time.
const PATH_BEGINNINGS: [&str; 4] =
    ["/tmp/systemd-private-", "/var/tmp/systemd-private-", "/run/systemd/generator", "/run/systemd/incoming"];

/// Units that come and go by themselves: sessions, terminals that restart, work of the clean system's timers.
const UNITS: [&str; 12] = [
    "apt-daily.service",
    "apt-daily-upgrade.service",
    "console-getty.service",
    "dpkg-db-backup.service",
    "e2scrub_all.service",
    "e2scrub_reap.service",
    "fstrim.service",
    "systemd-hostnamed.service",
    "systemd-localed.service",
    "systemd-timedated.service",
    "systemd-tmpfiles-clean.service",
    "systemd-update-utmp-runlevel.service",
];

/// Beginnings of names of such units.
const UNIT_BEGINNINGS: [&str; 7] =
    ["session-", "user@", "user-", "user-runtime-dir@", "container-getty@", "run-credentials-", "init.scope"];

/// Mount points below which systemd mounts for a moment, and those that systemd-nspawn fills with a file named anew at each
/// boot, or with a folder named after the lab.
const MOUNTS: [&str; 5] =
    ["/run/credentials", "/run/user", "/run/host/incoming", "/proc/kmsg", "/proc/sys/kernel/random/boot_id"];

/// Whether a folder is not gone into at all.
pub(super) fn is_view(path: &str) -> bool {
    VIEWS.contains(&path)
}

/// Whether a file is left out.
pub(super) fn is_path(path: &str) -> bool {
    PATHS.iter().any(|listed| is_below(path, listed))
        || PATH_BEGINNINGS.iter().any(|beginning| path.starts_with(beginning))
}

/// Whether a control group lies below a legacy controller and belongs to a unit of systemd: systemd makes and drops these by
/// whether any unit beside it limits something just then. Its own hierarchy has every unit, and that one counts.
pub fn is_borrowed(path: &str) -> bool {
    const KINDS: [&str; 6] = [".slice", ".service", ".scope", ".mount", ".socket", ".swap"];
    let unit = |name: &str| KINDS.iter().any(|kind| name.ends_with(kind));
    let mut names = path.trim_start_matches("./").split('/');
    let (hierarchy, below) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
    !matches!(hierarchy, "systemd" | "unified") && !unit(hierarchy) && unit(below)
}

/// Whether a unit, or the control group of this name, is left out.
pub(super) fn is_unit(name: &str) -> bool {
    // Devices follow the machine, not the host.
    UNITS.contains(&name)
        || name.ends_with(".device")
        || UNIT_BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
}

/// Whether a mount is left out.
pub(super) fn is_mount(path: &str) -> bool {
    MOUNTS.iter().any(|listed| is_below(path, listed))
}

fn is_below(path: &str, listed: &str) -> bool {
    path.strip_prefix(listed).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_listed_is_left_out() {
        assert!(is_path("/var/log/journal/abc/system.journal") && is_path("/run/utmp") && is_path("/etc/group-"));
        assert!(is_path("/tmp/systemd-private-12-x.service-a/tmp"));
        for seen in ["/etc/group", "/var/log/journalx", "/run/bridle/agent.sock", "/tmp/x", "/var/lib/bridle"] {
            assert!(!is_path(seen), "{seen}");
        }
        assert!(is_unit("session-3.scope") && is_unit("apt-daily.service") && is_unit("dev-loop3.device"));
        assert!(!is_unit("bridle-agent.service") && !is_unit("k3s.service"));
        assert!(is_view("/proc") && !is_view("/dev") && is_mount("/run/user/0") && !is_mount("/run/k3s"));
        assert!(is_mount("/run/host/incoming") && !is_mount("/run/host/other"));
    }
}
