//! The key of a repository, and what is derived from it.
//!
//! One random key a repository. Nothing is ever sealed or signed with it directly: each purpose has a key of its own
//! (HKDF-SHA256, RFC 5869), so that no use of one can say anything about another.

use ring::hkdf::{HKDF_SHA256, KeyType, Salt};
use ring::hmac;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// Bytes of the key.
pub const KEY_BYTES: usize = 32;

/// The key of a repository. No `Debug`: it reaches no log.
#[derive(Clone, PartialEq, Eq)]
pub struct RepositoryKey([u8; KEY_BYTES]);

/// What a derived key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Proves records: sets, verifications, pins, the lease.
    Records,
    /// Names the key, so that two repositories can be told apart.
    Name,
    /// Seals write-ahead logs.
    Wal,
    /// Makes the seeds of sealed objects.
    WalSeed,
    /// The password with which the installation itself opens the repository.
    Password,
}

/// A name of a key that says nothing about it: 16 lower-case hex digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyName(String);

impl RepositoryKey {
    /// A key of these bytes, which must come from the system's source of randomness or from a wrapped key.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; KEY_BYTES]) -> Self {
        Self(bytes)
    }

    /// The bytes, to wrap or seal them; never for a log, an argument or an environment.
    #[must_use]
    pub const fn expose(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    /// The name of the key.
    #[must_use]
    pub fn name(&self) -> KeyName {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &self.derive(Purpose::Name)), b"name");
        KeyName(tag.as_ref()[..8].iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The password of the installation's own key in the restic repository: 64 lower-case hex digits.
    #[must_use]
    pub fn password(&self) -> String {
        Digest::from_bytes(self.derive(Purpose::Password)).hex()
    }

    /// The key for `purpose`.
    pub(super) fn derive(&self, purpose: Purpose) -> [u8; KEY_BYTES] {
        derive(&self.0, b"bridle repository key 1", purpose.info())
    }

    /// The key that proves what it signs.
    pub(super) fn mac(&self, purpose: Purpose) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &self.derive(purpose))
    }
}

impl Purpose {
    const fn info(self) -> &'static [u8] {
        match self {
            Self::Records => b"records",
            Self::Name => b"name",
            Self::Wal => b"wal",
            Self::WalSeed => b"wal seed",
            Self::Password => b"restic password",
        }
    }
}

/// 32 bytes out of `secret` (HKDF-SHA256).
pub(super) fn derive(secret: &[u8], salt: &[u8], info: &[u8]) -> [u8; KEY_BYTES] {
    struct Length;
    impl KeyType for Length {
        fn len(&self) -> usize {
            KEY_BYTES
        }
    }
    let mut bytes = [0; KEY_BYTES];
    let prk = Salt::new(HKDF_SHA256, salt).extract(secret);
    prk.expand(&[info], Length).and_then(|okm| okm.fill(&mut bytes)).expect("32 bytes are less than 255 hashes");
    bytes
}

impl KeyName {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for KeyName {
    type Error = KeyNameError;

    fn try_from(text: String) -> Result<Self, KeyNameError> {
        let fits = text.len() == 16 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if fits { Ok(Self(text)) } else { Err(KeyNameError) }
    }
}

impl From<KeyName> for String {
    fn from(name: KeyName) -> Self {
        name.0
    }
}

/// Not the name of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("read name of a key: expected 16 lower-case hex digits")]
pub struct KeyNameError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_purpose_has_a_key_of_its_own_that_stays_the_same() {
        let key = RepositoryKey::from_bytes([7; 32]);
        let purposes = [Purpose::Records, Purpose::Name, Purpose::Wal, Purpose::WalSeed, Purpose::Password];
        let keys: std::collections::BTreeSet<_> = purposes.map(|purpose| key.derive(purpose)).into_iter().collect();
        assert_eq!(keys.len(), purposes.len());
        assert!(!keys.contains(key.expose()));
        // Known answers: whoever changes a derivation makes every repository unreadable.
        assert_eq!(key.name().as_str(), KNOWN_NAME);
        assert_eq!(key.password(), KNOWN_PASSWORD);
        assert_ne!(key.name(), RepositoryKey::from_bytes([8; 32]).name());
    }

    /// Made by another program (Python's `hmac`), for the key of 32 bytes 07.
    const KNOWN_NAME: &str = "f3fa964fd47b63e3";
    const KNOWN_PASSWORD: &str = "67a421de90ce5ab650b5097144d97a4d135d2edf25590a78c6df70fc0d080e11";

    #[test]
    fn names_have_one_spelling() {
        for text in ["", "0123456789abcde", "0123456789ABCDEF", "0123456789abcdefa", "0123456789abcdeg"] {
            assert!(KeyName::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
