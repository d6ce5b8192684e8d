//! Looking whether a repository is what was written.

use std::sync::Arc;

use rustic_core::{CheckOptions, ReadSubsetOption};

use super::backend::Backend;
use super::error::RepositoryError;
use super::watch::Watch;
use super::{MOST_PACK, Repository, SnapshotName, engine, in_one_line};

/// Most findings that are kept in words.
const MOST_FINDINGS: usize = 200;

/// Bytes that are read back at least. The engine chooses whole packs and takes none that is not smaller than what is left to be
/// read: one percent of a small repository would be nothing at all. No pack is larger than half of this.
pub const LEAST_READ: u64 = 2 * MOST_PACK;

/// How much is read back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reading {
    /// Indexes and trees only.
    Structure,
    /// About this part of the data too, in percent, chosen by chance; at least [`LEAST_READ`], all where there is no more.
    Percent(f64),
    /// Part `part` (from 1) of `of` parts too; all parts together are everything.
    Part {
        /// Which.
        part: u32,
        /// Of how many.
        of: u32,
    },
    /// Every byte.
    All,
}

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// What is lost or altered.
    pub damages: Vec<String>,
    /// How many there are; the words of at most 200 are kept.
    pub count: u64,
    /// What is odd and harms nobody.
    pub remarks: Vec<String>,
}

impl Repository {
    /// So many percent of all data, as the engine takes it.
    fn by_chance(&self, percent: f64) -> Result<ReadSubsetOption, RepositoryError> {
        let total = self.store.list("data/")?.iter().map(|pack| pack.size).fold(0, u64::saturating_add);
        Ok(match share(total, percent) {
            Some(bytes) => ReadSubsetOption::Size(bytes),
            None => ReadSubsetOption::All,
        })
    }

    /// Checks the repository: what `snapshots` need, or everything.
    ///
    /// # Errors
    /// [`RepositoryError`] if it cannot be carried out. What it finds is no error.
    pub fn check(
        &self,
        reading: Reading,
        snapshots: Option<&[SnapshotName]>,
        watch: &Arc<dyn Watch>,
    ) -> Result<CheckReport, RepositoryError> {
        let backend = Arc::new(Backend::reading(Arc::clone(&self.store)).watched(Arc::clone(watch)));
        let options =
            CheckOptions::default().read_data(reading != Reading::Structure).read_data_subset(match reading {
                Reading::Structure | Reading::All => ReadSubsetOption::All,
                Reading::Percent(percent) => self.by_chance(percent)?,
                Reading::Part { part, of } => ReadSubsetOption::IdSubSet((part, of.max(1))),
            });
        let found = engine("check", &backend, || {
            let opened = self.session(&backend)?;
            match snapshots {
                None => opened.check(options),
                Some(names) => {
                    let names: Vec<_> = names.iter().map(SnapshotName::as_str).collect();
                    let trees = opened.get_snapshots(&names)?.into_iter().map(|snapshot| snapshot.tree).collect();
                    opened.check_with_trees(options, trees)
                }
            }
        })?;
        let mut report = CheckReport::default();
        for (level, finding) in found.0 {
            let words = in_one_line(&finding.to_string());
            // The engine does not name the type of its levels.
            if format!("{level:?}") == "Warn" {
                if report.remarks.len() < MOST_FINDINGS {
                    report.remarks.push(words);
                }
            } else {
                report.count += 1;
                if report.damages.len() < MOST_FINDINGS {
                    report.damages.push(words);
                }
            }
        }
        if report.count == 0 {
            // The engine may have passed over a call that failed; then nothing is known.
            backend.unfailed()?;
        }
        Ok(report)
    }
}

/// Bytes of `total` that are read; all if that is nothing less.
fn share(total: u64, percent: f64) -> Option<u64> {
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let bytes = (total as f64 * percent.clamp(0.0, 100.0) / 100.0) as u64;
    Some(bytes.max(LEAST_READ)).filter(|bytes| *bytes < total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_never_nothing_and_never_more_than_all() {
        assert_eq!([0, 1, LEAST_READ].map(|total| share(total, 1.0)), [None; 3]);
        assert_eq!(share(LEAST_READ + 1, 1.0), Some(LEAST_READ));
        assert_eq!(share(1000 * LEAST_READ, 1.0), Some(10 * LEAST_READ));
        assert_eq!(share(1000 * LEAST_READ, 100.0), None);
        assert_eq!(share(1000 * LEAST_READ, -5.0), Some(LEAST_READ));
    }
}
