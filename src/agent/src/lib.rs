//! The daemon: the only place where operations run, and the owner of everything that listens.

mod api;
mod archiver;
mod backup_worker;
mod backups;
mod change;
mod cluster_restore;
mod composition;
mod configuration;
mod installer;
mod observe;
mod operations;
mod recovery;
mod recreate;
mod registry;
mod releases;
mod removal;
mod repositories;
mod store;
mod systemd;
mod trial;
mod upkeep;
mod uploads;

pub use backup_worker::run as run_backup_worker;
/// Small signed releases for the tests of other crates.
#[cfg(feature = "sample")]
pub use bridle_bundle::sample;
pub use composition::{AgentError, AgentOptions, World, run, run_over, run_over_with};
/// A simulated machine whose configuration is real, for the tests of other crates.
#[cfg(feature = "sample")]
pub use configuration::simulated;
pub use observe::{Seen, Sight};
pub use removal::{removal_is_pending, remove_rest, wake};
