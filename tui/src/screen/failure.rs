//! Why an operation stopped or went back: what, why, how it stands now, and what can be done.

use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::operation::{OperationState, OperationView};
use bridle_core::plan::OperationKind;
use bridle_core::wording::FaultText;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr as _;

use super::flow::{behind, indented};
use super::is_wide;
use crate::state::{Button, State};

/// Title of the part.
pub fn title(state: &State, operation: &OperationView) -> String {
    let message = match operation.current().filter(|_| operation.state == OperationState::NeedsOperator) {
        Some(step) => Message::new("tui-failed-title")
            .with("step", u32::from(step.id.0))
            .with("title", step.title.render(state.language)),
        None => Message::new("tui-back-title"),
    };
    message.render(state.language)
}

/// The lines of the part, `width` columns wide at the most.
pub fn lines(state: &State, operation: &OperationView, width: usize) -> Vec<Line<'static>> {
    let stopped = operation.state == OperationState::NeedsOperator;
    let none = stopped.then(|| Fault::new(FaultCode::OperatorNeeded));
    let fault = state.told().or(none.as_ref());
    let text = fault.map(|fault| FaultText::new(fault, state.language));
    let labels = ["label-what", "label-detail", "label-why", "label-now", "label-do"];
    let labels = labels.map(|code| Message::new(code).render(state.language));
    let column = labels.iter().map(|label| label.width()).max().unwrap_or(0);
    let mut lines = Vec::new();
    let wide = is_wide(width + 2);
    let mut put = |label: &str, sentences: Vec<String>| {
        if !wide {
            let texts = sentences.iter().flat_map(|sentence| indented(sentence, 2, width));
            lines.push(Line::styled(format!(" {label}"), state.theme.heading()));
            lines.extend(texts);
            return;
        }
        for (index, sentence) in sentences.into_iter().enumerate() {
            let label = if index == 0 { label } else { "" };
            let space = " ".repeat(column - label.width());
            let head = Span::styled(format!(" {label}{space}  "), state.theme.heading());
            lines.extend(behind(head, &sentence, Style::new(), width));
        }
    };
    let [what, cause, why, now, to_do] = &labels;
    match &text {
        Some(text) => {
            let mut sentences = vec![format!("{}  {}", text.what, text.code)];
            sentences.extend(text.detail.clone());
            put(what, sentences);
            if state.unfolded {
                put(cause, text.causes.clone());
            }
            put(why, text.why.iter().cloned().collect());
        }
        None => put(what, vec![Message::new("back-wanted-what").render(state.language)]),
    }
    put(now, vec![standing(operation).render(state.language)]);
    // The cure of a cause says what was to be done while it stood; what can be done now stands below it.
    let mut cures: Vec<String> = text.iter().filter_map(|text| text.fix.clone()).collect();
    cures.extend(choices(state, operation).into_iter().map(|choice| format!("- {}", choice.render(state.language))));
    put(to_do, cures);
    if let Some(text) = text.filter(|text| !text.causes.is_empty() && !state.unfolded) {
        let folded = Message::new("tui-fold-open").with("count", text.causes.len());
        lines.extend(indented(&folded.render(state.language), if wide { column + 3 } else { 2 }, width));
    }
    lines
}

/// How things stand now.
fn standing(operation: &OperationView) -> Message {
    if operation.state == OperationState::NeedsOperator {
        return match operation.is_past_commit() {
            true => Message::new("now-waits-committed").with("release", operation.to.as_str()),
            false => Message::new("now-waits"),
        };
    }
    match (&operation.from, operation.kind) {
        (Some(from), OperationKind::Upgrade | OperationKind::Rollback) => {
            Message::new("now-back").with("release", from.as_str())
        }
        _ => Message::new("now-back-nothing"),
    }
}

/// What can be done now, and how.
fn choices(state: &State, operation: &OperationView) -> Vec<Message> {
    if operation.state == OperationState::RolledBack {
        return match operation.kind {
            OperationKind::Upgrade => {
                let command = format!("bridle upgrade plan {}", operation.to);
                vec![Message::new("do-plan").with("command", command)]
            }
            _ => vec![Message::new("do-nothing")],
        };
    }
    let commands = state.commands();
    let mut choices = Vec::new();
    if commands.contains(&Button::Retry) {
        choices.push(Message::new("do-retry").with("key", "r"));
    }
    if commands.contains(&Button::Abort) {
        choices.push(Message::new("do-abort").with("key", "a"));
    }
    let skip = format!("bridle operation skip {} --reason …", operation.id);
    choices.push(Message::new("do-skip").with("command", skip));
    choices.push(Message::new("do-leave"));
    choices
}
