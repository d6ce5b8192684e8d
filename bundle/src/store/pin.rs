//! Pins: which releases are in the store. A pin is written last, so a release is there completely or not at all.

use std::path::{Path, PathBuf};

use bridle_core::digest::Digest;
use bridle_core::port::fs::FileSystem;
use bridle_core::release::ReleaseManifest;
use bridle_core::store::is_release_id;
use semver::Version;
use serde::{Deserialize, Serialize};

use super::error::StoreError;
use super::place;
use crate::trust::Newest;

/// Version of the format of pins.
pub const PIN_FORMAT: u32 = 1;
/// Largest pin in bytes: a release manifest and little more.
const MAX_PIN: u64 = 5 << 20;
/// What follows the id of a release in the names of its index and its signature.
const INDEX: &str = ".index.json";
const SIGNATURE: &str = ".index.json.minisig";

/// A release that is in the store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// [`PIN_FORMAT`].
    pub format: u32,
    /// Name of the platform.
    pub name: String,
    /// Version of the release.
    pub version: Version,
    /// Sequence of the release.
    pub sequence: u64,
    /// Digest of the release's OCI manifest.
    pub release_manifest: Digest,
    /// The release manifest.
    pub manifest: ReleaseManifest,
    /// Id of the key that signed it (16 hex digits).
    pub key_id: String,
    /// When it was added, in seconds since 1970 (UTC).
    pub added: u64,
}

impl Pin {
    /// `NAME-VERSION`.
    #[must_use]
    pub fn id(&self) -> String {
        self.manifest.id()
    }

    /// What is kept of it when it is gone.
    #[must_use]
    pub fn newest(&self) -> (&str, Newest) {
        (&self.name, Newest { sequence: self.sequence, release: self.release_manifest })
    }
}

/// All pins that there are.
pub(super) struct Records {
    /// Highest sequence first.
    pub(super) pins: Vec<Pin>,
    /// Ids of those that cannot be understood, with the reason.
    pub(super) broken: Vec<(String, StoreError)>,
}

/// Reads all pins.
pub(super) fn load_all(fs: &dyn FileSystem, directory: &Path) -> Result<Records, StoreError> {
    let (mut pins, mut broken) = (Vec::new(), Vec::new());
    for (name, _) in place::list(fs, directory)? {
        let Some(id) = name.strip_suffix(".json").filter(|id| !id.ends_with(".index") && is_release_id(id)) else {
            continue;
        };
        match load(fs, directory, id) {
            Ok(pin) => pins.extend(pin),
            Err(error) => broken.push((id.to_owned(), error)),
        }
    }
    pins.sort_by(|a, b| (b.sequence, b.added, &b.version).cmp(&(a.sequence, a.added, &a.version)));
    Ok(Records { pins, broken })
}

/// The pin `id`, if it is there.
pub(super) fn load(fs: &dyn FileSystem, directory: &Path, id: &str) -> Result<Option<Pin>, StoreError> {
    if !is_release_id(id) {
        return Ok(None);
    }
    let path = directory.join(format!("{id}.json"));
    let Some(bytes) = place::read(fs, &path, MAX_PIN)? else { return Ok(None) };
    let refuse = |reason: String| StoreError::Pin { path: path.clone(), reason };
    let pin: Pin = serde_json::from_slice(&bytes).map_err(|error| refuse(error.to_string()))?;
    if pin.format != PIN_FORMAT {
        return Err(refuse(format!("format {}, this program reads {PIN_FORMAT}", pin.format)));
    }
    if pin.id() != id {
        return Err(refuse(format!("holds {}", pin.id())));
    }
    Ok(Some(pin))
}

/// Makes a release be there; everything it names must be on disk already.
pub(super) fn write(
    fs: &dyn FileSystem,
    directory: &Path,
    pin: &Pin,
    index: &[u8],
    signature: &str,
) -> Result<(), StoreError> {
    let id = pin.id();
    if !is_release_id(&id) {
        return Err(StoreError::Pin { path: directory.join(&id), reason: "impossible name".to_owned() });
    }
    let put = |name: String, bytes: &[u8]| {
        place::write(fs, &directory.join(format!("{name}.part")), &directory.join(&name), bytes)
    };
    put(format!("{id}{INDEX}"), index)?;
    put(format!("{id}{SIGNATURE}"), signature.as_bytes())?;
    place::sync_directory(fs, directory)?;
    let text = serde_json::to_vec_pretty(pin)
        .map_err(|error| StoreError::Pin { path: directory.join(&id), reason: error.to_string() })?;
    put(format!("{id}.json"), &text)?;
    place::sync_directory(fs, directory)
}

/// Takes a pin away. Its index stays until [`forget`]: it says that a removal has begun.
pub(super) fn remove(fs: &dyn FileSystem, directory: &Path, id: &str) -> Result<(), StoreError> {
    place::remove(fs, &directory.join(format!("{id}.json")))?;
    place::sync_directory(fs, directory)
}

/// Ends the removal of the release `id`.
pub(super) fn forget(fs: &dyn FileSystem, directory: &Path, id: &str) -> Result<(), StoreError> {
    place::remove(fs, &directory.join(format!("{id}{SIGNATURE}")))?;
    place::remove(fs, &directory.join(format!("{id}{INDEX}")))?;
    place::sync_directory(fs, directory)
}

/// Ids of releases without a pin but with an index or signature: a removal or an ingest that was cut off at its very end.
pub(super) fn unfinished(fs: &dyn FileSystem, directory: &Path) -> Result<Vec<String>, StoreError> {
    let names: Vec<String> = place::list(fs, directory)?.into_iter().map(|(name, _)| name).collect();
    let mut ids: Vec<String> = names
        .iter()
        .filter_map(|name| name.strip_suffix(SIGNATURE).or_else(|| name.strip_suffix(INDEX)))
        .filter(|id| is_release_id(id) && !names.contains(&format!("{id}.json")))
        .map(str::to_owned)
        .collect();
    ids.dedup();
    Ok(ids)
}

/// The signed index of a release, with or without a pin; `None` if it is not there.
pub(super) fn find_index(fs: &dyn FileSystem, directory: &Path, id: &str) -> Result<Option<Vec<u8>>, StoreError> {
    if !is_release_id(id) {
        return Ok(None);
    }
    place::read(fs, &directory.join(format!("{id}{INDEX}")), crate::file::MAX_INDEX)
}

/// The signed index of a pinned release.
pub(super) fn index(fs: &dyn FileSystem, directory: &Path, id: &str) -> Result<Vec<u8>, StoreError> {
    let path: PathBuf = directory.join(format!("{id}{INDEX}"));
    find_index(fs, directory, id)?.ok_or_else(|| StoreError::Pin { path, reason: "its index is missing".to_owned() })
}

/// Whether the record of a pinned release is exactly this one.
pub(super) fn is_written(fs: &dyn FileSystem, directory: &Path, id: &str, index: &[u8], signature: &str) -> bool {
    let same = |name: String, bytes: &[u8]| {
        let there = place::read(fs, &directory.join(name), bytes.len() as u64);
        matches!(there, Ok(Some(there)) if there == bytes)
    };
    same(format!("{id}{INDEX}"), index) && same(format!("{id}{SIGNATURE}"), signature.as_bytes())
}

/// Whether a file name in the directory of the pins is one that the store gives.
pub(super) fn is_record(name: &str) -> bool {
    let whole = [SIGNATURE, INDEX, ".json"].iter().find_map(|end| name.strip_suffix(end));
    whole.is_some_and(is_release_id)
}
