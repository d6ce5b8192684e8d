//! minisign's texts: signatures and public keys.

use std::sync::OnceLock;

use bridle_bundle::sample::{key as signing_key, trusted};
use bridle_bundle::trust::{PublicKey, Signature, TrustedKeys};

const CONTENT: &[u8] = b"content";

fn good() -> &'static str {
    static GOOD: OnceLock<String> = OnceLock::new();
    GOOD.get_or_init(|| signing_key().sign(CONTENT, "fuzz").expect("memory can be read"))
}

fn keys() -> &'static TrustedKeys {
    static KEYS: OnceLock<TrustedKeys> = OnceLock::new();
    KEYS.get_or_init(trusted)
}

/// What holds for the content is the one signature that was made; only its unsigned first line may differ.
pub(crate) fn signature(data: &[u8]) {
    let Ok(signature) = Signature::parse(data) else { return };
    assert_eq!(signature.text().as_bytes(), data);
    if keys().verify(CONTENT, &signature).is_ok() {
        let covered = |text: &str| text.split_once('\n').map(|(_, rest)| rest.to_owned());
        assert_eq!(covered(signature.text()), covered(good()), "another signature was accepted");
    }
}

pub(crate) fn signature_seeds() -> Vec<Vec<u8>> {
    let other = signing_key().sign(&b"other"[..], "fuzz").expect("memory can be read");
    let old = "untrusted comment: signature from minisign secret key\n\
        RUQf6LRCGA9i559r3g7V1qNyJDApGip8MfqcadIgT9CuhV3EMhHoN1mGTkUidF/z7SrlQgXdy8ofjb7bNJJylDOocrCo8KLzZwo=\n\
        trusted comment: timestamp:1633700835\tfile:test\tprehashed\n\
        wLMDjy9FLAuxZ3q4NlEvkgtyhrr0gtTu6KC4KBJdITbbOeAi1zBIYo0v4iTgt8jJpIidRJnp94ABQkJAgAooBQ==\n";
    vec![good().into(), other.into(), old.into()]
}

/// A key that is read has one text, one line and one fingerprint.
pub(crate) fn key(data: &[u8]) {
    let Ok(key) = PublicKey::parse(data) else { return };
    for text in [key.to_text(), key.to_base64()] {
        assert_eq!(PublicKey::parse(text.as_bytes()).expect("what was written can be read"), key);
    }
    assert_eq!(key.fingerprint().len(), 49);
    assert_eq!(key.id().to_string().len(), 16);
}

pub(crate) fn key_seeds() -> Vec<Vec<u8>> {
    let key = signing_key().public().expect("the sample's key is one");
    vec![key.to_text().into(), key.to_base64().into()]
}
