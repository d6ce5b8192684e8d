//! The service as its own process on a real PostgreSQL 15.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, clippy::unwrap_used)]

mod api;
mod lifecycle;
mod postgres;
mod process;
#[cfg(feature = "note")]
mod upgrade;

use std::time::{Duration, Instant};

/// Longest wait for anything in these tests.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// Asks again until the answer is yes; panics after [`LIMIT`].
pub(crate) async fn until<F: AsyncFnMut() -> bool>(what: &str, mut question: F) {
    let began = Instant::now();
    while !question().await {
        assert!(began.elapsed() < LIMIT, "waited {LIMIT:?} in vain: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
