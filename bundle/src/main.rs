//! `bridle-bundle`: makes, inspects and compares release files.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use bridle_bundle::assemble::command::{Options, Surroundings};
use clap::Parser as _;

fn main() -> ExitCode {
    Options::parse().run(&Surroundings {
        cache: cache(),
        credentials: credentials(),
        no_proxy: set("NO_PROXY").or_else(|| set("no_proxy")).and_then(|text| text.into_string().ok()),
    })
}

/// `$BRIDLE_CACHE`, or `bridle` in the user's cache directory.
fn cache() -> PathBuf {
    let own = || set("XDG_CACHE_HOME").map_or_else(|| home().join(".cache"), PathBuf::from).join("bridle");
    set("BRIDLE_CACHE").map_or_else(own, PathBuf::from)
}

/// `$REGISTRY_AUTH_FILE`, or docker's `config.json` if there is one.
fn credentials() -> Option<PathBuf> {
    let docker = || set("DOCKER_CONFIG").map_or_else(|| home().join(".docker"), PathBuf::from).join("config.json");
    set("REGISTRY_AUTH_FILE").map(PathBuf::from).or_else(|| Some(docker()).filter(|path| path.is_file()))
}

fn home() -> PathBuf {
    set("HOME").map_or_else(|| PathBuf::from("/"), PathBuf::from)
}

fn set(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}
