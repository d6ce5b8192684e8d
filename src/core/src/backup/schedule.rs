//! When backups run: in words, by the clock on the wall, missed runs caught up once, never beside another operation.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::civil::{Date, Time, Weekday};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::id::InstallationId;
use super::zone::Zone;
use crate::calendar::Judgement;
use crate::message::Message;
use crate::port::Timestamp;

/// How far ahead is looked, in days: a leap year and a week.
const AHEAD: usize = 373;
/// Most runs that are listed.
pub const MOST_RUNS: usize = 50;
/// Longest text of a schedule, in bytes.
const LONGEST: usize = 200;
const DAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];

/// When something runs. Written in words, in English whatever the reader's language, as everything in a profile:
/// `every day at 02:30`, `every 4 hours`, `every 30 minutes`, `weekdays at 01:00`, `sundays at 03:00`,
/// `mondays and thursdays at 22:15`, `on day 1 of every month at 04:00`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Schedule {
    /// So many minutes after each other, from midnight on; a part of a day.
    Every(u32),
    /// On these days (Monday first) at this time.
    Weekly([bool; 7], Time),
    /// On this day of each month (the last one, where a month is shorter) at this time.
    Monthly(i8, Time),
}

/// What is to be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// A backup: it disturbs nobody, and is needed most when nothing may be disturbed.
    Backup,
    /// What loads the host or removes something: prune, reading everything back, a restore test.
    Upkeep,
}

/// Whether it runs now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Due {
    /// Run it: it stands for the run of `planned` and for `missed` runs before it.
    Now {
        /// The latest run that should have begun.
        planned: Timestamp,
        /// How many more were missed; they are not made up for.
        missed: u32,
    },
    /// It should run, and something is in its way.
    Held {
        /// Why, in words.
        why: Message,
    },
    /// Not before this moment; `None` if the schedule never comes.
    At(Option<Timestamp>),
}

/// What is known of the moment.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    /// The clock.
    pub now: Timestamp,
    /// When the last run began; of an installation without one, when it was installed.
    pub last: Timestamp,
    /// Name of the operation that runs, if one does.
    pub operation: Option<&'a str>,
    /// What the site's calendar says.
    pub calendar: &'a Judgement,
}

impl Schedule {
    /// The runs behind `after`, at most `most`, ascending.
    #[must_use]
    pub fn next(&self, after: Timestamp, zone: &Zone, most: usize) -> Vec<Timestamp> {
        let Some((wall, _)) = zone.wall(after) else { return Vec::new() };
        // From the day before: its runs may come late, where a clock is put ahead over midnight.
        let mut day = wall.date().yesterday().ok();
        let mut runs = Vec::new();
        for _ in 0..AHEAD {
            let Some(date) = day else { break };
            runs.extend(self.of_day(date, zone).into_iter().filter(|run| *run > after));
            if runs.len() >= most.min(MOST_RUNS) {
                break;
            }
            day = date.tomorrow().ok();
        }
        runs.sort_unstable();
        runs.dedup();
        runs.truncate(most.min(MOST_RUNS));
        runs
    }

    /// Whether `work` runs now. `jitter` (see [`jitter`]) is the same for each run of an installation.
    #[must_use]
    pub fn due(&self, work: Work, zone: &Zone, moment: &Moment<'_>, jitter: Duration) -> Due {
        let jitter = u64::try_from(jitter.as_millis()).unwrap_or(0);
        let now = Timestamp(moment.now.0.saturating_sub(jitter));
        // A clock that was put back: the last run lies ahead, and must not hold up the next ones until then.
        let last = Timestamp(moment.last.0.saturating_sub(jitter).min(now.0));
        let (mut planned, mut missed) = (None, 0_u32);
        let mut from = last;
        loop {
            let runs = self.next(from, zone, MOST_RUNS);
            let passed: Vec<_> = runs.iter().copied().filter(|run| *run <= now).collect();
            missed = missed.saturating_add(u32::try_from(passed.len()).unwrap_or(u32::MAX));
            planned = passed.last().copied().or(planned);
            match passed.last() {
                // Years may have passed: what counts is that runs were missed, not their number.
                Some(run) if passed.len() == runs.len() && missed < 10_000 => from = *run,
                _ => {
                    let next = runs.into_iter().find(|run| *run > now);
                    let next = next.map(|run| Timestamp(run.0.saturating_add(jitter)));
                    let Some(planned) = planned else { return Due::At(next) };
                    return hindrance(work, moment)
                        .map_or(Due::Now { planned, missed: missed - 1 }, |why| Due::Held { why });
                }
            }
        }
    }

    /// The words.
    #[must_use]
    pub fn message(&self, zone: &Zone) -> Message {
        let clock = |time: &Time| format!("{:02}:{:02}", time.hour(), time.minute());
        let message = match self {
            Self::Every(minutes) if minutes % 60 == 0 => {
                Message::new("schedule-hours").with("count", u64::from(minutes / 60))
            }
            Self::Every(minutes) => Message::new("schedule-minutes").with("count", u64::from(*minutes)),
            Self::Weekly([true, true, true, true, true, true, true], time) => {
                Message::new("schedule-daily").with("time", clock(time))
            }
            Self::Weekly(days, time) => {
                let names = DAYS.iter().zip(days).filter(|(_, on)| **on).map(|((name, _), _)| &name[..3]);
                let days = names.collect::<Vec<_>>().join(" ");
                Message::new("schedule-weekly").with("days", days).with("time", clock(time))
            }
            Self::Monthly(day, time) => {
                Message::new("schedule-monthly").with("day", u64::from(day.unsigned_abs())).with("time", clock(time))
            }
        };
        message.with("zone", zone.name())
    }

    fn of_day(&self, date: Date, zone: &Zone) -> Vec<Timestamp> {
        match self {
            Self::Every(minutes) => {
                // In time that passes, not on the wall: the day of 25 hours has no hour without a run.
                let midnight = |date: Date| zone.moment(date.to_datetime(Time::midnight()));
                let (Some(begin), Some(end)) = (midnight(date), date.tomorrow().ok().and_then(midnight)) else {
                    return Vec::new();
                };
                let step = usize::try_from(u64::from(*minutes) * 60_000).unwrap_or(usize::MAX);
                (begin.0..end.0).step_by(step.max(60_000)).map(Timestamp).collect()
            }
            Self::Weekly(days, time) => {
                let place = usize::try_from(date.weekday().to_monday_zero_offset()).unwrap_or(0);
                let on = days.get(place).copied().unwrap_or(false);
                on.then(|| zone.moment(date.to_datetime(*time))).flatten().into_iter().collect()
            }
            Self::Monthly(day, time) => {
                let on = date.day() == (*day).min(date.days_in_month());
                on.then(|| zone.moment(date.to_datetime(*time))).flatten().into_iter().collect()
            }
        }
    }
}

/// What is in the way of work that is due.
fn hindrance(work: Work, moment: &Moment<'_>) -> Option<Message> {
    if let Some(operation) = moment.operation {
        return Some(Message::new("schedule-held-operation").with("operation", operation));
    }
    match (work, moment.calendar) {
        (Work::Upkeep, Judgement::Forbidden { critical, .. }) => {
            Some(Message::new("schedule-held-critical").with("name", critical.name.as_str()))
        }
        _ => None,
    }
}

/// How much later than planned an installation runs, below `most`: many that back up to one place do not come at once.
#[must_use]
pub fn jitter(installation: InstallationId, most: Duration) -> Duration {
    let hash = Sha256::digest(installation.to_string().as_bytes());
    let number = hash[..8].iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    let most = u64::try_from(most.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(if most == 0 { 0 } else { number % most })
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clock = |time: &Time| format!("{:02}:{:02}", time.hour(), time.minute());
        match self {
            Self::Every(60) => f.write_str("every hour"),
            Self::Every(minutes) if minutes % 60 == 0 => write!(f, "every {} hours", minutes / 60),
            Self::Every(minutes) => write!(f, "every {minutes} minutes"),
            Self::Weekly([true, true, true, true, true, true, true], time) => write!(f, "every day at {}", clock(time)),
            Self::Weekly([true, true, true, true, true, false, false], time) => {
                write!(f, "weekdays at {}", clock(time))
            }
            Self::Weekly(days, time) => {
                let names = DAYS.iter().zip(days).filter(|(_, on)| **on).map(|((name, _), _)| format!("{name}s"));
                write!(f, "{} at {}", names.collect::<Vec<_>>().join(" and "), clock(time))
            }
            Self::Monthly(day, time) => write!(f, "on day {day} of every month at {}", clock(time)),
        }
    }
}

impl FromStr for Schedule {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let refuse = || ScheduleError(text.chars().take(100).collect());
        if text.len() > LONGEST {
            return Err(refuse());
        }
        let text = text.to_ascii_lowercase().replace(',', " ");
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        let every = |count: &str, unit: u32| {
            let minutes = count.parse::<u32>().ok()?.checked_mul(unit)?;
            // Parts of a day: otherwise midnight would come too early.
            ((5..=720).contains(&minutes) && 1440 % minutes == 0).then_some(Self::Every(minutes))
        };
        match words[..] {
            ["every", "hour"] => Some(Self::Every(60)),
            ["every", count, "hours"] => every(count, 60),
            ["every", count, "minutes"] => every(count, 1),
            ["every", "day", "at", time] | ["daily", "at", time] => {
                clock(time).map(|time| Self::Weekly([true; 7], time))
            }
            ["on", "day", day, "of", "every", "month", "at", time] => {
                let day = day.parse::<i8>().ok().filter(|day| (1..=31).contains(day));
                day.zip(clock(time)).map(|(day, time)| Self::Monthly(day, time))
            }
            [ref days @ .., "at", time] => week(days).zip(clock(time)).map(|(days, time)| Self::Weekly(days, time)),
            _ => None,
        }
        .ok_or_else(refuse)
    }
}

/// `mondays and thursdays`, `every sunday`, `weekdays`.
fn week(words: &[&str]) -> Option<[bool; 7]> {
    let mut days = [false; 7];
    for word in words.iter().filter(|word| !matches!(**word, "and" | "every" | "on")) {
        if *word == "weekdays" {
            days[..5].fill(true);
            continue;
        }
        let name = word.strip_suffix('s').unwrap_or(word);
        let place = DAYS.iter().position(|(day, _)| *day == name)?;
        days[place] = true;
    }
    days.contains(&true).then_some(days)
}

/// `02:30`.
fn clock(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':').filter(|(hour, minute)| hour.len() == 2 && minute.len() == 2)?;
    let number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten();
    Time::new(number(hour)?, number(minute)?, 0, 0).ok()
}

impl TryFrom<String> for Schedule {
    type Error = ScheduleError;

    fn try_from(text: String) -> Result<Self, ScheduleError> {
        text.parse()
    }
}

impl From<Schedule> for String {
    fn from(schedule: Schedule) -> Self {
        schedule.to_string()
    }
}

/// Not a schedule; carries at most its first 100 characters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "read schedule {0:?}: expected words such as \"every day at 02:30\", \"every 4 hours\" or \"sundays at 03:00\""
)]
pub struct ScheduleError(String);

#[cfg(test)]
mod tests;
