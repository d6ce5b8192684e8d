//! How it stands with the logs of databases, on the wire.

use serde::{Deserialize, Serialize};

use super::name::SystemId;
use crate::backup::repository::RepositoryName;
use crate::fault::Fault;
use crate::port::Timestamp;

/// All logs of a host.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogsView {
    /// By the name of their data source.
    pub logs: Vec<LogView>,
}

/// The log of one server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogView {
    /// Name of the data source.
    pub source: String,
    /// What the server's data call themselves; absent until there are some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<SystemId>,
    /// Files that wait in the spool.
    pub waiting: u64,
    /// Since when the oldest of them has been seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// The last file that went, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<LastFile>,
    /// The repositories that are to have it.
    pub repositories: Vec<LaneView>,
    /// Why the spool cannot be served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
}

/// A file of a log that the server was told it may let go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastFile {
    /// Its name.
    pub file: String,
    /// When.
    pub time: Timestamp,
    /// Whether a repository has it; there was none otherwise.
    pub kept: bool,
}

/// A log and one repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneView {
    /// The repository.
    pub repository: RepositoryName,
    /// Since when tries have failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing: Option<Timestamp>,
    /// Why the last one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
}
