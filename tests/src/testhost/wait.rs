//! Waiting for a condition, always with a limit.

use super::{Error, Result};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Asks `condition` every 50 ms until it holds; [`Error::Late`] after `limit`.
pub fn wait_until(what: &str, limit: Duration, condition: impl FnMut() -> bool) -> Result<()> {
    poll(what, limit, Duration::from_millis(50), condition)
}

/// As [`wait_until`], with its own interval between two questions.
pub(crate) fn poll(what: &str, limit: Duration, interval: Duration, mut condition: impl FnMut() -> bool) -> Result<()> {
    let end = Instant::now() + limit;
    loop {
        if condition() {
            return Ok(());
        }
        if Instant::now() >= end {
            return Err(Error::Late { what: what.to_owned(), limit, seen: String::new() });
        }
        sleep(interval);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_that_holds_is_asked_once() {
        let mut asked = 0;
        wait_until("nothing", Duration::ZERO, || {
            asked += 1;
            true
        })
        .unwrap();
        assert_eq!(asked, 1);
    }

    #[test]
    fn a_condition_that_never_holds_is_late() {
        let late = poll("never", Duration::from_millis(5), Duration::from_millis(1), || false);
        assert!(matches!(late, Err(Error::Late { what, .. }) if what == "never"));
    }
}
