//! Revisions of the configuration on disk (`docs/FORMATS.md`): a folder each, complete once its `revision.json` is there, and
//! a mark of the one in force.
//!
//! A revision is prepared before its operation begins, with who asked for it and with the certificates that it names, and put
//! in force by a step of that operation. Every call can be stopped anywhere and made again.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bridle_core::configuration::Profile;
use bridle_core::configuration::revision::{self, FORMAT, LARGEST, MOST, Reason, Revision, folder, number_of};
use bridle_core::durable::{self, FileError};
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::operation::OperationId;
use bridle_core::port::Timestamp;
use bridle_core::port::fs::FileSystem;
use bridle_core::site;
use bridle_core::step::Standing;
use bridle_disk::Disk;
use serde::{Deserialize, Serialize};

use crate::layout::Layout;

/// Most folders that are looked at.
const MOST_FOLDERS: usize = 20_000;
const SITE: &str = "site.toml";
const CERTIFICATES: &str = "ca.pem";
const RECORD: &str = "revision.json";
/// The record of a revision that was never in force.
const PREPARED: &str = "prepared.json";
const MARK: &str = "in-force.json";

/// The revisions of one host.
#[derive(Debug, Clone)]
pub struct Revisions {
    fs: Arc<dyn FileSystem>,
    dir: PathBuf,
    site_file: PathBuf,
}

/// Who brings a revision about, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Who asked for it.
    pub by: String,
    /// What for.
    pub reason: Reason,
    /// The release that is installed.
    pub release: Option<String>,
    /// When.
    pub time: Timestamp,
}

/// Names the revision in force.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mark {
    format: u32,
    number: u64,
}

impl Revisions {
    /// Those of this machine.
    #[must_use]
    pub fn on_disk(layout: &Layout) -> Self {
        Self::new(Arc::new(Disk), &layout.config_dir(), &layout.site_file())
    }

    /// Those in `dir`, for the profile `site_file`.
    #[must_use]
    pub fn new(fs: Arc<dyn FileSystem>, dir: &Path, site_file: &Path) -> Self {
        Self { fs, dir: dir.to_owned(), site_file: site_file.to_owned() }
    }

    /// The profile as it is in `site.toml` now, with the certificates that it names, read from their file.
    ///
    /// # Errors
    /// A [`Fault`] if there is none or it cannot be read. Certificates that cannot be read are left out: the check of the
    /// profile tells of them.
    pub fn file(&self) -> Result<Profile, Fault> {
        let text = durable::read_limited(&*self.fs, &self.site_file, site::LARGEST as u64)?;
        let path = self.site_file.display().to_string();
        let text = text.ok_or_else(|| Fault::new(FaultCode::FileUnreadable).with("path", path))?;
        Ok(self.with_certificates(text))
    }

    /// `text` with the certificates that it names, read from their file.
    #[must_use]
    pub fn with_certificates(&self, text: String) -> Profile {
        let named = site::Site::read(&text).ok().and_then(|site| site.services.ca_path().map(PathBuf::from));
        let read =
            |path: PathBuf| durable::read_limited(&*self.fs, &path, site::services::LARGEST_CA as u64).ok().flatten();
        Profile { ca: named.and_then(read), text }
    }

    /// Numbers of all that are or were in force, ascending.
    ///
    /// # Errors
    /// A [`Fault`] if they cannot be listed.
    pub fn list(&self) -> Result<Vec<u64>, Fault> {
        let there = |number: &u64| self.fs.look(&self.at(*number, RECORD)).is_ok();
        Ok(self.folders()?.into_iter().filter(there).collect())
    }

    /// Records of the newest `most`, newest first; a damaged one is left out.
    ///
    /// # Errors
    /// A [`Fault`] if they cannot be listed.
    pub fn history(&self, most: usize) -> Result<Vec<Revision>, Fault> {
        Ok(self.list()?.into_iter().rev().take(most).filter_map(|number| self.record(number).ok()).collect())
    }

    /// A revision, checked against its digest.
    ///
    /// # Errors
    /// `RevisionUnknown`, or `RevisionDamaged` if its files are not what was written.
    pub fn read(&self, number: u64) -> Result<(Revision, Profile), Fault> {
        let record = self.record(number)?;
        let profile = self.profile(number)?.filter(|profile| profile.digest() == record.profile);
        Ok((record, profile.ok_or_else(|| damaged(number))?))
    }

    /// The revision in force; `None` before the history begins.
    ///
    /// # Errors
    /// `RevisionDamaged`, or a [`Fault`] if the mark cannot be read.
    pub fn in_force(&self) -> Result<Option<(Revision, Profile)>, Fault> {
        let path = self.dir.join(MARK);
        let Some(text) = durable::read_limited(&*self.fs, &path, LARGEST)? else { return Ok(None) };
        let mark: Mark = serde_json::from_str(&text).map_err(|error| damaged(0).because(&error))?;
        if mark.format != FORMAT {
            return Err(damaged(mark.number));
        }
        self.read(mark.number).map(Some)
    }

    /// Begins the history with the profile that is there, if it has not begun.
    ///
    /// # Errors
    /// A [`Fault`] if there is no profile or it cannot be written.
    pub fn begin(&self, account: &Account) -> Result<(), Fault> {
        if durable::read_limited(&*self.fs, &self.dir.join(MARK), LARGEST)?.is_some() {
            return Ok(());
        }
        let profile = self.file()?;
        let number = self.prepare(&profile, account)?;
        self.put(number, &profile.text, account.time)
    }

    /// Writes a revision that an operation will put in force, and gives its number; those that were prepared before and never
    /// put in force go. Must not be called while an operation is open.
    ///
    /// # Errors
    /// A [`Fault`] if it cannot be written.
    pub fn prepare(&self, profile: &Profile, account: &Account) -> Result<u64, Fault> {
        let known = self.list()?;
        for number in self.folders()? {
            if !known.contains(&number) {
                self.remove(number)?;
            }
        }
        let number = known.last().map_or(1, |last| last + 1);
        let record = Revision {
            format: FORMAT,
            number,
            time: account.time,
            by: account.by.clone(),
            reason: account.reason,
            operation: None,
            release: account.release.clone(),
            profile: profile.digest(),
        };
        self.write(number, profile, &record, PREPARED)?;
        Ok(number)
    }

    /// Puts a revision in force: its record is complete, `site.toml` has its text, and the mark names it. One that was not
    /// prepared, or with another text, is made of `text` with the certificates of the revision in force.
    ///
    /// # Errors
    /// A [`Fault`] if it cannot be written; what is read then is the old or the new profile, whole.
    pub fn put(&self, number: u64, text: &str, now: Timestamp) -> Result<(), Fault> {
        let whole = self.read(number).is_ok_and(|(_, profile)| profile.text == text);
        // A record that can be read need not be on disk: it is written again.
        let (record, profile) = match self.read_as(number, if whole { RECORD } else { PREPARED }) {
            Ok((record, profile)) if profile.text == text => (record, profile),
            _ => self.made_up(number, text, now)?,
        };
        self.write(number, &profile, &record, RECORD)?;
        durable::remove_if_there(&*self.fs, &self.at(number, PREPARED))?;
        durable::write_atomic(&*self.fs, &self.site_file, text.as_bytes(), 0o640)?;
        let mark = serde_json::to_vec(&Mark { format: FORMAT, number }).expect("two numbers");
        durable::write_atomic(&*self.fs, &self.dir.join(MARK), &mark, 0o600)?;
        Ok(())
    }

    /// Whether a revision with this text is in force.
    ///
    /// # Errors
    /// A [`Fault`] if the disk cannot be read.
    pub fn standing(&self, number: u64, text: &str) -> Result<Standing, Fault> {
        let file = durable::read_limited(&*self.fs, &self.site_file, site::LARGEST as u64)?;
        let marked = self.in_force().ok().flatten();
        let done = file.as_deref() == Some(text)
            && marked.is_some_and(|(record, profile)| record.number == number && profile.text == text);
        let missing = || Standing::Missing(Message::new("missing-revision").with("revision", number));
        Ok(if done { Standing::Done } else { missing() })
    }

    /// Adds to a record which operation put it in force; one that says it already, or is not there, is left as it is.
    ///
    /// # Errors
    /// A [`Fault`] if it cannot be written.
    pub fn note(&self, number: u64, operation: &OperationId) -> Result<(), Fault> {
        let Ok(mut record) = self.record(number) else { return Ok(()) };
        if record.operation.is_some() {
            return Ok(());
        }
        record.operation = Some(operation.clone());
        durable::write_atomic(&*self.fs, &self.at(number, RECORD), record.to_json().as_bytes(), 0o600)?;
        Ok(())
    }

    /// Removes what is more than [`MOST`]; never the first one, the one in force, or those that are `held` (restore points).
    ///
    /// # Errors
    /// A [`Fault`] if one cannot be removed.
    pub fn prune(&self, held: &[u64]) -> Result<(), Fault> {
        let mut held = held.to_vec();
        held.extend(self.in_force()?.map(|(record, _)| record.number));
        revision::surplus(&self.list()?, &held, MOST).into_iter().try_for_each(|number| self.remove(number))
    }

    fn at(&self, number: u64, name: &str) -> PathBuf {
        self.dir.join(folder(number)).join(name)
    }

    /// Numbers of all folders, ascending; none if there is no directory yet.
    fn folders(&self) -> Result<Vec<u64>, Fault> {
        let entries = match self.fs.list(&self.dir, MOST_FOLDERS) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(FileError::new("list", &self.dir))?,
        };
        let mut numbers: Vec<u64> = entries
            .iter()
            .filter(|entry| entry.directory)
            .filter_map(|entry| number_of(entry.name.to_str()?))
            .collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    fn record(&self, number: u64) -> Result<Revision, Fault> {
        self.record_as(number, RECORD)
    }

    fn record_as(&self, number: u64, name: &str) -> Result<Revision, Fault> {
        let unknown = || Fault::new(FaultCode::RevisionUnknown).with("revision", number);
        let text = durable::read_limited(&*self.fs, &self.at(number, name), LARGEST)?.ok_or_else(unknown)?;
        let record = Revision::parse(&text).map_err(|error| damaged(number).because(&error))?;
        if record.number == number { Ok(record) } else { Err(damaged(number)) }
    }

    fn read_as(&self, number: u64, name: &str) -> Result<(Revision, Profile), Fault> {
        let record = self.record_as(number, name)?;
        let profile = self.profile(number)?.filter(|profile| profile.digest() == record.profile);
        Ok((record, profile.ok_or_else(|| damaged(number))?))
    }

    fn profile(&self, number: u64) -> Result<Option<Profile>, Fault> {
        let text = durable::read_limited(&*self.fs, &self.at(number, SITE), site::LARGEST as u64)?;
        let most = site::services::LARGEST_CA as u64;
        let ca = durable::read_limited(&*self.fs, &self.at(number, CERTIFICATES), most)?;
        Ok(text.map(|text| Profile { text, ca }))
    }

    fn write(&self, number: u64, profile: &Profile, record: &Revision, name: &str) -> Result<(), Fault> {
        durable::make_dirs(&*self.fs, &self.dir, 0o700)?;
        durable::make_dirs(&*self.fs, &self.dir.join(folder(number)), 0o700)?;
        durable::write_atomic(&*self.fs, &self.at(number, SITE), profile.text.as_bytes(), 0o600)?;
        match &profile.ca {
            Some(ca) => durable::write_atomic(&*self.fs, &self.at(number, CERTIFICATES), ca.as_bytes(), 0o600)?,
            None => durable::remove_if_there(&*self.fs, &self.at(number, CERTIFICATES))?,
        }
        durable::write_atomic(&*self.fs, &self.at(number, name), record.to_json().as_bytes(), 0o600)?;
        Ok(())
    }

    fn made_up(&self, number: u64, text: &str, now: Timestamp) -> Result<(Revision, Profile), Fault> {
        let before = self.in_force().ok().flatten();
        let profile = Profile { text: text.to_owned(), ca: before.and_then(|(_, profile)| profile.ca) };
        let record = Revision {
            format: FORMAT,
            number,
            time: now,
            by: "bridle".to_owned(),
            reason: Reason::Changed,
            operation: None,
            release: None,
            profile: profile.digest(),
        };
        Ok((record, profile))
    }

    /// The records go first: a folder without one is no revision.
    fn remove(&self, number: u64) -> Result<(), Fault> {
        for name in [RECORD, PREPARED, CERTIFICATES, SITE] {
            durable::remove_if_there(&*self.fs, &self.at(number, name))?;
        }
        let dir = self.dir.join(folder(number));
        match self.fs.remove_dir(&dir) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(FileError::new("remove", &dir)(error).into())
            }
            _ => Ok(durable::sync_dir(&*self.fs, &self.dir)?),
        }
    }
}

fn damaged(number: u64) -> Fault {
    Fault::new(FaultCode::RevisionDamaged).with("revision", number)
}

#[cfg(test)]
mod tests;
