//! The sample release, built from this checkout, and its installation on a test host.

mod build;
mod cut;
mod front_door;
mod install;
mod uninstall;

pub use build::{Campus, build, build_from_lock, built, checkout};
pub use cut::{goes_on_after_a_cut, picked_by_the_commit};
pub use front_door::FrontDoor;
pub use install::{HOST, Installation, SITE, site_profile};
pub use uninstall::{Cut, Data, Uninstallation, removal_goes_on_after_a_cut};
