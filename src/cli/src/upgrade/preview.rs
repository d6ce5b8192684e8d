//! A change as it is shown before anything happens (`interface.md` §7.3).

use std::time::Duration;

use bridle_core::message::Message;
use bridle_core::operation::OperationState;
use bridle_core::sign::{ATTENTION, BLOCKS, Sign};
use bridle_core::upgrade::ChangeView;
use bridle_core::upgrade::words::{self, Told};
use bridle_core::wording;

use crate::face::Face;

/// Longest release notes that are shown, in lines.
const NOTES: usize = 20;

/// Everything that is known before the question: first in one look whether it can be done.
pub fn lines(face: &Face, view: &ChangeView) -> Vec<String> {
    let say = |message: &Message| face.words(message);
    let title = Message::new("upgrade-title").with("from", view.from.as_str()).with("to", view.to.as_str());
    let mut lines = vec![face.paint.strong(&say(&title))];
    lines.push(say(&Message::new("install-plan-digest").with("digest", view.plan.to_string())));
    lines.push(String::new());
    let found = words::findings(view, face.language);
    let (blocking, others): (Vec<Told>, Vec<Told>) = found.into_iter().partition(|told| told.sign == Some(BLOCKS));
    lines.extend(verdict(face, view, &blocking, &others));
    lines.push(face.paint.strong(&say(&Message::new("upgrade-changes"))));
    lines.extend(words::changes(view, face.language).iter().map(|change| format!("  {}", say(change))));
    if let Some(notes) = words::notes(view, face.language) {
        lines.push(String::new());
        lines.push(face.paint.strong(&say(&Message::new("upgrade-notes"))));
        lines.extend(notes.lines().take(NOTES).map(|line| format!("  {line}")));
    }
    lines.push(String::new());
    lines.extend(steps(face, view));
    if !others.is_empty() {
        lines.push(String::new());
        lines.push(face.paint.strong(&say(&Message::new("tui-findings"))));
        lines.extend(others.iter().flat_map(|told| finding(face, told)));
    }
    lines.push(String::new());
    lines.extend(words::way_back(view).iter().map(say));
    lines.extend(
        [words::disk(view, face.language), words::time(view, face.language), words::known(view)].iter().map(say),
    );
    lines
}

/// Only what stands in the way, where that is the answer.
pub fn obstacles(face: &Face, view: &ChangeView) -> Vec<String> {
    let title = Message::new("upgrade-title").with("from", view.from.as_str()).with("to", view.to.as_str());
    let mut lines = vec![face.paint.strong(&face.words(&title)), String::new()];
    let found = words::findings(view, face.language);
    lines.extend(found.iter().filter(|told| told.sign == Some(BLOCKS)).flat_map(|told| finding(face, told)));
    lines
}

fn verdict(face: &Face, view: &ChangeView, blocking: &[Told], others: &[Told]) -> Vec<String> {
    let mut lines: Vec<String> = blocking.iter().flat_map(|told| finding(face, told)).collect();
    if blocking.is_empty() {
        let warnings = others.iter().filter(|told| told.sign.is_some()).count();
        let sign = if warnings > 0 { ATTENTION } else { Sign::from(OperationState::Committed) };
        let message = Message::new("tui-nothing-blocks").with("warnings", warnings);
        lines.push(format!("{}{}", face.paint.sign(sign, face.language), face.words(&message).trim_end()));
    }
    lines.extend(words::rehearsed(view).map(|tried| face.words(&tried)));
    lines.push(String::new());
    lines
}

fn finding(face: &Face, told: &Told) -> Vec<String> {
    let sign = told.sign.map(|sign| face.paint.sign(sign, face.language)).unwrap_or_default();
    let mut lines = vec![format!("{sign}{}", told.what)];
    lines.extend(told.why.iter().chain(&told.fix).map(|text| format!("    {text}")));
    lines.extend(told.commands.iter().chain(&told.said).map(|text| format!("      {text}")));
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
        if step.interrupts {
            lines.push(format!("         {}", face.words(&Message::new("tui-step-notice"))));
        }
        if let Some(undo) = step.undo.as_ref().filter(|_| !step.committed) {
            let undo = face.words(undo);
            lines.push(format!("         {}", face.words(&Message::new("install-plan-undo").with("undo", undo))));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use bridle_client::sample;
    use bridle_core::message::Language;
    use clap::Parser as _;

    use super::*;

    fn face(language: Language) -> Face {
        let lang = if language == Language::Fr { "fr" } else { "en" };
        let words = ["bridle", "status", "--no-input", "--color", "never", "--lang", lang];
        Face::new(&crate::arguments::Arguments::parse_from(words).global, &|_| None)
    }

    #[test]
    fn a_plan_says_what_undo_does_where_that_is_simple() {
        let mut view = sample::change();
        let told = |view: &ChangeView| lines(&face(Language::En), view).join("\n");
        let (back, later) = ("everything goes back to campus-1.0.0 by itself", "Kubernetes then stays at 1.36.3");
        assert!(!told(&view).contains(back), "a contract says it by itself");
        view.findings.retain(|finding| finding.message.code != "change-contract");
        assert!(told(&view).contains(back) && told(&view).contains(later));
        view.changes.kubernetes.1 = "1.35.9".to_owned();
        assert!(told(&view).contains(back) && !told(&view).contains(later), "a patch level goes back later, too");
        view.kind = bridle_core::plan::OperationKind::Rollback;
        assert!(!told(&view).contains(back));
    }

    #[test]
    fn who_cannot_start_sees_only_why() {
        let told = obstacles(&face(Language::En), &sample::blocked_change()).join("\n");
        assert!(told.contains("would refuse Deployment") && !told.contains("Steps"), "{told}");
    }

    #[test]
    fn a_plan_reads_well() {
        for language in Language::ALL {
            let face = face(language);
            for (name, view) in [("free", sample::change()), ("blocked", sample::blocked_change())] {
                insta::assert_snapshot!(format!("{name}-{language}"), lines(&face, &view).join("\n"));
            }
        }
    }
}
