//! Decisions and contracts of Bridle, without any I/O.
//!
//! Facts come in as values, plans go out as values; whoever reads or changes the world lives in another crate.

pub mod backup;
pub mod calendar;
pub mod configuration;
pub mod digest;
pub mod durable;
pub mod engine;
pub mod event;
pub mod explain;
pub mod facts;
pub mod fault;
pub mod journal;
pub mod json;
pub mod message;
pub mod network;
pub mod oci;
pub mod operation;
pub mod outage;
pub mod plan;
pub mod port;
pub mod pull;
pub mod readiness;
pub mod rehearsal;
pub mod release;
pub mod removal;
pub mod run_file;
pub mod sign;
pub mod site;
pub mod soak;
pub mod status;
pub mod step;
pub mod store;
pub mod trial;
pub mod upgrade;
pub mod upload;
pub mod wording;
