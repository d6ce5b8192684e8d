//! Removing what no snapshot needs any more: planned, shown, and only then done, by whoever holds the permission.

use std::sync::Arc;

use rustic_core::jiff::Span;
use rustic_core::{LimitOption, PruneOptions, PrunePlan};
use serde::{Deserialize, Serialize};

use super::backend::Backend;
use super::error::RepositoryError;
use super::watch::Watch;
use super::{Reading, Repository, SnapshotName, engine};

/// Days that a pack stays which nothing needs any more, before it is removed.
pub const KEEP_DELETE_DAYS: i64 = 7;
/// Days before a new pack is looked at at all.
pub const KEEP_PACK_DAYS: i64 = 1;

/// What a prune would do, in numbers that can be shown and kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forecast {
    /// The snapshots that count on what stays, sorted.
    pub snapshots: Vec<String>,
    /// Packs that are marked now, to be removed after [`KEEP_DELETE_DAYS`].
    pub packs_marked: u64,
    /// Packs that were marked long enough ago and go now.
    pub packs_removed: u64,
    /// Packs that are marked and needed again.
    pub packs_recovered: u64,
    /// Packs whose needed part is written anew.
    pub packs_repacked: u64,
    /// Bytes of the repository before.
    pub bytes: u64,
    /// Bytes that go at once.
    pub bytes_removed: u64,
}

/// A prune that was planned and not done.
#[derive(Debug)]
pub struct Plan {
    plan: PrunePlan,
    options: PruneOptions,
    forecast: Forecast,
}

impl Plan {
    /// What it would do.
    #[must_use]
    pub const fn forecast(&self) -> &Forecast {
        &self.forecast
    }
}

impl Repository {
    /// Plans a prune. `expected` are the snapshots that the catalogue and its copies know: each must be in the listing.
    ///
    /// # Errors
    /// [`RepositoryError::PruneRefused`] where a snapshot is missing or the structure is damaged.
    pub fn plan_prune(&self, expected: &[SnapshotName], watch: &Arc<dyn Watch>) -> Result<Plan, RepositoryError> {
        let listed: Vec<_> = self.snapshots()?.into_iter().map(|snapshot| snapshot.name).collect();
        if let Some(missing) = expected.iter().find(|name| !listed.contains(name)) {
            return Err(self.refused(format!("snapshot {missing} of the catalogue is not in the listing")));
        }
        let report = self.check(Reading::Structure, None, watch)?;
        if let Some(first) = report.damages.first() {
            return Err(self.refused(format!("{} things are damaged, for example: {first}", report.count)));
        }
        let backend = Arc::new(Backend::reading(Arc::clone(&self.store)));
        let options = PruneOptions::default()
            .keep_delete(Span::new().days(KEEP_DELETE_DAYS))
            .keep_pack(Span::new().days(KEEP_PACK_DAYS))
            .instant_delete(false)
            .early_delete_index(false)
            .max_unused(LimitOption::Percentage(10));
        let plan = engine("plan a prune of", &backend, || self.session(&backend)?.prune_plan(&options))?;
        backend.unfailed()?;
        let mut snapshots: Vec<_> = listed.iter().map(ToString::to_string).collect();
        snapshots.sort_unstable();
        let stats = &plan.stats;
        let forecast = Forecast {
            snapshots,
            packs_marked: stats.packs.unused + stats.packs_unref,
            packs_removed: stats.packs_to_delete.remove,
            packs_recovered: stats.packs_to_delete.recover,
            packs_repacked: stats.packs.repack,
            bytes: stats.size_sum().total() + stats.size_to_delete.total(),
            bytes_removed: stats.size_to_delete.remove,
        };
        Ok(Plan { plan, options, forecast })
    }

    /// Carries out a plan that was shown as `agreed`. Nothing else may write to the repository meanwhile; that is the
    /// lease's to keep, not this call's.
    ///
    /// # Errors
    /// [`RepositoryError::PruneRefused`] if the plan is not the one that was agreed to, or snapshots came or went since.
    pub fn prune(&self, plan: Plan, agreed: &Forecast) -> Result<(), RepositoryError> {
        if plan.forecast != *agreed {
            return Err(self.refused("the plan is not the one that was agreed to".to_owned()));
        }
        let mut listed: Vec<_> = self.snapshots()?.iter().map(|snapshot| snapshot.name.to_string()).collect();
        listed.sort_unstable();
        if listed != plan.forecast.snapshots {
            return Err(self.refused("snapshots came or went since the plan was made".to_owned()));
        }
        let backend = Arc::new(Backend::pruning(Arc::clone(&self.store)));
        let Plan { plan, options, .. } = plan;
        engine("prune", &backend, || self.session(&backend)?.prune(&options, plan))?;
        backend.unfailed()
    }

    /// Removes snapshots that no set needs; what they held stays until a prune.
    ///
    /// # Errors
    /// [`RepositoryError`] of the store; some may be removed then.
    pub fn forget(&self, names: &[SnapshotName]) -> Result<(), RepositoryError> {
        for name in names {
            let key = crate::store::Key::new(format!("snapshots/{name}"));
            let key = key.ok_or_else(|| self.refused(format!("{name} is no name of a snapshot")))?;
            self.store.delete(&key)?;
        }
        Ok(())
    }

    fn refused(&self, why: String) -> RepositoryError {
        RepositoryError::PruneRefused { place: self.place(), why }
    }
}
