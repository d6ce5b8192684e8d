//! Repositories on the wire: what the agent tells of them, and what it is told to do.

use serde::{Deserialize, Serialize};

use super::credentials::Credentials;
use super::place::Place;
use super::settings::{CheckEntry, CodeEntry, Entry};
use super::{Capabilities, RepositoryName};
use crate::backup::worker::Sets;
use crate::fault::Fault;
use crate::message::Message;
use crate::port::Timestamp;

/// All repositories.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoriesView {
    /// By name.
    pub repositories: Vec<RepositoryView>,
}

/// One repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoryView {
    /// Its name.
    pub name: RepositoryName,
    /// Where it is, as stock `restic` names it.
    pub place: String,
    /// When it was added.
    pub added: Timestamp,
    /// Whether adding it has come to its end.
    pub ready: bool,
    /// Whether backups in it count: somebody has proved to have its recovery code.
    pub protected: bool,
    /// What its store can do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<Capabilities>,
    /// What is known of its recovery code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<CodeView>,
    /// The last check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked: Option<CheckEntry>,
}

/// A recovery code, without the code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeView {
    /// Name of the key that it opens, as on the sheet.
    pub key: String,
    /// When it was made.
    pub made: Timestamp,
    /// When somebody last proved to have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rehearsed: Option<Timestamp>,
}

/// The order to add a repository. No `Debug`: it holds secrets.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddOrder {
    /// What it is to be called.
    pub name: String,
    /// Where it is.
    pub place: Place,
    /// The access key of an object store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<Credentials>,
    /// The recovery code of a repository that is there already, as it was typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Somebody knows that the disk of the data holds it too.
    #[serde(default)]
    pub same_disk: bool,
    /// Name of the site that it is taken over from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub take_over: Option<String>,
    /// A repository of this name and place is known already: it gets the new access key, and the way to reach it.
    #[serde(default)]
    pub replace: bool,
}

/// A repository that was added, or whose code was replaced. No `Debug`: it may hold the recovery code.
#[derive(Clone, Serialize, Deserialize)]
pub struct AddedView {
    /// The repository.
    pub repository: RepositoryView,
    /// The sheet with the new recovery code, which nobody can show again; absent where none was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sheet: Option<Sheet>,
}

/// A recovery code to print. No `Debug`.
#[derive(Clone, Serialize, Deserialize)]
pub struct Sheet {
    /// The code.
    pub code: String,
    /// The sheet, line by line, with the code.
    pub lines: Vec<Message>,
}

/// The order to prove that somebody has the recovery code. No `Debug`: it holds it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RehearseOrder {
    /// The code as it was typed.
    pub code: String,
}

/// The order to check a repository.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckOrder {
    /// Whether all data are read, too.
    #[serde(default)]
    pub data: bool,
}

/// One line of a check that is told while it runs; the last one is a report or a failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckLine {
    /// How far it is, in bytes; `total` is 0 while nobody knows it.
    Progress {
        /// Bytes read.
        done: u64,
        /// Of all.
        total: u64,
    },
    /// It goes on.
    Alive,
    /// Its end.
    Report(CheckView),
    /// It could not be carried out.
    Failed(Fault),
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckView {
    /// The repository.
    pub repository: RepositoryView,
    /// Snapshots in it.
    pub snapshots: u64,
    /// How many things are lost or altered.
    pub count: u64,
    /// Some of them, in the words of the engine.
    pub damages: Vec<String>,
    /// What is odd and harms nobody, in the words of the engine.
    pub remarks: Vec<String>,
    /// What about owner and keys is not as it should be.
    pub findings: Vec<Message>,
}

/// An order to make a backup.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupOrder {
    /// Name of the repository; none for the only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
}

/// The sets of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetsView {
    /// Its name.
    pub repository: RepositoryName,
    /// What is in it.
    #[serde(flatten)]
    pub sets: Sets,
}

/// A repository that was forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemovedView {
    /// Its name.
    pub name: RepositoryName,
    /// Where it is; everything there is as it was.
    pub place: String,
}

impl RepositoryView {
    /// What is told of an entry of the settings.
    #[must_use]
    pub fn of(entry: &Entry) -> Self {
        let code = |code: &CodeEntry| CodeView {
            key: code.key.as_str().to_owned(),
            made: code.made,
            rehearsed: code.rehearsed,
        };
        Self {
            name: entry.name.clone(),
            place: entry.place.shown(),
            added: entry.added,
            ready: entry.is_ready(),
            protected: entry.is_protected(),
            capabilities: entry.capabilities,
            code: entry.code.as_ref().map(code),
            checked: entry.checked,
        }
    }
}
