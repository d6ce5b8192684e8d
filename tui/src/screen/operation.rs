//! One operation: steps, what is waited for, and what happened or went wrong.

use std::time::Duration;

use bridle_core::message::Message;
use bridle_core::operation::{OperationState, OperationView, StepState, StepView};
use bridle_core::sign::Sign;
use bridle_core::wording::{self, FaultText};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};

use super::{Part, WIDE, event_line, scrolled};
use crate::state::State;

pub fn draw(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let Some(operation) = &state.operation else {
        let text = Message::new("tui-no-operation").render(state.language);
        frame.render_widget(Paragraph::new(text), area);
        return;
    };
    let failed = operation.state == OperationState::NeedsOperator;
    let lower_height = if failed { area.height / 2 } else { (area.height / 3).max(4) };
    let rows = [Constraint::Length(2), Constraint::Min(0), Constraint::Length(lower_height)];
    let [top, middle, lower] = Layout::vertical(rows).areas(area);
    frame.render_widget(Paragraph::new(head(state, operation, usize::from(top.width))), top);
    let wide = area.width >= WIDE;
    let frame_lines = if wide { 2 } else { 1 };
    let room = usize::from(middle.height).saturating_sub(frame_lines);
    let steps = Part::new(state, "tui-operation", window(state, operation, room, wide));
    let (title, lines) =
        if failed { ("sign-stopped", fault(state, operation)) } else { ("tui-log", events(state, lower)) };
    let lower_part = Part::new(state, title, lines);
    if wide {
        steps.framed(frame, middle, state);
        let block = ratatui::widgets::Block::bordered()
            .title(Span::styled(format!(" {} ", lower_part.title), state.theme.heading()));
        frame.render_widget(Paragraph::new(lower_part.lines).wrap(Wrap { trim: false }).block(block), lower);
    } else {
        frame.render_widget(Paragraph::new(steps.plain(state)), middle);
        frame.render_widget(Paragraph::new(lower_part.plain(state)).wrap(Wrap { trim: false }), lower);
    }
}

fn head(state: &State, operation: &OperationView, width: usize) -> Vec<Line<'static>> {
    let words = |message: Message| message.render(state.language);
    let title = if width >= usize::from(WIDE) { words(operation.title()) } else { operation.to.clone() };
    let sign = state.theme.sign(Sign::from(operation.state), state.language);
    let until = operation.ended.unwrap_or(state.now);
    let progress = Message::new("operation-progress")
        .with("percent", operation.percent())
        .with("time", wording::elapsed(operation.started, until));
    let mut second = words(progress);
    if operation.pause_asked {
        second.push_str(&format!("  {}", words(Message::new("operation-pause-asked"))));
    }
    if state.reconnecting || state.offline.is_some() {
        second = words(Message::new("attach-reconnecting"));
    }
    let cells = width.saturating_sub(second.chars().count() + 4).min(30);
    let full = cells * usize::try_from(operation.percent()).unwrap_or(0) / 100;
    let bar = format!(" [{}{}] {second}", "#".repeat(full), "-".repeat(cells - full));
    vec![Line::from(vec![Span::raw(" "), sign, Span::raw(format!("  {title}"))]), Line::from(bar)]
}

/// The steps, so that the current one can be seen: the lines before it are passed over, the person scrolls on from there.
fn window(state: &State, operation: &OperationView, room: usize, wide: bool) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let mut current = 0;
    for step in &operation.steps {
        if operation.current().is_some_and(|now| now.id == step.id) {
            current = lines.len();
        }
        lines.push(step_line(state, operation, step, wide));
        lines.extend(detail(state, step));
    }
    if lines.len() <= room {
        return lines;
    }
    // Two thirds of the window before the current step, one after it.
    let first = current.saturating_sub(room * 2 / 3).min(lines.len() - room);
    let skip = if state.scroll == 0 { first } else { usize::from(state.scroll - 1) };
    let mut shown = scrolled(lines, u16::try_from(skip).unwrap_or(u16::MAX), room);
    shown.truncate(room);
    shown
}

fn step_line(state: &State, operation: &OperationView, step: &StepView, wide: bool) -> Line<'static> {
    let words = |message: Message| message.render(state.language);
    let title = step.title.render(state.language);
    let mut text = if wide { format!("  {:>2} {title}", step.id.0) } else { format!(" {} {title}", step.id.0) };
    if step.already {
        text.push_str(&format!("  ({})", words(Message::new("step-already"))));
    } else if let Some(millis) = step.millis.filter(|_| matches!(step.state, StepState::Done | StepState::Undone)) {
        text.push_str(&format!("  {}", wording::duration(Duration::from_millis(millis))));
    } else if let Some(began) = step.began.filter(|_| step.state == StepState::Running) {
        text.push_str(&format!("  {}", wording::elapsed(began, state.now)));
    }
    if step.attempt > 1 {
        text.push_str(&format!("  {}", words(Message::new("step-attempt").with("attempt", step.attempt))));
    }
    let columns = operation.steps.iter().filter(|_| wide).map(Sign::from);
    let sign = state.theme.column(Sign::from(step), columns, state.language);
    Line::from(vec![sign, Span::raw(text)])
}

fn detail(state: &State, step: &StepView) -> Vec<Line<'static>> {
    let amount = |n: u64, total: u64| {
        if total < 1_000_000 { n.to_string() } else { wording::bytes(n, state.language) }
    };
    let progress = step.progress.map(|(done, total)| {
        Message::new("step-progress").with("done", amount(done, total)).with("total", amount(total, total))
    });
    let waiting = step.waiting.as_ref().map(|(what, since)| {
        Message::new("step-waits")
            .with("what", what.render(state.language))
            .with("time", wording::elapsed(*since, state.now))
    });
    let lines = progress.into_iter().chain(waiting);
    lines.map(|message| Line::from(format!("        {}", message.render(state.language)))).collect()
}

fn events(state: &State, area: Rect) -> Vec<Line<'static>> {
    let room = usize::from(area.height.saturating_sub(2));
    let skip = state.events.len().saturating_sub(room);
    state.events.iter().skip(skip).map(|event| event_line::line(event, state.language)).collect()
}

fn fault(state: &State, operation: &OperationView) -> Vec<Line<'static>> {
    let Some(fault) = &operation.fault else {
        return vec![Line::from(Message::new("failure-now").render(state.language))];
    };
    let text = FaultText::new(fault, state.language);
    text.lines(state.language, 1).into_iter().map(Line::from).collect()
}
