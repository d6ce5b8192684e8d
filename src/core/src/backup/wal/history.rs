//! What PostgreSQL writes beside the segments: how a timeline came about, and the note of a base backup.
//!
//! Both come out of a pod and out of a repository, so both are read as hostile input.

use super::name::{Lsn, Timeline, WalFile};

/// Largest file that is read, in bytes: a line a timeline, each about 100 bytes.
pub const LARGEST: usize = 1 << 20;
/// Most ancestors of a timeline.
const MOST_SWITCHES: usize = 4096;

/// How a timeline came about: its ancestors, the oldest first, each with the place where it was left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// The timeline.
    pub timeline: Timeline,
    /// Its ancestors.
    pub switches: Vec<Switch>,
}

/// Where a timeline was left for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Switch {
    /// The timeline that was left.
    pub from: Timeline,
    /// Where: the log of `from` counts up to here.
    pub at: Lsn,
}

/// The note of a base backup (`.backup`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Where replay begins.
    pub start: Lsn,
    /// Where the copy is consistent.
    pub stop: Lsn,
    /// Timeline of the start.
    pub timeline: Timeline,
    /// What the backup was called.
    pub label: String,
}

impl History {
    /// Reads the history file of `timeline`.
    ///
    /// # Errors
    /// [`HistoryError`] if it is too long, is no history, or its ancestors are not in order.
    pub fn parse(timeline: Timeline, bytes: &[u8]) -> Result<Self, HistoryError> {
        let mut switches: Vec<Switch> = Vec::new();
        for (line, number) in text(bytes)?.lines().zip(1..) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let mut fields = line.split_ascii_whitespace();
            let (from, at) = (fields.next(), fields.next());
            let from = from.and_then(|field| field.parse().ok()).and_then(Timeline::new);
            let at = at.and_then(|field| field.parse().ok());
            let (Some(from), Some(at)) = (from, at) else { return Err(HistoryError::Line(number)) };
            let behind = switches.last().is_none_or(|last| last.from < from && last.at <= at);
            if !behind || from >= timeline || switches.len() >= MOST_SWITCHES {
                return Err(HistoryError::Line(number));
            }
            switches.push(Switch { from, at });
        }
        // Only the first timeline has no ancestor, and it has no file.
        if switches.is_empty() { Err(HistoryError::Empty) } else { Ok(Self { timeline, switches }) }
    }

    /// Where the log of `ancestor` was left on the way to this timeline; `None` if it is none of its ancestors.
    #[must_use]
    pub fn left(&self, ancestor: Timeline) -> Option<Lsn> {
        self.switches.iter().find(|switch| switch.from == ancestor).map(|switch| switch.at)
    }
}

impl Label {
    /// Reads the note of a base backup; lines that are not known are passed over, as PostgreSQL adds some with its versions.
    ///
    /// # Errors
    /// [`HistoryError`] if it is too long or a needed line is missing or wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, HistoryError> {
        let text = text(bytes)?;
        let field = |name: &'static str| {
            let lines = text.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            let mut lines = lines.fuse();
            let first = lines.next().ok_or(HistoryError::Missing(name))?;
            if lines.next().is_some() { Err(HistoryError::Missing(name)) } else { Ok(first) }
        };
        let place = |name: &'static str| -> Result<(Lsn, WalFile), HistoryError> {
            let wrong = || HistoryError::Missing(name);
            let (place, file) = field(name)?.split_once(" (file ").ok_or_else(wrong)?;
            let file = file.strip_suffix(')').ok_or_else(wrong)?;
            Ok((place.parse().map_err(|_| wrong())?, file.parse().map_err(|_| wrong())?))
        };
        let ((start, file), (stop, _)) = (place("START WAL LOCATION")?, place("STOP WAL LOCATION")?);
        if stop < start {
            return Err(HistoryError::Missing("STOP WAL LOCATION"));
        }
        let label = field("LABEL")?.chars().filter(|c| !c.is_control()).take(1024).collect();
        Ok(Self { start, stop, timeline: file.timeline(), label })
    }
}

fn text(bytes: &[u8]) -> Result<&str, HistoryError> {
    if bytes.len() > LARGEST {
        return Err(HistoryError::TooLarge(bytes.len()));
    }
    std::str::from_utf8(bytes).map_err(|_| HistoryError::Empty)
}

/// Why a file beside the segments is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HistoryError {
    /// Longer than any is.
    #[error("read file of the write-ahead log: {0} bytes are too many")]
    TooLarge(usize),
    /// Nothing in it, or not text.
    #[error("read history of a timeline: no ancestor in it")]
    Empty,
    /// A line that is none of a history, or out of order.
    #[error("read history of a timeline: line {0}")]
    Line(usize),
    /// A line of a note is missing or wrong.
    #[error("read note of a base backup: {0}")]
    Missing(&'static str),
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn timeline(number: u32) -> Timeline {
        Timeline::new(number).expect("not 0")
    }

    #[test]
    fn a_history_as_postgresql_writes_it() {
        let text = b"1\t0/A000060\tno recovery target specified\n\n2\t0/B0000A0\tat restore point \"x\"\n";
        let history = History::parse(timeline(3), text).expect("a history");
        assert_eq!(history.left(timeline(1)), Some(Lsn(0xA00_0060)));
        assert_eq!(history.left(timeline(2)), Some(Lsn(0xB00_00A0)));
        assert_eq!(history.left(timeline(3)), None);
    }

    #[test]
    fn histories_that_contradict_themselves_are_refused() {
        for (text, why) in [
            (&b""[..], HistoryError::Empty),
            (b"# nothing\n", HistoryError::Empty),
            (b"\xff\xfe", HistoryError::Empty),
            (b"x\t0/1\n", HistoryError::Line(1)),
            (b"1\n", HistoryError::Line(1)),
            (b"0\t0/1\n", HistoryError::Line(1)),
            (b"3\t0/1\tits own ancestor\n", HistoryError::Line(1)),
            (b"2\t0/2\n1\t0/3\n", HistoryError::Line(2)),
            (b"1\t0/3\n2\t0/2\n", HistoryError::Line(2)),
        ] {
            assert_eq!(History::parse(timeline(3), text), Err(why), "{}", String::from_utf8_lossy(text));
        }
        let long = b"1\t0/1\n".repeat(LARGEST / 6 + 1);
        assert!(matches!(History::parse(timeline(3), &long), Err(HistoryError::TooLarge(_))));
    }

    const LABEL: &str = "START WAL LOCATION: 0/2000028 (file 000000010000000000000002)\n\
        STOP WAL LOCATION: 0/2000138 (file 000000010000000000000002)\nCHECKPOINT LOCATION: 0/2000060\n\
        BACKUP METHOD: streamed\nBACKUP FROM: primary\nSTART TIME: 2026-11-23 10:00:00 UTC\n\
        LABEL: set-01ARZ3NDEKTSV4RRFFQ69G5FAV\nSTART TIMELINE: 1\nSTOP TIME: 2026-11-23 10:00:09 UTC\nSTOP TIMELINE: 1\n";

    #[test]
    fn a_note_as_postgresql_writes_it() {
        let label = Label::parse(LABEL.as_bytes()).expect("a note");
        assert_eq!((label.start, label.stop, label.timeline), (Lsn(0x200_0028), Lsn(0x200_0138), timeline(1)));
        assert_eq!(label.label, "set-01ARZ3NDEKTSV4RRFFQ69G5FAV");
        for without in ["START WAL LOCATION", "STOP WAL LOCATION", "LABEL"] {
            let text = LABEL.replace(without, "X");
            assert_eq!(Label::parse(text.as_bytes()), Err(HistoryError::Missing(without)));
        }
        let twice = format!("{LABEL}LABEL: other\n");
        assert_eq!(Label::parse(twice.as_bytes()), Err(HistoryError::Missing("LABEL")));
        let back = LABEL.replace("STOP WAL LOCATION: 0/2000138", "STOP WAL LOCATION: 0/1000138");
        assert_eq!(Label::parse(back.as_bytes()), Err(HistoryError::Missing("STOP WAL LOCATION")));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn no_bytes_break_the_readers(bytes in prop::collection::vec(any::<u8>(), 0..300), lines in "([0-9]{1,3}\t[0-9A-F]{1,9}/[0-9A-F]{1,9}\n){0,8}") {
            for bytes in [bytes.as_slice(), lines.as_bytes()] {
                let _no_panic = Label::parse(bytes);
                if let Ok(history) = History::parse(timeline(100), bytes) {
                    prop_assert!(history.switches.windows(2).all(|pair| pair[0].from < pair[1].from && pair[0].at <= pair[1].at));
                }
            }
        }
    }
}
