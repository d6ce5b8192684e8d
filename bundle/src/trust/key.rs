//! Public keys, alone and as the set that a host trusts.

use std::fmt;
use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustix::fs::OFlags;
use sha2::{Digest as _, Sha256};

use super::{MAX_KEYS, MAX_TEXT, Signature, TrustError};

/// The eight bytes by which a signature names its key; chosen at random, so it identifies nothing for certain.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 8]);

impl KeyId {
    pub(super) const fn new(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }

    #[cfg(any(test, feature = "sign"))]
    pub(super) const fn bytes(self) -> [u8; 8] {
        self.0
    }
}

impl fmt::Display for KeyId {
    /// As minisign writes it: 16 upper-case hex digits.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016X}", u64::from_le_bytes(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// A publisher's public key.
#[derive(Clone)]
pub struct PublicKey {
    key: minisign_verify::PublicKey,
    bytes: [u8; 42],
}

impl PublicKey {
    /// Reads the text of a `.pub` file, or its last line alone.
    ///
    /// # Errors
    /// [`TrustError::Key`] for anything else.
    pub fn parse(text: &[u8]) -> Result<Self, TrustError> {
        if text.len() as u64 > MAX_TEXT {
            return Err(TrustError::Key("too long"));
        }
        let text = std::str::from_utf8(text).map_err(|_| TrustError::Key("not text"))?;
        let mut lines = text.trim_end().lines();
        let line = match (lines.next(), lines.next(), lines.next()) {
            (Some(line), None, None) => line,
            (Some(comment), Some(line), None) if comment.starts_with("untrusted comment:") => line,
            _ => return Err(TrustError::Key("expected a comment and a line of base64")),
        };
        let bytes = STANDARD.decode(line.trim()).map_err(|_| TrustError::Key("not base64"))?;
        let bytes: [u8; 42] = bytes.try_into().map_err(|_| TrustError::Key("wrong length"))?;
        if &bytes[..2] != b"Ed" {
            return Err(TrustError::Key("not an Ed25519 key"));
        }
        let key =
            minisign_verify::PublicKey::from_base64(line.trim()).map_err(|_| TrustError::Key("not a minisign key"))?;
        Ok(Self { key, bytes })
    }

    /// Reads a `.pub` file.
    ///
    /// # Errors
    /// [`TrustError`] if it cannot be read or holds no key.
    pub fn read(path: &Path) -> Result<Self, TrustError> {
        Self::parse(&read_small(path)?)
    }

    /// Id of the key.
    #[must_use]
    pub fn id(&self) -> KeyId {
        let mut id = [0; 8];
        id.copy_from_slice(&self.bytes[2..10]);
        KeyId(id)
    }

    /// What people compare: the first 20 bytes of the key's SHA-256 as ten groups of four hex digits.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let sum = Sha256::digest(self.bytes);
        let groups: Vec<String> = sum[..20].chunks(2).map(|pair| format!("{:02x}{:02x}", pair[0], pair[1])).collect();
        groups.join(" ")
    }

    /// The key as minisign's base64 line (what `minisign -P` takes).
    #[must_use]
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.bytes)
    }

    /// The text of a `.pub` file.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("untrusted comment: minisign public key {}\n{}\n", self.id(), self.to_base64())
    }

    pub(super) fn verifier(&self) -> &minisign_verify::PublicKey {
        &self.key
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PublicKey({})", self.to_base64())
    }
}

/// The keys that a host trusts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedKeys(Vec<PublicKey>);

impl TrustedKeys {
    /// Trusts exactly these keys.
    ///
    /// # Errors
    /// [`TrustError::TooMany`] beyond [`MAX_KEYS`].
    pub fn new(keys: Vec<PublicKey>) -> Result<Self, TrustError> {
        if keys.len() > MAX_KEYS { Err(TrustError::TooMany) } else { Ok(Self(keys)) }
    }

    /// Reads every `*.pub` file of `directory` (`/etc/bridle/trust`), in the order of their names; a directory that
    /// does not exist holds none.
    ///
    /// # Errors
    /// [`TrustError`] if one of them cannot be read or holds no key.
    pub fn load(directory: &Path) -> Result<Self, TrustError> {
        let failed = |source| TrustError::Read { path: directory.to_owned(), source };
        let entries = match fs::read_dir(directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(failed(error)),
        };
        let mut paths = Vec::new();
        for entry in entries {
            let path = entry.map_err(failed)?.path();
            if path.extension().is_some_and(|extension| extension == "pub") {
                paths.push(path);
            }
            if paths.len() > MAX_KEYS {
                return Err(TrustError::TooMany);
            }
        }
        paths.sort();
        Ok(Self(paths.iter().map(|path| PublicKey::read(path)).collect::<Result<_, _>>()?))
    }

    /// The keys.
    #[must_use]
    pub fn keys(&self) -> &[PublicKey] {
        &self.0
    }

    /// Whether no key is trusted yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the trusted key that made `signature` over `content`.
    ///
    /// # Errors
    /// [`TrustError::Unknown`] or [`TrustError::Wrong`].
    pub fn verify(&self, content: &[u8], signature: &Signature) -> Result<&PublicKey, TrustError> {
        self.verify_stream(content, signature)
    }

    /// As [`Self::verify`], for content of any size.
    ///
    /// # Errors
    /// [`TrustError::Unknown`], [`TrustError::Wrong`], or [`TrustError::Content`] if reading fails.
    pub fn verify_stream(&self, mut content: impl Read, signature: &Signature) -> Result<&PublicKey, TrustError> {
        let signer = signature.signer();
        let mut candidates = self.0.iter().filter(|key| key.id() == signer);
        // Two trusted keys with one id would need two passes over the stream: the first decides.
        let key = candidates.next().ok_or(TrustError::Unknown { signer })?;
        let mut verifier = key.verifier().verify_stream(signature.inner()).map_err(|_| TrustError::Wrong { signer })?;
        let mut buffer = vec![0; 256 << 10];
        loop {
            match content.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => verifier.update(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(TrustError::Content(error)),
            }
        }
        verifier.finalize().map_err(|_| TrustError::Wrong { signer })?;
        Ok(key)
    }
}

/// Reads a regular file of at most [`MAX_TEXT`] bytes.
pub(super) fn read_small(path: &Path) -> Result<Vec<u8>, TrustError> {
    let failed = |source| TrustError::Read { path: path.to_owned(), source };
    // Opening a pipe must not wait for somebody to write into it.
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    let file = fs::OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(failed)?;
    if !file.metadata().map_err(failed)?.is_file() {
        return Err(failed(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")));
    }
    let mut bytes = Vec::new();
    file.take(MAX_TEXT + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_TEXT {
        return Err(failed(io::Error::new(io::ErrorKind::InvalidData, "too long")));
    }
    Ok(bytes)
}
