//! The publisher's side: from a release source to a signed release file.
//!
//! `source` is what people write, `recipe` makes layers and programs from it, `lock` and `build` put a release
//! together. Results are kept in a cache outside the checkout, by the content of what they are made from.

mod bill;
mod build;
mod cache;
mod chart;
pub mod command;
mod error;
mod image;
mod keys;
mod layer;
mod notices;
mod packages;
mod parallel;
mod progress;
mod publish;
mod recipe;
mod registry;
mod sbom;
pub mod source;
pub mod succession;
mod survey;
mod tool;
mod unpacked;

pub use build::{Assembled, Pins, assemble};
pub use cache::Cache;
pub use error::AssembleError;
pub use progress::Progress;
pub use publish::{Published, publish};
pub use registry::{Access, RegistryError};
