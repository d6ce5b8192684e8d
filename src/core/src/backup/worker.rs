//! What the agent and its worker process say to each other (decision 0037): one request on the worker's standard input, then
//! lines on its standard output, the last of which is the result.
//!
//! Requests and results hold secrets, so nothing here has a `Debug` that could print one.

mod recovery;
mod sets;
mod wal;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::id::SetId;
use super::key::{KEY_BYTES, RepositoryKey};
use super::lease::{self, Asker, Decision, Found, Lease};
use super::repository::Capabilities;
use super::repository::credentials::Credentials;
use super::repository::place::Place;
use super::set::SetManifest;
use super::wrapped_key::WrappedKey;
use crate::backup::id::{InstallationId, Ulid};
use crate::digest::Digest;
use crate::fault::{Fault, FaultCode};
use crate::json;
use crate::port::{Proof, Timestamp};

pub use recovery::{FetchLog, Restorable, Restore, Written};
pub use sets::{Audited, MOST_ALARMS, MOST_LISTED, Origin, Save, Saved, SetLine, Sets};
pub use wal::ShipLog;

/// Version of what is said; both sides are the same program, but for a moment of an upgrade.
pub const PROTOCOL: u32 = 1;
/// Largest request, in bytes: certificates of the greatest length, each character escaped, and the rest.
pub const LARGEST_REQUEST: usize = 8 << 20;
/// Longest line of an answer, in bytes.
pub const LARGEST_LINE: usize = 1 << 20;
/// Most lines of an answer.
pub const MOST_LINES: u64 = 10_000_000;
/// A set may have hundreds of thousands of counts ([`super::record`]).
const LIMITS: json::Limits = json::Limits { depth: 16, values: 250_000, text: super::repository::place::LARGEST_CA };

/// What is to be done.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Version of the protocol.
    pub protocol: u32,
    /// Bytes of memory that the worker may have for its data.
    pub memory: u64,
    /// Where.
    pub store: Store,
    /// What.
    pub work: Work,
}

/// A store and how it is reached.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// Where it is.
    pub place: Place,
    /// The access key of an object store.
    pub credentials: Option<Credentials>,
    /// The mark that its folder must have, where it is known.
    pub mark: Option<String>,
    /// What it can do, where that is known.
    pub capabilities: Option<Capabilities>,
}

/// Something to do with a store or repository.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Work {
    /// Look what is there and what the store can do.
    Look {
        /// Opens it.
        key: Option<SecretKey>,
        /// A recovery code as it was typed, which opens it, too.
        code: Option<String>,
    },
    /// Make a repository where nothing is, or where an earlier attempt to do this ended.
    Create {
        /// Its key.
        key: SecretKey,
        /// Its recovery code.
        code: NewCode,
        /// Who owns it.
        lease: Replacement,
        /// What an earlier attempt left behind may go.
        again: bool,
    },
    /// Become the owner of a repository that is there.
    Own {
        /// Its key.
        key: SecretKey,
        /// Who owns it.
        lease: Replacement,
    },
    /// Give the repository another recovery code.
    Rotate {
        /// Its key.
        key: SecretKey,
        /// The new code.
        code: NewCode,
        /// The old code's keys, which go once the new ones have opened the repository.
        old: OldCode,
        /// Who owns it.
        lease: Replacement,
    },
    /// Prove that a recovery code opens the repository, in both ways.
    Rehearse {
        /// The code as it was typed.
        code: String,
    },
    /// Check the repository.
    Check {
        /// Its key.
        key: SecretKey,
        /// Whether all data are read, too.
        data: bool,
    },
    /// Save a part of a set. If the answer is lost it is saved anew; what the first try left is garbage.
    Save {
        /// Its key.
        key: SecretKey,
        /// The lease under which that is allowed.
        lease: Lease,
        /// What.
        save: Box<Save>,
    },
    /// Read back what these snapshots need.
    Audit {
        /// Its key.
        key: SecretKey,
        /// Their names.
        snapshots: Vec<Digest>,
        /// Percent of the data.
        percent: u8,
    },
    /// Write a set, if everything of it is there.
    Commit {
        /// Its key.
        key: SecretKey,
        /// The lease under which that is allowed.
        lease: Lease,
        /// The set.
        set: Box<SetManifest>,
    },
    /// Put a file of a database's log into the repository; one that is there with the same content is no error.
    ShipLog {
        /// Its key.
        key: SecretKey,
        /// What.
        ship: ShipLog,
    },
    /// Read a set, and how far the logs behind it reach.
    Restorable {
        /// Its key.
        key: SecretKey,
        /// The set.
        set: SetId,
    },
    /// Bring a part of a set to this host, and read back that it is that.
    Restore {
        /// Its key.
        key: SecretKey,
        /// What.
        restore: Restore,
    },
    /// Bring a file of a log to this host.
    FetchLog {
        /// Its key.
        key: SecretKey,
        /// What.
        fetch: FetchLog,
    },
    /// List the sets.
    Sets {
        /// Its key.
        key: SecretKey,
        /// Those that must be there.
        remembered: BTreeSet<SetId>,
        /// The time of the host.
        now: Timestamp,
    },
}

/// A recovery code and the repository's key wrapped with it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewCode {
    /// The code as it is printed.
    pub code: String,
    /// The wrapped key.
    pub wrapped: WrappedKey,
}

/// The keys of a code that goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum OldCode {
    /// These.
    Known {
        /// The wrapped key.
        wrapped: Ulid,
        /// The key of restic's own.
        restic: String,
    },
    /// All but the installation's own: no code of this repository was ever shown.
    All,
}

/// A lease and what it takes the place of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replacement {
    /// What must still be there.
    pub before: Option<Lease>,
    /// What is written.
    pub lease: Lease,
}

/// The key of a repository on its way through a pipe.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SecretKey(pub RepositoryKey);

impl From<SecretKey> for String {
    fn from(key: SecretKey) -> Self {
        key.0.expose().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl TryFrom<String> for SecretKey {
    type Error = SecretKeyError;

    fn try_from(text: String) -> Result<Self, SecretKeyError> {
        let digits = text.as_bytes();
        if digits.len() != 2 * KEY_BYTES || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(SecretKeyError);
        }
        let mut bytes = [0; KEY_BYTES];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| SecretKeyError)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| SecretKeyError)?;
        }
        Ok(Self(RepositoryKey::from_bytes(bytes)))
    }
}

/// Not a key; says nothing of what it is instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("read key: it is none")]
pub struct SecretKeyError;

/// One line of an answer.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Line {
    /// How far it is, in bytes; `total` is 0 while nobody knows it.
    Progress {
        /// Bytes done.
        done: u64,
        /// Of all.
        total: u64,
    },
    /// It is done: the last line.
    Done(Outcome),
    /// It failed: the last line.
    Failed(Fault),
}

/// What came of a work.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Outcome {
    /// Of [`Work::Look`].
    Looked(Box<Sight>),
    /// Of [`Work::Create`] and [`Work::Rotate`].
    Coded {
        /// The mark of its folder, where it is one.
        mark: Option<String>,
        /// The key of restic's own that the new code opens.
        restic: String,
        /// What the store can do.
        capabilities: Capabilities,
    },
    /// Of [`Work::Own`].
    Owned,
    /// Of [`Work::Rehearse`].
    Rehearsed(OpenedBy),
    /// Of [`Work::Check`].
    Checked(Checked),
    /// Of [`Work::Save`].
    Saved(Saved),
    /// Of [`Work::Audit`].
    Audited(Audited),
    /// Of [`Work::Commit`].
    Committed,
    /// Of [`Work::ShipLog`].
    LogShipped,
    /// Of [`Work::Restorable`].
    Restorable(Box<Restorable>),
    /// Of [`Work::Restore`].
    Restored(Written),
    /// Of [`Work::FetchLog`]; nothing if there is no such file.
    LogFetched(Option<Proof>),
    /// Of [`Work::Sets`].
    Sets(Sets),
}

/// What was seen of a store.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sight {
    /// The folder, where it is one.
    pub folder: Option<Folder>,
    /// What the store can do.
    pub capabilities: Capabilities,
    /// What is in it.
    pub content: Content,
    /// Who owns it.
    pub owner: OwnerSeen,
}

/// A folder as it really is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Folder {
    /// Its path without links.
    pub path: String,
    /// Number of its file system's device.
    pub device: u64,
    /// Its mark; absent if it has none yet.
    pub mark: Option<String>,
}

/// What is in a store.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Content {
    /// Nothing of a repository.
    Nothing,
    /// Keys and settings of a repository that never held anything, and that nothing given opens.
    Begun,
    /// Something else, or a repository that is none of ours: the name of one thing in it.
    Foreign(String),
    /// A repository of ours that nothing given opens.
    Closed,
    /// A repository of ours.
    Opened {
        /// Its key.
        key: SecretKey,
        /// How the typed code opened it; absent where the key that was given did.
        by: Option<OpenedBy>,
    },
}

/// The two keys that a recovery code opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenedBy {
    /// The wrapped key, as it is in the repository.
    pub wrapped: WrappedKey,
    /// The key of restic's own.
    pub restic: String,
}

/// Who owns a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum OwnerSeen {
    /// Nobody, or nobody can tell because nothing opened it.
    Nobody,
    /// There are sets of this installation, and no lease.
    SetsOf(InstallationId),
    /// A lease.
    Lease(Lease),
    /// What is there cannot be read.
    Damaged,
}

impl OwnerSeen {
    /// What is to be written in the place of this, so that `asker` is the one who writes; `name` is what people call the repository.
    ///
    /// # Errors
    /// `RepositoriesBusy` if that must be asked again later, `RepositoryOwned` if it may not be.
    pub fn replacement(&self, asker: &Asker<'_>, name: &str) -> Result<Replacement, Fault> {
        let (found, before) = match self {
            Self::Nobody => (Found::Nothing, None),
            Self::SetsOf(installation) => (Found::SetsOf(*installation), None),
            Self::Lease(lease) => (Found::Lease(lease.clone()), Some(lease.clone())),
            Self::Damaged => (Found::Damaged, None),
        };
        match lease::decide(&found, asker) {
            Decision::Write(lease) => Ok(Replacement { before, lease }),
            Decision::Wait(_) => Err(Fault::new(FaultCode::RepositoriesBusy).with("repository", name)),
            Decision::Refuse(refusal) => Err(refusal.fault(name)),
        }
    }
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checked {
    /// Snapshots in it.
    pub snapshots: u64,
    /// How many things are lost or altered.
    pub count: u64,
    /// Some of them.
    pub damages: Vec<String>,
    /// What is odd and harms nobody.
    pub remarks: Vec<String>,
    /// Wrapped keys in it.
    pub wrapped: Vec<Ulid>,
    /// Who owns it.
    pub owner: OwnerSeen,
}

impl Request {
    /// Reads a request.
    ///
    /// # Errors
    /// [`WorkerError`], which repeats nothing of the text.
    pub fn parse(bytes: &[u8]) -> Result<Self, WorkerError> {
        #[derive(Deserialize)]
        struct Head {
            protocol: u32,
        }
        if bytes.len() > LARGEST_REQUEST {
            return Err(WorkerError::TooLarge);
        }
        json::measure(bytes, &LIMITS).map_err(|_| WorkerError::Shape)?;
        let head: Head = serde_json::from_slice(bytes).map_err(|_| WorkerError::Shape)?;
        if head.protocol != PROTOCOL {
            return Err(WorkerError::Protocol(head.protocol));
        }
        serde_json::from_slice(bytes).map_err(|_| WorkerError::Shape)
    }

    /// The text of the request, one line with its end.
    #[must_use]
    pub fn to_line(&self) -> Vec<u8> {
        in_a_line(self)
    }
}

impl Line {
    /// Reads a line.
    ///
    /// # Errors
    /// [`WorkerError`], which repeats nothing of the text.
    pub fn parse(bytes: &[u8]) -> Result<Self, WorkerError> {
        if bytes.len() > LARGEST_LINE {
            return Err(WorkerError::TooLarge);
        }
        json::read(bytes, &LIMITS).map_err(|_| WorkerError::Shape)
    }

    /// The text of the line with its end.
    #[must_use]
    pub fn to_line(&self) -> Vec<u8> {
        in_a_line(self)
    }
}

fn in_a_line<T: Serialize>(said: &T) -> Vec<u8> {
    let mut bytes = serde_json::to_vec(said).expect("requests and answers hold only texts, numbers and lists");
    bytes.push(b'\n');
    bytes
}

/// Why something that was said is not understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WorkerError {
    /// More than may be said.
    #[error("read what was said: it is too long")]
    TooLarge,
    /// Not the JSON of the protocol.
    #[error("read what was said: it is not understood")]
    Shape,
    /// The other side is of another version.
    #[error("read what was said: protocol {0}, this program speaks {PROTOCOL}")]
    Protocol(u32),
}

/// Bytes of memory that a worker may have on a host with `total`: a quarter, at least 512 MiB and at most 4 GiB. A backup of
/// a gigabyte in two files took 135 MB.
#[must_use]
pub const fn memory_of(total: u64) -> u64 {
    const LEAST: u64 = 512 << 20;
    const MOST: u64 = 4 << 30;
    let quarter = total / 4;
    if quarter < LEAST {
        LEAST
    } else if quarter > MOST {
        MOST
    } else {
        quarter
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::backup::repository::settings::Settings;

    fn request() -> Request {
        Request {
            protocol: PROTOCOL,
            memory: 1 << 30,
            store: Store {
                place: Place::Directory { path: "/mnt/backup".to_owned() },
                credentials: None,
                mark: None,
                capabilities: None,
            },
            work: Work::Check { key: SecretKey(RepositoryKey::from_bytes([7; 32])), data: true },
        }
    }

    #[test]
    fn a_request_is_one_line_and_read_as_it_was_said() {
        let line = request().to_line();
        assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
        let read = Request::parse(&line).expect("read");
        assert!(
            matches!(read.work, Work::Check { key, data: true } if key == SecretKey(RepositoryKey::from_bytes([7; 32])))
        );
    }

    #[test]
    fn what_is_not_understood_is_not_repeated() {
        let text = String::from_utf8(request().to_line()).expect("text");
        let later = text.replace("\"protocol\":1", "\"protocol\":9");
        assert_eq!(Request::parse(later.as_bytes()).err(), Some(WorkerError::Protocol(9)));
        for bad in [text.replace("0707", "07xx"), text.replace("check", "chock"), String::new(), "{}".to_owned()] {
            assert_eq!(Request::parse(bad.as_bytes()).err(), Some(WorkerError::Shape));
        }
        assert_eq!(Request::parse(&vec![b' '; LARGEST_REQUEST + 1]).err(), Some(WorkerError::TooLarge));
        assert_eq!(Line::parse(&vec![b' '; LARGEST_LINE + 1]).err(), Some(WorkerError::TooLarge));
        assert!(Line::parse(b"{\"done\":\"owned\"}").is_ok() && Line::parse(b"{\"done\":\"gone\"}").is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn no_bytes_break_a_reader(at in 0..400_usize, byte: u8, length in 0..400_usize, noise: Vec<u8>) {
            let mut line = request().to_line();
            let place = at % line.len();
            line[place] = byte;
            line.truncate(line.len().saturating_sub(length));
            for bytes in [&line, &noise] {
                let _refused_or_read = (Request::parse(bytes).is_ok(), Line::parse(bytes).is_ok());
                let text = String::from_utf8_lossy(bytes);
                let _neither = (Credentials::parse(&text).is_ok(), Settings::parse(&text).is_ok());
            }
        }
    }

    #[test]
    fn memory_is_a_quarter_within_bounds() {
        assert_eq!([1 << 30, 8 << 30, 64_u64 << 30].map(memory_of), [512 << 20, 2 << 30, 4 << 30]);
    }
}
