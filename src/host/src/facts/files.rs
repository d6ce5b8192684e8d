//! Files of facts: read up to a limit, whatever they hold; absent ones are empty.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::layout::Layout;

/// Most that is read of a file: the tables of a host with tens of thousands of connections are that large.
const LARGEST: u64 = 16 * 1024 * 1024;
/// Most entries of a folder that are looked at; a host has fewer process ids in use.
const MOST: usize = 100_000;

/// The files of a host below its root.
pub(super) struct Files<'a> {
    layout: &'a Layout,
}

impl<'a> Files<'a> {
    pub(super) fn under(layout: &'a Layout) -> Self {
        Self { layout }
    }

    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.layout.at(path)
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.path(path).exists()
    }

    /// The beginning of a file as text; what is no UTF-8 is replaced.
    pub(super) fn text(&self, path: &str) -> String {
        read(&self.path(path)).unwrap_or_default()
    }

    /// A file as text, if it can be read and is no longer than `most` bytes.
    pub(super) fn whole(&self, path: &str, most: u64) -> Option<String> {
        let mut bytes = Vec::new();
        File::open(self.path(path)).ok()?.take(most + 1).read_to_end(&mut bytes).ok()?;
        (bytes.len() as u64 <= most).then(|| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Names in a folder, sorted.
    pub(super) fn names(&self, path: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(path)).into_iter().flatten().take(MOST);
        let mut names: Vec<String> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
        names.sort();
        names
    }
}

fn read(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(LARGEST).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
