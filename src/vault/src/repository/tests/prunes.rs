//! Removing: only what was agreed to, only without doubt, nothing at once.

use bridle_core::fault::{Fault, FaultCode};

use super::*;
use crate::store::{Call, Misbehaviour};

fn two_snapshots() -> (Bench, Archived, Archived) {
    let bench = Bench::new();
    bench.write("one", &noise(1, 500_000));
    let first = bench.save(None).expect("save");
    bench.write("two", &noise(2, 500_000));
    let second = bench.save(Some(&first)).expect("save");
    (bench, first, second)
}

#[test]
fn a_prune_marks_and_removes_nothing_at_once() {
    let (bench, first, second) = two_snapshots();
    bench.repository.forget(std::slice::from_ref(&second.snapshot)).expect("forget");
    let kept = [first.snapshot.clone()];
    let packs = bench.objects("data/");
    let plan = bench.repository.plan_prune(&kept, &bench.watch).expect("plan");
    let agreed = plan.forecast().clone();
    assert_eq!((agreed.packs_removed, agreed.bytes_removed), (0, 0), "{agreed:?}");
    assert_eq!(agreed.snapshots, [first.snapshot.to_string()]);
    bench.repository.prune(plan, &agreed).expect("prune");
    assert!(packs.iter().all(|pack| bench.objects("data/").contains(pack)), "packs of today stay");
    bench.restore(&first.snapshot, "restored").expect("restore");
    assert_eq!(bench.repository.check(Reading::All, None, &bench.watch).expect("check").count, 0);
}

#[test]
fn doubt_refuses() {
    let (bench, first, second) = two_snapshots();
    let known = [first.snapshot.clone(), second.snapshot];
    let refused = |answer: Result<Plan, RepositoryError>| {
        let error = answer.expect_err("refused");
        assert_eq!(Fault::from(&error).code, FaultCode::PruneRefused, "{error}");
    };
    // A listing that ends early, as some servers give under load.
    bench.store.order(Call::List, "snapshots/", 0, 1, Misbehaviour::Half);
    refused(bench.repository.plan_prune(&known, &bench.watch));
    bench.store.calm();
    let pack = bench.objects("data/").swap_remove(0).key;
    let bytes = bench.store.inner().get(&pack, u64::MAX).expect("pack");
    bench.store.inner().delete(&pack).expect("lost");
    refused(bench.repository.plan_prune(&known, &bench.watch));
    bench.store.inner().put(&pack, &[bytes], crate::store::Put::New).expect("back");
    let plan = bench.repository.plan_prune(&known, &bench.watch).expect("plan");
    let mut other = plan.forecast().clone();
    other.packs_marked += 1;
    let error = bench.repository.prune(plan, &other).expect_err("not what was agreed to");
    assert_eq!(Fault::from(error).code, FaultCode::PruneRefused);
    let plan = bench.repository.plan_prune(&known, &bench.watch).expect("plan");
    let agreed = plan.forecast().clone();
    bench.save(None).expect("meanwhile");
    let error = bench.repository.prune(plan, &agreed).expect_err("another snapshot came");
    assert_eq!(Fault::from(error).code, FaultCode::PruneRefused);
}
