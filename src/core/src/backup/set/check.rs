//! What every set must hold, and what must be in a repository before a set may be written.

use std::collections::BTreeSet;

use super::{LogPosition, MOST_COUNTS, MOST_SOURCES, MOST_TAGS, SetManifest, Source, SourceKind, Wholeness};
use crate::backup::wal::name::{WalFile, WalObject};
use crate::digest::Digest;

/// Longest name of a source, a site or a tag, in bytes.
const LONGEST_NAME: usize = 100;
/// Longest name of a count (`database.schema.table`), in bytes.
const LONGEST_COUNT: usize = 300;
/// Longest name of a restore point, in bytes: `MAXFNAMELEN` of PostgreSQL less one.
const LONGEST_POINT: usize = 63;
/// Most segments between start and stop of one copy: more would be a copy that took a petabyte of log.
const MOST_SEGMENTS: u64 = 1 << 26;

/// What a set lacks in the repository it is to be written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missing {
    /// A snapshot.
    Snapshot {
        /// The part that it holds.
        source: String,
        /// Its name.
        snapshot: Digest,
    },
    /// A segment of a log, without which the copy of a database is worth nothing.
    Segment {
        /// The part.
        source: String,
        /// The object.
        object: String,
    },
}

/// What of `set` is not in the repository: a set is written only when nothing is.
///
/// `snapshots` and `wal` come from listings of *this* repository made after the last part was written; a segment in another
/// repository does not count (`backup.md` §0.3).
#[must_use]
pub fn missing(set: &SetManifest, snapshots: &BTreeSet<Digest>, wal: &BTreeSet<WalObject>) -> Vec<Missing> {
    let mut missing = Vec::new();
    for source in &set.sources {
        if let Some(snapshot) = source.snapshot.filter(|snapshot| !snapshots.contains(snapshot)) {
            missing.push(Missing::Snapshot { source: source.name.clone(), snapshot });
        }
        let Some(log) = &source.postgresql else { continue };
        let absent = needed(log).filter(|object| !wal.contains(object));
        missing
            .extend(absent.map(|object| Missing::Segment { source: source.name.clone(), object: object.to_string() }));
    }
    missing
}

/// The segments without which a copy cannot be brought to its restore point.
fn needed(log: &LogPosition) -> impl Iterator<Item = WalObject> + '_ {
    let end = log.restore_point.as_ref().map_or(log.stop, |point| point.at.max(log.stop));
    let size = log.segment_bytes;
    (size.segment_of(log.start).0..=size.last_of(end).0).map(move |number| WalObject {
        system: log.system,
        incarnation: log.incarnation,
        file: WalFile::segment(log.timeline, crate::backup::wal::name::SegmentNumber(number), size),
    })
}

/// Checks what every set must hold.
pub(super) fn doubt(set: &SetManifest) -> Result<(), String> {
    rule(set.began <= set.made, || "made before it began".to_owned())?;
    rule(is_name(&set.installation.site), || "name of the site".to_owned())?;
    rule(is_name(&set.release.name), || "name of the release".to_owned())?;
    let tags = set.tags.len() <= MOST_TAGS && set.tags.iter().all(|tag| is_name(tag));
    rule(tags, || "tags".to_owned())?;
    rule((1..=MOST_SOURCES).contains(&set.sources.len()), || format!("{} sources", set.sources.len()))?;
    let mut names = BTreeSet::new();
    let mut before = None;
    for source in &set.sources {
        rule(names.insert(&source.name), || format!("two sources {:?}", source.name))?;
        let place = (source.order, &source.name);
        rule(before < Some(place), || format!("source {:?} is out of order", source.name))?;
        before = Some(place);
        part(source).map_err(|why| format!("source {:?}: {why}", source.name))?;
    }
    let has = |kind| set.sources.iter().any(|source| source.kind == kind);
    rule(has(SourceKind::Configuration), || "no configuration".to_owned())
}

fn part(source: &Source) -> Result<(), String> {
    rule(is_name(&source.name), || "its name".to_owned())?;
    let saved = source.kind != SourceKind::None;
    rule(saved == source.snapshot.is_some(), || "a snapshot where one is saved, and none elsewhere".to_owned())?;
    rule(saved == source.reason.is_empty(), || "a reason where nothing is saved, and none elsewhere".to_owned())?;
    rule(source.reason.len() <= 1000, || "its reason".to_owned())?;
    let counts = source.counts.len() <= MOST_COUNTS && source.counts.keys().all(|name| is_text(name, LONGEST_COUNT));
    rule(counts, || "its counts".to_owned())?;
    let fuzzy = !matches!(source.whole, Wholeness::Fuzzy { changed: 0 });
    rule(fuzzy, || "changed files, and none of them".to_owned())?;
    let database = source.kind == SourceKind::Postgresql;
    rule(database == source.postgresql.is_some(), || "a position of the log for a database only".to_owned())?;
    let etcd = source.kind == SourceKind::Etcd;
    rule(etcd == source.etcd_revision.is_some(), || "a revision for etcd only".to_owned())?;
    source.postgresql.as_ref().map_or(Ok(()), log)
}

fn log(log: &LogPosition) -> Result<(), String> {
    rule(log.start < log.stop, || "the log stops where it starts".to_owned())?;
    let size = log.segment_bytes;
    let end = log.restore_point.as_ref().map_or(log.stop, |point| point.at.max(log.stop));
    let span = size.last_of(end).0.saturating_sub(size.segment_of(log.start).0);
    rule(span < MOST_SEGMENTS, || format!("{span} segments of log"))?;
    let point = log.restore_point.as_ref();
    rule(point.is_none_or(|point| is_text(&point.name, LONGEST_POINT)), || "name of the restore point".to_owned())?;
    rule(point.is_none_or(|point| point.at >= log.start), || "a restore point before the copy".to_owned())
}

fn is_name(text: &str) -> bool {
    is_text(text, LONGEST_NAME)
}

fn is_text(text: &str, longest: usize) -> bool {
    !text.is_empty() && text.len() <= longest && !text.chars().any(char::is_control)
}

fn rule(holds: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what()) }
}
