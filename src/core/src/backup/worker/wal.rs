//! What is said about logs of databases.

use serde::{Deserialize, Serialize};

use crate::backup::wal::name::WalObject;
use crate::port::{Proof, Timestamp};

/// A file of a log that is to be in a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShipLog {
    /// Its name there.
    pub object: WalObject,
    /// Where it is on this host: nobody but root writes there.
    pub path: String,
    /// What it was when it was put there.
    pub proof: Proof,
    /// When the server gave it to the archive.
    pub closed: Timestamp,
}
