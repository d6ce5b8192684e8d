//! Where a key or value stands in the text of a profile.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A place in a text; both numbers from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
}

impl Position {
    /// The place of a byte; behind the end it is the end.
    #[must_use]
    pub fn of(text: &str, byte: usize) -> Self {
        let before = text.get(..byte).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        Self { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
    }
}

/// A text with the places of everything in it.
#[derive(Debug)]
pub struct Places<'a> {
    text: &'a str,
    table: Spanned<DeTable<'a>>,
}

impl<'a> Places<'a> {
    /// Reads as much of `text` as can be read.
    #[must_use]
    pub fn of(text: &'a str) -> Self {
        Self { text, table: DeTable::parse_recoverable(text).0 }
    }

    pub(super) fn over(text: &'a str, table: Spanned<DeTable<'a>>) -> Self {
        Self { text, table }
    }

    pub(super) fn top(&self) -> &DeTable<'a> {
        self.table.get_ref()
    }

    /// The place of a value, by its keys from the top; numbers stand for places in a list, from 0.
    #[must_use]
    pub fn value(&self, path: &[&str]) -> Option<Position> {
        self.find(path).map(|found| Position::of(self.text, found.value.start))
    }

    /// The place of the key of a value; of an entry of a list, that of the entry.
    #[must_use]
    pub fn key(&self, path: &[&str]) -> Option<Position> {
        self.find(path).map(|found| Position::of(self.text, found.key.unwrap_or(found.value).start))
    }

    fn find(&self, path: &[&str]) -> Option<Found> {
        let (first, rest) = path.split_first()?;
        let (key, mut value) = self.table.get_ref().get_key_value(*first)?;
        let mut key = Some(key.span());
        for part in rest {
            (key, value) = match value.get_ref() {
                DeValue::Table(table) => table.get_key_value(*part).map(|(key, value)| (Some(key.span()), value))?,
                DeValue::Array(list) => (None, list.get(part.parse::<usize>().ok()?)?),
                _ => return None,
            };
        }
        Some(Found { key, value: value.span() })
    }
}

struct Found {
    key: Option<Range<usize>>,
    value: Range<usize>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_writing_a_key_has_its_place() {
        let text = "a.b = 1\n[values.web]\nreplicas = 2\nlist = [1,\n  { é = \"x\" }]\nin = { deep.er = true }\n\
                    [[calendar]]\nname = \"x\"\n[[calendar]]\nname = \"y\"\n";
        let places = Places::of(text);
        let at = |path: &[&str]| places.key(path).map(|at| (at.line, at.column));
        let value = |path: &[&str]| places.value(path).map(|at| (at.line, at.column));
        assert_eq!((at(&["a", "b"]), value(&["a", "b"])), (Some((1, 3)), Some((1, 7))));
        assert_eq!(at(&["values", "web", "replicas"]), Some((3, 1)));
        assert_eq!(
            (at(&["values", "web", "list", "1"]), value(&["values", "web", "list", "1", "é"])),
            (Some((5, 3)), Some((5, 9)))
        );
        assert_eq!(value(&["values", "web", "in", "deep", "er"]), Some((6, 18)));
        assert_eq!(value(&["calendar", "1", "name"]), Some((10, 8)));
        for absent in [&["a", "c"][..], &["a", "b", "c"], &["calendar", "2"], &["calendar", "x"], &[]] {
            assert_eq!(at(absent), None, "{absent:?}");
        }
    }
}
