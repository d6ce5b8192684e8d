//! Repositories of backups: which there are, adding, forgetting, checking them, and their recovery codes. Whatever touches a
//! store runs in a worker process; the decisions are made here, and what they need is on disk before a store is written to.

mod add;
mod check;
mod codes;
#[cfg(test)]
pub(crate) mod double;
mod log;
mod recovery;
mod sets;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bridle_core::backup::id::{Incarnation, InstallationId, Ulid};
use bridle_core::backup::lease::{self, Asker, Owner};
use bridle_core::backup::repository::RepositoryName;
use bridle_core::backup::repository::credentials::RepositorySecrets;
use bridle_core::backup::repository::settings::{Entry, Identity, Settings};
use bridle_core::backup::repository::view::{RemovedView, RepositoriesView, RepositoryView};
use bridle_core::backup::worker::{
    Outcome, OwnerSeen, PROTOCOL, Replacement, Request, SecretKey, Sight, Store, Work, memory_of,
};
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::port::{BackupWorker, Clock};
use bridle_core::site::Site;
use bridle_host::backups::BackupFiles;
use bridle_host::layout::Layout;
use bridle_host::recovery::Recovery;
use bridle_host::repositories::{RepositoryFiles, random};
use bridle_host::restore_point::DataCopies;
use bridle_host::{facts, files};
pub(crate) use log::Ready;
use sets::Held;

/// Longest that one work may take that is no check: an object store that answers each call at the last moment.
const LIMIT: Duration = Duration::from_secs(900);
/// Largest site profile that is read, in bytes.
const LARGEST_SITE: u64 = 1024 * 1024;

/// The repositories of this installation.
pub(crate) struct Repositories {
    layout: Layout,
    files: RepositoryFiles,
    worker: Arc<dyn BackupWorker>,
    clock: Arc<dyn Clock>,
    /// What is being worked on: one thing at a time, as a worker may have a quarter of the memory.
    at_work: Mutex<Option<RepositoryName>>,
    /// The repository that a backup is made in.
    held: Mutex<Option<Held>>,
    /// What is known of sets that were made here, and the copies that they are made of.
    backups: BackupFiles,
    copies: DataCopies,
    recovery: Recovery,
    closing: AtomicBool,
}

/// Keeps everything else away until it is dropped.
struct Job<'a>(&'a Repositories);

impl Drop for Job<'_> {
    fn drop(&mut self) {
        *self.0.at_work() = None;
    }
}

impl Repositories {
    pub(crate) fn new(layout: Layout, worker: Arc<dyn BackupWorker>, clock: Arc<dyn Clock>) -> Self {
        let files = RepositoryFiles::on_disk(&layout);
        let (backups, copies) = (BackupFiles::on_disk(&layout), DataCopies::new(layout.clone(), Arc::clone(&clock)));
        let recovery = Recovery::on_disk(&layout);
        let (at_work, held, closing) = (Mutex::new(None), Mutex::new(None), AtomicBool::new(false));
        Self { layout, files, worker, clock, at_work, held, backups, copies, recovery, closing }
    }

    /// Ends what runs, and lets nothing begin any more.
    pub(crate) fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
    }

    /// All repositories.
    ///
    /// # Errors
    /// `RepositorySettingsDamaged`.
    pub(crate) fn list(&self) -> Result<RepositoriesView, Fault> {
        let settings = self.files.load()?;
        let entries = settings.iter().flat_map(|settings| &settings.repositories);
        Ok(RepositoriesView { repositories: entries.map(RepositoryView::of).collect() })
    }

    /// Forgets a repository, but for the token of its lease. Nothing in its store is touched, not even asked.
    ///
    /// # Errors
    /// `RepositoryUnknown`, `RepositoriesBusy`, or the fault of a file.
    pub(crate) fn remove(&self, name: &str, by: &str) -> Result<RemovedView, Fault> {
        let (_job, mut settings, entry) = self.begin(name)?;
        settings.forget(&entry.name);
        self.files.save(&settings)?;
        self.files.prune(&settings)?;
        tracing::info!(repository = %entry.name, by, "repository forgotten");
        Ok(RemovedView { place: entry.place.shown(), name: entry.name })
    }

    fn at_work(&self) -> MutexGuard<'_, Option<RepositoryName>> {
        self.at_work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn held(&self) -> MutexGuard<'_, Option<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn claim(&self, name: &RepositoryName) -> Result<Job<'_>, Fault> {
        let mut at_work = self.at_work();
        if let Some(other) = &*at_work {
            return Err(Fault::new(FaultCode::RepositoriesBusy).with("repository", other.as_str()));
        }
        *at_work = Some(name.clone());
        Ok(Job(self))
    }

    /// Claims a repository that is known.
    fn begin(&self, name: &str) -> Result<(Job<'_>, Settings, Entry), Fault> {
        let unknown = || Fault::new(FaultCode::RepositoryUnknown).with("repository", clip(name));
        let name: RepositoryName = name.parse().map_err(|_| unknown())?;
        let job = self.claim(&name)?;
        let settings = self.files.load()?.ok_or_else(unknown)?;
        let entry = settings.get(&name)?.clone();
        Ok((job, settings, entry))
    }

    /// As [`Self::begin`], where adding it must have come to its end.
    fn begin_ready(&self, name: &str) -> Result<(Job<'_>, Settings, Entry), Fault> {
        let found = self.begin(name)?;
        if found.2.is_ready() {
            return Ok(found);
        }
        Err(Fault::new(FaultCode::RepositoryUnfinished).with("repository", clip(name)))
    }

    /// The settings, or those of an installation that has none yet; these are not on disk.
    fn settings(&self) -> Result<Settings, Fault> {
        if let Some(settings) = self.files.load()? {
            return Ok(settings);
        }
        let life = Ulid::new(self.clock.now(), random()?);
        let installation = InstallationId(Ulid::new(self.clock.now(), random()?));
        let session = Ulid::new(self.clock.now(), random()?);
        Ok(Settings::new(Identity { installation, incarnation: Incarnation(life), session }))
    }

    fn owner(&self, settings: &Settings) -> Owner {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        settings.identity.owner(&self.site(), &host)
    }

    fn site(&self) -> String {
        let text = files::read_limited(&self.layout.site_file(), LARGEST_SITE).ok().flatten();
        text.and_then(|text| Site::parse(&text).ok()).map(|site| site.name).unwrap_or_default()
    }

    /// The lease to write in the place of what was seen, which says that nobody writes now.
    fn lease(
        &self,
        settings: &Settings,
        entry: (&RepositoryName, u64),
        seen: &OwnerSeen,
        told: Option<&str>,
    ) -> Result<Replacement, Fault> {
        let Replacement { before, lease } = self.writing(settings, entry, seen, told)?;
        Ok(Replacement { before, lease: lease::mark(&lease, self.clock.now()) })
    }

    /// The lease to write in the place of what was seen, under which this agent then writes.
    fn writing(
        &self,
        settings: &Settings,
        entry: (&RepositoryName, u64),
        seen: &OwnerSeen,
        told: Option<&str>,
    ) -> Result<Replacement, Fault> {
        let (owner, now, (name, written)) = (self.owner(settings), self.clock.now(), entry);
        seen.replacement(&Asker { owner: &owner, written, now, told }, name.as_str())
    }

    /// The store of an entry as the worker needs it, and the entry's secrets.
    fn store(&self, entry: &Entry) -> Result<(Store, RepositorySecrets), Fault> {
        let secrets = self.files.open(&entry.name, entry.secret)?;
        let store = Store {
            place: entry.place.clone(),
            credentials: secrets.credentials.clone(),
            mark: entry.mark.clone(),
            capabilities: entry.capabilities,
        };
        Ok((store, secrets))
    }

    fn look(&self, store: &Store, key: Option<&SecretKey>, code: Option<&str>) -> Result<Sight, Fault> {
        let work = Work::Look { key: key.cloned(), code: code.map(str::to_owned) };
        match self.work(store, work)? {
            Outcome::Looked(sight) => Ok(*sight),
            _ => Err(unexpected(store)),
        }
    }

    fn work(&self, store: &Store, work: Work) -> Result<Outcome, Fault> {
        self.work_within(store, work, LIMIT, &|| false, &mut |_, _| {})
    }

    fn work_within(
        &self,
        store: &Store,
        work: Work,
        limit: Duration,
        stop: &dyn Fn() -> bool,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Outcome, Fault> {
        let memory = memory_of(facts::memory());
        let request = Request { protocol: PROTOCOL, memory, store: store.clone(), work };
        let stop = || self.closing.load(Ordering::SeqCst) || stop();
        self.worker.run(&request, limit, &stop, progress)
    }
}

/// A worker that answered something else than what it was asked.
fn unexpected(store: &Store) -> Fault {
    Fault::new(FaultCode::WorkerEnded).with("repository", store.place.shown())
}

/// As much of a name that a person typed as is repeated.
fn clip(name: &str) -> String {
    name.chars().take(80).collect()
}
