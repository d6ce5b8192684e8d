//! Colours; they only repeat what sign and word say.

use bridle_core::message::Language;
use bridle_core::sign::{Sign, Tone};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Span;
use unicode_width::UnicodeWidthStr as _;

/// Whether colours are used, from the 16 of every terminal.
#[derive(Debug, Clone, Copy)]
pub struct Theme {
    pub colours: bool,
}

impl Theme {
    fn tone(self, tone: Tone) -> Style {
        let colour = match tone {
            Tone::Good => Color::Green,
            Tone::Busy => Color::Cyan,
            Tone::Attention => Color::Yellow,
            Tone::Bad => Color::Red,
            Tone::Quiet => return Style::new(),
        };
        if self.colours { Style::new().fg(colour) } else { Style::new() }
    }

    /// The colour of a sign.
    pub fn style(self, sign: Sign) -> Style {
        self.tone(sign.tone)
    }

    /// Sign and word.
    pub fn sign(self, sign: Sign, language: Language) -> Span<'static> {
        Span::styled(sign.text(language), self.tone(sign.tone))
    }

    /// Sign and word, as wide as the widest of `all`: what follows stands in a column.
    pub fn column(self, sign: Sign, all: impl Iterator<Item = Sign>, language: Language) -> Span<'static> {
        let width = all.map(|sign| sign.text(language).width()).max().unwrap_or(0);
        let text = sign.text(language);
        let space = " ".repeat(width.saturating_sub(text.width()));
        Span::styled(format!("{text}{space}"), self.tone(sign.tone))
    }

    /// What has the focus; reverse video works without colours.
    pub fn focus(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// A heading.
    pub fn heading(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }
}
