//! The launcher's acts: count, flip, choose. Whatever fails on the way, there is a program to start.

use std::path::{Path, PathBuf};

use super::{LARGEST, Start, Trial, at_start, is_release};
use crate::durable::{self, FileError};
use crate::port::fs::FileSystem;

/// The trial, below the root.
pub const TRIAL: &str = "opt/bridle/trial.json";
/// Link to the release whose agent runs, below the root.
pub const CURRENT: &str = "opt/bridle/current";
/// Folders of releases, below the root.
pub const RELEASES: &str = "opt/bridle/releases";

/// The launcher's view of a host.
#[derive(Debug)]
pub struct Launcher<'a> {
    fs: &'a dyn FileSystem,
    root: PathBuf,
    /// Where the program may be that is not to be started first.
    other: Option<Trial>,
    /// What failed, for the log.
    troubles: Vec<FileError>,
}

impl<'a> Launcher<'a> {
    /// Over the host below `root`.
    #[must_use]
    pub fn new(fs: &'a dyn FileSystem, root: &Path) -> Self {
        Self { fs, root: root.to_owned(), other: None, troubles: Vec::new() }
    }

    /// The program to start; a start of an agent on trial is counted, on disk, when this returns.
    pub fn first(&mut self) -> PathBuf {
        let current = self.current();
        match at_start(self.trial(), current.as_deref()) {
            Start::Current => {
                current.map_or_else(|| self.root.join(CURRENT).join("bin/bridle"), |id| self.program(&id))
            }
            Start::Counted(trial) => match self.write(&trial) {
                Ok(()) => {
                    let program = self.program(&trial.release);
                    self.other = Some(trial);
                    program
                }
                // What cannot be counted could be started for ever.
                Err(error) => {
                    self.troubles.push(error);
                    self.back(&trial.over())
                }
            },
            Start::Back(trial) => self.back(&trial),
        }
    }

    /// The program to start where [`Self::first`]'s could not be; at most one. An agent on trial has failed then.
    pub fn second(&mut self) -> Option<PathBuf> {
        let trial = self.other.take()?;
        // The agent before may be what is missing: then the one on trial is better than none.
        if trial.failed { Some(self.program(&trial.release)) } else { Some(self.back(&trial.over())) }
    }

    /// What failed since the last call.
    pub fn troubles(&mut self) -> Vec<FileError> {
        std::mem::take(&mut self.troubles)
    }

    /// The link only after the mark: with the link alone it would look as if the switch were still to come.
    fn back(&mut self, trial: &Trial) -> PathBuf {
        let target = Path::new("releases").join(&trial.previous);
        let link = self.root.join(CURRENT);
        let done = self.write(trial).and_then(|()| durable::symlink_atomic(self.fs, &target, &link));
        self.troubles.extend(done.err());
        self.other = Some(trial.clone());
        self.program(&trial.previous)
    }

    fn write(&self, trial: &Trial) -> Result<(), FileError> {
        durable::write_atomic(self.fs, &self.root.join(TRIAL), trial.text().as_bytes(), 0o644)
    }

    fn trial(&mut self) -> Option<Trial> {
        match durable::read_limited(self.fs, &self.root.join(TRIAL), LARGEST) {
            Ok(text) => Trial::parse(&text?),
            Err(error) => {
                self.troubles.push(error);
                None
            }
        }
    }

    fn current(&self) -> Option<String> {
        release_of(&self.fs.read_link(&self.root.join(CURRENT)).ok()?)
    }

    fn program(&self, id: &str) -> PathBuf {
        self.root.join(RELEASES).join(id).join("bin/bridle")
    }
}

/// The release that a link like `current` leads to; `None` where it leads elsewhere.
#[must_use]
pub fn release_of(target: &Path) -> Option<String> {
    let id = target.strip_prefix("releases").ok()?.to_str()?;
    is_release(id).then(|| id.to_owned())
}
