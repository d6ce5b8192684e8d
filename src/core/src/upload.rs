//! Release files that come in pieces over the API: what may begin, which piece may come next, what is left after a stop.
//!
//! A piece is a file of its own, named after where it begins, and has its name only when it is whole and on disk. So where an
//! upload is can be read from the names alone (`docs/FORMATS.md`, "Uploads").

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::fault::{Fault, FaultCode};
use crate::port::Timestamp;

/// The version of the record that is written and read.
pub const FORMAT: u32 = 1;
/// Most bytes in a piece.
pub const LARGEST_PIECE: u64 = 8 << 20;
/// Least bytes in a piece that is not the last one: it bounds the number of files.
pub const SMALLEST_PIECE: u64 = 1 << 20;
/// Most bytes in a file that is uploaded.
pub const LARGEST: u64 = 50 << 30;
/// Most uploads at a time.
pub const MOST: usize = 4;
/// Most bytes in all uploads together, each counted with its whole size.
pub const MOST_BYTES: u64 = 100 << 30;
/// An upload that did not come further for so long goes, the oldest first, where another one needs its place.
pub const STALE: Duration = Duration::from_secs(24 * 3600);
/// An upload that did not come further for so long is given up.
pub const PATIENCE: Duration = Duration::from_secs(7 * 24 * 3600);
/// Free bytes that no upload may take.
pub const RESERVE: u64 = 1 << 30;
/// Longest name of a file, in bytes.
const LONGEST_NAME: usize = 200;
const MEGABYTE: u64 = 1_000_000;

/// Name of an upload: 12 lower-case hex digits, made of the time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UploadId(String);

impl UploadId {
    /// A name that none of `taken` has.
    #[must_use]
    pub fn next<'a>(now: Timestamp, taken: impl Iterator<Item = &'a Self> + Clone) -> Self {
        let mut number = now.0;
        loop {
            let id = Self(format!("{:012x}", number & 0xffff_ffff_ffff));
            if !taken.clone().any(|other| *other == id) {
                return id;
            }
            number = number.wrapping_add(1);
        }
    }
}

impl fmt::Display for UploadId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Not the name of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the name of an upload")]
pub struct UploadIdError;

impl FromStr for UploadId {
    type Err = UploadIdError;

    fn from_str(text: &str) -> Result<Self, UploadIdError> {
        let fits = text.len() == 12 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if fits { Ok(Self(text.to_owned())) } else { Err(UploadIdError) }
    }
}

impl TryFrom<String> for UploadId {
    type Error = UploadIdError;

    fn try_from(text: String) -> Result<Self, UploadIdError> {
        text.parse()
    }
}

impl From<UploadId> for String {
    fn from(id: UploadId) -> Self {
        id.0
    }
}

/// What somebody wants to upload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UploadOrder {
    /// Name of the file, for people: nothing is opened by it.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
}

/// What is kept of an upload beside its pieces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UploadRecord {
    /// [`FORMAT`].
    pub format: u32,
    /// Name of the file.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// Who began it.
    pub by: String,
    /// When.
    pub begun: Timestamp,
}

/// Why a record cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UploadRecordError {
    /// Not what was written.
    #[error("the record of the upload is damaged")]
    Damaged,
    /// A newer program wrote it.
    #[error("the record of the upload has format {0}")]
    Format(u32),
}

impl UploadRecord {
    /// Reads a record.
    ///
    /// # Errors
    /// [`UploadRecordError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, UploadRecordError> {
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let head: Head = serde_json::from_slice(bytes).map_err(|_| UploadRecordError::Damaged)?;
        if head.format != FORMAT {
            return Err(UploadRecordError::Format(head.format));
        }
        serde_json::from_slice(bytes).map_err(|_| UploadRecordError::Damaged)
    }
}

/// What is being done with an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UploadState {
    /// Pieces may come.
    Receiving,
    /// Every byte is on disk.
    Complete,
    /// It is being taken into the store.
    Adding,
}

/// An upload as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadView {
    /// Its name.
    pub id: UploadId,
    /// Name of the file.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// Bytes that are on disk: the next piece begins here.
    pub offset: u64,
    /// What is being done with it.
    pub state: UploadState,
    /// When it is given up if nothing more comes.
    pub expires: Timestamp,
}

/// What the beginning of a release file shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LookView {
    /// Signed by a trusted key, and of use here. Whether all of it is whole, only adding it shows.
    Release {
        /// `NAME-VERSION`.
        id: String,
        /// Name of the platform.
        name: String,
        /// Its version.
        version: String,
        /// Its number.
        sequence: u64,
        /// It holds only what other releases did not have.
        delta: bool,
        /// It is in the store already.
        here: bool,
    },
    /// It would be refused.
    Refused {
        /// Why.
        fault: Fault,
    },
}

/// Decides whether an upload may begin beside others of which `(size, bytes there)` is given, with `free` bytes on the disk.
///
/// An upload needs its bytes and, at the end, room for the store's own copy, before its pieces are removed.
///
/// # Errors
/// A [`Fault`]: `RequestInvalid`, `UploadTooLarge`, `UploadsTooMany`, `UploadsTooLarge` or `UploadNoRoom`.
pub fn admit(order: &UploadOrder, others: &[(u64, u64)], free: u64) -> Result<(), Fault> {
    let name = &order.name;
    let sound = !name.is_empty() && name.len() <= LONGEST_NAME && !name.chars().any(|c| c.is_control() || c == '/');
    if !sound || order.size == 0 {
        return Err(Fault::new(FaultCode::RequestInvalid).with("what", if sound { "size" } else { "name" }));
    }
    if order.size > LARGEST {
        let fault = Fault::new(FaultCode::UploadTooLarge).with("found", order.size.div_ceil(MEGABYTE));
        return Err(fault.with("limit", LARGEST / MEGABYTE));
    }
    if others.len() >= MOST {
        return Err(Fault::new(FaultCode::UploadsTooMany).with("count", others.len()));
    }
    let together = others.iter().fold(order.size, |sum, (size, _)| sum.saturating_add(*size));
    if together > MOST_BYTES {
        let fault = Fault::new(FaultCode::UploadsTooLarge).with("found", together.div_ceil(MEGABYTE));
        return Err(fault.with("limit", MOST_BYTES / MEGABYTE));
    }
    let outstanding = |(size, there): (u64, u64)| size.saturating_sub(there).saturating_add(size);
    let needed = others
        .iter()
        .copied()
        .chain([(order.size, 0)])
        .fold(RESERVE, |sum, upload| sum.saturating_add(outstanding(upload)));
    if needed > free {
        let fault = Fault::new(FaultCode::UploadNoRoom).with("needed", needed.div_ceil(MEGABYTE));
        return Err(fault.with("free", free / MEGABYTE));
    }
    Ok(())
}

/// An upload beside which another one is to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beside {
    /// Its size in bytes.
    pub size: u64,
    /// Bytes of it that are on disk.
    pub there: u64,
    /// When it last came further.
    pub progress: Timestamp,
    /// Somebody does something with it.
    pub busy: bool,
}

/// Decides which of `others` go so that an upload may begin: none if it fits beside them; else those that are [`STALE`], the
/// oldest first, and no more than it takes. Gives their places in `others`.
///
/// # Errors
/// As [`admit`], if it does not fit even then: nothing is to go.
pub fn make_room(order: &UploadOrder, others: &[Beside], free: u64, now: Timestamp) -> Result<Vec<usize>, Fault> {
    let patience = u64::try_from(STALE.as_millis()).unwrap_or(u64::MAX);
    let is_stale = |other: &Beside| !other.busy && other.progress.0.saturating_add(patience) <= now.0;
    let mut stale: Vec<usize> = (0..others.len()).filter(|place| is_stale(&others[*place])).collect();
    stale.sort_by_key(|place| others[*place].progress);
    let mut refused = None;
    for count in 0..=stale.len() {
        let (gone, _) = stale.split_at(count);
        let kept = others.iter().enumerate().filter(|(place, _)| !gone.contains(place));
        let kept: Vec<_> = kept.map(|(_, other)| (other.size, other.there)).collect();
        let freed = gone.iter().map(|place| others[*place].there).sum();
        match admit(order, &kept, free.saturating_add(freed)) {
            Ok(()) => return Ok(gone.to_vec()),
            Err(fault) => refused = refused.or(Some(fault)),
        }
    }
    Err(refused.unwrap_or_else(|| Fault::new(FaultCode::Internal)))
}

/// Decides whether a piece that begins at `offset` may come; `there` bytes of `size` are on disk.
///
/// # Errors
/// `UploadOffset` with the right offset.
pub fn place(size: u64, there: u64, offset: u64) -> Result<(), Fault> {
    if offset == there && there < size {
        return Ok(());
    }
    Err(Fault::new(FaultCode::UploadOffset).with("offset", there).with("size", size))
}

/// Decides whether a piece of `length` bytes may stand behind the `there` bytes of `size` that are on disk; gives where the
/// next one begins.
///
/// # Errors
/// `RequestInvalid` for one that is empty, too large, too small, or reaches over the end.
pub fn take(size: u64, there: u64, length: u64) -> Result<u64, Fault> {
    let end = there.saturating_add(length);
    let fits = (1..=LARGEST_PIECE).contains(&length) && end <= size && (length >= SMALLEST_PIECE || end == size);
    if fits { Ok(end) } else { Err(Fault::new(FaultCode::RequestInvalid).with("what", "piece")) }
}

/// File name of the piece that begins at `offset`.
#[must_use]
pub fn piece_name(offset: u64) -> String {
    format!("{offset:012}.piece")
}

/// Where the piece of this file name begins.
#[must_use]
pub fn piece_offset(name: &str) -> Option<u64> {
    let offset = name.strip_suffix(".piece")?.parse().ok()?;
    (piece_name(offset) == name).then_some(offset)
}

/// What of the pieces `(offset, length)` that were found counts: those that join without a gap from the beginning, as far as
/// `size`. The rest is of no use.
#[must_use]
pub fn joined(size: u64, mut found: Vec<(u64, u64)>) -> Vec<(u64, u64)> {
    found.sort_unstable();
    let mut there = 0;
    let mut joined = Vec::with_capacity(found.len());
    for (offset, length) in found {
        if offset != there || length == 0 || length > size - there {
            break;
        }
        there += length;
        joined.push((offset, length));
    }
    joined
}

/// When an upload that last came further at `progress` is given up.
#[must_use]
pub fn expires(progress: Timestamp) -> Timestamp {
    Timestamp(progress.0.saturating_add(u64::try_from(PATIENCE.as_millis()).unwrap_or(u64::MAX)))
}

/// Whether a file that was refused with this code is of no use whatever is done on the host: its pieces go.
#[must_use]
pub const fn is_worthless(code: FaultCode) -> bool {
    matches!(
        code,
        FaultCode::ReleaseDamaged
            | FaultCode::ReleaseIncomplete
            | FaultCode::StoreStreamEnded
            | FaultCode::SignatureInvalid
            | FaultCode::ReleaseForeignPart
            | FaultCode::ReleaseTooLarge
            | FaultCode::ReleaseInconsistent
            | FaultCode::NotARelease
    )
}

#[cfg(test)]
mod tests;
