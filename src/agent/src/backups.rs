//! Backups: their beginning, and the sets that there are.

use std::sync::Arc;

use bridle_core::backup::id::{SetId, Ulid};
use bridle_core::backup::outline::Outline;
use bridle_core::backup::repository::RepositoryName;
use bridle_core::backup::repository::view::{BackupOrder, SetsView};
use bridle_core::backup::set::ReleaseName;
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::operation::OperationView;
use bridle_core::plan::backup::{self, Wanted};
use bridle_core::port::Clock;
use bridle_host::backups::BackupFiles;
use bridle_host::layout::Layout;
use bridle_host::repositories::random;

use crate::configuration::{Configurator, InForce};
use crate::installer;
use crate::operations::Operations;
use crate::repositories::Repositories;

/// Begins backups.
pub(crate) struct Backups {
    layout: Layout,
    operations: Arc<Operations>,
    configurator: Arc<Configurator>,
    repositories: Arc<Repositories>,
    clock: Arc<dyn Clock>,
}

impl Backups {
    pub(crate) fn new(
        layout: Layout,
        operations: Arc<Operations>,
        configurator: Arc<Configurator>,
        repositories: Arc<Repositories>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { layout, operations, configurator, repositories, clock }
    }

    /// The sets of the named repository, or of the only one.
    ///
    /// # Errors
    /// A [`Fault`] if there is no such repository, or it cannot be read.
    pub(crate) fn sets(&self, named: Option<&str>) -> Result<SetsView, Fault> {
        let repository = self.chosen(named)?;
        let sets = self.repositories.sets(repository.as_str())?;
        Ok(SetsView { repository, sets })
    }

    /// Begins a backup. It takes nothing away and stops nothing, so nothing is confirmed.
    ///
    /// # Errors
    /// A [`Fault`] if another operation is open, nothing is installed, or there is no such repository.
    pub(crate) fn begin(&self, order: &BackupOrder, by: &str) -> Result<OperationView, Fault> {
        let _installer = installer::keep_out(&self.layout)?;
        self.operations.refuse_second()?;
        let repository = self.chosen(order.repository.as_deref())?;
        let InForce { release: pin, applied, operations, place, number, .. } = self.configurator.in_force()?;
        let (release, began) = (&pin.manifest, self.clock.now());
        let set = SetId(Ulid::new(began, random()?));
        let wanted = Wanted {
            set,
            repository: repository.as_str(),
            release,
            revision: number,
            node: &place.node,
            number: operations,
            points: &applied.points,
        };
        let plan = backup::plan(&wanted).map_err(|error| Fault::new(FaultCode::ReleaseDamaged).because(&error))?;
        let name = ReleaseName {
            name: release.name.clone(),
            version: release.version.clone(),
            sequence: release.sequence,
            index: pin.release_manifest,
        };
        let point = backup::point(operations);
        let outline = Outline::new((set, repository, point), began, (name, release), number);
        // What the steps ask for is there before they can be.
        BackupFiles::on_disk(&self.layout).begin(&outline)?;
        self.operations.begin(plan, by)
    }

    fn chosen(&self, named: Option<&str>) -> Result<RepositoryName, Fault> {
        let known = self.repositories.list()?.repositories;
        let clip = |name: &str| name.chars().take(80).collect::<String>();
        let unknown = |name: &str| Fault::new(FaultCode::RepositoryUnknown).with("repository", clip(name));
        let chosen = match (named, known.as_slice()) {
            (Some(name), known) => known.iter().find(|view| view.name.as_str() == name).ok_or_else(|| unknown(name))?,
            (None, [only]) => only,
            (None, _) => return Err(unknown("-")),
        };
        if chosen.ready {
            return Ok(chosen.name.clone());
        }
        Err(Fault::new(FaultCode::RepositoryUnfinished).with("repository", chosen.name.as_str()))
    }
}
