//! The release file and the blob store.
//!
//! A release file is read as a stream and verified before anything in it is used ([`file`]), against the keys that the
//! host trusts ([`trust`]). Its blobs are kept once, by digest, in a [`store`]. The publisher's side is `assemble`.

#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests write plain files"))]

#[cfg(feature = "assemble")]
pub mod assemble;
pub mod comparison;
pub mod file;
#[cfg(any(test, feature = "sample"))]
pub mod sample;
pub mod store;
pub mod trust;
