//! What a collection takes and what it never takes.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::time::SystemTime;

use bridle_core::store::collection::Refusal;
use bridle_core::store::space::Amount;
use proptest::prelude::*;

use super::*;

fn two() -> Sample {
    Sample::new("1.1.0", 2, &[("a", &[&b"layer ".repeat(200), b"new top"])])
}

fn half_way(store: &Store, sample: &Sample) {
    let bundle = sample.bundle();
    assert!(ingest(store, Failing { bytes: &bundle, left: bundle.len() - 1024 }).is_err());
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
    Timestamp(u64::try_from(since.as_millis()).expect("fits"))
}

#[test]
fn what_an_interrupted_ingest_left_is_kept_for_a_day() {
    let (_directory, store) = store();
    half_way(&store, &Sample::one());
    let before = blobs_there(&store);
    let young = store.collect(&idle(), now(), false).expect("collect");
    assert_eq!((young.sweep.blobs.len(), young.sweep.recent >= before.len() as u64), (0, true));
    assert_eq!(blobs_there(&store), before);

    let tomorrow = Timestamp(now().0 + 24 * 3600 * 1000 + 1);
    let dry = store.collect(&idle(), tomorrow, true).expect("dry run");
    assert_eq!((dry.sweep.blobs.len(), &blobs_there(&store)), (before.len(), &before));
    let old = store.collect(&idle(), tomorrow, false).expect("collect");
    assert_eq!((old, blobs_there(&store)), (dry, BTreeSet::new()));
}

#[test]
fn nothing_goes_while_anything_is_not_known() {
    let (_directory, store) = store();
    ingest(&store, Cursor::new(Sample::one().bundle())).expect("one");
    ingest(&store, Cursor::new(two().bundle())).expect("two");
    half_way(&store, &Sample::new("1.2.0", 3, &[("c", &[b"third"])]));
    let before = blobs_there(&store);
    let refused = |result: Result<Collected, StoreError>| match result {
        Err(StoreError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(store.collect(&InUse::Unknown, LATER, false)), Refusal::Use);
    assert_eq!(refused(store.remove_release("sample-1.0.0", &InUse::Unknown, LATER)), Refusal::Use);

    let pin = store.pins().join("sample-1.1.0.json");
    let whole = fs::read(&pin).expect("pin");
    fs::remove_file(&pin).expect("remove");
    fs::write(&pin, &whole[..whole.len() / 2]).expect("write");
    let torn = Refusal::Record("sample-1.1.0".to_owned());
    assert_eq!(refused(store.collect(&idle(), LATER, false)), torn);
    assert_eq!(refused(store.remove_release("sample-1.0.0", &idle(), LATER)), torn);
    assert!(store.pin("sample-1.0.0").expect("pin").is_some(), "refused before anything went");
    assert_eq!(blobs_there(&store), before);
    // What is damaged does not take the rest with it.
    assert!(store.resolve("bridle.internal/a:1.0.0", None).expect("resolve").is_some());
    assert_eq!(damages(&store)[0].kind, DamageKind::Record);
    assert_eq!(repair(&store, &two().bundle()).expect("repair").left, []);
    assert_eq!(store.pin("sample-1.1.0").expect("pin").expect("there").sequence, 2);
}

#[test]
fn what_containers_use_stays_without_a_release() {
    let (_directory, store) = store();
    let one = Sample::one();
    ingest(&store, Cursor::new(one.bundle())).expect("one");
    ingest(&store, Cursor::new(two().bundle())).expect("two");
    let image = &one.release.images["bridle.internal/a:1.0.0"];
    let by_digest = InUse::Images(BTreeSet::from([format!("bridle.internal/a@{}", image.manifest)]));
    let by_tag = InUse::Images(BTreeSet::from(["bridle.internal/a:1.0.0".to_owned()]));
    for in_use in [&by_digest, &by_tag] {
        let refused = store.remove_release("sample-1.0.0", in_use, LATER);
        assert!(matches!(refused, Err(StoreError::InUse { .. })), "{refused:?}");
    }
    // Its pin is lost by other means: the image that runs keeps manifest, configuration and layers.
    pin::remove(store.fs(), &store.pins(), "sample-1.0.0").expect("remove");
    store.collect(&by_digest, LATER, false).expect("collect");
    let kept = blobs_there(&store);
    let manifest: bridle_core::oci::Manifest = serde_json::from_slice(&one.blobs[&image.manifest]).expect("manifest");
    let wanted = [image.manifest, manifest.config.digest].into_iter().chain(manifest.layers.iter().map(|l| l.digest));
    assert!(wanted.clone().all(|digest| kept.contains(&digest)));
    // The cluster may also name the configuration only.
    let by_config = InUse::Images(BTreeSet::from([manifest.config.digest.to_string()]));
    assert_eq!(store.collect(&by_config, LATER, false).expect("collect").sweep.blobs, []);
    store.collect(&idle(), LATER, false).expect("collect");
    assert!(!blobs_there(&store).contains(&image.manifest));
    assert_eq!(damages(&store), []);
}

#[test]
fn a_release_whose_running_images_another_one_has_can_go() {
    let (_directory, store) = store();
    let next = Sample::tagged("1.1.0", "1.0.0", 2, &[("a", &[b"new top"]), ("b", &[&b"layer ".repeat(200), b""])]);
    ingest(&store, Cursor::new(Sample::one().bundle())).expect("one");
    ingest(&store, Cursor::new(next.bundle())).expect("two");
    let (one, two) = (Sample::one().release.images, next.release.images);
    let same =
        |reference: &&String| two.get(*reference).is_some_and(|image| image.manifest == one[*reference].manifest);
    let shared: BTreeSet<String> = one.keys().filter(same).cloned().collect();
    let own: BTreeSet<String> = one.keys().filter(|reference| !same(reference)).cloned().collect();
    assert!(!shared.is_empty() && !own.is_empty(), "{shared:?} {own:?}");
    let refused = store.remove_release("sample-1.0.0", &InUse::Images(own), LATER);
    assert!(matches!(refused, Err(StoreError::InUse { .. })), "{refused:?}");
    store.remove_release("sample-1.0.0", &InUse::Images(shared), LATER).expect("removed");
    assert_eq!(damages(&store), []);
    let kept = blobs_there(&store);
    assert!(two.values().all(|image| kept.contains(&image.manifest)));
}

#[test]
fn a_removal_that_was_cut_off_is_ended_by_the_next() {
    let (_directory, store) = store();
    ingest(&store, Cursor::new(Sample::one().bundle())).expect("one");
    pin::remove(store.fs(), &store.pins(), "sample-1.0.0").expect("the power goes here");
    let gone = store.remove_release("sample-1.0.0", &idle(), now()).expect("again");
    assert!(!gone.sweep.blobs.is_empty());
    assert_eq!(fs::read_dir(store.pins()).expect("list").count(), 0);
    assert_eq!(blobs_there(&store), BTreeSet::new());
}

#[test]
fn files_of_others_are_named_and_stay() {
    let (_directory, store) = store();
    ingest(&store, Cursor::new(Sample::one().bundle())).expect("one");
    let others = ["notes.txt", "blobs/sha256/notes", "ingest/notes.part", "releases/.notes", "blobs/md5"];
    for other in others {
        fs::write(store.root().join(other), b"mine").expect("write");
    }
    let told = store.collect(&idle(), LATER, false).expect("collect").unknown;
    assert_eq!(BTreeSet::from_iter(told.iter().map(String::as_str)), BTreeSet::from(others));
    for other in others {
        assert!(store.root().join(other).exists(), "{other}");
    }
    assert_eq!(store.space().expect("space").unknown, Amount { files: 5, bytes: 20, allocated: 5 * 4096 });
}

/// Bytes and blocks below a directory, with itself, as `du` counts them.
fn walk(path: &Path) -> (u64, u64) {
    let metadata = fs::symlink_metadata(path).expect("look");
    if !metadata.is_dir() {
        return (metadata.len(), metadata.blocks() * 512);
    }
    fs::read_dir(path)
        .expect("list")
        .map(|entry| walk(&entry.expect("entry").path()))
        .fold((0, metadata.blocks() * 512), |sum, part| (sum.0 + part.0, sum.1 + part.1))
}

fn sample_of(version: u8, layers: &[u8]) -> Sample {
    let layers: Vec<Vec<u8>> = layers.iter().map(|number| vec![*number; usize::from(*number) * 700]).collect();
    let layers: Vec<&[u8]> = layers.iter().map(Vec::as_slice).collect();
    Sample::new(&format!("1.{version}.0"), u64::from(version) + 1, &[("a", &layers)])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
    #[test]
    fn what_is_counted_is_what_is_on_disk(
        releases in proptest::collection::vec(proptest::collection::vec(0_u8..12, 1..4), 1..4),
        left in 0_usize..20_000,
        foreign in proptest::collection::vec(0_usize..9000, 0..3),
    ) {
        let (_directory, store) = store();
        for (version, layers) in (0..).zip(&releases) {
            ingest(&store, Cursor::new(sample_of(version, layers).bundle())).expect("ingest");
        }
        let half = sample_of(9, &[30, 31]).bundle();
        let _interrupted = ingest(&store, Failing { bytes: &half, left });
        for (number, size) in foreign.iter().enumerate() {
            fs::write(store.root().join(format!("foreign-{number}")), vec![7; *size]).expect("write");
        }
        let space = store.space().expect("space");
        let mut sum = (0, 0);
        let owns = space.releases.iter().map(|release| release.own);
        for part in owns.chain([space.shared, space.unreferenced, space.partial, space.records, space.unknown]) {
            sum = (sum.0 + part.bytes, sum.1 + part.allocated);
        }
        prop_assert_eq!(sum, walk(store.root()));
        prop_assert_eq!(sum, (space.total.bytes, space.total.allocated));
        // What a removal promises to free, it frees (directories keep their blocks).
        let oldest = &space.releases.last().expect("a release");
        let records = space.records;
        store.remove_release(&oldest.id, &idle(), LATER).expect("remove");
        let after = store.space().expect("space");
        prop_assert!(after.total.bytes <= space.total.bytes - oldest.own.bytes);
        prop_assert!(after.records.bytes < records.bytes);
    }
}
