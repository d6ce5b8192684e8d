//! The have-list: what a host tells its publisher about its store, so that a delta can leave it out. It travels by any way
//! and nothing is believed of it but that: a wrong one makes a delta too large, or one that the host refuses by name.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::is_release_id;
use crate::digest::Digest;

/// Version of the format.
pub const HAVE_FORMAT: u32 = 1;
/// Largest have-list, in bytes.
pub const MAX_HAVE: u64 = 8 << 20;
/// Most parts in one.
pub const MAX_PARTS: usize = 262_144;
/// Most releases in one.
pub const MAX_RELEASES: usize = 64;
/// Hex digits by which a part is named: 96 bits. Two parts that share them make a delta that lacks one of them, which the
/// host notices.
const DIGITS: usize = 24;

/// What a host has of one platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HaveList {
    format: u32,
    /// Name of the platform.
    pub platform: String,
    /// Its releases that are completely there (`NAME-VERSION`), newest first.
    pub releases: Vec<String>,
    parts: BTreeSet<String>,
}

/// Why a have-list is refused.
#[derive(Debug, thiserror::Error)]
pub enum HaveError {
    /// Not JSON of this form.
    #[error("read have-list")]
    Json(#[from] serde_json::Error),
    /// Another version.
    #[error("read have-list: format {0}, this program reads {HAVE_FORMAT}")]
    Format(u32),
    /// It passes a limit, or holds something that no host writes.
    #[error("read have-list: {0}")]
    Content(&'static str),
}

impl HaveList {
    /// The list of a host with these releases of `platform`, which name these blobs.
    #[must_use]
    pub fn new(platform: &str, releases: Vec<String>, blobs: impl Iterator<Item = Digest>) -> Self {
        let releases = releases.into_iter().take(MAX_RELEASES).collect();
        let parts = blobs.take(MAX_PARTS).map(|digest| name(&digest)).collect();
        Self { format: HAVE_FORMAT, platform: platform.to_owned(), releases, parts }
    }

    /// Reads a list.
    ///
    /// # Errors
    /// [`HaveError`] for anything that no host writes.
    pub fn parse(bytes: &[u8]) -> Result<Self, HaveError> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        if bytes.len() as u64 > MAX_HAVE {
            return Err(HaveError::Content("too long"));
        }
        let Format { format } = serde_json::from_slice(bytes)?;
        if format != HAVE_FORMAT {
            return Err(HaveError::Format(format));
        }
        let list: Self = serde_json::from_slice(bytes)?;
        if !is_release_id(&list.platform) {
            return Err(HaveError::Content("an impossible name of a platform"));
        }
        if list.releases.is_empty() || list.releases.len() > MAX_RELEASES {
            return Err(HaveError::Content("no release, or too many"));
        }
        if !list.releases.iter().all(|id| is_release_id(id)) {
            return Err(HaveError::Content("an impossible name of a release"));
        }
        if list.parts.len() > MAX_PARTS {
            return Err(HaveError::Content("too many parts"));
        }
        let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if !list.parts.iter().all(|part| part.len() == DIGITS && part.bytes().all(digit)) {
            return Err(HaveError::Content("a part that is no beginning of a digest"));
        }
        Ok(list)
    }

    /// Whether the host says that it has this blob.
    #[must_use]
    pub fn holds(&self, digest: &Digest) -> bool {
        self.parts.contains(&name(digest))
    }

    /// How many parts it names.
    #[must_use]
    pub fn len(&self) -> usize {
        self.parts.len()
    }

    /// Whether it names no part.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }
}

fn name(digest: &Digest) -> String {
    let mut hex = digest.hex();
    hex.truncate(DIGITS);
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIXTURE: &[u8] = include_bytes!("../../tests/fixtures/have-v1.json");

    fn list(count: u32) -> HaveList {
        let blobs = (0..count).map(|number| Digest::of(&number.to_le_bytes()));
        HaveList::new("campus", vec!["campus-1.1.0".to_owned(), "campus-1.0.0".to_owned()], blobs)
    }

    fn text(list: &HaveList) -> Vec<u8> {
        serde_json::to_vec(list).expect("json")
    }

    #[test]
    fn what_was_written_is_read_and_is_small() {
        let list = list(300);
        let text = text(&list);
        assert!(text.len() < 9_000, "{} bytes", text.len());
        let read = HaveList::parse(&text).expect("read");
        assert_eq!(read, list);
        assert!((0..300_u32).all(|number| read.holds(&Digest::of(&number.to_le_bytes()))));
        assert!((300..9000_u32).all(|number| !read.holds(&Digest::of(&number.to_le_bytes()))));
        assert_eq!((read.len(), read.is_empty()), (300, false));
    }

    #[test]
    fn the_first_format_still_parses() {
        let read = HaveList::parse(FIXTURE).expect("fixture");
        assert_eq!((read.platform.as_str(), read.len()), ("campus", 3));
        assert_eq!(read.releases, ["campus-1.1.0", "campus-1.0.0"]);
        assert!(read.holds(&Digest::of(b"")));
    }

    #[test]
    fn the_same_blobs_make_the_same_list() {
        let blobs = [Digest::of(b"a"), Digest::of(b"b"), Digest::of(b"a")];
        let one = HaveList::new("x", vec!["x-1.0.0".to_owned()], blobs.into_iter());
        let other = HaveList::new("x", vec!["x-1.0.0".to_owned()], blobs.into_iter().rev());
        assert_eq!(text(&one), text(&other));
    }

    #[test]
    fn what_no_host_writes_is_refused() {
        let good = String::from_utf8(text(&list(2))).expect("text");
        HaveList::parse(good.as_bytes()).expect("good");
        let part = name(&Digest::of(&0_u32.to_le_bytes()));
        let many = vec!["\"campus-1.0.0\""; MAX_RELEASES + 1].join(",");
        for (what, wrong) in [
            ("nothing", String::new()),
            ("cut", good[..good.len() - 1].to_owned()),
            ("more", format!("{good}x")),
            ("format", good.replace("\"format\":1", "\"format\":2")),
            ("no format", good.replace("\"format\":1,", "")),
            ("unknown field", good.replace("\"format\":1", "\"format\":1,\"x\":1")),
            ("twice", good.replace("\"format\":1", "\"format\":1,\"format\":1")),
            ("path", good.replace("campus-1.1.0", "../../etc/passwd")),
            ("terminal", good.replace("campus-1.1.0", "x\\u001b[2J")),
            ("platform", good.replace("\"campus\"", "\"a/b\"")),
            ("no release", good.replace("\"campus-1.1.0\",\"campus-1.0.0\"", "")),
            ("many releases", good.replace("\"campus-1.1.0\",\"campus-1.0.0\"", &many)),
            ("short part", good.replace(&part, &part[1..])),
            ("upper case", good.replace(&part, &part.to_uppercase().replace(|c: char| c.is_ascii_digit(), "A"))),
            ("long part", good.replace(&part, &format!("{part}0"))),
            ("number", good.replace(&format!("\"{part}\""), "1")),
        ] {
            assert_ne!(wrong, good, "{what}");
            assert!(HaveList::parse(wrong.as_bytes()).is_err(), "{what}: {wrong}");
        }
        let deep = format!("{{\"format\":1,\"parts\":{}", "[".repeat(100_000));
        assert!(HaveList::parse(deep.as_bytes()).is_err());
        let long = vec![b' '; MAX_HAVE as usize + 1];
        assert!(matches!(HaveList::parse(&long), Err(HaveError::Content("too long"))));
    }
}
