//! What is shown of a configuration: findings, changes, what a change would do, and the history.

use std::time::Duration;

use bridle_core::configuration::change::Change;
use bridle_core::configuration::finding::{Finding, Severity};
use bridle_core::configuration::revision::Reason;
use bridle_core::configuration::view::{DraftView, HistoryView, ServiceTest};
use bridle_core::message::Message;
use bridle_core::operation::OperationState;
use bridle_core::sign::{ATTENTION, BLOCKS, Sign};
use bridle_core::wording;

use crate::face::Face;

/// Everything that is known before the question.
pub fn lines(face: &Face, view: &DraftView) -> Vec<String> {
    let words = |code: &'static str| face.words(&Message::new(code));
    let mut lines = findings(face, &view.findings);
    if view.changes.is_empty() && view.plan.is_none() {
        lines.push(words("config-nothing"));
        return lines;
    }
    lines.push(face.paint.strong(&words("config-changes")));
    lines.extend(changes(face, &view.changes).into_iter().map(|line| format!("  {line}")));
    lines.push(face.paint.strong(&words("config-charts")));
    for chart in &view.charts {
        let code = if chart.interrupts { "config-chart-interrupts" } else { "config-chart-gently" };
        lines.push(format!("  {}", face.words(&Message::new(code).with("chart", chart.chart.as_str()))));
    }
    if view.charts.is_empty() {
        lines.push(format!("  {}", words("config-no-charts")));
    }
    lines.extend(steps(face, view));
    lines
}

/// One line a finding.
pub fn findings(face: &Face, findings: &[Finding]) -> Vec<String> {
    let line = |finding: &Finding| {
        let sign = if finding.severity == Severity::Blocks { BLOCKS } else { ATTENTION };
        format!("{}  {}", face.paint.sign(sign, face.language), finding.words(face.language))
    };
    findings.iter().map(line).collect()
}

/// One line a value: before and after.
pub fn changes(face: &Face, changes: &[Change]) -> Vec<String> {
    let unset = face.words(&Message::new("config-unset"));
    let shown = |value: &Option<String>| {
        let clean = |text: &String| text.chars().filter(|c| !c.is_control()).collect::<String>();
        value.as_ref().map_or_else(|| unset.clone(), clean)
    };
    changes.iter().map(|one| format!("{}: {} → {}", one.key, shown(&one.old), shown(&one.new))).collect()
}

/// One line a revision, newest first.
pub fn history(face: &Face, history: &HistoryView) -> Vec<String> {
    let line = |revision: &bridle_core::configuration::revision::Revision| {
        let reason = match revision.reason {
            Reason::Found => Message::new("config-reason-found"),
            Reason::Changed => Message::new("config-reason-changed"),
            Reason::Upgraded => Message::new("config-reason-upgraded"),
            Reason::Restored { number } => Message::new("config-reason-restored").with("number", number),
        };
        let by: String = revision.by.chars().filter(|c| !c.is_control()).take(40).collect();
        let mut parts = vec![wording::moment(revision.time), by, face.words(&reason)];
        parts.extend(revision.operation.iter().map(ToString::to_string));
        if history.in_force == Some(revision.number) {
            parts.push(face.words(&Message::new("config-in-force")));
        }
        format!("{:>6}  {}", revision.number, parts.join("  "))
    };
    history.revisions.iter().map(line).collect()
}

/// One line a service.
pub fn services(face: &Face, tests: &[ServiceTest]) -> Vec<String> {
    let line = |test: &ServiceTest| {
        let said =
            Message::new("config-test-line").with("what", face.words(&test.what)).with("said", face.words(&test.said));
        let sign = if test.good { Sign::from(OperationState::Committed) } else { BLOCKS };
        format!("{}  {}", face.paint.sign(sign, face.language), face.words(&said))
    };
    tests.iter().map(line).collect()
}

fn steps(face: &Face, view: &DraftView) -> Vec<String> {
    let mut lines = Vec::new();
    if view.steps.is_empty() {
        return lines;
    }
    lines.push(face.paint.strong(&face.words(&Message::new("config-steps"))));
    for step in &view.steps {
        let time = wording::duration(Duration::from_secs(u64::from(step.seconds)));
        lines.push(format!("  {:>3}  {}  ({time})", step.id.0, face.words(&step.title)));
        if let Some(undo) = step.undo.as_ref().filter(|_| !step.committed) {
            // A part is put in place again under the same name, with the settings of before.
            let same = undo == &step.title;
            let undo = Message::new("install-plan-undo").with("undo", face.words(undo));
            let undo = if same { Message::new("config-undo-before") } else { undo };
            lines.push(format!("         {}", face.words(&undo)));
        }
    }
    let all: u64 = view.steps.iter().map(|step| u64::from(step.seconds)).sum();
    let runs = view.steps.iter().map(|step| step.runs).max().unwrap_or_default();
    let time = match view.interruption() {
        _ if !view.interrupts() => Message::new("upgrade-time"),
        down => Message::new("upgrade-time-interrupted").with("down", face.words(&wording::spoken(down))),
    };
    lines.push(face.words(&time.with("time", face.words(&wording::spoken(all))).with("runs", runs)));
    if let Some(window) = view.windows.first().filter(|_| view.interrupts()) {
        let words = Message::new("config-window")
            .with("name", window.name.as_str())
            .with("from", window.from_local.as_str())
            .with("to", window.to_local.as_str())
            .with("zone", window.zone.as_str());
        lines.push(face.words(&words));
    }
    lines
}
