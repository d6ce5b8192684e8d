//! Nothing is replaced while programs in the cluster are blind (`bridle_core::outage`, decision 0036).

use bridle_core::fault::Fault;
use bridle_core::message::Message;
use bridle_core::port::{Attempt, Clock, Outages};

use crate::patience::Patience;

/// Waits until all that watches the API has had its chance to ask it again.
///
/// # Errors
/// Those of [`Outages::last`]; `DeadlinePassed` if the attempt is told to stop, or may not take that long.
pub(crate) fn wait(outages: &dyn Outages, clock: &dyn Clock, attempt: &mut Attempt<'_>) -> Result<(), Fault> {
    let Some(outage) = outages.last()? else { return Ok(()) };
    let until = clock.monotonic().saturating_add(outage.blind_for());
    let patience = Patience::new(clock, attempt.limit);
    while clock.monotonic() < until {
        attempt.progress.waiting(Message::new("wait-watchers"));
        patience.pause(attempt.stop, "watches of the API")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bridle_core::outage::Outage;
    use bridle_core::port::Quiet;
    use bridle_core::port::sim::SimClock;

    use super::*;

    struct Last(Option<Outage>);

    impl Outages for Last {
        fn last(&self) -> Result<Option<Outage>, Fault> {
            Ok(self.0)
        }
    }

    fn waits(last: Option<Outage>, stop: bool) -> (Result<(), Fault>, Duration) {
        let clock = SimClock::default();
        let began = clock.monotonic();
        let (mut quiet, stop) = (Quiet, || stop);
        let mut attempt = Attempt { limit: Duration::from_secs(600), progress: &mut quiet, stop: &stop };
        let result = wait(&Last(last), &clock, &mut attempt);
        (result, clock.monotonic() - began)
    }

    #[test]
    fn as_long_as_somebody_may_be_blind() {
        let outage = |seconds| Outage { length: Duration::from_secs(9), over_for: Duration::from_secs(seconds) };
        let (result, took) = waits(Some(outage(2)), false);
        result.expect("waited");
        assert!((Duration::from_secs(20)..Duration::from_secs(22)).contains(&took), "{took:?}");
        assert_eq!(waits(Some(outage(60)), false).1, Duration::ZERO);
        assert_eq!(waits(None, false).1, Duration::ZERO);
        assert!(waits(Some(outage(2)), true).0.is_err(), "it can be told to stop");
    }
}
