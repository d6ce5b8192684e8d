//! The engine over the simulated world: every stop, every failure, both ways.

use super::bench::Bench;
use super::*;
use crate::plan::install::{Place, plan};
use crate::port::sim::SimWorld;
use crate::release::{ReleaseManifest, Stage};
use crate::site::Site;

/// A release with every kind of step: single charts and a group of them.
fn release() -> ReleaseManifest {
    let fixture = include_bytes!("../../tests/fixtures/release-v1.json");
    let mut release = ReleaseManifest::parse(fixture).expect("fixture parses");
    for chart in release.charts.iter_mut().filter(|chart| chart.stage == Stage::Platform) {
        chart.order = 10;
    }
    release
}

fn install_plan() -> Plan {
    let place = Place { node: "h1".to_owned(), address: "198.18.0.11".to_owned() };
    plan(&release(), &Site::default(), &place).expect("plan")
}

impl Bench {
    fn state(&self) -> OperationState {
        crate::operation::OperationView::fold(&self.journal.records).expect("view").state
    }
}

#[test]
fn installs_everything_in_order() {
    let plan = install_plan();
    let mut bench = Bench::new(&plan);
    assert_eq!(bench.run(), Ok(Rest::Ended(OperationState::Committed)));
    let wanted: Vec<_> = plan.steps().iter().map(|step| step.step.name().to_owned()).collect();
    assert_eq!(bench.world.applied(), wanted);
    let kept: Vec<_> = bench.observer.seen().into_iter().filter(|event| event.kind.is_kept()).collect();
    assert_eq!(kept, bench.journal.records[1..]);
}

#[test]
fn a_stop_after_every_record_ends_in_the_same_world() {
    let plan = install_plan();
    Bench::stop_after_every_record(|| Bench::new(&plan));
}

#[test]
fn a_failing_step_is_tried_again_and_then_the_operator_is_asked() {
    let plan = install_plan();
    let mut bench = Bench::new(&plan);
    bench.world.fail("start-kubernetes", 2);
    assert_eq!(bench.run(), Ok(Rest::Ended(OperationState::Committed)));

    let mut bench = Bench::new(&plan);
    bench.world.fail("start-kubernetes", 3);
    assert_eq!(bench.run(), Ok(Rest::Waiting(OperationState::NeedsOperator)));
    assert_eq!(bench.run(), Ok(Rest::Waiting(OperationState::NeedsOperator)), "a restart of the agent decides nothing");
    bench.inbox.say(OperatorCommand::Retry);
    assert_eq!(bench.run(), Ok(Rest::Ended(OperationState::Committed)));
}

#[test]
fn a_step_without_effect_is_not_believed() {
    let mut bench = Bench::new(&install_plan());
    bench.world.without_effect("namespaces");
    assert_eq!(bench.run(), Ok(Rest::Waiting(OperationState::NeedsOperator)));
    bench.inbox.say(OperatorCommand::Skip { reason: "made by hand".to_owned() });
    assert_eq!(bench.run(), Ok(Rest::Ended(OperationState::Committed)));
}

#[test]
fn abort_takes_everything_back_even_across_stops() {
    let plan = install_plan();
    let mut whole = Bench::new(&plan);
    whole.world.fail("probes", 3);
    whole.run().expect("stops at the probes");
    whole.inbox.say(OperatorCommand::Abort);
    assert_eq!(whole.run(), Ok(Rest::Ended(OperationState::RolledBack)));
    // Half a round of probes leaves traces that a power cut may take or leave: users' data, not ours.
    let without_probes = |world: &SimWorld| {
        let mut effects = world.effects();
        effects.remove("probes");
        effects
    };
    let left = without_probes(&whole.world);
    for gone in ["host/kubernetes", "host/configuration", "chart/coredns", "chart/ingress", "chart/frontend"] {
        assert!(!left.contains_key(gone), "{gone} is still there");
    }
    let before = whole.journal.records.iter().position(|event| matches!(event.kind, EventKind::Commanded { .. }));
    for records in before.expect("a command")..whole.journal.records.len() {
        let mut bench = Bench::new(&plan);
        bench.world.fail("probes", 3);
        bench.run().expect("stops at the probes");
        bench.inbox.say(OperatorCommand::Abort);
        bench.journal.refuse_after = Some(records + 1);
        let _stopped = bench.run();
        bench.world.power_cut();
        bench.journal.refuse_after = None;
        if bench.state() == OperationState::NeedsOperator {
            bench.inbox.say(OperatorCommand::Abort); // the command itself was lost with the record
        }
        assert_eq!(bench.run(), Ok(Rest::Ended(OperationState::RolledBack)), "after {records} records");
        assert_eq!(without_probes(&bench.world), left, "after {records} records");
    }
}

#[test]
fn a_group_that_came_half_way_is_finished_or_taken_back() {
    let plan = install_plan();
    let mut whole = Bench::new(&plan);
    whole.run().expect("uninterrupted run");
    for (word, end) in
        [(OperatorCommand::Retry, OperationState::Committed), (OperatorCommand::Abort, OperationState::RolledBack)]
    {
        let mut bench = Bench::new(&plan);
        bench.world.fail("charts", 3);
        assert_eq!(bench.run(), Ok(Rest::Waiting(OperationState::NeedsOperator)));
        let (effects, wanted) = (bench.world.effects(), whole.world.effects());
        assert_eq!(effects.get("chart/coredns"), wanted.get("chart/coredns"), "what is there stays");
        assert_eq!(effects["chart/ingress"], "half");
        bench.inbox.say(word);
        assert_eq!(bench.run(), Ok(Rest::Ended(end)));
        match end {
            OperationState::Committed => assert_eq!(bench.world.effects(), wanted),
            _ => assert!(!bench.world.effects().keys().any(|key| key.starts_with("chart/"))),
        }
    }
}

#[test]
fn pause_stops_between_two_steps() {
    let mut bench = Bench::new(&install_plan());
    bench.inbox.say(OperatorCommand::Pause);
    assert_eq!(bench.run(), Ok(Rest::Waiting(OperationState::Paused)));
    assert!(bench.world.applied().is_empty());
    bench.inbox.say(OperatorCommand::Retry); // does not fit: ignored
    assert_eq!(bench.run(), Ok(Rest::Waiting(OperationState::Paused)));
    bench.inbox.say(OperatorCommand::Continue);
    assert_eq!(bench.run(), Ok(Rest::Ended(OperationState::Committed)));
}

#[test]
fn a_second_run_of_a_committed_operation_does_nothing() {
    let mut bench = Bench::new(&install_plan());
    bench.run().expect("first run");
    let records = bench.journal.records.len();
    assert_eq!(bench.run(), Ok(Rest::Ended(OperationState::Committed)));
    assert_eq!(bench.journal.records.len(), records);
}
