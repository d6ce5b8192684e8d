//! Programs of releases on a host: out of the store into a folder of their own, and the links that say which of them run.

use std::path::{Path, PathBuf};

use bridle_core::digest::Digest;
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::release::{Blob, ReleaseManifest};
use bridle_core::trial::release_of;

use crate::commands::{self, Place};
use crate::files;
use crate::layout::Layout;

/// Largest program that is put in place, in bytes: it is copied through memory.
const LARGEST: u64 = 1024 * 1024 * 1024;
/// The program at the head of a release file: nothing on a host starts it.
const INSTALLER: &str = "installer";
/// What bash reads at the first TAB key behind the command: the words of whichever release is installed then.
const COMPLETION: &[u8] = b"# Made by Bridle; changes are lost.\nsource <(bridle completions bash)\n";

/// Puts the programs of a release into its folder; `find` knows where the blobs of the store are.
///
/// # Errors
/// A [`Fault`] if a blob is absent or altered, or a program cannot be written. May be repeated after any interruption.
pub fn place(
    layout: &Layout,
    release: &ReleaseManifest,
    find: &dyn Fn(&Digest) -> Option<PathBuf>,
) -> Result<(), Fault> {
    let folder = layout.programs_dir(&release.id());
    files::make_dirs(&folder, 0o755)?;
    for (name, blob) in release.programs.iter().filter(|(name, _)| *name != INSTALLER) {
        program(find, blob, &folder.join(name))?;
    }
    Ok(())
}

/// Lets `link` (one of the layout's) lead to the folder of the release `id`.
///
/// # Errors
/// A [`Fault`] if it cannot be made; the link is then the old or the new one.
pub fn point(layout: &Layout, link: &Path, id: &str) -> Result<(), Fault> {
    if !layout.programs_dir(id).is_dir() {
        let path = layout.programs_dir(id).display().to_string();
        return Err(Fault::new(FaultCode::FileUnreadable).with("path", path));
    }
    Ok(files::symlink_atomic(&Path::new("releases").join(id), link)?)
}

/// The release that `link` leads to.
#[must_use]
pub fn pointed(link: &Path) -> Option<String> {
    release_of(&std::fs::read_link(link).ok()?)
}

/// Removes the programs of these releases, but for those that a link leads to.
///
/// # Errors
/// A [`Fault`] if they cannot be removed.
pub fn remove_idle(layout: &Layout, gone: &[String]) -> Result<(), Fault> {
    let links = [layout.current_link(), layout.kubernetes_link(), layout.launcher_link()];
    let used: Vec<String> = links.iter().filter_map(|link| pointed(link)).collect();
    for id in gone.iter().filter(|id| !used.contains(id)) {
        let path = layout.releases_dir().join(id);
        match std::fs::remove_dir_all(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(files::FileError::new("remove", &path)(error).into());
            }
            _ => {}
        }
    }
    Ok(files::sync_dir(&layout.releases_dir())?)
}

/// The release that this very program is of; `None` for one that was not installed by us.
#[must_use]
pub fn running(layout: &Layout) -> Option<String> {
    let program = std::fs::canonicalize("/proc/self/exe").ok()?;
    let releases = layout.releases_dir().canonicalize().ok()?;
    let id = program.strip_prefix(releases).ok()?.iter().next()?;
    id.to_str().map(str::to_owned)
}

/// The command `bridle` on the path, and its words for the TAB key.
///
/// # Errors
/// A [`Fault`] if somebody else's file stands there, or one cannot be written.
pub fn command(layout: &Layout) -> Result<(), Fault> {
    let link = layout.bridle_link();
    if commands::put(layout, &link, &layout.program("bridle"))? != Place::Linked {
        let path = link.display().to_string();
        let detail = Message::new("check-command").with("path", path.as_str()).with("name", "bridle");
        return Err(Fault::new(FaultCode::WriteFailed).with("path", path).detail(detail));
    }
    completion(layout).map_or(Ok(()), |path| put(&path, COMPLETION, 0o644))
}

/// Where the words for the TAB key go; nowhere on a host without bash-completion.
#[must_use]
pub fn completion(layout: &Layout) -> Option<PathBuf> {
    let path = layout.bash_completion();
    path.parent().is_some_and(Path::is_dir).then_some(path)
}

/// Writes a text unless it is there with this content.
///
/// # Errors
/// A [`Fault`] if it cannot be written.
pub fn put(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Fault> {
    let text = std::str::from_utf8(bytes).ok();
    let there = files::read_limited(path, bytes.len() as u64).ok().flatten();
    if text.is_none() || there.as_deref() != text {
        files::write_atomic(path, bytes, mode)?;
    }
    Ok(settle(path)?)
}

/// What is there from an earlier run may have been stopped between its name and the disk.
fn settle(path: &Path) -> Result<(), files::FileError> {
    path.parent().map_or(Ok(()), files::sync_dir)
}

fn program(find: &dyn Fn(&Digest) -> Option<PathBuf>, blob: &Blob, to: &Path) -> Result<(), Fault> {
    let damaged = || Fault::new(FaultCode::StoreDamaged);
    if blob.size > LARGEST {
        return Err(damaged().output(&format!("a program of {} bytes", blob.size)));
    }
    // What is there from an earlier run is kept only if it is the very same, so a torn file cannot stay.
    let same = std::fs::metadata(to).is_ok_and(|there| there.len() == blob.size)
        && std::fs::read(to).is_ok_and(|bytes| Digest::of(&bytes) == blob.digest);
    if same {
        return Ok(settle(to)?);
    }
    let from = find(&blob.digest).ok_or_else(|| damaged().output(&format!("{} is absent", blob.digest)))?;
    let unread = |error: std::io::Error| {
        Fault::new(FaultCode::FileUnreadable).with("path", from.display().to_string()).because(&error)
    };
    let bytes = std::fs::read(&from).map_err(unread)?;
    if Digest::of(&bytes) != blob.digest {
        return Err(damaged().output(&format!("{} is altered", from.display())));
    }
    // The blob itself under a second name: a quarter of a gigabyte less where both lie on one file system.
    if files::link_atomic(&from, to, 0o755)? {
        return Ok(());
    }
    files::write_atomic(to, &bytes, 0o755)?;
    Ok(())
}
