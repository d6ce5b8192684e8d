//! What is saved, as the engine wants to read it; what cannot be read is written down, because the engine passes over it.

mod node;
mod reader;
mod stream;
mod walk;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustic_core::{ReadSource, RusticResult};

pub(super) use node::go_mode;
pub(super) use stream::channel;

use super::error::Missed;
use reader::Opening;
use walk::Walk;

/// Most things that are remembered by name; the others are counted.
const MOST_NAMED: usize = 50;

/// A folder that is saved, with all below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    /// What people call it.
    pub name: String,
    /// Where it is now.
    pub root: PathBuf,
    /// Where it is in the snapshot; absolute. A snapshot of a file system is saved under the name of what it is of.
    pub as_path: PathBuf,
    /// What is left out, as paths below the root.
    pub exclude: Vec<PathBuf>,
}

/// What was seen while a source was read.
#[derive(Debug, Default)]
pub(super) struct Report {
    unreadable: Mutex<(u64, Vec<Missed>)>,
    changing: Mutex<(u64, Vec<Missed>)>,
}

impl Report {
    pub(super) fn unreadable(&self, path: &Path, why: &dyn std::fmt::Display) {
        note(&self.unreadable, path, why);
    }

    pub(super) fn changing(&self, path: &Path, why: &dyn std::fmt::Display) {
        note(&self.changing, path, why);
    }

    /// How many could not be read, and some of them.
    pub(super) fn all_unreadable(&self) -> (u64, Vec<Missed>) {
        self.unreadable.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many changed, and some of them.
    pub(super) fn all_changing(&self) -> (u64, Vec<Missed>) {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn note(notes: &Mutex<(u64, Vec<Missed>)>, path: &Path, why: &dyn std::fmt::Display) {
    let mut notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
    notes.0 += 1;
    if notes.1.len() < MOST_NAMED {
        notes.1.push(Missed { path: path.display().to_string(), why: why.to_string() });
    }
}

/// Files and bytes of a folder, as a quick look counts them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Survey {
    pub(super) bytes: u64,
    /// Files that have at least the size of [`TreeSource::least`].
    pub(super) large: u64,
}

/// A [`Tree`] for the engine: everything, or only files of a least size.
#[derive(Debug)]
pub(super) struct TreeSource {
    tree: Tree,
    /// Only regular files of at least this size; folders are then made up by the engine.
    least: Option<u64>,
    report: Arc<Report>,
    expected: AtomicU64,
}

impl TreeSource {
    pub(super) fn new(tree: &Tree, least: Option<u64>, report: &Arc<Report>) -> Self {
        Self { tree: tree.clone(), least, report: Arc::clone(report), expected: AtomicU64::new(0) }
    }

    /// Counts what is there; what cannot be read is not counted, and found again when it is to be saved.
    pub(super) fn survey(tree: &Tree, large: u64) -> Survey {
        let mut survey = Survey::default();
        for entry in Walk::new(tree, None, &Arc::new(Report::default())).flatten() {
            if entry.node.is_file() {
                survey.bytes += entry.node.meta.size;
                survey.large += u64::from(entry.node.meta.size >= large);
            }
        }
        survey
    }

    pub(super) fn expect(self, bytes: u64) -> Self {
        self.expected.store(bytes, Ordering::Relaxed);
        self
    }
}

impl ReadSource for TreeSource {
    type Open = Opening;
    type Iter = Walk;

    fn size(&self) -> RusticResult<Option<u64>> {
        Ok(Some(self.expected.load(Ordering::Relaxed)))
    }

    fn entries(&self) -> Walk {
        Walk::new(&self.tree, self.least, &self.report)
    }
}
