//! Judges whether a host can carry a release: findings that block or warn, each with its reason and its cure.
//!
//! Facts in, findings out: nothing here looks at the world. `docs/FORMATS.md` has the schema of the report.

mod clock;
mod cure;
mod drop_ins;
mod finding;
mod foreign;
mod kernel;
mod machine;
mod network;
mod ports;
mod profile;
mod ranges;
mod space;
mod storage;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use self::clock::EARLIEST;
pub use self::cure::{AppliedCure, CURES_FORMAT, Cure, CureRecord, CureRecordError};
pub use self::finding::{Finding, Severity};
pub(crate) use self::finding::{blocks, warns};
pub use self::ranges::free;
pub use self::space::{Forecast, SpaceNeed};
use crate::facts::HostFacts;
use crate::plan::ranges::Ranges;
use crate::release::ReleaseManifest;
use crate::site::Site;

/// Version of the report's format.
pub const FORMAT: u32 = 1;
/// Oldest systemd (`design.md` §1.13).
pub const OLDEST_SYSTEMD: u32 = machine::OLDEST_SYSTEMD;

/// What the checks say, for programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Version of the format.
    pub format: u32,
    /// Whether nothing blocks.
    pub passes: bool,
    /// The findings, the blocking ones first.
    pub findings: Vec<Finding>,
    /// What each file system is asked for.
    pub space: Vec<Forecast>,
}

impl Report {
    /// The report of these findings.
    #[must_use]
    pub fn new(findings: Vec<Finding>, space: Vec<Forecast>) -> Self {
        Self { format: FORMAT, passes: passes(&findings), findings, space }
    }
}

/// All findings, the blocking ones first, otherwise in the order in which a person would mend them.
#[must_use]
pub fn review(facts: &HostFacts, release: &ReleaseManifest, site: &Site, need: SpaceNeed) -> Vec<Finding> {
    let mut found = Vec::new();
    machine::judge(facts, release, site, &mut found);
    clock::judge(facts, &mut found);
    foreign::judge(facts, &mut found);
    drop_ins::judge(&facts.drop_ins, &mut found);
    kernel::judge(facts, &mut found);
    storage::judge(facts, &mut found);
    space::judge(facts, release, need, &mut found);
    network::judge(facts, site, &mut found);
    ranges::judge(facts, release, site, &mut found);
    ports::judge(facts, &mut found);
    network::firewalls(facts, &Ranges::of(release, site), &mut found);
    profile::judge(release, site, &mut found);
    found.sort_by_key(|finding| finding.severity);
    found
}

/// Whether nothing blocks.
#[must_use]
pub fn passes(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.severity != Severity::Blocks)
}

/// What each file system is asked for, and what it has.
#[must_use]
pub fn forecast(facts: &HostFacts, release: &ReleaseManifest, need: SpaceNeed) -> Vec<Forecast> {
    space::forecast(facts, release, need)
}
