//! What of the log may go: only what lies before the start of the oldest base that is kept.

use std::collections::{BTreeMap, BTreeSet};

use super::name::{SegmentNumber, SegmentSize, SystemId, WalFile, WalObject};
use crate::backup::id::Incarnation;
use crate::backup::set::LogPosition;

/// The objects that no kept base needs, of those that a complete listing has.
///
/// Of a log with a kept base: segments and notes before the first segment of the oldest one, on every timeline. Of a log with
/// none: everything, unless it is `live` (a server writes it now, and its first base may not be done yet). Histories stay as
/// long as their log does. Logs whose bases contradict each other about the size of a segment lose nothing.
#[must_use]
pub fn prunable(
    listed: &BTreeSet<WalObject>,
    kept: &[LogPosition],
    live: &BTreeSet<(SystemId, Incarnation)>,
) -> Vec<WalObject> {
    let mut oldest: BTreeMap<(SystemId, Incarnation), Option<(SegmentSize, SegmentNumber)>> = BTreeMap::new();
    for base in kept {
        let first = base.segment_bytes.segment_of(base.start);
        let bound = oldest.entry((base.system, base.incarnation)).or_insert(Some((base.segment_bytes, first)));
        *bound = bound.filter(|(size, _)| *size == base.segment_bytes).map(|(size, before)| (size, before.min(first)));
    }
    let goes = |object: &&WalObject| {
        let log = (object.system, object.incarnation);
        match oldest.get(&log) {
            None => !live.contains(&log),
            Some(None) => false,
            Some(Some((size, bound))) => number(object.file, *size).is_some_and(|number| number < *bound),
        }
    };
    listed.iter().filter(goes).copied().collect()
}

/// Number of the segment that a file is or belongs to; `None` for a history and for a name that no segment of this size has.
fn number(file: WalFile, size: SegmentSize) -> Option<SegmentNumber> {
    match file {
        WalFile::Segment { timeline, high, low, .. } | WalFile::Label { timeline, high, low, .. } => {
            WalFile::Segment { timeline, high, low, partial: false }.number(size)
        }
        WalFile::History(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::backup::set::tests::{incarnation, log};
    use crate::backup::wal::name::Timeline;

    const SEGMENT: u64 = 16 << 20;

    fn base(start: u64) -> LogPosition {
        log(start * SEGMENT + 40, (start + 1) * SEGMENT)
    }

    fn objects(life: u8, numbers: impl Iterator<Item = u64> + Clone) -> BTreeSet<WalObject> {
        let base = log(1, 2);
        let object = |file| WalObject { system: base.system, incarnation: incarnation(life), file };
        let two = Timeline::new(2).expect("not 0");
        let segments = [Timeline::FIRST, two].into_iter().flat_map(|timeline| {
            let segment = move |number| WalFile::segment(timeline, SegmentNumber(number), base.segment_bytes);
            numbers.clone().map(segment).collect::<Vec<_>>()
        });
        segments.chain([WalFile::History(two)]).map(object).collect()
    }

    fn numbers(objects: &[WalObject]) -> BTreeSet<u64> {
        objects.iter().filter_map(|object| number(object.file, SegmentSize::USUAL)).map(|number| number.0).collect()
    }

    #[test]
    fn only_what_is_before_the_oldest_kept_base_goes() {
        let listed = objects(2, 0..20);
        let none = BTreeSet::new();
        let gone = prunable(&listed, &[base(12), base(7)], &none);
        assert_eq!(numbers(&gone), (0..7).collect());
        assert_eq!(gone.len(), 14, "on both timelines, and no history");
        assert_eq!(prunable(&listed, &[base(0)], &none), vec![]);
        // Of a log that no base needs everything goes, but for one that is being written.
        assert_eq!(prunable(&listed, &[], &none).len(), listed.len());
        let live = [(base(1).system, incarnation(2))].into();
        assert_eq!(prunable(&listed, &[], &live), vec![]);
        // A base of another life says nothing about this one.
        let other = LogPosition { incarnation: incarnation(3), ..base(7) };
        assert_eq!(prunable(&listed, std::slice::from_ref(&other), &live), vec![]);
        let odd = LogPosition { segment_bytes: SegmentSize::new(1 << 20).expect("1 MiB"), ..base(9) };
        assert_eq!(prunable(&listed, &[base(7), odd], &none), vec![]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]
        #[test]
        fn no_kept_base_loses_what_it_needs(starts in prop::collection::vec(0_u64..30, 1..6)) {
            let bases: Vec<_> = starts.iter().map(|start| base(*start)).collect();
            let gone = numbers(&prunable(&objects(2, 0..30), &bases, &BTreeSet::new()));
            prop_assert!(starts.iter().all(|start| gone.iter().all(|number| number < start)));
            prop_assert_eq!(gone.len() as u64, *starts.iter().min().expect("one"));
        }
    }
}
