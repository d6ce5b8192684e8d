//! Where a profile is wrong, and what was probably meant.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::SiteError;
use super::place::{Places, Position};
use crate::message::Message;
use crate::network::Network;

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
    /// A list of texts.
    Texts,
    /// A list of tables.
    Tables,
    /// A date or time, with or without quotation marks.
    Moment,
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
            Self::Texts => "texts",
            Self::Tables => "tables",
            Self::Moment => "moment",
        }
    }

    fn fits(self, value: &DeValue<'_>) -> bool {
        match self {
            Self::Text => value.is_str(),
            Self::Number => value.is_integer(),
            Self::Flag => value.is_bool(),
            Self::Table => value.is_table(),
            Self::Network => value.as_str().is_some_and(|text| text.parse::<Network>().is_ok()),
            Self::Texts => value.as_array().is_some_and(|list| list.iter().all(|one| one.get_ref().is_str())),
            Self::Tables => value.as_array().is_some_and(|list| list.iter().all(|one| one.get_ref().is_table())),
            Self::Moment => value.is_str() || value.is_datetime(),
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
    ("services", Kind::Table, false),
    ("calendar", Kind::Tables, false),
];
const KUBERNETES: Keys = &[
    ("allow_cgroup_v1", Kind::Flag, false),
    ("cluster_cidr", Kind::Network, false),
    ("service_cidr", Kind::Network, false),
];

const SERVICES: Keys = &[
    ("dns", Kind::Texts, false),
    ("ntp", Kind::Texts, false),
    ("ca", Kind::Text, false),
    ("smtp", Kind::Table, false),
    ("proxy", Kind::Table, false),
    ("syslog", Kind::Table, false),
];
const SMTP: Keys = &[
    ("host", Kind::Text, true),
    ("port", Kind::Number, false),
    ("security", Kind::Text, false),
    ("from", Kind::Text, true),
    ("user", Kind::Text, false),
];
const PROXY: Keys = &[("url", Kind::Text, true), ("exceptions", Kind::Texts, false), ("user", Kind::Text, false)];
const SYSLOG: Keys = &[("host", Kind::Text, true), ("port", Kind::Number, false), ("protocol", Kind::Text, false)];
const CALENDAR: Keys = &[
    ("kind", Kind::Text, true),
    ("name", Kind::Text, true),
    ("days", Kind::Texts, false),
    ("from", Kind::Moment, true),
    ("to", Kind::Moment, true),
    ("zone", Kind::Text, true),
];
/// Values that are one of a few words, by table and key; an index in the table's name is left out.
const CHOICES: &[(&str, &str, &[&str])] = &[
    ("services.smtp", "security", &["none", "starttls", "tls"]),
    ("services.syslog", "protocol", &["udp", "tcp"]),
    ("calendar", "kind", &["critical", "maintenance"]),
    ("calendar", "days", &["mon", "tue", "wed", "thu", "fri", "sat", "sun"]),
];

/// Tables of the format below the top.
const TABLES: &[(&[&str], Keys)] = &[
    (&["kubernetes"], KUBERNETES),
    (&["services"], SERVICES),
    (&["services", "smtp"], SMTP),
    (&["services", "proxy"], PROXY),
    (&["services", "syslog"], SYSLOG),
];

/// What is wrong with a profile, in the order of the text's own structure.
pub(super) struct Doubts<'a, 't> {
    pub(super) text: &'t str,
    pub(super) places: &'a Places<'t>,
    pub(super) found: Vec<SiteError>,
}

impl Doubts<'_, '_> {
    /// Notes that a value breaks `rule` unless it `fits`.
    pub(super) fn rule(&mut self, fits: bool, path: &[&str], found: &str, rule: &'static str) {
        if !fits {
            let at = self.places.value(path);
            self.found.push(SiteError::Rule { key: path.join("."), found: cut(found), at, rule });
        }
    }

    pub(super) fn port(&mut self, port: Option<u16>, path: &[&str]) {
        self.rule(port != Some(0), path, "0", "port");
    }

    pub(super) fn name(&mut self, name: Option<&str>, path: &[&str]) {
        let fits = name.is_none_or(|name| (1..=254).contains(&name.len()) && !name.chars().any(char::is_control));
        self.rule(fits, path, name.unwrap_or_default(), "user");
    }

    /// Keys that the format does not have, and values of another kind; values of charts are the publisher's, and are only
    /// tables here.
    pub(super) fn tables(&mut self) {
        let top = self.places.top();
        self.obeys("", top, TOP);
        for (path, keys) in TABLES {
            if let Some(table) = below(top, path) {
                self.obeys(&path.join("."), table, keys);
            }
        }
        if let Some(DeValue::Array(entries)) = top.get("calendar").map(Spanned::get_ref) {
            for entry in entries {
                if let DeValue::Table(table) = entry.get_ref() {
                    self.obeys("calendar", table, CALENDAR);
                }
            }
        }
        if let Some(DeValue::Table(charts)) = top.get("values").map(Spanned::get_ref) {
            for (chart, values) in charts {
                self.of_kind(chart.get_ref(), values, Kind::Table);
            }
        }
    }

    fn obeys(&mut self, name: &str, table: &DeTable<'_>, keys: Keys) {
        for (key, value) in table {
            let Some((_, kind, _)) = keys.iter().find(|(known, ..)| *known == key.get_ref().as_ref()) else {
                let known: Vec<&str> = keys.iter().map(|(key, ..)| *key).collect();
                self.found.push(SiteError::Key {
                    at: Position::of(self.text, key.span().start),
                    table: name.to_owned(),
                    key: cut(key.get_ref()),
                    meant: similar(key.get_ref(), &known).map(str::to_owned),
                    known: known.join(", "),
                });
                continue;
            };
            if self.of_kind(key.get_ref(), value, *kind) {
                self.choice(name, key.get_ref(), value);
            }
        }
        for (key, ..) in keys.iter().filter(|(key, _, needed)| *needed && !table.contains_key(*key)) {
            self.found.push(SiteError::Missing { key, table: name.to_owned() });
        }
    }

    fn of_kind(&mut self, key: &str, value: &Spanned<DeValue<'_>>, kind: Kind) -> bool {
        let fits = kind.fits(value.get_ref());
        if !fits {
            self.found.push(SiteError::Kind {
                at: Position::of(self.text, value.span().start),
                key: cut(key),
                wanted: kind,
            });
        }
        fits
    }

    fn choice(&mut self, table: &str, key: &str, value: &Spanned<DeValue<'_>>) {
        let Some((.., words)) = CHOICES.iter().find(|(t, k, _)| (*t, *k) == (table, key)) else { return };
        let list = value.get_ref().as_array().map_or_else(|| vec![value], |list| list.iter().collect());
        for one in list {
            let Some(found) = one.get_ref().as_str().filter(|found| !words.contains(found)) else { continue };
            self.found.push(SiteError::Choice {
                at: Position::of(self.text, one.span().start),
                key: key.to_owned(),
                found: cut(found),
                known: words.join(", "),
            });
        }
    }
}

fn below<'t, 'a>(top: &'t DeTable<'a>, path: &[&str]) -> Option<&'t DeTable<'a>> {
    path.iter().try_fold(top, |table, key| match table.get(*key)?.get_ref() {
        DeValue::Table(inner) => Some(inner),
        _ => None,
    })
}

fn cut(text: &str) -> String {
    text.chars().take(80).collect()
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
            Self::Missing { key, table } if table.is_empty() => {
                Message::new("profile-field-missing").with("field", *key)
            }
            Self::Missing { key, table } => {
                Message::new("profile-field-missing-in").with("field", *key).with("table", table.as_str())
            }
            Self::Choice { at, key, found, known } => placed("profile-choice", at)
                .with("field", key.as_str())
                .with("value", found.as_str())
                .with("known", known.as_str()),
            Self::Rule { key, found, at, rule } => {
                let words = match at {
                    Some(at) => placed("profile-rule", at),
                    None => Message::new("profile-rule-typed"),
                };
                words.with("field", key.as_str()).with("value", found.as_str()).with("rule", *rule)
            }
            Self::Large { limit } => Message::new("profile-large").with("limit", *limit / 1024),
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

    /// Where it is, if it is somewhere.
    #[must_use]
    pub const fn at(&self) -> Option<Position> {
        match self {
            Self::Toml { at, .. } | Self::Key { at, .. } | Self::Kind { at, .. } | Self::Choice { at, .. } => Some(*at),
            Self::Value { at, .. } | Self::Rule { at, .. } => *at,
            _ => None,
        }
    }

    /// The same for values that were typed one by one: they stand in no line.
    #[must_use]
    pub fn typed(self) -> Self {
        match self {
            Self::Value { field, found, .. } => Self::Value { field, found, at: None },
            Self::Rule { key, found, rule, .. } => Self::Rule { key, found, rule, at: None },
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
