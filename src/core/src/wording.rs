//! Figures and faults in the reader's language; what every face prints the same way.

use std::time::Duration;

use crate::fault::Fault;
use crate::message::{Language, Message};
use crate::operation::{OperationState, OperationView, StepState, StepView};
use crate::port::Timestamp;

/// A space that does not break a line.
pub const FIXED_SPACE: char = '\u{a0}';

/// An amount of data in decimal units: `1.2 GB`, `1,2 Go`.
#[must_use]
pub fn bytes(amount: u64, language: Language) -> String {
    let (units, comma) = match language {
        Language::En => (["B", "kB", "MB", "GB", "TB"], '.'),
        Language::Fr => (["o", "ko", "Mo", "Go", "To"], ','),
    };
    let mut unit = 0;
    let mut tenths = u128::from(amount) * 10;
    while tenths >= 10_000 && unit + 1 < units.len() {
        tenths /= 1000;
        unit += 1;
    }
    if unit == 0 || tenths >= 1000 {
        format!("{}{FIXED_SPACE}{}", tenths / 10, units[unit])
    } else {
        format!("{}{comma}{}{FIXED_SPACE}{}", tenths / 10, tenths % 10, units[unit])
    }
}

/// An amount given in MiB.
#[must_use]
pub fn mebibytes(amount: u64, language: Language) -> String {
    bytes(amount.saturating_mul(1024 * 1024), language)
}

/// A duration as a clock shows it: `0:41`, `1:02:03`.
#[must_use]
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// A duration in a sentence, rounded up: `40 seconds`, `3 minutes`, `1 h 20 min`.
#[must_use]
pub fn spoken(seconds: u64) -> Message {
    let minutes = seconds.div_ceil(60);
    match seconds {
        0..60 => Message::new("time-seconds").with("count", seconds),
        _ if minutes < 60 => Message::new("time-minutes").with("count", minutes),
        _ => Message::new("time-hours").with("hours", minutes / 60).with("minutes", minutes % 60),
    }
}

/// From `since` to `now`, zero if the clock went back.
#[must_use]
pub fn elapsed(since: Timestamp, now: Timestamp) -> String {
    duration(Duration::from_millis(now.0.saturating_sub(since.0)))
}

/// A moment: `2026-11-23 04:43:19 UTC`.
#[must_use]
pub fn moment(time: Timestamp) -> String {
    let text = time.rfc3339();
    format!("{} {} UTC", &text[..10], text[10..].trim_start_matches('T').trim_end_matches('Z'))
}

/// How far a step is; `None` where nothing is counted. Things are counted, bytes are measured, health is timed.
#[must_use]
pub fn progress(step: &StepView, language: Language) -> Option<Message> {
    let (done, total) = step.progress?;
    if step.title.code == "step-soak" {
        let time = |seconds| self::duration(Duration::from_secs(seconds));
        return Some(Message::new("soak-held").with("held", time(done)).with("of", time(total)));
    }
    // Nothing that is counted here comes in millions.
    let amount = |n: u64| if total < 1_000_000 { n.to_string() } else { bytes(n, language) };
    Some(Message::new("step-progress").with("done", amount(done)).with("total", amount(total)))
}

/// What is left, about: whole minutes, rounded up.
#[must_use]
pub fn about(seconds: u64) -> Message {
    Message::new("operation-left").with("minutes", if seconds < 60 { 0 } else { seconds.div_ceil(60) })
}

/// Why an operation goes or went back; `None` where it does not.
#[must_use]
pub fn way_back(view: &OperationView, language: Language) -> Option<Message> {
    if !matches!(view.state, OperationState::RollingBack | OperationState::RolledBack) {
        return None;
    }
    Some(match &view.cause {
        Some(cause) => Message::new("back-because")
            .with("because", cause.message.render(language).trim_end_matches('.'))
            .with("code", cause.code.code()),
        None => Message::new("back-wanted"),
    })
}

/// How far an operation is and for how long it has run; going back, how much is undone.
#[must_use]
pub fn standing(view: &OperationView, now: Timestamp) -> Message {
    let time = elapsed(view.started, view.ended.unwrap_or(now));
    let undone = view.steps.iter().filter(|step| step.state == StepState::Undone).count();
    let begun = view.steps.iter().filter(|step| !matches!(step.state, StepState::Pending | StepState::Skipped)).count();
    match view.state {
        OperationState::RollingBack => Message::new("back-progress").with("undone", undone).with("steps", begun),
        OperationState::RolledBack => Message::new("back-ended"),
        _ => Message::new("operation-progress").with("percent", view.percent()),
    }
    .with("time", time)
}

/// What a step waits for, and for how long; `None` where its progress says it already.
#[must_use]
pub fn waiting(step: &StepView, now: Timestamp, language: Language) -> Option<Message> {
    let (what, since) = step.waiting.as_ref().filter(|(what, _)| what.code != "wait-soak-healthy")?;
    Some(Message::new("step-waits").with("what", what.render(language)).with("time", elapsed(*since, now)))
}

/// A fault in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultText {
    /// Stable code.
    pub code: &'static str,
    /// What happened.
    pub what: String,
    /// What exactly.
    pub detail: Option<String>,
    /// Why.
    pub why: Option<String>,
    /// What to do or type next.
    pub fix: Option<String>,
    /// Captured causes, for experts, without control characters other than line ends.
    pub causes: Vec<String>,
}

impl FaultText {
    /// The words of `fault`.
    #[must_use]
    pub fn new(fault: &Fault, language: Language) -> Self {
        let clean = |text: &String| text.chars().filter(|c| !c.is_control() || *c == '\n').collect();
        Self {
            code: fault.code.code(),
            what: fault.message.render(language),
            detail: fault.detail.as_ref().map(|detail| detail.render(language)),
            why: fault.message.render_attribute(language, "why"),
            fix: fault.message.render_attribute(language, "fix"),
            causes: fault.causes.iter().map(clean).collect(),
        }
    }

    /// The fault as lines: what happened with its code, why, what to type next, where to read more, at most `causes` causes.
    #[must_use]
    pub fn lines(&self, language: Language, causes: usize) -> Vec<String> {
        self.lines_of("bridle", language, causes)
    }

    /// The same; `program` (as it was typed) is where to read more, on a host where `bridle` may not be there.
    #[must_use]
    pub fn lines_of(&self, program: &str, language: Language, causes: usize) -> Vec<String> {
        let label = |code: &'static str| Message::new(code).render(language);
        let labels = [label("label-why"), label("label-do"), label("label-detail")];
        let width = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0);
        let mut lines = vec![format!("[!!] {} {}", self.code, self.what)];
        let mut put = |label: &str, text: &str| {
            for (index, line) in text.lines().enumerate() {
                let label = if index == 0 { label } else { "" };
                lines.push(format!("     {label:width$}  {line}"));
            }
        };
        if let Some(detail) = &self.detail {
            put("", detail);
        }
        if let Some(why) = &self.why {
            put(&labels[0], why);
        }
        if let Some(fix) = &self.fix {
            put(&labels[1], fix);
        }
        for cause in self.causes.iter().take(causes) {
            put(&labels[2], cause);
        }
        let more = Message::new("fault-more").with("program", program).with("code", self.code).render(language);
        put("", &more);
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts() {
        for (amount, english, french) in [
            (0, "0 B", "0 o"),
            (999, "999 B", "999 o"),
            (1000, "1.0 kB", "1,0 ko"),
            (1_250_000, "1.2 MB", "1,2 Mo"),
            (99_900_000_000, "99.9 GB", "99,9 Go"),
            (150_000_000_000, "150 GB", "150 Go"),
            (u64::MAX, "18446744 TB", "18446744 To"),
        ] {
            assert_eq!(bytes(amount, Language::En).replace(FIXED_SPACE, " "), english);
            assert_eq!(bytes(amount, Language::Fr).replace(FIXED_SPACE, " "), french);
        }
    }

    #[test]
    fn times() {
        assert_eq!(duration(Duration::from_secs(41)), "0:41");
        assert_eq!(duration(Duration::from_secs(3723)), "1:02:03");
        assert_eq!(elapsed(Timestamp(5000), Timestamp(1000)), "0:00");
        assert_eq!(moment(Timestamp(951_782_400_000)), "2000-02-29 00:00:00 UTC");
    }
}
