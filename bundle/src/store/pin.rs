//! Pins: which releases are in the store. A pin is written last, so a release is there completely or not at all.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use bridle_core::digest::Digest;
use bridle_core::release::ReleaseManifest;
use semver::Version;
use serde::{Deserialize, Serialize};

use super::error::StoreError;
use super::place::{self, failed};

/// Version of the format of pins.
pub const PIN_FORMAT: u32 = 1;
/// Largest pin in bytes: a release manifest and little more.
const MAX_PIN: u64 = 5 << 20;

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
}

/// All pins, highest sequence first.
pub(super) fn load_all(directory: &Path) -> Result<Vec<Pin>, StoreError> {
    let mut pins = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed("list", directory))? {
        let path = entry.map_err(failed("list", directory))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if let Some(id) = name.strip_suffix(".json").filter(|id| !id.ends_with(".index")) {
            pins.extend(load(directory, id)?);
        }
    }
    pins.sort_by(|a, b| (b.sequence, b.added, &b.version).cmp(&(a.sequence, a.added, &a.version)));
    Ok(pins)
}

/// The pin `id`, if it is there.
pub(super) fn load(directory: &Path, id: &str) -> Result<Option<Pin>, StoreError> {
    if !is_id(id) {
        return Ok(None);
    }
    let path = directory.join(format!("{id}.json"));
    let Some(bytes) = read(&path, MAX_PIN)? else { return Ok(None) };
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
pub(super) fn write(directory: &Path, pin: &Pin, index: &[u8], signature: &str) -> Result<(), StoreError> {
    let id = pin.id();
    if !is_id(&id) {
        return Err(StoreError::Pin { path: directory.join(&id), reason: "impossible name".to_owned() });
    }
    let put = |name: String, bytes: &[u8]| {
        place::write(&directory.join(format!("{name}.part")), &directory.join(&name), bytes)
    };
    put(format!("{id}.index.json"), index)?;
    put(format!("{id}.index.json.minisig"), signature.as_bytes())?;
    place::sync_directory(directory)?;
    let text = serde_json::to_vec_pretty(pin)
        .map_err(|error| StoreError::Pin { path: directory.join(&id), reason: error.to_string() })?;
    put(format!("{id}.json"), &text)?;
    place::sync_directory(directory)
}

/// Takes a pin away, then what belongs to it.
pub(super) fn remove(directory: &Path, id: &str) -> Result<(), StoreError> {
    place::remove(&directory.join(format!("{id}.json")))?;
    place::sync_directory(directory)?;
    place::remove(&directory.join(format!("{id}.index.json")))?;
    place::remove(&directory.join(format!("{id}.index.json.minisig")))
}

/// The signed index of a pinned release.
pub(super) fn index(directory: &Path, id: &str) -> Result<Vec<u8>, StoreError> {
    let path: PathBuf = directory.join(format!("{id}.index.json"));
    read(&path, crate::file::MAX_INDEX)?
        .ok_or_else(|| StoreError::Pin { path, reason: "its index is missing".to_owned() })
}

/// Whether a text can be the id of a release, and so a file name.
fn is_id(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-.+".contains(&byte);
    !text.is_empty() && text.len() <= 200 && text.bytes().all(allowed) && !text.starts_with(['.', '-'])
}

fn read(path: &Path, longest: u64) -> Result<Option<Vec<u8>>, StoreError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("open", path)(error)),
    };
    let mut bytes = Vec::new();
    file.take(longest + 1).read_to_end(&mut bytes).map_err(failed("read", path))?;
    if bytes.len() as u64 > longest {
        return Err(StoreError::Pin { path: path.to_owned(), reason: "too long".to_owned() });
    }
    Ok(Some(bytes))
}
