//! A worker without a process: it answers from a script, and looks at the disk at the moment it is asked.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bridle_core::backup::worker::{Outcome, Request};
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::port::BackupWorker;

/// What is done when a request comes, and what is answered.
pub(crate) type Answer = Box<dyn FnOnce(&Request) -> Result<Outcome, Fault> + Send>;

/// The worker.
#[derive(Default)]
pub(crate) struct Script(Mutex<VecDeque<Answer>>);

impl Script {
    /// Adds an answer behind the others.
    pub(crate) fn then(&self, answer: impl FnOnce(&Request) -> Result<Outcome, Fault> + Send + 'static) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(Box::new(answer));
    }

    /// How many answers nobody has asked for.
    pub(crate) fn left(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl BackupWorker for Script {
    fn run(
        &self,
        request: &Request,
        _limit: Duration,
        stop: &dyn Fn() -> bool,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Outcome, Fault> {
        if stop() {
            return Err(Fault::new(FaultCode::WorkerStopped));
        }
        progress(1, 2);
        let answer = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        answer.expect("nothing more was to be asked")(request)
    }
}
