//! What is said about sets: a part that is saved, a set that is read back, written and listed.

use serde::{Deserialize, Serialize};

use crate::backup::id::SetId;
use crate::backup::set::{SetManifest, Wholeness};
use crate::digest::Digest;
use crate::message::Message;
use crate::port::{Proof, Timestamp};

/// Most sets of a listing, the newest ones: two thousand lines fit into one answer ([`super::LARGEST_LINE`]).
pub const MOST_LISTED: usize = 2000;
/// Most alarms of a listing.
pub const MOST_ALARMS: usize = 200;

/// A part of a set that is to be saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Save {
    /// The set.
    pub set: SetId,
    /// Name of the part.
    pub part: String,
    /// Name of the site: what stock tools show as the host.
    pub site: String,
    /// Where it is now.
    pub origin: Origin,
    /// The snapshot of this part in an earlier set: what did not change since is not read again.
    pub parent: Option<Digest>,
}

/// Where a part is now, on the host of the worker. Nobody but root writes to the folders on the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Origin {
    /// A folder with all below it.
    Folder {
        /// Its path, absolute.
        path: String,
        /// What is left out, as paths below it.
        exclude: Vec<String>,
    },
    /// A file that a stream was kept in.
    Stream {
        /// Its path, absolute.
        path: String,
        /// What the stream was.
        proof: Proof,
    },
}

/// A part that was saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Saved {
    /// Its snapshot.
    pub snapshot: Digest,
    /// Files in it; 1 for a stream.
    pub files: u64,
    /// Bytes as they were read.
    pub bytes: u64,
    /// Bytes that were new in the repository, as stored.
    pub stored: u64,
}

/// What reading back found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audited {
    /// How many things are lost or altered.
    pub count: u64,
    /// Some of them.
    pub damages: Vec<String>,
}

/// What sets a repository offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sets {
    /// Complete sets, the oldest first; the newest [`MOST_LISTED`].
    pub sets: Vec<SetLine>,
    /// How many complete sets there are.
    pub count: u64,
    /// What must not be, the worst first; at most [`MOST_ALARMS`].
    pub alarms: Vec<Message>,
    /// Snapshots of backups that did not come to their end.
    pub garbage: u64,
    /// Snapshots that no set names, but a backup that runs may.
    pub young: u64,
}

/// One set in a listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetLine {
    /// Its name.
    pub id: SetId,
    /// When everything of it was in the repository.
    pub made: Timestamp,
    /// The instant that all parts which have a log can be brought to.
    pub consistent_at: Timestamp,
    /// `NAME-VERSION` of the release that was in use.
    pub release: String,
    /// Revision of the configuration.
    pub revision: u64,
    /// Parts that were saved.
    pub parts: u64,
    /// Whether every part is one moment.
    pub whole: bool,
    /// Bytes as they were read.
    pub bytes: u64,
    /// Bytes that were new in the repository, as stored.
    pub stored: u64,
}

impl SetLine {
    /// The line of a set.
    #[must_use]
    pub fn of(set: &SetManifest) -> Self {
        let (bytes, stored) = set.size();
        Self {
            id: set.id,
            made: set.made,
            consistent_at: set.consistent_at,
            release: format!("{}-{}", set.release.name, set.release.version),
            revision: set.revision,
            parts: set.snapshots().count() as u64,
            whole: set.sources.iter().all(|source| source.whole == Wholeness::Whole),
            bytes,
            stored,
        }
    }
}
