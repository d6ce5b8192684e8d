//! Waiting with a deadline that can be told to stop.

use std::time::Duration;

use bridle_core::fault::{Fault, FaultCode};
use bridle_core::port::Clock;

/// Time between two looks at the world.
const PERIOD: Duration = Duration::from_millis(500);
/// How long a stop may go unnoticed.
const SLICE: Duration = Duration::from_millis(200);

/// A deadline.
pub(crate) struct Patience<'a> {
    clock: &'a dyn Clock,
    end: Duration,
}

impl<'a> Patience<'a> {
    /// Ends after `limit`.
    pub(crate) fn new(clock: &'a dyn Clock, limit: Duration) -> Self {
        Self { clock, end: clock.monotonic().saturating_add(limit) }
    }

    /// Time that is left.
    pub(crate) fn left(&self) -> Duration {
        self.end.saturating_sub(self.clock.monotonic())
    }

    /// Waits one period before the next look. `what` is waited for.
    ///
    /// # Errors
    /// `DeadlinePassed` once the deadline has passed or `stop` says so.
    pub(crate) fn pause(&self, stop: &dyn Fn() -> bool, what: &str) -> Result<(), Fault> {
        let until = self.clock.monotonic().saturating_add(PERIOD);
        loop {
            if stop() {
                return Err(Fault::new(FaultCode::DeadlinePassed).with("what", what).output("told to stop"));
            }
            let now = self.clock.monotonic();
            if now >= self.end {
                return Err(Fault::new(FaultCode::DeadlinePassed).with("what", what));
            }
            if now >= until {
                return Ok(());
            }
            self.clock.sleep(SLICE.min(until - now).min(self.end - now));
        }
    }
}
