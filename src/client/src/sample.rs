//! A small installation, told as events, and a status: for the tests of every face.

mod change;

use bridle_core::event::{Event, EventKind};
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::operation::{OperationId, OperationState, OperationView};
use bridle_core::plan::Plan;
use bridle_core::port::Timestamp;
use bridle_core::status::{Health, HostView, NodeView, StatusView, WorkloadView};
use bridle_core::step::StepId;
use serde_json::json;

pub use change::*;

/// When the sample begins: 2026-11-23 04:43:19 UTC.
pub const BEGIN: Timestamp = Timestamp(1_795_408_999_000);

/// Name of the sample operation.
///
/// # Panics
/// Never: the name is well formed.
#[must_use]
pub fn id() -> OperationId {
    "20261123-044319-install".parse().expect("well formed")
}

/// A plan of four steps.
///
/// # Panics
/// Never: the plan is well formed.
#[must_use]
pub fn plan() -> Plan {
    let step = |id: u16, step: serde_json::Value, weight: u32| {
        json!({
            "id": id, "on": { "host": "n1" }, "step": step, "undo": "nothing",
            "limit_seconds": 60, "attempts": 3, "weight": weight,
        })
    };
    let chart = json!({ "cluster": { "chart": {
        "name": "enrolment", "version": "1.0.0", "namespace": "campus", "values": {}, "timeout_seconds": 60,
        "package": format!("sha256:{}", "0".repeat(64)),
    } } });
    let plan = json!({
        "kind": "install", "from": null, "to": "campus-1.0.0", "on_failure": "ask_operator",
        "steps": [
            step(1, json!({ "host": { "store_complete": { "release": "campus-1.0.0" } } }), 2),
            step(2, json!({ "host": { "start_kubernetes": { "version": "1.36.3" } } }), 20),
            step(3, chart, 10),
            step(4, json!({ "cluster": { "probes": {
                "probes": [], "host": "campus.example", "address": "192.0.2.10" } } }), 5),
        ],
    });
    serde_json::from_value(plan).expect("a plan")
}

/// An event `seconds` after the beginning.
#[must_use]
pub fn event(seq: u64, seconds: u64, kind: EventKind) -> Event {
    Event { seq, operation: id(), time: Timestamp(BEGIN.0 + seconds * 1000), kind }
}

/// The beginning, up to a running second step that waits: records 1 to 6, and a passing event.
#[must_use]
pub fn beginning() -> Vec<Event> {
    let running = EventKind::State { state: OperationState::Running };
    vec![
        event(1, 0, EventKind::Approved { format: 1, by: "root".to_owned(), plan: Box::new(plan()) }),
        event(2, 1, EventKind::TakenUp { agent: "0.1.0".to_owned() }),
        event(3, 1, running),
        event(4, 1, intent(1, 1)),
        event(5, 2, EventKind::Done { step: StepId(1), undo: false, already: true, millis: 300 }),
        event(6, 2, intent(2, 1)),
        event(6, 3, waiting(2, 3)),
    ]
}

/// The whole, with one attempt that fails: records 1 to 13.
#[must_use]
pub fn success() -> Vec<Event> {
    let mut events = beginning();
    let done = |step, millis| EventKind::Done { step: StepId(step), undo: false, already: false, millis };
    events.extend([
        event(7, 44, done(2, 41_000)),
        event(8, 44, intent(3, 1)),
        event(9, 64, failed(3, 1)),
        event(10, 65, intent(3, 2)),
        event(10, 66, EventKind::Advanced { step: StepId(3), done: 14, total: 15 }),
        event(11, 80, done(3, 15_000)),
        event(12, 80, intent(4, 1)),
        event(13, 82, done(4, 2_000)),
        event(14, 82, EventKind::State { state: OperationState::Committed }),
    ]);
    events
}

/// The beginning, then a third step that fails for good: records 1 to 10.
#[must_use]
pub fn failure() -> Vec<Event> {
    let mut events = beginning();
    events.extend([
        event(7, 44, EventKind::Done { step: StepId(2), undo: false, already: false, millis: 41_000 }),
        event(8, 44, intent(3, 3)),
        event(9, 104, failed(3, 3)),
        event(10, 104, EventKind::State { state: OperationState::NeedsOperator }),
    ]);
    events
}

/// The view of a history.
///
/// # Panics
/// If it does not begin with `Approved`: a fault of the caller's test.
#[must_use]
pub fn view(events: &[Event]) -> OperationView {
    OperationView::fold(events).expect("begins with a plan")
}

/// A status with one service that is not whole.
#[must_use]
pub fn status(operation: Option<OperationView>) -> StatusView {
    let workload = |name: &str, wanted, ready, reason: Option<Message>| WorkloadView {
        kind: "Deployment".to_owned(),
        namespace: "campus".to_owned(),
        name: name.to_owned(),
        wanted,
        ready,
        reason,
    };
    StatusView {
        time: Timestamp(BEGIN.0 + 90_000),
        agent: Some("0.1.0".to_owned()),
        site: "univ-demo".to_owned(),
        front_door: "campus.example".to_owned(),
        release: Some("campus-1.0.0".to_owned()),
        health: Health::Attention,
        nodes: Some(vec![NodeView { name: "n1".to_owned(), ready: true, version: "v1.36.3".to_owned(), reason: None }]),
        workloads: Some(vec![
            workload("database", 1, 1, None),
            workload("enrolment", 2, 1, Some(Message::new("wait-kubernetes-api"))),
            workload("front", 2, 0, Some(Message::new("wait-kubernetes-api"))),
        ]),
        cluster_unseen: None,
        host: Some(HostView {
            name: "n1".to_owned(),
            memory_total_mib: 7812,
            memory_used_mib: 3020,
            disk_total_mib: 39_062,
            disk_free_mib: 20_508,
            load_hundredths: 47,
            cpus: 2,
        }),
        operation,
        faults: Vec::new(),
    }
}

fn intent(step: u16, attempt: u32) -> EventKind {
    EventKind::Intent { step: StepId(step), attempt, undo: false }
}

fn waiting(step: u16, since: u64) -> EventKind {
    let since = Timestamp(BEGIN.0 + since * 1000);
    EventKind::Waiting { step: StepId(step), what: Message::new("wait-kubernetes-api"), since }
}

fn failed(step: u16, attempt: u32) -> EventKind {
    let fault = Fault::new(FaultCode::WorkloadNotReady)
        .with("chart", "enrolment")
        .with("workload", "enrolment")
        .detail(Message::new("missing-kubernetes-api"))
        .output("back-off restarting failed container");
    EventKind::Failed { step: StepId(step), attempt, undo: false, fault }
}
