//! What the worker process does with a store or repository, as one call: a request in, an outcome or a fault out.
//!
//! The process may be killed between any two calls of the store, and the same request may come again afterwards.

mod codes;
mod content;
mod owner;
mod reach;
mod recovery;
mod sets;
mod unpack;
mod wal;

#[cfg(test)]
pub(crate) mod tests;

use std::sync::Arc;

use bridle_core::backup::key::RepositoryKey;
use bridle_core::backup::worker::{
    Checked, Content, NewCode, OldCode, Outcome, OwnerSeen, Replacement, Request, Sight, Store, Work,
};
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::port::fs::FileSystem;
use bridle_core::port::names::Names;

use crate::repository::{Reading, Repository, Watch};
use crate::store::{Capabilities, ObjectStore};

/// What the work needs of the machine.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Files.
    pub fs: Arc<dyn FileSystem>,
    /// Names of servers.
    pub names: Arc<dyn Names>,
}

/// Carries out a request.
///
/// # Errors
/// A [`Fault`] without any secret of the request.
pub fn carry_out(request: &Request, around: &Surroundings, watch: &Arc<dyn Watch>) -> Result<Outcome, Fault> {
    let place = &request.store;
    match &request.work {
        Work::Look { key, code } => {
            let key = key.as_ref().map(|key| &key.0);
            look(place, key, code.as_deref(), around).map(|sight| Outcome::Looked(Box::new(sight)))
        }
        Work::Create { key, code, lease, again } => create(place, &key.0, code, lease, *again, around),
        Work::Own { key, lease } => {
            let store = reach::open(place, around)?;
            Repository::open(Arc::clone(&store), &key.0, None)?;
            owner::put(&*store, &key.0, lease).map(|()| Outcome::Owned)
        }
        Work::Rotate { key, code, old, lease } => {
            let store = reach::open(place, around)?;
            let repository = Repository::open(Arc::clone(&store), &key.0, None)?;
            owner::put(&*store, &key.0, lease)?;
            let restic = codes::replace(&store, &repository, code, old)?;
            Ok(Outcome::Coded { mark: None, restic, capabilities: store.capabilities() })
        }
        Work::Rehearse { code } => {
            let store = reach::open(place, around)?;
            let opened = codes::open(&store, &codes::typed(code)?)?;
            let (_, by) = opened.ok_or_else(|| Fault::new(FaultCode::RecoveryCodeOther))?;
            Ok(Outcome::Rehearsed(by))
        }
        Work::Check { key, data } => check(&reach::open(place, around)?, &key.0, *data, watch).map(Outcome::Checked),
        Work::Save { key, lease, save } => {
            sets::save(&reach::open(place, around)?, &key.0, lease, save, watch).map(Outcome::Saved)
        }
        Work::Audit { key, snapshots, percent } => {
            sets::audit(&reach::open(place, around)?, &key.0, (snapshots, *percent), watch).map(Outcome::Audited)
        }
        Work::Commit { key, lease, set } => {
            sets::commit(&reach::open(place, around)?, &key.0, lease, set).map(|()| Outcome::Committed)
        }
        Work::ShipLog { key, ship } => {
            wal::ship(&*reach::open(place, around)?, &key.0, ship).map(|()| Outcome::LogShipped)
        }
        Work::Restorable { key, set } => {
            let found = recovery::restorable(&reach::open(place, around)?, &key.0, *set)?;
            Ok(Outcome::Restorable(Box::new(found)))
        }
        Work::Restore { key, restore } => {
            recovery::restore(&reach::open(place, around)?, &key.0, restore, watch).map(Outcome::Restored)
        }
        Work::FetchLog { key, fetch } => {
            recovery::fetch(&*reach::open(place, around)?, &key.0, fetch).map(Outcome::LogFetched)
        }
        Work::Sets { key, remembered, now } => {
            sets::list(&reach::open(place, around)?, &key.0, (remembered, *now)).map(Outcome::Sets)
        }
    }
}

fn look(place: &Store, key: Option<&RepositoryKey>, code: Option<&str>, around: &Surroundings) -> Result<Sight, Fault> {
    let code = code.map(codes::typed).transpose()?;
    let found = reach::survey(place, around)?;
    if let Some((folder, foreign)) = found.as_ref().filter(|(folder, _)| folder.mark.is_none()) {
        // Nothing is written into a folder before somebody has judged it: what it can do is tried out when it is marked.
        let capabilities = Capabilities { conditional_put: false, checksums: false, paging: true, versioning: false };
        let content = foreign.clone().map_or(Content::Nothing, Content::Foreign);
        return Ok(Sight { folder: Some(folder.clone()), capabilities, content, owner: OwnerSeen::Nobody });
    }
    let store = reach::open(&Store { capabilities: None, ..place.clone() }, around)?;
    let (content, _) = content::of(&store, key, code.as_ref())?;
    let owner = match &content {
        Content::Opened { key, .. } => owner::of(&*store, &key.0)?,
        _ => OwnerSeen::Nobody,
    };
    Ok(Sight { folder: found.map(|(folder, _)| folder), capabilities: store.capabilities(), content, owner })
}

fn create(
    place: &Store,
    key: &RepositoryKey,
    code: &NewCode,
    lease: &Replacement,
    again: bool,
    around: &Surroundings,
) -> Result<Outcome, Fault> {
    let (store, mark) = reach::open_or_mark(place, around)?;
    let present = || Fault::new(FaultCode::RepositoryPresent).with("place", store.location());
    let repository = match content::of(&store, Some(key), None)? {
        (Content::Nothing, _) => Repository::create(Arc::clone(&store), key, None)?,
        (_, Some(repository)) if again => repository,
        (Content::Begun, _) if again => {
            content::clear_begun(&*store)?;
            Repository::create(Arc::clone(&store), key, None)?
        }
        _ => return Err(present()),
    };
    let restic = codes::replace(&store, &repository, code, &OldCode::All)?;
    owner::put(&*store, key, lease)?;
    Ok(Outcome::Coded { mark, restic, capabilities: store.capabilities() })
}

fn check(
    store: &Arc<dyn ObjectStore>,
    key: &RepositoryKey,
    data: bool,
    watch: &Arc<dyn Watch>,
) -> Result<Checked, Fault> {
    let repository = Repository::open(Arc::clone(store), key, None)?;
    let reading = if data { Reading::All } else { Reading::Structure };
    let report = repository.check(reading, None, watch)?;
    // A listing of snapshots that are damaged is no reason to tell nothing of the damage.
    let snapshots = repository.snapshots().map(|found| found.len() as u64);
    let snapshots = if report.count > 0 { snapshots.unwrap_or_default() } else { snapshots? };
    Ok(Checked {
        snapshots,
        count: report.count,
        damages: shortened(report.damages),
        remarks: shortened(report.remarks),
        wrapped: codes::wrapped(&**store)?,
        owner: owner::of(&**store, key)?,
    })
}

/// As much of them as fits into one line of an answer.
fn shortened(words: Vec<String>) -> Vec<String> {
    words.into_iter().take(100).map(|text| text.chars().take(400).collect()).collect()
}
