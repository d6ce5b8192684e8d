//! The process that works on stores and repositories, as a port.

use std::time::Duration;

use crate::backup::worker::{Outcome, Request};
use crate::fault::Fault;

/// Carries out what a request says, in a process that can be ended at any moment.
pub trait BackupWorker: Send + Sync {
    /// Works until it is done, `limit` has passed or `stop` says so, which is asked several times a second. `progress` gets
    /// bytes done and of all; 0 of all while nobody knows.
    ///
    /// # Errors
    /// The worker's own [`Fault`]; `WorkerLate`, `WorkerStopped` or `WorkerEnded` where it came to no end of its own.
    fn run(
        &self,
        request: &Request,
        limit: Duration,
        stop: &dyn Fn() -> bool,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Outcome, Fault>;
}
