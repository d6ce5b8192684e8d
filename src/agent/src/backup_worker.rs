//! The worker process: `bridle backup-worker`, started by the agent for one request (decision 0037).

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bridle_core::backup::worker::Line;
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::port::Clock as _;
use bridle_core::port::fs::FileSystem;
use bridle_host::clock::SystemClock;
use bridle_host::services::HostNames;
use bridle_host::worker::child;
use bridle_vault::repository::Watch;
use bridle_vault::worker::{Surroundings, carry_out};

/// It tells how far it is so often.
const TELL: Duration = Duration::from_millis(200);

/// Carries out the one request on standard input and tells about it on standard output; whether that went well.
#[must_use]
pub fn run(fs: Arc<dyn FileSystem>) -> bool {
    let done = child::request().map_err(|error| Fault::new(FaultCode::WorkerEnded).because(&error));
    let done = done.and_then(|request| {
        child::lower(request.memory);
        let around = Surroundings { fs, names: Arc::new(HostNames) };
        let watch: Arc<dyn Watch> = Arc::new(Teller::default());
        carry_out(&request, &around, &watch)
    });
    let went_well = done.is_ok();
    child::tell(&match done {
        Ok(outcome) => Line::Done(outcome),
        Err(fault) => Line::Failed(fault),
    });
    went_well
}

/// Tells the agent how far it is.
#[derive(Default)]
struct Teller {
    done: AtomicU64,
    total: AtomicU64,
    told: Mutex<Duration>,
}

impl Watch for Teller {
    fn passed(&self, bytes: u64) {
        let done = self.done.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let now = SystemClock.monotonic();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_sub(*told) >= TELL {
            *told = now;
            child::tell(&Line::Progress { done, total: self.total.load(Ordering::Relaxed) });
        }
    }

    fn expected(&self, bytes: u64) {
        self.total.store(bytes, Ordering::Relaxed);
    }
}
