//! What the decisions need of the world, as traits; the doubles stand in [`sim`].
//!
//! All ports are synchronous: an operation is one thread that does one thing after the other, and every call has a limit.

mod clock;
pub mod fs;
pub mod names;
mod process;
pub mod sim;
mod stream;
mod worker;
mod world;

pub use clock::{Clock, Timestamp};
pub use process::{Command, CommandError, CommandOutput, Process};
pub use stream::{DataStreams, Metered, Proof};
pub use worker::BackupWorker;
pub use world::{
    Attempt, Blobs, Certificates, Cluster, Copies, Exports, Host, KeptSecrets, OpenCopy, Outages, Progress, Quiet,
    SealedSecrets, TlsPair, Vault,
};
