//! The keys, from the same table that dispatches them.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr as _;

use super::flow::behind;
use super::{Shown, page};
use crate::keymap;
use crate::state::State;

pub fn draw(frame: &mut Frame<'_>, area: Rect, state: &State) -> Shown {
    let names: Vec<String> = keymap::listed().map(|binding| binding.name(state.language)).collect();
    let width = names.iter().map(|name| name.width()).max().unwrap_or(0);
    let lines: Vec<Line<'static>> = keymap::listed()
        .zip(names)
        .flat_map(|(binding, name)| {
            let space = " ".repeat(width - name.width());
            let head = Span::raw(format!(" {name}{space}  "));
            behind(head, &binding.long(state.language), Style::new(), usize::from(area.width))
        })
        .collect();
    page(frame, area, lines, state.scroll, state)
}
