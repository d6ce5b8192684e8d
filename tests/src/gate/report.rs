//! What the gate prints: a line for each step, the end of the output of one that failed, the sum.

use super::{Counts, Outcome};
use std::fs;
use std::path::Path;
use std::time::Duration;

/// How many lines of a failed step's output are shown.
const TAIL: usize = 60;

/// The sum of all steps so far.
#[derive(Debug, Default)]
pub struct Report {
    counts: Counts,
    required_skip: bool,
}

impl Report {
    /// Adds a step and prints its line.
    pub fn add(&mut self, name: &str, outcome: &Outcome, took: Duration, log: &Path) {
        self.counts += outcome.counts;
        self.required_skip |= outcome.required_skip;
        println!("{}", line(name, outcome, took));
        if outcome.counts.failed > 0 {
            let output = fs::read(log).unwrap_or_default();
            let output = String::from_utf8_lossy(&output);
            println!("---- the end of {} ----\n{}\n----", log.display(), tail(&output));
        }
    }

    /// Prints the closing line of counts; whether the gate holds. `strict` is where `CI=true`.
    pub fn close(&self, strict: bool) -> bool {
        let refused = strict && self.required_skip;
        if refused {
            println!("CI=true: what is skipped because this machine cannot boot test hosts is a failure");
        }
        println!("{}", self.counts);
        self.counts.failed == 0 && !refused
    }
}

fn line(name: &str, outcome: &Outcome, took: Duration) -> String {
    let verdict = match outcome.counts {
        Counts { failed: 1.., .. } => "FAILED",
        Counts { passed: 0, .. } if outcome.remark.is_some() => "skipped",
        _ => "ok",
    };
    let remark = outcome.remark.as_ref().map(|text| format!(": {text}")).unwrap_or_default();
    format!("{verdict:<8} {name} ({}, {:.1} s){remark}", outcome.counts, took.as_secs_f64())
}

fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(TAIL)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(counts: Counts, remark: Option<&str>, required_skip: bool) -> Outcome {
        Outcome { counts, remark: remark.map(str::to_owned), required_skip }
    }

    #[test]
    fn a_required_skip_fails_only_under_ci() {
        let mut report = Report::default();
        let skip = outcome(Counts { skipped: 4, ..Counts::default() }, Some("no root"), true);
        report.add("host", &skip, Duration::ZERO, Path::new("/nowhere"));
        assert!(report.close(false));
        assert!(!report.close(true));
    }

    #[test]
    fn one_failure_fails_the_gate() {
        let mut report = Report::default();
        let good = outcome(Counts { passed: 4, ..Counts::default() }, None, false);
        let bad = outcome(Counts { failed: 1, ..Counts::default() }, Some("ended"), false);
        report.add("good", &good, Duration::ZERO, Path::new("/nowhere"));
        assert!(report.close(true));
        report.add("bad", &bad, Duration::ZERO, Path::new("/nowhere"));
        assert!(!report.close(false));
    }

    #[test]
    fn a_line_says_verdict_counts_time_and_reason() {
        let skip = outcome(Counts { skipped: 2, ..Counts::default() }, Some("no root"), true);
        assert_eq!(
            line("host", &skip, Duration::from_millis(1250)),
            "skipped  host (0 passed, 0 failed, 2 skipped, 1.2 s): no root"
        );
        assert_eq!(tail(&"x\n".repeat(100)).lines().count(), TAIL);
    }
}
