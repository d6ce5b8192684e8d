//! The sample release, built from this checkout, and its installation on a test host.

mod build;
mod cut;
mod front_door;
mod https;
mod install;
pub mod journal;
pub mod matrix;
mod students;
pub mod template;
mod uninstall;
pub mod upgrade;
pub mod variant;

pub use build::{
    BAD, BAD_AGENT, Campus, FIRST, NEXT, SECOND, build, build_from_lock, build_release, built, built_release, checkout,
};
pub use cut::{goes_on_after_a_cut, picked_by_the_commit};
pub use front_door::FrontDoor;
pub use install::{HOST, Installation, SITE, site_profile};
pub use journal::Journal;
pub use students::{Enrolment, Failure, Pace, Students, Tally, lost, now_millis};
pub use template::Template;
pub use uninstall::{Cut, Data, Uninstallation, removal_goes_on_after_a_cut};
pub use upgrade::{End, Moment, Report, Upgrade, upgraded_with_cuts};
