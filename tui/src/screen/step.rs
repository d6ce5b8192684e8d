//! All about one step: of the plan that is looked at, or of the operation.

use std::time::Duration;

use bridle_core::message::Message;
use bridle_core::operation::{OperationView, StepState, StepView};
use bridle_core::sign::Sign;
use bridle_core::upgrade::ChangeView;
use bridle_core::wording;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::flow::{indented, wrapped};
use super::{Shown, page};
use crate::state::{Screen, State};

pub fn draw(frame: &mut Frame<'_>, area: Rect, state: &State) -> Shown {
    let width = usize::from(area.width);
    let told = match (state.below(), state.updates.view(), &state.operation) {
        (Screen::Plan, Some(view), _) => planned(state, view),
        (Screen::Operation, _, Some(operation)) => running(state, operation),
        _ => None,
    };
    let Some((title, sentences)) = told else {
        return page(
            frame,
            area,
            indented(&Message::new("tui-nothing-here").render(state.language), 1, width),
            0,
            state,
        );
    };
    let mut lines: Vec<Line<'static>> = wrapped(&title.render(state.language), width.saturating_sub(1))
        .into_iter()
        .map(|line| Line::styled(format!(" {line}"), state.theme.heading()))
        .collect();
    lines.push(Line::default());
    lines.extend(sentences.iter().flat_map(|sentence| indented(&sentence.render(state.language), 1, width)));
    lines.push(Line::default());
    lines.extend(indented(&Message::new("tui-step-others").render(state.language), 1, width));
    page(frame, area, lines, state.scroll, state)
}

fn title(state: &State, number: u16, steps: usize, title: &Message) -> Message {
    Message::new("tui-step-title")
        .with("step", u32::from(number))
        .with("steps", steps)
        .with("title", title.render(state.language))
}

fn planned(state: &State, view: &ChangeView) -> Option<(Message, Vec<Message>)> {
    let step = view.steps.get(state.step)?;
    let time = wording::duration(Duration::from_secs(u64::from(step.seconds)));
    let sentences = vec![
        Message::new("tui-step-time").with("time", time).with("runs", step.runs),
        Message::new(if step.interrupts { "tui-step-notice" } else { "tui-step-no-notice" }),
        match &step.undo {
            _ if step.committed => Message::new("tui-step-committed"),
            Some(undo) => Message::new("tui-step-undo").with("undo", undo.render(state.language)),
            None => Message::new("tui-step-undo-nothing"),
        },
    ];
    Some((title(state, step.id.0, view.steps.len(), &step.title), sentences))
}

fn running(state: &State, operation: &OperationView) -> Option<(Message, Vec<Message>)> {
    let step = operation.steps.get(state.step)?;
    let sign = sign(operation, step);
    let mut sentences = vec![Message::new("tui-step-state").with("state", sign.word(state.language))];
    sentences.extend(history(step));
    if step.state == StepState::Running {
        sentences.extend(wording::progress(step, state.language));
        sentences.extend(wording::waiting(step, state.now, state.language));
    }
    if let Some(known) = state.forecast.iter().find(|known| known.id == step.id) {
        let time = wording::duration(Duration::from_secs(u64::from(known.seconds)));
        sentences.push(Message::new("tui-step-time").with("time", time).with("runs", known.runs));
        sentences.push(match &known.undo {
            _ if known.committed => Message::new("tui-step-committed"),
            Some(undo) if step.undoable => Message::new("tui-step-undo").with("undo", undo.render(state.language)),
            Some(_) => Message::new("tui-step-not-undoable"),
            None => Message::new("tui-step-undo-nothing"),
        });
    }
    Some((title(state, step.id.0, operation.steps.len(), &step.title), sentences))
}

fn history(step: &StepView) -> Vec<Message> {
    let mut messages = Vec::new();
    messages.extend(step.began.map(|began| {
        Message::new("tui-step-began").with("time", wording::moment(began)).with("attempt", step.attempt)
    }));
    let over = matches!(step.state, StepState::Done | StepState::Undone);
    messages.extend(
        step.millis
            .filter(|_| over)
            .map(|millis| Message::new("tui-step-took").with("time", wording::duration(Duration::from_millis(millis)))),
    );
    messages.extend(step.already.then(|| Message::new("step-already")));
    messages
}

/// The sign of a step; one that runs while its operation goes back is being taken back.
pub fn sign(operation: &OperationView, step: &StepView) -> Sign {
    match (operation.state, step.state) {
        (state @ bridle_core::operation::OperationState::RollingBack, StepState::Running) => Sign::from(state),
        _ => Sign::from(step),
    }
}
