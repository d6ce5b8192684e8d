//! The releases on this host: which is in use, and which could take its place.

use bridle_core::message::Message;
use bridle_core::wording::{self, FaultText};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr as _;

use super::flow::{cut, indented};
use super::{Shown, page};
use crate::state::{Age, Answer, State};

/// A screen on which everything fits: releases are few, and the chosen one is brought into view.
pub fn draw(frame: &mut Frame<'_>, area: Rect, state: &State) -> Shown {
    let width = usize::from(area.width);
    let words = |message: Message| message.render(state.language);
    let heading = Line::styled(format!(" {}", words(Message::new("tui-releases"))), state.theme.heading());
    let mut lines = vec![heading, Line::default()];
    let mut chosen = 0;
    match &state.updates.releases {
        Answer::Awaited { since } => {
            let time = wording::elapsed(*since, state.now);
            lines.extend(indented(&words(Message::new("tui-releases-asked").with("time", time)), 1, width));
        }
        Answer::Failed(fault) => {
            let text = FaultText::new(fault, state.language).lines(state.language, 1);
            lines.extend(text.iter().flat_map(|line| indented(line, 1, width)));
        }
        Answer::Here(releases) if releases.is_empty() => {
            lines.extend(indented(&words(Message::new("tui-releases-none")), 1, width));
        }
        Answer::Here(_) => {
            let (listed, at) = releases(state, width);
            chosen = lines.len() + at;
            lines.extend(listed);
        }
    }
    // The chosen one is seen, with a line below it.
    let room = usize::from(area.height);
    let first = (chosen + 3).saturating_sub(room);
    page(frame, area, lines, u16::try_from(first).unwrap_or(u16::MAX), state)
}

fn releases(state: &State, width: usize) -> (Vec<Line<'static>>, usize) {
    let words = |message: Message| message.render(state.language);
    let updates = &state.updates;
    let ages: Vec<(String, Age)> = updates
        .list()
        .iter()
        .map(|release| {
            let age = updates.age(release);
            (words(Message::new(word(age))), age)
        })
        .collect();
    let column = ages.iter().map(|(word, _)| word.width()).max().unwrap_or(0);
    let (mut lines, mut chosen) = (Vec::new(), 0);
    for (index, release) in updates.list().iter().enumerate() {
        let (age, kind) = &ages[index];
        let glyph = match kind {
            Age::InUse => "[OK]",
            Age::Newer => "[->]",
            Age::Older | Age::Other => "[--]",
        };
        let is_chosen = index == updates.chosen;
        if is_chosen {
            chosen = lines.len();
        }
        let added = wording::moment(release.added);
        let line = Message::new("tui-release-line")
            .with("release", release.id.as_str())
            .with("size", wording::bytes(release.bytes, state.language))
            .with("images", release.images)
            .with("added", &added[..10]);
        let mark = if is_chosen { ">" } else { " " };
        let space = " ".repeat(column - age.width());
        let text = cut(&format!("{mark} {glyph} {age}{space}  {}", words(line)), width.saturating_sub(1));
        let style = if is_chosen { state.theme.focus() } else { ratatui::style::Style::new() };
        lines.push(Line::from(vec![Span::raw(" "), Span::styled(text, style)]));
    }
    if !ages.iter().any(|(_, age)| *age == Age::Newer) {
        lines.push(Line::default());
        lines.extend(indented(&words(Message::new("tui-releases-newest")), 1, width));
    }
    (lines, chosen)
}

const fn word(age: Age) -> &'static str {
    match age {
        Age::InUse => "tui-release-in-use",
        Age::Newer => "tui-release-newer",
        Age::Older => "tui-release-older",
        Age::Other => "tui-release-other",
    }
}
