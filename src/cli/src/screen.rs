//! Lines on standard output: a record that grows, and below it some that are drawn again where that is a terminal.

use std::io::{self, Write};

use unicode_width::UnicodeWidthChar as _;

use crate::face::{Face, fitted};

/// The lower lines of a terminal.
pub struct Screen {
    face: Face,
    speaks: bool,
    /// Lines that stand below the record now.
    drawn: usize,
    lines: Vec<String>,
}

impl Screen {
    /// Prints nothing at all unless `speaks`.
    pub fn new(face: Face, speaks: bool) -> Self {
        Self { face, speaks, drawn: 0, lines: Vec::new() }
    }

    /// Whether lines can be drawn again.
    pub fn is_live(&self) -> bool {
        self.speaks && self.face.live
    }

    /// Adds a line to the record.
    pub fn line(&mut self, line: &str) {
        if self.speaks {
            let erase = self.erase();
            self.face.put(&format!("{erase}{}", fitted(line, &io::stdout())));
            self.redraw();
        }
    }

    /// Adds a line where nothing is drawn again.
    pub fn note(&mut self, line: &str) {
        if !self.is_live() {
            self.line(line);
        }
    }

    /// Replaces the lines below the record.
    pub fn live(&mut self, lines: &[String]) {
        if self.is_live() {
            let erase = self.erase();
            print(&erase);
            self.lines = lines.to_vec();
            self.redraw();
        }
    }

    /// Takes the lines below the record away.
    pub fn close(&mut self) {
        let erase = self.erase();
        print(&erase);
        self.lines.clear();
    }

    fn erase(&mut self) -> String {
        match std::mem::take(&mut self.drawn) {
            0 => String::new(),
            count => format!("\u{1b}[{count}A\r\u{1b}[J"),
        }
    }

    fn redraw(&mut self) {
        if !self.is_live() || self.lines.is_empty() {
            return;
        }
        let width = rustix::termios::tcgetwinsize(io::stdout()).map_or(80, |size| usize::from(size.ws_col).max(20));
        let text: String = self.lines.iter().map(|line| format!("{}\n", cut(line, width - 1))).collect();
        self.drawn = self.lines.len();
        print(&text);
    }
}

/// A terminal that is gone is noticed at the next line of the record.
fn print(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// At most `width` columns of `line`; colour codes take none. A line that is cut ends with `…`, and so do its colours.
fn cut(line: &str, width: usize) -> String {
    let whole = measured(line) <= width;
    let room = if whole { width } else { width.saturating_sub(1) };
    let mut result = String::new();
    let mut columns = 0;
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            result.push(character);
            for code in characters.by_ref() {
                result.push(code);
                if code.is_ascii_alphabetic() {
                    break;
                }
            }
            continue;
        }
        columns += character.width().unwrap_or(0);
        if columns > room {
            result.push_str("…\u{1b}[0m");
            break;
        }
        result.push(character);
    }
    result
}

/// Columns of a line without its colour codes.
fn measured(line: &str) -> usize {
    let mut codes = false;
    line.chars()
        .filter(|character| {
            let shown = !codes && *character != '\u{1b}';
            codes = if codes { !character.is_ascii_alphabetic() } else { *character == '\u{1b}' };
            shown
        })
        .filter_map(|character| character.width())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_never_wrap() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "ab…\u{1b}[0m");
        assert_eq!(cut("\u{1b}[32mab\u{1b}[0mc", 3), "\u{1b}[32mab\u{1b}[0mc");
        assert_eq!(cut("日本語", 5), "日本…\u{1b}[0m");
    }
}
