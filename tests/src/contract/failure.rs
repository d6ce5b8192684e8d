//! What a check expected and what it found.

use crate::testhost;
use std::fmt::{Debug, Display};

/// Why a check failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The binary did something else.
    #[error("{what}: expected {expected}, found {found}")]
    Unexpected {
        /// What was looked at.
        what: String,
        /// What the contract says.
        expected: String,
        /// What was there.
        found: String,
    },
    /// The host could not be used, or a wait came to its limit.
    #[error(transparent)]
    Host(#[from] testhost::Error),
    /// An answer is not JSON.
    #[error("read {what}: {source}; it begins {begin:?}")]
    Json {
        /// Of what.
        what: String,
        /// Its first characters.
        begin: String,
        /// Why not.
        source: serde_json::Error,
    },
    /// A file of this machine could not be used.
    #[error("{operation} {path}: {source}")]
    File {
        /// What was tried.
        operation: &'static str,
        /// On what.
        path: String,
        /// Why it failed.
        source: std::io::Error,
    },
}

/// What a check returns.
pub type Checked<T = ()> = Result<T, Failure>;

impl Failure {
    /// Makes the error of a file operation; for `map_err`.
    pub(super) fn file(operation: &'static str, path: impl Display) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_string();
        move |source| Self::File { operation, path, source }
    }
}

/// Both are the same.
pub(super) fn same<T: PartialEq + Debug>(what: &str, expected: T, found: T) -> Checked {
    if expected == found {
        return Ok(());
    }
    let (expected, found) = (format!("{expected:?}"), format!("{found:?}"));
    Err(Failure::Unexpected { what: what.to_owned(), expected, found })
}

/// The text holds this part.
pub(super) fn contains(what: &str, part: &str, text: &str) -> Checked {
    holds(text.contains(part), what, format!("{part:?} in it"), format!("{text:?}"))
}

/// The condition is true.
pub(super) fn holds(condition: bool, what: &str, expected: impl Display, found: impl Display) -> Checked {
    if condition {
        return Ok(());
    }
    Err(Failure::Unexpected { what: what.to_owned(), expected: expected.to_string(), found: found.to_string() })
}

/// Reads JSON.
pub(super) fn json(what: &str, text: &str) -> Checked<serde_json::Value> {
    let begin = || text.chars().take(200).collect();
    serde_json::from_str(text).map_err(|source| Failure::Json { what: what.to_owned(), begin: begin(), source })
}
