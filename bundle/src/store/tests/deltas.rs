//! Deltas on their way into the store: whatever way the bytes came, a release counts only if all of them were verified.

use bridle_core::fault::FaultCode;
use proptest::prelude::*;

use super::*;

fn two() -> Sample {
    Sample::new("1.1.0", 2, &[("a", &[&b"layer ".repeat(200), b"new top"]), ("b", &[b"kept", b"new"])])
}

fn one() -> Sample {
    Sample::new("1.0.0", 1, &[("a", &[&b"layer ".repeat(200), b"old top"]), ("b", &[b"kept"])])
}

fn delta() -> Vec<u8> {
    two().delta(&[("sample-1.0.0", &one().digests())])
}

/// The blobs that the delta leaves out.
fn left_out() -> Vec<Digest> {
    verified(Cursor::new(delta())).expect("verify").left_out().iter().map(|blob| blob.digest).collect()
}

/// A store with the first release.
fn based() -> (tempfile::TempDir, Store) {
    let (directory, store) = store();
    ingest(&store, Cursor::new(one().bundle())).expect("one");
    (directory, store)
}

fn put(store: &Store, digest: &Digest, bytes: &[u8]) {
    std::fs::remove_file(store.blob_path(digest)).expect("remove");
    std::fs::write(store.blob_path(digest), bytes).expect("write");
}

/// Everything below the store's directory with its content, without the pieces' lock.
fn tree(store: &Store) -> Vec<(String, Vec<u8>)> {
    let files = |directory: std::path::PathBuf| place::list(store.fs(), &directory).expect("list");
    let all = files(store.blobs()).into_iter().chain(files(store.pins())).chain(files(store.partial()));
    all.filter(|(name, _)| name != "lock").map(|(name, path)| (name, std::fs::read(path).expect("read"))).collect()
}

#[test]
fn a_delta_brings_what_the_whole_file_would_have_brought() {
    let ((_a, whole), (_b, part)) = (based(), based());
    let by_whole = ingest(&whole, Cursor::new(two().bundle())).expect("whole");
    let by_delta = ingest(&part, Cursor::new(delta())).expect("delta");
    assert_eq!(by_whole, by_delta, "the same new blobs");
    assert_eq!(tree(&whole), tree(&part));
    assert_eq!(damages(&part), []);
    let again = ingest(&part, Cursor::new(delta())).expect("a second time");
    assert_eq!((again.new, again.bytes), (0, 0));
    assert_eq!(tree(&whole), tree(&part));
}

#[test]
fn without_its_base_nothing_is_changed_and_it_is_said_what_is_missing() {
    let (_directory, store) = store();
    let before = tree(&store);
    let error = ingest(&store, Cursor::new(delta())).expect_err("no base");
    let fault = error.fault_of_upload(Path::new("/store"), Path::new("-"));
    assert_eq!(fault.code, FaultCode::DeltaBaseMissing);
    let StoreError::Base(lacking) = error else { panic!("{error}") };
    let sizes: u64 = left_out().iter().map(|digest| two().blobs[digest].len() as u64).sum();
    assert_eq!((lacking.blobs, lacking.bytes, lacking.damaged), (left_out().len() as u64, sizes, false));
    assert_eq!((lacking.release.as_str(), &lacking.bases[..]), ("sample-1.1.0", &["sample-1.0.0".to_owned()][..]));
    assert_eq!(tree(&store), before);
    let words = fault.message.render(bridle_core::message::Language::En);
    assert!(words.contains("sample-1.1.0") && words.contains("neither in the delta nor in the store"), "{words}");
}

#[test]
fn each_single_blob_of_the_base_is_needed() {
    let (whole_directory, whole) = based();
    ingest(&whole, Cursor::new(two().bundle())).expect("whole");
    let wanted = tree(&whole);
    drop(whole_directory);
    assert!(left_out().len() >= 3);
    for digest in left_out() {
        let (_directory, store) = based();
        std::fs::remove_file(store.blob_path(&digest)).expect("remove");
        let before = tree(&store);
        match ingest(&store, Cursor::new(delta())) {
            Err(StoreError::Base(lacking)) => {
                let size = two().blobs[&digest].len() as u64;
                assert_eq!((lacking.blobs, lacking.bytes, lacking.damaged), (1, size, false), "{digest}");
            }
            other => panic!("{digest}: {other:?}"),
        }
        assert_eq!(tree(&store), before, "{digest}");
        // The whole file brings it.
        ingest(&store, Cursor::new(two().bundle())).expect("whole");
        assert_eq!(tree(&store), wanted, "{digest}");
    }
}

#[test]
fn a_damaged_base_is_noticed_before_anything_is_written() {
    for digest in left_out() {
        let good = two().blobs[&digest].clone();
        let mut altered = good.clone();
        if let Some(byte) = altered.last_mut() {
            *byte ^= 1;
        }
        if altered == good {
            continue;
        }
        let (_directory, store) = based();
        put(&store, &digest, &altered);
        let before = tree(&store);
        match ingest(&store, Cursor::new(delta())) {
            Err(StoreError::Base(lacking)) => assert!(lacking.damaged && lacking.blobs == 1, "{lacking}"),
            other => panic!("{digest}: {other:?}"),
        }
        assert_eq!(tree(&store), before, "{digest}");
        assert_eq!(store.pin("sample-1.1.0").expect("pin"), None);
        // Of another size it is as good as missing.
        put(&store, &digest, &[&good[..], b"x"].concat());
        assert!(matches!(ingest(&store, Cursor::new(delta())), Err(StoreError::Base(lacking)) if !lacking.damaged));
        // The whole file mends it, also for the older release.
        put(&store, &digest, &altered);
        let mended = ingest(&store, Cursor::new(two().bundle())).expect("whole");
        assert_eq!(damages(&store), [], "{digest}");
        assert!(mended.new > 0);
        assert_eq!(ingest(&store, Cursor::new(delta())).expect("there already").new, 0);
    }
}

/// A delta with one bit flipped leaves the store as it was but for blobs that are what their names say; no second release.
#[test]
fn a_tampered_delta_leaves_no_release_and_no_unproven_blob() {
    let good = delta();
    let (_directory, store) = based();
    let mut cases = 0;
    for at in (0..good.len()).step_by(3) {
        let mut bytes = good.clone();
        bytes[at] ^= 1 << (at % 8);
        assert!(ingest(&store, Cursor::new(&bytes)).is_err(), "byte {at}");
        assert_eq!(store.pin("sample-1.1.0").expect("pin"), None, "byte {at}");
        cases += 1;
    }
    for (name, path) in place::list(store.fs(), &store.blobs()).expect("list") {
        assert_eq!(name, Digest::of(&std::fs::read(path).expect("read")).hex());
    }
    assert_eq!(damages(&store), []);
    println!("tampered deltas refused: {cases}");
    ingest(&store, Cursor::new(&good)).expect("the untouched one");
}

#[test]
fn a_delta_of_a_stranger_is_refused() {
    use crate::trust::{SigningKey, TrustedKeys};
    let stranger = SigningKey::from_seed([9; 32], [9; 8]).public().expect("key");
    let trusted = TrustedKeys::new(vec![stranger]).expect("set");
    let opened = OpenedBundle::open(Stream(Cursor::new(delta()))).expect("open");
    let error = StoreError::File(opened.verify(&trusted, &Conditions::default()).expect_err("a stranger"));
    assert_eq!(error.fault_of_upload(Path::new("/"), Path::new("-")).code, FaultCode::ReleaseKeyUnknown);
}

#[test]
fn an_interrupted_delta_continues() {
    let (bytes, wanted) = (delta(), {
        let (_directory, store) = based();
        ingest(&store, Cursor::new(delta())).expect("in one go");
        tree(&store)
    });
    for left in (0..bytes.len()).step_by(499) {
        let (_directory, store) = based();
        assert!(ingest(&store, Failing { bytes: &bytes, left }).is_err(), "{left}");
        assert_eq!(store.releases().expect("releases").len(), 1, "{left}");
        ingest(&store, Cursor::new(&bytes)).expect("again");
        assert_eq!(tree(&store), wanted, "{left}");
    }
}

#[test]
fn a_repair_needs_the_whole_file() {
    let (_directory, store) = based();
    ingest(&store, Cursor::new(delta())).expect("delta");
    let before = tree(&store);
    match repair(&store, &delta()) {
        Err(StoreError::File(error)) => assert_eq!(error.code(), FaultCode::DeltaNotWhole),
        other => panic!("{other:?}"),
    }
    assert_eq!(tree(&store), before);
}

/// The figures are exact: what an ingest says that it wrote is what came to the store.
#[test]
fn the_figures_are_those_of_the_disk() {
    let bytes_there = |store: &Store| {
        let all = place::list(store.fs(), &store.blobs()).expect("list");
        all.iter().map(|(_, path)| std::fs::metadata(path).expect("look").len()).sum::<u64>()
    };
    let (_directory, store) = store();
    let mut there = 0;
    // Another version of what is there: the images are the same, the manifest of the release is its own.
    let same = Sample::tagged("1.0.1", "1.0.0", 2, &[("a", &[&b"layer ".repeat(200), b"old top"]), ("b", &[b"kept"])]);
    for (sample, images) in [(one(), true), (same, false), (two(), true)] {
        let done = ingest(&store, Cursor::new(sample.bundle())).expect("ingest");
        let now = bytes_there(&store);
        assert_eq!(done.bytes, now - there, "{}", sample.release.id());
        assert_eq!(done.new + done.reused, sample.blobs.len() as u64);
        assert_eq!(done.image_bytes > 0, images, "{}", sample.release.id());
        there = now;
    }
    // What only its own papers and programs are is all that an upgrade with unchanged images writes.
    let own = Sample::tagged("1.0.2", "1.0.0", 3, &[("a", &[&b"layer ".repeat(200), b"old top"]), ("b", &[b"kept"])]);
    let of = |digest: &Digest| own.blobs[digest].len() as u64;
    let contents = verified(Cursor::new(own.bundle())).expect("verify");
    let manifests: u64 = contents.contents().metadata[..2].iter().map(|(blob, _)| blob.size).sum();
    let expected = manifests + of(&own.release.programs["k3s"].digest) + of(&own.release.notices.digest);
    let done = ingest(&store, Cursor::new(own.bundle())).expect("ingest");
    assert_eq!((done.new, done.bytes, done.image_bytes), (4, expected, 0));
}

#[test]
fn a_have_list_holds_what_is_complete_and_makes_a_delta_that_fits() {
    let (_directory, store) = based();
    let list = store.have("sample").expect("have");
    assert_eq!((list.platform.as_str(), &list.releases[..]), ("sample", &["sample-1.0.0".to_owned()][..]));
    let contents = verified(Cursor::new(one().bundle())).expect("verify");
    assert!(contents.contents().blobs.iter().all(|blob| list.holds(&blob.digest) == (blob.size > 0)));
    assert_eq!(list.len(), contents.contents().blobs.iter().filter(|blob| blob.size > 0).count());
    let held: BTreeSet<Digest> = two().digests().into_iter().filter(|digest| list.holds(digest)).collect();
    ingest(&store, Cursor::new(two().delta(&[("sample-1.0.0", &held)]))).expect("it fits");
    assert_eq!(store.have("sample").expect("have").releases, ["sample-1.1.0", "sample-1.0.0"]);
    // A release that lacks something is not told of, and what only it has neither.
    let only = one().release.programs["k3s"].digest;
    std::fs::remove_file(store.blob_path(&only)).expect("remove");
    let less = store.have("sample").expect("have");
    assert_eq!(less.releases, ["sample-1.1.0"]);
    assert!(!less.holds(&only));
    assert!(store.have("other").expect("have").is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    /// Whatever two releases share, and whatever of it a delta leaves out: the store is the same as after the whole file.
    #[test]
    fn any_delta_ends_as_the_whole_file(
        old in proptest::collection::vec(0_u8..12, 1..8),
        new in proptest::collection::vec(0_u8..12, 1..8),
        chosen in proptest::collection::vec(any::<bool>(), 12),
    ) {
        let sample = |version: &str, sequence, layers: &[u8]| {
            let layers: Vec<Vec<u8>> = layers.iter().map(|number| vec![*number; 40 * usize::from(*number) + 1]).collect();
            let layers: Vec<&[u8]> = layers.iter().map(Vec::as_slice).collect();
            Sample::new(version, sequence, &[("a", &layers)])
        };
        let (old, new) = (sample("1.0.0", 1, &old), sample("1.1.0", 2, &new));
        let mut open = chosen.iter().cycle();
        let known: BTreeSet<Digest> =
            old.digests().into_iter().filter(|_| *open.next().expect("endless")).collect();
        let ((_a, whole), (_b, part)) = (store(), store());
        for store in [&whole, &part] {
            ingest(store, Cursor::new(old.bundle())).expect("old");
        }
        let by_whole = ingest(&whole, Cursor::new(new.bundle())).expect("whole");
        let by_delta = ingest(&part, Cursor::new(new.delta(&[("sample-1.0.0", &known)]))).expect("delta");
        prop_assert_eq!(by_whole, by_delta);
        prop_assert_eq!(tree(&whole), tree(&part));
    }
}
