//! User journeys over HTTP through the front door: what "works" means for a release.

mod front_door;
mod journey;
mod template;

#[cfg(test)]
mod tests;

use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::port::{Attempt, Clock};
use bridle_core::release::Probe;
use bridle_core::step::Standing;
use tokio::runtime::Handle;

use crate::patience::Patience;
pub use front_door::{Answer, FrontDoor, RequestError};
pub use journey::{Failure, walk};

/// Walks each journey once.
pub(crate) fn stand(runtime: &Handle, door: &FrontDoor, probes: &[Probe]) -> Standing {
    for probe in probes {
        if let Err(failure) = walk(runtime, door, probe, &|| false) {
            return Standing::Missing(red(probe, &failure));
        }
    }
    Standing::Done
}

/// Walks the journeys until each was green once.
///
/// # Errors
/// `ProbeFailed` with what was seen last, once the limit has passed.
pub(crate) fn apply(
    runtime: &Handle,
    clock: &dyn Clock,
    door: &FrontDoor,
    probes: &[Probe],
    attempt: &mut Attempt<'_>,
) -> Result<(), Fault> {
    let patience = Patience::new(clock, attempt.limit);
    for (done, probe) in probes.iter().enumerate() {
        attempt.progress.advance(done as u64, probes.len() as u64);
        loop {
            attempt.progress.waiting(Message::new("wait-probe").with("probe", probe.name.as_str()));
            let stop = || (attempt.stop)() || patience.left().is_zero();
            let Err(failure) = walk(runtime, door, probe, &stop) else { break };
            attempt.progress.waiting(red(probe, &failure));
            patience.pause(attempt.stop, &probe.name).map_err(|_| {
                Fault::new(FaultCode::ProbeFailed)
                    .with("probe", probe.name.as_str())
                    .with("request", failure.request.as_str())
                    .output(&failure.cause)
            })?;
        }
    }
    Ok(())
}

fn red(probe: &Probe, failure: &Failure) -> Message {
    Message::new("wait-probe-red").with("probe", probe.name.as_str()).with("request", failure.request.as_str())
}
