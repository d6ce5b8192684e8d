use std::collections::BTreeSet;

use super::*;
use crate::backup::id::{InstallationId, Ulid};
use crate::backup::set::{self, Installation, LogPosition, ReleaseName, Source, Wholeness};
use crate::backup::wal::name::{Lsn, SegmentNumber, SystemId, Timeline};

fn release() -> ReleaseManifest {
    let text = include_bytes!("../../../tests/fixtures/release-v1.json");
    let mut release = ReleaseManifest::parse(text).expect("fixture");
    release.data[0].log = serde_json::from_str(r#"{"claim":"c","data":"pgdata","spool":"spool"}"#).expect("a log");
    release
}

fn life(byte: u8) -> Incarnation {
    Incarnation(Ulid::new(Timestamp(u64::from(byte)), [byte; 10]))
}

fn position() -> LogPosition {
    LogPosition {
        system: SystemId(7),
        major: 15,
        incarnation: life(1),
        timeline: Timeline::FIRST,
        segment_bytes: SegmentSize::USUAL,
        start: Lsn(0x400_0028),
        stop: Lsn(0x400_0100),
        stop_time: Timestamp(10_000),
        restore_point: None,
    }
}

fn manifest(kind: SourceKind) -> SetManifest {
    let release = release();
    let source = Source {
        name: "database".to_owned(),
        kind,
        order: 10,
        snapshot: Some(Digest::of(b"data")),
        whole: Wholeness::Whole,
        files: 1,
        bytes: 1,
        stored: 1,
        millis: 1,
        counts: BTreeMap::new(),
        postgresql: (kind == SourceKind::Postgresql).then(position),
        etcd_revision: None,
        reason: String::new(),
    };
    let name = ReleaseName { name: release.name, version: release.version, sequence: 1, index: Digest::of(b"index") };
    SetManifest {
        format: set::FORMAT,
        id: SetId(Ulid::new(Timestamp(5), [3; 10])),
        began: Timestamp(5),
        made: Timestamp(11_000),
        consistent_at: Timestamp(10_000),
        installation: Installation { id: InstallationId(life(9).0), incarnation: life(1), site: "campus".to_owned() },
        release: name,
        revision: 1,
        tags: BTreeSet::new(),
        sources: vec![source],
    }
}

/// Segments 4 to 6 of the first timeline, the last one closed at 60 s.
fn ranges(set: &SetManifest) -> BTreeMap<String, Vec<Range>> {
    let range = Range {
        set: set.id,
        system: SystemId(7),
        incarnation: life(1),
        timeline: Timeline::FIRST,
        path: vec![(Timeline::FIRST, Lsn(0x700_0000))],
        from: (Lsn(0x400_0100), Timestamp(10_000)),
        to: (Lsn(0x700_0000), Timestamp(60_000)),
        gap: None,
    };
    BTreeMap::from([("database".to_owned(), vec![range])])
}

fn decided(set: &SetManifest, target: &Target, without: &[String]) -> Result<RecoveryOrder, FaultCode> {
    let wish = Wish { set, ranges: &ranges(set), target, without, now: Timestamp(100_000) };
    order(&wish, &release(), &"attic".parse().expect("a name"), life(2)).map_err(|fault| fault.code)
}

#[test]
fn a_server_is_brought_to_the_end_or_to_an_instant_that_its_log_reaches() {
    let set = manifest(SourceKind::Postgresql);
    let stop = |target| decided(&set, &target, &[]).map(|order| order.sources[0].log.clone().expect("a log").stop);
    assert_eq!(stop(Target::Latest), Ok(Stop::End));
    assert_eq!(stop(Target::Time(Timestamp(30_000))), Ok(Stop::Time(Timestamp(30_000))));
    assert_eq!(stop(Target::Time(Timestamp(60_000))), Ok(Stop::End), "behind it there is no transaction to stop at");
    assert_eq!(stop(Target::Time(Timestamp(70_000))), Err(FaultCode::MomentUnreachable));
    assert_eq!(stop(Target::Time(Timestamp(9_000))), Err(FaultCode::MomentUnreachable));
    assert_eq!(stop(Target::Set(set.id)), Ok(Stop::Immediate));
}

#[test]
fn what_only_a_pod_takes_back_is_left_out_only_if_somebody_says_so() {
    let set = manifest(SourceKind::Dump);
    assert_eq!(decided(&set, &Target::Latest, &[]), Err(FaultCode::RecoverySourceUnfit));
    let without = ["database".to_owned()];
    assert_eq!(decided(&set, &Target::Latest, &without).map(|order| order.sources.len()), Ok(0));
    let unknown = ["other".to_owned()];
    assert_eq!(decided(&set, &Target::Latest, &unknown), Err(FaultCode::RecoverySourceUnfit));
}

#[test]
fn only_files_of_the_range_are_fetched() {
    let set = manifest(SourceKind::Postgresql);
    let mut log = decided(&set, &Target::Latest, &[]).expect("an order").sources[0].log.clone().expect("a log");
    let timeline = |number| Timeline::new(number).expect("not 0");
    let segment = |on, number| WalFile::segment(timeline(on), SegmentNumber(number), SegmentSize::USUAL);
    let fetched =
        |log: &LogOrder, file| matches!(log.wanted(file), Wanted::Fetch(object) if object.incarnation == life(1));
    for (file, there) in [
        (segment(1, 4), true),
        (segment(1, 6), true),
        (segment(1, 7), false),
        (segment(2, 5), false),
        (WalFile::History(timeline(2)), false),
        (WalFile::History(timeline(1)), false),
        ("000000010000000000000004.00000028.backup".parse().expect("a label"), false),
        ("000000010000000000000006.partial".parse().expect("a part"), false),
    ] {
        assert_eq!(fetched(&log, file), there, "{file}");
    }
    // A timeline that was left in the middle of a segment, and the one behind it.
    log.range.path = vec![(timeline(1), Lsn(0x580_0000)), (timeline(3), Lsn(0x700_0000))];
    log.range.timeline = timeline(3);
    for (file, there) in [
        (segment(1, 5), true),
        (segment(1, 6), false),
        (segment(3, 5), true),
        (segment(3, 6), true),
        (WalFile::History(timeline(3)), true),
        (WalFile::History(timeline(4)), false),
    ] {
        assert_eq!(fetched(&log, file), there, "{file}");
    }
}

#[test]
fn a_server_has_one_target_whatever_it_was_told_before() {
    let set = manifest(SourceKind::Postgresql);
    let target = Target::Time(Timestamp(1_795_523_489_250));
    let mut log = decided(&set, &Target::Latest, &[]).expect("an order").sources[0].log.clone().expect("a log");
    let before = "# by ALTER SYSTEM\nwork_mem = '8MB'\nrecovery_target_time = 'x'\nRecovery_Target_Name='y'\nhot_standby = 'on'\n";
    let text = log.configuration(before);
    assert_eq!(text, "# by ALTER SYSTEM\nwork_mem = '8MB'\nhot_standby = 'off'\nrecovery_target_timeline = '1'\n");
    let Target::Time(time) = target else { panic!("a time") };
    log.stop = Stop::Time(time);
    let text = log.configuration(&text);
    assert_eq!(text.matches("recovery_target_time ").count(), 1, "{text}");
    assert!(text.contains("recovery_target_action = 'promote'"), "{text}");
    assert!(text.contains("recovery_target_time = '2026-11-24 12:31:29.250+00'"), "{text}");
}

#[test]
fn an_order_is_read_as_it_was_written() {
    let set = manifest(SourceKind::Postgresql);
    let order = decided(&set, &Target::Time(Timestamp(30_000)), &[]).expect("an order");
    let text = serde_json::to_string(&order).expect("text");
    assert_eq!(serde_json::from_str::<RecoveryOrder>(&text).expect("read"), order);
    let fixture = include_str!("../../../tests/fixtures/recovery-order-v1.json");
    assert_eq!(text, fixture.trim_end(), "as the first version wrote it");
}
