//! The publisher's commands, run as people run them: on small releases, with the stock registry, with failing ones.
#![cfg(feature = "assemble")]
#![allow(clippy::disallowed_methods, reason = "the tests run programs and write plain files")]

mod charts;
mod kit;
mod registry;
mod release;
mod succession;
