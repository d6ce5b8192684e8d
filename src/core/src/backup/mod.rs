//! Backups as decisions: what a set is, what is kept, what may be pruned, who may write, what can be restored.
//!
//! Nothing here reads a repository: listings, objects and clocks come in as values (`docs/decisions/0033` to `0035`).

pub mod base32;
pub mod catalogue;
pub mod id;
pub mod key;
pub mod record;
pub mod set;
pub mod verification;
pub mod wal;
