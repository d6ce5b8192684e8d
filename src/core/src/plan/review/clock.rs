//! Whether the clock can be right: certificates are made with it, and one that is valid tomorrow opens no door today.

use super::finding::{Finding, blocks, warns};
use crate::facts::HostFacts;
use crate::port::Timestamp;
use crate::wording;

/// No release was built before this moment (2026-11-01): a clock that says less is wrong. Release files carry no time,
/// since two builds of one source are the same file.
pub const EARLIEST: Timestamp = Timestamp(1_793_491_200_000);
const DAY: u64 = 24 * 3600 * 1000;
/// Beyond twenty years even the appliance's own authority would be past its end.
const LATEST: Timestamp = Timestamp(EARLIEST.0 + 20 * 365 * DAY);

pub(super) fn judge(facts: &HostFacts, found: &mut Vec<Finding>) {
    let time = wording::moment(facts.time);
    if facts.time < EARLIEST {
        let finding = blocks("check-clock-past").with("time", time).with("earliest", wording::moment(EARLIEST));
        found.push(finding.command("timedatectl set-time \"YYYY-MM-DD HH:MM:SS\""));
    } else if facts.time > LATEST {
        found.push(warns("check-clock-future").with("time", time).command("timedatectl status"));
    } else if let Some(newest) = facts.newest_file.filter(|newest| newest.0 > facts.time.0 + DAY) {
        let finding = warns("check-clock-behind").with("time", time).with("newest", wording::moment(newest));
        found.push(finding.command("timedatectl status"));
    }
}
