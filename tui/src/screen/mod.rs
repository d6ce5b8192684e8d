//! Drawing: from a state to a frame, nothing back.

pub mod event_line;
mod failure;
pub mod flow;
mod help;
mod home;
mod operation;
mod plan;
mod question;
mod step;
mod updates;

use bridle_core::message::Message;
use bridle_core::wording;
use ratatui::backend::TestBackend;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph, Wrap};
use ratatui::{Frame, Terminal};
use unicode_width::UnicodeWidthStr as _;

use crate::keymap;
use crate::state::{Button, Screen, State};

/// Smallest window that can be used.
const SMALLEST: (u16, u16) = (40, 15);
/// From this width on, parts stand side by side in frames.
const WIDE: u16 = 70;
/// No window is this wide: it is the page of those who do not look at one. Nothing is cut on it and nothing framed.
const PAGE_OF_TEXT: (u16, u16) = (1000, 200);

/// What of a screen's lines is seen.
#[derive(Debug, Clone, Copy, Default)]
pub struct Shown {
    /// The first line that is seen.
    pub first: u16,
    /// The first line of the last page.
    pub last: u16,
}

/// Draws everything; says what was seen of it.
pub fn draw(frame: &mut Frame<'_>, state: &State) -> Shown {
    let area = frame.area();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        let message =
            Message::new("tui-too-small").with("columns", u32::from(area.width)).with("lines", u32::from(area.height));
        let text = message.render(state.language);
        frame.render_widget(Paragraph::new(text).wrap(Wrap { trim: true }), area);
        return Shown::default();
    }
    let rows = [Constraint::Length(1), Constraint::Min(0), Constraint::Length(1), Constraint::Length(1)];
    let [title, body, buttons, keys] = Layout::vertical(rows).areas(area);
    frame.render_widget(title_bar(state, title.width), title);
    let shown = self::body(frame, body, state);
    frame.render_widget(button_bar(state, buttons.width), buttons);
    frame.render_widget(key_bar(state, keys.width), keys);
    if state.asking {
        question::draw(frame, body, state);
    }
    shown
}

fn body(frame: &mut Frame<'_>, area: Rect, state: &State) -> Shown {
    match state.screen() {
        Screen::Home => home::draw(frame, area, state),
        Screen::Updates => updates::draw(frame, area, state),
        Screen::Plan => plan::draw(frame, area, state),
        Screen::Step => step::draw(frame, area, state),
        Screen::Operation => operation::draw(frame, area, state),
        Screen::Help => help::draw(frame, area, state),
    }
}

/// Whether parts stand side by side in frames.
fn is_wide(width: usize) -> bool {
    (usize::from(WIDE)..usize::from(PAGE_OF_TEXT.0)).contains(&width)
}

/// The screen as lines of text for those who hear it: no frames, no bars, no buttons, nothing cut.
pub fn text(state: &State) -> Vec<String> {
    let area = Rect::new(0, 0, PAGE_OF_TEXT.0, PAGE_OF_TEXT.1);
    let mut lines = Vec::new();
    if let Some(question) = state.asking.then(|| question::words(state)) {
        return vec![question];
    }
    let Ok(mut terminal) = Terminal::new(TestBackend::new(area.width, area.height));
    let Ok(drawn) = terminal.draw(|frame| {
        body(frame, area, state);
    });
    for row in drawn.buffer.content().chunks(usize::from(area.width)) {
        let line: String = row.iter().map(ratatui::buffer::Cell::symbol).collect();
        let line = line.trim_end();
        // Room that a page would leave free is not worth hearing.
        if !line.is_empty() || lines.last().is_some_and(|last: &String| !last.is_empty()) {
            lines.push(line.to_owned());
        }
    }
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

/// The words on a button.
pub fn label(state: &State, button: Button) -> String {
    words(state, button)
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

/// The buttons; where they do not fit, those around the one with the focus.
fn button_bar(state: &State, width: u16) -> Line<'static> {
    if let Some(fault) = &state.refused {
        let text = format!(" [!!] {} {}", fault.code.code(), fault.message.render(state.language));
        return Line::from(text);
    }
    let focused = state.focused();
    let mut drawn: Vec<(String, bool)> = Vec::new();
    for button in state.buttons() {
        let mark = if button == focused { ">" } else { " " };
        drawn.push((format!("{mark}[{}]", words(state, button)), button == focused));
    }
    let room = usize::from(width).saturating_sub(1);
    let taken = |drawn: &[(String, bool)]| drawn.iter().map(|(text, _)| text.width() + 1).sum::<usize>();
    // Those after the focus give way first, then those before it; a mark says that there are more.
    while taken(&drawn) > room && drawn.len() > 1 {
        let more = ("…".to_owned(), false);
        match drawn.iter().rposition(|(text, focused)| !focused && text != "…") {
            Some(last) if drawn[..last].iter().any(|(_, focused)| *focused) => {
                drawn.truncate(last);
                drawn.push(more);
            }
            Some(_) => drop(drawn.remove(0)),
            None => break,
        }
    }
    let mut spans = vec![Span::raw(" ")];
    for (text, is_focused) in drawn {
        let style = if is_focused { state.theme.focus() } else { Style::new() };
        spans.push(Span::styled(text, style));
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
        Button::Updates => "tui-updates",
        Button::ShowPlan => "tui-show-plan",
        Button::ReturnPlan => "tui-return-plan",
        Button::PlanAgain => "tui-plan-again",
        Button::Cancel => "tui-cancel",
        Button::Start => "tui-start",
        Button::Details => "tui-details",
        Button::Help => "tui-help",
        Button::Leave => "tui-leave",
        Button::Back => "tui-back",
        Button::Pause => "tui-pause",
        Button::Continue => "tui-continue",
        Button::Retry => "tui-retry",
        Button::Abort => "tui-abort",
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

/// One page of lines from `first` on; the last line says how many follow.
fn page(frame: &mut Frame<'_>, area: Rect, lines: Vec<Line<'static>>, first: u16, state: &State) -> Shown {
    let room = usize::from(area.height);
    let last = lines.len().saturating_sub(room);
    let first = usize::from(first).min(last);
    let mut seen: Vec<Line<'static>> = lines.into_iter().skip(first).take(room).collect();
    if first < last && room > 1 {
        // The line that makes room for this one counts, too.
        let more = Message::new("tui-more-below").with("count", last - first + 1).render(state.language);
        seen.pop();
        seen.push(Line::styled(format!(" {more}"), state.theme.heading()));
    }
    frame.render_widget(Paragraph::new(seen), area);
    let short = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
    Shown { first: short(first), last: short(last) }
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

/// A line in as many as its width needs; the sign at its beginning keeps its colour.
fn flowed(line: Line<'static>, width: usize) -> Vec<Line<'static>> {
    if line.width() <= width {
        return vec![line];
    }
    let text: String = line.spans.iter().map(|span| span.content.as_ref()).collect();
    let lines = flow::wrapped(&text, width).into_iter().enumerate().map(|(index, text)| {
        let sign = line.spans.first().filter(|sign| index == 0 && text.starts_with(sign.content.as_ref()));
        match sign {
            Some(sign) => Line::from(vec![sign.clone(), Span::raw(text[sign.content.len()..].to_owned())]),
            None => Line::from(text),
        }
    });
    lines.collect()
}

/// What was seen of `count` lines of which `room` fit, from `scroll` on.
fn seen(count: usize, room: usize, scroll: u16) -> Shown {
    let last = u16::try_from(count.saturating_sub(room)).unwrap_or(u16::MAX);
    Shown { first: scroll.min(last), last }
}

/// The lines from `scroll` on, but never past the last page.
fn scrolled(lines: Vec<Line<'static>>, scroll: u16, room: usize) -> Vec<Line<'static>> {
    let first = usize::from(scroll).min(lines.len().saturating_sub(room));
    lines.into_iter().skip(first).collect()
}
