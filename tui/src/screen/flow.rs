//! Text that flows: broken at spaces to the width that there is.

use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// `text` in lines of at most `width` columns; a word that is longer is broken.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split(' ') {
            let space = usize::from(!line.is_empty());
            if line.width() + space + word.width() <= width {
                line.push_str(if space == 1 { " " } else { "" });
                line.push_str(word);
                continue;
            }
            if !line.trim().is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            line.clear();
            for letter in word.chars() {
                if line.width() + letter.width().unwrap_or(0) > width {
                    lines.push(std::mem::take(&mut line));
                }
                line.push(letter);
            }
        }
        lines.push(line);
    }
    lines
}

/// At most `width` columns of `text`; a cut one ends with `…`.
pub fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut result = String::new();
    for letter in text.chars() {
        if result.width() + letter.width().unwrap_or(0) + 1 > width {
            break;
        }
        result.push(letter);
    }
    format!("{}…", result.trim_end())
}

/// `text` cut or filled to exactly `width` columns.
pub fn cell(text: &str, width: usize) -> String {
    let text = cut(text, width);
    let space = " ".repeat(width.saturating_sub(text.width()));
    format!("{text}{space}")
}

/// `text` behind a head that stands only before its first line; the others begin below the text.
pub fn behind(head: Span<'static>, text: &str, style: Style, width: usize) -> Vec<Line<'static>> {
    let indent = head.width();
    let mut head = Some(head);
    let lines = wrapped(text, width.saturating_sub(indent)).into_iter().map(|line| {
        let first = head.take().unwrap_or_else(|| Span::raw(" ".repeat(indent)));
        Line::from(vec![first, Span::styled(line, style)])
    });
    lines.collect()
}

/// `text` below an indent.
pub fn indented(text: &str, indent: usize, width: usize) -> Vec<Line<'static>> {
    behind(Span::raw(" ".repeat(indent)), text, Style::new(), width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_wider_than_it_may_be_and_nothing_is_lost() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("abcdefgh ij", 3), ["abc", "def", "gh", "ij"]);
        assert_eq!(wrapped("a\n\nb", 9), ["a", "", "b"]);
        assert_eq!(wrapped("prix\u{a0}: 3", 6), ["prix\u{a0}:", "3"], "a no-break space does not break");
        for width in 1..30 {
            let text = "日本語 and a-rather-long-word, then some more";
            let lines = wrapped(text, width);
            assert!(lines.iter().all(|line| line.width() <= width.max(2)), "{lines:?}");
            let kept: String = lines.concat().chars().filter(|c| *c != ' ').collect();
            assert_eq!(kept, text.replace(' ', ""));
        }
    }

    #[test]
    fn cells_are_exact() {
        assert_eq!((cell("abc", 5), cell("abcdef", 4)), ("abc  ".to_owned(), "abc…".to_owned()));
        assert_eq!(cell("", 0), "");
    }
}
