//! Builds the signed campus releases from this checkout, through the same commands that a publisher types.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

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

/// Version of the first release, which the checkout's folder itself is.
pub const FIRST: &str = "1.0.0";
/// Version of the release after it: another Kubernetes minor, another enrolment service, a renamed value.
pub const SECOND: &str = "1.1.0";
/// Versions that must not stay, each with another thing wrong, in the order of their sequence numbers.
pub const BAD: [&str; 5] =
    ["1.2.0-bad.crash", "1.2.0-bad.flap", "1.2.0-bad.migration", "1.2.0-bad.budget", "1.2.0-bad.schema"];

/// Builds the first release of the checkout at `root`; what did not change comes from the cache.
///
/// # Errors
/// An [`io::Error`] that names the command that failed; its own words went to standard error.
pub fn build(root: &Path) -> io::Result<Campus> {
    build_release(root, FIRST)
}

/// Builds a release of the checkout at `root`: [`FIRST`], [`SECOND`] or one of [`BAD`].
///
/// # Errors
/// As [`build`]; also for a version that the checkout does not have.
pub fn build_release(root: &Path, version: &str) -> io::Result<Campus> {
    let cache = cache_folder();
    let out = cache.join("campus");
    fs::create_dir_all(&out)?;
    let tool = publisher_tool(root, &cache)?;
    let secret = out.join("campus.key");
    let key = out.join("campus.pub");
    if !key.is_file() {
        run(Command::new(&tool).arg("keygen").arg("--output").arg(out.join("campus")))?;
    }
    // What a release extends is locked before it: both have the same of what they share.
    for version in bases(version) {
        run(Command::new(&tool).arg("lock").arg(source(root, version)))?;
    }
    build_into(&source(root, version), &tool, &secret, &out)?;
    Ok(campus(&out, version, key, tool))
}

/// The checkout that the tests were built from.
///
/// # Panics
/// If this crate does not lie in a checkout.
#[must_use]
pub fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the checkout")
}

/// The first release of this checkout, built once a test program.
///
/// # Panics
/// If it cannot be built.
pub fn built() -> &'static Campus {
    built_release(FIRST)
}

/// A release of this checkout, built once a test program.
///
/// # Panics
/// If it cannot be built.
pub fn built_release(version: &str) -> &'static Campus {
    static RELEASES: Mutex<BTreeMap<String, &'static Campus>> = Mutex::new(BTreeMap::new());
    let mut releases = RELEASES.lock().expect("no build panicked");
    releases.entry(version.to_owned()).or_insert_with(|| {
        let made = build_release(checkout(), version);
        Box::leak(Box::new(made.unwrap_or_else(|error| panic!("campus {version} builds: {error}"))))
    })
}

/// Builds the first release once more, from the lock that is there, into another folder.
///
/// # Errors
/// An [`io::Error`] that names the command that failed.
pub fn build_from_lock(root: &Path, first: &Campus, out: &Path) -> io::Result<Campus> {
    build_into(&source(root, FIRST), &first.tool, &first.key.with_extension("key"), out)?;
    Ok(campus(out, FIRST, first.key.clone(), first.tool.clone()))
}

/// The release with all that it extends, lowest first.
fn bases(version: &str) -> Vec<&str> {
    match version {
        FIRST => vec![FIRST],
        SECOND => vec![FIRST, SECOND],
        later => vec![FIRST, SECOND, later],
    }
}

fn source(root: &Path, version: &str) -> PathBuf {
    let folder = root.join(SOURCE);
    if version == FIRST { folder } else { folder.join("releases").join(version) }
}

fn build_into(source: &Path, tool: &Path, secret: &Path, out: &Path) -> io::Result<()> {
    run(Command::new(tool).arg("build").arg(source).arg("--key").arg(secret).arg("--output").arg(out))
}

fn campus(out: &Path, version: &str, key: PathBuf, tool: PathBuf) -> Campus {
    let file = |ending: &str| out.join(format!("campus-{version}-amd64.{ending}"));
    Campus { run: file("run"), bundle: file("bundle"), key, tool }
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
