//! When a file of the log may leave its server: the state of each repository that is to have it, and how long one that fails is
//! left alone.

use std::time::Duration;

/// A repository that fails for so long holds the server's log back no more, as long as another one has it: a disk that somebody
/// took away must not fill the server's own. Its log has a gap then, and the next backup in it begins behind the gap.
pub const LEFT_BEHIND: Duration = Duration::from_secs(600);
/// Longest pause between two tries.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How it stands with one file and one repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// The file is durable there.
    Has,
    /// Not yet.
    Trying,
    /// Tries have failed since this moment of the monotonic clock.
    Failing {
        /// The first failure.
        since: Duration,
    },
}

/// Whether the server may let the file go: everybody has it, or somebody has it and the others have failed for long.
#[must_use]
pub fn may_go(lanes: &[Lane], now: Duration) -> bool {
    let has = lanes.contains(&Lane::Has);
    let passed_over = |lane: &Lane| match lane {
        Lane::Has => true,
        Lane::Trying => false,
        Lane::Failing { since } => now.saturating_sub(*since) >= LEFT_BEHIND,
    };
    has && lanes.iter().all(passed_over)
}

/// How long to wait after so many failures in a row: a second, doubled each time.
#[must_use]
pub fn pause(failures: u32) -> Duration {
    let doubled = Duration::from_secs(1).saturating_mul(1 << failures.saturating_sub(1).min(10));
    doubled.min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(1_000_000);

    fn failing(seconds: u64) -> Lane {
        Lane::Failing { since: NOW - Duration::from_secs(seconds) }
    }

    #[test]
    fn a_log_is_never_let_go_that_nobody_has() {
        for (lanes, expected) in [
            (&[][..], false),
            (&[Lane::Has], true),
            (&[Lane::Trying], false),
            (&[failing(100_000)], false),
            (&[failing(100_000), failing(100_000)], false),
            (&[Lane::Has, Lane::Has], true),
            (&[Lane::Has, Lane::Trying], false),
            (&[Lane::Has, failing(599)], false),
            (&[Lane::Has, failing(600)], true),
            (&[Lane::Has, failing(600), Lane::Trying], false),
        ] {
            assert_eq!(may_go(lanes, NOW), expected, "{lanes:?}");
        }
    }

    #[test]
    fn pauses_grow_and_end_somewhere() {
        assert_eq!([1, 2, 3, 6, 7, u32::MAX].map(|failures| pause(failures).as_secs()), [1, 2, 4, 30, 30, 30]);
    }
}
