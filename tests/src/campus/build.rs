//! Builds the signed campus release from this checkout, through the same commands that a publisher types.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::testhost::cache_folder;

/// Folder of the sample release's source.
const SOURCE: &str = "images/campus";

/// A built and signed release.
#[derive(Debug, Clone)]
pub struct Campus {
    /// The installer with everything inside.
    pub run: PathBuf,
    /// The release file alone.
    pub bundle: PathBuf,
    /// The publisher's public key.
    pub key: PathBuf,
    /// The publisher's tool.
    pub tool: PathBuf,
}

/// Builds the release of the checkout at `root`; what did not change comes from the cache.
///
/// # Errors
/// An [`io::Error`] that names the command that failed; its own words went to standard error.
pub fn build(root: &Path) -> io::Result<Campus> {
    let cache = cache_folder();
    let out = cache.join("campus");
    fs::create_dir_all(&out)?;
    let tool = publisher_tool(root, &cache)?;
    let secret = out.join("campus.key");
    let key = out.join("campus.pub");
    if !key.is_file() {
        run(Command::new(&tool).arg("keygen").arg("--output").arg(out.join("campus")))?;
    }
    run(Command::new(&tool).arg("lock").arg(root.join(SOURCE)))?;
    build_into(root, &tool, &secret, &out)?;
    Ok(campus(&out, key, tool))
}

/// The checkout that the tests were built from.
///
/// # Panics
/// If this crate does not lie in a checkout.
#[must_use]
pub fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the checkout")
}

/// The release of this checkout, built once a test program.
///
/// # Panics
/// If it cannot be built.
pub fn built() -> &'static Campus {
    static CAMPUS: OnceLock<Campus> = OnceLock::new();
    CAMPUS.get_or_init(|| build(checkout()).expect("the campus release builds"))
}

/// Builds the release once more, from the lock that is there, into another folder.
///
/// # Errors
/// An [`io::Error`] that names the command that failed.
pub fn build_from_lock(root: &Path, first: &Campus, out: &Path) -> io::Result<Campus> {
    build_into(root, &first.tool, &first.key.with_extension("key"), out)?;
    Ok(campus(out, first.key.clone(), first.tool.clone()))
}

fn build_into(root: &Path, tool: &Path, secret: &Path, out: &Path) -> io::Result<()> {
    run(Command::new(tool).arg("build").arg(root.join(SOURCE)).arg("--key").arg(secret).arg("--output").arg(out))
}

fn campus(out: &Path, key: PathBuf, tool: PathBuf) -> Campus {
    Campus { run: out.join("campus-1.0.0-amd64.run"), bundle: out.join("campus-1.0.0-amd64.bundle"), key, tool }
}

fn publisher_tool(root: &Path, cache: &Path) -> io::Result<PathBuf> {
    let target = cache.join("cargo-target");
    let words =
        ["build", "--quiet", "--locked", "--profile", "host", "--package", "bridle-bundle", "--features", "assemble"];
    run(Command::new("cargo").args(words).arg("--target-dir").arg(&target).current_dir(root))?;
    Ok(target.join("host/bridle-bundle"))
}

fn run(command: &mut Command) -> io::Result<()> {
    command.stdin(Stdio::null()).env("PATH", crate::gate::path_with_go());
    let status = command.status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("{command:?} ended with {status}"))) }
}
