//! The lease of a repository as an object: read, and put in the place of what was read.

use bridle_core::backup::key::RepositoryKey;
use bridle_core::backup::lease::{Lease, OBJECT};
use bridle_core::backup::record;
use bridle_core::backup::set::{FOLDER, SetManifest};
use bridle_core::backup::worker::{OwnerSeen, Replacement};
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Message;
use bytes::Bytes;

use super::content::folder;
use crate::store::{Key, ObjectStore, Put, Trouble};

/// Who owns the repository.
pub(super) fn of(store: &dyn ObjectStore, key: &RepositoryKey) -> Result<OwnerSeen, Fault> {
    match store.get(&name(), record::LARGEST as u64) {
        Ok(bytes) => Ok(record::read::<Lease>(OBJECT, &bytes, key).map_or(OwnerSeen::Damaged, OwnerSeen::Lease)),
        Err(error) if error.trouble == Trouble::NotFound => owner_of_sets(store, key),
        Err(error) => Err(error.into()),
    }
}

/// Writes a lease on condition that what it replaces is still there, and looks whether it is it that is there then.
pub(super) fn put(store: &dyn ObjectStore, key: &RepositoryKey, replacement: &Replacement) -> Result<(), Fault> {
    let Replacement { before, lease } = replacement;
    let found = of(store, key)?;
    if found == OwnerSeen::Lease(lease.clone()) {
        return Ok(()); // an earlier try of this very request
    }
    let as_before = match (before, &found) {
        (None, OwnerSeen::Nobody | OwnerSeen::SetsOf(_)) => true,
        (Some(before), OwnerSeen::Lease(found)) => before == found,
        _ => false,
    };
    if !as_before {
        return Err(changed(store));
    }
    let how = if before.is_some() { Put::Replace } else { Put::New };
    match store.put(&name(), &[Bytes::from(record::write(lease, key))], how) {
        Err(error) if error.trouble == Trouble::Exists => return Err(changed(store)),
        written => written?,
    }
    if of(store, key)? == OwnerSeen::Lease(lease.clone()) { Ok(()) } else { Err(changed(store)) }
}

/// Whose the sets are where there is no lease.
fn owner_of_sets(store: &dyn ObjectStore, key: &RepositoryKey) -> Result<OwnerSeen, Fault> {
    let Some(newest) = store.list(&folder(FOLDER))?.pop() else { return Ok(OwnerSeen::Nobody) };
    let bytes = store.get(&newest.key, record::LARGEST as u64)?;
    let set = record::read::<SetManifest>(newest.key.as_str(), &bytes, key);
    Ok(set.map_or(OwnerSeen::Damaged, |set| OwnerSeen::SetsOf(set.installation.id)))
}

/// Somebody else has it now, or nobody.
pub(super) fn changed(store: &dyn ObjectStore) -> Fault {
    let fault = Fault::new(FaultCode::RepositoryOwned).with("repository", store.location());
    fault.detail(Message::new("repository-lease-changed"))
}

fn name() -> Key {
    Key::new(OBJECT).expect("the name keeps the rule")
}
