//! Which release decides what an image reference means, and images that containerd knows by another meaning.

use std::collections::BTreeMap;
use std::time::Duration;

use bridle_core::digest::Digest;
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::port::{Command, Process};
use bridle_core::step::Standing;
use serde::{Deserialize, Serialize};

use crate::files;
use crate::layout::Layout;

/// Version of the format that this code writes.
const FORMAT: u32 = 1;
/// Largest file that is read, in bytes.
const LARGEST: u64 = 16 * 1024;
/// Most that is read of containerd's list, in bytes.
const LONGEST_LIST: usize = 16 * 1024 * 1024;
/// References that one command names.
const AT_ONCE: usize = 100;

/// What is served (`docs/FORMATS.md`).
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Serving {
    format: u32,
    release: String,
}

/// The release whose references go before those of others; `None` where the newest one's do.
///
/// # Errors
/// A [`Fault`] if the file cannot be read.
pub fn read(layout: &Layout) -> Result<Option<String>, Fault> {
    let Some(text) = files::read_limited(&layout.serving_file(), LARGEST)? else { return Ok(None) };
    let serving = serde_json::from_str(&text).ok().filter(|serving: &Serving| serving.format == FORMAT);
    let path = || layout.serving_file().display().to_string();
    let serving = serving.ok_or_else(|| Fault::new(FaultCode::FileUnreadable).with("path", path()))?;
    Ok(Some(serving.release))
}

/// Keeps that this release decides.
///
/// # Errors
/// A [`Fault`] if it cannot be written.
pub fn write(layout: &Layout, release: &str) -> Result<(), Fault> {
    let serving = Serving { format: FORMAT, release: release.to_owned() };
    let text = serde_json::to_string_pretty(&serving).expect("a number and a string");
    Ok(files::write_atomic(&layout.serving_file(), text.as_bytes(), 0o644)?)
}

/// Whether `release` decides, and containerd knows none of `moved` by another digest than this.
///
/// # Errors
/// A [`Fault`] if the file cannot be read or containerd not be asked.
pub fn standing(
    layout: &Layout,
    process: &dyn Process,
    release: &str,
    moved: &BTreeMap<&str, Digest>,
) -> Result<Standing, Fault> {
    // A file that cannot be read is one that has to be written.
    if read(layout).ok().flatten().as_deref() != Some(release) {
        let path = layout.serving_file().display().to_string();
        return Ok(Standing::Missing(Message::new("missing-serving").with("path", path)));
    }
    match stale(layout, process, moved)?.first() {
        None => Ok(Standing::Done),
        Some(image) => Ok(Standing::Missing(Message::new("missing-image-forgotten").with("image", image.as_str()))),
    }
}

/// Makes containerd forget those of `moved` that it knows by another digest: whoever needs one asks the registry again.
/// Containers that run go on.
///
/// # Errors
/// A [`Fault`] if containerd does not do so.
pub fn forget(layout: &Layout, process: &dyn Process, moved: &BTreeMap<&str, Digest>) -> Result<(), Fault> {
    for images in stale(layout, process, moved)?.chunks(AT_ONCE) {
        let words = ["rm".to_owned()];
        containerd(layout, process, words.iter().chain(images).map(String::as_str))?;
    }
    Ok(())
}

fn stale(layout: &Layout, process: &dyn Process, moved: &BTreeMap<&str, Digest>) -> Result<Vec<String>, Fault> {
    if moved.is_empty() {
        return Ok(Vec::new());
    }
    let listed = containerd(layout, process, ["ls"].into_iter())?;
    let other = |line: &str| {
        let mut words = line.split_whitespace();
        let (reference, digest) = (words.next()?, words.nth(1)?);
        let wanted = moved.get(reference)?;
        (digest != wanted.to_string()).then(|| reference.to_owned())
    };
    // Columns: REF TYPE DIGEST SIZE PLATFORMS LABELS; the first line names them.
    Ok(listed.lines().filter_map(other).collect())
}

fn containerd<'a>(
    layout: &Layout,
    process: &dyn Process,
    words: impl Iterator<Item = &'a str>,
) -> Result<String, Fault> {
    let mut command = Command::new(layout.k3s())
        .args(["ctr", "--namespace", "k8s.io", "images"])
        .args(words)
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .limit(Duration::from_secs(120));
    command.keep_output = LONGEST_LIST;
    let failed = || Fault::new(FaultCode::ProgramFailed).with("program", "k3s ctr images");
    let output = process.run(&command, &|| false).map_err(|error| failed().because(&error))?;
    if output.ok() { Ok(output.stdout_text()) } else { Err(failed().output(&output.complaint())) }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use bridle_core::port::{CommandError, CommandOutput};

    use super::*;

    /// containerd with these images, as `ctr` tells of them.
    struct Containerd(Mutex<BTreeMap<String, String>>);

    impl Process for Containerd {
        fn run(&self, command: &Command, _stop: &dyn Fn() -> bool) -> Result<CommandOutput, CommandError> {
            let mut images = self.0.lock().expect("lock");
            let words: Vec<&str> = command.args.iter().map(String::as_str).collect();
            assert_eq!(words[..4], ["ctr", "--namespace", "k8s.io", "images"]);
            let mut stdout = String::new();
            match words[4] {
                "ls" => {
                    stdout.push_str("REF TYPE DIGEST SIZE PLATFORMS LABELS\n");
                    for (reference, digest) in &*images {
                        stdout.push_str(&format!("{reference} application/x {digest} 1.2 MiB linux/amd64 -\n"));
                    }
                }
                "rm" => images.retain(|reference, _| !words[5..].contains(&reference.as_str())),
                other => panic!("{other}"),
            }
            Ok(CommandOutput { code: 0, stdout: stdout.into_bytes(), stderr: Vec::new() })
        }
    }

    #[test]
    fn only_what_means_something_else_is_forgotten() {
        let dir = tempfile::tempdir().expect("dir");
        let layout = Layout::under(dir.path());
        files::make_dirs(&layout.data_dir(), 0o755).expect("folder");
        let (old, new) = (Digest::of(b"old"), Digest::of(b"new"));
        let images = [("x/moved:1", &old), ("x/pulled:1", &new), ("x/other:1", &old)];
        let images = images.map(|(reference, digest)| (reference.to_owned(), digest.to_string()));
        let containerd = Containerd(Mutex::new(images.into()));
        let moved = BTreeMap::from([("x/moved:1", new), ("x/pulled:1", new), ("x/absent:1", new)]);
        let standing = || standing(&layout, &containerd, "campus-1.1.0", &moved).expect("told");
        assert!(matches!(standing(), Standing::Missing(missing) if missing.code == "missing-serving"));
        write(&layout, "campus-1.1.0").expect("written");
        assert_eq!(read(&layout), Ok(Some("campus-1.1.0".to_owned())));
        assert!(matches!(standing(), Standing::Missing(missing) if missing.code == "missing-image-forgotten"));
        forget(&layout, &containerd, &moved).expect("forgotten");
        assert_eq!(standing(), Standing::Done);
        let left: Vec<String> = containerd.0.lock().expect("lock").keys().cloned().collect();
        assert_eq!(left, ["x/other:1", "x/pulled:1"]);
    }

    #[test]
    fn the_first_format_still_parses() {
        let dir = tempfile::tempdir().expect("dir");
        let layout = Layout::under(dir.path());
        assert_eq!(read(&layout), Ok(None));
        files::make_dirs(&layout.data_dir(), 0o755).expect("folder");
        let fixture = include_bytes!("../tests/fixtures/serving-v1.json");
        files::write_atomic(&layout.serving_file(), fixture, 0o644).expect("file");
        assert_eq!(read(&layout), Ok(Some("campus-1.1.0".to_owned())));
        files::write_atomic(&layout.serving_file(), b"{\"format\":2}", 0o644).expect("file");
        assert_eq!(read(&layout).expect_err("refused").code, FaultCode::FileUnreadable);
        assert_eq!(
            standing(&layout, &Containerd(Mutex::default()), "x-1", &BTreeMap::new())
                .map(|told| told == Standing::Done),
            Ok(false)
        );
    }
}
