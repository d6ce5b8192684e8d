//! Bringing back what was saved, and looking whether it is that.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use rustic_core::repofile::{Node, NodeType, SnapshotFile};
use rustic_core::{LocalDestination, LsOptions, RestoreOptions, RusticResult};

use super::backend::Backend;
use super::error::RepositoryError;
use super::watch::Watch;
use super::{Repository, SnapshotName, engine};

/// What is restored where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restoring {
    /// The snapshot.
    pub snapshot: SnapshotName,
    /// The folder or file in it.
    pub path: PathBuf,
    /// What it becomes: the contents of a folder come into this folder, a file becomes this file.
    pub target: PathBuf,
    /// Whether what is in the target and not in the snapshot is removed.
    pub exact: bool,
}

/// What the engine wrote.
struct Written {
    /// What should be there now.
    nodes: Vec<(PathBuf, Node)>,
    /// Bytes that were written.
    written: u64,
    /// Bytes that are still not right.
    left: u64,
    /// Whether it is one file, not a folder.
    single: bool,
}

/// What was restored and proven to be what was saved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Restored {
    /// Files.
    pub files: u64,
    /// Bytes in them.
    pub bytes: u64,
    /// Bytes that were written, because they were not there already.
    pub written: u64,
}

impl Repository {
    /// Restores a folder or a file, then reads all of it again.
    ///
    /// # Errors
    /// [`RepositoryError::Unproven`] if anything differs in content, kind, owner, permissions or target of a link.
    pub fn restore(&self, what: &Restoring, watch: &Arc<dyn Watch>) -> Result<Restored, RepositoryError> {
        let backend = Arc::new(Backend::reading(Arc::clone(&self.store)).watched(Arc::clone(watch)));
        let snapshot = self.find(&backend, &what.snapshot)?;
        let Written { nodes, written, left, single } =
            engine("restore from", &backend, || self.write(&backend, &snapshot, what))?;
        backend.unfailed()?;
        if left > 0 {
            return Err(self.unproven(&what.target, &format!("{left} bytes are not as they were saved")));
        }
        let mut restored = Restored { written, ..Restored::default() };
        for (below, node) in &nodes {
            let path = if single { what.target.clone() } else { what.target.join(below) };
            if let Some(why) = difference(&path, node) {
                return Err(self.unproven(&path, &why));
            }
            if node.is_file() {
                restored.files += 1;
                restored.bytes += node.meta.size;
            }
        }
        Ok(restored)
    }

    /// Writes the content of one file of a snapshot, such as a stream, to `to`.
    ///
    /// # Errors
    /// [`RepositoryError`]; part of it may have been written.
    pub fn dump(&self, snapshot: &SnapshotName, path: &Path, to: &mut dyn Write) -> Result<(), RepositoryError> {
        self.dump_over(&Arc::new(Backend::reading(Arc::clone(&self.store))), snapshot, path, to)
    }

    pub(super) fn dump_over(
        &self,
        backend: &Arc<Backend>,
        snapshot: &SnapshotName,
        path: &Path,
        to: &mut dyn Write,
    ) -> Result<(), RepositoryError> {
        let found = self.find(backend, snapshot)?;
        let mut to = to;
        engine("read from", backend, || {
            let opened = self.session(backend)?.to_indexed()?;
            let node = opened.node_from_snapshot_and_path(&found, &path.to_string_lossy())?;
            opened.dump(&node, &mut to)
        })?;
        backend.unfailed()
    }

    fn find(&self, backend: &Arc<Backend>, name: &SnapshotName) -> Result<SnapshotFile, RepositoryError> {
        let found = engine("find a snapshot in", backend, || {
            let found = self.session(backend)?.get_all_snapshots()?;
            Ok(found.into_iter().find(|snapshot| snapshot.id.to_hex().as_str() == name.as_str()))
        })?;
        backend.unfailed()?;
        found.ok_or_else(|| RepositoryError::SnapshotUnknown { place: self.place(), snapshot: name.to_string() })
    }

    fn write(&self, backend: &Arc<Backend>, snapshot: &SnapshotFile, what: &Restoring) -> RusticResult<Written> {
        let opened = self.session(backend)?.to_indexed()?;
        let node = opened.node_from_snapshot_and_path(snapshot, &what.path.to_string_lossy())?;
        let nodes = opened.ls(&node, &LsOptions::default())?;
        let listed = nodes.clone().collect::<RusticResult<Vec<_>>>()?;
        // Only who has the key writes names, but a name that points outside must not be followed whoever wrote it.
        if let Some((path, _)) =
            listed.iter().find(|(path, _)| !path.components().all(|part| matches!(part, Component::Normal(_))))
        {
            let text = format!("`{}` points outside of what is restored", path.display());
            return Err(rustic_core::RusticError::new(rustic_core::ErrorKind::Repository, text));
        }
        let target = LocalDestination::new(&what.target.to_string_lossy(), true, !node.is_dir())?;
        let options = RestoreOptions::default().numeric_id(true).verify_existing(true).delete(what.exact);
        let plan = opened.prepare_restore(&options, nodes.clone(), &target, false)?;
        let size = plan.restore_size;
        opened.restore(plan, &options, nodes.clone(), &target)?;
        // The engine only logs some of its failures: what is there now is compared with what should be, byte by byte.
        let left = opened.prepare_restore(&options, nodes, &target, true)?;
        Ok(Written { nodes: listed, written: size, left: left.restore_size, single: !node.is_dir() })
    }

    fn unproven(&self, path: &Path, why: &str) -> RepositoryError {
        RepositoryError::Unproven { place: self.place(), path: path.display().to_string(), why: why.to_owned() }
    }
}

/// In what the thing at `path` is not what `node` says; its content is compared elsewhere.
fn difference(path: &Path, node: &Node) -> Option<String> {
    let stat = match fs::symlink_metadata(path) {
        Ok(stat) => stat,
        Err(error) => return Some(error.to_string()),
    };
    let kind = stat.file_type();
    let same_kind = match &node.node_type {
        NodeType::File => kind.is_file() && stat.len() == node.meta.size,
        NodeType::Dir => kind.is_dir(),
        NodeType::Symlink { .. } => fs::read_link(path).is_ok_and(|target| target == node.node_type.to_link()),
        NodeType::Dev { device } => kind.is_block_device() && stat.rdev() == *device,
        NodeType::Chardev { device } => kind.is_char_device() && stat.rdev() == *device,
        NodeType::Fifo => kind.is_fifo(),
        NodeType::Socket => return None, // made by whoever listens on it
    };
    if !same_kind {
        return Some("another kind, size or target".to_owned());
    }
    let link = kind.is_symlink();
    let mode = super::source::go_mode(stat.mode());
    if !link && node.meta.mode.is_some_and(|wanted| wanted != mode) {
        return Some("other permissions".to_owned());
    }
    let root = rustix::process::geteuid().is_root();
    let owner = node.meta.uid.is_none_or(|uid| uid == stat.uid()) && node.meta.gid.is_none_or(|gid| gid == stat.gid());
    if root && !owner {
        return Some("another owner".to_owned());
    }
    let written = node.meta.mtime.is_none_or(|time| time.as_second() == stat.mtime());
    (kind.is_file() && !written).then(|| "another time".to_owned())
}
