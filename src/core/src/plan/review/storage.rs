//! File systems: whether they can be written, run programs, hold images, and keep what etcd was promised.

use super::finding::{Finding, blocks, warns};
use crate::facts::{HostFacts, KUBELET, KUBERNETES, LOGS, PLACES, PROGRAMS, PlaceFacts, RUN};

/// Places whose programs are run: those of the release, and what k3s unpacks.
const RUNS_PROGRAMS: &[&str] = &[PROGRAMS, KUBERNETES];
/// Places that may be in memory.
const MAY_VANISH: &[&str] = &[RUN, "/tmp"];
/// Places whose loss costs logs or scratch files of pods.
const LOSES_LITTLE: &[&str] = &[KUBELET, LOGS];
/// File systems in memory: what is on them is gone after a restart.
const IN_MEMORY: &[&str] = &["tmpfs", "ramfs"];
/// File systems on which overlayfs cannot put what a container writes (the kernel's `overlayfs.rst`: the upper layer
/// needs a local file system with directory entry kinds and extended attributes), and on which etcd must not be.
const NO_OVERLAY: &[&str] = &[
    "nfs", "nfs4", "cifs", "smb3", "9p", "vfat", "exfat", "ntfs", "ntfs3", "fuseblk", "overlay", "ecryptfs",
    "squashfs", "iso9660",
];
/// etcd's own advice for the slowest 1 of 100 writes of its log, in microseconds.
const SYNC_ADVICE: u64 = 10_000;
/// etcd calls a write of its log slow from here on (`warnSyncDuration`), in microseconds …
const SYNC_SLOW: u64 = 1_000_000;
/// … which may be an accident of the measurement, unless every second one takes long, too.
const SYNC_SLOW_MEDIAN: u64 = 100_000;

pub(super) fn judge(facts: &HostFacts, found: &mut Vec<Finding>) {
    let mut read_only: Vec<&str> = Vec::new();
    for place in PLACES.iter().filter_map(|path| facts.place(path)) {
        if place.read_only {
            if !read_only.contains(&place.mount.as_str()) {
                read_only.push(&place.mount);
                let finding = blocks("check-read-only").about(&place.mount).with("mount", place.mount.as_str());
                let finding = finding.with("path", place.path.as_str());
                found.push(finding.command(format!("mount -o remount,rw {}", place.mount)));
            }
            continue;
        }
        if place.noexec && RUNS_PROGRAMS.contains(&place.path.as_str()) {
            let finding = blocks("check-noexec").about(&place.path).with("path", place.path.as_str());
            let finding = finding.with("mount", place.mount.as_str());
            found.push(finding.command(format!("mount -o remount,exec {}", place.mount)));
        }
        kind(place, found);
    }
    sync(facts, found);
}

fn kind(place: &PlaceFacts, found: &mut Vec<Finding>) {
    let named = |finding: Finding| {
        let finding = finding.about(&place.path).with("path", place.path.as_str());
        finding.with("kind", place.kind.as_str())
    };
    let holds_images = place.path == KUBERNETES;
    let unfit = holds_images && (NO_OVERLAY.contains(&place.kind.as_str()) || place.kind.starts_with("fuse."));
    if IN_MEMORY.contains(&place.kind.as_str()) && !MAY_VANISH.contains(&place.path.as_str()) {
        found.push(named(if LOSES_LITTLE.contains(&place.path.as_str()) {
            warns("check-in-memory")
        } else {
            blocks("check-in-memory")
        }));
    } else if unfit {
        found.push(named(blocks("check-file-system")));
    } else if let Some(trial) = place.trial {
        if holds_images && !trial.entry_kinds {
            found.push(named(blocks("check-entry-kinds")));
        }
        if holds_images && !trial.attributes {
            found.push(named(blocks("check-attributes")));
        }
        if !trial.durable {
            found.push(named(blocks("check-durable")));
        }
    }
}

fn sync(facts: &HostFacts, found: &mut Vec<Finding>) {
    let Some(times) = facts.sync else { return };
    let code = if times.p99 > SYNC_SLOW && times.median > SYNC_SLOW_MEDIAN {
        blocks("check-sync-slow")
    } else if times.p99 > SYNC_ADVICE {
        warns("check-sync")
    } else {
        return;
    };
    let millis = |micros: u64| micros.div_ceil(1000);
    let path = format!("{KUBERNETES}/k3s");
    let finding = code.with("path", path).with("p99", millis(times.p99)).with("median", millis(times.median));
    found.push(finding.with("advice", millis(SYNC_ADVICE)));
}
