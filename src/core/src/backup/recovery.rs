//! What a recovery brings back and how far: decided from a set and the logs of its servers, and written down for the agent
//! (`recovery/order.json`, `docs/FORMATS.md`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::id::{Incarnation, SetId};
use super::repository::RepositoryName;
use super::set::{SetManifest, SourceKind};
use super::wal::name::{SegmentSize, WalFile, WalObject};
use super::wal::range::{Range, Recovery, Stop, Target, choose};
use crate::digest::Digest;
use crate::fault::{Fault, FaultCode};
use crate::port::Timestamp;
use crate::release::{DataKind, DataSource, ReleaseManifest};

/// Version of the format that this code writes.
pub const FORMAT: u32 = 1;
/// Largest order, in bytes.
pub const LARGEST: u64 = 4 << 20;
/// Settings of a server that say how it is brought back; those of an earlier recovery go, as it may have only one target.
const SETTINGS: [&str; 8] = [
    "recovery_target",
    "recovery_target_action",
    "recovery_target_inclusive",
    "recovery_target_lsn",
    "recovery_target_name",
    "recovery_target_time",
    "recovery_target_timeline",
    "hot_standby",
];

/// What the agent does before Kubernetes is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecoveryOrder {
    /// Version of the format.
    pub format: u32,
    /// The set.
    pub set: SetId,
    /// The repository that it is in.
    pub repository: RepositoryName,
    /// The life that begins.
    pub incarnation: Incarnation,
    /// The data, in the order of restoring.
    pub sources: Vec<OrderedSource>,
}

/// One data source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderedSource {
    /// What it is in the release.
    pub source: DataSource,
    /// The snapshot with its data.
    pub snapshot: Digest,
    /// How far its log is followed, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<LogOrder>,
}

/// How far a server's log is followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogOrder {
    /// Size of a segment.
    pub segment_bytes: SegmentSize,
    /// Where the log is and where it ends.
    pub range: Range,
    /// Where replay stops.
    pub stop: Stop,
}

/// What becomes of a file that a server asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// It must be in the repository.
    Fetch(WalObject),
    /// It is not part of what is restored: the log ends before it.
    Absent,
}

/// What somebody wants back.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    /// The set.
    pub set: &'a SetManifest,
    /// The ranges behind it by source.
    pub ranges: &'a BTreeMap<String, Vec<Range>>,
    /// How far.
    pub target: &'a Target,
    /// Sources that stay empty.
    pub without: &'a [String],
    /// The clock.
    pub now: Timestamp,
}

/// Decides what is brought back.
///
/// # Errors
/// `MomentUnreachable` for a moment that a log does not reach, `RecoverySourceUnfit` for a source that only a pod can take back,
/// and `RecoverySourceUnfit` for a source to leave out that there is not.
pub fn order(
    wish: &Wish<'_>,
    release: &ReleaseManifest,
    repository: &RepositoryName,
    incarnation: Incarnation,
) -> Result<RecoveryOrder, Fault> {
    if let Some(unknown) = wish.without.iter().find(|name| release.data.iter().all(|source| source.name != **name)) {
        return Err(Fault::new(FaultCode::RecoverySourceUnfit).with("source", clipped(unknown)));
    }
    let wanted = release.data.iter().filter(|source| source.kind != DataKind::None);
    let wanted = wanted.filter(|source| !wish.without.contains(&source.name));
    let sources = wanted.map(|source| ordered(wish, source)).collect::<Result<Vec<_>, _>>()?;
    Ok(RecoveryOrder { format: FORMAT, set: wish.set.id, repository: repository.clone(), incarnation, sources })
}

fn ordered(wish: &Wish<'_>, source: &DataSource) -> Result<OrderedSource, Fault> {
    let unfit = || Fault::new(FaultCode::RecoverySourceUnfit).with("source", source.name.as_str());
    let saved = wish.set.sources.iter().find(|saved| saved.name == source.name).ok_or_else(unfit)?;
    let snapshot = saved.snapshot.ok_or_else(unfit)?;
    let log = match (saved.kind, &saved.postgresql) {
        (SourceKind::Volume, _) if source.kind == DataKind::Volume => None,
        (SourceKind::Postgresql, Some(position)) if source.log.is_some() => {
            let ranges = wish.ranges.get(&source.name).map(Vec::as_slice).unwrap_or_default();
            let Recovery { range, stop } =
                choose(wish.target, ranges, &[], wish.now).map_err(|refusal| refusal.fault())?;
            // A server that is told an instant behind its last transaction refuses to open.
            let stop = match stop {
                Stop::Time(time) if time >= range.to.1 => Stop::End,
                stop => stop,
            };
            Some(LogOrder { segment_bytes: position.segment_bytes, range, stop })
        }
        _ => return Err(unfit()),
    };
    Ok(OrderedSource { source: source.clone(), snapshot, log })
}

/// A moment as somebody types it: RFC 3339 with its offset, such as `2026-11-24T09:30:00Z`.
#[must_use]
pub fn moment(text: &str) -> Option<Timestamp> {
    let time: jiff::Timestamp = text.parse().ok()?;
    u64::try_from(time.as_millisecond()).ok().map(Timestamp)
}

/// With milliseconds, as the server reads it before it knows names of time zones (`Z` is one to it).
fn exact(time: Timestamp) -> String {
    format!("{}.{:03}+00", time.rfc3339().trim_end_matches('Z').replace('T', " "), time.0 % 1000)
}

fn clipped(text: &str) -> String {
    text.chars().take(80).collect()
}

impl RecoveryOrder {
    /// The source of this name.
    #[must_use]
    pub fn source(&self, name: &str) -> Option<&OrderedSource> {
        self.sources.iter().find(|ordered| ordered.source.name == name)
    }
}

impl LogOrder {
    /// What becomes of a file that the server asks for.
    #[must_use]
    pub fn wanted(&self, file: WalFile) -> Wanted {
        let Range { system, incarnation, path, .. } = &self.range;
        let left = path.iter().find(|(timeline, _)| *timeline == file.timeline()).map(|(_, left)| *left);
        let inside = match (file, left) {
            (WalFile::Segment { .. }, Some(left)) => {
                file.number(self.segment_bytes).is_some_and(|number| number <= self.segment_bytes.last_of(left))
            }
            (WalFile::History(timeline), Some(_)) => path.first().is_some_and(|(first, _)| *first != timeline),
            _ => false,
        };
        if !inside {
            return Wanted::Absent;
        }
        Wanted::Fetch(WalObject { system: *system, incarnation: *incarnation, file })
    }

    /// `postgresql.auto.conf` of a server that is brought back so far, from what it was in the copy. Nobody is let in before it is.
    #[must_use]
    pub fn configuration(&self, before: &str) -> String {
        let ours = |line: &&str| {
            let name = line.split(['=', ' ', '\t']).next().unwrap_or_default();
            SETTINGS.iter().any(|setting| setting.eq_ignore_ascii_case(name))
        };
        let mut text: String = before.lines().filter(|line| !ours(line)).map(|line| format!("{line}\n")).collect();
        text.push_str("hot_standby = 'off'\n");
        text.push_str(&format!("recovery_target_timeline = '{}'\n", self.range.timeline.number()));
        match &self.stop {
            Stop::End => return text,
            Stop::Immediate => text.push_str("recovery_target = 'immediate'\n"),
            Stop::Time(time) => text.push_str(&format!("recovery_target_time = '{}'\n", exact(*time))),
            Stop::Name(name) => text.push_str(&format!("recovery_target_name = '{}'\n", name.replace('\'', "''"))),
        }
        text.push_str("recovery_target_action = 'promote'\n");
        text
    }
}

#[cfg(test)]
mod tests;
