//! The installer as it stands at the head of a `.run` file, built from this checkout.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::testhost::cache_folder;

const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Builds it and gives its bytes; what did not change comes from the cache. Whatever is built there later is of no account.
///
/// # Errors
/// An [`io::Error`] if cargo fails; its own words went to standard error.
pub fn build(root: &Path) -> io::Result<Vec<u8>> {
    let target = cache_folder().join("cargo-target");
    // As the recipe of the publisher's tool does it, so that both find what the other has built.
    let flags = [
        "-C target-feature=+crt-static".to_owned(),
        format!("--remap-path-prefix={}=/cargo", cargo_home().display()),
        format!("--remap-path-prefix={}=/target", target.display()),
    ];
    let words =
        ["build", "--quiet", "--locked", "--profile", "host", "--target", TARGET, "--package", "bridle-installer"];
    let mut command = Command::new("cargo");
    command.args(words).arg("--target-dir").arg(&target).env("RUSTFLAGS", flags.join(" "));
    let status = command.current_dir(root).stdin(Stdio::null()).status()?;
    if !status.success() {
        return Err(io::Error::other(format!("{command:?} ended with {status}")));
    }
    fs::read(target.join(TARGET).join("host/bridle-installer"))
}

fn cargo_home() -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_else(|| "/root".into())).join(".cargo");
    std::env::var_os("CARGO_HOME").map_or_else(home, PathBuf::from)
}
