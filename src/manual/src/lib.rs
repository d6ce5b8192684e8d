//! The words of a command line: help and usage errors in the reader's language, from the Fluent files of `core`.
//!
//! The tree of commands is clap's; what people read of it are messages named after it (`locales/help-en.ftl`), so a
//! program's help exists in every language, and a test of the program ([`gaps`]) finds what was forgotten.

mod parse;
mod usage;
mod words;

pub use parse::{Stop, parse};
pub use words::{Example, Words, gaps, localised};
