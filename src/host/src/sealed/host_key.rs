//! The key of this host, and sealing with it. It is made where it is first needed.

use std::path::PathBuf;

use bridle_core::fault::{Fault, FaultCode};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom as _, SystemRandom};

use crate::files;
use crate::layout::Layout;

pub(super) const KEY: &str = "host.key";
const KEY_BYTES: usize = 32;
/// Largest file of it, in bytes.
const LARGEST: u64 = 1024;

/// The key of this host.
pub(crate) struct HostKey {
    dir: PathBuf,
}

/// Sealed bytes and what their seal began with, both as hex.
pub(crate) struct SealedBytes {
    pub(crate) nonce: String,
    pub(crate) sealed: String,
}

impl HostKey {
    /// That of the host below `layout`.
    pub(crate) fn new(layout: &Layout) -> Self {
        Self { dir: layout.secrets_dir() }
    }

    /// Seals `bytes`, bound to `frame`.
    ///
    /// # Errors
    /// A [`Fault`] if there is no key and none can be made.
    pub(crate) fn seal(&self, bytes: &[u8], frame: &[u8]) -> Result<SealedBytes, Fault> {
        files::make_dirs(&self.dir, 0o700)?;
        let key = match self.read()? {
            Some(key) => key,
            None => self.make()?,
        };
        let nonce: [u8; NONCE_LEN] = random()?;
        let mut sealed = bytes.to_vec();
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(frame), &mut sealed)
            .map_err(|_| Fault::new(FaultCode::Internal))?;
        Ok(SealedBytes { nonce: hex(&nonce), sealed: hex(&sealed) })
    }

    /// What was sealed; nothing if it was altered, moved, or sealed with another key.
    pub(crate) fn open(&self, nonce: &str, sealed: &str, frame: &[u8]) -> Option<Vec<u8>> {
        let nonce: [u8; NONCE_LEN] = unhex(nonce)?.try_into().ok()?;
        let mut bytes = unhex(sealed)?;
        let key = self.read().ok()??;
        let opened = key.open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(frame), &mut bytes).ok()?;
        Some(opened.to_vec())
    }

    fn read(&self) -> Result<Option<LessSafeKey>, Fault> {
        let text = files::read_limited(&self.dir.join(KEY), LARGEST)?;
        let bytes = text.and_then(|text| unhex(text.trim())).filter(|bytes| bytes.len() == KEY_BYTES);
        Ok(bytes.and_then(|bytes| UnboundKey::new(&CHACHA20_POLY1305, &bytes).ok()).map(LessSafeKey::new))
    }

    /// Also in the place of one that is none: what it sealed cannot be opened any more anyway.
    fn make(&self) -> Result<LessSafeKey, Fault> {
        let bytes: [u8; KEY_BYTES] = random()?;
        files::write_atomic(&self.dir.join(KEY), hex(&bytes).as_bytes(), 0o600)?;
        let key = UnboundKey::new(&CHACHA20_POLY1305, &bytes).map_err(|_| Fault::new(FaultCode::Internal))?;
        Ok(LessSafeKey::new(key))
    }
}

/// Bytes of the system's source of randomness.
///
/// # Errors
/// `Internal` if it has none to give.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Fault> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| Fault::new(FaultCode::Internal))?;
    Ok(bytes)
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
