//! The sample release, built from this checkout, and its installation on a test host.

mod build;
mod install;

pub use build::{Campus, build};
pub use install::{HOST, Installation, SITE, site_profile};
