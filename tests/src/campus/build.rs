//! Builds the signed campus releases from this checkout, through the same commands that a publisher types.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use crate::gate::GATE_RUN;
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
    /// Of [`SECOND`]: the release file without what [`FIRST`] holds.
    pub delta: Option<PathBuf>,
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

/// Its agent ends at its start.
pub const BAD_AGENT: &str = "1.2.0-bad.agent";
/// Its agent begins journals in a newer format.
pub const NEXT: &str = "1.2.0-next";

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
    let key = out.join("campus.pub");
    let stamp = Stamp::of_this_run(&out, version);
    let built = campus(&out, version, key.clone(), tool_of(&cache));
    if stamp.is_set() && [&built.run, &built.bundle].into_iter().chain(&built.delta).all(|file| file.is_file()) {
        return Ok(built);
    }
    stamp.clear()?;
    let tool = publisher_tool(root, &cache, &Stamp::of_this_run(&out, "tool"))?;
    let secret = out.join("campus.key");
    if !key.is_file() {
        run(Command::new(&tool).arg("keygen").arg("--output").arg(out.join("campus")))?;
    }
    // What a release extends is locked before it: both have the same of what they share.
    for version in bases(version) {
        run(Command::new(&tool).arg("lock").arg(source(root, version)))?;
    }
    // As publishers do it: the release before is there when a delta is made.
    let since = if version == SECOND { Some(build_release(root, FIRST)?.bundle) } else { None };
    build_into(&source(root, version), &tool, &secret, &out, since.as_deref())?;
    stamp.set()?;
    Ok(built)
}

/// Says that a release was built in this run of the gate: the checkout stays as it is meanwhile, and test programs that
/// follow on one another take what the first of them has built. Outside the gate nothing is ever taken.
struct Stamp {
    path: PathBuf,
    run: Option<String>,
}

impl Stamp {
    fn of_this_run(out: &Path, version: &str) -> Self {
        let run = std::env::var(GATE_RUN).ok().filter(|run| !run.is_empty());
        Self { path: out.join(format!("campus-{version}.built")), run }
    }

    fn is_set(&self) -> bool {
        self.run.is_some() && fs::read_to_string(&self.path).ok() == self.run
    }

    /// Whoever builds anew, in the gate or not, takes the releases from under what others have stamped.
    fn clear(&self) -> io::Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn set(&self) -> io::Result<()> {
        self.run.as_ref().map_or(Ok(()), |run| fs::write(&self.path, run))
    }
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
    build_into(&source(root, FIRST), &first.tool, &first.key.with_extension("key"), out, None)?;
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

fn build_into(source: &Path, tool: &Path, secret: &Path, out: &Path, since: Option<&Path>) -> io::Result<()> {
    let mut command = Command::new(tool);
    command.arg("build").arg(source).arg("--key").arg(secret).arg("--output").arg(out);
    if let Some(since) = since {
        command.arg("--since").arg(since);
    }
    run(&mut command)
}

fn campus(out: &Path, version: &str, key: PathBuf, tool: PathBuf) -> Campus {
    let file = |ending: &str| out.join(format!("campus-{version}-amd64.{ending}"));
    let delta = (version == SECOND).then(|| file("delta.bundle"));
    Campus { run: file("run"), bundle: file("bundle"), delta, key, tool }
}

/// Built once in a run of the gate: the first lock of another checkout throws away what cargo knows of it.
fn publisher_tool(root: &Path, cache: &Path, stamp: &Stamp) -> io::Result<PathBuf> {
    if stamp.is_set() && tool_of(cache).is_file() {
        return Ok(tool_of(cache));
    }
    stamp.clear()?;
    let target = cache.join("cargo-target");
    let words =
        ["build", "--quiet", "--locked", "--profile", "host", "--package", "bridle-bundle", "--features", "assemble"];
    run(Command::new("cargo").args(words).arg("--target-dir").arg(&target).current_dir(root))?;
    stamp.set()?;
    Ok(tool_of(cache))
}

fn tool_of(cache: &Path) -> PathBuf {
    cache.join("cargo-target/host/bridle-bundle")
}

fn run(command: &mut Command) -> io::Result<()> {
    command.stdin(Stdio::null()).env("PATH", crate::gate::path_with_go());
    let status = command.status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("{command:?} ended with {status}"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(out: &Path, run: Option<&str>) -> Stamp {
        Stamp { run: run.map(str::to_owned), ..Stamp::of_this_run(out, FIRST) }
    }

    #[test]
    fn only_the_same_run_of_the_gate_takes_what_was_built() {
        let out = tempfile::tempdir().unwrap();
        let first = stamp(out.path(), Some("a"));
        assert!(!first.is_set());
        first.set().unwrap();
        assert!(first.is_set() && !stamp(out.path(), Some("b")).is_set() && !stamp(out.path(), None).is_set());
        // Somebody builds outside the gate.
        let other = stamp(out.path(), None);
        other.clear().unwrap();
        other.set().unwrap();
        assert!(!first.is_set());
        first.clear().unwrap();
    }
}
