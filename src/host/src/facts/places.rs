//! The paths that will be written, and the file systems they are on.

use std::path::{Path, PathBuf};

use bridle_core::facts::{DATA, KUBERNETES, PLACES, PlaceFacts};

use super::files::Files;
use super::{mounts, trial};
use crate::layout::Layout;

const MIB: u64 = 1024 * 1024;
/// Places where what is written must survive, so that it is tried.
const TRIED: &[&str] = &[DATA, KUBERNETES];

pub(super) fn all(layout: &Layout, files: &Files<'_>, root: bool) -> Vec<PlaceFacts> {
    // Below another root than `/` (tests), the table is still this machine's.
    let table = files.text("/proc/self/mountinfo");
    let mounts = mounts::read(&table);
    PLACES
        .iter()
        .map(|path| {
            let existing = nearest(&layout.at(path));
            let mount = mounts::of(&mounts, &existing);
            let (total_mib, free_mib, free_inodes) = sizes(&existing);
            let flags = rustix::fs::statvfs(&existing).map(|stat| stat.f_flag);
            let read_only = mount.is_some_and(|mount| mount.read_only)
                || flags.is_ok_and(|flags| flags.contains(rustix::fs::StatVfsMountFlags::RDONLY));
            let tried = root && !read_only && TRIED.contains(path);
            PlaceFacts {
                path: (*path).to_owned(),
                mount: mount.map_or_else(|| "/".to_owned(), |mount| mount.point.clone()),
                device: mount.map_or_else(String::new, |mount| mount.device.clone()),
                kind: mount.map_or_else(String::new, |mount| mount.kind.clone()),
                read_only,
                noexec: mount.is_some_and(|mount| mount.noexec),
                total_mib,
                free_mib,
                free_inodes,
                trial: tried.then(|| trial::of(&existing)).flatten(),
            }
        })
        .collect()
}

/// The path itself or its nearest parent that is there, without links on the way: `/var/lib/rancher` may be one.
pub(super) fn nearest(path: &Path) -> PathBuf {
    let existing = path.ancestors().find_map(|path| std::fs::canonicalize(path).ok());
    existing.unwrap_or_else(|| PathBuf::from("/"))
}

/// Size and free space in MiB, and free inodes where their number is fixed.
pub(super) fn sizes(path: &Path) -> (u64, u64, Option<u64>) {
    match rustix::fs::statvfs(path) {
        Ok(stat) => (
            stat.f_blocks.saturating_mul(stat.f_frsize) / MIB,
            stat.f_bavail.saturating_mul(stat.f_frsize) / MIB,
            (stat.f_files > 0).then_some(stat.f_favail),
        ),
        Err(_) => (0, 0, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_links_to_where_the_files_will_be() {
        let root = tempfile::tempdir().expect("dir");
        let far = root.path().join("far");
        crate::files::make_dirs(&far, 0o755).expect("dir");
        std::os::unix::fs::symlink(&far, root.path().join("near")).expect("link");
        assert_eq!(nearest(&root.path().join("near/not/there")), std::fs::canonicalize(&far).expect("path"));
        assert_eq!(nearest(Path::new("/no/such/path")), Path::new("/"));
    }
}
