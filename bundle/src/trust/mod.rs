//! Whom this host trusts: minisign keys and signatures (format of minisign 0.8 and later, prehashed).

mod fault;
mod key;
mod seen;
#[cfg(any(test, feature = "sign"))]
mod sign;
mod signature;

pub use key::{KeyId, PublicKey, TrustedKeys};
pub use seen::{Newest, SEEN_FORMAT, Seen};
#[cfg(any(test, feature = "sign"))]
pub use sign::SigningKey;
pub use signature::Signature;

use std::io;
use std::path::PathBuf;

use bridle_core::durable::FileError;

/// Largest text of a key or a signature, in bytes.
pub const MAX_TEXT: u64 = 4096;
/// First line of every signature that is made here; inside a release file it is the only one that is allowed.
pub const UNTRUSTED_COMMENT: &str = "untrusted comment: signature from bridle-bundle";
/// Most keys that a host trusts at a time.
pub const MAX_KEYS: usize = 16;

/// Why a key or a signature is refused.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// Text that is no minisign public key.
    #[error("read public key: {0}")]
    Key(&'static str),
    /// Text that is no minisign signature.
    #[error("read signature: {0}")]
    Signature(&'static str),
    /// A file could not be read.
    #[error("read {path}")]
    Read {
        /// The file or directory.
        path: PathBuf,
        /// Cause.
        #[source]
        source: io::Error,
    },
    /// The record of the releases that were seen is damaged, or of another version.
    #[error("read {path}")]
    Seen {
        /// The file.
        path: PathBuf,
        /// Cause.
        #[source]
        source: serde_json::Error,
    },
    /// That record could not be read or written.
    #[error(transparent)]
    Files(#[from] FileError),
    /// More keys than [`MAX_KEYS`].
    #[error("read trusted keys: more than {MAX_KEYS}")]
    TooMany,
    /// No trusted key has the id of the signature.
    #[error("verify signature: made with key {signer}, which is not trusted here")]
    Unknown {
        /// Key of the signature.
        signer: KeyId,
    },
    /// The key is trusted, but it did not sign this content.
    #[error("verify signature: key {signer} did not sign this content")]
    Wrong {
        /// Key of the signature.
        signer: KeyId,
    },
    /// The content could not be read.
    #[error("verify signature: read content")]
    Content(#[source] io::Error),
}
