//! Looks at everything for the status view, at most every few seconds however many ask.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bridle_cluster::{Belongings, Changes, KubeCluster};
use bridle_core::configuration::errand::{Errand, Reply};
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::port::{Attempt, Clock, Quiet, Timestamp};
use bridle_core::rehearsal::postgresql::Server;
use bridle_core::rehearsal::{Rehearsal, Report};
use bridle_core::release::{DataSource, Secret};
use bridle_core::site::Site;
use bridle_core::status::{Health, HostView, NodeView, StatusView, WorkloadView, judge};
use bridle_core::step::ChartName;
use bridle_host::facts;
use bridle_host::files;
use bridle_host::layout::Layout;
use sysinfo::{MemoryRefreshKind, RefreshKind, System};

use crate::operations::Operations;

/// How often the last status is kept on disk, for faces while the agent is down.
const KEEP: Duration = Duration::from_secs(60);
/// How long a rehearsal may take.
const REHEARSAL: Duration = Duration::from_secs(180);
/// How long asking a database may take.
const QUESTION: Duration = Duration::from_secs(60);
/// How old a look at the cluster may be.
const FRESH: Duration = Duration::from_secs(2);
/// How long a pod may take that asks services.
const ERRAND: Duration = Duration::from_secs(60);
const MIB: u64 = 1024 * 1024;

/// Nodes and workloads, as they are at one moment.
pub type Seen = (Vec<NodeView>, Vec<WorkloadView>);

/// Who looks at the cluster.
pub trait Sight: Send + Sync {
    /// A cheap look at the whole cluster.
    ///
    /// # Errors
    /// A [`Fault`] if it cannot be seen.
    fn look(&self) -> Result<Seen, Fault>;

    /// Tries everything that a change would apply, without changing anything.
    ///
    /// # Errors
    /// A [`Fault`] if the cluster cannot be asked.
    fn rehearse(&self, _rehearsal: &Rehearsal) -> Result<Report, Fault> {
        Err(Fault::new(FaultCode::KubernetesRefused).with("what", "rehearsal"))
    }

    /// Asks a PostgreSQL server what it is.
    ///
    /// # Errors
    /// A [`Fault`] if it cannot be asked.
    fn database(&self, _source: &DataSource) -> Result<Server, Fault> {
        Err(Fault::new(FaultCode::KubernetesRefused).with("what", "pods"))
    }

    /// How large a copy of a source's data will be, in bytes; `None` if nobody knows.
    fn copy_size(&self, _source: &DataSource) -> Option<u64> {
        None
    }

    /// References and ids of the images that running containers use; `None` if that cannot be told.
    fn images(&self) -> Option<BTreeSet<String>> {
        None
    }

    /// Asks services from a short-lived pod, one reply a question.
    ///
    /// # Errors
    /// A [`Fault`] if that cannot be done; so it is where there is no cluster.
    fn errand(&self, _errand: &Errand) -> Result<Vec<Reply>, Fault> {
        Err(Fault::new(FaultCode::ErrandFailed).output("there is no cluster"))
    }

    /// What was made or changed in the cluster since a moment.
    ///
    /// # Errors
    /// A [`Fault`] if that cannot be told; so it is where there is no cluster to ask.
    fn changes_since(&self, _since: Timestamp) -> Result<Changes, Fault> {
        Err(Fault::new(FaultCode::KubernetesRefused).with("what", "objects"))
    }

    /// What there is of these Helm releases, and what is beside them.
    ///
    /// # Errors
    /// A [`Fault`] if that cannot be told; so it is where there is no cluster to ask.
    fn belongings(&self, _charts: &[ChartName], _secrets: &[Secret]) -> Result<Belongings, Fault> {
        Err(Fault::new(FaultCode::KubernetesRefused).with("what", "objects"))
    }
}

impl Sight for KubeCluster {
    fn look(&self) -> Result<Seen, Fault> {
        self.observe().map(|snapshot| (snapshot.nodes, snapshot.workloads))
    }

    fn rehearse(&self, rehearsal: &Rehearsal) -> Result<Report, Fault> {
        let mut attempt = Attempt { limit: REHEARSAL, progress: &mut Quiet, stop: &|| false };
        KubeCluster::rehearse(self, rehearsal, &mut attempt)
    }

    fn database(&self, source: &DataSource) -> Result<Server, Fault> {
        let mut attempt = Attempt { limit: QUESTION, progress: &mut Quiet, stop: &|| false };
        self.postgresql(source, &mut attempt)
    }

    fn copy_size(&self, source: &DataSource) -> Option<u64> {
        let mut attempt = Attempt { limit: QUESTION, progress: &mut Quiet, stop: &|| false };
        KubeCluster::copy_size(self, source, &mut attempt)
    }

    fn images(&self) -> Option<BTreeSet<String>> {
        self.images_in_use().inspect_err(|fault| tracing::warn!(causes = ?fault.causes, "images in use")).ok()
    }

    fn errand(&self, errand: &Errand) -> Result<Vec<Reply>, Fault> {
        let mut attempt = Attempt { limit: ERRAND, progress: &mut Quiet, stop: &|| false };
        KubeCluster::errand(self, errand, &mut attempt)
    }

    fn changes_since(&self, since: Timestamp) -> Result<Changes, Fault> {
        KubeCluster::changes_since(self, since)
    }

    fn belongings(&self, charts: &[ChartName], secrets: &[Secret]) -> Result<Belongings, Fault> {
        KubeCluster::belongings(self, charts, secrets)
    }
}

/// Whether every server is ready and every workload has what it wants.
pub(crate) fn is_well((nodes, workloads): &Seen) -> bool {
    nodes.iter().all(|node| node.ready) && workloads.iter().all(|workload| workload.ready >= workload.wanted)
}

/// Makes the status view.
pub(crate) struct Observatory {
    layout: Layout,
    cluster: Arc<dyn Sight>,
    clock: Arc<dyn Clock>,
    operations: Arc<Operations>,
    last: Mutex<Option<(Duration, ClusterLook)>>,
}

#[derive(Clone)]
struct ClusterLook {
    seen: Option<Seen>,
    unseen: Option<Message>,
}

impl Observatory {
    pub(crate) fn new(
        layout: Layout,
        cluster: Arc<dyn Sight>,
        clock: Arc<dyn Clock>,
        operations: Arc<Operations>,
    ) -> Self {
        Self { layout, cluster, clock, operations, last: Mutex::new(None) }
    }

    /// The state of everything; takes as long as the Kubernetes API needs, at most some 15 seconds.
    pub(crate) fn status(&self) -> StatusView {
        let look = self.cluster_look();
        let operation = self.operations.current();
        let faults = self.operations.faults();
        let site = self.site();
        let (nodes, workloads) = look.seen.map_or((None, None), |(nodes, workloads)| (Some(nodes), Some(workloads)));
        StatusView {
            time: self.clock.now(),
            agent: Some(env!("CARGO_PKG_VERSION").to_owned()),
            site: site.name,
            front_door: site.host,
            release: self.operations.installed(),
            health: match faults.is_empty() {
                true => judge(nodes.as_deref(), workloads.as_deref(), operation.as_ref()),
                false => Health::Problem,
            },
            nodes,
            workloads,
            cluster_unseen: look.unseen,
            host: Some(self.host()),
            operation,
            faults,
        }
    }

    /// Keeps the status on disk, whenever it is another one than before (the time and this host's figures aside).
    pub(crate) async fn keep_last(self: Arc<Self>) {
        let mut timer = tokio::time::interval(KEEP);
        let mut kept = None;
        loop {
            timer.tick().await;
            let observatory = Arc::clone(&self);
            let before = kept.take();
            kept = tokio::task::spawn_blocking(move || observatory.keep(before)).await.ok().flatten();
        }
    }

    fn keep(&self, before: Option<StatusView>) -> Option<StatusView> {
        let status = self.status();
        let what_counts = |status: &StatusView| StatusView { time: Timestamp(0), host: None, ..status.clone() };
        if before.as_ref().map(what_counts) == Some(what_counts(&status)) {
            return before;
        }
        let bytes = serde_json::to_vec(&status).ok()?;
        match files::write_atomic(&self.layout.status_file(), &bytes, 0o640) {
            Ok(()) => Some(status),
            Err(error) => {
                tracing::warn!(%error, "cannot keep the status on disk");
                None
            }
        }
    }

    fn cluster_look(&self) -> ClusterLook {
        // Holding the lock while looking makes everybody else wait for the same answer.
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.monotonic();
        if let Some((_, look)) = last.as_ref().filter(|(when, _)| now.saturating_sub(*when) < FRESH) {
            return look.clone();
        }
        let look = self.look();
        *last = Some((self.clock.monotonic(), look.clone()));
        look
    }

    fn look(&self) -> ClusterLook {
        if !self.layout.kubeconfig().is_file() {
            return ClusterLook { seen: None, unseen: Some(Message::new("unseen-kubernetes-absent")) };
        }
        match self.cluster.look() {
            Ok(seen) => ClusterLook { seen: Some(seen), unseen: None },
            Err(fault) => ClusterLook { seen: None, unseen: Some(silent(&fault)) },
        }
    }

    fn site(&self) -> Site {
        let text = files::read_limited(&self.layout.site_file(), MIB).ok().flatten();
        text.and_then(|text| Site::parse(&text).ok()).unwrap_or_default()
    }

    fn host(&self) -> HostView {
        let kinds = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
        let memory =
            System::new_with_specifics(kinds).map_or((0, 0), |system| (system.total_memory(), system.used_memory()));
        let load = System::load_average().map_or(0.0, |load| load.one);
        let disk = facts::disk(&self.layout.data_dir());
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a load is a small positive number"
        )]
        let load_hundredths = (load.clamp(0.0, 1e6) * 100.0) as u64;
        HostView {
            name: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            memory_total_mib: memory.0 / MIB,
            memory_used_mib: memory.1 / MIB,
            disk_total_mib: disk.total_mib,
            disk_free_mib: disk.free_mib,
            load_hundredths,
            cpus: std::thread::available_parallelism().map_or(1, |count| count.get() as u64),
        }
    }
}

fn silent(fault: &Fault) -> Message {
    tracing::debug!(code = fault.code.code(), causes = ?fault.causes, "cluster cannot be seen");
    Message::new("unseen-kubernetes-silent")
}
