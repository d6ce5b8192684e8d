//! Releases on this host as its steps need them: the parts in the store, and the programs that run from them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bridle_bundle::store::{InUse, StoreError};
use bridle_core::digest::Digest;
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::port::{Blobs as _, Clock};
use bridle_core::release::ReleaseManifest;
use bridle_host::layout::Layout;
use bridle_host::programs;
use bridle_host::world::Releases;

use crate::observe::Sight;
use crate::store::SharedStore;

/// The store, with who looks at what is used.
pub(crate) struct HostReleases {
    layout: Layout,
    store: Arc<SharedStore>,
    sight: Arc<dyn Sight>,
    clock: Arc<dyn Clock>,
}

impl HostReleases {
    pub(crate) fn new(layout: Layout, store: Arc<SharedStore>, sight: Arc<dyn Sight>, clock: Arc<dyn Clock>) -> Self {
        Self { layout, store, sight, clock }
    }

    /// Releases with a number below all of `keep`: newer ones may wait for their turn.
    fn older(&self, keep: &[String]) -> Result<Vec<String>, Fault> {
        let pins = self.store.store().releases().map_err(|error| damaged(&error))?;
        let kept = pins.iter().filter(|pin| keep.contains(&pin.id())).map(|pin| pin.sequence).min();
        let Some(least) = kept else { return Ok(Vec::new()) };
        Ok(pins.iter().filter(|pin| pin.sequence < least && !keep.contains(&pin.id())).map(|pin| pin.id()).collect())
    }
}

impl Releases for HostReleases {
    fn missing(&self, id: &str) -> Result<usize, Fault> {
        self.store.missing(id)
    }

    fn surplus(&self, keep: &[String]) -> Result<Vec<String>, Fault> {
        self.older(keep)
    }

    fn prune(&self, keep: &[String]) -> Result<(), Fault> {
        let older = self.older(keep)?;
        let images = self.sight.images().map_or(InUse::Unknown, InUse::Images);
        for id in &older {
            match self.store.store().remove_release(id, &images, self.clock.now()) {
                Ok(_) | Err(StoreError::Absent { .. }) => {}
                Err(error) => return Err(error.fault_of_upload(self.store.store().root(), Path::new("-"))),
            }
        }
        programs::remove_idle(&self.layout, &older)?;
        self.store.refresh().map_err(|error| damaged(&error))
    }

    fn release(&self, id: &str) -> Result<ReleaseManifest, Fault> {
        self.store.pin(id).map(|pin| pin.manifest)
    }

    fn blob(&self, digest: &Digest) -> Option<PathBuf> {
        self.store.path(digest)
    }

    fn prefer(&self, id: &str) {
        self.store.prefer(Some(id.to_owned()));
    }
}

fn damaged(error: &StoreError) -> Fault {
    Fault::new(FaultCode::StoreDamaged).because(error)
}
