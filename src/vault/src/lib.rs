//! Backups: object stores, repositories in restic's format, archiving, verification, restoring.
//!
//! Everything here is synchronous and has no way to be cancelled from within: a backup runs in a process of its own, which
//! its parent may kill at any moment. What is then left in a repository is unreferenced and harms nobody.

pub mod repository;
pub mod store;
pub mod worker;
