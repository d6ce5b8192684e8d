//! What can be restored: ranges of a log without a gap behind a base backup, and which of them a wish falls into.
//!
//! Only segments count whose objects were verified. A range begins where its base is consistent and ends with the last segment
//! before the first gap, or where the log ends.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::history::History;
use super::name::{Lsn, SegmentNumber, SegmentSize, SystemId, Timeline};
use crate::backup::id::{Incarnation, SetId};
use crate::backup::moment_text;
use crate::backup::set::LogPosition;
use crate::fault::{Fault, FaultCode};
use crate::message::Message;
use crate::port::Timestamp;

/// One log: what one life of one server archived.
#[derive(Debug, Clone)]
pub struct Archive {
    /// Whose.
    pub system: SystemId,
    /// Which life.
    pub incarnation: Incarnation,
    /// Size of its segments.
    pub size: SegmentSize,
    /// Its segments.
    pub segments: BTreeMap<(Timeline, SegmentNumber), Seen>,
    /// How its timelines came about.
    pub histories: BTreeMap<Timeline, History>,
}

/// A segment in a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Whether its object was read, or confirmed with its digest when it was written.
    pub verified: bool,
    /// When the server gave it to the archive.
    pub closed: Timestamp,
}

/// Segments that are missing between others, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// Of which timeline.
    pub timeline: Timeline,
    /// The first one.
    pub first: SegmentNumber,
    /// The last one.
    pub last: SegmentNumber,
}

/// A stretch of a log every moment of which can be restored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// The set with the base.
    pub set: SetId,
    /// Whose log.
    pub system: SystemId,
    /// Which life.
    pub incarnation: Incarnation,
    /// The timeline at its end: what recovery follows.
    pub timeline: Timeline,
    /// The timelines on the way with the place where each was left; the last one's is the end of the range.
    pub path: Vec<(Timeline, Lsn)>,
    /// Where the base is consistent.
    pub from: (Lsn, Timestamp),
    /// Where it ends.
    pub to: (Lsn, Timestamp),
    /// Whether it ends in a gap, behind which there is more.
    pub gap: Option<SegmentNumber>,
}

/// What somebody wants to go back to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// As far as there is anything.
    Latest,
    /// An instant.
    Time(Timestamp),
    /// A set.
    Set(SetId),
    /// A named place.
    Point(String),
}

/// A named place in a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// Its name.
    pub name: String,
    /// Which life made it.
    pub incarnation: Incarnation,
    /// On which timeline.
    pub timeline: Timeline,
    /// Where.
    pub at: Lsn,
}

/// How to restore; the server then goes on with a new timeline in a new life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// What it is made of.
    pub range: Range,
    /// Where replay stops.
    pub stop: Stop,
}

/// Where replay stops.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// At the end of the range.
    End,
    /// Before the first transaction behind this instant.
    Time(Timestamp),
    /// At this named place.
    Name(String),
    /// As soon as the base is consistent.
    Immediate,
}

/// Why a wish cannot be met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing can be restored at all.
    Nothing,
    /// Before the oldest base.
    BeforeOldest {
        /// The earliest instant.
        oldest: Timestamp,
    },
    /// Between two ranges.
    InGap {
        /// The last instant before it.
        before: Timestamp,
        /// The first instant behind it.
        after: Timestamp,
    },
    /// Behind everything that is in the repository.
    NotYet {
        /// The last instant.
        latest: Timestamp,
    },
    /// Not come yet.
    Future,
    /// The log of this set is not complete, or there is no such set.
    SetUnknown,
    /// There is no such place in any range.
    PointUnknown,
    /// Several places have this name.
    PointAmbiguous,
}

impl Archive {
    /// What is missing between the segments of a timeline; unverified ones count as missing.
    #[must_use]
    pub fn gaps(&self, timeline: Timeline) -> Vec<Gap> {
        let of_timeline = (timeline, SegmentNumber(0))..=(timeline, SegmentNumber(u64::MAX));
        let there = self.segments.range(of_timeline).filter(|(_, seen)| seen.verified);
        let numbers: Vec<u64> = there.map(|((_, number), _)| number.0).collect();
        let gap = |pair: &[u64]| {
            (pair[1] - pair[0] > 1).then(|| Gap {
                timeline,
                first: SegmentNumber(pair[0] + 1),
                last: SegmentNumber(pair[1] - 1),
            })
        };
        numbers.windows(2).filter_map(gap).collect()
    }

    /// The ranges behind the base of `set`: one for each timeline that it can be followed to, none if the base itself is not
    /// complete.
    #[must_use]
    pub fn ranges(&self, set: SetId, base: &LogPosition) -> Vec<Range> {
        let of_this = base.system == self.system && base.incarnation == self.incarnation;
        if !of_this || base.segment_bytes != self.size {
            return Vec::new();
        }
        let descends = |history: &&History| history.left(base.timeline).is_some_and(|at| at >= base.stop);
        let later = self.histories.values().filter(descends).map(|history| history.timeline);
        let mut leaves: Vec<Timeline> = std::iter::once(base.timeline).chain(later).collect();
        leaves.sort_unstable();
        leaves.dedup();
        leaves.into_iter().filter_map(|leaf| self.follow(set, base, leaf)).collect()
    }

    fn follow(&self, set: SetId, base: &LogPosition, leaf: Timeline) -> Option<Range> {
        let mut parts: Vec<(Timeline, Option<Lsn>)> = Vec::new();
        if leaf != base.timeline {
            let switches = &self.histories.get(&leaf)?.switches;
            let on_the_way = switches.iter().filter(|switch| switch.from >= base.timeline);
            parts.extend(on_the_way.map(|switch| (switch.from, Some(switch.at))));
        }
        parts.push((leaf, None));
        let mut next = self.size.segment_of(base.start);
        let mut end: Option<(Timeline, SegmentNumber, Timestamp)> = None;
        let mut path = Vec::new();
        for (timeline, left) in parts {
            // The segment in which a timeline was left is also the first of the one that follows it, whole.
            let stop = left.map(|at| self.size.segment_of(at));
            while stop.is_none_or(|stop| next < stop) {
                match self.segments.get(&(timeline, next)) {
                    Some(seen) if seen.verified => end = Some((timeline, next, seen.closed)),
                    _ => break,
                }
                next = SegmentNumber(next.0.checked_add(1)?);
            }
            let last = end.and_then(|(_, number, _)| self.size.begin(SegmentNumber(number.0 + 1)));
            path.push((timeline, left.or(last)?));
            if stop.is_some_and(|stop| next < stop) {
                break;
            }
        }
        let (timeline, number, closed) = end?;
        let to = self.size.begin(SegmentNumber(number.0.checked_add(1)?))?;
        // A leaf that was not reached is another leaf's range.
        if to < base.stop || timeline != leaf {
            return None;
        }
        let rest = (timeline, next)..=(timeline, SegmentNumber(u64::MAX));
        let gap = self.segments.range(rest).next().map(|_| next);
        let (from, to) = ((base.stop, base.stop_time), (to, closed.max(base.stop_time)));
        let (system, incarnation) = (self.system, self.incarnation);
        Some(Range { set, system, incarnation, timeline, path, from, to, gap })
    }
}

impl Range {
    /// Whether the place `at` of `timeline` can be reached.
    #[must_use]
    pub fn reaches(&self, timeline: Timeline, at: Lsn) -> bool {
        at >= self.from.0 && at <= self.to.0 && self.path.iter().any(|(on, left)| *on == timeline && at <= *left)
    }
}

/// The range and the stop for `target`: of several ranges the one on the latest timeline with the latest base, which is the
/// least to replay.
///
/// # Errors
/// [`Refusal`] with what can be restored instead.
pub fn choose(target: &Target, ranges: &[Range], points: &[Point], now: Timestamp) -> Result<Recovery, Refusal> {
    if ranges.is_empty() {
        return Err(Refusal::Nothing);
    }
    let best = |fits: &dyn Fn(&Range) -> bool| {
        let best = ranges.iter().filter(|range| fits(range));
        best.max_by_key(|range| (range.incarnation, range.timeline, range.set, range.to.0)).cloned()
    };
    match target {
        Target::Latest => {
            let latest = best(&|_| true).ok_or(Refusal::Nothing)?;
            Ok(Recovery { range: latest, stop: Stop::End })
        }
        Target::Time(time) if *time > now => Err(Refusal::Future),
        Target::Time(time) => best(&|range| range.from.1 <= *time && *time <= range.to.1)
            .map(|range| Recovery { range, stop: Stop::Time(*time) })
            .ok_or_else(|| outside(*time, ranges)),
        Target::Set(set) => {
            let range = best(&|range| range.set == *set).ok_or(Refusal::SetUnknown)?;
            let name = crate::backup::set::SetManifest::restore_point(*set);
            let named = points.iter().find(|point| point.name == name);
            let reached = named.filter(|point| range.reaches(point.timeline, point.at));
            Ok(Recovery { stop: reached.map_or(Stop::Immediate, |_| Stop::Name(name.clone())), range })
        }
        Target::Point(name) => {
            let mut named = points.iter().filter(|point| point.name == *name);
            let point = named.next().ok_or(Refusal::PointUnknown)?;
            if named.next().is_some() {
                return Err(Refusal::PointAmbiguous);
            }
            let fits =
                |range: &Range| range.incarnation == point.incarnation && range.reaches(point.timeline, point.at);
            let range = best(&fits).ok_or(Refusal::PointUnknown)?;
            Ok(Recovery { range, stop: Stop::Name(name.clone()) })
        }
    }
}

/// Where an instant lies that is in no range.
fn outside(time: Timestamp, ranges: &[Range]) -> Refusal {
    let before = ranges.iter().map(|range| range.to.1).filter(|end| *end < time).max();
    let after = ranges.iter().map(|range| range.from.1).filter(|begin| *begin > time).min();
    match (before, after) {
        (Some(before), Some(after)) => Refusal::InGap { before, after },
        (None, Some(oldest)) => Refusal::BeforeOldest { oldest },
        (Some(latest), None) => Refusal::NotYet { latest },
        (None, None) => Refusal::Nothing,
    }
}

impl Refusal {
    /// What it is for people.
    #[must_use]
    pub fn fault(&self) -> Fault {
        Fault::new(FaultCode::MomentUnreachable).detail(self.message())
    }

    /// The words.
    #[must_use]
    pub fn message(&self) -> Message {
        match self {
            Self::Nothing => Message::new("range-nothing"),
            Self::BeforeOldest { oldest } => Message::new("range-before-oldest").with("oldest", moment_text(*oldest)),
            Self::InGap { before, after } => {
                Message::new("range-in-gap").with("before", moment_text(*before)).with("after", moment_text(*after))
            }
            Self::NotYet { latest } => Message::new("range-not-yet").with("latest", moment_text(*latest)),
            Self::Future => Message::new("range-future"),
            Self::SetUnknown => Message::new("range-set-unknown"),
            Self::PointUnknown => Message::new("range-point-unknown"),
            Self::PointAmbiguous => Message::new("range-point-ambiguous"),
        }
    }
}

#[cfg(test)]
mod tests;
