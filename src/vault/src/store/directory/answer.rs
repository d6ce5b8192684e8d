//! Calls of a file system that may hang for good: each runs in a thread of its own and is given up at its deadline.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;

use super::files::Files;
use crate::store::{Patience, StoreError, Trouble};

/// As many calls may hang before no further one is begun.
const MOST_HANGING: u32 = 4;

/// Runs calls with a deadline.
#[derive(Debug)]
pub(super) struct Worker {
    patience: Patience,
    hanging: Arc<AtomicU32>,
}

/// Counts a call as hanging from its deadline to its end.
struct Begun(Arc<AtomicU32>);

impl Drop for Begun {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Worker {
    pub(super) fn new(patience: Patience) -> Self {
        Self { patience, hanging: Arc::default() }
    }

    /// What `work` answers, within the deadline for `bytes` and as many tries as one call may take.
    pub(super) fn ask<T: Send + 'static>(
        &self,
        files: &Arc<Files>,
        action: &'static str,
        object: impl ToString,
        bytes: u64,
        work: impl FnOnce(&Files) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let object = object.to_string();
        let silent = |why: &str| StoreError::new(Trouble::Retryable, action, &object, files.location(), why);
        if self.hanging.load(Ordering::SeqCst) >= MOST_HANGING {
            return Err(silent("earlier calls of this file system still hang"));
        }
        let (sender, receiver) = mpsc::sync_channel(1);
        let (theirs, begun) = (Arc::clone(files), Begun(Arc::clone(&self.hanging)));
        self.hanging.fetch_add(1, Ordering::SeqCst);
        let spawned = thread::Builder::new().name("store".to_owned()).spawn(move || {
            let answer = work(&theirs);
            drop(begun);
            let _nobody_waits_any_more = sender.send(answer);
        });
        spawned.map_err(|error| StoreError::new(Trouble::Other, action, &object, files.location(), error))?;
        // Nobody comes back to a file system, so the call has the time of all tries at once.
        let limit = self.patience.deadline(bytes).saturating_mul(self.patience.attempts.max(1));
        match receiver.recv_timeout(limit) {
            Ok(answer) => answer,
            Err(mpsc::RecvTimeoutError::Timeout) => Err(silent("no answer in time")),
            Err(mpsc::RecvTimeoutError::Disconnected) => Err(StoreError::new(
                Trouble::Other,
                action,
                &object,
                files.location(),
                "the call ended without an answer",
            )),
        }
    }
}
