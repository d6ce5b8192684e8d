//! Why a repository did not do what it was asked.

use std::sync::Arc;

use bridle_core::fault::{Fault, FaultCode};

use crate::store::StoreError;

/// Most causes that a fault carries.
const MOST_CAUSES: usize = 12;

/// Something that could not be saved.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Missed {
    /// Where it is.
    pub path: String,
    /// Why not.
    pub why: String,
}

/// A failed operation on a repository.
#[derive(Debug, thiserror::Error)]
pub enum RepositoryError {
    /// The store below failed.
    #[error("use the store of the repository")]
    Store(#[source] Arc<StoreError>),
    /// There is no repository.
    #[error("open {place}: no repository")]
    Absent {
        /// Where.
        place: String,
    },
    /// There is a repository already.
    #[error("create {place}: there is one already")]
    Present {
        /// Where.
        place: String,
    },
    /// The key is another one's.
    #[error("open {place}: wrong key")]
    KeyWrong {
        /// Where.
        place: String,
    },
    /// Something that was to be saved cannot be read; nothing was saved.
    #[error("save {of}: {count} unreadable")]
    Unreadable {
        /// The source.
        of: String,
        /// How many there are.
        count: u64,
        /// Some of them.
        missed: Vec<Missed>,
    },
    /// Something that was to be saved was never the same from beginning to end; nothing was saved.
    #[error("save {of}: {count} changing")]
    Changing {
        /// The source.
        of: String,
        /// How many there are.
        count: u64,
        /// Some of them.
        missed: Vec<Missed>,
    },
    /// A stream ended without its proof, or is not what the proof says; nothing was saved.
    #[error("save {of}: no proof of the end")]
    Broken {
        /// The source.
        of: String,
        /// What its maker says, which people should read first.
        fault: Box<Fault>,
    },
    /// There is no such snapshot.
    #[error("find snapshot {snapshot} in {place}")]
    SnapshotUnknown {
        /// Where.
        place: String,
        /// Its name.
        snapshot: String,
    },
    /// What was restored is not what was saved.
    #[error("restore {path} from {place}: {why}")]
    Unproven {
        /// The repository.
        place: String,
        /// The first file or folder that differs.
        path: String,
        /// In what.
        why: String,
    },
    /// Something is in doubt, so nothing is removed.
    #[error("prune {place}: {why}")]
    PruneRefused {
        /// Where.
        place: String,
        /// What is in doubt.
        why: String,
    },
    /// The engine failed.
    #[error("{action} {place}: {text}")]
    Engine {
        /// What was done.
        action: &'static str,
        /// Where.
        place: String,
        /// What it says.
        text: String,
    },
}

impl From<StoreError> for RepositoryError {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}

impl From<&RepositoryError> for Fault {
    fn from(error: &RepositoryError) -> Self {
        match error {
            RepositoryError::Store(error) => Self::from(&**error),
            RepositoryError::Absent { place } => Self::new(FaultCode::RepositoryAbsent).with("place", place.as_str()),
            RepositoryError::Present { place } => Self::new(FaultCode::RepositoryPresent).with("place", place.as_str()),
            RepositoryError::KeyWrong { place } => {
                Self::new(FaultCode::RepositoryKeyWrong).with("place", place.as_str())
            }
            RepositoryError::Unreadable { of, count, missed } => told(FaultCode::SourceUnreadable, of, *count, missed),
            RepositoryError::Changing { of, count, missed } => told(FaultCode::SourceChanging, of, *count, missed),
            RepositoryError::Broken { fault, .. } => (**fault).clone(),
            RepositoryError::SnapshotUnknown { place, snapshot } => {
                let fault = Self::new(FaultCode::SnapshotUnknown).with("place", place.as_str());
                fault.with("snapshot", snapshot.as_str())
            }
            RepositoryError::Unproven { place, path, .. } => {
                let fault = Self::new(FaultCode::RestoreUnproven).with("place", place.as_str());
                fault.with("path", path.as_str()).because(error)
            }
            RepositoryError::PruneRefused { place, .. } => {
                Self::new(FaultCode::PruneRefused).with("place", place.as_str()).because(error)
            }
            RepositoryError::Engine { place, .. } => {
                Self::new(FaultCode::RepositoryFailed).with("place", place.as_str()).because(error)
            }
        }
    }
}

impl From<RepositoryError> for Fault {
    fn from(error: RepositoryError) -> Self {
        Self::from(&error)
    }
}

fn told(code: FaultCode, of: &str, count: u64, missed: &[Missed]) -> Fault {
    let first = missed.first().map_or("", |first| first.path.as_str());
    let fault = Fault::new(code).with("source", of).with("count", count).with("path", first);
    missed
        .iter()
        .take(MOST_CAUSES)
        .fold(fault, |fault, missed| fault.output(&format!("{}: {}", missed.path, missed.why)))
}
