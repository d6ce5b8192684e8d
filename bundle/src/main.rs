//! `bridle-bundle`: makes, inspects and compares release files.

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

use bridle_bundle::assemble::command::Options;
use clap::Parser as _;

fn main() -> ExitCode {
    Options::parse().run(&cache())
}

/// `$BRIDLE_CACHE`, or `bridle` in the user's cache directory.
fn cache() -> PathBuf {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = || set("HOME").unwrap_or_else(|| PathBuf::from("/")).join(".cache");
    set("BRIDLE_CACHE").unwrap_or_else(|| set("XDG_CACHE_HOME").unwrap_or_else(home).join("bridle"))
}
