//! Where the log of a server stood when its physical copy was made, read out of the copy itself (`pg_basebackup`).
//!
//! The copy comes out of a pod, so it is read as hostile input.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::name::{Lsn, SegmentSize, SystemId, Timeline};
use crate::backup::id::Incarnation;
use crate::backup::set::LogPosition;
use crate::port::Timestamp;

/// What is read of a copy.
pub const VERSION_FILE: &str = "PG_VERSION";
/// What says whose the data are.
pub const CONTROL_FILE: &str = "global/pg_control";
/// What is written last.
pub const MANIFEST_FILE: &str = "backup_manifest";
/// Largest `PG_VERSION`, in bytes: some digits.
pub const LARGEST_VERSION: u64 = 64;
/// Largest `pg_control`, in bytes (`PG_CONTROL_FILE_SIZE`).
pub const LARGEST_CONTROL: u64 = 8192;
/// Largest manifest, in bytes: about 200 a file of the server, so half a million of them.
pub const LARGEST_MANIFEST: u64 = 128 << 20;
/// The number that every `pg_control` has behind what changes with versions: 1234567 as a double (`FLOATFORMAT_VALUE`).
const FLOAT_FORMAT: [u8; 8] = 1_234_567.0_f64.to_le_bytes();

/// What a physical copy says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// The server's own identifier of its data.
    pub system: SystemId,
    /// Major version of the server.
    pub major: u32,
    /// Timeline of the copy.
    pub timeline: Timeline,
    /// Size of a segment of the log.
    pub segment_bytes: SegmentSize,
    /// Where replay begins.
    pub start: Lsn,
    /// Where the copy is consistent.
    pub stop: Lsn,
    /// A moment at which it was.
    pub stop_time: Timestamp,
}

/// The files of a copy that say it.
#[derive(Debug, Clone, Copy)]
pub struct Files<'a> {
    /// [`VERSION_FILE`].
    pub version: &'a [u8],
    /// [`CONTROL_FILE`].
    pub control: &'a [u8],
    /// [`MANIFEST_FILE`].
    pub manifest: &'a [u8],
    /// When the manifest was written, in whole seconds since 1970: behind the end of the copy, by the host's clock.
    pub written: u64,
}

#[derive(Deserialize)]
struct Manifest {
    #[serde(rename = "PostgreSQL-Backup-Manifest-Version")]
    version: u64,
    #[serde(rename = "Files")]
    _files: IgnoredAny,
    #[serde(rename = "WAL-Ranges")]
    ranges: Vec<WalRange>,
}

#[derive(Deserialize)]
struct WalRange {
    #[serde(rename = "Timeline")]
    timeline: u32,
    #[serde(rename = "Start-LSN")]
    start: String,
    #[serde(rename = "End-LSN")]
    end: String,
}

/// Name of the file that a restore point keeps the physical copy of a source in; no source has such a name.
#[must_use]
pub fn copy_name(source: &str) -> String {
    format!("{source}.base")
}

impl Base {
    /// Reads what a copy says of itself.
    ///
    /// # Errors
    /// [`BaseError`] for what `pg_basebackup` of no known version writes, and for a copy during which the server changed its timeline.
    pub fn read(files: &Files<'_>) -> Result<Self, BaseError> {
        let version = std::str::from_utf8(files.version).ok().and_then(|text| text.trim().parse().ok());
        let major = version.filter(|major| (10..1000).contains(major)).ok_or(BaseError::Version)?;
        let (system, segment_bytes) = control(files.control).ok_or(BaseError::Control)?;
        let manifest: Manifest = serde_json::from_slice(files.manifest).map_err(|_| BaseError::Manifest)?;
        if !matches!(manifest.version, 1 | 2) {
            return Err(BaseError::Manifest);
        }
        let [range] = manifest.ranges.as_slice() else { return Err(BaseError::Ranges(manifest.ranges.len())) };
        let timeline = Timeline::new(range.timeline).ok_or(BaseError::Manifest)?;
        let place = |text: &str| text.parse::<Lsn>().map_err(|_| BaseError::Manifest);
        let (start, stop) = (place(&range.start)?, place(&range.end)?);
        if start >= stop {
            return Err(BaseError::Manifest);
        }
        // The second in which it was written is over then.
        let stop_time = Timestamp(files.written.saturating_add(1).saturating_mul(1000));
        Ok(Self { system, major, timeline, segment_bytes, start, stop, stop_time })
    }

    /// The place of this copy in the log that the life `incarnation` archives.
    #[must_use]
    pub fn position(&self, incarnation: Incarnation) -> LogPosition {
        let Self { system, major, timeline, segment_bytes, start, stop, stop_time } = *self;
        LogPosition { system, major, incarnation, timeline, segment_bytes, start, stop, stop_time, restore_point: None }
    }
}

/// The identifier of the data and the size of a segment. Where the size is changes with versions, but always stands in the fourth number
/// behind the mark of the float format (`ControlFileData` of versions 10 to 18).
fn control(bytes: &[u8]) -> Option<(SystemId, SegmentSize)> {
    let system = u64::from_le_bytes(*bytes.first_chunk()?);
    let mut marks = bytes.chunks_exact(8).enumerate().filter(|(_, chunk)| *chunk == FLOAT_FORMAT);
    let (at, _) = marks.next()?;
    if marks.next().is_some() || system == 0 {
        return None;
    }
    let size = bytes.get(8 * at + 20..)?.first_chunk()?;
    Some((SystemId(system), SegmentSize::new(u32::from_le_bytes(*size))?))
}

/// Why a physical copy says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BaseError {
    /// No tape archive, or not to its end.
    #[error("read physical copy: it is no whole archive")]
    Archive,
    /// A file is not in it, or too large.
    #[error("read physical copy: {0} is missing or too large")]
    File(&'static str),
    /// No version.
    #[error("read physical copy: PG_VERSION is none")]
    Version,
    /// Not what any known version writes.
    #[error("read physical copy: pg_control is not understood")]
    Control,
    /// Not what any known version writes.
    #[error("read physical copy: backup_manifest is not understood")]
    Manifest,
    /// The server changed its timeline meanwhile.
    #[error("read physical copy: its log has {0} timelines, not one")]
    Ranges(usize),
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `pg_control` of PostgreSQL 15, as far as it is read: mark at 208, size of a segment at 228.
    fn control_file() -> Vec<u8> {
        let mut bytes = vec![0; 8192];
        bytes[..8].copy_from_slice(&7_568_013_642_129_354_834_u64.to_le_bytes());
        bytes[8..12].copy_from_slice(&1300_u32.to_le_bytes());
        bytes[208..216].copy_from_slice(&FLOAT_FORMAT);
        for (at, number) in [(216, 8192_u32), (220, 131_072), (224, 8192), (228, 16 << 20)] {
            bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
        }
        bytes
    }

    const MANIFEST: &str = r#"{ "PostgreSQL-Backup-Manifest-Version": 1,
"Files": [
{ "Path": "backup_label", "Size": 227, "Last-Modified": "2026-11-24 12:00:00 GMT", "Checksum-Algorithm": "SHA256", "Checksum": "00" }
],
"WAL-Ranges": [
{ "Timeline": 1, "Start-LSN": "0/4000028", "End-LSN": "0/4000100" }
],
"Manifest-Checksum": "00"}
"#;

    fn read(version: &[u8], control: &[u8], manifest: &str) -> Result<Base, BaseError> {
        Base::read(&Files { version, control, manifest: manifest.as_bytes(), written: 1_795_000_000 })
    }

    #[test]
    fn a_copy_says_whose_it_is_and_where_its_log_stood() {
        let base = read(b"15\n", &control_file(), MANIFEST).expect("a copy");
        assert_eq!((base.major, base.system), (15, SystemId(7_568_013_642_129_354_834)));
        assert_eq!((base.start, base.stop), (Lsn(0x400_0028), Lsn(0x400_0100)));
        assert_eq!((base.timeline, base.segment_bytes), (Timeline::FIRST, SegmentSize::USUAL));
        assert_eq!(base.stop_time, Timestamp(1_795_000_001_000), "never before its end");
        let life: Incarnation = "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().expect("a life");
        assert_eq!(base.position(life).incarnation, life);
    }

    #[test]
    fn what_no_server_writes_is_refused() {
        for version in [&b""[..], b"9.6\n", b"x", b"\xff", b"99999"] {
            assert_eq!(read(version, &control_file(), MANIFEST), Err(BaseError::Version));
        }
        let (mut nobody, mut twice, mut odd) = (control_file(), control_file(), control_file());
        nobody[..8].fill(0);
        twice[800..808].copy_from_slice(&FLOAT_FORMAT);
        odd[228] = 1;
        for bytes in [&nobody, &twice, &odd, &vec![], &vec![0; 8192], &control_file()[..220].to_vec()] {
            assert_eq!(read(b"15", bytes, MANIFEST), Err(BaseError::Control));
        }
        let range = r#"{ "Timeline": 1, "Start-LSN": "0/4000028", "End-LSN": "0/4000100" }"#;
        let two = MANIFEST.replace(range, &format!("{range},{range}"));
        assert_eq!(read(b"15", &control_file(), &two), Err(BaseError::Ranges(2)));
        let edits = [
            ("Version\": 1", "Version\": 3"),
            ("\"Timeline\": 1", "\"Timeline\": 0"),
            ("0/4000100", "0/4000028"),
            ("0/4000100", "end"),
            ("Files", "Folders"),
            ("}\n]", "\n]"),
        ];
        for (from, to) in edits {
            assert_eq!(read(b"15", &control_file(), &MANIFEST.replace(from, to)), Err(BaseError::Manifest), "{to}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_reader(version: Vec<u8>, control: Vec<u8>, manifest: Vec<u8>, written: u64) {
            let _no_panic = Base::read(&Files { version: &version, control: &control, manifest: &manifest, written });
        }
    }
}
