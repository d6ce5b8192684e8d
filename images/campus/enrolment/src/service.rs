//! Start, life and end of the service.

use std::future::IntoFuture as _;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use crate::api::{self, Service};
use crate::arguments::Arguments;
use crate::log;
use crate::pool::Pool;

/// Longest time for requests that are under way when the service stops.
const LAST_REQUESTS: Duration = Duration::from_secs(12);

/// Why the service could not run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServiceError {
    /// The address is taken or not ours.
    #[error("listen on {address}: {cause}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Cause.
        cause: std::io::Error,
    },
    /// No signal can be received.
    #[error("wait for signals: {0}")]
    Signals(std::io::Error),
    /// The listener broke.
    #[error("serve: {0}")]
    Serve(std::io::Error),
}

/// Serves until TERM or INT: says no longer ready, waits for the front door to learn it, ends requests.
///
/// # Errors
/// [`ServiceError`] when it cannot listen. A database that is away is no error.
pub(crate) async fn run(arguments: Arguments) -> Result<(), ServiceError> {
    let address = arguments.listen;
    let mut term = signal(SignalKind::terminate()).map_err(ServiceError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(ServiceError::Signals)?;
    let listener =
        tokio::net::TcpListener::bind(address).await.map_err(|cause| ServiceError::Listen { address, cause })?;
    let address = listener.local_addr().map_err(|cause| ServiceError::Listen { address, cause })?;
    log::line("info", "listening", &[("address", &address.to_string())]);

    let service = Service::new(Pool::new(&arguments));
    #[cfg(feature = "faults")]
    service.readiness.faulty.set(arguments.fault);
    let keeper = {
        let service = service.clone();
        tokio::spawn(async move { service.readiness.keep_schema(&service.pool).await })
    };
    let readiness = std::sync::Arc::clone(&service.readiness);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = axum::serve(listener, api::router(service))
        .with_graceful_shutdown(async move {
            let _ = stopped.await;
        })
        .into_future();
    let mut server = tokio::spawn(server);

    tokio::select! {
        ended = &mut server => return ended.unwrap_or_else(|error| Err(std::io::Error::other(error))).map_err(ServiceError::Serve),
        _ = term.recv() => {}
        _ = interrupt.recv() => {}
    }
    readiness.drain();
    log::line("info", "draining", &[]);
    tokio::time::sleep(arguments.drain()).await;
    let _ = stop.send(());
    if tokio::time::timeout(LAST_REQUESTS, &mut server).await.is_err() {
        log::line("warning", "requests cut off", &[]);
    }
    keeper.abort();
    log::line("info", "stopped", &[]);
    Ok(())
}
