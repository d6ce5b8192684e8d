//! What can go wrong in the blob store.

use std::fmt;
use std::io;
use std::path::PathBuf;

use bridle_core::digest::Digest;
use bridle_core::store::collection::Refusal;

use crate::file::{FileError, NamedBy};

/// What a delta needs of the store and does not find there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lacking {
    /// The release of the delta, `NAME-VERSION`.
    pub release: String,
    /// Blobs that are not there; where none is missing, those that are damaged.
    pub blobs: u64,
    /// Their bytes.
    pub bytes: u64,
    /// They are there, but not what they were.
    pub damaged: bool,
    /// The first of them, by what names it.
    pub first: NamedBy,
    /// Releases of which each holds some of them: together they bring all.
    pub bases: Vec<String>,
}

impl fmt::Display for Lacking {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { release, blobs, bytes, first, .. } = self;
        let how = if self.damaged { "damaged in" } else { "not in" };
        let bases = self.bases.join(", ");
        write!(
            formatter,
            "{release} needs {blobs} blobs with {bytes} bytes of {bases} that are {how} the store, first {first}"
        )
    }
}

/// Why an operation of the store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk failed or is full.
    #[error("{operation} {path}")]
    Io {
        /// What was tried.
        operation: &'static str,
        /// On what.
        path: PathBuf,
        /// Cause.
        #[source]
        source: io::Error,
    },
    /// Something that the store did not put there.
    #[error("use {path}: not a file of the store")]
    Foreign {
        /// What was found.
        path: PathBuf,
    },
    /// Another process ingests or removes.
    #[error("lock the store: another process writes to it")]
    Busy,
    /// Less space than the new blobs need.
    #[error("ingest release: {needed} bytes needed, {available} available")]
    Space {
        /// Bytes of the new blobs and a reserve.
        needed: u64,
        /// Bytes free for this process.
        available: u64,
    },
    /// Fewer files can be made than there are new blobs.
    #[error("ingest release: {needed} files needed, {available} can be made")]
    Inodes {
        /// New blobs and a reserve.
        needed: u64,
        /// Files that the file system has room for.
        available: u64,
    },
    /// The release file is damaged or unfit.
    #[error("ingest release")]
    File(#[from] FileError),
    /// The release file ended or its medium failed on the way; what was complete stays.
    #[error("ingest release: {done} of {total} bytes are in the store")]
    Medium {
        /// Bytes of the release that are in the store.
        done: u64,
        /// Bytes of all its blobs.
        total: u64,
        /// Cause.
        #[source]
        source: FileError,
    },
    /// A manifest of a release that should be in the store is not.
    #[error("read release: blob {digest} ({named_by}) is not in the store")]
    Missing {
        /// The blob.
        digest: Digest,
        /// What names it.
        named_by: NamedBy,
    },
    /// Blobs that a delta leaves out are not in the store, or damaged there.
    #[error("ingest delta: {0}")]
    Base(Box<Lacking>),
    /// A release of the same name and version with other content is there.
    #[error("ingest release: {id} is there already with other content")]
    Conflict {
        /// `NAME-VERSION`.
        id: String,
    },
    /// No such release.
    #[error("find release {id:?}: not in the store")]
    Absent {
        /// `NAME-VERSION`.
        id: String,
    },
    /// A pin that cannot be understood.
    #[error("read pin {path}: {reason}")]
    Pin {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Something could be needed that cannot be told.
    #[error("collect blobs that nothing needs")]
    Refused(#[from] Refusal),
    /// Running containers use images of the release.
    #[error("remove release {id}: running containers use its images")]
    InUse {
        /// `NAME-VERSION`.
        id: String,
    },
    /// The caller asked to stop.
    #[error("ingest release: stopped")]
    Stopped,
}
