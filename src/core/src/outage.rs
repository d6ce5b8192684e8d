//! For how long programs in the cluster may not see what its API says, after the API was away.
//!
//! Pods run on while Kubernetes is started anew, but what they watch breaks off, and each asks again only after a pause that
//! doubles. An ingress that is blind sends users to pods that are gone: none may be replaced meanwhile (decision 0036).

use std::time::Duration;

/// First and longest pause of a client before it asks again, and by how much of itself a pause may be longer by chance:
/// `tools/cache/reflector.go` of k8s.io/client-go (800 ms, doubled up to 30 s, jitter 1.0).
const FIRST: Duration = Duration::from_millis(800);
const LONGEST: Duration = Duration::from_secs(30);
const CHANCE: u32 = 2;
/// From the answer to what a client makes of it: lists of thousands of objects, a configuration that is built and handed on.
const DIGESTED: Duration = Duration::from_secs(3);

/// A time in which the API was away while pods ran on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// From the last answer to the first one.
    pub length: Duration,
    /// Since the first answer.
    pub over_for: Duration,
}

impl Outage {
    /// How long clients may still be blind: zero once all of them have asked again.
    ///
    /// The pauses before the one in which the API came back all lay within the outage; so that one is at most twice as
    /// long as the outage and the first pause together.
    #[must_use]
    pub fn blind_for(&self) -> Duration {
        let pause = self.length.saturating_add(FIRST).min(LONGEST).saturating_mul(CHANCE);
        pause.saturating_add(DIGESTED).saturating_sub(self.over_for)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(length: u64, over_for: u64) -> f64 {
        Outage { length: Duration::from_secs(length), over_for: Duration::from_secs(over_for) }
            .blind_for()
            .as_secs_f64()
    }

    #[test]
    fn lasts_about_twice_the_outage_and_is_bounded() {
        assert_eq!((seconds(0, 0), seconds(9, 0), seconds(9, 20), seconds(9, 23)), (4.6, 22.6, 2.6, 0.0));
        assert_eq!((seconds(3600, 0), seconds(3600, 62), seconds(3600, 64)), (63.0, 1.0, 0.0));
    }

    /// Every chain of pauses that client-go can make: none is still waiting when nobody counts as blind any more.
    #[test]
    fn no_client_is_still_waiting_afterwards() {
        let millis = |value: u64| Duration::from_millis(value);
        // A cheap generator is enough: the extremes are tried as well.
        let mut state: u64 = 7;
        let mut chance = move |round: u64| match round % 8 {
            0 => 0,
            1 => 1000,
            _ => {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 33) % 1001
            }
        };
        for round in 0..20_000_u64 {
            let length = millis(round % 90_000);
            let (mut at, mut base) = (Duration::ZERO, FIRST);
            while at < length {
                at += base + base * u32::try_from(chance(round)).unwrap_or(0) / 1000;
                base = (base * 2).min(LONGEST);
            }
            let blind = Outage { length, over_for: Duration::ZERO }.blind_for();
            assert!(at <= length + blind, "away for {length:?}: asked again at {at:?}, not blind after {blind:?}");
        }
    }
}
