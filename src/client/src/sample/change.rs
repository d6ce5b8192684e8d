//! A small upgrade: as it is planned, and told as events.

use bridle_core::event::{Event, EventKind};
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::operation::{OperationId, OperationState};
use bridle_core::plan::Plan;
use bridle_core::plan::forecast::{self, Learned};
use bridle_core::port::Timestamp;
use bridle_core::rehearsal::{Finding as Tried, ObjectName};
use bridle_core::status::ReleaseView;
use bridle_core::step::StepId;
use bridle_core::upgrade::ChangeView;
use serde_json::{Value, json};

use super::BEGIN;

const DAY: u64 = 86_400_000;

/// Name of the sample upgrade; later than that of the sample installation.
///
/// # Panics
/// Never: the name is well formed.
#[must_use]
pub fn upgrade_id() -> OperationId {
    "20261124-220000-upgrade".parse().expect("well formed")
}

/// Three releases: an older one, the one in use, and a newer one.
#[must_use]
pub fn releases() -> Vec<ReleaseView> {
    let release = |version: &str, sequence, days: u64| ReleaseView {
        id: format!("campus-{version}"),
        name: "campus".to_owned(),
        version: version.to_owned(),
        sequence,
        images: 41,
        bytes: 1_240_000_000,
        added: Timestamp(BEGIN.0 - days * DAY),
        current: version == "1.0.0",
    };
    vec![release("1.0.0", 2, 30), release("0.9.0", 1, 90), release("1.1.0", 3, 1)]
}

fn digest(letter: char) -> String {
    format!("sha256:{}", letter.to_string().repeat(64))
}

fn chart(version: &str) -> Value {
    json!({ "cluster": { "chart": {
        "name": "enrolment", "version": version, "namespace": "campus", "values": {}, "timeout_seconds": 60,
        "package": digest('0'),
    } } })
}

/// A plan of seven steps; the last two lie behind the commit.
///
/// # Panics
/// Never: the plan is well formed.
#[must_use]
pub fn upgrade_plan() -> Plan {
    let host = |step: Value| json!({ "host": step });
    let by = |step: Value| json!({ "by": step });
    let agent = |release: &str, from: &str| host(json!({ "switch_agent": { "release": release, "from": from } }));
    let point = json!({ "restore_point": { "point": "2", "release": "campus-1.0.0", "revision": 1 } });
    let soak = json!({ "cluster": { "soak": { "seconds": 300, "breaks": 2, "charts": [], "probes": [],
        "host": "campus.example", "address": "192.0.2.10" } } });
    let steps: Vec<Value> = [
        (host(json!({ "store_complete": { "release": "campus-1.1.0" } })), json!("nothing"), 2),
        (host(point), json!("nothing"), 5),
        (agent("campus-1.1.0", "campus-1.0.0"), by(agent("campus-1.0.0", "campus-1.1.0")), 5),
        (chart("1.1.0"), by(chart("1.0.0")), 20),
        (soak, json!("nothing"), 75),
        (host(json!({ "settle_programs": { "release": "campus-1.1.0" } })), json!("nothing"), 2),
        (
            host(json!({ "prune_releases": { "keep": ["campus-1.0.0", "campus-1.1.0"], "points": ["2"] } })),
            json!("nothing"),
            2,
        ),
    ]
    .into_iter()
    .zip(1u16..)
    .map(|((step, undo, weight), id)| {
        let on = if step.get("host").is_some() { json!({ "host": "n1" }) } else { json!("cluster") };
        json!({ "id": id, "on": on, "step": step, "undo": undo, "limit_seconds": 600, "attempts": 3, "weight": weight })
    })
    .collect();
    let plan = json!({
        "kind": "upgrade", "from": "campus-1.0.0", "to": "campus-1.1.0", "on_failure": "roll_back", "commit": 6,
        "steps": steps,
    });
    serde_json::from_value(plan).expect("a plan")
}

/// What the upgrade would do; nothing stands in the way.
///
/// # Panics
/// Never: the view is well formed.
#[must_use]
pub fn change() -> ChangeView {
    let plan = upgrade_plan();
    let mut steps = forecast::steps(&plan, &Learned::default(), &|name| name == "enrolment");
    for step in &mut steps {
        step.runs = 3;
    }
    let view = json!({
        "kind": "upgrade", "from": "campus-1.0.0", "to": "campus-1.1.0", "plan": digest('9'),
        "basis": { "installed": "campus-1.0.0", "release": digest('1'), "profile": digest('2'), "operations": 1 },
        "changes": {
            "kubernetes": ["1.35.4", "1.36.3"],
            "images": { "new": ["a", "b"], "gone": ["c"], "moved": ["d"], "unchanged": 38,
                "bytes": 212_000_000, "unpacked": 640_000_000 },
            "charts": [
                { "name": "enrolment", "from": "1.0.0", "to": "1.1.0", "interrupts": true },
                { "name": "notices", "from": null, "to": "1.0.0", "interrupts": false },
            ],
            "unchanged_charts": 5,
        },
        "renamed": [{ "from": "values.enrolment.mail", "to": "values.enrolment.smtp.host" }],
        "notes": {
            "en": "Security: the login checks more.\nNew: export of the lists.",
            "fr": "Sécurité : la connexion vérifie davantage.\nNouveau : export des listes.",
        },
        "steps": steps,
        "disk": { "needed": 1_900_000_000_u64, "free": 21_500_000_000_u64 },
        "findings": [{
            "id": "change-contract:enrolment", "severity": "warns",
            "message": { "code": "change-contract", "args": { "chart": "enrolment" } },
        }],
        "rehearsal": { "findings": [], "interruptions": [], "objects": 87, "tried": 85, "millis": 2900 },
    });
    serde_json::from_value(view).expect("a view")
}

/// The same change where the rehearsal found something that blocks.
#[must_use]
pub fn blocked_change() -> ChangeView {
    let mut view = change();
    let object =
        ObjectName { kind: "Deployment".to_owned(), namespace: "campus".to_owned(), name: "enrolment".to_owned() };
    let finding = Tried::blocks("rehearsal-refused")
        .about(object)
        .chart("enrolment")
        .said("spec.template.spec.containers[0].image: Required value");
    if let Some(report) = &mut view.rehearsal {
        report.findings.push(finding);
    }
    view
}

fn event(seq: u64, seconds: u64, kind: EventKind) -> Event {
    Event { seq, operation: upgrade_id(), time: Timestamp(BEGIN.0 + DAY + seconds * 1000), kind }
}

fn intent(step: u16, undo: bool) -> EventKind {
    EventKind::Intent { step: StepId(step), attempt: 1, undo }
}

fn done(step: u16, undo: bool, millis: u64) -> EventKind {
    EventKind::Done { step: StepId(step), undo, already: false, millis }
}

const fn state(state: OperationState) -> EventKind {
    EventKind::State { state }
}

/// When the sample upgrade is looked at: a good two minutes into its watch.
pub const LOOKED: Timestamp = Timestamp(BEGIN.0 + DAY + 175_000);

/// Up to the hand-over to the new agent.
#[must_use]
pub fn handing_over() -> Vec<Event> {
    let plan = Box::new(upgrade_plan());
    vec![
        event(1, 0, EventKind::Approved { format: 1, by: "admin".to_owned(), plan }),
        event(2, 0, state(OperationState::Running)),
        event(3, 1, intent(1, false)),
        event(4, 2, done(1, false, 1200)),
        event(5, 2, intent(2, false)),
        event(6, 8, done(2, false, 5800)),
        event(7, 8, intent(3, false)),
    ]
}

/// Up to the watch over everything, which has held for a while.
#[must_use]
pub fn watching() -> Vec<Event> {
    let mut events = handing_over();
    let since = Timestamp(BEGIN.0 + DAY + 50_000);
    let what = Message::new("wait-soak-healthy");
    events.extend([
        event(8, 14, EventKind::TakenUp { agent: "0.2.0".to_owned() }),
        event(9, 15, done(3, false, 6000)),
        event(10, 15, intent(4, false)),
        event(11, 49, done(4, false, 34_000)),
        event(12, 49, state(OperationState::Verifying)),
        event(13, 50, intent(5, false)),
        event(13, 175, EventKind::Advanced { step: StepId(5), done: 125, total: 300 }),
        event(13, 175, EventKind::Waiting { step: StepId(5), what, since }),
    ]);
    events
}

fn ill() -> EventKind {
    let fault = Fault::new(FaultCode::SoakAway)
        .with("what", "campus/Deployment/enrolment")
        .with("seconds", 60_u32)
        .detail(Message::new("soak-was-not-ready").with("container", "enrolment-7d9 (web)"))
        .output("panic: MAIL_FROM is empty");
    EventKind::Failed { step: StepId(5), attempt: 1, undo: false, fault }
}

/// Health did not hold: it goes back, and one step is undone.
#[must_use]
pub fn going_back() -> Vec<Event> {
    let mut events = watching();
    events.extend([
        event(14, 180, ill()),
        event(15, 180, state(OperationState::RollingBack)),
        event(16, 180, intent(4, true)),
        event(17, 200, done(4, true, 20_000)),
        event(18, 200, intent(3, true)),
    ]);
    events
}

/// It went back.
#[must_use]
pub fn gone_back() -> Vec<Event> {
    let mut events = going_back();
    events.extend([
        event(19, 207, done(3, true, 7000)),
        event(20, 207, done(2, true, 10)),
        event(21, 207, done(1, true, 10)),
        event(22, 208, state(OperationState::RolledBack)),
    ]);
    events
}

/// A step behind the commit failed: nothing goes back, somebody must decide.
#[must_use]
pub fn stopped_behind_commit() -> Vec<Event> {
    let mut events = watching();
    let fault = Fault::new(FaultCode::StoreDamaged).output("prune: input/output error");
    events.extend([
        event(14, 350, done(5, false, 300_000)),
        event(15, 350, state(OperationState::Running)),
        event(16, 350, intent(6, false)),
        event(17, 352, done(6, false, 1800)),
        event(18, 352, intent(7, false)),
        event(19, 353, EventKind::Failed { step: StepId(7), attempt: 1, undo: false, fault }),
        event(20, 353, state(OperationState::NeedsOperator)),
    ]);
    events
}
