//! How full a host's disk gets while something goes on.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{JoinHandle, sleep};
use std::time::Duration;

/// From one look to the next.
const INTERVAL: Duration = Duration::from_millis(50);

/// Looks at a file system until it is asked for the most that was in use.
#[derive(Debug)]
pub struct Sampler {
    stop: Arc<AtomicBool>,
    peak: Arc<AtomicU64>,
    thread: JoinHandle<()>,
}

impl Sampler {
    /// Begins to look at the file system of `path`.
    pub fn start(path: PathBuf) -> Self {
        let (stop, peak) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (asked, most) = (Arc::clone(&stop), Arc::clone(&peak));
        let thread = std::thread::spawn(move || {
            while !asked.load(Ordering::Relaxed) {
                if let Ok(state) = rustix::fs::statvfs(&path) {
                    most.fetch_max((state.f_blocks - state.f_bfree) * state.f_frsize, Ordering::Relaxed);
                }
                sleep(INTERVAL);
            }
        });
        Self { stop, peak, thread }
    }

    /// Ends and gives the most bytes that were in use.
    pub fn stop(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        // It cannot panic; if it did, there is no figure.
        if self.thread.join().is_err() { 0 } else { self.peak.load(Ordering::Relaxed) }
    }
}
