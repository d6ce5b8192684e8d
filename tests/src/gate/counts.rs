//! Passed, failed and skipped tests, read from what test programs print.

use serde_json::Value;
use std::fmt;
use std::ops::AddAssign;

/// How many tests passed, failed and were skipped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Tests that passed.
    pub passed: u64,
    /// Tests that failed.
    pub failed: u64,
    /// Tests that were not run.
    pub skipped: u64,
}

impl Counts {
    /// Sums the lines `test result: …` of libtest.
    pub fn of_libtest(output: &str) -> Self {
        let mut sum = Self::default();
        for line in output.lines().filter_map(|line| line.strip_prefix("test result: ")) {
            sum += Self {
                passed: number_before(line, " passed"),
                failed: number_before(line, " failed"),
                skipped: number_before(line, " ignored"),
            };
        }
        sum
    }

    /// Sums the events of `go test -json`: one for each test function, not for its parts.
    pub fn of_go(output: &str) -> Self {
        let mut sum = Self::default();
        let events = output.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        for event in events {
            match (event["Test"].as_str(), event["Action"].as_str()) {
                (Some(test), _) if test.contains('/') => {}
                (Some(_), Some("pass")) => sum.passed += 1,
                (Some(_), Some("fail")) => sum.failed += 1,
                (Some(_), Some("skip")) => sum.skipped += 1,
                _ => {}
            }
        }
        sum
    }

    /// How many tests libtest lists (`--list`).
    pub fn listed(output: &str) -> u64 {
        output.lines().filter(|line| line.ends_with(": test")).count() as u64
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

fn number_before(line: &str, word: &str) -> u64 {
    let number = line.split_once(word).and_then(|(before, _)| before.rsplit(' ').next());
    number.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libtest_results_are_summed_over_all_programs() {
        let output = "running 3 tests\ntest a ... ok\n\
            test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 5 filtered out; finished in 0.44s\n\
            test result: FAILED. 10 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 4s\n\
            a line that quotes test result: ok. 99 passed; 0 failed; 0 ignored;\n";
        assert_eq!(Counts::of_libtest(output), Counts { passed: 12, failed: 1, skipped: 1 });
    }

    #[test]
    fn go_events_count_test_functions_only() {
        let output = r#"{"Action":"run","Test":"TestA"}
{"Action":"pass","Test":"TestA/part"}
{"Action":"pass","Test":"TestA"}
{"Action":"fail","Test":"TestB"}
{"Action":"skip","Test":"TestC"}
{"Action":"fail","Package":"x"}
not an event"#;
        assert_eq!(Counts::of_go(output), Counts { passed: 1, failed: 1, skipped: 1 });
    }

    #[test]
    fn a_list_is_counted_and_a_sum_is_shown_in_the_closing_form() {
        assert_eq!(Counts::listed("a: test\nb: test\nc: benchmark\n\n2 tests, 1 benchmark\n"), 2);
        let counts = Counts { passed: 3, failed: 0, skipped: 2 };
        assert_eq!(counts.to_string(), "3 passed, 0 failed, 2 skipped");
    }
}
