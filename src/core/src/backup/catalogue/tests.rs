use super::*;
use crate::backup::record::{self, Record};
use crate::backup::set::tests::{key, set};

const NOW: u64 = 1_795_000_000_000;
const DAY: u64 = 86_400_000;

fn listing(sets: &[SetManifest]) -> Listing {
    let snapshots = sets.iter().flat_map(SetManifest::snapshots).map(|snapshot| (snapshot, Timestamp(NOW - 9 * DAY)));
    Listing { snapshots: snapshots.collect(), sets: sets.iter().map(|set| (set.object(), Ok(set.clone()))).collect() }
}

fn of(listing: Listing, remembered: &[SetId]) -> Catalogue {
    Catalogue::of(listing, &remembered.iter().copied().collect(), Timestamp(NOW))
}

#[test]
fn a_set_is_offered_if_all_of_it_is_there() {
    let sets = [set(NOW - DAY), set(NOW - 2 * DAY)];
    let catalogue = of(listing(&sets), &[sets[0].id, sets[1].id]);
    assert_eq!(catalogue.complete, vec![sets[1].clone(), sets[0].clone()]);
    assert_eq!(catalogue.newest(), Some(&sets[0]));
    assert!(catalogue.alarms.is_empty() && catalogue.garbage.is_empty() && catalogue.young.is_empty());
    // 6 of 7 snapshots are shared by both.
    assert_eq!(catalogue.needed().len(), 8);
}

#[test]
fn a_set_without_a_snapshot_is_an_alarm_and_never_offered() {
    let sets = [set(NOW - DAY), set(NOW - 2 * DAY)];
    for snapshot in sets.iter().flat_map(SetManifest::snapshots) {
        let mut less = listing(&sets);
        less.snapshots.remove(&snapshot);
        let catalogue = of(less, &[]);
        let hit = sets.iter().filter(|set| set.snapshots().any(|one| one == snapshot)).count();
        assert_eq!((catalogue.complete.len(), catalogue.alarms.len()), (2 - hit, hit));
        assert!(catalogue.garbage.is_empty(), "what the broken set still names is not garbage");
    }
}

#[test]
fn a_snapshot_without_a_set_is_garbage_once_no_backup_can_still_run() {
    let stray = Digest::of(b"stray");
    for (age, garbage) in [(DAY + 1, true), (DAY, false), (0, false)] {
        let mut with = listing(&[set(NOW - DAY)]);
        with.snapshots.insert(stray, Timestamp(NOW - age));
        let catalogue = of(with, &[]);
        assert_eq!((catalogue.garbage.contains(&stray), catalogue.young.contains(&stray)), (garbage, !garbage));
    }
    let mut ahead = listing(&[]);
    ahead.snapshots.insert(stray, Timestamp(NOW + 9 * DAY));
    assert!(of(ahead, &[]).young.contains(&stray), "a clock was wrong");
}

#[test]
fn while_a_set_cannot_be_read_nothing_is_garbage() {
    let good = set(NOW - DAY);
    let mut bytes = record::write(&good, &key());
    bytes[40] ^= 1;
    let object = good.object();
    for (error, alarm) in [
        (record::read::<SetManifest>(&object, &bytes, &key()).expect_err("altered"), "backup-alarm-unproven"),
        (RecordError::Format { found: 2, known: 1 }, "backup-alarm-newer"),
        (RecordError::Shape, "backup-alarm-unreadable"),
    ] {
        let mut with = listing(std::slice::from_ref(&good));
        with.sets = vec![(object.clone(), Err(error))];
        let catalogue = of(with, &[good.id]);
        assert!(catalogue.complete.is_empty() && catalogue.garbage.is_empty());
        assert_eq!(catalogue.young.len(), 7);
        assert_eq!(catalogue.alarms.iter().map(|alarm| alarm.message().code).collect::<Vec<_>>(), vec![alarm]);
    }
}

#[test]
fn a_set_that_is_gone_without_having_been_let_go_is_an_alarm() {
    let (here, gone) = (set(NOW - DAY), set(NOW - 2 * DAY));
    let catalogue = of(listing(std::slice::from_ref(&here)), &[here.id, gone.id]);
    assert_eq!(catalogue.alarms, vec![Alarm::Vanished { set: gone.id }]);
    // An empty listing: everything that is remembered is missing, nothing is quietly fine.
    assert_eq!(of(Listing::default(), &[here.id, gone.id]).alarms.len(), 2);
}
