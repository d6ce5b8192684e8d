//! The cluster port, filled by the Kubernetes API and helm.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bridle_core::backup::wal::base_backup::copy_name;
use bridle_core::configuration::errand::{Errand, Reply};
use bridle_core::digest::Digest;
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::plan::backup::SECRETS_COPY;
use bridle_core::port::{
    Attempt, Blobs, Certificates, Clock, Cluster, Copies, DataStreams, Exports, KeptSecrets, Outages, Process, Proof,
    SealedSecrets, Timestamp,
};
use bridle_core::rehearsal::postgresql::Server;
use bridle_core::rehearsal::{Rehearsal, Report};
use bridle_core::release::{DataKind, DataSource, Probe, Secret};
use bridle_core::step::{ChartName, ClusterStep, Soak, Standing};
use tokio::runtime::Handle;

use crate::application::{self, Belongings};
use crate::changes::{self, Changes};
use crate::connect::ApiServer;
use crate::data::{self, DumpTarget};
use crate::helm::Helm;
use crate::observe::Snapshot;
use crate::patience::Patience;
use crate::postgresql::{self, collation::Which};
use crate::probe::FrontDoor;
use crate::rehearsal::{self, Stage};
use crate::soak::{self, Watch};
use crate::{errand, images, kept, namespaces, nodes, observe, probe, resources, secrets, sighted};

/// How long a source of data may not answer before that counts: after a power cut its pod is still coming up.
const COMING_UP: Duration = Duration::from_secs(180);

/// Finds the helm program of the release in use; asked anew for each run, because an upgrade replaces it.
pub type HelmProgram = Arc<dyn Fn() -> Result<PathBuf, Fault> + Send + Sync>;

/// What a [`KubeCluster`] is made of.
pub struct Setup {
    /// Runtime that carries the network traffic; it must be a multi-threaded one.
    pub runtime: Handle,
    /// Administrator's kubeconfig; read anew whenever it changed (k3s rewrites it when it renews certificates).
    pub kubeconfig: PathBuf,
    /// Finds helm.
    pub helm: HelmProgram,
    /// Runs helm.
    pub process: Arc<dyn Process>,
    /// Finds packed charts.
    pub blobs: Arc<dyn Blobs>,
    /// Certificates of the front door.
    pub certificates: Arc<dyn Certificates>,
    /// Secrets that outlive an uninstallation.
    pub kept: Arc<dyn KeptSecrets>,
    /// Passwords of the site's services.
    pub sealed: Arc<dyn SealedSecrets>,
    /// Copies of data in restore points.
    pub copies: Arc<dyn Copies>,
    /// What the cluster knew beside restore points.
    pub exports: Arc<dyn Exports>,
    /// When the API was away.
    pub outages: Arc<dyn Outages>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Folder for helm's own caches: exists, 0700, owned by the agent, may be emptied at any time.
    pub scratch: PathBuf,
}

/// A cluster behind its Kubernetes API.
pub struct KubeCluster {
    api: ApiServer,
    helm: Helm,
    blobs: Arc<dyn Blobs>,
    certificates: Arc<dyn Certificates>,
    kept: Arc<dyn KeptSecrets>,
    sealed: Arc<dyn SealedSecrets>,
    copies: Arc<dyn Copies>,
    exports: Arc<dyn Exports>,
    outages: Arc<dyn Outages>,
    clock: Arc<dyn Clock>,
    runtime: Handle,
    /// The soak that was just held; the question whether it was takes it away, so that the next one is watched anew.
    held: Mutex<Option<Soak>>,
    /// The servers whose indexes were just built anew whatever was recorded; asked as [`Self::held`].
    built_anew: Mutex<Option<Vec<DataSource>>>,
}

impl KubeCluster {
    /// A cluster; nothing is read or contacted yet.
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        let api = ApiServer::new(setup.runtime.clone(), setup.kubeconfig.clone(), Arc::clone(&setup.clock));
        Self::over(api, setup)
    }

    /// A cluster behind a client that is there already; the kubeconfig is then only for helm.
    #[must_use]
    pub fn with_client(client: kube::Client, setup: Setup) -> Self {
        let api = ApiServer::fixed(setup.runtime.clone(), client, Arc::clone(&setup.clock));
        Self::over(api, setup)
    }

    fn over(api: ApiServer, setup: Setup) -> Self {
        let helm = Helm {
            program: setup.helm,
            process: setup.process,
            kubeconfig: setup.kubeconfig,
            scratch: setup.scratch,
            clock: Arc::clone(&setup.clock),
        };
        Self {
            api,
            helm,
            blobs: setup.blobs,
            certificates: setup.certificates,
            kept: setup.kept,
            sealed: setup.sealed,
            copies: setup.copies,
            exports: setup.exports,
            outages: setup.outages,
            clock: setup.clock,
            runtime: setup.runtime,
            held: Mutex::new(None),
            built_anew: Mutex::new(None),
        }
    }

    /// A cheap look at everything, for the status view: a few list requests, each limited to five seconds.
    ///
    /// # Errors
    /// `KubernetesRefused` if the API does not answer.
    pub fn observe(&self) -> Result<Snapshot, Fault> {
        observe::snapshot(&self.api)
    }

    /// References and ids of the images that the pods of the cluster use.
    ///
    /// # Errors
    /// `KubernetesRefused` if the API does not answer.
    pub fn images_in_use(&self) -> Result<std::collections::BTreeSet<String>, Fault> {
        images::in_use(&self.api)
    }

    /// What there is of these Helm releases, and what is beside them; a list request for each kind of object.
    ///
    /// # Errors
    /// `KubernetesRefused` if the API does not answer.
    pub fn belongings(&self, charts: &[ChartName], secrets: &[Secret]) -> Result<Belongings, Fault> {
        application::belongings(&self.api, charts, secrets)
    }

    /// What was made or changed since a moment.
    ///
    /// # Errors
    /// `KubernetesRefused` if the API does not answer.
    pub fn changes_since(&self, since: Timestamp) -> Result<Changes, Fault> {
        changes::since(&self.api, since)
    }

    /// Tries an upgrade without changing anything: what would be refused, what would be interrupted. About two requests an
    /// object; `attempt` limits the whole.
    ///
    /// # Errors
    /// `KubernetesRefused` if the API does not answer, `ProgramFailed` if helm cannot be run, or `DeadlinePassed`.
    pub fn rehearse(&self, rehearsal: &Rehearsal, attempt: &mut Attempt<'_>) -> Result<Report, Fault> {
        let stage = Stage { api: &self.api, helm: &self.helm, blobs: self.blobs.as_ref(), clock: self.clock.as_ref() };
        rehearsal::hold(&stage, rehearsal, attempt)
    }

    /// Asks a PostgreSQL server what it is; a question a database, each limited to a minute.
    ///
    /// # Errors
    /// `DatabaseUnreachable` if no pod of it runs, `PodCommandFailed`, `DatabaseUnclear`, `KubernetesRefused`, or
    /// `DeadlinePassed`.
    pub fn postgresql(&self, source: &DataSource, attempt: &mut Attempt<'_>) -> Result<Server, Fault> {
        postgresql::facts(&self.api, &self.api, self.clock.as_ref(), source, attempt)
    }

    /// How large a copy of a source's data will be, in bytes; `None` if that is not known: a command that never ran, or what
    /// cannot be asked.
    pub fn copy_size(&self, source: &DataSource, attempt: &mut Attempt<'_>) -> Option<u64> {
        match source.kind {
            DataKind::Postgresql => self.postgresql(source, attempt).ok().map(|server| server.bytes()),
            DataKind::Volume => {
                let claims = data::claims(&self.api, source).ok()?;
                self.copies.measure(&source.namespace, &claims).ok()
            }
            DataKind::Command => self.copies.last_size(&source.name),
            DataKind::None => Some(0),
        }
    }

    /// Asks services from a short-lived pod, one reply a question; at most a minute and a half.
    ///
    /// # Errors
    /// `ErrandFailed` with its cause, or `KubernetesRefused`.
    pub fn errand(&self, errand: &Errand, attempt: &mut Attempt<'_>) -> Result<Vec<Reply>, Fault> {
        errand::hold(&self.api, self.clock.as_ref(), errand, attempt)
    }

    fn copied(&self, point: &str, sources: &[DataSource]) -> Result<Standing, Fault> {
        for source in sources {
            if !self.copies.holds(point, &source.name)? {
                return Ok(Standing::Missing(Message::new("missing-copy").with("source", source.name.as_str())));
            }
        }
        Ok(Standing::Done)
    }

    fn copy(&self, point: &str, sources: &[DataSource], attempt: &mut Attempt<'_>) -> Result<(), Fault> {
        let end = self.clock.monotonic().saturating_add(attempt.limit);
        for source in sources {
            if self.copies.holds(point, &source.name)? {
                continue;
            }
            let limit = end.saturating_sub(self.clock.monotonic());
            let mut attempt = Attempt { limit, progress: &mut *attempt.progress, stop: attempt.stop };
            match source.kind {
                DataKind::Postgresql | DataKind::Command => {
                    self.keep_stream((point, &source.name), source, &Self::dump, &mut attempt)?;
                }
                DataKind::Volume => {
                    let claims = data::claims(&self.api, source)?;
                    self.copies.files(point, source, &claims, &mut attempt)?;
                }
                DataKind::None => {}
            }
        }
        Ok(())
    }

    fn has_base(&self, point: &str, source: &DataSource) -> Result<bool, Fault> {
        Ok(self.copies.holds(point, &copy_name(&source.name))? && self.copies.base(point, &source.name).is_ok())
    }

    fn bases_copied(&self, point: &str, sources: &[DataSource]) -> Result<Standing, Fault> {
        for source in sources {
            if !self.has_base(point, source)? {
                return Ok(Standing::Missing(Message::new("missing-copy").with("source", source.name.as_str())));
            }
        }
        Ok(Standing::Done)
    }

    fn copy_bases(&self, point: &str, sources: &[DataSource], attempt: &mut Attempt<'_>) -> Result<(), Fault> {
        let end = self.clock.monotonic().saturating_add(attempt.limit);
        for source in sources {
            if self.has_base(point, source)? {
                continue;
            }
            let limit = end.saturating_sub(self.clock.monotonic());
            let mut attempt = Attempt { limit, progress: &mut *attempt.progress, stop: attempt.stop };
            self.keep_stream((point, &copy_name(&source.name)), source, &Self::pour_base, &mut attempt)?;
            // A copy that does not say where its log stood is none.
            self.copies.base(point, &source.name)?;
        }
        Ok(())
    }

    fn copy_secrets(&self, point: &str, secrets: &[Secret], attempt: &mut Attempt<'_>) -> Result<(), Fault> {
        let text = kept::text(&self.api, secrets, attempt)?;
        let mut copy = self.copies.begin(point, SECRETS_COPY)?;
        let unwritten =
            |path: String, error: &std::io::Error| Fault::new(FaultCode::WriteFailed).with("path", path).because(error);
        copy.write_all(text.as_bytes()).map_err(|error| unwritten(copy.path(), &error))?;
        copy.keep(&Proof { bytes: text.len() as u64, digest: Digest::of(text.as_bytes()) })
    }

    /// A pod that is still coming up after a power cut is waited for; a command that wrote something and then failed is not: its
    /// pod was up.
    fn keep_stream(
        &self,
        (point, name): (&str, &str),
        source: &DataSource,
        pour: &Pour,
        attempt: &mut Attempt<'_>,
    ) -> Result<(), Fault> {
        let patience = Patience::new(self.clock.as_ref(), COMING_UP.min(attempt.limit));
        loop {
            let mut copy = self.copies.begin(point, name)?;
            let (path, limit) = (copy.path(), copy.limit());
            let mut target = DumpTarget { to: &mut *copy, path: &path, limit };
            let fault = match pour(self, source, &mut target, attempt) {
                Ok(proof) => return copy.keep(&proof),
                Err(fault) => fault,
            };
            if !passes(&fault, copy.written()) || patience.pause(attempt.stop, &source.name).is_err() {
                return Err(fault);
            }
        }
    }

    fn dump(
        &self,
        source: &DataSource,
        target: &mut DumpTarget<'_>,
        attempt: &mut Attempt<'_>,
    ) -> Result<Proof, Fault> {
        match source.kind {
            DataKind::Postgresql => postgresql::dump(&self.api, &self.api, source, target, attempt),
            _ => data::pour(&self.api, &self.api, source, target, attempt),
        }
    }

    fn pour_base(
        &self,
        source: &DataSource,
        target: &mut DumpTarget<'_>,
        attempt: &mut Attempt<'_>,
    ) -> Result<Proof, Fault> {
        postgresql::base(&self.api, &self.api, source, target, attempt)
    }

    fn soak(&self, soak: &Soak, attempt: &mut Attempt<'_>) -> Result<(), Fault> {
        *self.held() = None;
        let door = self.front_door(&soak.host, &soak.address)?;
        let walk = |probe: &Probe, stop: &dyn Fn() -> bool| probe::walk(&self.runtime, &door, probe, stop);
        soak::hold(&Watch { api: &self.api, clock: self.clock.as_ref(), walk: &walk }, soak, attempt)?;
        *self.held() = Some(soak.clone());
        Ok(())
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Option<Soak>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn built_anew(&self) -> std::sync::MutexGuard<'_, Option<Vec<DataSource>>> {
        self.built_anew.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn front_door(&self, host: &str, address: &str) -> Result<FrontDoor, Fault> {
        let pair = self.certificates.front_door(host)?;
        FrontDoor::new(host, address, &pair.certificate)
    }
}

impl DataStreams for KubeCluster {
    fn pour(&self, source: &DataSource, to: &mut dyn Write, attempt: &mut Attempt<'_>) -> Result<Proof, Fault> {
        let mut target = DumpTarget { to, path: &source.name, limit: u64::MAX };
        self.dump(source, &mut target, attempt)
    }

    fn pour_back(
        &self,
        source: &DataSource,
        from: &mut dyn Read,
        proof: &Proof,
        attempt: &mut Attempt<'_>,
    ) -> Result<(), Fault> {
        data::pour_back(&self.api, &self.api, source, (from, proof), attempt)
    }
}

impl Cluster for KubeCluster {
    fn probe(&self, step: &ClusterStep) -> Result<Standing, Fault> {
        match step {
            ClusterStep::NodeReady { node, version } => Ok(nodes::probe(&self.api, node, version.as_deref())),
            ClusterStep::Namespaces { namespaces } => namespaces::probe(&self.api, namespaces),
            ClusterStep::SiteSecrets { secrets, host } => {
                secrets::probe(&self.api, secrets, host, self.certificates.as_ref())
            }
            ClusterStep::SiteServices(wanted) => secrets::services::probe(&self.api, wanted, self.sealed.as_ref()),
            ClusterStep::CustomResources { chart, package } => {
                resources::probe(&self.api, chart, &resources::read(self.blobs.as_ref(), chart, package)?)
            }
            ClusterStep::Chart(chart) => self.helm.probe_chart(&self.api, chart),
            ClusterStep::Charts(charts) => self.helm.probe_charts(&self.api, charts),
            ClusterStep::ChartGone { name, namespace } => Helm::probe_gone(&self.api, name, namespace),
            ClusterStep::ChartsGone { charts } => Helm::probe_charts_gone(&self.api, charts),
            ClusterStep::KeepSecrets { secrets } => kept::probe(&self.api, secrets, self.kept.as_ref()),
            ClusterStep::RefreshCollation { sources, anew: true }
                if self.built_anew().take().as_ref() != Some(sources) =>
            {
                Ok(Standing::Missing(Message::new("missing-indexes-anew")))
            }
            ClusterStep::RefreshCollation { sources, .. } => {
                postgresql::collation::probe(&self.api, &self.api, self.clock.as_ref(), sources)
            }
            ClusterStep::CopyData { point, sources } => self.copied(point, sources),
            ClusterStep::CopyBases { point, sources } => self.bases_copied(point, sources),
            ClusterStep::CopySecrets { point, .. } => Ok(match self.copies.holds(point, SECRETS_COPY)? {
                true => Standing::Done,
                false => Standing::Missing(Message::new("missing-copy").with("source", SECRETS_COPY)),
            }),
            ClusterStep::ExportChanges(export) => changes::probe(export, self.exports.as_ref()),
            ClusterStep::Soak(soak) => Ok(match self.held().take() {
                Some(held) if held == **soak => Standing::Done,
                _ => Standing::Missing(Message::new("missing-soak")),
            }),
            ClusterStep::LeftoversGone { charts, secrets } => application::probe(&self.api, charts, secrets),
            // Journeys write and clean up after themselves; nothing short of doing them shows that the platform works.
            ClusterStep::Probes { probes, host, address } => {
                Ok(probe::stand(&self.runtime, &self.front_door(host, address)?, probes))
            }
        }
    }

    fn apply(&self, step: &ClusterStep, attempt: &mut Attempt<'_>) -> Result<(), Fault> {
        let clock = self.clock.as_ref();
        match step {
            ClusterStep::NodeReady { node, version } => {
                nodes::apply(&self.api, clock, node, version.as_deref(), attempt)
            }
            ClusterStep::Namespaces { namespaces } => namespaces::apply(&self.api, clock, namespaces, attempt),
            ClusterStep::SiteSecrets { secrets, host } => {
                kept::take_over(&self.api, secrets, self.kept.as_ref())?;
                secrets::apply(&self.api, secrets, host, self.certificates.as_ref(), attempt)
            }
            ClusterStep::SiteServices(wanted) => {
                secrets::services::apply(&self.api, wanted, self.sealed.as_ref(), attempt)
            }
            ClusterStep::CustomResources { chart, package } => {
                let definitions = resources::read(self.blobs.as_ref(), chart, package)?;
                resources::apply(&self.api, clock, chart, &definitions, attempt)
            }
            ClusterStep::Chart(chart) => {
                sighted::wait(self.outages.as_ref(), clock, attempt)?;
                self.helm.apply_chart(&self.api, self.blobs.as_ref(), chart, attempt)
            }
            ClusterStep::Charts(charts) => {
                sighted::wait(self.outages.as_ref(), clock, attempt)?;
                self.helm.apply_charts(&self.api, self.blobs.as_ref(), charts, attempt)
            }
            ClusterStep::ChartGone { name, namespace } => self.helm.apply_gone(&self.api, name, namespace, attempt),
            ClusterStep::ChartsGone { charts } => self.helm.apply_charts_gone(&self.api, charts, attempt),
            ClusterStep::KeepSecrets { secrets } => kept::keep(&self.api, secrets, self.kept.as_ref(), attempt),
            ClusterStep::RefreshCollation { sources, anew } => {
                let which = if *anew { Which::Sorted } else { Which::Mismatched };
                postgresql::collation::apply(&self.api, &self.api, clock, (sources, which), attempt)?;
                *self.built_anew() = anew.then(|| sources.clone());
                Ok(())
            }
            ClusterStep::CopyData { point, sources } => self.copy(point, sources, attempt),
            ClusterStep::CopyBases { point, sources } => self.copy_bases(point, sources, attempt),
            ClusterStep::CopySecrets { point, secrets } => self.copy_secrets(point, secrets, attempt),
            ClusterStep::ExportChanges(export) => changes::apply(&self.api, export, self.exports.as_ref(), attempt),
            ClusterStep::Soak(soak) => self.soak(soak, attempt),
            ClusterStep::LeftoversGone { charts, secrets } => {
                application::apply(&self.api, clock, (charts, secrets), attempt)
            }
            ClusterStep::Probes { probes, host, address } => {
                probe::apply(&self.runtime, clock, &self.front_door(host, address)?, probes, attempt)
            }
        }
    }
}

/// What pours a source out.
type Pour = dyn Fn(&KubeCluster, &DataSource, &mut DumpTarget<'_>, &mut Attempt<'_>) -> Result<Proof, Fault>;

/// Whether a copy that failed after so many bytes of it may come when its pod is up.
fn passes(fault: &Fault, written: u64) -> bool {
    match fault.code {
        FaultCode::DatabaseUnreachable | FaultCode::SourceUnreachable | FaultCode::KubernetesRefused => true,
        FaultCode::PodCommandFailed => written == 0,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
