//! Opening the release file and deciding whether its publisher is trusted.

use std::path::Path;

use bridle_bundle::file::{Conditions, FileError, OpenedBundle, ReleaseFile, Section, VerifiedBundle};
use bridle_bundle::trust::{PublicKey, TrustedKeys};
use bridle_core::digest::Digest;
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::release::ReleaseManifest;

use crate::fault::{of_file, of_trust};

/// A release file whose signature and manifests agree with one key.
pub struct Opened {
    pub bundle: VerifiedBundle<Section>,
    pub trust: Trust,
}

/// Why the key of a release is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Named on the command line.
    Pinned,
    /// Trusted by this host already.
    Known,
    /// Only the file itself names it: somebody must compare its fingerprint.
    Claimed,
}

impl Opened {
    /// The key that signed the release.
    pub fn signer(&self) -> &PublicKey {
        self.bundle.signer()
    }

    /// What tells this release from every other: its digest and the key that signed it.
    pub fn identity(&self) -> (Digest, PublicKey) {
        (self.bundle.contents().digest, self.signer().clone())
    }

    /// Reads the whole file, so that damage anywhere is found before the host is touched. `progress` gets bytes done and of
    /// all.
    ///
    /// # Errors
    /// A [`Fault`] that names the damage.
    pub fn check_whole(self, file: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<(), Fault> {
        let total = self.bundle.contents().blobs.iter().map(|blob| blob.size).sum();
        let mut done = 0;
        let checked = self.bundle.verify_all(&mut |bytes| {
            done += bytes;
            progress(done, total);
        });
        checked.map(drop).map_err(|error| of_file(&error, file))
    }

    /// What the release is.
    pub fn release(&self) -> &ReleaseManifest {
        &self.bundle.contents().release
    }
}

/// Opens `file` and verifies signature, manifests and its own head. The key is that of `pinned` if there is one, else one
/// of `trust_dir`, else the one that the file claims.
///
/// # Errors
/// A [`Fault`] for anything that is not exactly what one of these keys signed.
pub fn open(file: &Path, pinned: Option<&Path>, trust_dir: &Path, conditions: &Conditions) -> Result<Opened, Fault> {
    let failed = |error: FileError| of_file(&error, file);
    let release_file = ReleaseFile::open(file).map_err(failed)?;
    let opened = OpenedBundle::open(release_file.bundle().map_err(failed)?).map_err(failed)?;
    let known = TrustedKeys::load(trust_dir).map_err(|error| of_trust(&error, trust_dir))?;
    let (keys, trust) = match pinned {
        Some(path) => {
            let key = PublicKey::read(path).map_err(|error| of_trust(&error, path))?;
            (vec![key], Trust::Pinned)
        }
        None if !known.is_empty() => (known.keys().to_vec(), Trust::Known),
        None => {
            let claimed = opened.claimed_key().cloned().ok_or_else(|| Fault::new(FaultCode::PublisherKeyNeeded))?;
            (vec![claimed], Trust::Claimed)
        }
    };
    let keys = TrustedKeys::new(keys).map_err(|error| of_trust(&error, trust_dir))?;
    let bundle = opened.verify(&keys, conditions).map_err(failed)?;
    release_file.verify_head(&bundle.contents().release).map_err(failed)?;
    Ok(Opened { bundle, trust })
}
