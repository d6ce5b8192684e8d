//! The crash matrix: every operation, stopped at every change that it makes to a disk, by every kind of trouble.
//!
//! The engine, the journal's code and the durable order of writing are the real ones, over [`CrashFs`]. The steps' effects
//! are files of a [`DiskWorld`] on the same disk: some of ours, some that others write and never sync. After the trouble
//! the "agent" starts again, with nothing but what the disk holds, until the operation has ended.
//!
//! An operation is put in with one line of [`operations`].
//!
//! [`CrashFs`]: bridle_core::port::sim::CrashFs
//! [`DiskWorld`]: bridle_core::port::sim::DiskWorld

mod flaw;
mod matrix;
mod operation;
mod play;
mod report;
mod watch;

pub use flaw::Flaw;
pub use matrix::{Case, Cell, Effort, Matrix, Point, run};
pub use operation::{Operation, operations};
pub use play::{End, Expected, Family, Play, Strike, play};
pub use report::table;
