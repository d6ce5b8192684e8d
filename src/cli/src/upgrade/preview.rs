//! A change as it is shown before anything happens (`interface.md` §7.3).

use std::time::Duration;

use bridle_core::message::Message;
use bridle_core::plan::review::{Finding, Severity};
use bridle_core::plan::upgrade::{Changes, ChartChange};
use bridle_core::sign::{ATTENTION, BLOCKS};
use bridle_core::upgrade::ChangeView;
use bridle_core::wording;

use crate::face::Face;

/// Longest release notes that are shown, in lines.
const NOTES: usize = 20;

/// Everything that is known before the question.
pub fn lines(face: &Face, view: &ChangeView) -> Vec<String> {
    let words = |message: &Message| face.words(message);
    let title = Message::new("upgrade-title").with("from", view.from.as_str()).with("to", view.to.as_str());
    let mut lines = vec![face.paint.strong(&words(&title))];
    lines.push(words(&Message::new("install-plan-digest").with("digest", view.plan.to_string())));
    lines.push(String::new());
    lines.push(face.paint.strong(&words(&Message::new("upgrade-changes"))));
    lines.extend(changes(face, &view.changes).into_iter().map(|line| format!("  {line}")));
    lines.extend(view.renamed.iter().map(|renamed| {
        let message = Message::new("upgrade-renamed").with("from", renamed.from.to_string());
        format!("  {}", words(&message.with("to", renamed.to.to_string())))
    }));
    lines.extend(notes(face, view));
    lines.extend(findings(face, &view.findings));
    lines.extend(super::rehearsal::values(face, view));
    lines.extend(view.rehearsal.iter().flat_map(|report| super::rehearsal::lines(face, report)));
    lines.extend(calendar(face, view));
    lines.push(String::new());
    lines.extend(steps(face, view));
    lines.push(String::new());
    let needed = wording::bytes(view.disk.needed, face.language);
    let free = wording::bytes(view.disk.free, face.language);
    lines.push(words(&Message::new("upgrade-disk").with("needed", needed).with("free", free)));
    lines.push(words(&interruption(view)));
    lines
}

fn changes(face: &Face, changes: &Changes) -> Vec<String> {
    let (from, to) = &changes.kubernetes;
    let mut lines = Vec::new();
    if from == to {
        lines.push(face.words(&Message::new("upgrade-kubernetes-same").with("version", to.as_str())));
    } else {
        let message = Message::new("upgrade-kubernetes").with("from", from.as_str()).with("to", to.as_str());
        lines.push(face.words(&message));
    }
    let images = &changes.images;
    let message = Message::new("upgrade-images")
        .with("new", images.new.len() + images.moved.len())
        .with("unchanged", images.unchanged)
        .with("gone", images.gone.len())
        .with("size", wording::bytes(images.bytes, face.language));
    lines.push(face.words(&message));
    lines.extend(changes.charts.iter().map(|change| face.words(&chart(change))));
    if changes.unchanged_charts > 0 {
        lines.push(face.words(&Message::new("upgrade-charts-same").with("count", changes.unchanged_charts)));
    }
    lines
}

fn chart(change: &ChartChange) -> Message {
    let name = change.name.as_str();
    match (&change.from, &change.to) {
        (Some(from), Some(to)) if from == to => Message::new("upgrade-chart-values").with("chart", name),
        (Some(from), Some(to)) => {
            Message::new("upgrade-chart").with("chart", name).with("from", from.as_str()).with("to", to.as_str())
        }
        (None, Some(to)) => Message::new("upgrade-chart-new").with("chart", name).with("to", to.as_str()),
        (from, None) => {
            Message::new("upgrade-chart-gone").with("chart", name).with("from", from.clone().unwrap_or_default())
        }
    }
}

fn notes(face: &Face, view: &ChangeView) -> Vec<String> {
    let language = face.language.to_string();
    let Some(notes) = view.notes.get(&language).or_else(|| view.notes.values().next()) else { return Vec::new() };
    let clean: String = notes.chars().filter(|c| !c.is_control() || *c == '\n').collect();
    let mut lines = vec![String::new(), face.paint.strong(&face.words(&Message::new("upgrade-notes")))];
    lines.extend(clean.lines().take(NOTES).map(|line| format!("  {line}")));
    lines
}

fn findings(face: &Face, findings: &[Finding]) -> Vec<String> {
    let mut lines = Vec::new();
    for finding in findings {
        let sign = match finding.severity {
            Severity::Blocks => BLOCKS,
            Severity::Warns => ATTENTION,
        };
        lines.push(String::new());
        lines.push(format!("{}{}", face.paint.sign(sign, face.language), face.words(&finding.message)));
        for attribute in ["why", "fix"] {
            if let Some(text) = finding.message.render_attribute(face.language, attribute) {
                lines.push(format!("    {text}"));
            }
        }
        lines.extend(finding.commands.iter().map(|command| format!("      {command}")));
    }
    lines
}

fn steps(face: &Face, view: &ChangeView) -> Vec<String> {
    let mut lines = vec![face.paint.strong(&face.words(&Message::new("install-plan-steps")))];
    let mut committed = false;
    for step in &view.steps {
        if step.committed && !committed {
            committed = true;
            lines.push(format!("       {}", face.words(&Message::new("upgrade-commit"))));
        }
        let time = wording::duration(Duration::from_secs(u64::from(step.seconds)));
        lines.push(format!("  {:>3}  {}  ({time})", step.id.0, face.words(&step.title)));
        if let Some(undo) = step.undo.as_ref().filter(|_| !step.committed) {
            let undo = face.words(undo);
            lines.push(format!("         {}", face.words(&Message::new("install-plan-undo").with("undo", undo))));
        }
    }
    lines
}

/// A critical period, and when it would be convenient.
fn calendar(face: &Face, view: &ChangeView) -> Vec<String> {
    let Some(critical) = &view.forbidden else { return Vec::new() };
    let message = critical.message(&view.windows);
    let even = Message::new("upgrade-even-in").with("name", critical.name.as_str());
    vec![
        String::new(),
        format!("{}{}", face.paint.sign(BLOCKS, face.language), face.words(&message)),
        format!("    {}", face.words(&even)),
    ]
}

fn interruption(view: &ChangeView) -> Message {
    let time = wording::duration(Duration::from_secs(view.seconds()));
    let runs = view.steps.iter().map(|step| step.runs).max().unwrap_or_default();
    let message = match view.interruption() {
        0 => Message::new("upgrade-time"),
        seconds => {
            Message::new("upgrade-time-interrupted").with("down", wording::duration(Duration::from_secs(seconds)))
        }
    };
    message.with("time", time).with("runs", runs)
}
