//! What a release file that is no whole one says about itself (`delta.json`): which blobs it leaves out, and which releases
//! hold them. Signed by itself; the release's own index and manifests are the bytes of the whole file.

use std::collections::{BTreeMap, BTreeSet};

use bridle_core::digest::Digest;
use bridle_core::store::is_release_id;
use serde::{Deserialize, Serialize};

use super::contents::{Contents, MAX_BLOBS, NamedBlob};
use super::error::FileError;

/// Version of the format.
pub const DELTA_FORMAT: u32 = 1;
/// Largest note in bytes: [`MAX_BLOBS`] digests and what stands around them.
pub const MAX_DELTA: u64 = 8 << 20;
/// Most bases of a delta.
pub const MAX_BASES: usize = 64;
/// Most releases that one base names: those of a have-list.
const MAX_RELEASES: usize = 64;
/// Names of the note's entry and of its signature.
pub(super) const NOTE: &str = "delta.json";
pub(super) const NOTE_SIGNATURE: &str = "delta.json.minisig";

/// The note of a delta.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delta {
    format: u32,
    release: Digest,
    bases: Vec<Base>,
}

/// Something that a delta was made against.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Base {
    /// The release (`NAME-VERSION`), or those that a have-list names.
    pub releases: Vec<String>,
    /// What is left out because of it and not because of one before it, in the order of the release.
    pub blobs: Vec<Digest>,
}

/// What somebody has, as the publisher knows it.
pub struct Known<'a> {
    /// The releases in it.
    pub releases: Vec<String>,
    /// Whether it holds the blob.
    pub holds: Box<dyn Fn(&Digest) -> bool + 'a>,
}

impl Delta {
    /// The note of a delta of `contents` for somebody who has everything in `known`. Manifests are never left out.
    #[must_use]
    pub fn new(contents: &Contents, known: &[Known<'_>]) -> Self {
        let mut bases: Vec<Base> =
            known.iter().map(|one| Base { releases: one.releases.clone(), blobs: Vec::new() }).collect();
        for blob in &contents.blobs {
            if let Some(at) = known.iter().position(|one| (one.holds)(&blob.digest)) {
                bases[at].blobs.push(blob.digest);
            }
        }
        Self { format: DELTA_FORMAT, release: contents.digest, bases }
    }

    /// Reads a note whose signature was checked.
    ///
    /// # Errors
    /// [`FileError::DeltaFormat`] for another version, [`FileError::Delta`] for anything that is no note.
    pub fn parse(bytes: &[u8]) -> Result<Self, FileError> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let refuse = |reason: String| FileError::Delta(reason);
        if bytes.len() as u64 > MAX_DELTA {
            return Err(refuse(format!("longer than {MAX_DELTA} bytes")));
        }
        let Format { format } = serde_json::from_slice(bytes).map_err(|error| refuse(error.to_string()))?;
        if format != DELTA_FORMAT {
            return Err(FileError::DeltaFormat { found: format, expected: DELTA_FORMAT });
        }
        let delta: Self = serde_json::from_slice(bytes).map_err(|error| refuse(error.to_string()))?;
        if delta.bases.is_empty() || delta.bases.len() > MAX_BASES {
            return Err(refuse(format!("{} bases", delta.bases.len())));
        }
        for base in &delta.bases {
            if base.releases.is_empty() || base.releases.len() > MAX_RELEASES || base.blobs.len() > MAX_BLOBS {
                return Err(refuse("a base with too few or too many parts".to_owned()));
            }
            if !base.releases.iter().all(|id| is_release_id(id)) {
                return Err(refuse("a base with an impossible name".to_owned()));
            }
        }
        Ok(delta)
    }

    /// The note as JSON.
    ///
    /// # Errors
    /// [`FileError::Json`] if it cannot be written.
    pub fn to_json(&self) -> Result<Vec<u8>, FileError> {
        serde_json::to_vec(self).map_err(|source| FileError::Json { what: NOTE, source })
    }

    /// What it was made against.
    #[must_use]
    pub fn bases(&self) -> &[Base] {
        &self.bases
    }

    /// The releases that it was made against, each once.
    #[must_use]
    pub fn releases(&self) -> Vec<&str> {
        let mut seen = BTreeSet::new();
        let all = self.bases.iter().flat_map(|base| &base.releases).map(String::as_str);
        all.filter(|id| seen.insert(*id)).collect()
    }

    /// The releases of which any one brings the blob, for each blob that is left out.
    #[must_use]
    pub fn left_out(&self) -> BTreeMap<Digest, &[String]> {
        self.bases.iter().flat_map(|base| base.blobs.iter().map(|blob| (*blob, base.releases.as_slice()))).collect()
    }

    /// Parts the blobs of the release into those that the file carries and those that it leaves out.
    ///
    /// # Errors
    /// [`FileError::Delta`] if it is the note of another release, or leaves something out twice or that cannot be left out.
    pub(super) fn part(&self, contents: &Contents) -> Result<(Vec<NamedBlob>, Vec<NamedBlob>), FileError> {
        if self.release != contents.digest {
            return Err(FileError::Delta("it belongs to another release".to_owned()));
        }
        let mut open = self.left_out();
        let listed: usize = self.bases.iter().map(|base| base.blobs.len()).sum();
        if listed != open.len() {
            return Err(FileError::Delta("it leaves a blob out twice".to_owned()));
        }
        let (out, carried) = contents.blobs.iter().cloned().partition(|blob| open.remove(&blob.digest).is_some());
        match open.into_keys().next() {
            Some(digest) => Err(FileError::Delta(format!("it leaves out {digest}, which is no blob of the release"))),
            None => Ok((carried, out)),
        }
    }
}

impl std::fmt::Debug for Known<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Known({})", self.releases.join(", "))
    }
}
