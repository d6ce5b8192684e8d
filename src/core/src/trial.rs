//! An agent on trial: which release's program is started, and when the one before it comes back (decision 0021).
//!
//! The decisions are pure ([`at_start`]); [`Launcher`] carries them out over a [`FileSystem`], because a launcher must never
//! be kept from starting something.

mod launcher;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use launcher::{CURRENT, Launcher, RELEASES, TRIAL, release_of};

/// Version of the format that this code writes.
const FORMAT: u32 = 1;
/// Starts in a row without a sign of health, after which the agent before comes back.
pub const LIMIT: u32 = 3;
/// Largest file that is read, in bytes.
pub const LARGEST: u64 = 16 * 1024;

/// A release's agent on trial (`/opt/bridle/trial.json`, `docs/FORMATS.md`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// Version of the format.
    format: u32,
    /// `NAME-VERSION` of the release whose agent is on trial.
    pub release: String,
    /// `NAME-VERSION` of the release whose agent comes back.
    pub previous: String,
    /// Starts in a row since it was last healthy.
    pub starts: u32,
    /// Most of these.
    pub limit: u32,
    /// The trial is over: the agent before came back.
    pub failed: bool,
}

impl Trial {
    /// A trial that begins.
    #[must_use]
    pub fn new(release: &str, previous: &str) -> Self {
        let (release, previous) = (release.to_owned(), previous.to_owned());
        Self { format: FORMAT, release, previous, starts: 0, limit: LIMIT, failed: false }
    }

    /// Reads a trial; `None` for another format, for what is none, and for names that are not those of releases: then no
    /// agent is on trial.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let trial: Self = serde_json::from_str(text).ok()?;
        let named = is_release(&trial.release) && is_release(&trial.previous) && trial.release != trial.previous;
        (trial.format == FORMAT && named).then_some(trial)
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> String {
        serde_json::to_string_pretty(self).expect("a trial holds only strings, numbers and truth values")
    }

    /// The same, with the agent on trial healthy.
    #[must_use]
    pub fn healthy(&self) -> Self {
        Self { starts: 0, ..self.clone() }
    }

    /// The same, over.
    #[must_use]
    pub fn over(&self) -> Self {
        Self { failed: true, ..self.clone() }
    }
}

/// What is to be done at a start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// The program of the current release.
    Current,
    /// This is on disk first, then the program on trial; without that, [`Start::Back`].
    Counted(Trial),
    /// This is on disk first, then `current` leads to the release before, then that one's program.
    Back(Trial),
}

/// What is to be done at a start where `current` leads to this release.
#[must_use]
pub fn at_start(trial: Option<Trial>, current: Option<&str>) -> Start {
    match trial {
        // Not switched over yet, or back already.
        Some(trial) if current != Some(&trial.release) => Start::Current,
        Some(trial) if trial.failed || trial.starts >= trial.limit => Start::Back(trial.over()),
        Some(trial) => Start::Counted(Trial { starts: trial.starts + 1, ..trial }),
        None => Start::Current,
    }
}

/// Whether this can be the name of a release's folder: one plain name.
#[must_use]
pub fn is_release(name: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-.+_".contains(letter);
    !name.is_empty() && name.len() <= 200 && !name.starts_with('.') && name.chars().all(plain)
}
