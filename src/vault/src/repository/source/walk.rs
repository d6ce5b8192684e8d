//! Goes through a folder in the order that trees of a repository have.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustic_core::repofile::Node;
use rustic_core::{ErrorKind, ReadSourceEntry, RusticError, RusticResult};

use super::node::node_of;
use super::reader::{Opening, Seen};
use super::{Report, Tree};

/// Most names in one folder; more are not to be held in memory.
const MOST_NAMES: usize = 2_000_000;
/// Folders lie at most this deep.
const MOST_DEPTH: usize = 512;

/// The entries of a [`Tree`], a folder before what is in it, names in the order of their bytes.
#[derive(Debug)]
pub(in super::super) struct Walk {
    tree: Tree,
    least: Option<u64>,
    report: Arc<Report>,
    /// The root, until it was looked at.
    root: bool,
    /// Folders that were begun: their path below the root, and the names that are left.
    folders: Vec<(PathBuf, std::vec::IntoIter<OsString>)>,
}

type Entry = ReadSourceEntry<Opening>;

impl Walk {
    pub(super) fn new(tree: &Tree, least: Option<u64>, report: &Arc<Report>) -> Self {
        Self { tree: tree.clone(), least, report: Arc::clone(report), root: true, folders: Vec::new() }
    }

    /// What is at `below` the root; `None` where it is not wanted or was noted.
    fn look(&mut self, below: &Path) -> Option<RusticResult<Entry>> {
        let path = if below.as_os_str().is_empty() { self.tree.root.clone() } else { self.tree.root.join(below) };
        let found = fs::symlink_metadata(&path).and_then(|stat| Ok((node_of(&path, &stat)?, stat)));
        let (node, stat) = match found {
            Ok(found) => found,
            Err(error) => return Some(Err(self.missed(&path, below, &error))),
        };
        if stat.is_dir() {
            match self.names(&path) {
                Ok(names) => self.folders.push((below.to_owned(), names.into_iter())),
                Err(error) => return Some(Err(self.missed(&path, below, &error))),
            }
        }
        if self.least.is_some_and(|least| !stat.is_file() || stat.len() < least) {
            return None;
        }
        let open = stat.is_file().then(|| Opening { path, seen: Seen::of(&stat), report: Arc::clone(&self.report) });
        let path = if below.as_os_str().is_empty() { self.tree.as_path.clone() } else { self.tree.as_path.join(below) };
        let node = self.named(node, below);
        Some(Ok(ReadSourceEntry { path, node, open }))
    }

    /// The root has the name that it has in the snapshot.
    fn named(&self, node: Node, below: &Path) -> Node {
        if below.as_os_str().is_empty() {
            return Node::new_node(self.tree.as_path.file_name().unwrap_or_default(), node.node_type, node.meta);
        }
        node
    }

    fn names(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        if self.folders.len() >= MOST_DEPTH {
            return Err(io::Error::other("folders lie too deep"));
        }
        let mut names = Vec::new();
        for entry in fs::read_dir(folder)? {
            if names.len() >= MOST_NAMES {
                return Err(io::Error::other("too many names in one folder"));
            }
            names.push(entry?.file_name());
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Notes what cannot be looked at; what went away since its folder was listed is a change, not a failure.
    fn missed(&self, path: &Path, below: &Path, error: &io::Error) -> Box<RusticError> {
        if error.kind() == io::ErrorKind::NotFound && !below.as_os_str().is_empty() {
            self.report.changing(path, &"it went away");
        } else {
            self.report.unreadable(path, error);
        }
        RusticError::new(ErrorKind::InputOutput, "cannot be read")
    }
}

impl Iterator for Walk {
    type Item = RusticResult<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        if std::mem::take(&mut self.root)
            && let Some(entry) = self.look(Path::new(""))
        {
            return Some(entry);
        }
        loop {
            let (folder, names) = self.folders.last_mut()?;
            let Some(name) = names.next() else {
                self.folders.pop();
                continue;
            };
            let below = folder.join(name);
            if self.tree.exclude.contains(&below) {
                continue;
            }
            if let Some(entry) = self.look(&below) {
                return Some(entry);
            }
        }
    }
}
