//! Our commands on the path: links to the programs in use. A file of the same name that somebody else put
//! there is never replaced and never removed.

use std::path::{Path, PathBuf};

use bridle_core::facts::{BRIDLE, COMMANDS};

use crate::files::{self, FileError};
use crate::layout::Layout;

/// Where programs of ours lie: a link into it is ours, of whichever release it was.
const PROGRAMS: &str = "/opt/bridle";

/// What stands at the place of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Nothing.
    Free,
    /// The link that is wanted.
    Linked,
    /// Another link of ours.
    Other,
    /// A file or link of somebody else.
    Taken,
}

/// Commands for experts, which come and go with Kubernetes: their paths with the programs that they lead to.
pub fn of_kubernetes(layout: &Layout) -> impl Iterator<Item = (PathBuf, PathBuf)> {
    let commands = COMMANDS.iter().filter(|(path, _)| *path != BRIDLE);
    commands.map(|(path, program)| (layout.at(path), layout.command(program)))
}

/// Paths where somebody else's file stands, as the host knows them.
#[must_use]
pub fn taken(layout: &Layout) -> Vec<String> {
    let commands = COMMANDS
        .iter()
        .filter(|(path, program)| place(layout, &layout.at(path), &layout.command(program)) == Place::Taken);
    commands.map(|(path, _)| (*path).to_owned()).collect()
}

/// What stands at `link`, which should lead to `target`.
#[must_use]
pub fn place(layout: &Layout, link: &Path, target: &Path) -> Place {
    match std::fs::read_link(link) {
        Ok(found) if found == target => Place::Linked,
        Ok(found) if found.starts_with(layout.at(PROGRAMS)) => Place::Other,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Place::Free,
        _ => Place::Taken,
    }
}

/// Puts the link there, or leaves what is somebody else's; says which of both.
///
/// # Errors
/// [`FileError`] if it cannot be made or brought to disk.
pub fn put(layout: &Layout, link: &Path, target: &Path) -> Result<Place, FileError> {
    let folder = link.parent().unwrap_or(Path::new("/"));
    files::make_dirs(folder, 0o755)?;
    match place(layout, link, target) {
        // Made under its own name: whatever came there meanwhile makes it fail instead of being replaced.
        Place::Free => match std::os::unix::fs::symlink(target, link) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => return Ok(place(layout, link, target)),
            made => made.map_err(FileError::new("link", link))?,
        },
        Place::Other => files::symlink_atomic(target, link)?,
        Place::Linked => {}
        Place::Taken => return Ok(Place::Taken),
    }
    files::sync_dir(folder)?; // also of one that an interrupted call made
    Ok(Place::Linked)
}

/// Whether a link of ours is at `link`, wherever below our programs it leads.
#[must_use]
pub fn is_ours(layout: &Layout, link: &Path) -> bool {
    std::fs::read_link(link).is_ok_and(|found| found.starts_with(layout.at(PROGRAMS)))
}

/// Whether `path` is one of our commands' and somebody else's file stands there.
#[must_use]
pub fn is_taken(layout: &Layout, path: &Path) -> bool {
    let command = COMMANDS.iter().any(|(command, _)| layout.at(command) == path);
    command && path.symlink_metadata().is_ok() && !is_ours(layout, path)
}

/// Removes our link; somebody else's file stays.
///
/// # Errors
/// [`FileError`] if it cannot be removed, or that not be brought to disk.
pub fn remove(layout: &Layout, link: &Path) -> Result<(), FileError> {
    if is_taken(layout, link) { Ok(()) } else { files::remove_if_there(link) }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn nothing_of_somebody_else_is_replaced() {
        let root = tempfile::tempdir().expect("dir");
        let layout = Layout::under(root.path());
        let folder = layout.local_bin();
        files::make_dirs(&folder, 0o755).expect("folder");
        let target = layout.k3s();
        // A file, a link to somewhere else, a link that leads nowhere, a folder.
        files::write_atomic(&folder.join("file"), b"mine", 0o755).expect("file");
        symlink("file", folder.join("link")).expect("link");
        symlink("/opt/bridle-old/kubectl", folder.join("nowhere")).expect("link");
        files::make_dirs(&folder.join("folder"), 0o755).expect("folder");
        for name in ["file", "link", "nowhere", "folder"] {
            let link = folder.join(name);
            let before = (std::fs::read_link(&link).ok(), std::fs::read(&link).ok());
            assert_eq!(put(&layout, &link, &target).expect("put"), Place::Taken, "{name}");
            assert_eq!((std::fs::read_link(&link).ok(), std::fs::read(&link).ok()), before, "{name}");
            assert!(!is_ours(&layout, &link), "{name}");
        }
        // Nothing, and a link of ours to another release.
        symlink(layout.programs_dir("campus-0.9.0").join("k3s"), folder.join("other")).expect("link");
        for name in ["free", "other", "other"] {
            let link = folder.join(name);
            assert_eq!(put(&layout, &link, &target).expect("put"), Place::Linked);
            assert_eq!(std::fs::read_link(&link).expect("link"), target);
            assert!(is_ours(&layout, &link));
        }
    }

    #[test]
    fn what_is_taken_is_named_as_the_host_knows_it() {
        let root = tempfile::tempdir().expect("dir");
        let layout = Layout::under(root.path());
        assert!(taken(&layout).is_empty());
        for (link, target) in of_kubernetes(&layout) {
            put(&layout, &link, &target).expect("put");
        }
        assert!(taken(&layout).is_empty());
        let kubectl = layout.local_bin().join("kubectl");
        files::write_atomic(&kubectl, b"mine", 0o755).expect("file");
        assert_eq!(taken(&layout), ["/usr/local/bin/kubectl"]);
        for (link, _) in of_kubernetes(&layout) {
            remove(&layout, &link).expect("remove");
            assert_eq!(link.symlink_metadata().is_ok(), link == kubectl);
        }
    }
}
