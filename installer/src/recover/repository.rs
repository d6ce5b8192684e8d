//! The repository that is recovered from: where it is, what opens it, what it offers.

use std::collections::BTreeSet;
use std::path::Path;

use bridle_core::backup::id::SetId;
use bridle_core::backup::recovery_code::{LONGEST, RecoveryCode};
use bridle_core::backup::repository::credentials::{self, Credentials};
use bridle_core::backup::repository::place::{LARGEST_CA, Place};
use bridle_core::backup::set::SetManifest;
use bridle_core::backup::worker::{
    Content, OpenedBy, Outcome, Restorable, Restore, SecretKey, Sets, Sight, Store, Work, Written,
};
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::plan::backup::TRUST;
use bridle_core::port::Timestamp;
use bridle_host::files;
use bridle_host::layout::Layout;

use super::worker::Program;
use crate::arguments::Recover;
use crate::console::Console;
use crate::site::{self, Profile};

/// An opened repository.
pub(super) struct Opening {
    program: Program,
    pub(super) store: Store,
    pub(super) key: SecretKey,
    pub(super) by: OpenedBy,
    pub(super) sight: Sight,
}

/// Opens the repository of the command line with the recovery code.
pub(super) fn open(console: &mut Console, options: &Recover, program: Program) -> Result<Opening, Fault> {
    let ca = options.ca.as_deref().map(|path| text(path, LARGEST_CA as u64 + 1)).transpose()?.unwrap_or_default();
    let place = Place::named(&options.from, &options.region, options.path_style, ca)?;
    let credentials = match (&place, &options.credentials) {
        (Place::Directory { .. }, _) => None,
        (Place::S3(_), Some(path)) => Some(Credentials::parse(&text(path, credentials::LARGEST as u64 + 1)?)?),
        (Place::S3(_), None) => return Err(Fault::new(FaultCode::CredentialsInvalid)),
    };
    let code = match &options.recovery_code {
        Some(path) => text(path, LONGEST as u64 + 1)?,
        None => console.value(&Message::new("recover-code-ask"), "")?,
    };
    RecoveryCode::read(&code).map_err(|error| error.fault())?;
    let mut store = Store { place, credentials, mark: None, capabilities: None };
    let look = Work::Look { key: None, code: Some(code) };
    let Outcome::Looked(sight) = program.work(&store, look)? else { return Err(unexpected(&store)) };
    let sight = *sight;
    let shown = store.place.shown();
    let (key, by) = match &sight.content {
        Content::Opened { key, by: Some(by) } => (key.clone(), by.clone()),
        Content::Closed => return Err(Fault::new(FaultCode::RepositoryKeyWrong).with("place", shown)),
        _ => return Err(Fault::new(FaultCode::RecoveryNothing).with("place", shown)),
    };
    store.mark = sight.folder.as_ref().and_then(|folder| folder.mark.clone());
    store.capabilities = Some(sight.capabilities);
    Ok(Opening { program, store, key, by, sight })
}

impl Opening {
    pub(super) const fn place(&self) -> &Place {
        &self.store.place
    }

    pub(super) fn work(&self, work: Work) -> Result<Outcome, Fault> {
        self.program.work(&self.store, work)
    }

    pub(super) fn unexpected(&self) -> Fault {
        unexpected(&self.store)
    }

    pub(super) fn sets(&self, now: Timestamp) -> Result<Sets, Fault> {
        match self.work(Work::Sets { key: self.key.clone(), remembered: BTreeSet::new(), now })? {
            Outcome::Sets(sets) => Ok(sets),
            _ => Err(self.unexpected()),
        }
    }

    pub(super) fn restorable(&self, set: SetId) -> Result<Restorable, Fault> {
        match self.work(Work::Restorable { key: self.key.clone(), set })? {
            Outcome::Restorable(found) => Ok(*found),
            _ => Err(self.unexpected()),
        }
    }

    /// Brings something of a part of a set to `target`; nothing if the set has no such part.
    pub(super) fn bring(
        &self,
        set: &SetManifest,
        (part, below): (&str, &str),
        target: &Path,
    ) -> Result<Option<Written>, Fault> {
        let snapshot = set.sources.iter().find(|source| source.name == part).and_then(|source| source.snapshot);
        let Some(snapshot) = snapshot else { return Ok(None) };
        let restore =
            Restore { snapshot, part: format!("{part}{below}"), target: target.display().to_string(), unpack: false };
        match self.work(Work::Restore { key: self.key.clone(), restore })? {
            Outcome::Restored(written) => Ok(Some(written)),
            _ => Err(self.unexpected()),
        }
    }

    /// The profile of the site as it was.
    pub(super) fn profile(&self, restorable: &Restorable, layout: &Layout) -> Result<Profile, Fault> {
        files::make_dirs(&layout.run_dir(), 0o755)?;
        let path = layout.run_dir().join("recovered-site.toml");
        files::remove_if_there(&path)?;
        let brought = self.bring(&restorable.set, (TRUST, "/site.toml"), &path);
        let read = brought.and_then(|_| site::read(&path));
        files::remove_if_there(&path)?;
        read?.ok_or_else(|| Fault::new(FaultCode::RecoveryNothing).with("place", self.place().shown()))
    }
}

fn unexpected(store: &Store) -> Fault {
    Fault::new(FaultCode::WorkerEnded).with("repository", store.place.shown())
}

fn text(path: &Path, most: u64) -> Result<String, Fault> {
    let unreadable = || Fault::new(FaultCode::FileUnreadable).with("path", path.display().to_string());
    files::read_limited(path, most)?.ok_or_else(unreadable)
}
