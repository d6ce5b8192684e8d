//! What is measured of host and cluster before a change.

use bridle_core::plan::upgrade::{Changes, Measured};
use bridle_core::upgrade::DiskForecast;

use super::{Changer, Here};

/// An etcd snapshot and the files beside it are not larger than the datastore itself; this is left on top, in bytes.
const SPARE: u64 = 256 * 1024 * 1024;

impl Changer {
    /// Looks at the world; what cannot be seen counts as down.
    pub(super) fn measured(&self, here: &Here, changes: &Changes) -> Measured {
        let seen = self.sight.look().ok();
        let (nodes, workloads) = seen.clone().unwrap_or_default();
        let down = nodes.iter().filter(|node| !node.ready).map(|node| node.name.clone()).collect();
        let short = workloads.iter().filter(|workload| workload.reason.is_some() && workload.ready < workload.wanted);
        Measured {
            disk: self.disk(changes),
            profile_edited: here.edited,
            nodes_down: down,
            workloads_down: short.map(|workload| format!("{}/{}", workload.namespace, workload.name)).collect(),
            answers: seen.is_some(),
            drop_ins: bridle_host::facts::drop_ins(&self.layout),
        }
    }

    fn disk(&self, changes: &Changes) -> DiskForecast {
        let datastore = self.layout.k3s_data().join("server/db/etcd/member/snap/db");
        let datastore = datastore.metadata().map(|file| file.len()).unwrap_or_default();
        // Blobs are in the store already; what comes is what containerd unpacks.
        let needed = changes.images.unpacked.saturating_add(datastore).saturating_add(SPARE);
        let disk = bridle_host::facts::disk(&self.layout.data_dir());
        DiskForecast { needed, free: disk.free_mib.saturating_mul(1024 * 1024) }
    }
}
