//! Signing, the publisher's side: the same signature for the same content (RFC 8032), so that builds repeat.

use std::fmt;
use std::io::{self, Read};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use blake2::{Blake2b512, Digest as _};

use super::{KeyId, PublicKey, TrustError, UNTRUSTED_COMMENT};

/// A secret key in memory; overwritten when dropped as far as the signature crate does it.
pub struct SigningKey {
    pair: ed25519_compact::KeyPair,
    id: KeyId,
}

impl SigningKey {
    /// The key with this Ed25519 seed and id.
    #[must_use]
    pub fn from_seed(seed: [u8; 32], id: [u8; 8]) -> Self {
        let pair = ed25519_compact::KeyPair::from_seed(ed25519_compact::Seed::new(seed));
        Self { pair, id: KeyId::new(id) }
    }

    /// Its public key.
    ///
    /// # Errors
    /// [`TrustError::Key`] never for a key made by [`Self::from_seed`].
    pub fn public(&self) -> Result<PublicKey, TrustError> {
        let bytes = [b"Ed".as_slice(), &self.id.bytes(), self.pair.pk.as_ref()].concat();
        PublicKey::parse(STANDARD.encode(bytes).as_bytes())
    }

    /// Signs `content`, prehashed with BLAKE2b-512 as minisign does. `comment` is one line, signed too.
    ///
    /// # Errors
    /// The error of reading `content`.
    pub fn sign(&self, mut content: impl Read, comment: &str) -> io::Result<String> {
        let mut hash = Blake2b512::new();
        let mut buffer = vec![0; 256 << 10];
        loop {
            match content.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => hash.update(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let comment: String = comment.chars().filter(|c| !c.is_control()).collect();
        let signature = self.pair.sk.sign(hash.finalize(), None);
        let whole = self.pair.sk.sign([signature.as_ref(), comment.as_bytes()].concat(), None);
        let line = STANDARD.encode([b"ED".as_slice(), &self.id.bytes(), signature.as_ref()].concat());
        Ok(format!("{UNTRUSTED_COMMENT}\n{line}\ntrusted comment: {comment}\n{}\n", STANDARD.encode(whole.as_ref())))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SigningKey({})", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Signature, TrustedKeys};
    use super::*;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_seed([seed; 32], [seed; 8])
    }

    fn signature(key: &SigningKey, content: &[u8]) -> Signature {
        Signature::parse(key.sign(content, "test").expect("sign").as_bytes()).expect("parse")
    }

    #[test]
    fn signature_holds_for_its_content_and_key_only() {
        let trusted =
            TrustedKeys::new(vec![key(1).public().expect("key"), key(2).public().expect("key")]).expect("set");
        let good = signature(&key(2), b"content");
        assert_eq!(trusted.verify(b"content", &good).expect("verify").id(), key(2).id);
        assert!(matches!(trusted.verify(b"contenT", &good), Err(TrustError::Wrong { .. })));
        assert!(matches!(trusted.verify(b"content", &signature(&key(3), b"content")), Err(TrustError::Unknown { .. })));
    }

    #[test]
    fn same_content_same_signature() {
        assert_eq!(key(1).sign(&b"x"[..], "c").expect("sign"), key(1).sign(&b"x"[..], "c").expect("sign"));
    }

    #[test]
    fn changed_comment_is_noticed() {
        let trusted = TrustedKeys::new(vec![key(1).public().expect("key")]).expect("set");
        let text = key(1).sign(&b"x"[..], "release 1").expect("sign").replace("release 1", "release 2");
        let changed = Signature::parse(text.as_bytes()).expect("parse");
        assert!(matches!(trusted.verify(b"x", &changed), Err(TrustError::Wrong { .. })));
    }

    #[test]
    fn key_survives_a_round_trip() {
        let public = key(7).public().expect("key");
        assert_eq!(PublicKey::parse(public.to_text().as_bytes()).expect("parse"), public);
        assert_eq!(public.fingerprint().len(), 49);
        for hostile in ["", "x", "untrusted comment: x\n", "untrusted comment: x\nRWQ=\nmore\n"] {
            assert!(PublicKey::parse(hostile.as_bytes()).is_err(), "{hostile:?}");
        }
    }
}
