//! Signatures: the text of a `.minisig` file.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::key::read_small;
use super::{KeyId, MAX_TEXT, TrustError};

/// A minisign signature.
#[derive(Clone)]
pub struct Signature {
    inner: minisign_verify::Signature,
    signer: KeyId,
    text: String,
}

impl Signature {
    /// Reads the text of a `.minisig` file.
    ///
    /// # Errors
    /// [`TrustError::Signature`] for anything else, also for the old form that is not prehashed.
    pub fn parse(text: &[u8]) -> Result<Self, TrustError> {
        if text.len() as u64 > MAX_TEXT {
            return Err(TrustError::Signature("too long"));
        }
        let text = std::str::from_utf8(text).map_err(|_| TrustError::Signature("not text"))?;
        let inner = minisign_verify::Signature::decode(text).map_err(|_| TrustError::Signature("not minisign"))?;
        // Exactly the four lines that are written: bytes that no signature covers must have no room here.
        let lines: Vec<&str> = text.split('\n').collect();
        let [untrusted, line, trusted, whole, ""] = lines[..] else {
            return Err(TrustError::Signature("expected four lines"));
        };
        if !untrusted.starts_with("untrusted comment: ") || !trusted.starts_with("trusted comment: ") {
            return Err(TrustError::Signature("expected comments"));
        }
        // A line break that the signature's reader drops would be a byte that nothing covers.
        if text.chars().any(|c| c.is_control() && c != '\n') {
            return Err(TrustError::Signature("has control characters"));
        }
        let bytes = STANDARD.decode(line).map_err(|_| TrustError::Signature("not base64"))?;
        if !STANDARD.decode(whole).is_ok_and(|bytes| bytes.len() == 64) {
            return Err(TrustError::Signature("not base64"));
        }
        if bytes.len() != 74 || &bytes[..2] != b"ED" {
            return Err(TrustError::Signature("not prehashed"));
        }
        let mut id = [0; 8];
        id.copy_from_slice(&bytes[2..10]);
        Ok(Self { inner, signer: KeyId::new(id), text: text.to_owned() })
    }

    /// Reads a `.minisig` file.
    ///
    /// # Errors
    /// [`TrustError`] if it cannot be read or holds no signature.
    pub fn read(path: &Path) -> Result<Self, TrustError> {
        Self::parse(&read_small(path)?)
    }

    /// Its first line, which no signature covers.
    #[must_use]
    pub fn untrusted_comment(&self) -> &str {
        self.text.split('\n').next().unwrap_or_default()
    }

    /// The key that it says it was made with.
    #[must_use]
    pub fn signer(&self) -> KeyId {
        self.signer
    }

    /// Its text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn inner(&self) -> &minisign_verify::Signature {
        &self.inner
    }
}

impl std::fmt::Debug for Signature {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Signature(by {})", self.signer)
    }
}
