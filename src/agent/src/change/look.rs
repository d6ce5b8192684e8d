//! What is measured of host and cluster before a change.

use std::collections::BTreeMap;

use bridle_core::plan::Plan;
use bridle_core::plan::upgrade::{self, Changes, Measured};
use bridle_core::release::{DataSource, PostgresqlVersion, ReleaseManifest};
use bridle_core::step::{ClusterStep, Step};
use bridle_core::upgrade::DiskForecast;

use super::Changer;
use crate::configuration::InForce;

/// An etcd snapshot and the files beside it are not larger than the datastore itself; this is left on top, in bytes.
const SPARE: u64 = 256 * 1024 * 1024;

impl Changer {
    /// Looks at the world; what cannot be seen counts as down.
    pub(super) fn measured(
        &self,
        here: &InForce,
        target: &ReleaseManifest,
        changes: &Changes,
        plan: &Plan,
    ) -> Measured {
        let seen = self.sight.look().ok();
        let (nodes, workloads) = seen.clone().unwrap_or_default();
        let down = nodes.iter().filter(|node| !node.ready).map(|node| node.name.clone()).collect();
        let sizes: Vec<(&str, Option<u64>)> =
            copied(plan).map(|source| (source.name.as_str(), self.sight.copy_size(source))).collect();
        let copies = sizes.iter().filter_map(|(_, size)| *size).fold(0, u64::saturating_add);
        let short = workloads.iter().filter(|workload| workload.reason.is_some() && workload.ready < workload.wanted);
        Measured {
            disk: self.disk(changes, copies),
            profile_edited: here.edited,
            nodes_down: down,
            workloads_down: short.map(|workload| format!("{}/{}", workload.namespace, workload.name)).collect(),
            answers: seen.is_some(),
            drop_ins: bridle_host::facts::drop_ins(&self.layout),
            resorted: self.resorted(&here.release.manifest, target),
            unmeasured: sizes.iter().filter(|(_, size)| size.is_none()).map(|(name, _)| (*name).to_owned()).collect(),
        }
    }

    /// Bytes of the indexes that are to be built anew under the servers of `new`, as far as their servers say.
    fn resorted(&self, old: &ReleaseManifest, new: &ReleaseManifest) -> BTreeMap<String, u64> {
        let ask = |(source, _, after): (&DataSource, &PostgresqlVersion, &PostgresqlVersion)| {
            let server = self.sight.database(source).ok()?;
            let bytes =
                server.affected(&after.collation).iter().map(|one| one.index_bytes).fold(0, u64::saturating_add);
            Some((source.name.clone(), bytes))
        };
        upgrade::resorted(old, new).filter_map(ask).collect()
    }

    fn disk(&self, changes: &Changes, copies: u64) -> DiskForecast {
        let datastore = self.layout.k3s_data().join("server/db/etcd/member/snap/db");
        let datastore = datastore.metadata().map(|file| file.len()).unwrap_or_default();
        // Blobs are in the store already; what comes is what containerd unpacks.
        let needed = changes.images.unpacked.saturating_add(datastore).saturating_add(copies).saturating_add(SPARE);
        let disk = bridle_host::facts::disk(&self.layout.data_dir());
        DiskForecast { needed, free: disk.free_mib.saturating_mul(1024 * 1024) }
    }
}

/// The data that the restore point of a plan will hold.
fn copied(plan: &Plan) -> impl Iterator<Item = &DataSource> {
    plan.steps().iter().flat_map(|planned| match &planned.step {
        Step::Cluster(ClusterStep::CopyData { sources, .. }) => sources.as_slice(),
        _ => &[],
    })
}
