//! Journals as disks and other versions leave them.

use super::*;
use crate::engine::{Engine, Rest, World};
use crate::operation::{OperationId, OperationView};
use crate::plan::install::{Place, plan};
use crate::port::Timestamp;
use crate::port::sim::{SimClock, SimInbox, SimJournal, SimObserver, SimWorld};
use crate::release::ReleaseManifest;
use crate::site::Site;
use crate::step::Undo;

/// A journal of an installation as version 1 wrote it.
const GOLDEN: &[u8] = include_bytes!("../../tests/fixtures/journal-v1.journal");
/// One of an upgrade that was stopped while it switched Kubernetes.
const UPGRADE: &[u8] = include_bytes!("../../tests/fixtures/journal-v1-upgrade.journal");
/// One of the same upgrade that went back because its soak failed, stopped while Kubernetes was put back.
const WAY_BACK: &[u8] = include_bytes!("../../tests/fixtures/journal-v1-way-back.journal");

fn installation() -> Vec<Event> {
    let release = ReleaseManifest::parse(include_bytes!("../../tests/fixtures/release-v1.json")).expect("release");
    let place = Place { node: "h1".to_owned(), address: "198.18.0.11".to_owned() };
    let plan = plan(&release, &Site::default(), &place).expect("plan");
    let time = Timestamp(1_795_000_000_000);
    let operation = OperationId::new(time, plan.kind());
    let kind = EventKind::Approved { format: FORMAT, by: "root".to_owned(), plan: Box::new(plan) };
    let mut journal = SimJournal { records: vec![Event { seq: 1, operation, time, kind }], refuse_after: None };
    let (world, clock, observer, inbox) =
        (SimWorld::default(), SimClock::default(), SimObserver::default(), SimInbox::default());
    let world =
        World { host: &world, cluster: &world, vault: &world, clock: &clock, observer: &observer, inbox: &inbox };
    let history = journal.records.clone();
    Engine::new(world, &mut journal, history).expect("a plan").run("1.0.0").expect("run");
    journal.records
}

fn text(events: &[Event]) -> Vec<u8> {
    events.iter().map(|event| encode(event, FORMAT)).collect::<String>().into_bytes()
}

/// Starts of all lines, and the end.
fn starts(bytes: &[u8]) -> Vec<usize> {
    let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
    std::iter::once(0).chain(ends).collect()
}

#[test]
fn a_journal_of_every_released_version_is_read() {
    let read = decode(GOLDEN).expect("version 1");
    assert_eq!(read.sound, GOLDEN.len() as u64);
    let view = OperationView::fold(&read.events).expect("view");
    assert_eq!(view.state, OperationState::Committed);
    let EventKind::Approved { plan, .. } = &read.events[0].kind else { panic!("no plan") };
    assert_eq!(resume(plan, &read.events), Resume::Nothing);
}

/// Where the step that switches Kubernetes stands in the plan of [`UPGRADE`] and [`WAY_BACK`]; the first of its name.
fn switch(plan: &Plan) -> usize {
    let found = plan.steps().iter().position(|planned| planned.step.name() == "switch-kubernetes");
    found.expect("the recorded upgrade switches Kubernetes")
}

/// A world in which the operation is where its journal says, and goes on.
fn goes_on(events: Vec<Event>) -> (OperationState, Vec<String>) {
    let world = SimWorld::default();
    let EventKind::Approved { plan, .. } = &events[0].kind else { panic!("no plan") };
    for planned in plan.steps() {
        if let Undo::By(before) = &planned.undo {
            world.put(before);
        }
    }
    let done = |event: &Event, id| matches!(event.kind, EventKind::Done { step, undo: false, .. } if step == id);
    for planned in plan.steps().iter().filter(|planned| events.iter().any(|event| done(event, planned.id))) {
        world.put(&planned.step);
    }
    let (clock, observer, inbox) = (SimClock::default(), SimObserver::default(), SimInbox::default());
    let ports =
        World { host: &world, cluster: &world, vault: &world, clock: &clock, observer: &observer, inbox: &inbox };
    let mut journal = SimJournal { records: events.clone(), refuse_after: None };
    let rest = Engine::new(ports, &mut journal, events).expect("a plan").run("later").expect("run");
    let Rest::Ended(state) = rest else { panic!("{rest:?}") };
    (state, world.applied())
}

#[test]
fn an_upgrade_that_an_earlier_version_began_is_ended() {
    let read = decode(UPGRADE).expect("version 1");
    assert_eq!(read.sound, UPGRADE.len() as u64);
    let EventKind::Approved { plan, .. } = &read.events[0].kind else { panic!("no plan") };
    let at = switch(plan);
    assert_eq!(resume(plan, &read.events), Resume::Continue { from: at, failed: 0 });
    assert_eq!(OperationView::fold(&read.events).expect("view").state, OperationState::Running);
    let (state, applied) = goes_on(read.events);
    assert_eq!(state, OperationState::Committed);
    assert_eq!(applied.first().map(String::as_str), Some("switch-kubernetes"), "it had begun: it is done again");
    assert!(applied.iter().any(|name| name == "settle-programs") && !applied.iter().any(|name| name == "switch-agent"));
}

#[test]
fn a_way_back_that_an_earlier_version_began_is_ended() {
    let read = decode(WAY_BACK).expect("version 1");
    assert_eq!(read.sound, WAY_BACK.len() as u64);
    let EventKind::Approved { plan, .. } = &read.events[0].kind else { panic!("no plan") };
    let at = switch(plan);
    let open = (0..=at).rev().collect();
    assert_eq!(resume(plan, &read.events), Resume::RollBack { open, failed: 0 });
    assert_eq!(OperationView::fold(&read.events).expect("view").state, OperationState::RollingBack);
    let (state, applied) = goes_on(read.events);
    assert_eq!(state, OperationState::RolledBack);
    assert_eq!(applied, ["return-kubernetes", "serve-images", "switch-agent"], "the last one first, nothing twice");
}

#[test]
fn a_cut_at_every_byte_leaves_whole_records_or_says_that_it_is_none() {
    let events = installation();
    let bytes = text(&events);
    let starts = starts(&bytes);
    // Of the plan's long line a part, else every byte.
    for cut in (0..starts[1] - 20).step_by(53).chain(starts[1] - 20..=bytes.len()) {
        let read = decode(&bytes[..cut]).unwrap_or_else(|error| panic!("cut at {cut}: {error}"));
        let whole = starts.iter().filter(|start| **start <= cut).count() - 1;
        assert_eq!((read.events.len(), read.sound), (whole, starts[whole] as u64), "cut at {cut}");
        assert_eq!(read.events, events[..whole]);
    }
}

#[test]
fn damage_in_any_region_is_never_taken_for_a_record() {
    let events = installation();
    let bytes = text(&events);
    let starts = starts(&bytes);
    let last = starts[starts.len() - 2];
    // Of the plan's long line a part, of the records more, of the last lines every byte.
    let (long, records) = ((0..starts[1]).step_by(97), (starts[1]..last - 100).step_by(7));
    for at in long.chain(records).chain(starts.iter().skip(1).map(|start| start - 1)).chain(last - 100..bytes.len()) {
        for bit in [0, 5, 7] {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << bit;
            match decode(&damaged) {
                Err(error) => assert_eq!(error.code(), FaultCode::JournalDamaged, "byte {at} bit {bit}"),
                Ok(read) => {
                    assert!(at >= last, "byte {at} bit {bit}: damage inside was not noticed");
                    assert_eq!(read.events, events[..events.len() - 1]);
                }
            }
        }
    }
}

#[test]
fn a_zeroed_page_is_damage_unless_it_is_the_torn_end() {
    let events = installation();
    let bytes = text(&events);
    let starts = starts(&bytes);
    let zeroed = |from: usize, to: usize| {
        let mut bytes = bytes.clone();
        bytes[from..to].fill(0);
        decode(&bytes)
    };
    for page in (0..bytes.len()).step_by(512) {
        let (from, to) = (page, (page + 512).min(bytes.len()));
        match zeroed(from, to) {
            Ok(read) => assert!(from >= starts[read.events.len()], "page {page} was lost without a word"),
            Err(error) => assert_eq!(error.code(), FaultCode::JournalDamaged),
        }
    }
    let torn = zeroed(starts[starts.len() - 2], bytes.len()).expect("torn end");
    assert_eq!(torn.events, events[..events.len() - 1]);
    assert!(zeroed(0, bytes.len()).is_ok_and(|read| read.events.is_empty()), "an empty history is no operation");
}

#[test]
fn these_tests_are_of_the_format_that_is_released() {
    assert_eq!((FORMAT, FORMATS), (1, &[1][..]), "built as another version, for a release of the tests");
}

#[test]
fn what_a_newer_agent_wrote_is_refused_as_such() {
    let events = installation();
    let line = |json: &str| format!("{} {json}\n", &Digest::of(json.as_bytes()).hex()[..16]);
    let json = |event: &Event| serde_json::to_string(event).expect("json");
    let first = json(&events[0]);
    let newer_format = line(&first.replace(&format!("\"format\":{FORMAT}"), "\"format\":9"));
    assert_eq!(decode(newer_format.as_bytes()), Err(JournalError::Format { found: 9 }));
    // Whatever else is different, as long as a line is a checksum and a record.
    let longer = format!("{} {}\n", Digest::of(first.as_bytes()).hex(), first);
    assert!(decode(longer.as_bytes()).is_ok_and(|read| read.events == events[..1]));
    let longer = first.replace(&format!("\"format\":{FORMAT}"), "\"format\":9");
    let longer = format!("{} {longer}\n", &Digest::of(longer.as_bytes()).hex()[..32]);
    assert_eq!(decode(longer.as_bytes()), Err(JournalError::Format { found: 9 }));
    // A newer format whose first record this program cannot even read.
    let newer_steps =
        line(&first.replace(&format!("\"format\":{FORMAT}"), "\"format\":7").replace("store_complete", "store_ready"));
    assert_eq!(decode(newer_steps.as_bytes()), Err(JournalError::Format { found: 7 }));
    let newer_record = line(&json(&events[1]).replace("taken_up", "handed_over"));
    for rest in [String::new(), encode(&events[2], FORMAT)] {
        let text = format!("{}{newer_record}{rest}", encode(&events[0], FORMAT));
        let error = decode(text.as_bytes()).expect_err("a record of a newer agent");
        assert_eq!((error.clone(), error.code()), (JournalError::Unknown { line: 2 }, FaultCode::JournalForeign));
    }
}

#[test]
fn records_out_of_order_are_damage() {
    let events = installation();
    for wrong in [
        vec![events[1].clone()],
        vec![events[0].clone(), events[0].clone()],
        vec![events[0].clone(), events[2].clone()],
        vec![events[0].clone(), events[1].clone(), events[1].clone()],
    ] {
        let error = decode(&text(&wrong)).expect_err("out of order");
        assert_eq!(error.code(), FaultCode::JournalDamaged);
    }
}
