//! The newest release of each platform that this host has had (`docs/FORMATS.md`, "Releases seen"): it outlives the
//! release itself, so that an older one cannot be slipped in once the newest was removed.

use std::collections::BTreeMap;
use std::path::Path;

use bridle_core::digest::Digest;
use bridle_core::durable;
use bridle_disk::Disk;
use serde::{Deserialize, Serialize};

use super::TrustError;

/// Version of the format.
pub const SEEN_FORMAT: u32 = 1;
/// Its name among the trusted keys.
const NAME: &str = "seen.json";
/// Largest record that is read, in bytes: some thousand platforms.
const LARGEST: u64 = 256 * 1024;

/// What was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    format: u32,
    platforms: BTreeMap<String, Newest>,
}

/// The newest release of a platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Newest {
    /// Its sequence.
    pub sequence: u64,
    /// Digest of its OCI manifest.
    pub release: Digest,
}

impl Default for Seen {
    fn default() -> Self {
        Self { format: SEEN_FORMAT, platforms: BTreeMap::new() }
    }
}

impl Seen {
    /// Reads the record in `directory` (`/etc/bridle/trust`); without one nothing was seen.
    ///
    /// # Errors
    /// [`TrustError::Files`] if it cannot be read, [`TrustError::Seen`] if it is none: then nobody knows what was seen.
    pub fn load(directory: &Path) -> Result<Self, TrustError> {
        let path = directory.join(NAME);
        let Some(bytes) = durable::read_bytes(&Disk, &path, LARGEST)? else { return Ok(Self::default()) };
        let seen: Self =
            serde_json::from_slice(&bytes).map_err(|error| TrustError::Seen { path: path.clone(), source: error })?;
        if seen.format == SEEN_FORMAT {
            return Ok(seen);
        }
        let source = serde::de::Error::custom(format!("format {}, this program reads {SEEN_FORMAT}", seen.format));
        Err(TrustError::Seen { path, source })
    }

    /// Writes down that these releases were here, where one is newer than what is known; what is known never goes back.
    ///
    /// # Errors
    /// As [`Self::load`], and [`TrustError::Files`] if it cannot be written.
    pub fn keep<'a>(directory: &Path, releases: impl Iterator<Item = (&'a str, Newest)>) -> Result<(), TrustError> {
        let before = Self::load(directory)?;
        let mut seen = before.clone();
        releases.for_each(|(name, newest)| seen.raise(name, newest));
        if seen == before {
            return Ok(());
        }
        let text = serde_json::to_vec_pretty(&seen).expect("numbers and texts with string keys");
        durable::make_dirs(&Disk, directory, 0o755)?;
        Ok(durable::write_atomic(&Disk, &directory.join(NAME), &text, 0o644)?)
    }

    /// The newest release of the platform `name`.
    #[must_use]
    pub fn newest(&self, name: &str) -> Option<Newest> {
        self.platforms.get(name).copied()
    }

    /// Counts a release as seen.
    pub fn raise(&mut self, name: &str, newest: Newest) {
        let known = self.platforms.entry(name.to_owned()).or_insert(newest);
        if newest.sequence > known.sequence {
            *known = newest;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn newest(sequence: u64, content: &str) -> Newest {
        Newest { sequence, release: Digest::of(content.as_bytes()) }
    }

    #[test]
    fn what_was_seen_never_goes_back() {
        let folder = tempfile::tempdir().expect("folder");
        let trust = folder.path().join("trust");
        assert_eq!(Seen::load(&trust).expect("none").newest("campus"), None);
        Seen::keep(&trust, [].into_iter()).expect("nothing to keep");
        assert!(!trust.exists());
        Seen::keep(&trust, [("campus", newest(2, "b")), ("lab", newest(7, "x"))].into_iter()).expect("kept");
        Seen::keep(&trust, [("campus", newest(1, "a")), ("campus", newest(2, "other"))].into_iter()).expect("kept");
        let seen = Seen::load(&trust).expect("load");
        assert_eq!((seen.newest("campus"), seen.newest("lab")), (Some(newest(2, "b")), Some(newest(7, "x"))));
        assert_eq!(std::fs::read_dir(&trust).expect("list").count(), 1);
    }

    #[test]
    fn a_record_that_is_none_is_refused_and_stays() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join(NAME);
        for text in ["", "{}", "{\"format\":2,\"platforms\":{}}", "{\"format\":1,\"platforms\":{},\"x\":1}"] {
            std::fs::write(&path, text).expect("write");
            let error = Seen::keep(folder.path(), [("campus", newest(1, "a"))].into_iter()).expect_err(text);
            assert!(matches!(error, TrustError::Seen { .. }), "{error}");
            assert_eq!(std::fs::read_to_string(&path).expect("read"), text);
        }
    }

    #[test]
    fn the_first_format_still_parses() {
        let text =
            format!(r#"{{"format":1,"platforms":{{"campus":{{"sequence":3,"release":"{}"}}}}}}"#, Digest::of(b"x"));
        let folder = tempfile::tempdir().expect("folder");
        std::fs::write(folder.path().join(NAME), text).expect("write");
        assert_eq!(Seen::load(folder.path()).expect("load").newest("campus"), Some(newest(3, "x")));
    }
}
