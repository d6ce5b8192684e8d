//! What can go wrong while making or driving a test host.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why an operation on a lab or on one of its hosts failed.
#[derive(thiserror::Error)]
pub enum Error {
    /// The machine lacks something that test hosts need.
    #[error("this machine cannot boot test hosts: {0}")]
    Unavailable(String),
    /// A file operation failed.
    #[error("{operation} {path}: {source}")]
    File {
        /// What was tried.
        operation: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// A program could not be started.
    #[error("start `{command}`: {source}")]
    Start {
        /// The program with its arguments.
        command: String,
        /// Why it failed.
        source: io::Error,
    },
    /// A program ended with another status than 0.
    #[error("`{command}` ended with {status}\nstdout: {stdout}\nstderr: {stderr}")]
    Failed {
        /// The program with its arguments.
        command: String,
        /// Its exit status, as text.
        status: String,
        /// What it wrote to its standard output.
        stdout: String,
        /// What it wrote to its standard error.
        stderr: String,
    },
    /// A program or a condition took longer than its limit.
    #[error("{what} took longer than {limit:?}\n{seen}")]
    Late {
        /// What was waited for.
        what: String,
        /// The limit.
        limit: Duration,
        /// What was seen instead, as far as known.
        seen: String,
    },
    /// The operation needs a running host.
    #[error("host {0} is not running")]
    NotRunning(String),
    /// The operation needs a host that is off.
    #[error("host {0} is running already")]
    IsRunning(String),
    /// A name cannot be used.
    #[error("name {name:?}: {why}")]
    Name {
        /// The name.
        name: String,
        /// Why not.
        why: &'static str,
    },
    /// A limit of the kit was reached.
    #[error("no more than {limit} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        limit: usize,
    },
    /// A record in the registry, or the answer of a tool, cannot be read.
    #[error("read {what}: {source}")]
    Unreadable {
        /// The record or the answer.
        what: String,
        /// Why not.
        source: serde_json::Error,
    },
}

/// As its text: tests end with `unwrap`, and the captured output of a program is to be read.
impl fmt::Debug for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl Error {
    /// Makes the error of a file operation; for `map_err`.
    pub(crate) fn file<E: Into<io::Error>>(
        operation: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(E) -> Self {
        let path = path.into();
        move |source| Self::File { operation, path, source: source.into() }
    }
}
