//! Judges whether a host can carry a release: findings that block or warn, each with its cure.

use serde::{Deserialize, Serialize};

use crate::facts::{Cgroup, HostFacts};
use crate::message::Message;
use crate::release::{CheckKind, ReleaseManifest};
use crate::site::Site;

/// One finding of the preflight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// The sentence, with `.why` and `.fix`.
    pub message: Message,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Nothing begins before it is mended.
    Blocks,
    /// It may work, but look at it.
    Warns,
}

/// How many bytes the release needs on the data disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpaceNeed {
    /// Compressed blobs that the store does not hold yet.
    pub blobs: u64,
    /// Their layers unpacked, and the programs.
    pub unpacked: u64,
}

/// Space that is left free for etcd, logs and databases to start with, in MiB.
pub const RESERVE_MIB: u64 = 1024;
/// Oldest systemd (`design.md` §1.13).
pub const OLDEST_SYSTEMD: u32 = 249;

impl SpaceNeed {
    /// Need of a whole release on a host whose store holds `held` bytes of it.
    #[must_use]
    pub fn of(release: &ReleaseManifest, held: u64) -> Self {
        let programs: u64 = release.programs.values().map(|blob| blob.size).sum();
        let charts: u64 = release.charts.iter().map(|chart| chart.package.size).sum();
        let images: u64 = release.images.values().map(|image| image.compressed).sum();
        let unpacked: u64 = release.images.values().map(|image| image.unpacked).sum();
        Self { blobs: (programs + charts + images).saturating_sub(held), unpacked: unpacked + programs }
    }

    /// The whole, with the reserve, in MiB.
    #[must_use]
    pub fn mib(&self) -> u64 {
        (self.blobs + self.unpacked).div_ceil(1024 * 1024) + RESERVE_MIB
    }
}

/// All findings, the blocking ones first.
#[must_use]
pub fn review(facts: &HostFacts, release: &ReleaseManifest, site: &Site, need: SpaceNeed) -> Vec<Finding> {
    let mut found = Vec::new();
    machine(facts, release, site, &mut found);
    network(facts, &mut found);
    space(facts, release, need, &mut found);
    found.sort_by_key(|finding| finding.severity);
    found
}

/// Whether nothing blocks.
#[must_use]
pub fn passes(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.severity != Severity::Blocks)
}

fn machine(facts: &HostFacts, release: &ReleaseManifest, site: &Site, found: &mut Vec<Finding>) {
    if facts.architecture != release.architecture {
        found.push(blocks("check-architecture").with2("wanted", &release.architecture, "found", &facts.architecture));
    }
    if !facts.root {
        found.push(blocks("check-root"));
    }
    match facts.systemd {
        None => found.push(blocks("check-systemd-absent")),
        Some(version) if version < OLDEST_SYSTEMD => {
            found.push(
                blocks("check-systemd-old").number("found", version.into()).number("wanted", OLDEST_SYSTEMD.into()),
            );
        }
        Some(_) => {}
    }
    match facts.cgroup {
        Cgroup::V2 => {}
        Cgroup::V1 if site.kubernetes.allow_cgroup_v1 => found.push(warns("check-cgroup-v1-allowed")),
        Cgroup::V1 | Cgroup::None => found.push(blocks("check-cgroup-v1")),
    }
    if facts.selinux_enforcing {
        found.push(blocks("check-selinux"));
    }
    let supported = matches!(
        (facts.os.as_str(), facts.os_version.as_str()),
        ("debian", "12" | "13") | ("ubuntu", "22.04" | "24.04")
    );
    if !supported {
        found.push(warns("check-os").with2("found", &facts.os, "version", &facts.os_version));
    }
    for path in &facts.foreign {
        found.push(blocks("check-foreign").text("path", path));
    }
    for feature in &facts.missing_kernel {
        found.push(blocks("check-kernel").text("feature", feature));
    }
}

fn network(facts: &HostFacts, found: &mut Vec<Finding>) {
    if facts.addresses.is_empty() {
        found.push(blocks("check-address"));
    }
    if !facts.default_route {
        found.push(blocks("check-default-route"));
    }
    for port in &facts.ports_in_use {
        found.push(blocks("check-port").number("port", u64::from(*port)));
    }
}

fn space(facts: &HostFacts, release: &ReleaseManifest, need: SpaceNeed, found: &mut Vec<Finding>) {
    let mut wanted = need.mib();
    for check in &release.checks {
        let (code, have) = match check.kind {
            CheckKind::MemoryMib => ("check-memory", facts.memory_mib),
            CheckKind::Cpus => ("check-cpus", facts.cpus),
            CheckKind::DiskMib => {
                wanted += check.minimum;
                continue;
            }
        };
        if have < check.minimum {
            found.push(blocks(code).number("wanted", check.minimum).number("found", have));
        }
    }
    if facts.data_disk.free_mib < wanted {
        let finding = blocks("check-disk").text("path", &facts.data_disk.path);
        found.push(finding.number("wanted", wanted).number("found", facts.data_disk.free_mib));
    }
    if facts.data_disk.free_inodes.is_some_and(|inodes| inodes < 100_000) {
        let finding = blocks("check-inodes").text("path", &facts.data_disk.path);
        found.push(finding.number("found", facts.data_disk.free_inodes.unwrap_or(0)));
    }
}

fn blocks(code: &'static str) -> Finding {
    Finding { severity: Severity::Blocks, message: Message::new(code) }
}

fn warns(code: &'static str) -> Finding {
    Finding { severity: Severity::Warns, message: Message::new(code) }
}

impl Finding {
    fn text(mut self, name: &'static str, value: &str) -> Self {
        self.message = self.message.with(name, value);
        self
    }

    fn number(mut self, name: &'static str, value: u64) -> Self {
        self.message = self.message.with(name, value);
        self
    }

    fn with2(self, first: &'static str, one: &str, second: &'static str, two: &str) -> Self {
        self.text(first, one).text(second, two)
    }
}
