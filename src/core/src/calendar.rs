//! The site's calendar: whether something may be disturbed now, and when work is best done. Time zones come from the
//! database inside this program, so that every host decides alike.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::message::Message;
use crate::port::Timestamp;
use crate::site::calendar::{Entry, EntryKind, Rule};

/// How far ahead is looked, in days: a leap year and a week.
const AHEAD: i64 = 373;
/// Most windows that are proposed.
const MOST_WINDOWS: usize = 5;

/// What the calendar says of a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// Nothing may be disturbed.
    Forbidden {
        /// Why, and how long.
        critical: Critical,
        /// Maintenance windows behind it, soonest first.
        windows: Vec<Window>,
    },
    /// Nothing speaks against it.
    Free {
        /// Whether a maintenance window is open.
        window: Option<Window>,
        /// The next maintenance windows, soonest first.
        windows: Vec<Window>,
    },
}

/// A critical period that holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Critical {
    /// Its name.
    pub name: String,
    /// When this period and all that follow it without a gap are over; `None` if no end is in sight.
    pub until: Option<Timestamp>,
    /// The same as the clock on the wall there says (`2026-09-11 00:00`).
    pub until_local: String,
    /// Whose clock.
    pub zone: String,
}

/// A maintenance window, without the parts of it that a critical period takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Its name.
    pub name: String,
    /// Beginning.
    pub from: Timestamp,
    /// End.
    pub to: Timestamp,
    /// Beginning by the clock on the wall there.
    pub from_local: String,
    /// End by the same.
    pub to_local: String,
    /// Whose clock.
    pub zone: String,
}

/// What `entries` say of `now`. An entry that cannot be read says nothing: profiles with one are refused when they are read.
#[must_use]
pub fn judge(now: Timestamp, entries: &[Entry]) -> Judgement {
    let now = seconds(now);
    let spans = |kind| -> Vec<Span<'_>> {
        let mut spans: Vec<_> =
            entries.iter().filter(|entry| entry.kind == kind).flat_map(|entry| spans(entry, now)).collect();
        spans.sort_by_key(|span| (span.from, span.to));
        spans
    };
    let critical = spans(EntryKind::Critical);
    let free: Vec<Span<'_>> =
        spans(EntryKind::Maintenance).into_iter().flat_map(|window| without(window, &critical)).collect();
    let window = free.iter().find(|span| span.holds(now)).map(Span::window);
    let mut windows: Vec<Window> = free.iter().filter(|span| span.from > now).map(Span::window).collect();
    windows.sort_by_key(|window| (window.from, window.to));
    windows.truncate(MOST_WINDOWS);
    let Some(first) = critical.iter().find(|span| span.holds(now)) else {
        return Judgement::Free { window, windows };
    };
    let mut until = first.to;
    for span in &critical {
        if span.from <= until && span.to > until {
            until = span.to;
        }
    }
    let in_sight = until < now + AHEAD * DAY;
    let critical = Critical {
        name: first.entry.name.clone(),
        until: in_sight.then(|| timestamp(until)),
        until_local: if in_sight { local(until, &first.zone) } else { String::new() },
        zone: first.entry.zone.clone(),
    };
    Judgement::Forbidden { critical, windows }
}

impl Judgement {
    /// Refuses what would disturb in a critical period, unless its name was typed.
    ///
    /// # Errors
    /// The critical period.
    pub fn permits(&self, even_in: Option<&str>) -> Result<(), Critical> {
        match self {
            Self::Forbidden { critical, .. } if even_in != Some(critical.name.as_str()) => Err(critical.clone()),
            _ => Ok(()),
        }
    }

    /// Windows that come, soonest first.
    #[must_use]
    pub fn windows(&self) -> &[Window] {
        match self {
            Self::Forbidden { windows, .. } | Self::Free { windows, .. } => windows,
        }
    }
}

impl Critical {
    /// The fault of an operation that may not begin now.
    #[must_use]
    pub fn fault(&self, windows: &[Window]) -> crate::fault::Fault {
        let fault = crate::fault::Fault::new(crate::fault::FaultCode::CriticalPeriod).with("name", self.name.as_str());
        fault.detail(self.message(windows))
    }

    /// Until when, and when it would be convenient.
    #[must_use]
    pub fn message(&self, windows: &[Window]) -> Message {
        let message = match windows.first() {
            Some(window) => Message::new("calendar-critical-window")
                .with("window", window.name.as_str())
                .with("from", window.from_local.as_str())
                .with("to", window.to_local.as_str())
                .with("there", window.zone.as_str()),
            None => Message::new("calendar-critical"),
        };
        let until = if self.until.is_some() { self.until_local.as_str() } else { "-" };
        message.with("name", self.name.as_str()).with("until", until).with("zone", self.zone.as_str())
    }
}

const DAY: i64 = 86_400;

/// A stretch of time in seconds since 1970; the end is not in it.
#[derive(Debug, Clone)]
struct Span<'a> {
    entry: &'a Entry,
    zone: TimeZone,
    from: i64,
    to: i64,
}

impl Span<'_> {
    const fn holds(&self, now: i64) -> bool {
        self.from <= now && now < self.to
    }

    fn window(&self) -> Window {
        Window {
            name: self.entry.name.clone(),
            from: timestamp(self.from),
            to: timestamp(self.to),
            from_local: local(self.from, &self.zone),
            to_local: local(self.to, &self.zone),
            zone: self.entry.zone.clone(),
        }
    }
}

/// When an entry holds, from a week before `now` on.
fn spans(entry: &Entry, now: i64) -> Vec<Span<'_>> {
    let (Some(zone), Some(rule)) = (entry.time_zone(), entry.rule()) else { return Vec::new() };
    let span = |from: DateTime, to: DateTime| {
        let (from, to) = (instant(from, &zone)?, instant(to, &zone)?);
        (from < to).then(|| Span { entry, zone: zone.clone(), from, to })
    };
    match rule {
        Rule::Once(from, to) => span(from, to).into_iter().collect(),
        Rule::Weekly(from, to) => {
            let Some(today) = day_of(now, &zone) else { return Vec::new() };
            let days = (-8..=AHEAD).filter_map(|ahead| today.checked_add(jiff::Span::new().days(ahead)).ok());
            let begins = days.filter(|day| entry.days.iter().any(|name| name.weekday() == day.weekday()));
            let spans = begins.filter_map(|day| {
                let end = if to > from { day } else { day.tomorrow().ok()? };
                span(day.to_datetime(from), end.to_datetime(to))
            });
            spans.collect()
        }
    }
}

/// The parts of `window` that no critical period takes.
fn without<'a>(window: Span<'a>, critical: &[Span<'_>]) -> Vec<Span<'a>> {
    let mut parts = vec![window];
    for period in critical {
        parts = parts
            .into_iter()
            .flat_map(|part| {
                if period.to <= part.from || part.to <= period.from {
                    return vec![part];
                }
                let before = Span { to: period.from, ..part.clone() };
                let after = Span { from: period.to, ..part };
                [before, after].into_iter().filter(|part| part.from < part.to).collect()
            })
            .collect();
    }
    parts
}

/// A time on the wall as a moment. One that a change to summer time leaves out is as much later as the clock was put ahead;
/// one that comes twice is the first.
fn instant(wall: DateTime, zone: &TimeZone) -> Option<i64> {
    zone.to_ambiguous_timestamp(wall).compatible().ok().map(jiff::Timestamp::as_second)
}

fn day_of(seconds: i64, zone: &TimeZone) -> Option<Date> {
    Some(zone.to_datetime(jiff::Timestamp::from_second(seconds).ok()?).date())
}

fn local(seconds: i64, zone: &TimeZone) -> String {
    let Ok(moment) = jiff::Timestamp::from_second(seconds) else { return String::new() };
    let wall = zone.to_datetime(moment);
    format!("{} {:02}:{:02}", wall.date(), wall.hour(), wall.minute())
}

fn seconds(time: Timestamp) -> i64 {
    i64::try_from(time.0 / 1000).unwrap_or(i64::MAX / 4)
}

fn timestamp(seconds: i64) -> Timestamp {
    Timestamp(u64::try_from(seconds).unwrap_or_default().saturating_mul(1000))
}

#[cfg(test)]
mod tests;
