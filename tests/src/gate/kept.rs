//! The result of a long suite, kept for the very content that it was about: the k3s contract takes minutes and changes with
//! the binary and the suite alone. `cargo campaign contract` and `cargo ci --only host_k3s_contract` run it anew.

use super::{Counts, path_with_go};
use crate::testhost;
use bridle_core::port::{Clock as _, Timestamp};
use bridle_host::clock::SystemClock;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The suite whose result is kept.
pub(super) const SUITE: &str = "host_k3s_contract";
/// What its result depends on in the checkout: the stand-in, what the product gives a k3s, the suite, the test hosts.
const CONTENT: [&str; 6] = [
    "images/node",
    "src/host/src/k3s",
    "src/host/src/units.rs",
    "tests/src/contract",
    "tests/src/testhost",
    "tests/tests/host_k3s_contract.rs",
];
/// An older result counts no more: the machine around it changes, too.
const DAYS: u64 = 14;
const DAY_MILLIS: u64 = 86_400_000;
/// More files than this are not the suite's content.
const MOST_FILES: usize = 5000;

/// A result that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The commit that was checked out.
    commit: String,
    /// When it ended.
    time: u64,
    /// How many tests passed; none failed and none was skipped.
    pub(super) passed: u64,
    /// How long it took.
    seconds: u64,
}

impl Kept {
    /// What the gate says of it.
    pub(super) fn said(&self) -> String {
        format!(
            "passed for this very content at commit {} on {} in {} s; `cargo campaign contract` runs it anew",
            self.commit,
            Timestamp(self.time).rfc3339(),
            self.seconds
        )
    }
}

/// The result for the content of the checkout at `root` as it is now.
pub(super) fn find(root: &Path) -> Option<Kept> {
    read(&place(&key_of(root)?), SystemClock.now())
}

/// The key of the content, where a result of it may be kept: not of other binaries than the stand-in, which are named by
/// who wants to see them checked now.
#[must_use]
pub fn key_of(root: &Path) -> Option<String> {
    let named = ["K3S", "K3S_OLDER"].iter().any(|name| std::env::var_os(name).is_some());
    if named { None } else { key(root).ok() }
}

/// Keeps a result for the content that had this key before the run and has it still.
///
/// # Errors
/// Those of the file.
pub fn keep(root: &Path, before: &str, counts: Counts, seconds: u64) -> io::Result<()> {
    let whole = counts.passed > 0 && counts.failed == 0 && counts.skipped == 0;
    if !whole || key(root)? != before {
        return Ok(());
    }
    let commit = Command::new("git").args(["rev-parse", "--short=12", "HEAD"]).current_dir(root).output()?;
    let commit = String::from_utf8_lossy(&commit.stdout).trim().to_owned();
    write(&place(before), &Kept { commit, time: SystemClock.now().0, passed: counts.passed, seconds })
}

/// One file, for the newest content: what is kept does not grow.
fn place(key: &str) -> (PathBuf, String) {
    (testhost::cache_folder().join("contract/result.json"), key.to_owned())
}

fn read((path, key): &(PathBuf, String), now: Timestamp) -> Option<Kept> {
    let (found, kept): (String, Kept) = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    let young = now.0 >= kept.time && now.0 - kept.time < DAYS * DAY_MILLIS;
    (found == *key && young && kept.passed > 0).then_some(kept)
}

fn write((path, key): &(PathBuf, String), kept: &Kept) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let partial = path.with_extension("partial");
    let mut file = File::create(&partial)?;
    file.write_all(&serde_json::to_vec(&(key, kept))?)?;
    file.sync_all()?;
    fs::rename(&partial, path)
}

/// The digest of everything that the suite's result depends on.
fn key(root: &Path) -> io::Result<String> {
    let mut hash = Sha256::new();
    hash.update(testhost::recipe().as_bytes());
    hash.update(fs::read("/proc/sys/kernel/osrelease")?);
    let go = Command::new("go").arg("version").env("PATH", path_with_go()).output();
    hash.update(go.map(|output| output.stdout).unwrap_or_default());
    let mut files = Vec::new();
    for name in CONTENT {
        collect(&root.join(name), &mut files)?;
    }
    files.sort();
    for path in files {
        let below = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
        let size = fs::metadata(&path)?.len();
        hash.update(format!("\n{below} {size}\n").as_bytes());
        let mut file = File::open(&path)?;
        let mut chunk = vec![0; 1 << 16];
        while let count @ 1.. = file.read(&mut chunk)? {
            hash.update(&chunk[..count]);
        }
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if files.len() > MOST_FILES {
        return Err(io::Error::other(format!("more than {MOST_FILES} files")));
    }
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        collect(&entry?.path(), files)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkout() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for name in CONTENT {
            let file = if name.ends_with(".rs") { name.to_owned() } else { format!("{name}/deep/file") };
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, name).unwrap();
        }
        root
    }

    #[test]
    fn any_change_of_the_content_is_another_key() {
        let root = checkout();
        let first = key(root.path()).unwrap();
        assert_eq!(first, key(root.path()).unwrap());
        for name in CONTENT {
            let file = if name.ends_with(".rs") { name.to_owned() } else { format!("{name}/deep/file") };
            let path = root.path().join(file);
            fs::write(&path, "changed").unwrap();
            assert_ne!(first, key(root.path()).unwrap(), "{name}");
            fs::write(&path, name).unwrap();
        }
        fs::rename(root.path().join("images/node/deep/file"), root.path().join("images/node/deep/other")).unwrap();
        assert_ne!(first, key(root.path()).unwrap(), "a file has another name");
        fs::write(root.path().join("elsewhere"), "x").unwrap();
        fs::rename(root.path().join("images/node/deep/other"), root.path().join("images/node/deep/file")).unwrap();
        assert_eq!(first, key(root.path()).unwrap());
    }

    #[test]
    fn a_result_holds_for_its_own_content_and_for_two_weeks() {
        let folder = tempfile::tempdir().unwrap();
        let place = |key: &str| (folder.path().join("x/result.json"), key.to_owned());
        let kept = Kept { commit: "abc".to_owned(), time: 5 * DAY_MILLIS, passed: 1, seconds: 210 };
        write(&place("a"), &kept).unwrap();
        assert_eq!(read(&place("a"), Timestamp(6 * DAY_MILLIS)), Some(kept.clone()));
        assert_eq!(read(&place("b"), Timestamp(6 * DAY_MILLIS)), None);
        assert_eq!(read(&place("a"), Timestamp(19 * DAY_MILLIS)), None, "too old");
        assert_eq!(read(&place("a"), Timestamp(4 * DAY_MILLIS)), None, "from the future");
        assert!(kept.said().contains("commit abc on 1970-01-06") && kept.said().contains("210 s"), "{}", kept.said());
    }

    #[test]
    fn the_content_of_this_checkout_is_there() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        assert!(key(root).is_ok());
    }
}
