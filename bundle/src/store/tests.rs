mod collecting;
mod cuts;
mod deltas;
mod resuming;

use std::collections::BTreeSet;
use std::io::{self, Cursor, Read};
use std::ops::ControlFlow;

use bridle_core::digest::Digest;
use bridle_core::port::Timestamp;
use bridle_core::store::DamageKind;

use super::*;
use crate::file::{Conditions, FileError, OpenedBundle, Stream, VerifiedBundle};
use crate::sample::{Sample, trusted};

fn verified<R: Read>(reader: R) -> Result<VerifiedBundle<Stream<R>>, FileError> {
    OpenedBundle::open(Stream(reader))?.verify(&trusted(), &Conditions::default())
}

fn ingest(store: &Store, reader: impl Read) -> Result<Ingested, StoreError> {
    store.ingest(verified(reader)?, 7, &mut |_| ControlFlow::Continue(()))
}

/// Long after everything was written.
const LATER: Timestamp = Timestamp(u64::MAX / 2);

/// No container runs.
fn idle() -> InUse {
    InUse::Images(BTreeSet::new())
}

fn damages(store: &Store) -> Vec<Damage> {
    store.check(None, &mut |_| ControlFlow::Continue(())).expect("check").damages
}

fn blobs_there(store: &Store) -> BTreeSet<Digest> {
    let names = place::list(store.fs(), &store.blobs()).expect("list");
    names.iter().map(|(name, _)| Digest::from_hex(name).expect("a digest")).collect()
}

fn repair(store: &Store, bundle: &[u8]) -> Result<Repaired, StoreError> {
    store.repair(verified(Cursor::new(bundle))?, 9, &mut |_| ControlFlow::Continue(()))
}

fn store() -> (tempfile::TempDir, Store) {
    let directory = tempfile::tempdir().expect("directory");
    let store = Store::open(&directory.path().join("store")).expect("open");
    (directory, store)
}

/// A medium that fails after some bytes.
struct Failing<'a> {
    bytes: &'a [u8],
    left: usize,
}

impl Read for Failing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::Error::other("unplugged"));
        }
        let count = buffer.len().min(self.left).min(self.bytes.len());
        buffer[..count].copy_from_slice(&self.bytes[..count]);
        self.bytes = &self.bytes[count..];
        self.left -= count;
        Ok(count)
    }
}

#[test]
fn ingests_once() {
    let (_directory, store) = store();
    let sample = Sample::one();
    let bundle = sample.bundle();
    let first = ingest(&store, Cursor::new(&bundle)).expect("first");
    assert_eq!(first.new, sample.blobs.len() as u64);
    let second = ingest(&store, Cursor::new(&bundle)).expect("second");
    assert_eq!(second, Ingested { reused: first.new, ..Ingested::default() });
    for (digest, bytes) in &sample.blobs {
        let path = store.blob_path(digest);
        assert_eq!(&std::fs::read(&path).expect("blob"), bytes);
        assert!(std::fs::metadata(&path).expect("metadata").permissions().readonly());
    }
    let pin = store.pin("sample-1.0.0").expect("pin").expect("there");
    assert_eq!((pin.manifest, pin.added, pin.sequence), (sample.release, 7, 1));
    assert_eq!(damages(&store), []);
}

#[test]
fn an_interrupted_ingest_continues() {
    let sample = Sample::one();
    let bundle = sample.bundle();
    for left in (0..bundle.len()).step_by(499) {
        let (_directory, store) = store();
        let broken = ingest(&store, Failing { bytes: &bundle, left });
        assert!(broken.is_err(), "{left}");
        assert_eq!(store.releases().expect("releases"), [], "{left}");
        let there =
            sample.blobs.keys().filter(|digest| store.blob_size(digest).expect("size").is_some()).count() as u64;
        let again = ingest(&store, Cursor::new(&bundle)).expect("again");
        assert_eq!(again, Ingested { new: sample.blobs.len() as u64 - there, reused: there, ..again });
        assert_eq!(damages(&store), []);
        let partial = std::fs::read_dir(store.partial()).expect("list").count();
        assert_eq!(partial, 1, "only the lock is left");
    }
}

#[test]
fn stopping_leaves_no_pin() {
    let (_directory, store) = store();
    let bundle = Sample::one().bundle();
    let mut calls = 0;
    let stopped = store.ingest(verified(Cursor::new(&bundle)).expect("verify"), 0, &mut |_| {
        calls += 1;
        if calls == 5 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(matches!(stopped, Err(StoreError::Stopped)));
    assert_eq!(store.releases().expect("releases"), []);
}

#[test]
fn damage_on_the_way_leaves_no_pin_and_no_blob() {
    let (_directory, store) = store();
    let sample = Sample::one();
    let mut bundle = sample.bundle();
    let text = b"notices of 1.0.0";
    let at = bundle.windows(text.len()).position(|window| window == text).expect("notices");
    bundle[at] ^= 1;
    match ingest(&store, Cursor::new(&bundle)) {
        Err(StoreError::File(FileError::Digest { expected, .. })) => {
            assert_eq!(store.blob_size(&expected).expect("size"), None);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(store.releases().expect("releases"), []);
}

#[test]
fn references_resolve_across_pins() {
    let (_directory, store) = store();
    let one = Sample::new("1.0.0", 1, &[("a", &[b"1"])]);
    let mut two = Sample::new("1.1.0", 2, &[("a", &[b"2"])]);
    ingest(&store, Cursor::new(one.bundle())).expect("one");
    ingest(&store, Cursor::new(two.bundle())).expect("two");
    let of = |sample: &Sample| sample.release.images.values().next().expect("image").manifest;
    let resolve =
        |reference: &str| store.resolve(reference, None).expect("resolve").map(|descriptor| descriptor.digest);
    assert_eq!(resolve("bridle.internal/a:1.0.0"), Some(of(&one)));
    assert_eq!(resolve("bridle.internal/a:1.1.0"), Some(of(&two)));
    assert_eq!(resolve(&format!("bridle.internal/a@{}", of(&one))), Some(of(&one)));
    assert_eq!(resolve("bridle.internal/b:1.0.0"), None);
    assert_eq!(resolve("bridle.internal/a@sha256:x"), None);
    assert!(store.manifest_by_digest(&of(&two)).expect("look up").is_some());

    two = Sample::new("1.0.0", 3, &[("a", &[b"3"])]);
    let (_directory, store) = self::store();
    ingest(&store, Cursor::new(one.bundle())).expect("one");
    assert!(matches!(ingest(&store, Cursor::new(two.bundle())), Err(StoreError::Conflict { .. })));
}

/// A tag that means another image in a later release.
#[test]
fn a_tag_means_what_the_release_in_use_means_by_it() {
    let (_directory, store) = store();
    let tagged = |version: &str, sequence, layer: &[u8]| {
        Sample::tagged(version, "7", sequence, &[("a", &[layer]), (if sequence == 3 { "c" } else { "b" }, &[b"same"])])
    };
    let samples = [tagged("1.0.0", 1, b"1"), tagged("1.1.0", 2, b"2"), tagged("1.2.0", 3, b"3")];
    let of = |sample: &Sample| Some(sample.release.images["bridle.internal/a:7"].manifest);
    // Whatever the order in which they came.
    for at in [1, 2, 0] {
        ingest(&store, Cursor::new(samples[at].bundle())).expect("ingest");
    }
    let catalogue = store.catalogue().expect("catalogue");
    let resolve =
        |tag: &str, preferred: Option<&str>| catalogue.resolve(tag, preferred).map(|descriptor| descriptor.digest);
    for sample in &samples {
        let id = sample.release.id();
        assert_eq!(resolve("bridle.internal/a:7", Some(id.as_str())), of(sample));
    }
    for nobody in [None, Some("sample-0.9.0"), Some("")] {
        assert_eq!(resolve("bridle.internal/a:7", nobody), of(&samples[2]), "newest first");
    }
    // What the preferred release does not have is still there, from the newest that does.
    assert_eq!(resolve("bridle.internal/b:7", Some("sample-1.2.0")), resolve("bridle.internal/b:7", None));
    assert!(resolve("bridle.internal/b:7", Some("sample-1.2.0")).is_some());
    let by_digest = format!("bridle.internal/a@{}", of(&samples[1]).expect("there"));
    assert_eq!(resolve(&by_digest, Some("sample-1.0.0")), of(&samples[1]));
    let images: Vec<_> = catalogue.images(Some("sample-1.0.0")).map(|(tag, one)| (tag, Some(one.digest))).collect();
    assert_eq!(images.len(), 3);
    assert_eq!(images[0], ("bridle.internal/a:7", of(&samples[0])));
}

#[test]
fn removing_keeps_what_others_name() {
    let (_directory, store) = store();
    let (one, two) = (Sample::one(), Sample::new("1.1.0", 2, &[("a", &[&b"layer ".repeat(200), b"new top"])]));
    ingest(&store, Cursor::new(one.bundle())).expect("one");
    ingest(&store, Cursor::new(two.bundle())).expect("two");
    let kept = store.blobs_of("sample-1.1.0").expect("blobs").len();
    let gone = store.remove_release("sample-1.0.0", &idle(), LATER).expect("remove");
    assert!(!gone.sweep.blobs.is_empty() && gone.sweep.bytes > 0);
    assert_eq!(blobs_there(&store).len(), kept);
    assert_eq!(damages(&store), []);
    assert!(matches!(store.remove_release("sample-1.0.0", &idle(), LATER), Err(StoreError::Absent { .. })));
    assert!(matches!(store.remove_release("../x", &idle(), LATER), Err(StoreError::Absent { .. })));
}

#[test]
fn check_finds_damage_and_a_repair_cures_it() {
    let (_directory, store) = store();
    let sample = Sample::one();
    ingest(&store, Cursor::new(sample.bundle())).expect("ingest");
    let digest = sample.release.programs["installer"].digest;
    let mut bytes = sample.blobs[&digest].clone();
    bytes[9] ^= 1;
    std::fs::remove_file(store.blob_path(&digest)).expect("remove");
    std::fs::write(store.blob_path(&digest), &bytes).expect("write");
    let gone = sample.release.programs["k3s"].digest;
    std::fs::remove_file(store.blob_path(&gone)).expect("remove");
    let found: Vec<_> =
        damages(&store).into_iter().map(|damage| (damage.blob.expect("blob").digest, damage.kind)).collect();
    assert_eq!(found, [(digest, DamageKind::Altered), (gone, DamageKind::Missing)]);
    let repaired = repair(&store, &sample.bundle()).expect("repair");
    assert_eq!((repaired.blobs, repaired.left), (2, Vec::new()));
    assert_eq!(std::fs::read(store.blob_path(&digest)).expect("blob"), sample.blobs[&digest]);
    // Nothing is damaged any more, so nothing is written.
    assert_eq!(repair(&store, &sample.bundle()).expect("again").blobs, 0);
}

#[test]
fn one_writer_at_a_time() {
    let (_directory, store) = store();
    let _lock = place::lock(store.fs(), &store.partial()).expect("lock");
    assert!(matches!(ingest(&store, Cursor::new(Sample::one().bundle())), Err(StoreError::Busy)));
    assert!(matches!(store.collect(&idle(), LATER, true), Err(StoreError::Busy)));
    assert!(matches!(store.remove_release("sample-1.0.0", &idle(), LATER), Err(StoreError::Busy)));
    assert!(matches!(repair(&store, &Sample::one().bundle()), Err(StoreError::Busy)));
}
