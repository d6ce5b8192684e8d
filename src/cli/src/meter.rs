//! How far something is, on one line of standard error that is drawn again; silent where nobody looks.

use std::io::{self, IsTerminal as _, Write as _};

use bridle_core::message::{Language, Message};

/// A line that is drawn again and again.
pub struct Meter {
    language: Language,
    live: bool,
    width: usize,
}

impl Meter {
    pub fn new(language: Language) -> Self {
        Self { language, live: io::stderr().is_terminal(), width: 0 }
    }

    /// Draws the line.
    pub fn show(&mut self, message: &Message) {
        if self.live {
            let text = message.render(self.language);
            let count = text.chars().count();
            let blank = " ".repeat(self.width.saturating_sub(count));
            // Nobody is left to hear that standard error is gone.
            let _ = write!(io::stderr(), "\r{text}{blank}");
            self.width = count;
        }
    }

    /// Wipes the line: what comes next begins at the edge.
    pub fn clear(&mut self) {
        if self.width > 0 {
            let _ = write!(io::stderr(), "\r{}\r", " ".repeat(self.width));
            self.width = 0;
        }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.clear();
    }
}
