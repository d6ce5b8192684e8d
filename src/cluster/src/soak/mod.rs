//! The step *soak*: looks at everything that users need until health has held for its time, or has not.
//!
//! What the looks mean is decided by [`bridle_core::soak`].

mod look;

#[cfg(test)]
mod tests;

use std::time::Duration;

use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::port::{Attempt, Clock};
use bridle_core::release::Probe;
use bridle_core::soak::{Failure, Judge, Round, Trouble, Verdict};
use bridle_core::step::Soak;

use crate::connect::ApiServer;
use crate::probe::Failure as Red;
use look::Eye;

/// Time between the beginnings of two looks.
const EVERY: Duration = Duration::from_secs(5);
/// How long a stop may go unnoticed.
const SLICE: Duration = Duration::from_millis(200);
/// The judge's time ends so much before the attempt's, so that it is the judge who says why.
const MARGIN: Duration = Duration::from_secs(5);

/// What is looked at, and with what.
pub(crate) struct Watch<'a> {
    pub(crate) api: &'a ApiServer,
    pub(crate) clock: &'a dyn Clock,
    /// Walks a journey once, unless it is told to stop.
    pub(crate) walk: &'a Walk<'a>,
}

/// Walks a journey once.
pub(crate) type Walk<'a> = dyn Fn(&Probe, &dyn Fn() -> bool) -> Result<(), Red> + 'a;

/// Watches until health has held.
///
/// # Errors
/// `SoakAway`, `SoakFlapping`, `SoakLasting` or `SoakLate` with what was not healthy and why; `DeadlinePassed` if told to stop.
pub(crate) fn hold(watch: &Watch<'_>, soak: &Soak, attempt: &mut Attempt<'_>) -> Result<(), Fault> {
    let mut judge = Judge::new(soak, attempt.limit.saturating_sub(MARGIN.min(attempt.limit / 10)));
    let mut eye = Eye::new(watch.api, &soak.charts);
    let end = watch.clock.monotonic() + attempt.limit;
    loop {
        let began = watch.clock.monotonic();
        let (mut troubles, pulses) = eye.look();
        let stop = || (attempt.stop)() || watch.clock.monotonic() >= end;
        troubles.extend(soak.probes.iter().filter_map(|probe| red(watch, probe, &stop)));
        if (attempt.stop)() {
            return Err(Fault::new(FaultCode::DeadlinePassed).with("what", "soak").output("told to stop"));
        }
        match judge.take(Round { began, ended: watch.clock.monotonic(), troubles, pulses }) {
            Verdict::Held => return Ok(()),
            Verdict::Failed(failure) => return Err(told(&eye, failure)),
            Verdict::Waiting { healthy_for, of, because } => {
                attempt.progress.advance(healthy_for.as_secs(), of.as_secs());
                attempt.progress.waiting(match because {
                    None => Message::new("wait-soak-healthy"),
                    Some(trouble) => Message::new("wait-soak-ill").with("what", trouble.subject),
                });
            }
        }
        while watch.clock.monotonic() < began + EVERY && !(attempt.stop)() {
            watch.clock.sleep(SLICE);
        }
    }
}

/// A journey that fails twice in a row: one lost request alone is nothing that a user would call broken.
fn red(watch: &Watch<'_>, probe: &Probe, stop: &dyn Fn() -> bool) -> Option<Trouble> {
    let failure = (watch.walk)(probe, stop).or_else(|_| (watch.walk)(probe, stop)).err()?;
    Some(Trouble {
        subject: probe.name.clone(),
        reason: Message::new("soak-probe").with("request", failure.request),
        lasting: false,
        output: failure.cause,
    })
}

/// The fault, with the last words of the container that it is about.
fn told(eye: &Eye<'_>, mut failure: Failure) -> Fault {
    if failure.trouble.output.is_empty() {
        failure.trouble.output = eye.last_words(&failure.trouble.subject).unwrap_or_default();
    }
    failure.fault()
}
