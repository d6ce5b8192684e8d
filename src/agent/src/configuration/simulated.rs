//! For tests: a simulated machine whose configuration is real. Revisions and sealed passwords are on disk, the rest is not.

use std::path::Path;
use std::sync::Arc;

use bridle_core::fault::Fault;
use bridle_core::port::sim::SimWorld;
use bridle_core::port::{Attempt, Clock, Cluster, Host, SealedSecrets as _};
use bridle_core::step::{ClusterStep, HostStep, Standing, Step};
use bridle_host::configuration::Revisions;
use bridle_host::layout::Layout;
use bridle_host::sealed::Sealed;

use crate::World;
use crate::observe::{Seen, Sight};

struct Half {
    sim: SimWorld,
    revisions: Revisions,
    sealed: Sealed,
    clock: Arc<dyn Clock>,
}

/// Such a machine below `root`; nothing runs on it.
#[must_use]
pub fn world(root: &Path, clock: Arc<dyn Clock>) -> World {
    let layout = Layout::under(root);
    let (revisions, sealed) = (Revisions::on_disk(&layout), Sealed::new(&layout));
    let half = Arc::new(Half { sim: SimWorld::default(), revisions, sealed, clock: Arc::clone(&clock) });
    World { host: Arc::clone(&half) as _, cluster: Arc::clone(&half) as _, sight: half, clock }
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
        Cluster::apply(&self.sim, step, attempt)
    }
}

impl Sight for Half {
    fn look(&self) -> Result<Seen, Fault> {
        Ok((Vec::new(), Vec::new()))
    }
}
