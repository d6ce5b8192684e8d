//! What can be known without the agent: the journals on disk, read only.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use bridle_core::fault::{Fault, FaultCode};
use bridle_core::journal::{self, JournalError};
use bridle_core::operation::OperationView;
use bridle_core::port::Timestamp;
use bridle_core::status::{Health, StatusView};

/// Most journals that are read, newest first.
pub const MOST_JOURNALS: usize = 200;
/// Longest journal that is read, in bytes.
pub const LONGEST_JOURNAL: u64 = 64 * 1024 * 1024;
const LONGEST_STATUS: u64 = 16 * 1024 * 1024;

/// Why the journals cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum OfflineError {
    /// A folder or file cannot be read.
    #[error("read {}", path.display())]
    Read {
        /// The path.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// A journal is damaged or of another version.
    #[error("read {}", path.display())]
    Journal {
        /// The path.
        path: PathBuf,
        /// The cause.
        #[source]
        source: JournalError,
    },
}

impl OfflineError {
    /// The fault that people see.
    #[must_use]
    pub fn fault(&self) -> Fault {
        let (code, path) = match self {
            Self::Read { path, .. } => (FaultCode::FileUnreadable, path),
            Self::Journal { path, source } => (source.code(), path),
        };
        Fault::new(code).with("path", path.display().to_string()).because(self)
    }
}

/// What the journals tell.
#[derive(Debug, Default)]
pub struct History {
    /// Operations, newest first.
    pub operations: Vec<OperationView>,
    /// When the newest record was written.
    pub latest: Option<Timestamp>,
    /// Journals that cannot be read; the others are there all the same.
    pub problems: Vec<OfflineError>,
}

/// Reads at most [`MOST_JOURNALS`] journals of `folder`; a folder that is not there holds none.
///
/// # Errors
/// [`OfflineError`] if the folder itself cannot be read.
pub fn history(folder: &Path) -> Result<History, OfflineError> {
    let unread = |source| OfflineError::Read { path: folder.to_owned(), source };
    let mut paths = Vec::new();
    match fs::read_dir(folder) {
        Ok(entries) => {
            for entry in entries {
                let path = entry.map_err(unread)?.path();
                if path.extension().is_some_and(|extension| extension == "journal") {
                    paths.push(path);
                }
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(unread(error)),
    }
    paths.sort_unstable_by(|one, other| other.cmp(one)); // names begin with the time
    paths.truncate(MOST_JOURNALS);
    let mut history = History::default();
    for path in paths {
        match read(&path) {
            Ok(Some((view, latest))) => {
                history.operations.push(view);
                history.latest = history.latest.max(Some(latest));
            }
            Ok(None) => {}
            Err(problem) => history.problems.push(problem),
        }
    }
    Ok(history)
}

/// The status that can be told without the agent: what it wrote last to `file`, with health unknown and the newest operation
/// as its journal says. A file that is absent, unreadable or of another version counts as none: it may be lost.
#[must_use]
pub fn status(file: &Path, history: &History) -> StatusView {
    let operation = history.operations.first().cloned();
    if let Some(last) = last_status(file) {
        let time = last.time.max(history.latest.unwrap_or(last.time));
        return StatusView { time, agent: None, health: Health::Unknown, operation, ..last };
    }
    StatusView {
        time: history.latest.unwrap_or(Timestamp(0)),
        agent: None,
        site: String::new(),
        front_door: String::new(),
        release: None,
        health: Health::Unknown,
        nodes: None,
        workloads: None,
        cluster_unseen: None,
        host: None,
        operation,
        faults: Vec::new(),
    }
}

fn last_status(file: &Path) -> Option<StatusView> {
    let mut bytes = Vec::new();
    File::open(file).ok()?.take(LONGEST_STATUS).read_to_end(&mut bytes).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// One journal; `None` for one that holds no whole record yet.
fn read(path: &Path) -> Result<Option<(OperationView, Timestamp)>, OfflineError> {
    let unread = |source| OfflineError::Read { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    File::open(path).map_err(unread)?.take(LONGEST_JOURNAL + 1).read_to_end(&mut bytes).map_err(unread)?;
    if bytes.len() as u64 > LONGEST_JOURNAL {
        return Err(unread(io::ErrorKind::FileTooLarge.into()));
    }
    let sound = journal::decode(&bytes).map_err(|source| OfflineError::Journal { path: path.to_owned(), source })?;
    let latest = sound.events.last().map(|event| event.time);
    Ok(OperationView::fold(&sound.events).zip(latest))
}
