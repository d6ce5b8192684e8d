use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::backup::catalogue::{Alarm, Listing};
use crate::backup::record::Record;
use crate::backup::retention::{Decision, Reason};
use crate::backup::set::tests::set;

const NOW: u64 = 1_795_000_000_000;
const DAY: u64 = 86_400_000;

/// A repository with `sets`, one a day, of which the rules let the `going` oldest go.
struct Repository {
    sets: Vec<SetManifest>,
    listed: BTreeSet<Digest>,
    catalogue: Catalogue,
    preview: Preview,
}

fn repository(sets: u64, going: usize) -> Repository {
    let mut sets: Vec<SetManifest> = (1..=sets).rev().map(|n| set(NOW - n * DAY)).collect();
    sets.sort_by_key(|set| set.id);
    let stray = Digest::of(b"stray");
    let mut snapshots: BTreeMap<Digest, Timestamp> =
        sets.iter().flat_map(SetManifest::snapshots).map(|snapshot| (snapshot, Timestamp(NOW - 90 * DAY))).collect();
    snapshots.insert(stray, Timestamp(NOW - 9 * DAY));
    let listing = Listing {
        sets: sets.iter().map(|set| (set.object(), Ok(set.clone()))).collect(),
        snapshots: snapshots.clone(),
    };
    let catalogue = Catalogue::of(listing, &BTreeSet::new(), Timestamp(NOW));
    let decision = |(place, set): (usize, &SetManifest)| Decision {
        id: set.id,
        made: set.made,
        kept: if place < going { Vec::new() } else { vec![Reason::Last] },
    };
    let preview = Preview { decisions: sets.iter().enumerate().map(decision).collect() };
    Repository { listed: snapshots.into_keys().collect(), catalogue, preview, sets }
}

impl Repository {
    fn evidence(&self) -> Evidence<'_> {
        Evidence {
            now: Timestamp(NOW),
            listed: Some(&self.listed),
            listed_again: Some(&self.listed),
            catalogue: &self.catalogue,
            remembered: &self.sets,
            preview: &self.preview,
            check: Some(Check { ended: Timestamp(NOW - DAY), errors: 0 }),
            lease: Some(HeldLease { token: 8, expires: Timestamp(NOW + 120_000) }),
            operation: None,
            listing_trusted: true,
        }
    }
}

#[test]
fn without_a_doubt_what_only_the_going_sets_need_goes() {
    let repository = repository(10, 4);
    let plan = decide(&repository.evidence(), &Policy::default()).expect("allowed");
    let going: Vec<SetId> = repository.sets[..4].iter().map(|set| set.id).collect();
    assert_eq!((plan.sets(), plan.token()), (going.as_slice(), 8));
    // One snapshot of each of them is its own, the six others are shared with sets that stay; and the stray one.
    assert_eq!(plan.snapshots().len(), 5);
    assert!(plan.snapshots().contains(&Digest::of(b"stray")));
    let needed: BTreeSet<Digest> = repository.sets[4..].iter().flat_map(SetManifest::snapshots).collect();
    assert!(plan.snapshots().iter().all(|snapshot| !needed.contains(snapshot)));
    assert_eq!((plan.keep_delete(), plan.keep_pack()), (LEAST_KEEP_DELETE, LEAST_KEEP_PACK));
}

#[test]
fn sets_go_before_snapshots_and_data_last_all_under_one_token() {
    use crate::backup::plan::{Back, VaultStep, prune};
    let repository = repository(10, 4);
    let plan = decide(&repository.evidence(), &Policy::default()).expect("allowed");
    let steps = prune(&plan, "disk");
    let tokens: Vec<u64> = steps
        .iter()
        .filter_map(|planned| match &planned.step {
            VaultStep::ForgetSets { token, sets } if sets == plan.sets() => Some(*token),
            VaultStep::ForgetSnapshots { token, snapshots } if snapshots == plan.snapshots() => Some(*token),
            VaultStep::PruneData { token, keep_delete: 604_800, keep_pack: 86_400 } => Some(*token),
            VaultStep::PruneLogs { token } => Some(*token),
            _ => None,
        })
        .collect();
    assert_eq!(tokens, [8; 4]);
    assert!(steps[1..5].iter().all(|planned| planned.back == Back::Impossible));
    assert!(
        matches!(steps[1].step, VaultStep::ForgetSets { .. })
            && matches!(steps[2].step, VaultStep::ForgetSnapshots { .. })
    );
}

#[test]
fn each_doubt_alone_stops_it() {
    let repository = repository(10, 4);
    let good = repository.evidence();
    let mut page_lost = repository.listed.clone();
    page_lost.pop_first();
    let mut alarmed = repository.catalogue.clone();
    alarmed.alarms.push(Alarm::Vanished { set: repository.sets[0].id });
    let mut other =
        Repository { preview: Preview { decisions: repository.preview.decisions.clone() }, ..self::repository(10, 4) };
    other.preview.decisions.pop();
    let strange = [set(NOW - 200 * DAY)];
    let cases: Vec<(Evidence<'_>, Refusal)> = vec![
        (Evidence { listed: None, ..good.clone() }, Refusal::ListingDoubtful),
        (Evidence { listed_again: None, ..good.clone() }, Refusal::ListingDoubtful),
        (Evidence { listing_trusted: false, ..good.clone() }, Refusal::ListingDoubtful),
        (Evidence { listed_again: Some(&page_lost), ..good.clone() }, Refusal::ListingsDiffer { snapshots: 1 }),
        (Evidence { remembered: &strange, ..good.clone() }, Refusal::SnapshotsMissing { snapshots: 1 }),
        (Evidence { catalogue: &alarmed, ..good.clone() }, Refusal::Alarms { alarms: 1 }),
        (Evidence { preview: &other.preview, ..good.clone() }, Refusal::PreviewStale),
        (Evidence { check: None, ..good.clone() }, Refusal::CheckOld),
        (
            Evidence { check: Some(Check { ended: Timestamp(NOW - DAY - 1), errors: 0 }), ..good.clone() },
            Refusal::CheckOld,
        ),
        (Evidence { check: Some(Check { ended: Timestamp(NOW + 1), errors: 0 }), ..good.clone() }, Refusal::CheckOld),
        (
            Evidence { check: Some(Check { ended: Timestamp(NOW), errors: 3 }), ..good.clone() },
            Refusal::CheckFailed { errors: 3 },
        ),
        (Evidence { lease: None, ..good.clone() }, Refusal::LeaseLost),
        (
            Evidence { lease: Some(HeldLease { token: 8, expires: Timestamp(NOW + 119_999) }), ..good.clone() },
            Refusal::LeaseLost,
        ),
        (Evidence { operation: Some("x"), ..good.clone() }, Refusal::Operation { name: "x".to_owned() }),
    ];
    for (evidence, refusal) in cases {
        assert_eq!(decide(&evidence, &Policy::default()), Err(vec![refusal]));
    }
    // A listing that lost a page twice is noticed by what is remembered.
    let twice = Evidence { listed: Some(&page_lost), listed_again: Some(&page_lost), ..good.clone() };
    let refusals = decide(&twice, &Policy::default()).expect_err("a page is lost");
    assert!(refusals.iter().any(|one| matches!(one, Refusal::SnapshotsMissing { .. } | Refusal::PreviewStale)));
    for policy in [
        Policy { keep_delete: Duration::from_secs(7 * 86_400 - 1), ..Policy::default() },
        Policy { keep_pack: Duration::ZERO, ..Policy::default() },
    ] {
        assert_eq!(decide(&good, &policy), Err(vec![Refusal::KeepTooShort]));
    }
}

#[test]
fn too_much_at_once_is_refused() {
    for (sets, going, refused) in [(10, 5, false), (10, 6, true), (3, 1, false), (200, 51, true), (200, 50, false)] {
        let repository = repository(sets, going);
        let decided = decide(&repository.evidence(), &Policy::default());
        assert_eq!(decided.is_err(), refused, "{going} of {sets}");
    }
    let all = repository(4, 4);
    let refusals = decide(&all.evidence(), &Policy { most_percent: 100, ..Policy::default() });
    assert_eq!(refusals, Err(vec![Refusal::NothingLeft]));
    let none = repository(4, 0);
    assert_eq!(decide(&none.evidence(), &Policy::default()).expect("only garbage").sets(), &[]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    /// Whatever a listing leaves out, nothing that a set needs is ever among what goes.
    #[test]
    fn a_listing_that_leaves_something_out_never_costs_data(
        lost in prop::collection::btree_set(0_usize..12, 0..4), lost_again in prop::collection::btree_set(0_usize..12, 0..4), going in 0_usize..6,
    ) {
        let repository = repository(6, going);
        let without = |lost: &BTreeSet<usize>| -> BTreeSet<Digest> {
            repository.listed.iter().enumerate().filter(|(n, _)| !lost.contains(n)).map(|(_, one)| *one).collect()
        };
        let (first, second) = (without(&lost), without(&lost_again));
        let snapshots = first.iter().map(|one| (*one, Timestamp(NOW - 9 * DAY))).collect();
        let sets = repository.sets.iter().map(|set| (set.object(), Ok(set.clone()))).collect();
        let remembered = repository.sets.iter().map(|set| set.id).collect();
        let catalogue = Catalogue::of(Listing { sets, snapshots }, &remembered, Timestamp(NOW));
        let evidence = Evidence { listed: Some(&first), listed_again: Some(&second), catalogue: &catalogue, ..repository.evidence() };
        match decide(&evidence, &Policy { most_percent: 100, ..Policy::default() }) {
            Err(refusals) => prop_assert!(!refusals.is_empty()),
            Ok(plan) => {
                let staying: BTreeSet<Digest> = repository.sets[going..].iter().flat_map(SetManifest::snapshots).collect();
                prop_assert!(plan.snapshots().iter().all(|one| !staying.contains(one)));
                // Only the loss of the stray snapshot itself, in both listings, goes unnoticed.
                prop_assert!(first == second);
                let wanted: BTreeSet<Digest> = repository.sets.iter().flat_map(SetManifest::snapshots).collect();
                prop_assert!(wanted.is_subset(&first));
            }
        }
    }
}
