//! What the spool holds beside files of the log: two lines each, as the agent's `core::backup::wal::spool` has them.

/// Name of the file that says: this is a spool, and the agent serves it.
pub const MARK: &str = "spool";
/// What is in it.
pub const MARK_TEXT: &str = "bridle wal spool 1\n";
/// Largest file of words, in bytes.
pub const LARGEST: u64 = 512;

/// What the agent says of a file that was pushed.
#[derive(Debug, PartialEq, Eq)]
pub enum Acknowledgement {
    /// It is durable.
    Durable(Digest),
    /// There is no repository: it may go.
    Unwanted(Digest),
    /// It will never be taken.
    Refused(String),
}

/// What the agent says of a file that was asked for.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is here.
    Here(Digest),
    /// No repository has it.
    Absent,
    /// Recovery must stop.
    Stop,
}

/// A digest as text and a size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// `sha256:` and 64 hex digits.
    pub text: String,
    /// Bytes.
    pub size: u64,
}

/// Reads `ack/FILE`.
pub fn acknowledgement(text: &str) -> Option<Acknowledgement> {
    match words(text, "bridle wal ack 1")?[..] {
        ["durable", digest, size] => Some(Acknowledgement::Durable(self::digest(digest, size)?)),
        ["unwanted", digest, size] => Some(Acknowledgement::Unwanted(self::digest(digest, size)?)),
        ["refused", why] => Some(Acknowledgement::Refused(why.to_owned())),
        _ => None,
    }
}

/// Reads `in/FILE.answer`; the mark of the request it answers comes first.
pub fn answer(text: &str) -> Option<(&str, Answer)> {
    match words(text, "bridle wal answer 1")?[..] {
        ["here", mark, digest, size] => Some((mark, Answer::Here(self::digest(digest, size)?))),
        ["absent", mark] => Some((mark, Answer::Absent)),
        ["stop", mark] => Some((mark, Answer::Stop)),
        _ => None,
    }
}

/// The text of `want/FILE`.
pub fn request(mark: &str) -> String {
    format!("bridle wal want 1\n{mark}\n")
}

fn words<'a>(text: &'a str, head: &str) -> Option<Vec<&'a str>> {
    let line = text.strip_prefix(head)?.strip_prefix('\n')?.strip_suffix('\n')?;
    (!line.contains('\n')).then(|| line.split(' ').collect())
}

fn digest(text: &str, size: &str) -> Option<Digest> {
    let hex = text.strip_prefix("sha256:")?;
    let fits = hex.len() == 64 && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    fits.then(|| size.parse().ok()).flatten().map(|size| Digest { text: text.to_owned(), size })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fixtures that the agent's reader is tested with.
    macro_rules! fixture {
        ($name:literal) => {
            include_str!(concat!("../../../src/core/tests/fixtures/wal-spool-v1/", $name))
        };
    }

    #[test]
    fn the_words_of_version_1_are_read_and_written_so() {
        let text = "sha256:ae05f9cad298d31b3fd77ab07b9fe2b52fc18a7b2b5d3ea2c4d0cfb8d6f60c6c";
        let Some(Acknowledgement::Durable(digest)) = acknowledgement(fixture!("ack")) else { panic!("no digest") };
        assert_eq!((digest.size, digest.text.len()), (7, text.len()));
        assert_eq!(acknowledgement(fixture!("ack-unwanted")), Some(Acknowledgement::Unwanted(digest.clone())));
        assert_eq!(acknowledgement(fixture!("ack-refused")), Some(Acknowledgement::Refused("differs".to_owned())));
        let mark = "17-1795000000000000000";
        assert_eq!(answer(fixture!("answer-here")), Some((mark, Answer::Here(digest))));
        assert_eq!(answer(fixture!("answer-absent")), Some((mark, Answer::Absent)));
        assert_eq!(answer(fixture!("answer-stop")), Some((mark, Answer::Stop)));
        assert_eq!(request(mark), fixture!("want"));
        assert_eq!(MARK_TEXT, fixture!("spool"));
    }

    #[test]
    fn what_is_cut_short_says_nothing() {
        for length in 0..fixture!("ack").len() {
            assert_eq!(acknowledgement(&fixture!("ack")[..length]), None);
        }
        for length in 0..fixture!("answer-here").len() {
            assert_eq!(answer(&fixture!("answer-here")[..length]), None);
        }
    }
}
