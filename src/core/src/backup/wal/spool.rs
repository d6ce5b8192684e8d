//! The spool between `wal-push`, `wal-fetch` and the agent: names of files and what is in them (`docs/FORMATS.md`, decision 0035).
//!
//! The programs in the pod have a reader and writer of their own (`images/wal-push`), which hold no more than these few lines;
//! the tests of both read the same fixtures. What comes out of a spool comes out of a pod, so it is read as hostile input.

use super::name::WalFile;
use crate::digest::Digest;

/// Name of the file that says: this is a spool, and the agent serves it. Without it a program writes nothing.
pub const MARK: &str = "spool";
/// What is in it.
pub const MARK_TEXT: &str = "bridle wal spool 1\n";
/// Folder of files on their way into a repository.
pub const OUT: &str = "out";
/// Folder of acknowledgements.
pub const ACKNOWLEDGED: &str = "ack";
/// Folder of what is asked for.
pub const WANTED: &str = "want";
/// Folder of what was fetched.
pub const FETCHED: &str = "in";
/// Largest file of words, in bytes.
pub const LARGEST: usize = 512;
/// Longest mark of a request, in bytes.
const LONGEST_MARK: usize = 64;

/// What the agent says of a file in [`OUT`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acknowledgement {
    /// It is durable in a repository.
    Durable {
        /// Digest of the plain file.
        digest: Digest,
        /// Its size in bytes.
        size: u64,
    },
    /// There is no repository that it could be kept in: the server may let it go.
    Unwanted {
        /// Digest of the plain file.
        digest: Digest,
        /// Its size in bytes.
        size: u64,
    },
    /// It will never be taken.
    Refused(Reason),
}

/// Why a file is never taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The repository has another content under this name.
    Differs,
    /// It is no file of the log, or not of this server.
    Foreign,
}

/// What the agent says of a file that was asked for; `mark` is the one of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It is in [`FETCHED`].
    Here {
        /// Mark of the request.
        mark: String,
        /// Digest of the plain file.
        digest: Digest,
        /// Its size in bytes.
        size: u64,
    },
    /// It is certain that no repository has it: the log ends before it.
    Absent {
        /// Mark of the request.
        mark: String,
    },
    /// Recovery must stop: it is there and damaged, or lies behind a gap.
    Stop {
        /// Mark of the request.
        mark: String,
    },
}

impl Acknowledgement {
    /// The text of `ack/FILE`.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::Durable { digest, size } => format!("bridle wal ack 1\ndurable {digest} {size}\n"),
            Self::Unwanted { digest, size } => format!("bridle wal ack 1\nunwanted {digest} {size}\n"),
            Self::Refused(Reason::Differs) => "bridle wal ack 1\nrefused differs\n".to_owned(),
            Self::Refused(Reason::Foreign) => "bridle wal ack 1\nrefused foreign\n".to_owned(),
        }
    }

    /// Reads it.
    ///
    /// # Errors
    /// [`SpoolError`] for anything else.
    pub fn parse(bytes: &[u8]) -> Result<Self, SpoolError> {
        match words(bytes, "bridle wal ack 1")?[..] {
            ["durable", digest, size] => Ok(Self::Durable { digest: self::digest(digest)?, size: number(size)? }),
            ["unwanted", digest, size] => Ok(Self::Unwanted { digest: self::digest(digest)?, size: number(size)? }),
            ["refused", "differs"] => Ok(Self::Refused(Reason::Differs)),
            ["refused", "foreign"] => Ok(Self::Refused(Reason::Foreign)),
            _ => Err(SpoolError),
        }
    }
}

impl Answer {
    /// The mark of the request that it answers.
    #[must_use]
    pub fn mark(&self) -> &str {
        match self {
            Self::Here { mark, .. } | Self::Absent { mark } | Self::Stop { mark } => mark,
        }
    }

    /// The text of `in/FILE.answer`.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::Here { mark, digest, size } => format!("bridle wal answer 1\nhere {mark} {digest} {size}\n"),
            Self::Absent { mark } => format!("bridle wal answer 1\nabsent {mark}\n"),
            Self::Stop { mark } => format!("bridle wal answer 1\nstop {mark}\n"),
        }
    }

    /// Reads it.
    ///
    /// # Errors
    /// [`SpoolError`] for anything else.
    pub fn parse(bytes: &[u8]) -> Result<Self, SpoolError> {
        match words(bytes, "bridle wal answer 1")?[..] {
            ["here", mark, digest, size] => {
                Ok(Self::Here { mark: self::mark(mark)?, digest: self::digest(digest)?, size: number(size)? })
            }
            ["absent", mark] => Ok(Self::Absent { mark: self::mark(mark)? }),
            ["stop", mark] => Ok(Self::Stop { mark: self::mark(mark)? }),
            _ => Err(SpoolError),
        }
    }
}

/// The text of `want/FILE`.
#[must_use]
pub fn request(mark: &str) -> String {
    format!("bridle wal want 1\n{mark}\n")
}

/// The mark of a request.
///
/// # Errors
/// [`SpoolError`] for anything else than `want/FILE` may hold.
pub fn parse_request(bytes: &[u8]) -> Result<String, SpoolError> {
    match words(bytes, "bridle wal want 1")?[..] {
        [mark] => self::mark(mark),
        _ => Err(SpoolError),
    }
}

/// The file of the log that a name in [`OUT`] or [`WANTED`] means; `None` for what is being written and for what is none.
#[must_use]
pub fn file_of(name: &str) -> Option<WalFile> {
    name.parse().ok()
}

/// Two lines: what it is, and its words.
fn words<'a>(bytes: &'a [u8], head: &str) -> Result<Vec<&'a str>, SpoolError> {
    let text = bytes.get(..).filter(|bytes| bytes.len() <= LARGEST).and_then(|bytes| std::str::from_utf8(bytes).ok());
    let line = text.and_then(|text| text.strip_prefix(head)?.strip_prefix('\n')?.strip_suffix('\n'));
    let line = line.filter(|line| !line.contains(|c: char| c.is_control())).ok_or(SpoolError)?;
    Ok(line.split(' ').collect())
}

fn digest(word: &str) -> Result<Digest, SpoolError> {
    word.parse().map_err(|_| SpoolError)
}

fn number(word: &str) -> Result<u64, SpoolError> {
    word.parse::<u64>().ok().filter(|number| number.to_string() == word).ok_or(SpoolError)
}

fn mark(word: &str) -> Result<String, SpoolError> {
    let fits = (1..=LONGEST_MARK).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if fits { Ok(word.to_owned()) } else { Err(SpoolError) }
}

/// Not what the spool may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("read file of the spool of the write-ahead log")]
pub struct SpoolError;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ACK: &[u8] = include_bytes!("../../../tests/fixtures/wal-spool-v1/ack");
    const REFUSED: &[u8] = include_bytes!("../../../tests/fixtures/wal-spool-v1/ack-refused");
    const UNWANTED: &[u8] = include_bytes!("../../../tests/fixtures/wal-spool-v1/ack-unwanted");
    const WANT: &[u8] = include_bytes!("../../../tests/fixtures/wal-spool-v1/want");
    const HERE: &[u8] = include_bytes!("../../../tests/fixtures/wal-spool-v1/answer-here");
    const ABSENT: &[u8] = include_bytes!("../../../tests/fixtures/wal-spool-v1/answer-absent");
    const STOP: &[u8] = include_bytes!("../../../tests/fixtures/wal-spool-v1/answer-stop");
    const SPOOL: &[u8] = include_bytes!("../../../tests/fixtures/wal-spool-v1/spool");

    #[test]
    fn the_words_of_version_1_are_read_and_written_so() {
        let digest = Digest::of(b"segment");
        let durable = Acknowledgement::Durable { digest, size: 7 };
        let unwanted = Acknowledgement::Unwanted { digest, size: 7 };
        let refused = Acknowledgement::Refused(Reason::Differs);
        for (said, text) in [(durable, ACK), (unwanted, UNWANTED), (refused, REFUSED)] {
            assert_eq!(Acknowledgement::parse(text), Ok(said.clone()));
            assert_eq!(said.to_text().as_bytes(), text);
        }
        let mark = "17-1795000000000000000".to_owned();
        for (said, text) in [
            (Answer::Here { mark: mark.clone(), digest, size: 7 }, HERE),
            (Answer::Absent { mark: mark.clone() }, ABSENT),
            (Answer::Stop { mark: mark.clone() }, STOP),
        ] {
            assert_eq!(Answer::parse(text), Ok(said.clone()));
            assert_eq!(said.to_text().as_bytes(), text);
        }
        assert_eq!((parse_request(WANT), request(&mark).as_bytes()), (Ok(mark), WANT));
        assert_eq!(SPOOL, MARK_TEXT.as_bytes());
    }

    #[test]
    fn every_text_that_is_cut_short_or_longer_is_refused() {
        for text in [ACK, UNWANTED, REFUSED] {
            assert!((0..text.len()).all(|length| Acknowledgement::parse(&text[..length]).is_err()));
            assert!(Acknowledgement::parse(&[text, b"\n"].concat()).is_err());
        }
        for text in [HERE, ABSENT, STOP] {
            assert!((0..text.len()).all(|length| Answer::parse(&text[..length]).is_err()));
        }
        assert!(Answer::parse(b"bridle wal answer 1\nabsent ../x\n").is_err());
        assert!(Acknowledgement::parse(&[ACK, &[b' '; LARGEST][..]].concat()).is_err());
        for name in [".000000010000000000000001.part", "x", "000000010000000000000001.answer"] {
            assert_eq!(file_of(name), None);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn no_bytes_break_the_readers(bytes in prop::collection::vec(any::<u8>(), 0..80), line in "[a-z0-9: -]{0,80}") {
            for bytes in [bytes, format!("bridle wal answer 1\n{line}\n").into_bytes(), format!("bridle wal ack 1\n{line}\n").into_bytes()] {
                if let Ok(read) = Answer::parse(&bytes) {
                    prop_assert!(read.to_text().as_bytes() == bytes.as_slice());
                }
                if let Ok(read) = Acknowledgement::parse(&bytes) {
                    prop_assert!(read.to_text().as_bytes() == bytes.as_slice());
                }
                let _no_panic = parse_request(&bytes);
            }
        }
    }
}
