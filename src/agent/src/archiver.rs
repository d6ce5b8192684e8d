//! Takes the logs of databases out of their spools into every repository, and says when a server may let them go.
//!
//! One thread. Nothing is kept of what it does: a file that was shipped before a stop is shipped again, which finds it there.

mod lane;
mod sources;
#[cfg(test)]
mod tests;
mod wanted;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use bridle_core::backup::id::{Incarnation, Ulid};
use bridle_core::backup::recovery::RecoveryOrder;
use bridle_core::backup::repository::RepositoryName;
use bridle_core::backup::wal::lanes::may_go;
use bridle_core::backup::wal::name::{SystemId, WalFile, WalObject};
use bridle_core::backup::wal::spool::{Acknowledgement, Reason};
use bridle_core::backup::wal::view::{LastFile, LogView, LogsView};
use bridle_core::backup::worker::ShipLog;
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::port::{Clock, Proof, Timestamp};
use bridle_core::release::DataSource;
use bridle_host::database::DatabaseVolume;
use bridle_host::files;
use bridle_host::layout::Layout;
use bridle_host::spool::{Spool, Staged, Waiting, foreign};

use crate::repositories::{Ready, Repositories};
use lane::Lane;
pub(crate) use sources::Sources;

/// Between two looks into the spools.
const PAUSE: Duration = Duration::from_millis(500);
/// Between two cleanings of old acknowledgements.
const CLEANING: Duration = Duration::from_secs(3600);
/// Files of one log that were answered and still lie there; more are asked for again.
const MOST_ANSWERED: usize = 10_000;

/// The thread's work and what is known of it.
pub(crate) struct Archiver {
    layout: Layout,
    repositories: Arc<Repositories>,
    clock: Arc<dyn Clock>,
    logs: Mutex<BTreeMap<String, Log>>,
    closing: Mutex<bool>,
    changed: Condvar,
}

/// What is known of one log.
#[derive(Default)]
struct Log {
    system: Option<SystemId>,
    waiting: u64,
    since: Option<Timestamp>,
    last: Option<LastFile>,
    fault: Option<Fault>,
    /// By repository.
    lanes: BTreeMap<RepositoryName, Lane>,
    /// Files that were answered and that nobody has taken away yet.
    answered: BTreeSet<(WalFile, (u64, u64, i128))>,
    cleaned: Option<Duration>,
}

/// A file of a log that was copied out of its spool.
struct Taken {
    object: WalObject,
    path: String,
    proof: Proof,
    closed: Timestamp,
}

impl Archiver {
    pub(crate) fn new(layout: Layout, repositories: Arc<Repositories>, clock: Arc<dyn Clock>) -> Self {
        let (logs, closing, changed) = (Mutex::default(), Mutex::new(false), Condvar::new());
        Self { layout, repositories, clock, logs, closing, changed }
    }

    /// Starts the thread, which ends when it is told to.
    ///
    /// # Errors
    /// What the system says if there can be no thread.
    pub(crate) fn start(self: &Arc<Self>, sources: Sources) -> std::io::Result<JoinHandle<()>> {
        let archiver = Arc::clone(self);
        std::thread::Builder::new().name("archiver".to_owned()).spawn(move || archiver.work(sources))
    }

    /// Ends the thread soon.
    pub(crate) fn close(&self) {
        *self.closing.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
    }

    /// How it stands with every log.
    pub(crate) fn view(&self) -> LogsView {
        let logs = self.logs();
        let view = |(source, log): (&String, &Log)| LogView {
            source: source.clone(),
            system: log.system,
            waiting: log.waiting,
            since: log.since,
            last: log.last.clone(),
            repositories: log.lanes.iter().map(|(name, lane)| lane.view(name)).collect(),
            fault: log.fault.clone(),
        };
        LogsView { logs: logs.iter().map(view).collect() }
    }

    fn work(&self, mut sources: Sources) {
        // What an earlier agent left on its way.
        if let Err(error) = std::fs::remove_dir_all(self.layout.logs_dir())
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "files of logs on their way");
        }
        loop {
            self.round(sources.now());
            let closing = self.closing.lock().unwrap_or_else(PoisonError::into_inner);
            let waited = self.changed.wait_timeout_while(closing, PAUSE, |closing| !*closing);
            if *waited.unwrap_or_else(PoisonError::into_inner).0 {
                return;
            }
        }
    }

    fn is_closing(&self) -> bool {
        *self.closing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn logs(&self) -> MutexGuard<'_, BTreeMap<String, Log>> {
        self.logs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One look at every spool.
    fn round(&self, sources: &[DataSource]) {
        let (sources, order) = self.with_recovery(sources);
        self.logs().retain(|name, _| sources.iter().any(|source| source.name == *name));
        for source in &sources {
            if self.is_closing() {
                return;
            }
            let served = self.serve(source, order.as_ref());
            let mut logs = self.logs();
            let log = logs.entry(source.name.clone()).or_default();
            let fault = served.err();
            if fault.as_ref().map(|fault| fault.code) != log.fault.as_ref().map(|fault| fault.code) {
                tell(&source.name, fault.as_ref());
            }
            log.fault = fault;
        }
    }

    fn serve(&self, source: &DataSource, order: Option<&RecoveryOrder>) -> Result<(), Fault> {
        let Some(volume) = DatabaseVolume::of(&self.layout, source) else { return Ok(()) };
        let Some(data) = volume.data()? else { return Ok(()) };
        let Some(spool) = Spool::open(&volume, &data)? else { return Ok(()) };
        self.answer_wanted(source, &spool, order)?;
        let waiting = spool.waiting()?;
        self.clean(source, &spool)?;
        let open = self.seen(source, data.system, &waiting);
        if open.is_empty() {
            return Ok(());
        }
        match self.repositories.ready()? {
            Some((incarnation, ready)) if !ready.is_empty() => {
                for waiting in open {
                    let went = self.ship(source, &spool, (data.system, incarnation), waiting, &ready)?;
                    if !went || self.is_closing() {
                        break;
                    }
                }
            }
            _ => {
                for waiting in open {
                    self.let_go(source, &spool, waiting)?;
                }
            }
        }
        Ok(())
    }

    /// Notes what waits, and gives what was not answered yet.
    fn seen(&self, source: &DataSource, system: SystemId, waiting: &[Waiting]) -> Vec<Waiting> {
        let mut logs = self.logs();
        let log = logs.entry(source.name.clone()).or_default();
        let there: BTreeSet<_> = waiting.iter().map(|one| (one.file, one.mark)).collect();
        log.answered.retain(|answered| there.contains(answered));
        let open: Vec<Waiting> =
            waiting.iter().filter(|one| !log.answered.contains(&(one.file, one.mark))).copied().collect();
        log.system = Some(system);
        log.waiting = open.len() as u64;
        log.since = log.since.filter(|_| !open.is_empty()).or_else(|| (!open.is_empty()).then(|| self.clock.now()));
        open
    }

    fn clean(&self, source: &DataSource, spool: &Spool) -> Result<(), Fault> {
        let now = self.clock.monotonic();
        {
            let mut logs = self.logs();
            let log = logs.entry(source.name.clone()).or_default();
            if log.cleaned.is_some_and(|last| now.saturating_sub(last) < CLEANING) {
                return Ok(());
            }
            log.cleaned = Some(now);
        }
        spool.forget(self.clock.now())
    }

    /// Brings a file into every repository that has not failed just now; whether the server was told that it may let it go.
    fn ship(
        &self,
        source: &DataSource,
        spool: &Spool,
        (system, incarnation): (SystemId, Incarnation),
        waiting: Waiting,
        ready: &[Ready],
    ) -> Result<bool, Fault> {
        let object = WalObject { system, incarnation, file: waiting.file };
        let taken = match self.take(source, spool, object)? {
            Ok(taken) => taken,
            Err(Staged::Foreign) => {
                self.answer(source, spool, waiting, &foreign())?;
                return Ok(true);
            }
            Err(_) => return Ok(true),
        };
        self.only(source, ready);
        for to in ready {
            let now = self.clock.monotonic();
            if !self.lane(source, &to.name, |lane| lane.wants(waiting.file, now)) {
                continue;
            }
            let ship =
                ShipLog { object: taken.object, path: taken.path.clone(), proof: taken.proof, closed: taken.closed };
            let shipped = self.repositories.ship(to, ship, &|| self.is_closing());
            match shipped {
                Err(fault) if fault.code == FaultCode::WorkerStopped => return Ok(false),
                Err(fault) if fault.code == FaultCode::LogDiffers => {
                    tracing::error!(source = %source.name, repository = %to.name, file = %waiting.file, "another content is there");
                    self.answer(source, spool, waiting, &Acknowledgement::Refused(Reason::Differs))?;
                    return Ok(true);
                }
                shipped => {
                    let (now, time) = (self.clock.monotonic(), self.clock.now());
                    self.lane(source, &to.name, |lane| lane.came_of(waiting.file, shipped, (now, time)));
                }
            }
        }
        let now = self.clock.monotonic();
        let lanes: Vec<_> =
            ready.iter().map(|to| self.lane(source, &to.name, |lane| lane.state(waiting.file))).collect();
        files::remove_if_there(std::path::Path::new(&taken.path))?;
        if !may_go(&lanes, now) {
            return Ok(false);
        }
        let Proof { bytes: size, digest } = taken.proof;
        self.answer(source, spool, waiting, &Acknowledgement::Durable { digest, size })?;
        Ok(true)
    }

    /// There is no repository: a server that archived nothing would fill its disk.
    fn let_go(&self, source: &DataSource, spool: &Spool, waiting: Waiting) -> Result<(), Fault> {
        self.only(source, &[]);
        let object = WalObject { system: SystemId(1), incarnation: Incarnation(Ulid::NOBODY), file: waiting.file };
        match self.take(source, spool, object)? {
            Ok(Taken { path, proof: Proof { bytes: size, digest }, .. }) => {
                files::remove_if_there(std::path::Path::new(&path))?;
                self.answer(source, spool, waiting, &Acknowledgement::Unwanted { digest, size })
            }
            Err(Staged::Foreign) => self.answer(source, spool, waiting, &foreign()),
            Err(_) => Ok(()),
        }
    }

    fn take(&self, source: &DataSource, spool: &Spool, object: WalObject) -> Result<Result<Taken, Staged>, Fault> {
        let folder = self.layout.logs_dir();
        files::make_dirs(&folder, 0o700)?;
        let path = folder.join(format!("{}-{}", source.name, object.file));
        Ok(match spool.stage(object.file, &path)? {
            Staged::Here { proof, closed } => {
                // The pod's clock is this host's; a time that it made up is no later than now.
                let closed = closed.min(self.clock.now());
                Ok(Taken { object, path: path.display().to_string(), proof, closed })
            }
            other => Err(other),
        })
    }

    fn answer(
        &self,
        source: &DataSource,
        spool: &Spool,
        waiting: Waiting,
        said: &Acknowledgement,
    ) -> Result<(), Fault> {
        spool.acknowledge(waiting.file, said)?;
        let mut logs = self.logs();
        let log = logs.entry(source.name.clone()).or_default();
        if log.answered.len() < MOST_ANSWERED {
            log.answered.insert((waiting.file, waiting.mark));
        }
        log.waiting = log.waiting.saturating_sub(1);
        log.since = None;
        if !matches!(said, Acknowledgement::Refused(_)) {
            let kept = matches!(said, Acknowledgement::Durable { .. });
            log.last = Some(LastFile { file: waiting.file.to_string(), time: self.clock.now(), kept });
        }
        Ok(())
    }

    /// Forgets the lanes of repositories that are no more.
    fn only(&self, source: &DataSource, ready: &[Ready]) {
        let mut logs = self.logs();
        let log = logs.entry(source.name.clone()).or_default();
        log.lanes.retain(|name, _| ready.iter().any(|to| to.name == *name));
    }

    fn lane<T>(&self, source: &DataSource, to: &RepositoryName, act: impl FnOnce(&mut Lane) -> T) -> T {
        let mut logs = self.logs();
        let log = logs.entry(source.name.clone()).or_default();
        act(log.lanes.entry(to.clone()).or_default())
    }
}

fn tell(source: &str, fault: Option<&Fault>) {
    match fault {
        Some(fault) => {
            tracing::warn!(source, code = fault.code.code(), args = ?fault.message.args, causes = ?fault.causes, "spool of the log");
        }
        None => tracing::info!(source, "spool of the log is served again"),
    }
}
