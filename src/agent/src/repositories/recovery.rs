//! Recoveries: data of a set brought to this host before Kubernetes is there, and files of the logs that its servers ask for then.

use std::path::Path;

use bridle_core::backup::id::SetId;
use bridle_core::backup::recovery::{OrderedSource, RecoveryOrder};
use bridle_core::backup::wal::name::WalObject;
use bridle_core::backup::worker::{FetchLog, Outcome, Restore, Work};
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::port::{Attempt, Copies as _, Proof};
use bridle_host::files;

use super::log::LIMIT;
use super::sets::Door;
use super::{Repositories, unexpected};

impl Repositories {
    /// What is to be brought back; nothing if there is no recovery.
    ///
    /// # Errors
    /// `RecoveryDamaged`.
    pub(crate) fn recovery(&self) -> Result<Option<RecoveryOrder>, Fault> {
        self.recovery.order()
    }

    pub(super) fn is_loaded(&self, source: &str) -> bool {
        self.recovery.is_done(source)
    }

    /// Brings the data of a source to this host, and into their place.
    pub(super) fn load(&self, set: SetId, source: &str, attempt: &mut Attempt<'_>) -> Result<(), Fault> {
        if self.recovery.is_done(source) {
            return Ok(());
        }
        let path = self.layout.recovery_dir().display().to_string();
        let order = self.recovery.order()?.filter(|order| order.set == set);
        let order = order.ok_or_else(|| Fault::new(FaultCode::RecoveryDamaged).with("path", path.as_str()))?;
        let ordered = order.source(source).ok_or_else(|| Fault::new(FaultCode::RecoveryDamaged).with("path", path))?;
        let door = self.door(&order.repository, attempt)?;
        match &ordered.log {
            Some(_) => self.load_server(&door, &order, ordered, attempt)?,
            None => self.load_volume(&door, &order, ordered, attempt)?,
        }
        self.recovery.say_done(source)
    }

    fn load_server(
        &self,
        door: &Door<'_>,
        order: &RecoveryOrder,
        ordered: &OrderedSource,
        attempt: &mut Attempt<'_>,
    ) -> Result<(), Fault> {
        let OrderedSource { source, log, .. } = ordered;
        let unfit = || Fault::new(FaultCode::RecoverySourceUnfit).with("source", source.name.as_str());
        let (Some(log), Some(place)) = (log, &source.log) else { return Err(unfit()) };
        // An earlier try ended between the rename and its record.
        if self.recovery.is_in_place(source, place, order.set) {
            return Ok(());
        }
        let target = self.recovery.stage(source, place, order.set)?;
        self.bring(door, ordered, &target, true, attempt)?;
        self.recovery.put_in_place(source, place, log, order.set)
    }

    fn load_volume(
        &self,
        door: &Door<'_>,
        order: &RecoveryOrder,
        ordered: &OrderedSource,
        attempt: &mut Attempt<'_>,
    ) -> Result<(), Fault> {
        let point = format!("recovery-{}", order.set);
        let folder = self.layout.restore_points_dir().join(&point);
        files::make_dirs(&folder, 0o700)?;
        self.bring(door, ordered, &folder.join("data"), false, attempt)?;
        let source = &ordered.source;
        for claim in self.copies.claims(&point, &source.name)? {
            self.recovery.make_room(source, &claim, order.set)?;
        }
        self.copies.put_back_files(&point, source, attempt)?;
        Ok(std::fs::remove_dir_all(&folder).map_err(files::FileError::new("remove", &folder))?)
    }

    fn bring(
        &self,
        door: &Door<'_>,
        ordered: &OrderedSource,
        target: &Path,
        unpack: bool,
        attempt: &mut Attempt<'_>,
    ) -> Result<(), Fault> {
        let (part, target) = (ordered.source.name.clone(), target.display().to_string());
        let restore = Restore { snapshot: ordered.snapshot, part, target, unpack };
        match self.carried_out(door, Work::Restore { key: door.key.clone(), restore }, attempt)? {
            Outcome::Restored(written) => {
                tracing::info!(source = %ordered.source.name, files = written.files, bytes = written.bytes, "data brought back");
                Ok(())
            }
            _ => Err(unexpected(&door.store)),
        }
    }

    /// Brings a file of a log to `target`; nothing if the repository of the recovery has none of its name.
    ///
    /// # Errors
    /// `RepositoryUnknown`, `RepositoryKeyLost`, or the worker's fault.
    pub(crate) fn fetch_log(
        &self,
        order: &RecoveryOrder,
        object: WalObject,
        target: &Path,
        stop: &dyn Fn() -> bool,
    ) -> Result<Option<Proof>, Fault> {
        let unknown = || Fault::new(FaultCode::RepositoryUnknown).with("repository", order.repository.as_str());
        let settings = self.files.load()?.ok_or_else(unknown)?;
        let (store, secrets) = self.store(settings.get(&order.repository)?)?;
        let fetch = FetchLog { object, target: target.display().to_string() };
        match self.work_within(&store, Work::FetchLog { key: secrets.key, fetch }, LIMIT, stop, &mut |_, _| {})? {
            Outcome::LogFetched(found) => Ok(found),
            _ => Err(unexpected(&store)),
        }
    }
}
