//! Releases that say something else of themselves than the built one whose parts they have: signed deltas of some kilobytes that
//! leave out everything which a host with that release holds.

use std::collections::BTreeMap;
use std::error::Error as Cause;
use std::io::{self, Cursor, Read};

use bridle_bundle::file::compose::{Composed, compose};
use bridle_bundle::file::{Conditions, Delta, Known, OpenedBundle, ReleaseFile, SignedNote, contents_of, write_bundle};
use bridle_bundle::trust::{PublicKey, SigningKey, TrustedKeys};
use bridle_core::digest::Digest;
use bridle_core::oci::Descriptor;
use bridle_core::release::{Blob, ReleaseManifest};

use super::Campus;
use crate::refusals::release::key;

type Outcome<T> = Result<T, Box<dyn Cause>>;

/// A release that was made from another one.
#[derive(Debug, Clone)]
pub struct Variant {
    release: ReleaseManifest,
    /// The release whose parts it has: what the delta is made against.
    base: String,
    images: BTreeMap<String, Descriptor>,
    /// Manifests and configurations, and what is new.
    blobs: BTreeMap<Digest, Vec<u8>>,
    /// What the base does not hold.
    new: Vec<Digest>,
}

impl Variant {
    /// A built release as `change` makes it, signed with [`key`], which a host must trust.
    ///
    /// # Errors
    /// The cause, if the built release cannot be read.
    pub fn of(campus: &Campus, change: impl FnOnce(&mut ReleaseManifest)) -> Outcome<Self> {
        let trusted = TrustedKeys::new(vec![PublicKey::read(&campus.key)?])?;
        let file = ReleaseFile::open(&campus.bundle)?;
        let bundle = OpenedBundle::open(file.bundle()?)?.verify(&trusted, &Conditions::default())?;
        let contents = bundle.contents();
        let mut release = contents.release.clone();
        let base = release.id();
        change(&mut release);
        let images = contents.images.iter().map(|(name, image)| (name.clone(), image.descriptor.clone())).collect();
        let blobs = contents.metadata.iter().map(|(blob, bytes)| (blob.digest, bytes.clone())).collect();
        Ok(Self { release, base, images, blobs, new: Vec::new() })
    }

    /// With other licence notices: a part that the delta carries.
    #[must_use]
    pub fn with_notices(mut self, text: &str) -> Self {
        let bytes = text.as_bytes().to_vec();
        let digest = Digest::of(&bytes);
        self.release.notices = Blob { digest, size: bytes.len() as u64 };
        self.blobs.insert(digest, bytes);
        self.new.push(digest);
        self
    }

    /// `NAME-VERSION`.
    #[must_use]
    pub fn id(&self) -> String {
        self.release.id()
    }

    /// The bytes of the delta.
    ///
    /// # Errors
    /// The cause, if the release is none.
    pub fn delta(&self) -> Outcome<Vec<u8>> {
        let key = key();
        let Composed { index, blobs, .. } = compose(&self.release, &self.images, &key.public()?)?;
        let mut open = |digest: &Digest| -> io::Result<Box<dyn Read>> {
            let bytes = blobs.get(digest).or_else(|| self.blobs.get(digest));
            let bytes = bytes.ok_or_else(|| io::Error::other(format!("{digest} is only in the built release")))?;
            Ok(Box::new(Cursor::new(bytes.clone())))
        };
        let contents = contents_of(&index, &mut open)?;
        let holds = |digest: &Digest| !self.new.contains(digest);
        let base = Known { releases: vec![self.base.clone()], holds: Box::new(holds) };
        let note = Delta::new(&contents, &[base]).to_json()?;
        let [signature, note_signature] = [&index, &note].map(|bytes| signed(&key, bytes));
        let (signature, note_signature) = (signature?, note_signature?);
        let mut bytes = Vec::new();
        let note = SignedNote { note: &note, signature: &note_signature };
        write_bundle(&mut bytes, &index, &signature, &mut open, Some(note))?;
        Ok(bytes)
    }
}

fn signed(key: &SigningKey, bytes: &[u8]) -> io::Result<String> {
    key.sign(bytes, "variant")
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;
    use std::path::Path;

    use bridle_bundle::file::{FileError, Stream};
    use bridle_bundle::store::{Ingested, Store, StoreError};

    use super::*;
    use crate::refusals::archive::archive;
    use crate::refusals::release::{Draft, key_file, program};

    /// A built release of a few kilobytes.
    fn built(folder: &Path) -> Campus {
        let [bundle, key_path] = ["sample.bundle", "sample.pub"].map(|name| folder.join(name));
        std::fs::write(&bundle, archive(&Draft::new(&program("installer")).entries())).unwrap();
        std::fs::write(&key_path, key_file(&key())).unwrap();
        Campus { run: bundle.clone(), bundle, delta: None, key: key_path, tool: folder.join("none") }
    }

    fn added(store: &Store, bytes: &[u8]) -> Result<Ingested, StoreError> {
        let trusted = TrustedKeys::new(vec![key().public().unwrap()]).unwrap();
        let verified = OpenedBundle::open(Stream(bytes)).and_then(|file| file.verify(&trusted, &Conditions::default()));
        store.ingest(verified?, 0, &mut |_| ControlFlow::Continue(()))
    }

    fn next(of: &Campus) -> Variant {
        let change = |release: &mut ReleaseManifest| {
            release.version = "1.1.0".parse().unwrap();
            release.sequence = 2;
        };
        Variant::of(of, change).unwrap().with_notices("Other notices.")
    }

    #[test]
    fn it_is_complete_where_its_base_is_and_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let campus = built(folder.path());
        let delta = next(&campus).delta().unwrap();
        let store = Store::open(&folder.path().join("store")).unwrap();
        let Err(StoreError::Base(lacking)) = added(&store, &delta) else { panic!("the base is not there") };
        assert_eq!((lacking.bases, lacking.damaged), (vec!["sample-1.0.0".to_owned()], false));
        added(&store, &std::fs::read(&campus.bundle).unwrap()).unwrap();
        let ingested = added(&store, &delta).unwrap();
        // Its two manifests and the notices.
        assert_eq!((ingested.new, ingested.image_bytes), (3, 0));
        assert!(delta.len() < 20_000 && store.pin("sample-1.1.0").unwrap().is_some());
        assert_eq!(added(&store, &delta).unwrap().bytes, 0);
    }

    #[test]
    fn altered_it_is_refused_wherever_that_is() {
        let folder = tempfile::tempdir().unwrap();
        let campus = built(folder.path());
        let store = Store::open(&folder.path().join("store")).unwrap();
        added(&store, &std::fs::read(&campus.bundle).unwrap()).unwrap();
        let delta = next(&campus).delta().unwrap();
        for text in ["\"manifests\"", "\"bases\"", "Other notices"] {
            let place = delta.windows(text.len()).position(|window| window == text.as_bytes()).unwrap();
            let mut altered = delta.clone();
            altered[place + 3] ^= 1;
            let refused = added(&store, &altered);
            let right = matches!(refused, Err(StoreError::File(FileError::Trust(_) | FileError::Digest { .. })));
            assert!(right, "{text}: {refused:?}");
            assert!(added(&store, &delta[..place + 4]).is_err(), "{text}");
            assert!(store.pin("sample-1.1.0").unwrap().is_none());
        }
    }
}
