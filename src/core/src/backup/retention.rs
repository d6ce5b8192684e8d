//! Retention: which sets stay and which go, with the reasons, before anything is removed.
//!
//! A rule "so many per period" keeps the newest set of each period, from the newest period on. Periods are those of the site's
//! clock on the wall. Whatever the rules say: the newest set, the newest whole one, the newest one that was proven, the newest one that a restore test
//! proved, those that somebody pinned, those that a restore uses and a minimum always stay.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::id::SetId;
use super::zone::Zone;
use crate::message::Message;
use crate::port::Timestamp;

/// Most sets that one rule may keep.
pub const MOST: u32 = 10_000;
/// A set whose time lies further ahead was made while a clock was wrong; in milliseconds.
const AHEAD: u64 = 24 * 3600 * 1000;

/// The rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// So many of the newest.
    pub last: u32,
    /// The newest of each of so many hours in which there is one; likewise below.
    pub hourly: u32,
    /// Days.
    pub daily: u32,
    /// Weeks, from Monday (ISO 8601).
    pub weekly: u32,
    /// Months.
    pub monthly: u32,
    /// Years.
    pub yearly: u32,
    /// All that carry one of these.
    pub tags: BTreeSet<String>,
    /// At least so many, whatever the others say; at least 1.
    pub minimum: u32,
}

/// A set as the rules see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Which.
    pub id: SetId,
    /// When it was made, by the clock of then.
    pub made: Timestamp,
    /// Its tags.
    pub tags: BTreeSet<String>,
    /// Whether every part is one moment.
    pub whole: bool,
    /// Whether it was read back and held.
    pub proven: bool,
    /// Whether a restore of it was tried and worked.
    pub restored: bool,
    /// Whether somebody pinned it.
    pub pinned: bool,
    /// Whether a restore, a copy or a test uses it now.
    pub used: bool,
}

/// What becomes of one set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Which.
    pub id: SetId,
    /// When it was made.
    pub made: Timestamp,
    /// Why it stays; it goes if there is no reason.
    pub kept: Vec<Reason>,
}

/// Why a set stays.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The newest of all.
    Newest,
    /// The newest whole one.
    NewestWhole,
    /// The newest one that was read back.
    NewestProven,
    /// The newest one that a restore test proved.
    NewestRestored,
    /// A restore, a copy or a test uses it.
    Used,
    /// Somebody pinned it.
    Pinned,
    /// It was made while a clock was wrong: no rule can tell.
    Ahead,
    /// It carries this tag.
    Tagged(String),
    /// One of the newest.
    Last,
    /// The newest of its period.
    Newly(Period),
    /// There would be too few without it.
    Minimum,
}

/// Periods of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Period {
    Hour,
    Day,
    Week,
    Month,
    Year,
}

/// What the rules do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// Every set, the newest first.
    pub decisions: Vec<Decision>,
}

impl Default for Rules {
    /// Two weeks of days, two months of weeks, a year of months: an academic year can be looked back on.
    fn default() -> Self {
        let tags = BTreeSet::new();
        Self { last: 3, hourly: 0, daily: 14, weekly: 8, monthly: 12, yearly: 0, tags, minimum: 3 }
    }
}

impl Rules {
    /// Whether they can be followed: they keep something, and no number is beyond the limit.
    #[must_use]
    pub fn are_sound(&self) -> bool {
        let numbers = [self.last, self.hourly, self.daily, self.weekly, self.monthly, self.yearly, self.minimum];
        self.minimum >= 1 && numbers.iter().all(|number| *number <= MOST)
    }
}

/// What `rules` do with `sets` at `now`, in any order given. Rules that are not sound keep everything.
#[must_use]
pub fn preview(rules: &Rules, sets: &[Candidate], zone: &Zone, now: Timestamp) -> Preview {
    let mut sets: Vec<&Candidate> = sets.iter().collect();
    // By name: that is the order in which they were made, whatever the clock said then.
    sets.sort_by_key(|set| std::cmp::Reverse(set.id));
    let mut kept: Vec<BTreeSet<Reason>> = vec![BTreeSet::new(); sets.len()];
    let mut first = |reason: Reason, fits: &dyn Fn(&Candidate) -> bool| {
        if let Some(place) = sets.iter().position(|set| fits(set)) {
            kept[place].insert(reason);
        }
    };
    first(Reason::Newest, &|_| true);
    first(Reason::NewestWhole, &|set| set.whole);
    first(Reason::NewestProven, &|set| set.proven && set.whole);
    first(Reason::NewestRestored, &|set| set.restored && set.whole);
    for (set, kept) in sets.iter().zip(&mut kept) {
        let of_itself = [(set.used, Reason::Used), (set.pinned, Reason::Pinned), (is_ahead(set, now), Reason::Ahead)];
        kept.extend(of_itself.into_iter().filter(|(holds, _)| *holds).map(|(_, reason)| reason));
        kept.extend(set.tags.intersection(&rules.tags).map(|tag| Reason::Tagged(tag.clone())));
    }
    for (place, kept) in kept.iter_mut().enumerate() {
        if place < rules.last as usize {
            kept.insert(Reason::Last);
        }
    }
    for (period, most) in rules.periods() {
        for place in newest_of_each(&sets, zone, now, period, most as usize) {
            kept[place].insert(Reason::Newly(period));
        }
    }
    let sound = rules.are_sound();
    let mut lacking = (rules.minimum as usize).saturating_sub(kept.iter().filter(|kept| !kept.is_empty()).count());
    for kept in &mut kept {
        if kept.is_empty() && (lacking > 0 || !sound) {
            kept.insert(Reason::Minimum);
            lacking = lacking.saturating_sub(1);
        }
    }
    let decisions = sets.into_iter().zip(kept);
    let decisions =
        decisions.map(|(set, kept)| Decision { id: set.id, made: set.made, kept: kept.into_iter().collect() });
    Preview { decisions: decisions.collect() }
}

impl Preview {
    /// The sets that go.
    pub fn going(&self) -> impl Iterator<Item = SetId> + '_ {
        self.decisions.iter().filter(|decision| decision.kept.is_empty()).map(|decision| decision.id)
    }

    /// The sets that stay.
    pub fn staying(&self) -> impl Iterator<Item = SetId> + '_ {
        self.decisions.iter().filter(|decision| !decision.kept.is_empty()).map(|decision| decision.id)
    }

    /// How many stay and go, in words.
    #[must_use]
    pub fn message(&self) -> Message {
        Message::new("retention-preview").with("staying", self.staying().count()).with("going", self.going().count())
    }
}

impl Decision {
    /// What becomes of the set and why, one line each; times as the clock in `zone` shows them.
    #[must_use]
    pub fn messages(&self, zone: &Zone) -> Vec<Message> {
        let head = if self.kept.is_empty() { "retention-goes" } else { "retention-stays" };
        let head = Message::new(head).with("set", self.id.to_string()).with("made", zone.text(self.made));
        std::iter::once(head).chain(self.kept.iter().map(Reason::message)).collect()
    }
}

impl Reason {
    /// The words.
    #[must_use]
    pub fn message(&self) -> Message {
        let code = match self {
            Self::Newest => "retention-newest",
            Self::NewestWhole => "retention-newest-whole",
            Self::NewestProven => "retention-newest-proven",
            Self::NewestRestored => "retention-newest-restored",
            Self::Used => "retention-used",
            Self::Pinned => "retention-pinned",
            Self::Ahead => "retention-ahead",
            Self::Tagged(tag) => return Message::new("retention-tagged").with("tag", tag.as_str()),
            Self::Last => "retention-last",
            Self::Newly(Period::Hour) => "retention-hour",
            Self::Newly(Period::Day) => "retention-day",
            Self::Newly(Period::Week) => "retention-week",
            Self::Newly(Period::Month) => "retention-month",
            Self::Newly(Period::Year) => "retention-year",
            Self::Minimum => "retention-minimum",
        };
        Message::new(code)
    }
}

impl Rules {
    const fn periods(&self) -> [(Period, u32); 5] {
        [
            (Period::Hour, self.hourly),
            (Period::Day, self.daily),
            (Period::Week, self.weekly),
            (Period::Month, self.monthly),
            (Period::Year, self.yearly),
        ]
    }
}

const fn is_ahead(set: &Candidate, now: Timestamp) -> bool {
    set.made.0 > now.0.saturating_add(AHEAD)
}

/// Places of the newest set of each of the `most` newest periods in which there is one; fuzzy sets count only where no whole
/// one is in the period.
fn newest_of_each(sets: &[&Candidate], zone: &Zone, now: Timestamp, period: Period, most: usize) -> Vec<usize> {
    let mut found: Vec<((i64, i64), usize)> = Vec::new();
    for (place, set) in sets.iter().enumerate().filter(|(_, set)| !is_ahead(set, now)) {
        let Some(key) = key(zone, set.made, period) else { continue };
        match found.iter_mut().find(|(other, _)| *other == key) {
            None => found.push((key, place)),
            Some((_, before)) if !sets[*before].whole && set.whole => *before = place,
            Some(_) => {}
        }
    }
    // By the periods themselves: a clock that was wrong may have made sets out of their order.
    found.sort_by_key(|(key, _)| std::cmp::Reverse(*key));
    found.into_iter().take(most).map(|(_, place)| place).collect()
}

/// A number for the period that `time` is in, ascending with time.
fn key(zone: &Zone, time: Timestamp, period: Period) -> Option<(i64, i64)> {
    let (wall, offset) = zone.wall(time)?;
    let date = wall.date();
    let (year, month, day) = (i64::from(date.year()), i64::from(date.month()), i64::from(date.day()));
    Some(match period {
        // The hour that comes twice is two hours: the first one is further from UTC.
        Period::Hour => ((year * 100 + month) * 100 + day, i64::from(wall.hour()) * 1_000_000 - i64::from(offset)),
        Period::Day => (year, month * 100 + day),
        Period::Week => {
            let week = date.iso_week_date();
            (i64::from(week.year()), i64::from(week.week()))
        }
        Period::Month => (year, month),
        Period::Year => (year, 0),
    })
}

#[cfg(test)]
mod tests;
