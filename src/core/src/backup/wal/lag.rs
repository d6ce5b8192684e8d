//! How far the archive is behind the server, and what that means.

use std::time::Duration;

use super::name::{Lsn, SegmentSize};
use crate::message::Message;
use crate::port::Timestamp;

/// More finished segments than this that wait to be archived are told (`backup.md` §2).
pub const TOLD_SEGMENTS: u64 = 2;
/// More than this are bad whatever the disk is like.
pub const BAD_SEGMENTS: u64 = 64;
/// So long behind is bad.
pub const BAD_AFTER: Duration = Duration::from_secs(15 * 60);
/// A share of the free space of the data volume, in percent: beyond it the server will stop before somebody has slept.
pub const BAD_SHARE: u64 = 50;

/// What a server and its archive say at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'a> {
    /// The clock.
    pub now: Timestamp,
    /// Where the server writes.
    pub current: Lsn,
    /// Up to where every segment is in a repository.
    pub archived: Lsn,
    /// When the last segment was archived; of a server without one, when archiving began.
    pub last: Timestamp,
    /// Size of a segment.
    pub size: SegmentSize,
    /// `archive_timeout`: within this time and [`Sample::grace`] a segment must come while the server writes.
    pub timeout: Duration,
    /// Free bytes of the volume that holds the log.
    pub free: u64,
    /// Attempts that failed since the last one that did not (`pg_stat_archiver`).
    pub failed: u64,
    /// `SHOW archive_command` as the server has it.
    pub command: &'a str,
    /// What it should be.
    pub wanted: &'a str,
    /// Whether `archive_mode` is on.
    pub on: bool,
}

/// How it stands, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// As it should be.
    Good,
    /// Behind, and told.
    Behind,
    /// Data would be lost, or the server will stop.
    Bad,
}

/// What it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lag {
    /// How it stands.
    pub level: Level,
    /// Finished segments that are not archived.
    pub segments: u64,
    /// Bytes that would be lost with the host now.
    pub bytes: u64,
    /// How long the oldest of them has waited at most.
    pub behind: Duration,
    /// The words of what is wrong.
    pub findings: Vec<Message>,
}

/// What `sample` means.
#[must_use]
pub fn judge(sample: &Sample<'_>) -> Lag {
    let bytes = sample.current.0.saturating_sub(sample.archived.0);
    let segments = sample.size.segment_of(sample.current).0.saturating_sub(sample.size.segment_of(sample.archived).0);
    let waited = Duration::from_millis(sample.now.0.saturating_sub(sample.last.0));
    let behind = if bytes == 0 { Duration::ZERO } else { waited };
    let mut lag = Lag { level: Level::Good, segments, bytes, behind, findings: Vec::new() };
    if !sample.on || sample.command != sample.wanted {
        // Also "/bin/true", which says that everything is archived and archives nothing.
        lag.add(Level::Bad, Message::new("wal-command-other"));
    }
    if sample.archived > sample.current {
        lag.add(Level::Bad, Message::new("wal-archive-ahead"));
    }
    let share = bytes.saturating_mul(100) / bytes.saturating_add(sample.free).max(1);
    if share >= BAD_SHARE {
        lag.add(Level::Bad, Message::new("wal-disk-fills").with("share", share));
    }
    let late = behind > sample.timeout + Sample::GRACE;
    let level = match () {
        () if segments > BAD_SEGMENTS || (late && behind > BAD_AFTER) => Level::Bad,
        () if segments > TOLD_SEGMENTS || late => Level::Behind,
        () => Level::Good,
    };
    if level > Level::Good {
        let message = Message::new("wal-behind").with("segments", segments).with("minutes", behind.as_secs() / 60);
        lag.add(level, message.with("failed", sample.failed));
    }
    lag
}

impl Sample<'_> {
    /// Time that a segment may take from the server into a repository.
    pub const GRACE: Duration = Duration::from_secs(60);
}

impl Lag {
    fn add(&mut self, level: Level, finding: Message) {
        self.level = self.level.max(level);
        self.findings.push(finding);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEGMENT: u64 = 16 << 20;
    const NOW: u64 = 1_795_000_000_000;

    fn sample(behind: u64, seconds: u64) -> Sample<'static> {
        Sample {
            now: Timestamp(NOW),
            current: Lsn(100 * SEGMENT + 10),
            archived: Lsn((100 - behind) * SEGMENT),
            last: Timestamp(NOW - seconds * 1000),
            size: SegmentSize::USUAL,
            timeout: Duration::from_secs(60),
            free: 100 << 30,
            failed: 0,
            command: "wal-push %p %f",
            wanted: "wal-push %p %f",
            on: true,
        }
    }

    #[test]
    fn thresholds() {
        for (behind, seconds, level) in [
            (0, 30, Level::Good),
            (2, 120, Level::Good),
            (3, 30, Level::Behind),
            (1, 121, Level::Behind),
            (1, 901, Level::Bad),
            (65, 5, Level::Bad),
        ] {
            let lag = judge(&sample(behind, seconds));
            assert_eq!((lag.level, lag.segments), (level, behind), "{behind} segments, {seconds} s");
            assert_eq!(lag.findings.is_empty(), level == Level::Good);
        }
        // A server that writes nothing is behind nothing, however long ago its last segment was.
        let idle = Sample { archived: Lsn(100 * SEGMENT + 10), ..sample(0, 90_000) };
        assert_eq!(judge(&idle).level, Level::Good);
    }

    #[test]
    fn an_archive_that_cannot_be_right_is_bad() {
        let codes =
            |sample: &Sample<'_>| judge(sample).findings.iter().map(|one| one.code.to_string()).collect::<Vec<_>>();
        let good = sample(0, 1);
        assert_eq!(codes(&Sample { command: "/bin/true", ..good }), ["wal-command-other"]);
        assert_eq!(codes(&Sample { on: false, ..good }), ["wal-command-other"]);
        assert_eq!(codes(&Sample { archived: Lsn(200 * SEGMENT), ..good }), ["wal-archive-ahead"]);
        assert_eq!(codes(&Sample { free: SEGMENT, ..sample(2, 1) }), ["wal-disk-fills"]);
        assert_eq!(judge(&Sample { free: 0, now: Timestamp(0), ..good }).level, Level::Bad);
    }
}
