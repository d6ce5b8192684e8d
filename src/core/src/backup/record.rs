//! Records in a repository: one line of JSON, then a line that proves it.
//!
//! ```text
//! {"format":1,…}
//! {"mac":"<64 hex digits>"}
//! ```
//! The proof is HMAC-SHA256 over the kind, the name of the object and exactly the bytes of the first line, so no reader has to
//! agree with another on how JSON is spelled, and no record can take the place of another. It is checked before anything is read.

use ring::hmac;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::key::{Purpose, RepositoryKey};
use crate::digest::Digest;
use crate::json;

/// Largest record that is read, in bytes.
pub const LARGEST: usize = 4 << 20;
/// Limits of its JSON.
const LIMITS: json::Limits = json::Limits { depth: 12, values: 200_000, text: 16_384 };

/// What kinds of records there are; each has a folder of its own.
pub trait Record: Serialize + DeserializeOwned {
    /// Name of the kind, part of the proof.
    const KIND: &'static str;
    /// The version that is written and read.
    const FORMAT: u32;
    /// Name of the object that holds it.
    fn object(&self) -> String;
    /// Checks what the format demands beyond its shape.
    ///
    /// # Errors
    /// What does not hold, in words for experts.
    fn doubt(&self) -> Result<(), String>;
}

/// The bytes of a record, proven with `key`.
#[must_use]
pub fn write<R: Record>(record: &R, key: &RepositoryKey) -> Vec<u8> {
    let mut bytes = serde_json::to_vec(record).expect("a record holds only texts, numbers, lists and maps of texts");
    let tag = hmac::sign(&key.mac(Purpose::Records), &framed(R::KIND, &record.object(), &bytes));
    let tag: [u8; 32] = tag.as_ref().try_into().expect("SHA-256 has 32 bytes");
    bytes.extend_from_slice(format!("\n{{\"mac\":\"{}\"}}\n", Digest::from_bytes(tag).hex()).as_bytes());
    bytes
}

/// Reads the object `name`.
///
/// # Errors
/// [`RecordError`]; nothing of the content is believed before its proof was checked.
pub fn read<R: Record>(name: &str, bytes: &[u8], key: &RepositoryKey) -> Result<R, RecordError> {
    #[derive(Deserialize)]
    struct Head {
        format: u32,
    }
    if bytes.len() > LARGEST {
        return Err(RecordError::TooLarge(bytes.len()));
    }
    let (body, tag) = split(bytes).ok_or(RecordError::Shape)?;
    hmac::verify(&key.mac(Purpose::Records), &framed(R::KIND, name, body), &tag).map_err(|_| RecordError::Unproven)?;
    json::measure(body, &LIMITS).map_err(RecordError::Json)?;
    let head: Head = serde_json::from_slice(body).map_err(RecordError::Json)?;
    if head.format != R::FORMAT {
        return Err(RecordError::Format { found: head.format, known: R::FORMAT });
    }
    let record: R = serde_json::from_slice(body).map_err(RecordError::Json)?;
    if record.object() != name {
        return Err(RecordError::Doubt(format!("says it is {}", record.object())));
    }
    record.doubt().map_err(RecordError::Doubt)?;
    Ok(record)
}

/// The line of JSON and the proof behind it; strict, so that a record has one spelling.
fn split(bytes: &[u8]) -> Option<(&[u8], [u8; 32])> {
    const BEFORE: &[u8] = b"{\"mac\":\"";
    const TAIL: usize = BEFORE.len() + 64 + 3;
    let at = bytes.len().checked_sub(TAIL)?;
    let (body, tail) = bytes.split_at(at);
    let body = body.strip_suffix(b"\n").filter(|body| !body.contains(&b'\n'))?;
    let hex = tail.strip_prefix(BEFORE)?.strip_suffix(b"\"}\n")?;
    let hex = std::str::from_utf8(hex).ok()?;
    Some((body, digest_bytes(hex)?))
}

fn digest_bytes(hex: &str) -> Option<[u8; 32]> {
    Digest::from_hex(hex).ok()?; // the one spelling
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

fn framed(kind: &str, name: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("bridle record 1\n{kind}\n{name}\n").into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// Why a record is refused.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// Larger than any record is.
    #[error("read record: {0} bytes are too many")]
    TooLarge(usize),
    /// Not one line and its proof: cut short, or something else.
    #[error("read record: not one line of JSON and its proof")]
    Shape,
    /// The proof is wrong: altered, put in another's place, or of another repository.
    #[error("read record: the proof does not fit name and content")]
    Unproven,
    /// Not the JSON of the format.
    #[error("read record")]
    Json(#[source] serde_json::Error),
    /// Written by another version.
    #[error("read record: format {found}, this program reads {known}")]
    Format {
        /// What it is.
        found: u32,
        /// What is read.
        known: u32,
    },
    /// It contradicts itself.
    #[error("read record: {0}")]
    Doubt(String),
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Note {
        format: u32,
        name: String,
        text: String,
    }

    impl Record for Note {
        const KIND: &'static str = "note";
        const FORMAT: u32 = 1;
        fn object(&self) -> String {
            format!("notes/{}", self.name)
        }
        fn doubt(&self) -> Result<(), String> {
            if self.text == "bad" { Err("bad".to_owned()) } else { Ok(()) }
        }
    }

    fn note(text: &str) -> Note {
        Note { format: 1, name: "a".to_owned(), text: text.to_owned() }
    }

    fn key() -> RepositoryKey {
        RepositoryKey::from_bytes([1; 32])
    }

    #[test]
    fn a_record_is_read_only_under_its_name_with_its_key_in_its_format() {
        let bytes = write(&note("x\ny"), &key());
        assert_eq!(read::<Note>("notes/a", &bytes, &key()).expect("read"), note("x\ny"));
        assert!(matches!(read::<Note>("notes/b", &bytes, &key()), Err(RecordError::Unproven)));
        let other = RepositoryKey::from_bytes([2; 32]);
        assert!(matches!(read::<Note>("notes/a", &bytes, &other), Err(RecordError::Unproven)));
        let later = write(&Note { format: 2, ..note("x") }, &key());
        assert!(matches!(read::<Note>("notes/a", &later, &key()), Err(RecordError::Format { found: 2, known: 1 })));
        assert!(matches!(read::<Note>("notes/a", &write(&note("bad"), &key()), &key()), Err(RecordError::Doubt(_))));
        assert!(matches!(read::<Note>("notes/a", &vec![b'x'; LARGEST + 1], &key()), Err(RecordError::TooLarge(_))));
        assert!(matches!(read::<Note>("notes/a", b"", &key()), Err(RecordError::Shape)));
    }

    #[test]
    fn every_flipped_bit_and_every_length_is_noticed() {
        let bytes = write(&note("some text"), &key());
        for at in 0..bytes.len() * 8 {
            let mut other = bytes.clone();
            other[at / 8] ^= 1 << (at % 8);
            assert!(read::<Note>("notes/a", &other, &key()).is_err(), "bit {at}");
        }
        for length in 0..bytes.len() {
            assert!(read::<Note>("notes/a", &bytes[..length], &key()).is_err(), "{length} bytes");
        }
        let mut longer = bytes;
        longer.push(b'\n');
        assert!(read::<Note>("notes/a", &longer, &key()).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn no_bytes_break_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(read::<Note>("notes/a", &bytes, &key()).is_err());
        }
    }
}
