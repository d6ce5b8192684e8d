//! One operation: steps, what is waited for, and what happened or went wrong.

use std::time::Duration;

use bridle_core::message::Message;
use bridle_core::operation::{OperationState, OperationView, StepState, StepView};
use bridle_core::plan::forecast;
use bridle_core::sign::Sign;
use bridle_core::wording;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph, Wrap};
use unicode_width::UnicodeWidthStr as _;

use super::flow::{cut, indented};
use super::{PAGE_OF_TEXT, Part, Shown, event_line, failure, is_wide, page, step};
use crate::state::State;

/// From this height on there is room for what is only good to know.
const TALL: u16 = 18;

pub fn draw(frame: &mut Frame<'_>, area: Rect, state: &State) -> Shown {
    let Some(operation) = &state.operation else {
        let text = Message::new("tui-no-operation").render(state.language);
        frame.render_widget(Paragraph::new(text), area);
        return Shown::default();
    };
    let width = usize::from(area.width);
    let head = head(state, operation, width, area.height >= TALL);
    let close = close(state, operation, width, area.height >= TALL);
    let wide = is_wide(usize::from(area.width));
    let fault = state.tells_a_fault().then(|| failure::lines(state, operation, width.saturating_sub(2)));
    let frames = if wide { 2 } else { 1 };
    let length = |lines: &[Line<'static>]| u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let rest = area.height.saturating_sub(length(&head)).saturating_sub(length(&close));
    let lower_height = match &fault {
        // The steps keep at least a look at the one that failed.
        Some(fault) => length(fault).saturating_add(frames).min(rest.saturating_sub(1 + frames)),
        None => (area.height / 3).max(4),
    };
    let rows = [
        Constraint::Length(length(&head)),
        Constraint::Min(0),
        Constraint::Length(lower_height),
        Constraint::Length(length(&close)),
    ];
    let [top, middle, lower, bottom] = Layout::vertical(rows).areas(area);
    frame.render_widget(Paragraph::new(head), top);
    frame.render_widget(Paragraph::new(close), bottom);
    let room = usize::from(middle.height.saturating_sub(frames));
    let (steps, shown) = window(state, operation, (width, room), fault.is_some());
    let steps = Part::new(state, "tui-operation", steps);
    if wide {
        steps.framed(frame, middle, state);
    } else {
        frame.render_widget(Paragraph::new(steps.plain(state)), middle);
    }
    match fault {
        Some(lines) => told(frame, lower, state, &failure::title(state, operation), lines),
        None => {
            log(frame, lower, state, wide);
            shown
        }
    }
}

fn head(state: &State, operation: &OperationView, width: usize, tall: bool) -> Vec<Line<'static>> {
    let words = |message: Message| message.render(state.language);
    let wide = is_wide(width);
    let title = if wide { words(operation.title()) } else { operation.to.clone() };
    let sign = state.theme.sign(Sign::from(operation.state), state.language);
    let mut first = format!("  {title}");
    if let Some(step) = operation.current().filter(|_| !operation.state.is_final()) {
        let steps = operation.steps.len();
        let place = Message::new("tui-step-of").with("step", u32::from(step.id.0)).with("steps", steps);
        let place = if wide { words(place) } else { format!("{}/{steps}", step.id.0) };
        first.push_str(&format!("  {place}"));
    }
    let first = cut(&first, width.saturating_sub(sign.width() + 1));
    let mut lines = vec![Line::from(vec![Span::raw(" "), sign, Span::raw(first)]), bar(state, operation, width)];
    if let Some(note) = note(state, operation, tall) {
        lines.extend(indented(&words(note), 1, width));
    }
    lines
}

fn bar(state: &State, operation: &OperationView, width: usize) -> Line<'static> {
    let words = |message: Message| message.render(state.language);
    let mut text = words(wording::standing(operation, state.now));
    if operation.pause_asked {
        text.push_str(&format!("  {}", words(Message::new("operation-pause-asked"))));
    } else if let Some(left) = forecast::remaining(operation, &state.forecast, state.now) {
        text.push_str(&format!("  {}", words(wording::about(left))));
    }
    let cells = width.saturating_sub(text.width() + 4).min(30);
    if cells < 5 || width >= usize::from(PAGE_OF_TEXT.0) || operation.state == OperationState::RolledBack {
        return Line::from(format!(" {text}"));
    }
    let full = cells * usize::try_from(operation.percent()).unwrap_or(0) / 100;
    Line::from(format!(" [{}{}] {text}", "#".repeat(full), "-".repeat(cells - full)))
}

/// The one sentence that matters most now.
fn note(state: &State, operation: &OperationView, tall: bool) -> Option<Message> {
    if !operation.state.is_final() && (state.reconnecting || state.offline.is_some()) {
        let hands_over = operation.current().is_some_and(|step| step.title.code == "step-switch-agent");
        return Some(Message::new(if hands_over { "tui-hand-over" } else { "tui-no-answer-goes-on" }));
    }
    if operation.state == OperationState::RollingBack {
        return wording::way_back(operation, state.language);
    }
    if operation.is_past_commit() && !operation.state.is_final() {
        return Some(Message::new("tui-in-force"));
    }
    let clock = wording::moment(operation.started);
    let message = match &state.approved {
        Some((by, _)) => Message::new("tui-started-by").with("by", by.as_str()),
        None => Message::new("tui-started"),
    };
    tall.then(|| message.with("time", &clock[11..16]))
}

/// Whoever looks may go.
fn close(state: &State, operation: &OperationView, width: usize, tall: bool) -> Vec<Line<'static>> {
    let goes_on = matches!(
        operation.state,
        OperationState::Approved | OperationState::Running | OperationState::Verifying | OperationState::RollingBack
    );
    if !goes_on || !tall {
        return Vec::new();
    }
    indented(&Message::new("tui-may-close").render(state.language), 1, width)
}

/// The steps, so that the current one can be seen; a person goes on from there.
fn window(
    state: &State,
    operation: &OperationView,
    (width, room): (usize, usize),
    fixed: bool,
) -> (Vec<Line<'static>>, Shown) {
    let mut lines = Vec::new();
    let mut current = 0;
    for step in &operation.steps {
        if operation.current().is_some_and(|now| now.id == step.id) {
            current = lines.len();
        }
        lines.push(step_line(state, operation, step, width));
        lines.extend(detail(state, step, is_wide(width)));
    }
    let last = lines.len().saturating_sub(room);
    // Two thirds of the window before the current step, one after it.
    let followed = current.saturating_sub(room * 2 / 3).min(last);
    let first = if state.held && !fixed { usize::from(state.scroll).min(last) } else { followed };
    let short = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
    let shown = Shown { first: short(first), last: short(last) };
    (lines.into_iter().skip(first).take(room).collect(), shown)
}

/// Sign, number, title, time and attempt; it is the title that gives way where there is no room.
fn step_line(state: &State, operation: &OperationView, step: &StepView, width: usize) -> Line<'static> {
    let words = |message: Message| message.render(state.language);
    let wide = is_wide(width);
    let mut after = String::new();
    if step.already {
        after.push_str(&format!("  ({})", words(Message::new("step-already"))));
    } else if let Some(millis) = step.millis.filter(|_| matches!(step.state, StepState::Done | StepState::Undone)) {
        after.push_str(&format!("  {}", wording::duration(Duration::from_millis(millis))));
    } else if let Some(began) = step.began.filter(|_| step.state == StepState::Running) {
        after.push_str(&format!("  {}", wording::elapsed(began, state.now)));
    }
    if step.attempt > 1 {
        after.push_str(&format!("  {}", words(Message::new("step-attempt").with("attempt", step.attempt))));
    }
    let columns = operation.steps.iter().filter(|_| wide).map(|step| step::sign(operation, step));
    let sign = state.theme.column(step::sign(operation, step), columns, state.language);
    let before = if wide { format!("  {:>2} ", step.id.0) } else { format!(" {} ", step.id.0) };
    let edges = if wide { 2 } else { 1 };
    let room = width.saturating_sub(edges + sign.width() + before.width() + after.width());
    let title = cut(&step.title.render(state.language), room);
    Line::from(vec![sign, Span::raw(format!("{before}{title}{after}"))])
}

/// How far a step is, what it waits for, and how long it usually takes here.
fn detail(state: &State, step: &StepView, wide: bool) -> Vec<Line<'static>> {
    if step.state != StepState::Running {
        return Vec::new();
    }
    let words = |message: Message| message.render(state.language);
    let progress = wording::progress(step, state.language);
    let waiting = wording::waiting(step, state.now, state.language);
    let mut lines: Vec<String> = progress.into_iter().chain(waiting).map(words).collect();
    // Only what this host has shown itself; a soak says how long it is.
    let known = state.forecast.iter().find(|known| known.id == step.id && known.runs > 0);
    if let (Some(known), Some(last)) = (known, lines.last_mut()) {
        let time = wording::duration(Duration::from_secs(u64::from(known.seconds)));
        last.push_str(&format!(" ({})", words(Message::new("tui-usual").with("time", time))));
    }
    let indent = if wide { "        " } else { "   " };
    lines.into_iter().map(|line| Line::from(format!("{indent}{line}"))).collect()
}

fn log(frame: &mut Frame<'_>, area: Rect, state: &State, wide: bool) {
    let room = usize::from(area.height.saturating_sub(if wide { 2 } else { 1 }));
    let skip = state.events.len().saturating_sub(room);
    let lines = state.events.iter().skip(skip).map(|event| event_line::line(event, state.language)).collect();
    let part = Part::new(state, "tui-log", lines);
    if wide {
        let block = Block::bordered().title(Span::styled(format!(" {} ", part.title), state.theme.heading()));
        frame.render_widget(Paragraph::new(part.lines).block(block), area);
    } else {
        frame.render_widget(Paragraph::new(part.plain(state)).wrap(Wrap { trim: false }), area);
    }
}

/// The fault in a frame of its own, or below its title.
fn told(frame: &mut Frame<'_>, area: Rect, state: &State, title: &str, lines: Vec<Line<'static>>) -> Shown {
    let title = cut(title, usize::from(area.width.saturating_sub(4)));
    let inner = if is_wide(usize::from(area.width)) {
        let block = Block::bordered().title(Span::styled(format!(" {title} "), state.theme.heading()));
        let inner = block.inner(area);
        frame.render_widget(block, area);
        inner
    } else {
        let [head, rest] = Layout::vertical([Constraint::Length(1), Constraint::Min(0)]).areas(area);
        frame.render_widget(Paragraph::new(Line::styled(title, state.theme.heading())), head);
        rest
    };
    page(frame, inner, lines, state.scroll, state)
}
