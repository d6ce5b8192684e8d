//! The key of a repository, wrapped with the recovery code (`bridle/keys/ULID.json`), and the sheet that is printed.
//!
//! The code has 256 random bits, so nothing has to be made slow; the key that wraps is derived with HKDF. Beside this file the
//! repository has a key of restic's own whose password is the text of the same code: the stock `restic` opens it without us.

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde::{Deserialize, Serialize};

use super::id::Ulid;
use super::key::{KEY_BYTES, KeyName, RepositoryKey, derive};
use super::recovery_code::RecoveryCode;
use crate::json;
use crate::message::Message;
use crate::port::Timestamp;

/// Folder of wrapped keys in a repository; restic does not look at it.
pub const FOLDER: &str = "bridle/keys";
/// Version of the format that this code writes.
pub const FORMAT: u32 = 1;
/// Largest file that is read, in bytes.
pub const LARGEST: usize = 4096;
const LIMITS: json::Limits = json::Limits { depth: 3, values: 40, text: 500 };
/// Bytes of the salt.
const SALT: usize = 32;

/// A wrapped key. It is not proven by itself: the seal is, and everything beside it is bound to the seal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrappedKey {
    /// Version of the format.
    pub format: u32,
    /// Which; also the name of the object.
    pub id: Ulid,
    /// The key that is in it.
    pub key: KeyName,
    /// When it was made.
    pub made: Timestamp,
    /// Name of the site, for people who find the file.
    pub site: String,
    /// Hex, 32 bytes.
    salt: String,
    /// Hex: ChaCha20-Poly1305 of the key.
    sealed: String,
}

impl WrappedKey {
    /// Wraps `key` with `code`; `salt` must come from the system's source of randomness.
    #[must_use]
    pub fn new(
        key: &RepositoryKey,
        code: &RecoveryCode,
        id: Ulid,
        made: Timestamp,
        site: &str,
        salt: [u8; SALT],
    ) -> Self {
        let mut wrapped = Self {
            format: FORMAT,
            id,
            key: key.name(),
            made,
            site: site.chars().filter(|c| !c.is_control()).take(100).collect(),
            salt: hex(&salt),
            sealed: String::new(),
        };
        let mut bytes = key.expose().to_vec();
        // The salt is new each time, so is the key that wraps, and the nonce may be what it likes.
        wrapping_key(code, &salt)
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key([0; NONCE_LEN]),
                Aad::from(wrapped.bound()),
                &mut bytes,
            )
            .expect("32 bytes are not too long to seal");
        wrapped.sealed = hex(&bytes);
        wrapped
    }

    /// Reads the file.
    ///
    /// # Errors
    /// [`WrappedKeyError`] if it is none or of another format.
    pub fn parse(bytes: &[u8]) -> Result<Self, WrappedKeyError> {
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        if bytes.len() > LARGEST {
            return Err(WrappedKeyError::Damaged);
        }
        json::measure(bytes, &LIMITS).map_err(|_| WrappedKeyError::Damaged)?;
        let head: Head = serde_json::from_slice(bytes).map_err(|_| WrappedKeyError::Damaged)?;
        if head.format != FORMAT {
            return Err(WrappedKeyError::Format(head.format));
        }
        serde_json::from_slice(bytes).map_err(|_| WrappedKeyError::Damaged)
    }

    /// The text of the file.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a wrapped key holds only texts and numbers");
        text.push('\n');
        text
    }

    /// Name of its object.
    #[must_use]
    pub fn object(&self) -> String {
        format!("{FOLDER}/{}.json", self.id)
    }

    /// Opens it.
    ///
    /// # Errors
    /// [`WrappedKeyError::OtherCode`] if the code is another one, or the file was altered: the two cannot be told apart.
    pub fn open(&self, code: &RecoveryCode) -> Result<RepositoryKey, WrappedKeyError> {
        let salt = unhex(&self.salt).filter(|salt| salt.len() == SALT).ok_or(WrappedKeyError::Damaged)?;
        let mut bytes = unhex(&self.sealed).ok_or(WrappedKeyError::Damaged)?;
        let opened = wrapping_key(code, &salt)
            .open_in_place(Nonce::assume_unique_for_key([0; NONCE_LEN]), Aad::from(self.bound()), &mut bytes)
            .map_err(|_| WrappedKeyError::OtherCode)?;
        let key: [u8; KEY_BYTES] = (&*opened).try_into().map_err(|_| WrappedKeyError::Damaged)?;
        let key = RepositoryKey::from_bytes(key);
        if key.name() == self.key { Ok(key) } else { Err(WrappedKeyError::Damaged) }
    }

    fn bound(&self) -> Vec<u8> {
        let Self { format, id, key, made, site, .. } = self;
        format!("bridle wrapped key {format}\n{id}\n{}\n{}\n{site}", key.as_str(), made.0).into_bytes()
    }
}

/// What is printed: the code with numbered groups, where the data are, and how to get at them without Bridle.
///
/// `place` is the repository as stock `restic` names it, without a secret in it.
#[must_use]
pub fn sheet(code: &RecoveryCode, key: &WrappedKey, place: &str) -> Vec<Message> {
    let mut lines = vec![
        Message::new("recovery-sheet-title").with("site", key.site.as_str()),
        Message::new("recovery-sheet-made").with("time", super::moment_text(key.made)).with("key", key.key.as_str()),
        Message::new("recovery-sheet-why"),
    ];
    for (group, number) in code.groups().into_iter().zip(1_u64..) {
        lines.push(Message::new("recovery-sheet-group").with("number", number).with("group", group));
    }
    lines.extend([
        Message::new("recovery-sheet-keep"),
        Message::new("recovery-sheet-recover").with("place", place),
        Message::new("recovery-sheet-restic"),
        Message::new("recovery-sheet-restic-command").with("place", place),
    ]);
    lines
}

fn wrapping_key(code: &RecoveryCode, salt: &[u8]) -> LessSafeKey {
    let bytes = derive(code.expose(), salt, b"bridle wrapped key 1");
    LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, &bytes).expect("a key of 32 bytes"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) && text.len().is_multiple_of(2);
    digits.then(|| (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect())?
}

/// Why a wrapped key is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WrappedKeyError {
    /// Not the JSON of the format.
    #[error("read wrapped key: it is none")]
    Damaged,
    /// Written by another version.
    #[error("read wrapped key: format {0}, this program reads {FORMAT}")]
    Format(u32),
    /// The code does not open it.
    #[error("open wrapped key: the recovery code is another one, or the file was altered")]
    OtherCode,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Language;

    const FIXTURE: &str = include_str!("../../tests/fixtures/wrapped-key-v1.json");

    fn code() -> RecoveryCode {
        RecoveryCode::from_random(std::array::from_fn(|n| u8::try_from(n).expect("small")))
    }

    fn wrapped() -> WrappedKey {
        let key = RepositoryKey::from_bytes([1; 32]);
        let id = Ulid::new(Timestamp(1_795_000_000_000), [5; 10]);
        WrappedKey::new(&key, &code(), id, Timestamp(1_795_000_000_000), "campus", [6; 32])
    }

    #[test]
    fn a_key_of_format_1_is_opened_and_written_so() {
        assert_eq!(wrapped().to_json(), FIXTURE);
        let read = WrappedKey::parse(FIXTURE.as_bytes()).expect("format 1");
        assert!(read.open(&code()).is_ok_and(|key| key == RepositoryKey::from_bytes([1; 32])));
        assert_eq!(read.object(), format!("bridle/keys/{}.json", read.id));
    }

    #[test]
    fn another_code_and_every_alteration_is_noticed() {
        let other = RecoveryCode::from_random([9; 32]);
        assert_eq!(wrapped().open(&other).err(), Some(WrappedKeyError::OtherCode));
        for at in 0..FIXTURE.len() * 8 {
            let mut bytes = FIXTURE.as_bytes().to_vec();
            bytes[at / 8] ^= 1 << (at % 8);
            let same = serde_json::from_slice::<serde_json::Value>(&bytes).ok() == serde_json::from_str(FIXTURE).ok();
            let opened = WrappedKey::parse(&bytes).and_then(|read| read.open(&code()));
            assert!(same || opened.is_err(), "bit {at}");
        }
        for length in 0..FIXTURE.len() - 1 {
            assert!(WrappedKey::parse(&FIXTURE.as_bytes()[..length]).is_err());
        }
        let later = FIXTURE.replace("\"format\": 1", "\"format\": 2");
        assert_eq!(WrappedKey::parse(later.as_bytes()), Err(WrappedKeyError::Format(2)));
        assert_eq!(WrappedKey::parse(&vec![b' '; LARGEST + 1]), Err(WrappedKeyError::Damaged));
    }

    #[test]
    fn the_sheet_has_every_group_and_the_way_without_us() {
        for language in Language::ALL {
            let lines: Vec<String> = sheet(&code(), &wrapped(), "s3:https://s3.example/backup")
                .iter()
                .map(|line| line.render(language))
                .collect();
            for group in code().groups() {
                assert!(lines.iter().any(|line| line.contains(&group)), "{language} {group}");
            }
            assert!(lines.iter().any(|line| line.contains("restic -r s3:https://s3.example/backup")), "{language}");
            assert!(lines.iter().all(|line| line.contains(' ')), "every line has words in {language}: {lines:?}");
        }
    }
}
