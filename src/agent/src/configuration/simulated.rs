//! For tests: a simulated machine whose configuration is real. Revisions and sealed passwords are on disk, and of restore points
//! as much as backups are made of; the rest is not.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bridle_core::digest::Digest;
use bridle_core::fault::Fault;
use bridle_core::plan::backup::SECRETS_COPY;
use bridle_core::port::sim::SimWorld;
use bridle_core::port::{Attempt, Clock, Cluster, Copies as _, Host, Proof, SealedSecrets as _};
use bridle_core::step::{ClusterStep, HostStep, RestorePoint, Standing, Step};
use bridle_host::configuration::Revisions;
use bridle_host::files;
use bridle_host::layout::Layout;
use bridle_host::restore_point::DataCopies;
use bridle_host::sealed::Sealed;

use crate::World;
use crate::observe::{Seen, Sight};

struct Half {
    sim: SimWorld,
    revisions: Revisions,
    sealed: Sealed,
    points: PathBuf,
    copies: DataCopies,
    clock: Arc<dyn Clock>,
}

/// Such a machine below `root`; nothing runs on it.
#[must_use]
pub fn world(root: &Path, clock: Arc<dyn Clock>) -> World {
    let layout = Layout::under(root);
    let (revisions, sealed) = (Revisions::on_disk(&layout), Sealed::new(&layout));
    let (points, copies) = (layout.restore_points_dir(), DataCopies::new(layout, Arc::clone(&clock)));
    let sim = SimWorld::default();
    let half = Arc::new(Half { sim, revisions, sealed, points, copies, clock: Arc::clone(&clock) });
    World { host: Arc::clone(&half) as _, cluster: Arc::clone(&half) as _, sight: half, clock }
}

impl Half {
    fn point(&self, point: &RestorePoint) -> Result<(), Fault> {
        let folder = self.points.join(&point.point);
        files::make_dirs(&folder.join("files"), 0o700)?;
        Ok(files::write_atomic(&folder.join("files/revision"), point.revision.to_string().as_bytes(), 0o600)?)
    }

    fn prune(&self, keep: &[String]) -> Result<(), Fault> {
        let entries = std::fs::read_dir(&self.points).map_err(files::FileError::new("list", &self.points))?;
        for path in entries.flatten().map(|entry| entry.path()) {
            if !keep.iter().any(|name| path.ends_with(name)) {
                std::fs::remove_dir_all(&path).map_err(files::FileError::new("remove", &path))?;
            }
        }
        Ok(())
    }

    /// A stream that tells the source's name, ten thousand times.
    fn copy(&self, point: &str, source: &str) -> Result<(), Fault> {
        let text = format!("a line of {source}\n").repeat(10_000).into_bytes();
        let mut copy = self.copies.begin(point, source)?;
        let path = PathBuf::from(copy.path());
        copy.write_all(&text).map_err(files::FileError::new("write", &path))?;
        copy.keep(&Proof { bytes: text.len() as u64, digest: Digest::of(&text) })
    }
}

impl Host for Half {
    fn probe(&self, step: &HostStep) -> Result<Standing, Fault> {
        match step {
            HostStep::Configuration { revision, text } => self.revisions.standing(*revision, text),
            step => Host::probe(&self.sim, step),
        }
    }

    fn apply(&self, step: &HostStep, attempt: &mut Attempt<'_>) -> Result<(), Fault> {
        match step {
            HostStep::Configuration { revision, text } => self.revisions.put(*revision, text, self.clock.now()),
            HostStep::RestorePoint(point) => {
                self.point(point)?;
                Host::apply(&self.sim, step, attempt)
            }
            HostStep::PruneRestorePoints { keep } => {
                self.prune(keep)?;
                Host::apply(&self.sim, step, attempt)
            }
            step => Host::apply(&self.sim, step, attempt),
        }
    }

    fn sync(&self, step: &Step) -> Result<(), Fault> {
        self.sim.sync(step)
    }
}

impl Cluster for Half {
    fn probe(&self, step: &ClusterStep) -> Result<Standing, Fault> {
        Cluster::probe(&self.sim, step)
    }

    /// As the real one: nothing is put in force that does not open.
    fn apply(&self, step: &ClusterStep, attempt: &mut Attempt<'_>) -> Result<(), Fault> {
        if let ClusterStep::SiteServices(services) = step {
            for (name, number) in &services.secrets {
                self.sealed.open(name, *number)?;
            }
            self.sealed.settle(&services.secrets)?;
        }
        if let ClusterStep::CopyData { point, sources } = step {
            sources.iter().try_for_each(|source| self.copy(point, &source.name))?;
        }
        if let ClusterStep::CopySecrets { point, .. } = step {
            self.copy(point, SECRETS_COPY)?;
        }
        Cluster::apply(&self.sim, step, attempt)
    }
}

impl Sight for Half {
    fn look(&self) -> Result<Seen, Fault> {
        Ok((Vec::new(), Vec::new()))
    }
}
