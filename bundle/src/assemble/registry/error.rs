//! What can go wrong with a registry.

use std::io;
use std::path::{Path, PathBuf};

/// Why a registry did not deliver; each text ends with what to do.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// A reference that is none.
    #[error("read reference {text:?}: {reason}")]
    Reference {
        /// The text.
        text: String,
        /// What to write.
        reason: String,
    },
    /// A file with credentials or certificates cannot be used.
    #[error("read {path}: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why; never a part of its content.
        reason: String,
    },
    /// An option that cannot be used.
    #[error("read {option}: {reason}")]
    Option {
        /// The option.
        option: &'static str,
        /// Why.
        reason: String,
    },
    /// A file of the cache failed.
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
    /// Plain HTTP that nobody allowed.
    #[error("fetch {what}: {host} would be reached without TLS; if that is meant, allow it with --plain-http {host}")]
    Plain {
        /// What was asked for.
        what: String,
        /// Host and port.
        host: String,
    },
    /// The server's certificate is not trusted.
    #[error(
        "fetch {what}: TLS with {host} fails: {reason}; if a private authority signed its certificate, give that with \
         --registry-ca {host}=FILE; if it speaks plain HTTP, allow that with --plain-http {host}"
    )]
    Tls {
        /// What was asked for.
        what: String,
        /// Host and port.
        host: String,
        /// What TLS says.
        reason: String,
    },
    /// Credentials are missing, refused, or cannot be used.
    #[error("fetch {what}: {reason}")]
    Credentials {
        /// What was asked for.
        what: String,
        /// Why, and what to do.
        reason: String,
    },
    /// The server gave another answer than was asked for.
    #[error("fetch {what}: {host} answers {status}; {advice}")]
    Answer {
        /// What was asked for.
        what: String,
        /// Host and port.
        host: String,
        /// HTTP status.
        status: u16,
        /// What to do.
        advice: &'static str,
    },
    /// It failed too often.
    #[error(
        "fetch {what}: {tries} tries in a row brought nothing new, the last: {reason}; check network and proxy, then run \
         the command again: what came so far is kept"
    )]
    Unreachable {
        /// What was asked for.
        what: String,
        /// How often it was tried without progress.
        tries: u32,
        /// What happened at the last try.
        reason: String,
    },
    /// It came, but is not what it should be.
    #[error("fetch {what}: {reason}")]
    Content {
        /// What was asked for.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The image is not made for the platform.
    #[error(
        "fetch {what}: there is none for {wanted}; offered: {offered}; choose with platform = \"…\" in [[image]], or take \
         an image that is made for {wanted}"
    )]
    Platform {
        /// What was asked for.
        what: String,
        /// Platform that is wanted.
        wanted: String,
        /// Platforms that are there.
        offered: String,
    },
}

impl RegistryError {
    /// For `map_err`: an operation on a path.
    pub(super) fn io<'a>(operation: &'static str, path: &'a Path) -> impl Fn(io::Error) -> Self + 'a {
        move |source| Self::Io { operation, path: path.to_owned(), source }
    }

    pub(super) fn content(what: &str, reason: impl Into<String>) -> Self {
        Self::Content { what: what.to_owned(), reason: reason.into() }
    }
}
