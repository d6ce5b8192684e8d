//! Every trouble at every operation on the file system, for each thing that writes: afterwards a release is complete or
//! absent, nothing that is named is missing, and the same command again reaches the end that it would have reached.

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use bridle_core::port::sim::{CrashFs, PowerCut, Trouble};

use super::resuming::{Stick, plugged};
use super::*;

/// A thing that writes, from a store that was prepared for it.
struct Act {
    name: &'static str,
    prepare: fn(&CrashFs, &Store),
    run: fn(&Store) -> Result<(), StoreError>,
    /// What must hold after every trouble, before the second run.
    holds: fn(&Store, &str),
}

static SAMPLE: LazyLock<Sample> = LazyLock::new(Sample::one);
static ONE: LazyLock<Vec<u8>> = LazyLock::new(|| SAMPLE.bundle());
static TWO: LazyLock<Vec<u8>> =
    LazyLock::new(|| Sample::new("1.1.0", 2, &[("a", &[&b"layer ".repeat(200), b"new top"])]).bundle());
static DELTA: LazyLock<Vec<u8>> = LazyLock::new(|| {
    Sample::new("1.1.0", 2, &[("a", &[&b"layer ".repeat(200), b"new top"])])
        .delta(&[("sample-1.0.0", &SAMPLE.digests())])
});
static LOST: LazyLock<Vec<u8>> = LazyLock::new(|| Sample::new("0.9.0", 1, &[("z", &[b"lost"])]).bundle());

const ACTS: &[Act] = &[
    Act {
        name: "ingest",
        prepare: |_, store| {
            plugged(store, Stick::new(&ONE)).expect("one");
        },
        run: |store| plugged(store, Stick::new(&TWO)).map(drop),
        holds: |store, case| {
            assert!(store.pin("sample-1.0.0").expect("pin").is_some(), "{case}");
            assert_eq!(damages(store), [], "{case}");
        },
    },
    Act {
        name: "delta",
        prepare: |_, store| {
            plugged(store, Stick::new(&ONE)).expect("one");
        },
        run: |store| plugged(store, Stick::new(&DELTA)).map(drop),
        holds: |store, case| {
            assert!(store.pin("sample-1.0.0").expect("pin").is_some(), "{case}");
            assert_eq!(damages(store), [], "{case}");
        },
    },
    Act {
        name: "remove",
        prepare: |_, store| {
            plugged(store, Stick::new(&ONE)).expect("one");
            plugged(store, Stick::new(&TWO)).expect("two");
        },
        run: |store| match store.remove_release("sample-1.0.0", &idle(), LATER) {
            Err(StoreError::Absent { .. }) | Ok(_) => Ok(()),
            Err(error) => Err(error),
        },
        holds: |store, case| {
            assert!(store.pin("sample-1.1.0").expect("pin").is_some(), "{case}");
            assert_eq!(damages(store), [], "{case}");
        },
    },
    Act {
        name: "collect",
        prepare: |_, store| {
            plugged(store, Stick::new(&ONE)).expect("one");
            assert!(ingest(store, Failing { bytes: &TWO, left: TWO.len() - 1100 }).is_err());
            plugged(store, Stick::new(&LOST)).expect("a release whose removal was cut off");
            pin::remove(store.fs(), &store.pins(), "sample-0.9.0").expect("remove");
        },
        run: |store| store.collect(&idle(), LATER, false).map(drop),
        holds: |store, case| {
            assert!(store.pin("sample-1.0.0").expect("pin").is_some(), "{case}");
            assert_eq!(damages(store), [], "{case}");
        },
    },
    Act {
        name: "repair",
        prepare: |fs, store| {
            let sample = &*SAMPLE;
            plugged(store, Stick::new(&ONE)).expect("one");
            fs.overwrite(&store.blob_path(&sample.release.programs["installer"].digest), b"rotten");
            fs.overwrite(&store.blob_path(&sample.release.images["bridle.internal/a:1.0.0"].manifest), b"{}");
            store.fs().remove_file(&store.blob_path(&sample.release.programs["k3s"].digest)).expect("remove");
            store.fs().sync_dir(&store.blobs()).expect("sync");
        },
        run: |store| {
            let bundle = OpenedBundle::open(Stick::new(&ONE))?.verify(&trusted(), &Conditions::default())?;
            let repaired = store.repair(bundle, 7, &mut |_| ControlFlow::Continue(()))?;
            assert_eq!(repaired.left, []);
            Ok(())
        },
        holds: |store, case| {
            assert!(store.pin("sample-1.0.0").expect("pin").is_some(), "{case}");
            let sample = &*SAMPLE;
            let rotten = [
                sample.release.programs["installer"].digest,
                sample.release.programs["k3s"].digest,
                sample.release.images["bridle.internal/a:1.0.0"].manifest,
            ];
            for damage in damages(store) {
                let digest = damage.blob.expect("a blob").digest;
                assert!(rotten.contains(&digest), "{case}: {digest} was whole before");
            }
        },
    },
];

fn troubles() -> Vec<Trouble> {
    let mut all =
        vec![Trouble::Kill, Trouble::KillWithin, Trouble::NoSpace("/"), Trouble::SyncError, Trouble::ReadOnly];
    let corners = PowerCut::corners();
    all.extend(corners.iter().map(|cut| Trouble::PowerCut(*cut)));
    // What a cut leaves is told apart by the ones above; within an operation the corners of the corners are enough.
    all.extend(corners.iter().step_by(4).map(|cut| Trouble::PowerCutWithin(*cut)));
    all
}

fn ready(act: &Act) -> (CrashFs, Store) {
    let fs = CrashFs::default();
    let store = Store::over(Arc::new(fs.clone()), Path::new("/store")).expect("open");
    (act.prepare)(&fs, &store);
    (fs, store)
}

/// What the store is at the end, the time stamps of pins apart.
fn end(fs: &CrashFs) -> Vec<(PathBuf, String, Vec<u8>)> {
    fs.tree(Path::new("/store"))
}

/// Runs `act` once for each of `runs`, with its troubles at these operations, counted from the run's beginning, and then
/// again in peace.
fn endure(act: &Act, runs: &[&[(u64, Trouble)]]) -> Vec<(PathBuf, String, Vec<u8>)> {
    let (fs, store) = ready(act);
    let case = format!("{}: {runs:?}", act.name);
    for strikes in runs {
        let before = fs.operations();
        for (at, trouble) in *strikes {
            fs.strike(before + at, *trouble);
        }
        let _outcome = (act.run)(&store);
        if fs.is_dead() {
            fs.restart();
        }
        fs.mend();
        fs.calm();
        assert_eq!(fs.locks(), Vec::<PathBuf>::new(), "{case}");
        (act.holds)(&store, &case);
    }
    let again = (act.run)(&store);
    assert!(again.is_ok(), "{case}: the second run: {again:?}");
    (act.holds)(&store, &case);
    end(&fs)
}

#[test]
fn any_trouble_at_any_operation_leaves_the_old_or_the_new() {
    let mut cases = 0;
    for act in ACTS {
        let (fs, store) = ready(act);
        let begin = fs.operations();
        (act.run)(&store).expect("in peace");
        let (operations, wanted) = (fs.operations() - begin, end(&fs));
        assert!(operations > 5, "{} does {operations} operations", act.name);
        for at in 1..=operations {
            for trouble in troubles() {
                let found = endure(act, &[&[(at, trouble)]]);
                let names = |tree: &[(PathBuf, String, Vec<u8>)]| {
                    tree.iter().map(|(path, _, _)| path.clone()).collect::<Vec<_>>()
                };
                assert_eq!(names(&found), names(&wanted), "{} at {at}: {trouble:?}", act.name);
                assert!(found == wanted, "{} at {at}: {trouble:?}: other content", act.name);
                cases += 1;
            }
        }
        println!("{}: {operations} operations", act.name);
    }
    println!("{cases} cases, all ended whole");
    assert!(cases > 1000, "{cases}");
}

#[test]
fn a_second_trouble_on_the_way_back_changes_nothing() {
    let hard = PowerCut::HARD;
    for act in ACTS {
        let (fs, store) = ready(act);
        let begin = fs.operations();
        (act.run)(&store).expect("in peace");
        let (operations, wanted) = (fs.operations() - begin, end(&fs));
        for first in (1..=operations).step_by(2) {
            for second in (1..=operations).step_by(7) {
                let runs: [&[_]; 2] = [&[(first, Trouble::KillWithin)], &[(second, Trouble::PowerCutWithin(hard))]];
                assert!(endure(act, &runs) == wanted, "{}: {runs:?}", act.name);
            }
            // A failed sync, killed before anything could be cleared away; what the next run then builds on must be on disk
            // when the power goes right after it.
            let lost: &[_] = &[(first, Trouble::SyncError), (first + 1, Trouble::Kill)];
            assert!(endure(act, &[lost]) == wanted, "{}: {lost:?}", act.name);
            after_a_cut_everything_is_there(act, lost, &wanted);
        }
    }
}

/// As [`endure`], but the power goes once the second run has ended: what it said to be done must be on disk.
fn after_a_cut_everything_is_there(act: &Act, strikes: &[(u64, Trouble)], wanted: &[(PathBuf, String, Vec<u8>)]) {
    let (fs, store) = ready(act);
    let before = fs.operations();
    for (at, trouble) in strikes {
        fs.strike(before + at, *trouble);
    }
    let _outcome = (act.run)(&store);
    if fs.is_dead() {
        fs.restart();
    }
    fs.calm();
    (act.run)(&store).expect("the second run");
    fs.cut(PowerCut::HARD);
    fs.restart();
    let case = format!("{}: {strikes:?}", act.name);
    (act.holds)(&store, &case);
    let pins = |tree: &[(PathBuf, String, Vec<u8>)]| {
        tree.iter()
            .map(|(path, _, _)| path.clone())
            .filter(|path| path.starts_with("/store/releases"))
            .collect::<Vec<_>>()
    };
    assert_eq!(pins(&end(&fs)), pins(wanted), "{case}");
}

#[test]
fn a_store_that_was_opened_halfway_once_keeps_what_it_takes_in_later() {
    let opened = |fs: &CrashFs| Store::over(Arc::new(fs.clone()), Path::new("/store"));
    let fs = CrashFs::default();
    opened(&fs).expect("in peace");
    let operations = fs.operations();
    assert!(operations >= 10, "{operations}");
    for at in 1..=operations {
        for strikes in [&[(at, Trouble::Kill)][..], &[(at, Trouble::SyncError), (at + 1, Trouble::Kill)]] {
            let fs = CrashFs::default();
            strikes.iter().for_each(|(at, trouble)| fs.strike(*at, *trouble));
            let _interrupted = opened(&fs);
            if fs.is_dead() {
                fs.restart();
            }
            fs.mend();
            fs.calm();
            let store = opened(&fs).expect("open");
            plugged(&store, Stick::new(&ONE)).expect("one");
            fs.cut(PowerCut::HARD);
            fs.restart();
            assert!(store.pin("sample-1.0.0").expect("pin").is_some(), "{strikes:?}");
            assert_eq!(damages(&store), [], "{strikes:?}");
        }
    }
}
