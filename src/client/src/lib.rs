//! Typed client of the agent's API on its Unix socket, and a read-only view from disk for when the agent is down.
//!
//! Every call has a deadline and a size limit. What the agent sends is parsed into the shapes of `bridle_core`; what goes
//! wrong becomes a [`ClientError`], which turns into a `Fault` for people.

mod api;
mod backups;
mod change;
mod cluster_restore;
mod configuration;
mod connection;
mod error;
mod event_stream;
mod follow;
mod learned;
mod lines;
pub mod offline;
mod recreate;
mod removal;
mod repositories;
#[cfg(feature = "sample")]
pub mod sample;
mod store;
mod upload;
mod uploads;

pub use api::{Client, ClientConfig};
pub use error::ClientError;
pub use event_stream::EventStream;
pub use follow::{Follow, News, Patience};
pub use repositories::RepositoryCheck;
pub use store::CheckStream;
pub use upload::{Pieces, Upload, upload};

/// The wall clock, for "since when" on a screen; nothing is decided by it.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "a face has no other use of a clock, and no port for it")]
pub fn now() -> bridle_core::port::Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    bridle_core::port::Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
