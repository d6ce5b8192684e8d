//! The database of Kubernetes from a restore point, for a cluster that does not come up (`k3s-contract.md` §2, decision 0027).
//!
//! Whatever the moment of a cut, nothing starts on a database that is half there: the unit is disabled first and stays so,
//! and the whole is done again. k3s marks a reset with `db/reset-flag`, which its next start removes; only with a path does a
//! reset pass that mark, so a reset without one is never asked for here.

use std::path::PathBuf;
use std::time::Duration;

use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::port::fs::FileSystem as _;
use bridle_core::port::{Attempt, Command};
use bridle_core::step::{DatastoreRestore, Standing};
use bridle_disk::Disk;
use serde::{Deserialize, Serialize};

use super::K3s;
use crate::files::{self, FileError};
use crate::programs;

/// Version of the format of the mark.
const FORMAT: u32 = 1;
/// Largest mark that is read, in bytes.
const LARGEST: u64 = 4096;
/// Longest time that k3s gets to put a database back.
const LIMIT: Duration = Duration::from_secs(600);
/// Replaced databases that are kept: the first one is what was there before, the others are of later attempts.
const OLD_DATABASES: usize = 4;
/// Most entries of k3s's folder of databases that are looked at.
const MOST: usize = 10_000;

/// From which restore point the database is (`docs/FORMATS.md`); holds only until the next start of Kubernetes.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    format: u32,
    point: String,
}

impl K3s {
    /// Whether the database is that of the restore point, untouched since, and Kubernetes set as it is to run on it.
    ///
    /// # Errors
    /// A [`Fault`] if a file cannot be read.
    pub fn restored(&self, restore: &DatastoreRestore) -> Result<Standing, Fault> {
        let text = files::read_limited(&self.layout.restored_file(), LARGEST)?;
        let mark = text.and_then(|text| serde_json::from_str::<Mark>(&text).ok());
        if mark.as_ref() != Some(&Mark::of(restore)) || !self.reset_flag().is_file() {
            let message = Message::new("missing-restored-datastore").with("point", restore.point.as_str());
            return Ok(Standing::Missing(message));
        }
        match self.configured(&restore.switch.settings)? {
            Standing::Done => Ok(self.linked(&restore.switch.settings.release).unwrap_or(Standing::Done)),
            missing => Ok(missing),
        }
    }

    /// Stops Kubernetes with its pods, and puts its database back; the programs of the release are in place.
    ///
    /// The pods go because they are newer than what the database will know of them: two of one name would share a volume.
    ///
    /// # Errors
    /// A [`Fault`] if the point is not what was kept (then nothing is touched), a file cannot be written, or k3s does not
    /// take the snapshot.
    pub fn restore(&self, restore: &DatastoreRestore, attempt: &mut Attempt<'_>) -> Result<(), Fault> {
        let snapshot = self.points().snapshot(&restore.point)?;
        files::remove_if_there(&self.layout.restored_file())?;
        self.stop()?;
        if let Standing::Missing(what) = self.stopped()? {
            return Err(Fault::new(FaultCode::EffectMissing).detail(what));
        }
        programs::point(&self.layout, &self.layout.kubernetes_link(), &restore.switch.settings.release)?;
        self.points().identity_back(&restore.point)?;
        self.configure(&restore.switch.settings)?;
        files::remove_if_there(&self.reset_flag())?;
        self.tidy()?;
        attempt.progress.waiting(Message::new("wait-datastore"));
        let path = format!("--cluster-reset-restore-path={}", snapshot.display());
        let command = Command::new(self.layout.k3s())
            .args(["server", "--cluster-reset", &path])
            .env("HOME", "/nonexistent")
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .limit(attempt.limit.min(LIMIT));
        let refused = || Fault::new(FaultCode::DatastoreNotRestored).with("point", restore.point.as_str());
        let output = self.process.run(&command, attempt.stop).map_err(|error| refused().because(&error))?;
        // The mark counts, and not the words: k3s writes it when all is done, and ends.
        if !self.reset_flag().is_file() {
            return Err(refused().output(&output.complaint()));
        }
        files::sync_file_systems(&[self.layout.k3s_data()])?;
        let text = serde_json::to_string(&Mark::of(restore)).expect("a mark holds a number and a text");
        Ok(files::write_atomic(&self.layout.restored_file(), text.as_bytes(), 0o600)?)
    }

    fn reset_flag(&self) -> PathBuf {
        self.layout.k3s_data().join("server/db/reset-flag")
    }

    /// Each restore leaves the database before beside the new one (`etcd-old-TIME`); between first and last some go.
    fn tidy(&self) -> Result<(), Fault> {
        let dir = self.layout.k3s_data().join("server/db");
        let entries = match Disk.list(&dir, MOST) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            entries => entries.map_err(FileError::new("list", &dir))?,
        };
        let names =
            entries.into_iter().filter(|entry| entry.directory).filter_map(|entry| entry.name.into_string().ok());
        let mut old: Vec<String> = names.filter(|name| name.starts_with("etcd-old-")).collect();
        old.sort();
        let surplus = old.len().saturating_sub(OLD_DATABASES);
        for path in old.iter().skip(1).take(surplus).map(|name| dir.join(name)) {
            std::fs::remove_dir_all(&path).map_err(FileError::new("remove", &path))?;
        }
        Ok(())
    }
}

impl Mark {
    fn of(restore: &DatastoreRestore) -> Self {
        Self { format: FORMAT, point: restore.point.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_of_the_first_version_is_still_understood() {
        let mark: Mark = serde_json::from_str(r#"{"format":1,"point":"0002-upgrade"}"#).expect("a mark");
        assert_eq!(mark, Mark { format: FORMAT, point: "0002-upgrade".to_owned() });
    }
}
