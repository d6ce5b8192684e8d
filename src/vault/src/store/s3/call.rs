//! One call of a server: as often and as long as patience allows.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::time::{sleep, timeout};

use super::S3;
use super::trouble::Failed;
use crate::store::patience::chance;
use crate::store::{ObjectStore as _, StoreError, Trouble};

impl S3 {
    /// Tries until an answer came that trying again would not change. `attempt` is told whether it is not the first.
    pub(super) fn call<T>(
        &self,
        action: &'static str,
        object: impl ToString,
        bytes: u64,
        attempt: impl AsyncFn(bool) -> Result<T, Failed>,
    ) -> Result<T, StoreError> {
        let patience = self.settings.patience;
        let again = AtomicBool::new(false);
        let tried = async {
            let mut done = 0;
            loop {
                let answer = timeout(patience.deadline(bytes), attempt(again.swap(true, Ordering::Relaxed))).await;
                let failed = match answer {
                    Ok(Ok(answer)) => return Ok(answer),
                    Ok(Err(failed)) => failed,
                    Err(_elapsed) => Failed::new(Trouble::Retryable, "no answer in time"),
                };
                done += 1;
                if failed.trouble != Trouble::Retryable || done >= patience.attempts.max(1) {
                    return Err(failed);
                }
                sleep(patience.pause_after(done, chance())).await;
            }
        };
        let runtime = self.runtime.as_ref().expect("there is a runtime until the store is dropped");
        runtime.block_on(tried).map_err(|failed| {
            StoreError::new(failed.trouble, action, object.to_string(), self.location(), failed.source)
        })
    }
}
