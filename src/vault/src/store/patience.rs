//! How long and how often is tried.

use std::time::Duration;

/// The limits of each call of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// How long connecting may take.
    pub connect: Duration,
    /// How long one try may take, on top of what its bytes need at [`Self::slowest`].
    pub attempt: Duration,
    /// Bytes a second below which a transfer is given up.
    pub slowest: u64,
    /// How often is tried in all.
    pub attempts: u32,
    /// The first pause; each further one is twice as long.
    pub pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
}

impl Default for Patience {
    /// Gives up after about two minutes without an answer: `5 × 20 s` of trying and at most 15 s of pauses.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            attempt: Duration::from_secs(20),
            slowest: 64 * 1024,
            attempts: 5,
            pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(8),
        }
    }
}

impl Patience {
    /// The deadline of one try that moves `bytes`.
    #[must_use]
    pub fn deadline(&self, bytes: u64) -> Duration {
        self.attempt + Duration::from_secs(bytes / self.slowest.max(1))
    }

    /// The pause behind try number `done` (from 1): half of it fixed, half by `chance` (any number), so that many callers do
    /// not come back at the same moment.
    #[must_use]
    pub fn pause_after(&self, done: u32, chance: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(done.saturating_sub(1).min(16));
        let whole = self.pause.saturating_mul(doubled).min(self.longest_pause);
        whole / 2 + whole.mul_f64(f64::from(chance) / f64::from(u32::MAX) / 2.0)
    }
}

/// A number by chance; the same one each time where the machine has none to give.
pub(crate) fn chance() -> u32 {
    getrandom::u32().unwrap_or(u32::MAX / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_limit_and_differ_by_chance() {
        let patience = Patience::default();
        let pauses: Vec<_> = (1..=8).map(|done| patience.pause_after(done, u32::MAX).as_millis()).collect();
        assert_eq!(pauses, [500, 1000, 2000, 4000, 8000, 8000, 8000, 8000]);
        assert_eq!(patience.pause_after(1, 0), Duration::from_millis(250));
        assert_eq!(patience.pause_after(u32::MAX, 0), Duration::from_secs(4));
    }

    #[test]
    fn a_transfer_has_the_time_its_bytes_need() {
        assert_eq!(Patience::default().deadline(64 * 1024 * 100), Duration::from_secs(120));
    }
}
