//! Names of files of the write-ahead log and of their objects, and the arithmetic of segments.
//!
//! Sources: PostgreSQL's documentation, "Write-Ahead Logging" and "Continuous Archiving"; `xlog_internal.h` for the names.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::backup::id::Incarnation;

/// Folder of logs in a repository.
pub const FOLDER: &str = "wal";

/// What `pg_control` calls its system identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SystemId(pub u64);

/// A timeline, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Timeline(u32);

/// A place in the log, in bytes from its beginning; written `16/B374D848`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Lsn(pub u64);

/// Number of a segment, from the beginning of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SegmentNumber(pub u64);

/// Bytes in a segment (`wal_segment_size`): a power of two from 1 MiB to 1 GiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct SegmentSize(u32);

/// A file of the log, by its name alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WalFile {
    /// A segment. `high` and `low` are the two halves of the name: what number they mean depends on the size of a segment.
    Segment {
        /// Its timeline.
        timeline: Timeline,
        /// Which 4 GiB of the log.
        high: u32,
        /// Which segment of them.
        low: u32,
        /// Whether it is the unfinished last one of a timeline that was left (`.partial`).
        partial: bool,
    },
    /// How a timeline came about.
    History(Timeline),
    /// Note that a base backup leaves in the log.
    Label {
        /// Timeline of its start.
        timeline: Timeline,
        /// Which 4 GiB of the log.
        high: u32,
        /// Which segment of them.
        low: u32,
        /// Where in the segment.
        offset: u32,
    },
}

/// A file of the log in a repository: `wal/SYSTEM/INCARNATION/TIMELINE/FILE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WalObject {
    /// Whose log.
    pub system: SystemId,
    /// Which life wrote it.
    pub incarnation: Incarnation,
    /// Which file.
    pub file: WalFile,
}

impl Timeline {
    /// The first one.
    pub const FIRST: Self = Self(1);

    /// The timeline `number`; there is no 0.
    #[must_use]
    pub const fn new(number: u32) -> Option<Self> {
        if number == 0 { None } else { Some(Self(number)) }
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }
}

impl SegmentSize {
    /// What PostgreSQL takes unless told otherwise: 16 MiB.
    pub const USUAL: Self = Self(16 << 20);
    /// The largest there is.
    pub const LARGEST: Self = Self(1 << 30);

    /// A size of `bytes`; `None` if PostgreSQL knows no such size.
    #[must_use]
    pub const fn new(bytes: u32) -> Option<Self> {
        let fits = bytes.is_power_of_two() && bytes >= 1 << 20 && bytes <= 1 << 30;
        if fits { Some(Self(bytes)) } else { None }
    }

    /// In bytes.
    #[must_use]
    pub const fn bytes(self) -> u32 {
        self.0
    }

    /// The segment that holds the byte at `place`.
    #[must_use]
    pub fn segment_of(self, place: Lsn) -> SegmentNumber {
        SegmentNumber(place.0 / u64::from(self.0))
    }

    /// The segment that holds the last byte before `place`: a log that ends at a segment's first byte does not need it.
    #[must_use]
    pub fn last_of(self, place: Lsn) -> SegmentNumber {
        SegmentNumber(place.0.saturating_sub(1) / u64::from(self.0))
    }

    /// Where `segment` begins; `None` behind the end of all logs.
    #[must_use]
    pub fn begin(self, segment: SegmentNumber) -> Option<Lsn> {
        segment.0.checked_mul(u64::from(self.0)).map(Lsn)
    }

    /// Segments in 4 GiB.
    #[must_use]
    pub fn in_high(self) -> u64 {
        (1 << 32) / u64::from(self.0)
    }
}

impl WalFile {
    /// The segment `number` of a timeline.
    #[must_use]
    pub fn segment(timeline: Timeline, number: SegmentNumber, size: SegmentSize) -> Self {
        let (high, low) = (number.0 / size.in_high(), number.0 % size.in_high());
        // A log ends at 2^64 bytes, so the upper half has 32 bits for every size.
        let half = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        Self::Segment { timeline, high: half(high), low: half(low), partial: false }
    }

    /// The number of a whole segment of this size; `None` for any other file, and for a name that no segment of this size has.
    #[must_use]
    pub fn number(self, size: SegmentSize) -> Option<SegmentNumber> {
        match self {
            Self::Segment { high, low, partial: false, .. } if u64::from(low) < size.in_high() => {
                Some(SegmentNumber(u64::from(high) * size.in_high() + u64::from(low)))
            }
            _ => None,
        }
    }

    /// Its timeline.
    #[must_use]
    pub const fn timeline(self) -> Timeline {
        match self {
            Self::Segment { timeline, .. } | Self::Label { timeline, .. } | Self::History(timeline) => timeline,
        }
    }

    /// Most bytes that such a file has; only a segment has exactly as many as the size says.
    #[must_use]
    pub const fn most_bytes(self) -> u64 {
        match self {
            Self::Segment { .. } => SegmentSize::LARGEST.0 as u64,
            Self::History(_) | Self::Label { .. } => super::history::LARGEST as u64,
        }
    }
}

impl fmt::Display for WalFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Segment { timeline, high, low, partial } => {
                let ending = if *partial { ".partial" } else { "" };
                write!(f, "{:08X}{high:08X}{low:08X}{ending}", timeline.0)
            }
            Self::History(timeline) => write!(f, "{:08X}.history", timeline.0),
            Self::Label { timeline, high, low, offset } => {
                write!(f, "{:08X}{high:08X}{low:08X}.{offset:08X}.backup", timeline.0)
            }
        }
    }
}

impl FromStr for WalFile {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let refuse = || NameError::of("file of the write-ahead log", text);
        let timeline = |text: &str| hex(text).and_then(Timeline::new).ok_or_else(refuse);
        let (stem, ending) = text.split_once('.').map_or((text, None), |(stem, ending)| (stem, Some(ending)));
        if !stem.is_ascii() {
            return Err(refuse());
        }
        if (stem.len(), ending) == (8, Some("history")) {
            return timeline(stem).map(Self::History);
        }
        if stem.len() != 24 {
            return Err(refuse());
        }
        let timeline = timeline(&stem[..8])?;
        let (high, low) = (hex(&stem[8..16]).ok_or_else(refuse)?, hex(&stem[16..]).ok_or_else(refuse)?);
        match ending {
            None | Some("partial") => Ok(Self::Segment { timeline, high, low, partial: ending.is_some() }),
            Some(ending) => {
                let offset = ending.strip_suffix(".backup").and_then(hex).ok_or_else(refuse)?;
                Ok(Self::Label { timeline, high, low, offset })
            }
        }
    }
}

impl fmt::Display for WalObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let timeline = self.file.timeline().0;
        write!(f, "{FOLDER}/{}/{}/{timeline:08X}/{}", self.system.0, self.incarnation, self.file)
    }
}

impl FromStr for WalObject {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let refuse = || NameError::of("object of the write-ahead log", text);
        let parts: Vec<&str> = text.splitn(6, '/').collect();
        let [FOLDER, system, incarnation, _, file] = parts[..] else { return Err(refuse()) };
        let object = Self {
            system: system.to_owned().try_into().map_err(|_| refuse())?,
            incarnation: incarnation.parse().map_err(|_| refuse())?,
            file: file.parse().map_err(|_| refuse())?,
        };
        // Also the folder of the timeline: one object has one name.
        if object.to_string() == text { Ok(object) } else { Err(refuse()) }
    }
}

impl TryFrom<String> for WalObject {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<WalObject> for String {
    fn from(object: WalObject) -> Self {
        object.to_string()
    }
}

impl fmt::Display for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X}/{:X}", self.0 >> 32, self.0 & 0xffff_ffff)
    }
}

impl FromStr for Lsn {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let refuse = || NameError::of("place in the write-ahead log", text);
        let half = |text: &str| {
            let digits = (1..=8).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
            digits.then(|| u64::from_str_radix(text, 16).ok()).flatten().ok_or_else(refuse)
        };
        let (high, low) = text.split_once('/').ok_or_else(refuse)?;
        Ok(Self(half(high)? << 32 | half(low)?))
    }
}

impl TryFrom<String> for Lsn {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<Lsn> for String {
    fn from(place: Lsn) -> Self {
        place.to_string()
    }
}

/// As a text of digits: not every reader of JSON keeps 64 bits.
impl TryFrom<String> for SystemId {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        let number = text.parse::<u64>().ok().filter(|number| *number > 0 && number.to_string() == text);
        number.map(Self).ok_or_else(|| NameError::of("system identifier", &text))
    }
}

impl From<SystemId> for String {
    fn from(id: SystemId) -> Self {
        id.0.to_string()
    }
}

impl TryFrom<u32> for Timeline {
    type Error = NameError;

    fn try_from(number: u32) -> Result<Self, NameError> {
        Self::new(number).ok_or_else(|| NameError::of("timeline", &number.to_string()))
    }
}

impl From<Timeline> for u32 {
    fn from(timeline: Timeline) -> Self {
        timeline.0
    }
}

impl TryFrom<u32> for SegmentSize {
    type Error = NameError;

    fn try_from(bytes: u32) -> Result<Self, NameError> {
        Self::new(bytes).ok_or_else(|| NameError::of("size of a segment", &bytes.to_string()))
    }
}

impl From<SegmentSize> for u32 {
    fn from(size: SegmentSize) -> Self {
        size.0
    }
}

/// Not the name of what was expected; carries at most its first 100 characters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read {what} {text:?}")]
pub struct NameError {
    what: &'static str,
    text: String,
}

impl NameError {
    fn of(what: &'static str, text: &str) -> Self {
        Self { what, text: text.chars().take(100).collect() }
    }
}

/// Eight upper-case hex digits.
fn hex(text: &str) -> Option<u32> {
    let digits = text.len() == 8 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F'));
    digits.then(|| u32::from_str_radix(text, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const INCARNATION: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

    #[test]
    fn names_as_postgresql_writes_them() {
        let first = WalFile::segment(Timeline::FIRST, SegmentNumber(1), SegmentSize::USUAL);
        assert_eq!(first.to_string(), "000000010000000000000001");
        // 16/B374D848 with 16 MiB: the example of the documentation of pg_walfile_name.
        let place: Lsn = "16/B374D848".parse().expect("a place");
        let size = SegmentSize::USUAL;
        let name = WalFile::segment(Timeline::FIRST, size.segment_of(place), size).to_string();
        assert_eq!(name, "0000000100000016000000B3");
        let small = SegmentSize::new(1 << 20).expect("1 MiB");
        let name = WalFile::segment(Timeline::FIRST, small.segment_of(place), small).to_string();
        assert_eq!(name, "000000010000001600000B37");
        for name in ["00000002.history", "0000000100000016000000B3.00D84800.backup", "0000000100000016000000B3.partial"]
        {
            assert_eq!(name.parse::<WalFile>().expect(name).to_string(), name);
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for name in [
            "",
            "000000000000000000000001",
            "00000001000000000000000g",
            "00000001000000000000000a",
            "000000010000000000000001.",
            "000000010000000000000001.part",
            "00000000.history",
            "00000001.History",
            "../../../../../etc/passwd",
            "000000010000000000000001/x",
            "000000010000000000000001\n",
            "0000000100000000000000é",
            "000000010000000000000001.00000028.backup.backup",
            "+00000010000000000000001",
        ] {
            assert!(name.parse::<WalFile>().is_err(), "{name:?}");
        }
        for object in [
            format!("wal/7/{INCARNATION}/00000002/000000010000000000000001"),
            format!("wal/07/{INCARNATION}/00000001/000000010000000000000001"),
            format!("wal/0/{INCARNATION}/00000001/000000010000000000000001"),
            format!("wal/7/{INCARNATION}/00000001/000000010000000000000001/"),
            format!("wal/7/../{INCARNATION}/00000001/000000010000000000000001"),
            format!("val/7/{INCARNATION}/00000001/000000010000000000000001"),
        ] {
            assert!(object.parse::<WalObject>().is_err(), "{object}");
        }
        assert!(serde_json::from_str::<SystemId>("7").is_err() && serde_json::from_str::<SystemId>("\"7\"").is_ok());
        assert!(serde_json::from_str::<SegmentSize>("3145728").is_err());
        assert!(serde_json::from_str::<Timeline>("0").is_err());
    }

    #[test]
    fn a_log_that_ends_with_a_segment_does_not_need_the_next() {
        let size = SegmentSize::USUAL;
        let end = size.begin(SegmentNumber(5)).expect("in the log");
        assert_eq!((size.last_of(end), size.segment_of(end)), (SegmentNumber(4), SegmentNumber(5)));
        assert_eq!(size.last_of(Lsn(0)), SegmentNumber(0));
        assert_eq!(size.begin(SegmentNumber(u64::MAX)), None);
    }

    fn sizes() -> impl Strategy<Value = SegmentSize> {
        (20_u32..=30).prop_map(|power| SegmentSize::new(1 << power).expect("a power of two"))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3000))]
        #[test]
        fn arithmetic_and_names_agree(place: u64, timeline in 1_u32.., size in sizes(), system in 1_u64..) {
            let (place, timeline) = (Lsn(place), Timeline::new(timeline).expect("not 0"));
            prop_assert_eq!(place.to_string().parse::<Lsn>(), Ok(place));
            let number = size.segment_of(place);
            let begin = size.begin(number).expect("in the log");
            prop_assert!(begin <= place && place.0 - begin.0 < u64::from(size.bytes()));
            let file = WalFile::segment(timeline, number, size);
            prop_assert_eq!(file.number(size), Some(number));
            prop_assert_eq!(file.to_string().parse::<WalFile>(), Ok(file));
            let incarnation = INCARNATION.parse().expect("an incarnation");
            let object = WalObject { system: SystemId(system), incarnation, file };
            prop_assert_eq!(object.to_string().parse::<WalObject>(), Ok(object));
        }

        #[test]
        fn a_later_segment_has_a_later_name(a: u64, b: u64, size in sizes()) {
            let name = |place| WalFile::segment(Timeline::FIRST, size.segment_of(Lsn(place)), size);
            prop_assert_eq!(name(a).to_string().cmp(&name(b).to_string()), size.segment_of(Lsn(a)).cmp(&size.segment_of(Lsn(b))));
            prop_assert_eq!(name(a).cmp(&name(b)), size.segment_of(Lsn(a)).cmp(&size.segment_of(Lsn(b))));
        }

        #[test]
        fn no_text_breaks_the_readers(text in "\\PC{0,60}", hexes in "[0-9A-Fa-f./]{20,50}") {
            for text in [text, hexes] {
                if let Ok(file) = text.parse::<WalFile>() {
                    prop_assert_eq!(file.to_string(), text.clone());
                }
                if let Ok(object) = text.parse::<WalObject>() {
                    prop_assert_eq!(object.to_string(), text.clone());
                }
                let _no_panic = text.parse::<Lsn>();
            }
        }
    }
}
