//! The sample release, built from this checkout, and its installation on a test host.

mod build;
mod front_door;
mod install;

pub use build::{Campus, build};
pub use front_door::FrontDoor;
pub use install::{HOST, Installation, SITE, site_profile};
