//! What can go wrong on the publisher's side.

use std::io;
use std::path::{Path, PathBuf};

use super::registry::RegistryError;
use crate::file::FileError;
use crate::trust::TrustError;

/// Why a release could not be locked or built.
#[derive(Debug, thiserror::Error)]
pub enum AssembleError {
    /// A file or directory failed.
    #[error("{operation} {path}")]
    Io {
        /// What was tried.
        operation: &'static str,
        /// On what.
        path: PathBuf,
        /// Cause.
        #[source]
        source: io::Error,
    },
    /// A source file that is not the TOML of the format.
    #[error("read {path}: {reason}")]
    Source {
        /// The file.
        path: PathBuf,
        /// What is wrong, with the place.
        reason: String,
    },
    /// A tool of the machine failed.
    #[error("run {program}: {reason}\n{output}")]
    Tool {
        /// Name of the tool.
        program: String,
        /// How it ended.
        reason: String,
        /// The end of what it printed.
        output: String,
    },
    /// A recipe that cannot be followed.
    #[error("make {what}: {reason}")]
    Recipe {
        /// Which.
        what: String,
        /// Why.
        reason: String,
    },
    /// Something is not what the lock says.
    #[error("build {what}: the lock says {locked}, found {found}; if that is meant, lock again")]
    Differs {
        /// Which part.
        what: String,
        /// In the lock.
        locked: String,
        /// Found now.
        found: String,
    },
    /// A registry or address did not deliver.
    #[error("fetch {what}: {reason}")]
    Fetch {
        /// What was asked for.
        what: String,
        /// Why not.
        reason: String,
    },
    /// A registry did not deliver.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A chart that would fail on a site.
    #[error("chart {chart}: {reason}")]
    Chart {
        /// Name of the chart.
        chart: String,
        /// Why.
        reason: String,
    },
    /// The release file could not be written or read.
    #[error("release file")]
    File(#[from] FileError),
    /// A key or signature.
    #[error("key or signature")]
    Trust(#[from] TrustError),
}

impl AssembleError {
    /// For `map_err`: an operation on a path.
    pub(super) fn io<'a>(operation: &'static str, path: &'a Path) -> impl Fn(io::Error) -> Self + 'a {
        move |source| Self::Io { operation, path: path.to_owned(), source }
    }

    pub(super) fn recipe(what: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Recipe { what: what.into(), reason: reason.into() }
    }
}

/// An error with its causes.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}
