//! A store that fails: a snapshot is whole or absent, and the cure is named.

use bridle_core::fault::Fault;

use super::*;
use crate::store::{Call, Misbehaviour, Trouble};

fn filled() -> Bench {
    let bench = Bench::new();
    bench.write("a/one", &noise(1, 2 << 20));
    bench.write("a/two", &noise(2, 100_000));
    bench.write("b/three", b"three");
    bench
}

#[test]
fn a_failed_write_anywhere_is_no_snapshot_and_names_its_cure() {
    for prefix in ["data/", "index/", "snapshots/"] {
        for trouble in [Trouble::Retryable, Trouble::Auth, Trouble::ClockSkew, Trouble::Quota, Trouble::Other] {
            let bench = filled();
            bench.store.order(Call::Put, prefix, 0, u32::MAX, Misbehaviour::Fail(trouble));
            let error = bench.save(None).expect_err("fails");
            assert_eq!(Fault::from(&error).code, trouble.code(), "{prefix} {trouble:?}: {error}");
            assert_eq!(bench.snapshots(), 0, "{prefix} {trouble:?}");
            bench.store.calm();
            let saved = bench.save(None).expect("the next one works");
            bench.restore(&saved.snapshot, "restored").expect("restore");
        }
    }
}

#[test]
fn one_failed_write_among_many_is_enough() {
    let bench = filled();
    // The second pack, while the first and all later ones are written.
    bench.store.order(Call::Put, "data/", 1, 1, Misbehaviour::Fail(Trouble::Retryable));
    assert_eq!(Fault::from(bench.save(None).expect_err("fails")).code, Trouble::Retryable.code());
    assert_eq!(bench.snapshots(), 0);
}

#[test]
fn a_write_that_was_done_and_not_answered_is_no_obstacle() {
    let bench = filled();
    bench.store.order(Call::Put, "data/", 0, 1, Misbehaviour::FailBehind(Trouble::Retryable));
    bench.save(None).expect_err("fails");
    bench.save(None).expect("the same pack again is the same pack");
}

#[test]
fn a_listing_that_fails_is_never_a_shorter_one() {
    let bench = filled();
    let first = bench.save(None).expect("save");
    for prefix in ["index/", "snapshots/"] {
        bench.store.order(Call::List, prefix, 0, 1, Misbehaviour::Fail(Trouble::Retryable));
        let failed = match prefix {
            "index/" => bench.save(Some(&first)).map(|_| ()),
            _ => bench.repository.snapshots().map(|_| ()),
        };
        assert_eq!(Fault::from(failed.expect_err(prefix)).code, Trouble::Retryable.code(), "{prefix}");
        bench.store.calm();
    }
    assert_eq!(bench.snapshots(), 1);
}

#[test]
fn what_comes_back_altered_or_short_is_not_believed() {
    let bench = filled();
    let saved = bench.save(None).expect("save");
    for what in [Misbehaviour::Flip, Misbehaviour::Half] {
        for prefix in ["index/", "snapshots/", "data/", "config"] {
            bench.store.order(Call::Get, prefix, 0, u32::MAX, what);
            bench.restore(&saved.snapshot, "altered").expect_err(prefix);
            bench.store.calm();
        }
    }
    bench.restore(&saved.snapshot, "whole").expect("restore");
}

#[test]
fn a_full_store_keeps_what_it_had() {
    let bench = Bench::over(Memory::with_room(2 << 20));
    bench.write("one", &noise(1, 1 << 20));
    let first = bench.save(None).expect("fits");
    bench.write("two", &noise(2, 4 << 20));
    assert_eq!(Fault::from(bench.save(Some(&first)).expect_err("full")).code, Trouble::Quota.code());
    assert_eq!(bench.snapshots(), 1);
    bench.restore(&first.snapshot, "restored").expect("restore");
}
