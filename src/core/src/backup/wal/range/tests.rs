use proptest::prelude::*;

use super::*;
use crate::backup::id::Ulid;
use crate::backup::set::SetManifest;
use crate::backup::set::tests::{incarnation, log};

const SEGMENT: u64 = 16 << 20;

fn timeline(number: u32) -> Timeline {
    Timeline::new(number).expect("not 0")
}

fn set(number: u8) -> SetId {
    SetId(Ulid::new(Timestamp(u64::from(number)), [number; 10]))
}

/// Segments close every 1000 ms: segment n at n * 1000.
fn archive(segments: &[(u32, std::ops::Range<u64>)]) -> Archive {
    let seen = |number: u64| Seen { verified: true, closed: Timestamp(number * 1000) };
    let of = |(on, numbers): &(u32, std::ops::Range<u64>)| {
        let on = timeline(*on);
        numbers.clone().map(move |number| ((on, SegmentNumber(number)), seen(number))).collect::<Vec<_>>()
    };
    let base = log(1, 2);
    Archive {
        system: base.system,
        incarnation: base.incarnation,
        size: base.segment_bytes,
        segments: segments.iter().flat_map(of).collect(),
        histories: BTreeMap::new(),
    }
}

/// A base that starts in segment `start` and is consistent in the next one, at `(start + 1) * 1000 + 500`.
fn base(start: u64) -> LogPosition {
    LogPosition {
        stop_time: Timestamp((start + 1) * 1000 + 500),
        ..log(start * SEGMENT + 40, (start + 1) * SEGMENT + 500)
    }
}

#[test]
fn a_range_ends_at_the_first_gap() {
    let archive = archive(&[(1, 3..8), (1, 10..12)]);
    assert_eq!(
        archive.gaps(timeline(1)),
        vec![Gap { timeline: timeline(1), first: SegmentNumber(8), last: SegmentNumber(9) }]
    );
    let ranges = archive.ranges(set(1), &base(3));
    assert_eq!(ranges.len(), 1);
    assert_eq!((ranges[0].from.1, ranges[0].to), (Timestamp(4500), (Lsn(8 * SEGMENT), Timestamp(7000))));
    assert_eq!(ranges[0].gap, Some(SegmentNumber(8)));
    assert_eq!(archive.ranges(set(1), &base(10))[0].gap, None);
    // Without its own first or last segment a base is nothing.
    for bad in [2, 7, 8, 9, 11, 12, 500] {
        assert_eq!(archive.ranges(set(1), &base(bad)), vec![], "{bad}");
    }
    let mut other = base(3);
    other.incarnation = incarnation(9);
    assert!(archive.ranges(set(1), &other).is_empty());
}

#[test]
fn a_segment_that_was_not_verified_is_a_gap() {
    let mut archive = archive(&[(1, 3..8)]);
    archive.segments.insert((timeline(1), SegmentNumber(6)), Seen { verified: false, closed: Timestamp(6000) });
    assert_eq!(archive.ranges(set(1), &base(3))[0].to.0, Lsn(6 * SEGMENT));
    assert_eq!(archive.gaps(timeline(1)).len(), 1);
}

#[test]
fn a_failover_is_followed_over_the_segment_in_which_it_was() {
    // Timeline 1 was left in segment 6, which timeline 1 never finished; timeline 2 begins with it.
    let mut archive = archive(&[(1, 3..6), (2, 6..9)]);
    let at = Lsn(6 * SEGMENT + 100);
    let history = format!("1\t{at}\tno recovery target specified\n");
    let history = History::parse(timeline(2), history.as_bytes()).expect("a history");
    archive.histories.insert(timeline(2), history);
    let ranges = archive.ranges(set(1), &base(3));
    assert_eq!(
        ranges.iter().map(|range| (range.timeline, range.to.0)).collect::<Vec<_>>(),
        vec![(timeline(1), Lsn(6 * SEGMENT)), (timeline(2), Lsn(9 * SEGMENT)),]
    );
    assert!(ranges[1].reaches(timeline(1), at) && !ranges[1].reaches(timeline(1), Lsn(at.0 + 1)));
    assert!(ranges[1].reaches(timeline(2), Lsn(8 * SEGMENT)) && !ranges[0].reaches(timeline(2), at));
    let recovery = choose(&Target::Latest, &ranges, &[], Timestamp(99_000)).expect("a range");
    assert_eq!(recovery.range.timeline, timeline(2));
    // A base that is consistent only behind the switch does not go over it.
    assert_eq!(archive.ranges(set(1), &base(5)), vec![]);
    // Without the first segment of the new timeline there is only the old one.
    archive.segments.remove(&(timeline(2), SegmentNumber(6)));
    assert_eq!(archive.ranges(set(1), &base(3)).len(), 1);
}

#[test]
fn a_wish_is_met_or_refused_with_what_there_is() {
    let archive = archive(&[(1, 3..8), (1, 10..15)]);
    let ranges: Vec<_> =
        [(1, 3), (2, 5), (3, 10)].into_iter().flat_map(|(id, start)| archive.ranges(set(id), &base(start))).collect();
    let now = Timestamp(20_000);
    let time = |time| choose(&Target::Time(Timestamp(time)), &ranges, &[], now);
    assert_eq!(time(4500).expect("exactly the first instant").range.set, set(1));
    assert_eq!(time(6600).expect("two bases").range.set, set(2), "the later base has less to replay");
    assert_eq!(time(14_000).expect("the last instant").stop, Stop::Time(Timestamp(14_000)));
    assert_eq!(time(4499), Err(Refusal::BeforeOldest { oldest: Timestamp(4500) }));
    assert_eq!(time(9000), Err(Refusal::InGap { before: Timestamp(7000), after: Timestamp(11_500) }));
    assert_eq!(time(14_001), Err(Refusal::NotYet { latest: Timestamp(14_000) }));
    assert_eq!(time(20_001), Err(Refusal::Future));
    assert_eq!(choose(&Target::Latest, &[], &[], now), Err(Refusal::Nothing));
    assert_eq!(choose(&Target::Set(set(9)), &ranges, &[], now), Err(Refusal::SetUnknown));
    assert_eq!(choose(&Target::Set(set(2)), &ranges, &[], now).expect("a set").stop, Stop::Immediate);
    let point =
        |name: &str, at| Point { name: name.to_owned(), incarnation: ranges[0].incarnation, timeline: timeline(1), at };
    let named = SetManifest::restore_point(set(2));
    let points = [
        point("before-import", Lsn(7 * SEGMENT)),
        point("lost", Lsn(9 * SEGMENT)),
        point("twice", Lsn(7 * SEGMENT)),
        point("twice", Lsn(6 * SEGMENT)),
        point(&named, Lsn(7 * SEGMENT + 5)),
    ];
    let to = |name: &str| choose(&Target::Point(name.to_owned()), &ranges, &points, now);
    assert_eq!(to("before-import").expect("a place").stop, Stop::Name("before-import".to_owned()));
    assert_eq!(to("lost"), Err(Refusal::PointUnknown), "in a gap");
    assert_eq!(to("nowhere"), Err(Refusal::PointUnknown));
    assert_eq!(to("twice"), Err(Refusal::PointAmbiguous));
    assert_eq!(choose(&Target::Set(set(2)), &ranges, &points, now).expect("a set").stop, Stop::Name(named));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]
    /// Whatever is missing: what is offered has every segment from the start of its base to its end.
    #[test]
    fn only_what_is_there_is_offered(there in prop::collection::btree_set(0_u64..40, 0..40), starts in prop::collection::vec(0_u64..40, 1..5), time in 0_u64..50_000) {
        let mut archive = archive(&[]);
        for number in &there {
            archive.segments.insert((timeline(1), SegmentNumber(*number)), Seen { verified: true, closed: Timestamp(number * 1000) });
        }
        let ranges: Vec<_> = starts.iter().zip(1..).flat_map(|(start, id)| archive.ranges(set(id), &base(*start))).collect();
        for range in &ranges {
            let start = starts[usize::try_from(range.set.0.time().0).expect("small") - 1];
            let end = range.to.0.0 / SEGMENT;
            prop_assert!((start..end).all(|number| there.contains(&number)) && !there.contains(&end));
            prop_assert_eq!(range.gap.is_some(), there.iter().any(|number| *number > end));
            prop_assert!(range.from.1 <= range.to.1 && range.from.0 <= range.to.0);
        }
        for start in &starts {
            let complete = there.contains(start) && there.contains(&(start + 1));
            prop_assert_eq!(complete, !archive.ranges(set(1), &base(*start)).is_empty());
        }
        match choose(&Target::Time(Timestamp(time)), &ranges, &[], Timestamp(50_000)) {
            Ok(found) => prop_assert!(found.range.from.1.0 <= time && time <= found.range.to.1.0),
            Err(refusal) => {
                prop_assert!(ranges.iter().all(|range| time < range.from.1.0 || range.to.1.0 < time));
                if let Refusal::InGap { before, after } = refusal {
                    prop_assert!(before.0 < time && time < after.0);
                }
            }
        }
    }
}
