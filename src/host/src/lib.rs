//! One machine: processes, files, units, facts, k3s as files and a service, the journal on disk.
//!
//! The only crate whose code runs programs, reads clocks and writes files outside a directory that it was given.

pub mod backups;
pub mod certificates;
pub mod clock;
pub mod commands;
pub mod configuration;
pub mod cures;
pub mod database;
pub mod facts;
pub mod files;
pub mod incoming;
pub mod journal;
pub mod k3s;
pub mod layout;
pub mod process;
pub mod programs;
pub mod recovery;
pub mod removal;
pub mod repositories;
pub mod restore_point;
pub mod sealed;
pub mod services;
pub mod serving;
pub mod settle;
pub mod spool;
pub mod trial;
pub mod units;
pub mod uploads;
pub mod worker;
pub mod world;
