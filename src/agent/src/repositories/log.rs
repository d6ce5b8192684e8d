//! Logs of databases: which repositories are to have them, and how a file gets there. Beside everything else that is done with a
//! repository, because a server's log cannot wait for a backup's hour.

use std::time::Duration;

use bridle_core::backup::id::Incarnation;
use bridle_core::backup::repository::RepositoryName;
use bridle_core::backup::worker::{Outcome, SecretKey, ShipLog, Store, Work};
use bridle_core::fault::Fault;

use super::{Repositories, unexpected};

/// Longest that one file may take: a segment of the largest size over a slow line.
pub(super) const LIMIT: Duration = Duration::from_secs(300);

/// A repository that can take logs, or why it cannot be reached from here at all.
pub(crate) struct Ready {
    /// Its name.
    pub(crate) name: RepositoryName,
    door: Result<(Store, SecretKey), Fault>,
}

impl Repositories {
    /// The life whose logs are written now, and the repositories that are to have them.
    ///
    /// # Errors
    /// `RepositorySettingsDamaged`.
    pub(crate) fn ready(&self) -> Result<Option<(Incarnation, Vec<Ready>)>, Fault> {
        let Some(settings) = self.files.load()? else { return Ok(None) };
        let ready = settings.repositories.iter().filter(|entry| entry.is_ready());
        let doors = ready.map(|entry| {
            let door = self.store(entry).map(|(store, secrets)| (store, secrets.key));
            Ready { name: entry.name.clone(), door }
        });
        Ok(Some((settings.identity.incarnation, doors.collect())))
    }

    /// Puts a file of a log into a repository; it is durable there when this returns.
    ///
    /// # Errors
    /// `RepositoryKeyLost`, or the worker's fault.
    pub(crate) fn ship(&self, to: &Ready, ship: ShipLog, stop: &dyn Fn() -> bool) -> Result<(), Fault> {
        let (store, key) = to.door.clone()?;
        match self.work_within(&store, Work::ShipLog { key, ship }, LIMIT, stop, &mut |_, _| {})? {
            Outcome::LogShipped => Ok(()),
            _ => Err(unexpected(&store)),
        }
    }
}
