//! Objects of the log: one file, compressed and sealed, bound to its name (`docs/FORMATS.md`, decision 0034).
//!
//! ```text
//! 0   "BRIDLWAL"            8  version 1    9  compression 1 (zstd)    10  six bytes 0
//! 16  bytes of the plain file, 64 bit, big-endian                      24  seed, 32 bytes
//! 56  ChaCha20-Poly1305 of { time in ms 8 | SHA-256 of the plain file 32 | zstd frame } with its tag of 16 bytes
//! ```
//! The key of an object is derived from the seed, and the seed from everything that is sealed and from the name (as in a
//! synthetic initialisation vector): two different contents never meet one key, and no randomness is needed.

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;

use super::name::{WalFile, WalObject};
use crate::backup::key::{self, Purpose, RepositoryKey};
use crate::digest::Digest;
use crate::port::Timestamp;

/// Bytes before what is sealed.
pub const HEADER: usize = 56;
/// Bytes that an object may have more than the plain file: header, time, digest, tag, and what zstd adds to data that it
/// cannot compress (its own bound is below 1/256 and some bytes).
pub const OVERHEAD: u64 = 1024;
/// Level of compression: a 16 MiB segment takes a tenth of a second.
const LEVEL: i32 = 3;
const MAGIC: &[u8; 8] = b"BRIDLWAL";
const VERSION: u8 = 1;
const ZSTD: u8 = 1;
const SEED_AT: usize = 24;
/// Time and digest before the frame.
const INNER: usize = 40;

/// A file of the log as it was put in.
#[derive(Clone, PartialEq, Eq)]
pub struct Opened {
    /// The plain file.
    pub plain: Vec<u8>,
    /// Its digest.
    pub digest: Digest,
    /// When the server gave it to the archive.
    pub closed: Timestamp,
}

/// Makes the object `name` of a file.
///
/// # Errors
/// [`ObjectError`] if the file is longer than such a file can be.
pub fn seal(name: &WalObject, plain: &[u8], closed: Timestamp, key: &RepositoryKey) -> Result<Vec<u8>, ObjectError> {
    let most = name.file.most_bytes();
    if plain.len() as u64 > most || (plain.is_empty() && is_segment(name.file)) {
        return Err(ObjectError::Length { found: plain.len() as u64, most });
    }
    let mut bytes = Vec::with_capacity(HEADER + INNER + plain.len() / 2);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&[VERSION, ZSTD, 0, 0, 0, 0, 0, 0]);
    bytes.extend_from_slice(&(plain.len() as u64).to_be_bytes());
    let frame = zstd::bulk::compress(plain, LEVEL).map_err(ObjectError::Compress)?;
    let mut inner = Vec::with_capacity(INNER + frame.len() + CHACHA20_POLY1305.tag_len());
    inner.extend_from_slice(&closed.0.to_be_bytes());
    inner.extend_from_slice(&digest_bytes(plain));
    inner.extend_from_slice(&frame);
    let seed = seed(&bytes, name, &inner, key);
    bytes.extend_from_slice(&seed);
    let aad = Aad::from(bound(&bytes, name));
    sealing_key(&seed, key)
        .seal_in_place_append_tag(Nonce::assume_unique_for_key([0; NONCE_LEN]), aad, &mut inner)
        .map_err(|_| ObjectError::Damaged)?;
    bytes.extend_from_slice(&inner);
    Ok(bytes)
}

/// Opens the object `name`.
///
/// # Errors
/// [`ObjectError`]: nothing is decompressed before the seal held, and never more than the sealed length says.
pub fn open(name: &WalObject, bytes: &[u8], key: &RepositoryKey) -> Result<Opened, ObjectError> {
    let length = plain_length(name, bytes)?;
    let (header, sealed) = bytes.split_at(HEADER);
    let seed: [u8; 32] = header[SEED_AT..].try_into().map_err(|_| ObjectError::Damaged)?;
    let mut sealed = sealed.to_vec();
    let aad = Aad::from(bound(header, name));
    let inner = sealing_key(&seed, key)
        .open_in_place(Nonce::assume_unique_for_key([0; NONCE_LEN]), aad, &mut sealed)
        .map_err(|_| ObjectError::Damaged)?;
    let (time, rest) = inner.split_first_chunk::<8>().ok_or(ObjectError::Damaged)?;
    let (digest, frame) = rest.split_first_chunk::<32>().ok_or(ObjectError::Damaged)?;
    let length = usize::try_from(length).map_err(|_| ObjectError::Damaged)?;
    let plain = zstd::bulk::decompress(frame, length).map_err(|_| ObjectError::Damaged)?;
    if plain.len() != length || digest_bytes(&plain) != *digest {
        return Err(ObjectError::Damaged);
    }
    Ok(Opened { plain, digest: Digest::from_bytes(*digest), closed: Timestamp(u64::from_be_bytes(*time)) })
}

/// Length of the plain file as the header says it; what the header says is proven only by [`open`].
///
/// # Errors
/// [`ObjectError`] if it is no object of this version, or has a length that it cannot have.
pub fn plain_length(name: &WalObject, bytes: &[u8]) -> Result<u64, ObjectError> {
    let header = bytes.get(..HEADER).ok_or(ObjectError::NotOne)?;
    if &header[..8] != MAGIC {
        return Err(ObjectError::NotOne);
    }
    if header[8] != VERSION {
        return Err(ObjectError::Version(header[8]));
    }
    if header[9] != ZSTD || header[10..16] != [0; 6] {
        return Err(ObjectError::NotOne);
    }
    let length = header[16..SEED_AT].try_into().map(u64::from_be_bytes).map_err(|_| ObjectError::NotOne)?;
    let most = name.file.most_bytes();
    if length > most || bytes.len() as u64 > length + length / 128 + OVERHEAD {
        return Err(ObjectError::Length { found: length, most });
    }
    Ok(length)
}

const fn is_segment(file: WalFile) -> bool {
    matches!(file, WalFile::Segment { .. })
}

fn digest_bytes(plain: &[u8]) -> [u8; 32] {
    use sha2::Digest as _;
    sha2::Sha256::digest(plain).into()
}

fn seed(header: &[u8], name: &WalObject, inner: &[u8], key: &RepositoryKey) -> [u8; 32] {
    let mut context = hmac::Context::with_key(&key.mac(Purpose::WalSeed));
    context.update(header);
    context.update(name.to_string().as_bytes());
    context.update(b"\n");
    context.update(inner);
    context.sign().as_ref().try_into().expect("SHA-256 has 32 bytes")
}

fn sealing_key(seed: &[u8; 32], key: &RepositoryKey) -> LessSafeKey {
    let bytes = key::derive(&key.derive(Purpose::Wal), seed, b"object");
    LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, &bytes).expect("a key of 32 bytes"))
}

fn bound(header: &[u8], name: &WalObject) -> Vec<u8> {
    [header, name.to_string().as_bytes()].concat()
}

/// Why an object is refused.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// Not an object of the log, or cut short.
    #[error("open object of the write-ahead log: it is none")]
    NotOne,
    /// Written by another version.
    #[error("open object of the write-ahead log: version {0}, this program reads {VERSION}")]
    Version(u8),
    /// Longer than such a file can be, or empty.
    #[error("object of the write-ahead log: {found} bytes, at most {most}")]
    Length {
        /// Bytes.
        found: u64,
        /// Most.
        most: u64,
    },
    /// The seal is broken: altered, under another name, or of another repository.
    #[error("open object of the write-ahead log: the seal is broken")]
    Damaged,
    /// Compression failed.
    #[error("compress file of the write-ahead log")]
    Compress(#[source] std::io::Error),
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::backup::wal::name::{SegmentNumber, SegmentSize, SystemId, Timeline};

    const FIXTURE: &[u8] = include_bytes!("../../../tests/fixtures/wal-object-v1.bin");

    fn key() -> RepositoryKey {
        RepositoryKey::from_bytes([1; 32])
    }

    fn name(number: u64) -> WalObject {
        let file = WalFile::segment(Timeline::FIRST, SegmentNumber(number), SegmentSize::USUAL);
        let incarnation = "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().expect("an incarnation");
        WalObject { system: SystemId(7), incarnation, file }
    }

    #[test]
    fn an_object_of_version_1_is_opened() {
        let opened = open(&name(3), FIXTURE, &key()).expect("version 1");
        assert_eq!(opened.plain, b"segment ".repeat(100));
        assert_eq!((opened.digest, opened.closed), (Digest::of(&opened.plain), Timestamp(1_795_000_000_000)));
        // The same file gives the same object; with another version of zstd it may be another one than the fixture.
        let again = || seal(&name(3), &opened.plain, opened.closed, &key()).expect("sealed");
        assert_eq!(again(), again());
        assert!(open(&name(3), &again(), &key()).expect("opened") == opened);
    }

    #[test]
    fn every_flipped_bit_every_length_and_every_other_name_is_noticed() {
        for at in 0..FIXTURE.len() * 8 {
            let mut other = FIXTURE.to_vec();
            other[at / 8] ^= 1 << (at % 8);
            assert!(open(&name(3), &other, &key()).is_err(), "bit {at}");
        }
        for length in 0..FIXTURE.len() {
            assert!(open(&name(3), &FIXTURE[..length], &key()).is_err(), "{length} bytes");
        }
        assert!(open(&name(3), &[FIXTURE, b"x"].concat(), &key()).is_err());
        assert!(matches!(open(&name(4), FIXTURE, &key()), Err(ObjectError::Damaged)));
        let other = RepositoryKey::from_bytes([2; 32]);
        assert!(matches!(open(&name(3), FIXTURE, &other), Err(ObjectError::Damaged)));
        let mut later = FIXTURE.to_vec();
        later[8] = 2;
        assert!(matches!(open(&name(3), &later, &key()), Err(ObjectError::Version(2))));
    }

    #[test]
    fn limits() {
        let history = WalObject { file: WalFile::History(Timeline::FIRST), ..name(1) };
        let long = vec![0; super::super::history::LARGEST + 1];
        assert!(matches!(seal(&history, &long, Timestamp(0), &key()), Err(ObjectError::Length { .. })));
        assert!(matches!(seal(&name(1), &[], Timestamp(0), &key()), Err(ObjectError::Length { .. })));
        // A header that claims more than there can be is refused before anything else.
        let mut claim = FIXTURE.to_vec();
        claim[16] = 0xff;
        assert!(matches!(open(&name(3), &claim, &key()), Err(ObjectError::Length { .. })));
        let segment = vec![7_u8; 16 << 20];
        let sealed = seal(&name(9), &segment, Timestamp(5), &key()).expect("sealed");
        assert!(sealed.len() < 16_384, "{} bytes for an idle segment", sealed.len());
        assert!(open(&name(9), &sealed, &key()).expect("opened").plain == segment);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1500))]
        #[test]
        fn what_is_sealed_is_opened(plain in prop::collection::vec(any::<u8>(), 1..5000), time: u64, number in 0_u64..1_000_000) {
            let sealed = seal(&name(number), &plain, Timestamp(time), &key()).expect("sealed");
            prop_assert!(sealed.len() as u64 <= plain.len() as u64 + plain.len() as u64 / 128 + OVERHEAD);
            let opened = open(&name(number), &sealed, &key()).expect("opened");
            prop_assert!(opened.plain == plain && opened.closed == Timestamp(time));
        }

        #[test]
        fn no_bytes_break_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..300), begin in 0_usize..60) {
            let mut framed = FIXTURE[..begin.min(HEADER)].to_vec();
            framed.extend_from_slice(&bytes);
            prop_assert!(open(&name(3), &bytes, &key()).is_err() && open(&name(3), &framed, &key()).is_err());
        }
    }
}
