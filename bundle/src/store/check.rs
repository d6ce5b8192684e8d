//! Reading every blob again: what the disk did to them since they were verified.

use std::collections::BTreeSet;
use std::io::Read as _;

use bridle_core::digest::Digest;
use sha2::{Digest as _, Sha256};

use super::error::StoreError;
use super::{Store, catalogue};
use crate::file::{FileError, NamedBlob};

/// A blob that is not what it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Release that names it (`NAME-VERSION`).
    pub release: String,
    /// The blob.
    pub blob: NamedBlob,
    /// What is wrong.
    pub kind: DamageKind,
}

/// Ways of being damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DamageKind {
    /// Not there.
    Missing,
    /// Other content.
    Content,
}

impl Store {
    /// Reads and hashes every blob that a pin names and returns the damaged ones; `progress` gets the bytes read.
    ///
    /// # Errors
    /// [`StoreError`] if a pin or a directory cannot be read. A damaged manifest ends the look at its release.
    pub fn check(&self, progress: &mut dyn FnMut(u64)) -> Result<Vec<Damage>, StoreError> {
        let (mut seen, mut found) = (BTreeSet::new(), Vec::new());
        for pin in self.releases()? {
            let contents = match catalogue::contents(self, &pin.id()) {
                Ok(contents) => contents,
                Err(error) => {
                    found.push(damaged_manifest(pin.id(), error)?);
                    continue;
                }
            };
            for blob in contents.all() {
                if !seen.insert(blob.digest) {
                    continue;
                }
                if let Some(kind) = self.inspect(blob, progress)? {
                    found.push(Damage { release: pin.id(), blob: blob.clone(), kind });
                }
            }
        }
        Ok(found)
    }

    fn inspect(&self, blob: &NamedBlob, progress: &mut dyn FnMut(u64)) -> Result<Option<DamageKind>, StoreError> {
        let Some(mut file) = self.open_blob(&blob.digest)? else { return Ok(Some(DamageKind::Missing)) };
        let (mut hash, mut buffer) = (Sha256::new(), vec![0; 1 << 20]);
        loop {
            // A sector that cannot be read is damage like any other.
            let Ok(count) = file.read(&mut buffer) else { return Ok(Some(DamageKind::Content)) };
            if count == 0 {
                break;
            }
            hash.update(&buffer[..count]);
            progress(count as u64);
        }
        let same = Digest::from_bytes(hash.finalize().into()) == blob.digest;
        Ok(if same { None } else { Some(DamageKind::Content) })
    }
}

fn damaged_manifest(release: String, error: StoreError) -> Result<Damage, StoreError> {
    let (digest, named_by, kind) = match error {
        StoreError::Missing { digest, named_by } => (digest, named_by, DamageKind::Missing),
        StoreError::File(FileError::Digest { expected, named_by, .. }) => (expected, named_by, DamageKind::Content),
        other => return Err(other),
    };
    let blob = NamedBlob { digest, size: 0, media_type: String::new(), named_by };
    Ok(Damage { release, blob, kind })
}
