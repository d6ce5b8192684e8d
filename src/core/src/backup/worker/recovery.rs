//! What is said about bringing back: what a set offers, and what was written.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::backup::set::SetManifest;
use crate::backup::wal::name::WalObject;
use crate::backup::wal::range::Range;
use crate::digest::Digest;

/// A set, and how far the logs behind it reach.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restorable {
    /// The set.
    pub set: SetManifest,
    /// By data source; none where the log that the copy itself needs is not whole.
    pub ranges: BTreeMap<String, Vec<Range>>,
}

/// Something of a snapshot that is to be on this host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restore {
    /// The snapshot.
    pub snapshot: Digest,
    /// Name of the part in it.
    pub part: String,
    /// A folder becomes this folder, a stream this file; absolute, below a folder that only root writes to.
    pub target: String,
    /// The part is an archive of a server's files, which are to be in the new folder `target`.
    pub unpack: bool,
}

/// A file of a log that is to be on this host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FetchLog {
    /// Its name in the repository.
    pub object: WalObject,
    /// Where it is to be: a file below a folder that only root writes to.
    pub target: String,
}

/// What was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// Files.
    pub files: u64,
    /// Bytes in them.
    pub bytes: u64,
}
