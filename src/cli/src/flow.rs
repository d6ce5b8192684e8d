//! Lines that are broken between words at the width of the terminal; what follows stands below the text it belongs to.

use unicode_width::UnicodeWidthChar as _;

/// Narrower terminals are taken to be this wide, in columns.
const NARROWEST: usize = 20;

/// `line` as lines of at most `width` columns. Colour codes take no column; a word that is longer is broken.
pub fn flowed(line: &str, width: usize) -> String {
    let width = width.max(NARROWEST);
    if columns(line) <= width {
        return line.to_owned();
    }
    let indent = " ".repeat(hanging(line, width));
    let (mut done, mut row, mut taken) = (String::new(), String::new(), 0);
    for word in line.split_inclusive(' ') {
        let bare = word.trim_end_matches(' ');
        if taken + columns(bare) > width && taken > indent.len() {
            done.push_str(row.trim_end_matches(' '));
            done.push('\n');
            row = indent.clone();
            taken = indent.len();
            if bare.is_empty() {
                continue;
            }
        }
        for letter in letters(word) {
            let wide = columns(letter);
            if taken + wide > width && wide > 0 && letter != " " {
                done.push_str(&row);
                done.push('\n');
                row = indent.clone();
                taken = indent.len();
            }
            row.push_str(letter);
            taken += wide;
        }
    }
    done.push_str(row.trim_end_matches(' '));
    done
}

/// Where the following rows begin: below what stands behind the last gap of the first half (a sign, a number, a label).
fn hanging(line: &str, width: usize) -> usize {
    let mut column = 0;
    let mut spaces = 2; // an indent of one column is one, too
    let mut found = 0;
    for letter in letters(line) {
        let wide = columns(letter);
        if letter == " " {
            spaces += 1;
        } else if wide > 0 {
            if spaces >= 2 && column <= width / 2 {
                found = column;
            }
            spaces = 0;
        }
        column += wide;
    }
    found
}

/// Columns that a text takes on a terminal.
fn columns(text: &str) -> usize {
    letters(text).filter(|letter| !letter.starts_with('\u{1b}')).flat_map(str::chars).filter_map(char::width).sum()
}

/// Letters, and colour codes as a whole.
fn letters(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let end = match first {
            '\u{1b}' => rest.find(|c: char| c.is_ascii_alphabetic()).map_or(rest.len(), |at| at + 1),
            letter => letter.len_utf8(),
        };
        let (letter, after) = rest.split_at(end);
        rest = after;
        Some(letter)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_stands_below_its_text() {
        for (line, width, rows) in [
            ("short", 20, "short"),
            ("   14  Remove what is no longer needed", 24, "   14  Remove what is no\n       longer needed"),
            (
                "[OK] done        1/15  Check the parts of it",
                36,
                "[OK] done        1/15  Check the\n                 parts of it",
            ),
            ("     WHY    An old release brings faults", 30, "     WHY    An old release\n            brings faults"),
            ("Nothing at the beginning of this", 20, "Nothing at the\nbeginning of this"),
            ("sha256:0123456789012345678901234", 20, "sha256:0123456789012\n345678901234"),
            (
                "\u{1b}[32m[OK] fait\u{1b}[0m  deux mots encore",
                22,
                "\u{1b}[32m[OK] fait\u{1b}[0m  deux mots\n           encore",
            ),
        ] {
            assert_eq!(flowed(line, width), rows);
        }
    }

    #[test]
    fn nothing_is_lost_and_nothing_is_wider() {
        let long = "  12  日本語 é and a-rather-long-word-that-is-wider-than-a-narrow-terminal,   then  more  (0:05)";
        let coloured = format!("\u{1b}[31m[!!] {}\u{1b}[0m   WHY  {long}", "blocks ".repeat(9));
        for line in [long, &coloured, &" ".repeat(90), &"a".repeat(90)] {
            for width in 20..110 {
                let rows = flowed(line, width);
                assert!(rows.lines().all(|row| columns(row) <= width), "{width}: {rows:?}");
                let kept = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
                assert_eq!(kept(&rows), kept(line), "{width}");
            }
        }
    }
}
