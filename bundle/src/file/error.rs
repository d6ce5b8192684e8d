//! What can be wrong with a release file.

use std::io;

use bridle_core::digest::Digest;
use bridle_core::oci::OciError;
use bridle_core::release::ReleaseError;
use bridle_core::run_file::FooterError;

use super::contents::NamedBy;
use crate::trust::TrustError;

/// Why a release file is refused.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The medium failed, or the file ended too early (`UnexpectedEof`).
    #[error("read release file at byte {position}, in {within}")]
    Read {
        /// Bytes read so far.
        position: u64,
        /// Entry that was being read.
        within: String,
        /// Cause.
        #[source]
        source: io::Error,
    },
    /// The output could not be written.
    #[error("write release file")]
    Write(#[source] io::Error),
    /// An entry whose header is not the one that the format asks for.
    #[error("read release file: header at byte {position}, where {expected} must stand: {problem}")]
    Header {
        /// Where the header begins.
        position: u64,
        /// What the format asks for here.
        expected: String,
        /// What is wrong with it.
        problem: HeaderProblem,
    },
    /// An entry that nothing verified names, or one out of order.
    #[error("read release file: found entry {found:?} where {expected} must stand")]
    Entry {
        /// Name of the entry, at most 100 characters.
        found: String,
        /// What the format asks for.
        expected: String,
    },
    /// An entry whose size differs from the one that names it.
    #[error("read release file: {entry} has {found} bytes, expected {expected}")]
    Size {
        /// The entry.
        entry: String,
        /// Size in its header.
        found: u64,
        /// Size that names it.
        expected: u64,
    },
    /// Something exceeds a limit of the format.
    #[error("read release file: {what} is {found}, the limit is {limit}")]
    Limit {
        /// What is counted, with the name of the part that it belongs to.
        what: String,
        /// Measured.
        found: u64,
        /// The limit.
        limit: u64,
    },
    /// A blob whose content is not what its name says.
    #[error("read release file: blob {expected} ({named_by}) is damaged: its content has digest {found}")]
    Digest {
        /// Digest that the signed index leads to.
        expected: Digest,
        /// Digest of the content.
        found: Digest,
        /// What names the blob.
        named_by: NamedBy,
    },
    /// Bytes that must be zero are not, or bytes follow the end.
    #[error("read release file: {what} at byte {position}, after {within}")]
    Garbage {
        /// What was found.
        what: &'static str,
        /// The part after which it stands.
        within: String,
        /// Where.
        position: u64,
    },
    /// An index or a manifest that the format does not allow.
    #[error("read release file: {what}")]
    Oci {
        /// What was read.
        what: String,
        /// Cause.
        #[source]
        source: OciError,
    },
    /// A part cannot be written as JSON.
    #[error("write release file: {what}")]
    Json {
        /// What was written.
        what: &'static str,
        /// Cause.
        #[source]
        source: serde_json::Error,
    },
    /// Parts that contradict each other.
    #[error("read release file: {0}")]
    Contradiction(String),
    /// The signature does not hold.
    #[error("verify release file")]
    Trust(#[from] TrustError),
    /// The release manifest is refused.
    #[error("verify release file")]
    Release(#[from] ReleaseError),
    /// A blob that the release names is not in the file.
    #[error("read release file: blob {digest} ({named_by}) is missing")]
    Missing {
        /// The blob.
        digest: Digest,
        /// What names it.
        named_by: NamedBy,
    },
    /// The note of a delta that is none, or of another release.
    #[error("read delta: {0}")]
    Delta(String),
    /// The note of a delta in another version of its format.
    #[error("read delta: format {found}, this program reads {expected}")]
    DeltaFormat {
        /// In the file.
        found: u32,
        /// The one that is read.
        expected: u32,
    },
    /// A delta where only a whole release is of use.
    #[error("use release file: it is a delta of {release} against {bases}, and a whole release is needed")]
    NotWhole {
        /// `NAME-VERSION`.
        release: String,
        /// The releases that it was made against.
        bases: String,
    },
    /// The release is for something else.
    #[error("verify release file: {what} is {found:?}, this host needs {expected:?}")]
    Unfit {
        /// What differs.
        what: &'static str,
        /// In the release.
        found: String,
        /// On the host.
        expected: String,
    },
    /// The release is older than one that is known.
    #[error("verify release file: sequence {found} is older than {known}, which this host has seen")]
    Older {
        /// Sequence of the release.
        found: u64,
        /// Sequence known.
        known: u64,
    },
    /// The publisher signed two different releases with one sequence number.
    #[error("verify release file: sequence {sequence} was already used by another release")]
    Equivocation {
        /// The number.
        sequence: u64,
    },
    /// Nothing that could be a release file.
    #[error("read release file: {0}")]
    Other(&'static str),
    /// A `.run` file whose footer is damaged or does not fit the file.
    #[error("read run file: {0}")]
    Run(FooterError),
    /// A `.run` file whose head is not the signed installer.
    #[error("read run file: {0}")]
    Head(&'static str),
    /// Written by another version of the format.
    #[error("read run file: format {found}, this program reads {expected}")]
    Version {
        /// In the file.
        found: u32,
        /// The one that is read.
        expected: u32,
    },
    /// A release without the beginning that its executable form needs, or cut before it.
    #[error("read run file: an executable without a release behind it; is the file complete?")]
    HeadOnly,
    /// A blob was opened but neither finished nor skipped; a fault of the caller.
    #[error("read release file: the blob before was left half read")]
    HalfRead,
}

/// What is wrong with the header of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeaderProblem {
    /// Damaged.
    #[error("wrong checksum")]
    Checksum,
    /// A link, device, directory or extension.
    #[error("not a regular file (type {:?})", char::from(*.0))]
    Kind(u8),
    /// Right checksum, but not the header that a release file has.
    #[error("not in the form of a release file")]
    Form,
}
