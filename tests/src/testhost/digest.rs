//! What a host is made of at one moment, so that two moments can be compared: files, units, mounts, interfaces, routes,
//! rules, settings, users, groups, control groups, listeners. [`volatile`] lists what is left out, and why.

mod files;
mod state;
mod volatile;

use super::{Host, Result};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;

/// The digest of a running host: by subject (`file`, `unit`, …) and name, what is known of each thing.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct HostDigest {
    subjects: BTreeMap<String, BTreeMap<String, String>>,
    /// The content hash of each file with the state in which it was read.
    #[serde(skip)]
    contents: files::Contents,
}

/// One thing that is not the same in two digests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What kind of thing (`file`, `unit`, `mount`, `interface`, `route`, `packet rule`, `listener`, `setting`, `user`,
    /// `group`, `control group`).
    pub subject: String,
    /// Its name: a path, the name of a unit, the text of a rule.
    pub name: String,
    /// What it was; none if it was not there.
    pub before: Option<String>,
    /// What it is; none if it is gone.
    pub after: Option<String>,
}

impl Host {
    /// Looks at everything on the running host. Tried: 2 s for the clean Debian on an idle machine.
    ///
    /// # Errors
    /// The kit's, if the host does not run or cannot be asked.
    pub fn digest(&self) -> Result<HostDigest> {
        self.digest_after(&HostDigest::default())
    }

    /// As [`Host::digest`]; files whose inode, size and change time are those of `earlier` are not read again.
    ///
    /// # Errors
    /// The kit's, if the host does not run or cannot be asked.
    pub fn digest_after(&self, earlier: &HostDigest) -> Result<HostDigest> {
        self.digest_without(earlier, "")
    }

    /// As [`Host::digest_after`]; the folder `own` and what is in it are passed over, however large that is.
    ///
    /// # Errors
    /// The kit's, if the host does not run or cannot be asked.
    pub fn digest_without(&self, earlier: &HostDigest, own: &str) -> Result<HostDigest> {
        let root = PathBuf::from(format!("/proc/{}/root", self.leader()?));
        let mut subjects = state::of(self)?;
        let (found, contents) = files::of(&root, own, &earlier.contents);
        subjects.insert("file".to_owned(), found);
        Ok(HostDigest { subjects, contents })
    }
}

impl HostDigest {
    /// Everything that `later` has otherwise, sorted by subject and name.
    #[must_use]
    pub fn difference(&self, later: &Self) -> Vec<Difference> {
        let nothing = BTreeMap::new();
        let subjects: BTreeSet<&String> = self.subjects.keys().chain(later.subjects.keys()).collect();
        let mut found = Vec::new();
        for subject in subjects {
            let [before, after] = [self, later].map(|digest| digest.subjects.get(subject).unwrap_or(&nothing));
            let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
            let changed = names.into_iter().filter(|name| before.get(*name) != after.get(*name));
            found.extend(changed.map(|name| Difference {
                subject: subject.clone(),
                name: name.clone(),
                before: before.get(name).cloned(),
                after: after.get(name).cloned(),
            }));
        }
        found
    }

    /// Leaves a file out, as if it had not been there.
    #[must_use]
    pub fn without_file(mut self, path: &str) -> Self {
        if let Some(files) = self.subjects.get_mut("file") {
            files.remove(path);
        }
        self
    }

    /// How many things of a subject it holds.
    #[must_use]
    pub fn count(&self, subject: &str) -> usize {
        self.subjects.get(subject).map_or(0, BTreeMap::len)
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { subject, name, .. } = self;
        match (&self.before, &self.after) {
            (None, Some(after)) => write!(out, "+ {subject} {name}: {after}"),
            (Some(before), None) => write!(out, "- {subject} {name}: {before}"),
            (before, after) => {
                let [before, after] = [before, after].map(|value| value.as_deref().unwrap_or_default());
                write!(out, "~ {subject} {name}: {before} -> {after}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(things: &[(&str, &str, &str)]) -> HostDigest {
        let mut digest = HostDigest::default();
        for (subject, name, value) in things {
            let subject = digest.subjects.entry((*subject).to_owned()).or_default();
            subject.insert((*name).to_owned(), (*value).to_owned());
        }
        digest
    }

    #[test]
    fn each_difference_is_one_line() {
        let before = digest(&[("file", "/a", "1"), ("file", "/b", "1"), ("unit", "x.service", "enabled")]);
        let after = digest(&[("file", "/a", "1"), ("file", "/b", "2"), ("route", "default", "via")]);
        let lines: Vec<String> = before.difference(&after).iter().map(ToString::to_string).collect();
        assert_eq!(lines, ["~ file /b: 1 -> 2", "+ route default: via", "- unit x.service: enabled"]);
        assert_eq!(before.difference(&before.clone()), []);
    }

    #[test]
    fn a_digest_can_be_kept() {
        let kept = serde_json::to_string(&digest(&[("file", "/a", "1")])).unwrap();
        let back: HostDigest = serde_json::from_str(&kept).unwrap();
        assert_eq!(back.difference(&digest(&[("file", "/a", "1")])), []);
        assert_eq!(back.count("file"), 1);
        assert_eq!(back.without_file("/a").count("file"), 0);
    }
}
