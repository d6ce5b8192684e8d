//! The journal over a disk that fails; the crash matrix (`tests/src/crash`) does it at every change of the disk.

use std::path::Path;
use std::sync::Arc;

use bridle_core::engine::Journal as _;
use bridle_core::event::EventKind;
use bridle_core::plan::install::{Place, plan};
use bridle_core::port::Timestamp;
use bridle_core::port::sim::{CrashFs, PowerCut, Survive, Trouble};
use bridle_core::release::ReleaseManifest;
use bridle_core::site::Site;

use super::*;

fn first() -> Event {
    let release =
        ReleaseManifest::parse(include_bytes!("../../../core/tests/fixtures/release-v1.json")).expect("release");
    let place = Place { node: "h1".to_owned(), address: "198.18.0.11".to_owned() };
    let plan = plan(&release, &Site::default(), &place).expect("plan");
    let time = Timestamp(1_795_000_000_000);
    let kind = EventKind::Approved { format: journal::FORMAT, by: "root".to_owned(), plan: Box::new(plan.clone()) };
    Event { seq: 1, operation: OperationId::new(time, plan.kind()), time, kind }
}

fn next(first: &Event, seq: u64) -> Event {
    Event { seq, kind: EventKind::TakenUp { agent: format!("agent {seq}") }, ..first.clone() }
}

/// A journal of one record on a disk that can fail.
fn ground() -> (CrashFs, Journals, Event) {
    let crash = CrashFs::default();
    let journals = Journals::new(Arc::new(crash.clone()), Path::new("/data/journal"));
    let first = first();
    journals.create(&first).expect("create");
    (crash, journals, first)
}

#[test]
fn what_is_appended_survives_a_power_cut() {
    let (crash, journals, first) = ground();
    let (mut journal, events) = journals.open(&first.operation).expect("open");
    assert_eq!(events, std::slice::from_ref(&first));
    journal.append(&next(&first, 2)).expect("append");
    crash.cut(PowerCut::HARD);
    crash.restart();
    assert_eq!(journals.read(&first.operation).expect("read").len(), 2);
    assert_eq!(journals.list().expect("list"), std::slice::from_ref(&first.operation));
    let other = "20260101-000000-install".parse().expect("name");
    assert_eq!(journals.read(&other).expect_err("none").code, FaultCode::OperationUnknown);
}

#[test]
fn a_torn_line_is_gone_before_the_next_one_is_written() {
    for contents in [Survive::FirstHalf, Survive::LastPart, Survive::Zeros, Survive::Nothing] {
        let (crash, journals, first) = ground();
        let (mut journal, _) = journals.open(&first.operation).expect("open");
        crash.strike(crash.operations() + 2, Trouble::PowerCut(PowerCut { names: Survive::Everything, contents }));
        assert!(journal.append(&next(&first, 2)).is_err());
        crash.restart();
        let (mut journal, events) = journals.open(&first.operation).expect("open");
        assert_eq!(events.len(), 1);
        journal.append(&next(&first, 2)).expect("append");
        assert_eq!(journals.read(&first.operation).expect("read").len(), 2, "{contents:?}");
    }
}

#[test]
fn what_a_failed_sync_left_in_memory_is_not_believed() {
    let (crash, journals, first) = ground();
    let (mut journal, _) = journals.open(&first.operation).expect("open");
    crash.strike(crash.operations() + 2, Trouble::SyncError);
    assert_eq!(journal.append(&next(&first, 2)).expect_err("EIO").code, FaultCode::WriteFailed);
    assert!(journal.append(&next(&first, 2)).is_err(), "only a fresh journal knows what is on disk");
    // The agent starts again; the line can be read, and no sync of the same file would ever write it.
    let (mut journal, events) = journals.open(&first.operation).expect("open");
    assert_eq!(events.len(), 2);
    journal.append(&next(&first, 3)).expect("append");
    crash.cut(PowerCut::HARD);
    crash.restart();
    assert_eq!(journals.read(&first.operation).expect("whole").len(), 3);
}

#[test]
fn a_full_disk_has_its_own_code_and_does_no_harm() {
    let (crash, journals, first) = ground();
    let (mut journal, _) = journals.open(&first.operation).expect("open");
    crash.strike(crash.operations() + 1, Trouble::NoSpace("/data"));
    assert_eq!(journal.append(&next(&first, 2)).expect_err("full").code, FaultCode::NoSpace);
    assert_eq!(journals.open(&first.operation).expect_err("still full").code, FaultCode::NoSpace);
    crash.mend();
    assert_eq!(journals.open(&first.operation).expect("mended").1.len(), 1);
}

#[test]
fn damage_and_what_a_newer_agent_wrote_are_told_apart() {
    let (crash, journals, first) = ground();
    let path = Path::new("/data/journal").join(format!("{}.journal", first.operation));
    let line = journal::encode(&first, journal::FORMAT);
    crash.overwrite(&path, line.replacen("198.18.0.11", "198.18.0.12", 1).as_bytes());
    assert_eq!(journals.open(&first.operation).expect_err("damaged").code, FaultCode::JournalDamaged);
    let json = line[17..].trim_end().replacen("\"format\":1", "\"format\":2", 1);
    let sum = bridle_core::digest::Digest::of(json.as_bytes()).hex();
    crash.overwrite(&path, format!("{} {json}\n", &sum[..16]).as_bytes());
    assert_eq!(journals.open(&first.operation).expect_err("newer").code, FaultCode::JournalForeign);
    let file = crash.open(&path).map(std::io::read_to_string).expect("open").expect("read");
    assert!(file.contains("\"format\":2"), "what is not understood is left as it is");
}

#[test]
fn the_same_on_a_real_disk() {
    let dir = tempfile::tempdir().expect("dir");
    let dir = dir.path().join("journal");
    let first = first();
    assert!(list(&dir).expect("no directory yet").is_empty());
    create(&dir, &first).expect("create");
    let (mut journal, _) = Journal::open(&dir, &first.operation).expect("open");
    journal.append(&next(&first, 2)).expect("append");
    assert_eq!(read(&dir, &first.operation).expect("read").len(), 2);
    assert_eq!(list(&dir).expect("list"), [first.operation]);
}
