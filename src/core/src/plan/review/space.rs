//! Space and inodes at every path that is written; what shares a file system adds up.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::finding::{Finding, blocks};
use crate::facts::{DATA, HostFacts, KUBELET, KUBERNETES, LOGS, PLACES, PROGRAMS, PlaceFacts, RUN};
use crate::release::{CheckKind, ReleaseManifest};

const MIB: u64 = 1024 * 1024;
/// What k3s unpacks out of its own program (`k3s-contract.md` §1).
const K3S_PAYLOAD: u64 = 200 * MIB;
/// Part of blobs and unpacked files that file systems need for themselves: blocks that are not full, directories.
const OVERHEAD: u64 = 20; // a twentieth
/// Bytes of unpacked files for each inode, a little less than images of Debian packages have on average.
const BYTES_AN_INODE: u64 = 16 * 1024;
/// Space that is left free to start with, in MiB: journals and volumes, etcd, pods' directories, logs, sockets.
const RESERVE_MIB: &[(&str, u64)] = &[(DATA, 256), (KUBERNETES, 512), (KUBELET, 64), (LOGS, 192), (RUN, 16)];
/// Files that each place needs beyond those of the release.
const RESERVE_INODES: u64 = 500;

/// How many bytes a release needs on a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpaceNeed {
    /// Compressed blobs that the store does not hold yet.
    pub blobs: u64,
    /// Number of blobs of the release.
    pub parts: u64,
    /// Layers of all images, unpacked.
    pub unpacked: u64,
    /// Programs: second names of the store's blobs, or copies where they lie on another file system than the store.
    pub programs: u64,
}

/// What one file system is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forecast {
    /// Where it is mounted.
    pub mount: String,
    /// The paths on it that need space.
    pub paths: Vec<String>,
    /// Space that they need together, in MiB.
    pub needed_mib: u64,
    /// Space that is free, in MiB.
    pub free_mib: u64,
    /// Inodes that they need together.
    pub needed_inodes: u64,
    /// Inodes that are free; absent where the file system has no fixed number.
    pub free_inodes: Option<u64>,
}

impl SpaceNeed {
    /// Need of a release on a host whose store lacks `new_bytes` of its blobs.
    #[must_use]
    pub fn of(release: &ReleaseManifest, new_bytes: u64) -> Self {
        let unpacked = release.images.values().map(|image| image.unpacked).fold(0, u64::saturating_add);
        let programs = release.programs.values().map(|blob| blob.size).fold(0, u64::saturating_add);
        let parts = release.programs.len() + release.charts.len() + release.images.len() * 8;
        Self { blobs: new_bytes, parts: parts as u64, unpacked, programs }
    }

    /// Bytes and inodes at a path, without the release's own check.
    fn at(&self, path: &str) -> (u64, u64) {
        let (bytes, inodes) = match path {
            DATA => (with_overhead(self.blobs), self.parts),
            PROGRAMS => (self.programs, 20),
            KUBERNETES => (with_overhead(self.unpacked).saturating_add(K3S_PAYLOAD), self.unpacked / BYTES_AN_INODE),
            _ => (0, 0),
        };
        let reserve = RESERVE_MIB.iter().find(|(place, _)| *place == path);
        reserve.map_or((bytes, inodes), |(_, mib)| (bytes.saturating_add(mib * MIB), inodes + RESERVE_INODES))
    }
}

const fn with_overhead(bytes: u64) -> u64 {
    bytes.saturating_add(bytes / OVERHEAD)
}

pub(super) fn forecast(facts: &HostFacts, release: &ReleaseManifest, need: SpaceNeed) -> Vec<Forecast> {
    let wanted_by_release = release.checks.iter().filter(|check| check.kind == CheckKind::DiskMib);
    let extra = wanted_by_release.map(|check| check.minimum).fold(0, u64::saturating_add);
    let mut systems: BTreeMap<&str, Forecast> = BTreeMap::new();
    for place in PLACES.iter().filter_map(|path| facts.place(path)) {
        // Programs are second names of blobs on the same file system, copies on another one.
        let linked = place.path == PROGRAMS && facts.place(DATA).is_some_and(|data| data.device == place.device);
        let (bytes, inodes) = if linked { (0, 20) } else { need.at(&place.path) };
        let mib = bytes.div_ceil(MIB).saturating_add(if place.path == DATA { extra } else { 0 });
        if mib == 0 && inodes == 0 {
            continue;
        }
        let system = systems.entry(&place.device).or_insert_with(|| empty(place));
        system.paths.push(place.path.clone());
        system.needed_mib = system.needed_mib.saturating_add(mib);
        system.needed_inodes = system.needed_inodes.saturating_add(inodes);
    }
    systems.into_values().collect()
}

fn empty(place: &PlaceFacts) -> Forecast {
    Forecast {
        mount: place.mount.clone(),
        paths: Vec::new(),
        needed_mib: 0,
        free_mib: place.free_mib,
        needed_inodes: 0,
        free_inodes: place.free_inodes,
    }
}

pub(super) fn judge(facts: &HostFacts, release: &ReleaseManifest, need: SpaceNeed, found: &mut Vec<Finding>) {
    for system in forecast(facts, release, need) {
        let named = |finding: Finding| {
            let finding = finding.about(&system.mount).with("mount", system.mount.as_str());
            finding.with("paths", system.paths.join(", "))
        };
        if system.free_mib < system.needed_mib {
            let finding = named(blocks("check-disk"));
            let finding = finding.with("wanted", system.needed_mib).with("found", system.free_mib);
            found.push(finding.command(format!("du -xh --max-depth=2 {}", system.mount)));
        }
        if let Some(free) = system.free_inodes.filter(|free| *free < system.needed_inodes) {
            let finding = named(blocks("check-inodes"));
            let finding = finding.with("wanted", system.needed_inodes).with("found", free);
            found.push(finding.command(format!("du -x --inodes --max-depth=3 {}", system.mount)));
        }
    }
}
