//! What stands in `restore-point.json`.

use std::path::{Path, PathBuf};

use bridle_core::digest::Digest;
use bridle_core::fault::Fault;
use bridle_core::port::Timestamp;
use bridle_core::step::RestorePoint;
use serde::{Deserialize, Serialize};

use super::FILES;
use crate::files;

/// Version of the format that this code writes.
const FORMAT: u32 = 1;
/// Largest record that is read, in bytes.
const LARGEST: u64 = 4 * 1024 * 1024;

/// A complete restore point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    format: u32,
    /// Its name.
    point: String,
    /// `NAME-VERSION` of the release in use.
    pub(super) release: String,
    /// Revision of the configuration.
    pub(super) revision: u64,
    /// When it was begun.
    pub(super) made: Timestamp,
    /// `NAME-VERSION` of the releases in the store.
    pub(super) pins: Vec<String>,
    /// Files that were copied, by their path below `/`.
    pub(super) files: Vec<Copied>,
    /// Files of Kubernetes's configuration that were not there.
    pub(super) absent: Vec<String>,
    /// The copy of the datastore, by its path below the point's folder.
    pub(super) datastore: Option<Copied>,
}

/// One file of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Copied {
    pub(super) path: String,
    pub(super) part: Part,
    /// Permission bits of the original.
    pub(super) mode: u32,
    pub(super) size: u64,
    pub(super) digest: Digest,
}

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Part {
    /// Configuration of Kubernetes: a return puts it back.
    Kubernetes,
    /// Kept for a person, or for a cluster whose datastore must be restored.
    Kept,
    /// The datastore.
    Datastore,
}

impl Copied {
    pub(super) fn of(path: String, part: Part, mode: u32, bytes: &[u8]) -> Self {
        Self { path, part, mode, size: bytes.len() as u64, digest: Digest::of(bytes) }
    }
}

impl Record {
    pub(super) fn new(wanted: &RestorePoint, pins: Vec<String>, made: Timestamp) -> Self {
        Self {
            format: FORMAT,
            point: wanted.point.clone(),
            release: wanted.release.clone(),
            revision: wanted.revision,
            made,
            pins,
            files: Vec::new(),
            absent: Vec::new(),
            datastore: None,
        }
    }

    /// `None` where there is none, or none that this program knows: then the point is not complete.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, Fault> {
        let Some(text) = files::read_limited(path, LARGEST)? else { return Ok(None) };
        Ok(Self::parse(&text))
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let record: Self = serde_json::from_str(text).ok()?;
        let plain =
            |path: &str| Path::new(path).components().all(|part| matches!(part, std::path::Component::Normal(_)));
        let sound = record.files.iter().chain(&record.datastore).all(|copied| plain(&copied.path))
            && record.absent.iter().all(|path| plain(path));
        (record.format == FORMAT && record.datastore.is_some() && sound).then_some(record)
    }

    pub(super) fn text(&self) -> String {
        serde_json::to_string_pretty(self).expect("a record holds only texts, numbers and lists of them")
    }

    /// Every file of the point with its place in the point's folder.
    pub(super) fn parts<'a>(&'a self, folder: &'a Path) -> impl Iterator<Item = (PathBuf, &'a Copied)> {
        self.files.iter().chain(&self.datastore).map(|copied| (place(folder, copied), copied))
    }
}

/// Where a part lies in the point's folder.
pub(super) fn place(folder: &Path, copied: &Copied) -> PathBuf {
    match copied.part {
        Part::Datastore => folder.join(&copied.path),
        Part::Kubernetes | Part::Kept => folder.join(FILES).join(&copied.path),
    }
}
