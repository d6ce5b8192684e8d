//! Revisions: every configuration that was in force on a host, with who brought it about and why (`docs/FORMATS.md`).

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::operation::OperationId;
use crate::port::Timestamp;

/// Version of the format that this code writes.
pub const FORMAT: u32 = 1;
/// Most revisions that are kept beside those that restore points name.
pub const MOST: usize = 1000;
/// Largest record that is read, in bytes.
pub const LARGEST: u64 = 64 * 1024;

/// The record of a revision, beside its `site.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revision {
    /// Version of the format.
    pub format: u32,
    /// Number, from 1; never used twice.
    pub number: u64,
    /// When it was put in force.
    pub time: Timestamp,
    /// Who asked for it.
    pub by: String,
    /// What brought it about.
    pub reason: Reason,
    /// The operation that put it in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<OperationId>,
    /// `NAME-VERSION` of the release that was installed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// Digest of the profile ([`super::Profile::digest`]).
    pub profile: Digest,
}

/// What brought a revision about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It was there when the history began.
    Found,
    /// A change of the configuration.
    Changed,
    /// An upgrade whose release has other places for values.
    Upgraded,
    /// An earlier revision was put in force again.
    Restored {
        /// Which.
        number: u64,
    },
}

impl Revision {
    /// Reads `revision.json`.
    ///
    /// # Errors
    /// [`RevisionError`] if it is none, or of another format.
    pub fn parse(text: &str) -> Result<Self, RevisionError> {
        #[derive(Deserialize)]
        struct Header {
            format: u32,
        }
        let header: Header = serde_json::from_str(text).map_err(RevisionError::Json)?;
        if header.format != FORMAT {
            return Err(RevisionError::Format(header.format));
        }
        serde_json::from_str(text).map_err(RevisionError::Json)
    }

    /// The text of `revision.json`.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a revision holds only strings and numbers");
        text.push('\n');
        text
    }
}

/// Name of a revision's folder: its number with at least six digits.
#[must_use]
pub fn folder(number: u64) -> String {
    format!("{number:06}")
}

/// The number of a folder; `None` if no revision has this name.
#[must_use]
pub fn number_of(folder: &str) -> Option<u64> {
    let number: u64 = folder.parse().ok().filter(|number| *number > 0)?;
    (self::folder(number) == folder).then_some(number)
}

/// Which of the revisions `there` (ascending) go: all but the newest `most`, those that are `held`, and the first one.
#[must_use]
pub fn surplus(there: &[u64], held: &[u64], most: usize) -> Vec<u64> {
    let first = there.first().copied();
    let older = &there[..there.len().saturating_sub(most)];
    older.iter().copied().filter(|number| !held.contains(number) && Some(*number) != first).collect()
}

/// Why a record is refused.
#[derive(Debug, thiserror::Error)]
pub enum RevisionError {
    /// Not the JSON of the format.
    #[error("read revision")]
    Json(#[source] serde_json::Error),
    /// Written by another version.
    #[error("read revision: format {0}, this program reads {FORMAT}")]
    Format(u32),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_of_format_1_is_read() {
        let text = include_str!("../../tests/fixtures/revision-v1.json");
        let revision = Revision::parse(text).expect("reads");
        assert_eq!((revision.number, revision.reason), (7, Reason::Restored { number: 5 }));
        assert_eq!(revision.to_json(), text);
        let newer = text.replace("\"format\": 1", "\"format\": 2");
        assert!(matches!(Revision::parse(&newer), Err(RevisionError::Format(2))));
        assert!(matches!(Revision::parse("{\"format\":1}"), Err(RevisionError::Json(_))));
    }

    #[test]
    fn only_their_own_names_are_folders_of_revisions() {
        for number in [1, 42, 999_999, 1_000_000] {
            assert_eq!(number_of(&folder(number)), Some(number));
        }
        for name in ["", "0", "000000", "1", "0000001", "+00001", "00001a", ".000001.part", "current"] {
            assert_eq!(number_of(name), None, "{name}");
        }
    }

    #[test]
    fn the_newest_the_held_and_the_first_stay() {
        let there: Vec<u64> = (1..=10).collect();
        assert_eq!(surplus(&there, &[3, 9], 4), [2, 4, 5, 6]);
        assert_eq!(surplus(&there, &[], 10), Vec::<u64>::new());
        assert_eq!(surplus(&[], &[], 0), Vec::<u64>::new());
    }
}
