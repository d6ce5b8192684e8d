//! Backups as decisions: what a set is, what is kept, what may be pruned, who may write, what can be restored.
//!
//! Nothing here reads a repository: listings, objects and clocks come in as values (`docs/decisions/0033` to `0035`).

pub mod base32;
pub mod catalogue;
pub mod gate;
pub mod id;
pub mod key;
pub mod lease;
pub mod outline;
pub mod plan;
pub mod record;
pub mod recovery;
pub mod recovery_code;
pub mod repository;
pub mod retention;
pub mod schedule;
pub mod set;
pub mod verification;
pub mod wal;
pub mod worker;
pub mod wrapped_key;
pub mod zone;

/// A moment for people: `2026-11-23 04:43 UTC`.
fn moment_text(time: crate::port::Timestamp) -> String {
    let text = time.rfc3339();
    format!("{} {} UTC", &text[..10], &text[11..16])
}
