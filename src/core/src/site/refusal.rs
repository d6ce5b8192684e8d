//! Where a profile is wrong, and what was probably meant.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::SiteError;
use crate::message::Message;
use crate::network::Network;

/// A place in a text; both numbers from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
}

impl Position {
    /// The place of a byte; behind the end it is the end.
    pub(super) fn of(text: &str, byte: usize) -> Self {
        let before = text.get(..byte).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        Self { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
    }
}

/// What a value must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text in quotation marks.
    Text,
    /// A whole number.
    Number,
    /// `true` or `false`.
    Flag,
    /// A table of its own.
    Table,
    /// An IPv4 network in quotation marks.
    Network,
}

impl Kind {
    /// Its name in the words of a message.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Flag => "flag",
            Self::Table => "table",
            Self::Network => "network",
        }
    }

    fn fits(self, value: &DeValue<'_>) -> bool {
        match self {
            Self::Text => value.is_str(),
            Self::Number => value.is_integer(),
            Self::Flag => value.is_bool(),
            Self::Table => value.is_table(),
            Self::Network => value.as_str().is_some_and(|text| text.parse::<Network>().is_ok()),
        }
    }
}

/// Keys of a table with the kind of their values, and whether they must be there.
type Keys = &'static [(&'static str, Kind, bool)];

const TOP: Keys = &[
    ("format", Kind::Number, true),
    ("name", Kind::Text, true),
    ("host", Kind::Text, true),
    ("address", Kind::Text, false),
    ("language", Kind::Text, false),
    ("values", Kind::Table, false),
    ("kubernetes", Kind::Table, false),
];
const KUBERNETES: Keys = &[
    ("allow_cgroup_v1", Kind::Flag, false),
    ("cluster_cidr", Kind::Network, false),
    ("service_cidr", Kind::Network, false),
];

/// Refuses text that is no TOML, keys that the format does not have, and values of another kind; values of charts are
/// the publisher's, and are only tables here.
pub(super) fn check(text: &str) -> Result<Spanned<DeTable<'_>>, SiteError> {
    let table = DeTable::parse(text).map_err(|error| of_toml(text, &error))?;
    let top = table.get_ref();
    obeys(text, "", top, TOP)?;
    if let Some(DeValue::Table(inner)) = top.get("kubernetes").map(Spanned::get_ref) {
        obeys(text, "kubernetes", inner, KUBERNETES)?;
    }
    if let Some(DeValue::Table(charts)) = top.get("values").map(Spanned::get_ref) {
        for (chart, values) in charts {
            of_kind(text, chart.get_ref(), values, Kind::Table)?;
        }
    }
    Ok(table)
}

fn obeys(text: &str, name: &str, table: &DeTable<'_>, keys: Keys) -> Result<(), SiteError> {
    for (key, value) in table {
        let Some((_, kind, _)) = keys.iter().find(|(known, ..)| *known == key.get_ref().as_ref()) else {
            let known: Vec<&str> = keys.iter().map(|(key, ..)| *key).collect();
            return Err(SiteError::Key {
                at: Position::of(text, key.span().start),
                table: name.to_owned(),
                key: cut(key.get_ref()),
                meant: similar(key.get_ref(), &known).map(str::to_owned),
                known: known.join(", "),
            });
        };
        of_kind(text, key.get_ref(), value, *kind)?;
    }
    match keys.iter().find(|(key, _, needed)| *needed && !table.contains_key(*key)) {
        None => Ok(()),
        Some((key, ..)) => Err(SiteError::Missing { key }),
    }
}

fn of_kind(text: &str, key: &str, value: &Spanned<DeValue<'_>>, kind: Kind) -> Result<(), SiteError> {
    if kind.fits(value.get_ref()) {
        return Ok(());
    }
    Err(SiteError::Kind { at: Position::of(text, value.span().start), key: cut(key), wanted: kind })
}

fn cut(text: &str) -> String {
    text.chars().take(80).collect()
}

/// The place of a value at the top, by its key.
pub(super) fn place(text: &str, table: &Spanned<DeTable<'_>>, key: &str) -> Option<Position> {
    table.get_ref().get(key).map(|value| Position::of(text, value.span().start))
}

/// An error of the TOML parser, or of the types of values.
pub(super) fn of_toml(text: &str, error: &toml::de::Error) -> SiteError {
    let at = error.span().map_or(Position { line: 1, column: 1 }, |span| Position::of(text, span.start));
    SiteError::Toml { at, said: error.message().chars().filter(|c| !c.is_control()).take(200).collect() }
}

/// The one of `known` that `typed` was probably meant to be: at most a third of its letters are other ones.
#[must_use]
pub fn similar<'a>(typed: &str, known: &[&'a str]) -> Option<&'a str> {
    let typed: Vec<char> = typed.to_lowercase().chars().take(80).collect();
    let near = known.iter().map(|name| (distance(&typed, &name.chars().collect::<Vec<_>>()), *name));
    let (distance, name) = near.min_by_key(|(distance, _)| *distance)?;
    (distance <= name.chars().count().div_ceil(3)).then_some(name)
}

/// How many letters have to be put in, left out, changed or swapped with their neighbour (optimal string alignment).
fn distance(one: &[char], two: &[char]) -> usize {
    let mut rows = vec![vec![0; two.len() + 1]; one.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    rows[0] = (0..=two.len()).collect();
    for i in 1..=one.len() {
        for j in 1..=two.len() {
            let changed = rows[i - 1][j - 1] + usize::from(one[i - 1] != two[j - 1]);
            let mut least = changed.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && one[i - 1] == two[j - 2] && one[i - 2] == two[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = least;
        }
    }
    rows[one.len()][two.len()]
}

impl SiteError {
    /// What is wrong, at which line and column of the profile that was read; of one that was typed, only what.
    #[must_use]
    pub fn detail(&self) -> Option<Message> {
        let placed = |code, at: &Position| Message::new(code).with("line", at.line).with("column", at.column);
        Some(match self {
            Self::Toml { at, .. } => placed("profile-place", at),
            Self::Key { at, key, meant: Some(meant), .. } => {
                placed("profile-field-meant", at).with("field", key.as_str()).with("meant", meant.as_str())
            }
            Self::Key { at, key, known, .. } => {
                placed("profile-field-unknown", at).with("field", key.as_str()).with("known", known.as_str())
            }
            Self::Kind { at, key, wanted } => {
                placed("profile-kind", at).with("field", key.as_str()).with("wanted", wanted.name())
            }
            Self::Missing { key } => Message::new("profile-field-missing").with("field", *key),
            Self::Value { at: Some(at), field: "language", found } => {
                placed("profile-language", at).with("value", found.as_str())
            }
            Self::Value { at: Some(at), field, found } => {
                placed("profile-value", at).with("field", *field).with("value", found.as_str())
            }
            Self::Value { at: None, field, found } => {
                Message::new("profile-typed").with("field", *field).with("value", found.as_str())
            }
            Self::Format { found } => Message::new("profile-format").with("found", *found).with("known", super::FORMAT),
            Self::Write(_) => return None,
        })
    }

    /// The same for values that were typed one by one: they stand in no line.
    #[must_use]
    pub fn typed(self) -> Self {
        match self {
            Self::Value { field, found, .. } => Self::Value { field, found, at: None },
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant() {
        let known = ["format", "name", "host", "address", "language", "values", "kubernetes"];
        for (typed, meant) in [
            ("hots", Some("host")),
            ("Host", Some("host")),
            ("adress", Some("address")),
            ("kubernets", Some("kubernetes")),
            ("vales", Some("values")),
            ("nmae", Some("name")),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(similar(typed, &known), meant, "{typed}");
        }
    }

    #[test]
    fn places() {
        let text = "a = 1\né = 2\nx";
        let at = |byte| {
            let at = Position::of(text, byte);
            (at.line, at.column)
        };
        assert_eq!((at(0), at(6), at(8), at(13), at(999)), ((1, 1), (2, 1), (2, 2), (3, 1), (3, 2)));
        assert_eq!(at(7), (3, 2), "inside a character there is no place: the end");
    }
}
