//! What a release says about its data: which they are, how they are saved and how they are brought back.

use serde::{Deserialize, Serialize};

use super::{Migrate, PostgresqlVersion};

/// A thing whose data must survive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataSource {
    /// Name, unique in the release.
    pub name: String,
    /// How it is saved.
    pub kind: DataKind,
    /// Namespace of the workload.
    pub namespace: String,
    /// `Kind/name` of the workload.
    pub workload: String,
    /// Why nothing is saved (`none` only).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// What its server is (`postgresql` only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postgresql: Option<PostgresqlVersion>,
    /// How it comes here from another major version of its server (`postgresql` only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migrate: Option<Migrate>,
    /// How whole a copy of its files must be (`volume` only).
    #[serde(default, skip_serializing_if = "Whole::is_moment")]
    pub whole: Whole,
    /// What writes its data out and reads them in (`command` only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<PodCommands>,
    /// Where its server's log is handed over (`postgresql` only); without it the server is saved as a dump alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<DatabaseLog>,
}

/// Where a PostgreSQL server that archives its log with `wal-push` keeps its data, and where it hands the log over. Both are
/// folders in the root of one volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseLog {
    /// The claim of the volume.
    pub claim: String,
    /// The folder of the data (`PGDATA`).
    pub data: String,
    /// The folder of the spool.
    pub spool: String,
}

/// Ways of saving data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DataKind {
    /// Base backup, write-ahead log, dump.
    Postgresql,
    /// Files of a volume.
    Volume,
    /// Dump and restore commands in a pod.
    Command,
    /// Rebuilt, not saved.
    None,
}

/// How whole a copy of files must be that is made while others may write.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Whole {
    /// All files are as they were at one moment.
    #[default]
    Moment,
    /// Each file is as it was at a moment of its own: for files that have nothing to do with each other.
    File,
}

impl Whole {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
    fn is_moment(&self) -> bool {
        *self == Self::Moment
    }
}

/// Programs of a container that write its data to their standard output and read them from their standard input.
///
/// The container has `sh`, `tee`, `wc`, `head` and `sha256sum`, or a busybox with these. Arguments can be read by everybody
/// in the pod: a secret is in its environment or in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PodCommands {
    /// The container; without it the first one of the pod.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub container: String,
    /// Program and arguments that write the data; exit code 0 says that they are all.
    pub dump: Vec<String>,
    /// Program and arguments that read the data in the place of what is there.
    pub restore: Vec<String>,
}
