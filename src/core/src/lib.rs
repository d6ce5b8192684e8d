//! Decisions and contracts of Bridle, without any I/O.
//!
//! Facts come in as values, plans go out as values; whoever reads or changes the world lives in another crate.

pub mod digest;
pub mod oci;
pub mod release;
pub mod site;
