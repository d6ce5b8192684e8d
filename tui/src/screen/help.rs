//! The keys, from the same table that dispatches them.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Wrap};
use unicode_width::UnicodeWidthStr as _;

use super::scrolled;
use crate::keymap;
use crate::state::State;

pub fn draw(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let names: Vec<String> = keymap::listed().map(|binding| binding.name(state.language)).collect();
    let width = names.iter().map(|name| name.width()).max().unwrap_or(0);
    let lines: Vec<Line<'static>> = keymap::listed()
        .zip(names)
        .map(|(binding, name)| {
            let space = " ".repeat(width - name.width());
            Line::from(format!(" {name}{space}  {}", binding.long(state.language)))
        })
        .collect();
    let shown = scrolled(lines, state.scroll, usize::from(area.height));
    frame.render_widget(Paragraph::new(shown).wrap(Wrap { trim: false }), area);
}
