//! A change before anything happens: what, how long, what takes it back, and what stands against it.

use std::time::Duration;

use bridle_core::message::{Language, Message};
use bridle_core::operation::OperationState;
use bridle_core::plan::forecast::StepForecast;
use bridle_core::sign::{ATTENTION, BLOCKS, Sign};
use bridle_core::upgrade::ChangeView;
use bridle_core::upgrade::words::{self, Told};
use bridle_core::wording::{self, FaultText};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::flow::{behind, cell, indented, wrapped};
use super::{Shown, is_wide, page};
use crate::state::{Answer, Change, State};

/// Longest release notes that are shown, in lines of their text.
const NOTES: usize = 60;
/// Columns of a time.
const TIME: usize = 8;

pub fn draw(frame: &mut Frame<'_>, area: Rect, state: &State) -> Shown {
    let width = usize::from(area.width);
    let foot = foot(state, width);
    let height = u16::try_from(foot.len()).unwrap_or(u16::MAX).min(area.height / 2);
    let [body, below] = Layout::vertical([Constraint::Min(0), Constraint::Length(height)]).areas(area);
    frame.render_widget(Paragraph::new(foot), below);
    page(frame, body, lines(state, width), state.scroll, state)
}

fn lines(state: &State, width: usize) -> Vec<Line<'static>> {
    let waits = |code: &'static str, since| {
        let mut message = Message::new(code).with("time", wording::elapsed(since, state.now));
        if let Change::Upgrade(release) = &state.updates.change {
            message = message.with("release", release.as_str());
        }
        indented(&message.render(state.language), 1, width)
    };
    match &state.updates.plan {
        Answer::Awaited { since } => match state.updates.change {
            Change::Upgrade(_) => waits("tui-planning", *since),
            Change::Return => waits("tui-planning-back", *since),
        },
        Answer::Failed(fault) => {
            let text = FaultText::new(fault, state.language).lines(state.language, 2);
            text.iter().flat_map(|line| indented(line, 1, width)).collect()
        }
        Answer::Here(view) => match (state.updates.starting, &state.updates.refused) {
            (Some(since), _) => waits("tui-starting", since),
            (None, Some(fault)) => {
                let text = FaultText::new(fault, state.language).lines(state.language, 2);
                let mut lines: Vec<Line<'static>> = text.iter().flat_map(|line| indented(line, 1, width)).collect();
                lines.push(Line::default());
                lines.extend(plan(state, view, width));
                lines
            }
            (None, None) => plan(state, view, width),
        },
    }
}

/// What is said below the plan whatever part of it is seen: time, users, and why it cannot start.
fn foot(state: &State, width: usize) -> Vec<Line<'static>> {
    let Some(view) = state.updates.view().filter(|_| state.updates.starting.is_none()) else { return Vec::new() };
    let mut lines = Vec::new();
    match state.stands_against(view) {
        Some(against) => {
            let sign = Span::styled(format!(" {} ", BLOCKS.glyph), state.theme.style(BLOCKS));
            lines.extend(behind(sign, &against.render(state.language), Style::new(), width));
        }
        None => lines.extend(indented(&words::time(view, state.language).render(state.language), 1, width)),
    }
    lines
}

fn heading(state: &State, code: &'static str) -> [Line<'static>; 2] {
    let text = Message::new(code).render(state.language).to_uppercase();
    [Line::default(), Line::styled(format!(" {text}"), state.theme.heading())]
}

fn plan(state: &State, view: &ChangeView, width: usize) -> Vec<Line<'static>> {
    let say = |message: &Message| message.render(state.language);
    let title = Message::new("upgrade-title").with("from", view.from.as_str()).with("to", view.to.as_str());
    let mut lines: Vec<Line<'static>> = wrapped(&say(&title), width.saturating_sub(1))
        .into_iter()
        .map(|line| Line::styled(format!(" {line}"), state.theme.heading()))
        .collect();
    let found = words::findings(view, state.language);
    let (blocking, others): (Vec<Told>, Vec<Told>) = found.into_iter().partition(|told| told.sign == Some(BLOCKS));
    lines.extend(verdict(state, view, &blocking, &others, width));
    lines.extend(heading(state, "upgrade-changes"));
    for change in words::changes(view, state.language) {
        lines.extend(indented(&say(&change), 2, width));
    }
    if let Some(notes) = words::notes(view, state.language) {
        lines.extend(heading(state, "upgrade-notes"));
        lines.extend(notes.lines().take(NOTES).flat_map(|line| indented(line, 2, width)));
    }
    lines.push(Line::default());
    lines.extend(steps(state, view, width));
    if !others.is_empty() {
        lines.extend(heading(state, "tui-findings"));
        lines.extend(others.iter().flat_map(|told| finding(state, told, width)));
    }
    lines.extend(heading(state, "tui-rest"));
    let command = Message::new("tui-by-command").with("command", words::command(view));
    let digest = Message::new("install-plan-digest").with("digest", view.plan.to_string());
    // The foot says it unless something else is more important there.
    let time = state.stands_against(view).map(|_| words::time(view, state.language));
    let rest = [words::known(view), words::disk(view, state.language), command, digest];
    for message in words::way_back(view).into_iter().chain(time).chain(rest) {
        lines.extend(indented(&say(&message), 2, width));
    }
    lines
}

/// In one look whether it can be done: what blocks, with reason and cure, or that nothing does, and what was tried.
fn verdict(state: &State, view: &ChangeView, blocking: &[Told], others: &[Told], width: usize) -> Vec<Line<'static>> {
    let mut lines = vec![Line::default()];
    for told in blocking {
        lines.extend(finding(state, told, width));
    }
    if blocking.is_empty() {
        let warnings = others.iter().filter(|told| told.sign.is_some()).count();
        let sign = if warnings > 0 { ATTENTION } else { Sign::from(OperationState::Committed) };
        let head = Span::styled(format!(" {} ", sign.glyph), state.theme.style(sign));
        let words = Message::new("tui-nothing-blocks").with("warnings", warnings).render(state.language);
        lines.extend(behind(head, words.trim_end(), Style::new(), width));
    }
    if let Some(tried) = words::rehearsed(view) {
        lines.extend(indented(&tried.render(state.language), 6, width));
    }
    lines
}

fn finding(state: &State, told: &Told, width: usize) -> Vec<Line<'static>> {
    let head = match told.sign {
        Some(sign) => Span::styled(format!(" {} ", sign.glyph), state.theme.style(sign)),
        None => Span::raw("      "),
    };
    // Where there are no colours, the word says what the sign means.
    let word = told.sign.map(|sign| format!("{}: ", sign.word(state.language))).unwrap_or_default();
    let word = if state.language == Language::Fr { word.replace(": ", "\u{a0}: ") } else { word };
    let mut lines = behind(head, &format!("{word}{}", told.what), state.theme.heading(), width);
    for text in told.why.iter().chain(&told.fix) {
        lines.extend(indented(text, 6, width));
    }
    lines.extend(told.commands.iter().flat_map(|command| indented(command, 8, width)));
    lines.extend(told.said.iter().flat_map(|said| indented(said, 8, width)));
    lines
}

/// The steps as a table: number, title, time, what takes it back; where it is narrow, over two lines.
fn steps(state: &State, view: &ChangeView, width: usize) -> Vec<Line<'static>> {
    let say = |message: &Message| message.render(state.language);
    let word = |code| Message::new(code).render(state.language);
    let wide = is_wide(width);
    let room = width.saturating_sub(5 + TIME + 4);
    let (title_width, undo_width) = (room * 3 / 5, room - room * 3 / 5);
    let head = if wide {
        let title = cell(&word("tui-steps").to_uppercase(), title_width + 4);
        format!(" {title}{:>TIME$}  {}", word("tui-steps-time"), word("tui-steps-undo"))
    } else {
        format!(" {}", word("tui-steps").to_uppercase())
    };
    let mut lines = vec![Line::styled(head, state.theme.heading())];
    let mut committed = false;
    for step in &view.steps {
        if step.committed && !committed {
            committed = true;
            lines.extend(behind(Span::raw(" == "), &word("tui-commit"), state.theme.heading(), width));
        }
        let time = wording::duration(Duration::from_secs(u64::from(step.seconds)));
        let notice = if step.interrupts { "(!)" } else { "" };
        let undo = undo(state, step);
        let title = say(&step.title);
        if wide {
            let title = cell(&title, title_width);
            let undo = super::flow::cut(&undo, undo_width);
            lines.push(Line::from(format!(" {:>3} {title}{notice:>3}{time:>5}  {undo}", step.id.0)));
        } else {
            let head = Span::raw(format!(" {:>2} ", step.id.0));
            lines.extend(behind(head, &title, Style::new(), width));
            let undo = Message::new("tui-undo-line").with("undo", undo).render(state.language);
            let below = format!("{time} {notice} {undo}");
            lines.extend(indented(&super::flow::cut(&below, width.saturating_sub(4)), 4, width));
        }
    }
    if view.steps.iter().any(|step| step.interrupts) {
        lines.extend(behind(Span::raw(" (!) "), &word("tui-step-notice"), Style::new(), width));
    }
    lines
}

fn undo(state: &State, step: &StepForecast) -> String {
    match &step.undo {
        _ if step.committed => Message::new("tui-undo-committed").render(state.language),
        Some(undo) => undo.render(state.language),
        None => Message::new("tui-undo-nothing").render(state.language),
    }
}
