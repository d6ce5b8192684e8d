//! Drawing: from a state to a frame, nothing back.

mod event_line;
mod help;
mod home;
mod operation;

use bridle_core::message::Message;
use bridle_core::wording;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph, Wrap};
use unicode_width::UnicodeWidthStr as _;

use crate::keymap;
use crate::state::{Button, Screen, State};

/// Smallest window that can be used.
const SMALLEST: (u16, u16) = (40, 15);
/// From this width on, parts stand side by side in frames.
const WIDE: u16 = 70;

/// Draws everything.
pub fn draw(frame: &mut Frame<'_>, state: &State) {
    let area = frame.area();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        let message =
            Message::new("tui-too-small").with("columns", u32::from(area.width)).with("lines", u32::from(area.height));
        let text = message.render(state.language);
        frame.render_widget(Paragraph::new(text).wrap(Wrap { trim: true }), area);
        return;
    }
    let rows = [Constraint::Length(1), Constraint::Min(0), Constraint::Length(1), Constraint::Length(1)];
    let [title, body, buttons, keys] = Layout::vertical(rows).areas(area);
    frame.render_widget(title_bar(state, title.width), title);
    match state.screen() {
        Screen::Home => home::draw(frame, body, state),
        Screen::Operation => operation::draw(frame, body, state),
        Screen::Help => help::draw(frame, body, state),
    }
    frame.render_widget(button_bar(state), buttons);
    frame.render_widget(key_bar(state, keys.width), keys);
    if state.asking {
        question(frame, body, state);
    }
}

fn title_bar(state: &State, width: u16) -> Line<'static> {
    let status = state.status.as_ref();
    let version = status.and_then(|status| status.agent.clone()).unwrap_or_default();
    let site = status.map(|status| status.site.clone()).unwrap_or_default();
    let left = format!(" bridle {version}  {site}").trim_end().to_owned();
    let clock = wording::moment(state.now);
    let right = format!("{} UTC  {} ", &clock[11..16], state.language);
    let room = usize::from(width).saturating_sub(left.width() + right.width());
    Line::styled(format!("{left}{}{right}", " ".repeat(room)), state.theme.heading())
}

fn button_bar(state: &State) -> Line<'static> {
    if let Some(fault) = &state.refused {
        let text = format!(" [!!] {} {}", fault.code.code(), fault.message.render(state.language));
        return Line::from(text);
    }
    let mut spans = vec![Span::raw(" ")];
    for button in state.buttons() {
        let words = words(state, button);
        if button == state.focused() {
            spans.push(Span::styled(format!(">[{words}]"), state.theme.focus()));
        } else {
            spans.push(Span::raw(format!(" [{words}]")));
        }
        spans.push(Span::raw(" "));
    }
    if let Some(notice) = &state.notice {
        spans.push(Span::raw(notice.render(state.language)));
    }
    Line::from(spans)
}

fn words(state: &State, button: Button) -> String {
    let code = match button {
        Button::Operation => "tui-operation",
        Button::Help => "tui-help",
        Button::Leave => "tui-leave",
        Button::Back => "key-back",
        Button::Pause => "key-pause",
        Button::Continue => "key-continue",
        Button::Retry => "key-retry",
        Button::Abort => "key-abort",
        Button::No => "tui-no",
        Button::Yes => "tui-yes",
    };
    Message::new(code).render(state.language)
}

/// The keys that do something now, as many as fit whole; the help, if it is one of them, always.
fn key_bar(state: &State, width: u16) -> Line<'static> {
    let language = state.language;
    let help = keymap::KEYS.iter().find(|binding| binding.meaning == keymap::Meaning::Help);
    let help = help.filter(|help| state.takes(help.meaning)).map(|help| format!("  {}", help.short(language)));
    let help = help.unwrap_or_default();
    let mut text = String::new();
    for binding in keymap::listed().filter(|binding| binding.meaning != keymap::Meaning::Help) {
        let next = format!("{}{}", if text.is_empty() { " " } else { "  " }, binding.short(language));
        if state.takes(binding.meaning) && text.width() + next.width() + help.width() <= usize::from(width) {
            text.push_str(&next);
        }
    }
    Line::from(format!("{text}{help}"))
}

fn question(frame: &mut Frame<'_>, body: Rect, state: &State) {
    let width = body.width.min(64);
    let height = body.height.min(6);
    let area = Rect { x: body.x + (body.width - width) / 2, y: body.y + (body.height - height) / 2, width, height };
    let text = Message::new("tui-ask-abort").render(state.language);
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(text).wrap(Wrap { trim: true }).block(Block::bordered()), area);
}

/// A part of a screen: a heading and lines.
struct Part {
    title: String,
    lines: Vec<Line<'static>>,
}

impl Part {
    fn new(state: &State, title: &'static str, lines: Vec<Line<'static>>) -> Self {
        Self { title: Message::new(title).render(state.language), lines }
    }

    /// In a frame of its own. Lines that do not fit are counted.
    fn framed(self, frame: &mut Frame<'_>, area: Rect, state: &State) {
        let room = usize::from(area.height.saturating_sub(2));
        let lines = fitting(self.lines, room, state);
        let block = Block::bordered().title(Span::styled(format!(" {} ", self.title), state.theme.heading()));
        frame.render_widget(Paragraph::new(lines).block(block), area);
    }

    /// Below a heading, for narrow windows.
    fn plain(self, state: &State) -> Vec<Line<'static>> {
        let mut lines = vec![Line::styled(self.title, state.theme.heading())];
        lines.extend(self.lines.into_iter().map(|mut line| {
            line.spans.insert(0, Span::raw(" "));
            line
        }));
        lines
    }
}

/// At most `room` lines; the last one then says how many more there are.
fn fitting(mut lines: Vec<Line<'static>>, room: usize, state: &State) -> Vec<Line<'static>> {
    if lines.len() > room && room > 0 {
        let more = lines.len() - room + 1;
        lines.truncate(room - 1);
        lines.push(Line::from(Message::new("tui-more").with("count", more).render(state.language)));
    }
    lines
}

/// The lines from `scroll` on, but never past the last page.
fn scrolled(lines: Vec<Line<'static>>, scroll: u16, room: usize) -> Vec<Line<'static>> {
    let first = usize::from(scroll).min(lines.len().saturating_sub(room));
    lines.into_iter().skip(first).collect()
}
