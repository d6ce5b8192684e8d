//! The composition root: names the concrete types and puts them together.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bridle_bundle::store::Store;
use bridle_cluster::{KubeCluster, Setup};
use bridle_core::fault::Fault;
use bridle_core::operation::OperationView;
use bridle_core::port::{BackupWorker, Clock, Cluster, Host, Process};
use bridle_host::certificates::Authority;
use bridle_host::clock::SystemClock;
use bridle_host::files::{self, Lock};
use bridle_host::incoming;
use bridle_host::k3s::ApiOutages;
use bridle_host::layout::Layout;
use bridle_host::process::Processes;
use bridle_host::removal::Keeper;
use bridle_host::restore_point::{ChangesFiles, DataCopies};
use bridle_host::sealed::Sealed;
use bridle_host::uploads::UploadFiles;
use bridle_host::worker::BackupProcess;
use bridle_host::world::Machine;
use tokio::signal::unix::{SignalKind, signal};

use crate::archiver::{Archiver, Sources};
use crate::backups::Backups;
use crate::change::Changer;
use crate::cluster_restore::ClusterRestorer;
use crate::configuration::Configurator;
use crate::observe::{Observatory, Sight};
use crate::operations::{Operations, Ports};
use crate::recreate::Renewer;
use crate::releases::HostReleases;
use crate::removal::Remover;
use crate::repositories::Repositories;
use crate::store::SharedStore;
use crate::systemd::Inherited;
use crate::upkeep::Upkeep;
use crate::uploads::Uploads;
use crate::{api, configuration, recovery, registry, removal, systemd, trial};

/// How the agent is started.
#[derive(Debug, Clone)]
pub struct AgentOptions {
    /// Root of all paths; `/` but in tests.
    pub root: PathBuf,
    /// Port of the registry on loopback.
    pub registry_port: u16,
}

impl Default for AgentOptions {
    fn default() -> Self {
        Self { root: "/".into(), registry_port: bridle_core::plan::install::REGISTRY_PORT }
    }
}

/// Why the agent does not run.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// Another agent runs on this host.
    #[error("start agent: another one holds {0}")]
    Second(PathBuf),
    /// A directory or lock cannot be made.
    #[error("start agent")]
    Files(#[from] files::FileError),
    /// The store cannot be opened.
    #[error("open store")]
    Store(#[from] bridle_bundle::store::StoreError),
    /// The journals cannot be read.
    #[error("read journals: {}", .0.code.code())]
    Journals(Box<Fault>),
    /// It cannot listen.
    #[error("listen on {what}")]
    Listen {
        /// Where.
        what: String,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The runtime or a thread cannot be started.
    #[error("start agent's threads")]
    Threads(#[source] std::io::Error),
}

/// The world that an agent works on.
#[derive(Clone)]
pub struct World {
    /// The host.
    pub host: Arc<dyn Host>,
    /// The cluster.
    pub cluster: Arc<dyn Cluster>,
    /// Who looks at the cluster.
    pub sight: Arc<dyn Sight>,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// Runs the agent over this machine until it is told to stop.
///
/// # Errors
/// [`AgentError`] if it cannot start.
pub fn run(options: &AgentOptions) -> Result<(), AgentError> {
    start(options, machine, Some(ended), Arc::new(BackupProcess::of_this_program()))
}

/// Runs the agent over another world until it is told to stop: the same daemon, for simulations.
///
/// # Errors
/// [`AgentError`] if it cannot start.
pub fn run_over(options: &AgentOptions, world: World) -> Result<(), AgentError> {
    run_over_with(options, world, Path::new("/nonexistent/bridle"))
}

/// As [`run_over`], with the program whose worker processes touch repositories of backups.
///
/// # Errors
/// [`AgentError`] if it cannot start.
pub fn run_over_with(options: &AgentOptions, world: World, program: &Path) -> Result<(), AgentError> {
    start(options, |_, _| Ok(world), None, Arc::new(BackupProcess::of(program)))
}

/// What follows the end of an operation on a real machine.
fn ended(layout: &Layout, view: &OperationView) {
    removal::follow(layout, view);
    recovery::follow(layout, view);
    configuration::follow(layout, view, &SystemClock);
}

/// What follows the end of an operation.
type Follow = fn(&Layout, &OperationView);

fn start(
    options: &AgentOptions,
    world: impl FnOnce(&Layout, &Arc<SharedStore>) -> Result<World, AgentError>,
    follow: Option<Follow>,
    worker: Arc<dyn BackupWorker>,
) -> Result<(), AgentError> {
    let log = tracing_subscriber::fmt().without_time().with_ansi(false).with_target(false).with_writer(std::io::stderr);
    let _a_second_agent_of_a_test_shares_it = log.try_init();
    let socket = Layout::under(&options.root).socket();
    let inherited = Inherited::take(&socket, options.registry_port);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(16)
        .enable_all()
        .build()
        .map_err(AgentError::Threads)?;
    let result = runtime.block_on(serve(options, inherited, world, follow, worker));
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    result
}

async fn serve(
    options: &AgentOptions,
    inherited: Inherited,
    world: impl FnOnce(&Layout, &Arc<SharedStore>) -> Result<World, AgentError>,
    follow: Option<Follow>,
    worker: Arc<dyn BackupWorker>,
) -> Result<(), AgentError> {
    let layout = Layout::under(&options.root);
    files::make_dirs(&layout.run_dir(), 0o755)?;
    files::make_dirs(&layout.data_dir(), 0o711)?;
    // Without it releases come another way; it is no reason to serve nobody.
    if let Err(error) = incoming::make(&layout, api::group_id()) {
        tracing::warn!(%error, "folder for releases");
    }
    let lock_path = layout.run_dir().join("agent.lock");
    let _lock = Lock::try_acquire(&lock_path)?.ok_or(AgentError::Second(lock_path))?;
    let store = Arc::new(SharedStore::new(Store::open(&layout.store_dir())?)?);
    let parts = assemble(&layout, &store, world(&layout, &store)?, worker)?;
    if let Some(follow) = follow {
        let layout = layout.clone();
        parts.operations.when_ended(Box::new(move |view| follow(&layout, view)));
    }

    let registry_listener = registry::listen(options.registry_port, inherited.registry)
        .await
        .map_err(|source| AgentError::Listen { what: format!("127.0.0.1:{}", options.registry_port), source })?;
    let api_listener = api::listen(&layout.socket(), inherited.api)?;
    let registry = tokio::spawn(registry::serve(registry_listener, Arc::clone(&store)));
    let api = tokio::spawn(api::serve(api_listener, parts.clone()));
    trial::take_up(&layout, &store, &parts.operations);
    // The registry must answer before Kubernetes asks it for an image.
    let worker = parts.operations.start().map_err(AgentError::Threads)?;
    let archiver = parts
        .archiver
        .start(Sources::new(Arc::clone(&parts.operations), Arc::clone(&store)))
        .map_err(AgentError::Threads)?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "agent is ready");
    systemd::ready();
    tokio::spawn(systemd::keep_alive(Arc::clone(&parts.operations)));
    tokio::spawn(Arc::clone(&parts.observatory).keep_last());
    tokio::spawn(trial::prove(layout.clone(), Arc::clone(&parts.operations)));

    let operations = Arc::clone(&parts.operations);
    tokio::select! {
        () = stopped() => {}
        () = operations.handed_over() => {}
    }
    tracing::info!("agent stops; a running operation goes on with the next start");
    systemd::stopping();
    parts.operations.close();
    parts.archiver.close();
    parts.repositories.close();
    let _joined = tokio::task::spawn_blocking(move || (worker.join(), archiver.join())).await;
    registry.abort();
    api.abort();
    Ok(())
}

/// What the API needs.
#[derive(Clone)]
pub(crate) struct Parts {
    pub(crate) operations: Arc<Operations>,
    pub(crate) observatory: Arc<Observatory>,
    pub(crate) store: Arc<SharedStore>,
    pub(crate) upkeep: Arc<Upkeep>,
    pub(crate) remover: Arc<Remover>,
    pub(crate) renewer: Arc<Renewer>,
    pub(crate) restorer: Arc<ClusterRestorer>,
    pub(crate) changer: Arc<Changer>,
    pub(crate) configurator: Arc<Configurator>,
    pub(crate) uploads: Arc<Uploads>,
    pub(crate) repositories: Arc<Repositories>,
    pub(crate) backups: Arc<Backups>,
    pub(crate) archiver: Arc<Archiver>,
}

fn assemble(
    layout: &Layout,
    store: &Arc<SharedStore>,
    world: World,
    worker: Arc<dyn BackupWorker>,
) -> Result<Parts, AgentError> {
    let repositories = Arc::new(Repositories::new(layout.clone(), worker, Arc::clone(&world.clock)));
    let vault = Arc::clone(&repositories) as _;
    let ports = Ports { host: world.host, cluster: world.cluster, vault, clock: Arc::clone(&world.clock) };
    let operations =
        Operations::load(layout.journal_dir(), ports).map_err(|fault| AgentError::Journals(Box::new(fault)))?;
    let operations = Arc::new(operations);
    let upkeep = Upkeep::new(
        layout.clone(),
        Arc::clone(store),
        Arc::clone(&operations),
        Arc::clone(&world.sight),
        Arc::clone(&world.clock),
    );
    // A removal takes the store's own records away, and an installer may have been stopped before it wrote this one.
    if let Err(fault) = upkeep.remember() {
        tracing::warn!(code = fault.code.code(), causes = ?fault.causes, "record of the releases seen");
    }
    let upkeep = Arc::new(upkeep);
    let uploads = Uploads::new(UploadFiles::on_disk(layout), Arc::clone(&upkeep), Arc::clone(&world.clock));
    let configurator = Arc::new(Configurator::new(
        layout.clone(),
        Arc::clone(&operations),
        Arc::clone(store),
        Arc::clone(&world.sight),
        Arc::clone(&world.clock),
    ));
    let remover = Arc::new(Remover::new(layout.clone(), Arc::clone(&operations), Arc::clone(&world.sight)));
    let changer = Changer::new(
        layout.clone(),
        Arc::clone(&operations),
        Arc::clone(&configurator),
        Arc::clone(store),
        Arc::clone(&world.sight),
        Arc::clone(&world.clock),
    );
    let renewer =
        Renewer::new(layout.clone(), Arc::clone(&operations), Arc::clone(&configurator), Arc::clone(&world.sight));
    let restorer = ClusterRestorer::new(
        layout.clone(),
        Arc::clone(&operations),
        Arc::clone(&configurator),
        Arc::clone(store),
        Arc::clone(&world.sight),
        Arc::clone(&world.clock),
    );
    let backups = Backups::new(
        layout.clone(),
        Arc::clone(&operations),
        Arc::clone(&configurator),
        Arc::clone(&repositories),
        Arc::clone(&world.clock),
    );
    let archiver = Archiver::new(layout.clone(), Arc::clone(&repositories), Arc::clone(&world.clock));
    let observatory = Observatory::new(layout.clone(), world.sight, world.clock, Arc::clone(&operations));
    Ok(Parts {
        operations,
        observatory: Arc::new(observatory),
        store: Arc::clone(store),
        upkeep,
        remover,
        renewer: Arc::new(renewer),
        restorer: Arc::new(restorer),
        changer: Arc::new(changer),
        configurator,
        uploads: Arc::new(uploads),
        repositories,
        backups: Arc::new(backups),
        archiver: Arc::new(archiver),
    })
}

/// The real world: this machine and the cluster on it.
fn machine(layout: &Layout, store: &Arc<SharedStore>) -> Result<World, AgentError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let process: Arc<dyn Process> = Arc::new(Processes);
    let authority = Arc::new(Authority::new(layout.pki_dir(), Arc::clone(&clock)));
    let scratch = layout.run_dir().join("helm");
    files::make_dirs(&scratch, 0o700)?;
    let helm = layout.program("helm");
    let cluster = Arc::new(KubeCluster::new(Setup {
        runtime: tokio::runtime::Handle::current(),
        kubeconfig: layout.kubeconfig(),
        helm: Arc::new(move || Ok(helm.clone())),
        process: Arc::clone(&process),
        blobs: Arc::clone(store) as _,
        certificates: Arc::clone(&authority) as _,
        kept: Arc::new(Keeper::new(layout.clone())),
        sealed: Arc::new(Sealed::new(layout)),
        exports: Arc::new(ChangesFiles::new(layout.clone())),
        outages: Arc::new(ApiOutages::new(layout.clone(), Arc::clone(&process))),
        copies: Arc::new(DataCopies::new(layout.clone(), Arc::clone(&clock))),
        clock: Arc::clone(&clock),
        scratch,
    }));
    let releases = HostReleases::new(layout.clone(), Arc::clone(store), Arc::clone(&cluster) as _, Arc::clone(&clock));
    let machine = Machine::new(layout.clone(), process, Arc::clone(&clock), authority, Arc::new(releases));
    Ok(World { host: Arc::new(machine), cluster: Arc::clone(&cluster) as _, sight: cluster, clock })
}

async fn stopped() {
    let mut terminate = match signal(SignalKind::terminate()) {
        Ok(signal) => signal,
        Err(error) => {
            tracing::error!(%error, "cannot listen for SIGTERM");
            return;
        }
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
