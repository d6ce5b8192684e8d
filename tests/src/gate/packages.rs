//! What a Debian-like machine must have for the gate and for `cargo demo`, beside Rust and Go.

use crate::testhost;
use std::io;
use std::process::{Command, Stdio};

/// The Debian packages, each with what needs it. Test hosts add theirs
/// ([`testhost::apt_packages`]).
pub const PACKAGES: [(&str, &str); 18] = [
    ("ca-certificates", "package registries over TLS"),
    ("curl", "the suite for k3s asks pods and the API server; the demo names it"),
    ("docker-registry", "the suite for k3s pulls from the stock registry"),
    ("g++", "fuzzing: libFuzzer is C++"),
    ("gcc", "linking; runc is built with cgo"),
    ("git", "a fresh clone of this repository"),
    ("groff-base", "manual pages are checked by the stock formatter"),
    ("libc6-dev", "static executables"),
    ("libseccomp-dev", "runc"),
    ("minisign", "release signatures are checked by the stock tool"),
    ("pkg-config", "finding libseccomp"),
    ("postgresql-15", "the enrolment service is tested against the real database"),
    ("procps", "process tools in journeys"),
    ("python3", "packages from PyPI in images"),
    ("python3-pip", "packages from PyPI in images"),
    ("restic", "repositories of backups are read and written by the stock tool"),
    ("skopeo", "release files are read by the stock tool"),
    ("zstd", "the payload of the k3s stand-in; images with such layers"),
];

/// The packages that this machine lacks, sorted; all of them where there is no `dpkg`.
pub fn missing() -> Vec<&'static str> {
    let mut all: Vec<_> = PACKAGES.iter().map(|(package, _)| *package).collect();
    all.extend(testhost::apt_packages());
    all.sort_unstable();
    all.dedup();
    all.retain(|package| !has(package));
    all
}

/// Installs packages with `apt-get`, saying so. Needs root.
pub fn install_missing(packages: &[&str]) -> io::Result<()> {
    println!("installing with apt-get: {}", packages.join(" "));
    apt(&["update", "--quiet"])?;
    let options = ["install", "--quiet", "--yes", "--no-install-recommends"];
    if apt(&[&options, packages].concat()).is_ok() {
        return Ok(());
    }
    // One that this distribution does not have must not keep the others away.
    let alone = |package: &&str| apt(&[&options[..], &[*package]].concat()).is_err();
    match packages.iter().copied().filter(alone).collect::<Vec<_>>() {
        refused if refused.is_empty() => Ok(()),
        refused => Err(io::Error::other(format!("apt-get does not install {}", refused.join(" ")))),
    }
}

fn apt(arguments: &[&str]) -> io::Result<()> {
    let status = Command::new("apt-get")
        .args(["-o", "Acquire::Retries=3", "-o", "DPkg::Lock::Timeout=300"])
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .status()?;
    if status.success() {
        return Ok(());
    }
    Err(io::Error::other(format!("apt-get {} ended with {status}", arguments[0])))
}

fn has(package: &str) -> bool {
    let asked = Command::new("dpkg-query")
        .args(["--show", "--showformat=${db:Status-Status}", package])
        .stderr(Stdio::null())
        .output();
    asked.is_ok_and(|answer| answer.stdout == b"installed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_has_reasons() {
        assert!(PACKAGES.is_sorted());
        assert!(PACKAGES.iter().all(|(_, reason)| !reason.is_empty()));
    }
}
