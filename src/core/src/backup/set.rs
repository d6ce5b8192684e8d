//! Backup sets: what one is, written last and whole (`sets/ULID.json`, `docs/FORMATS.md`).
//!
//! A snapshot without a set is garbage; a set without its snapshots is an alarm. What is learned about a set later (that it
//! could be read back, that a restore of it works) is a record of its own ([`super::verification`]): a set is never altered.

mod check;

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;
use serde::{Deserialize, Serialize};

use super::id::{Incarnation, InstallationId, SetId};
use super::record::Record;
use super::wal::name::{Lsn, SegmentSize, SystemId, Timeline};
use crate::digest::Digest;
use crate::port::Timestamp;

pub use check::{Missing, missing};

/// Folder of sets in a repository.
pub const FOLDER: &str = "sets";
/// Version of the format that this code writes.
pub const FORMAT: u32 = 1;
/// Most sources of a set.
pub const MOST_SOURCES: usize = 500;
/// Most counts of a source.
pub const MOST_COUNTS: usize = 2000;
/// Most tags of a set.
pub const MOST_TAGS: usize = 20;

/// One backup set. The digests of `snapshots` are the names of snapshots in the repository (SHA-256, restic's format).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetManifest {
    /// Version of the format.
    pub format: u32,
    /// Name; sorts by the order in which sets were made.
    pub id: SetId,
    /// When the backup began.
    pub began: Timestamp,
    /// When everything of it was in the repository.
    pub made: Timestamp,
    /// The instant that all parts which have a log can be brought to.
    pub consistent_at: Timestamp,
    /// Whose it is.
    pub installation: Installation,
    /// The release that was in use: recovery installs this one first.
    pub release: ReleaseName,
    /// Revision of the configuration that was in force.
    pub revision: u64,
    /// What it is called, for rules of retention.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub tags: BTreeSet<String>,
    /// The parts, by their order of restoring, then by name.
    pub sources: Vec<Source>,
}

/// An installation at the time of a set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Installation {
    /// Which installation.
    pub id: InstallationId,
    /// Which of its lives.
    pub incarnation: Incarnation,
    /// Name of the site, for people.
    pub site: String,
}

/// A release by digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseName {
    /// Name of the platform.
    pub name: String,
    /// Its version.
    pub version: Version,
    /// Its number.
    pub sequence: u64,
    /// Digest of the release's `index.json`.
    pub index: Digest,
}

/// One part of a set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Name, unique in the set; of `[[data]]` the name there.
    pub name: String,
    /// What it is.
    pub kind: SourceKind,
    /// Place in the order of restoring, ascending.
    pub order: u32,
    /// The snapshot that holds it; none for what is not saved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<Digest>,
    /// Whether it is one moment.
    pub whole: Wholeness,
    /// Files in it; 1 for a stream.
    pub files: u64,
    /// Bytes as they were read.
    pub bytes: u64,
    /// Bytes that were new in the repository, as stored.
    pub stored: u64,
    /// How long it took, in milliseconds.
    pub millis: u64,
    /// Counts that a restore is compared with (rows by table, documents by collection).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counts: BTreeMap<String, u64>,
    /// Where a database's log stood.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postgresql: Option<LogPosition>,
    /// Revision of etcd.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etcd_revision: Option<u64>,
    /// Why nothing is saved.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// What a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// Profile of the site with its history.
    Configuration,
    /// Secrets of the site, publishers' keys, certificates of the installation's own CA.
    Trust,
    /// Snapshot of etcd with the server's token: only for going back on the same hosts.
    Etcd,
    /// Objects of the release's namespaces.
    Objects,
    /// Physical copy of a database server; its log is in the same repository.
    Postgresql,
    /// Dump of a database, besides its physical copy.
    Dump,
    /// Files of a volume.
    Volume,
    /// What a command in a pod gave.
    Command,
    /// Rebuilt, not saved.
    None,
}

/// Whether a part is one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wholeness {
    /// It is.
    Whole,
    /// Files changed while they were read, however often: a set with such a part is kept, and never counts as good.
    Fuzzy {
        /// How many.
        changed: u64,
    },
}

/// Where the log of a PostgreSQL server stood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogPosition {
    /// The server's own identifier of its data.
    pub system: SystemId,
    /// Major version.
    pub major: u32,
    /// Where its log is archived: the life that wrote it.
    pub incarnation: Incarnation,
    /// Timeline of the copy.
    pub timeline: Timeline,
    /// Size of a segment of the log.
    pub segment_bytes: SegmentSize,
    /// Where replay begins.
    pub start: Lsn,
    /// Where the copy is consistent: without the log up to here the set is worth nothing.
    pub stop: Lsn,
    /// When the copy was consistent.
    pub stop_time: Timestamp,
    /// Name of the restore point of this set, and where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore_point: Option<RestorePointAt>,
}

/// A named place in a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RestorePointAt {
    /// Name, at most 63 bytes (a limit of PostgreSQL).
    pub name: String,
    /// Where.
    pub at: Lsn,
}

impl SetManifest {
    /// Name of the object of the set `id`.
    #[must_use]
    pub fn object_of(id: SetId) -> String {
        format!("{FOLDER}/{id}.json")
    }

    /// The set whose manifest has this object name.
    #[must_use]
    pub fn id_of(object: &str) -> Option<SetId> {
        object.strip_prefix(FOLDER)?.strip_prefix('/')?.strip_suffix(".json")?.parse().ok()
    }

    /// The snapshots that it needs.
    pub fn snapshots(&self) -> impl Iterator<Item = Digest> + '_ {
        self.sources.iter().filter_map(|source| source.snapshot)
    }

    /// Whether every part is one moment.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.sources.iter().all(|source| source.whole == Wholeness::Whole)
    }

    /// Bytes as they were read, and bytes that were new in the repository.
    #[must_use]
    pub fn size(&self) -> (u64, u64) {
        self.sources.iter().fold((0, 0), |(bytes, stored), source| {
            (bytes.saturating_add(source.bytes), stored.saturating_add(source.stored))
        })
    }

    /// Name of the restore point that a set makes in each database.
    #[must_use]
    pub fn restore_point(id: SetId) -> String {
        format!("set-{id}")
    }
}

impl Record for SetManifest {
    const KIND: &'static str = "set";
    const FORMAT: u32 = FORMAT;

    fn object(&self) -> String {
        Self::object_of(self.id)
    }

    fn doubt(&self) -> Result<(), String> {
        check::doubt(self)
    }
}

#[cfg(test)]
pub(crate) mod tests;
