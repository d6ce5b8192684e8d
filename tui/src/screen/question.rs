//! The question before everything is taken back, with what that means.

use bridle_core::message::Message;
use bridle_core::operation::{OperationView, StepState};
use bridle_core::plan::OperationKind;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear, Paragraph};

use super::flow::wrapped;
use crate::state::State;

pub fn draw(frame: &mut Frame<'_>, body: Rect, state: &State) {
    let width = body.width.min(64);
    let lines: Vec<Line<'static>> = wrapped(&words(state), usize::from(width.saturating_sub(4)))
        .into_iter()
        .map(|line| Line::from(format!(" {line}")))
        .collect();
    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX).min(body.height);
    let area = Rect { x: body.x + (body.width - width) / 2, y: body.y + (body.height - height) / 2, width, height };
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(lines).block(Block::bordered()), area);
}

/// The question, with what a yes means.
pub fn words(state: &State) -> String {
    let message = match &state.operation {
        Some(operation) => question(operation),
        None => Message::new("tui-ask-abort"),
    };
    message.render(state.language)
}

fn question(operation: &OperationView) -> Message {
    let begun = operation.steps.iter().filter(|step| !matches!(step.state, StepState::Pending | StepState::Skipped));
    let (code, release) = match (operation.kind, &operation.from) {
        (OperationKind::Install, _) => ("tui-ask-back-install", Some(&operation.to)),
        (OperationKind::Upgrade | OperationKind::Rollback, Some(from)) => ("tui-ask-back-upgrade", Some(from)),
        _ => ("tui-ask-back-other", None),
    };
    let message = Message::new(code).with("steps", begun.count());
    release.into_iter().fold(message, |message, release| message.with("release", release.as_str()))
}
