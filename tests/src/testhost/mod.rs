//! Test hosts: clean Debian machines with systemd as process 1, their own disk image, network
//! namespace and control groups, and no way out of their lab.
//!
//! ```no_run
//! use bridle_journeys::testhost::Lab;
//! # fn main() -> Result<(), bridle_journeys::testhost::Error> {
//! let lab = Lab::new("example")?;
//! let mut host = lab.host("h1").disk_gib(12).build()?;
//! host.boot()?;
//! host.write_file("/root/kept", b"on the disk")?;
//! host.run_ok(["sync"])?;
//! host.power_cut()?;
//! host.boot()?;
//! assert_eq!(host.read_file("/root/kept")?, b"on the disk");
//! assert_eq!(lab.outside_attempts()?, []);
//! # Ok(()) }
//! ```
//!
//! Everything a lab makes has a name that starts with the lab's short id (`bl17`), is announced in
//! `/run/bridle-lab` before it is made, and is removed when the lab is dropped. What a killed run
//! left is removed by [`sweep`], which every new lab calls first.
//!
//! Labs of [`Lab::of_equal_addresses`] can run copies of one disk ([`Host::save_disk`], [`HostBuilder::disk_from`]).
//!
//! The clock, the kernel and its global settings are the machine's and shared by all hosts.

mod base_image;
mod boot;
mod capability;
mod control_groups;
mod digest;
mod disk;
mod door;
mod error;
mod files;
mod host;
mod kubernetes;
mod lab;
mod network;
mod process;
pub(crate) mod process_table;
mod questions;
mod registry;
mod removal;
mod wait;

pub use base_image::cache_folder;
pub use capability::{Missing, apt_packages, available, available_memory, is_installed};
pub use digest::{Difference, HostDigest};
pub use disk::{DiskTraffic, DiskUsage};
pub use error::Error;
pub use host::{Host, HostBuilder};
pub(crate) use kubernetes::recipe;
pub use lab::{Lab, MAX_HOSTS, MAX_LABS};
pub use network::OutsideAttempt;
pub use process::{Invocation, Output, Running};
pub use removal::sweep;
pub use rustix::process::Signal;
pub use wait::wait_until;

/// The result of every operation of the kit.
pub type Result<T, E = Error> = std::result::Result<T, E>;
