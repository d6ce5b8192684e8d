//! Recovery codes of a repository (decision 0033): the wrapped key and the key of restic's own, always both.

use std::sync::Arc;

use bridle_core::backup::id::Ulid;
use bridle_core::backup::key::RepositoryKey;
use bridle_core::backup::recovery_code::RecoveryCode;
use bridle_core::backup::worker::{NewCode, OldCode, OpenedBy};
use bridle_core::backup::wrapped_key::{FOLDER, LARGEST, WrappedKey, WrappedKeyError};
use bridle_core::fault::{Fault, FaultCode};
use bytes::Bytes;

use super::content::folder;
use crate::repository::{Repository, RepositoryError};
use crate::store::{Key, ObjectStore, Put, Trouble};

/// Most wrapped keys that are looked at.
const MOST: usize = 100;

/// A code that a person typed.
pub(super) fn typed(text: &str) -> Result<RecoveryCode, Fault> {
    RecoveryCode::read(text).map_err(|error| error.fault())
}

/// The key of the repository and how `code` opened it, in both ways; nothing if no wrapped key is this code's.
pub(super) fn open(
    store: &Arc<dyn ObjectStore>,
    code: &RecoveryCode,
) -> Result<Option<(RepositoryKey, OpenedBy)>, Fault> {
    for object in store.list(&folder(FOLDER))?.into_iter().take(MOST) {
        let bytes = store.get(&object.key, LARGEST as u64)?;
        let wrapped = match WrappedKey::parse(&bytes) {
            Ok(wrapped) if wrapped.object() == object.key.as_str() => wrapped,
            // One that is damaged, or of a newer version, must not keep the others from opening.
            _ => continue,
        };
        match wrapped.open(code) {
            Ok(key) => {
                let opened = Repository::open_with_password(Arc::clone(store), &code.text(), None);
                let restic = match opened {
                    Ok(repository) => repository.opened_by().to_owned(),
                    Err(error @ RepositoryError::KeyWrong { .. }) => {
                        return Err(Fault::new(FaultCode::RecoveryCodeOther).because(&error));
                    }
                    Err(error) => return Err(error.into()),
                };
                return Ok(Some((key, OpenedBy { wrapped, restic })));
            }
            Err(WrappedKeyError::OtherCode | WrappedKeyError::Damaged | WrappedKeyError::Format(_)) => {}
        }
    }
    Ok(None)
}

/// Writes the keys of a new code, opens both, and only then removes the old ones, the wrapped one first; the name of the new
/// key of restic's own.
pub(super) fn replace(
    store: &Arc<dyn ObjectStore>,
    repository: &Repository,
    new: &NewCode,
    old: &OldCode,
) -> Result<String, Fault> {
    let code = typed(&new.code)?;
    repository.add_password(&code.text())?;
    let name = new.wrapped.object();
    let object = Key::new(name.as_str()).ok_or_else(|| Fault::new(FaultCode::Internal))?;
    match store.put(&object, &[Bytes::from(new.wrapped.to_json())], Put::New) {
        // An earlier try of this very request, whose end nobody heard.
        Err(error) if error.trouble == Trouble::Exists => {}
        written => written?,
    }
    let opened = open(store, &code)?.filter(|(_, by)| by.wrapped == new.wrapped);
    // Not always the one that was just added: a request that comes again adds a second one with the same password.
    let restic = opened.ok_or_else(|| Fault::new(FaultCode::RecordDamaged).with("object", name))?.1.restic;
    match old {
        OldCode::Known { wrapped, restic: before } => {
            remove_wrapped(&**store, *wrapped)?;
            repository.remove_password(before)?;
        }
        OldCode::All => {
            for id in wrapped(&**store)?.into_iter().filter(|id| *id != new.wrapped.id) {
                remove_wrapped(&**store, id)?;
            }
            let own = [repository.opened_by(), restic.as_str()];
            for name in repository.passwords()?.iter().filter(|name| !own.contains(&name.as_str())) {
                repository.remove_password(name)?;
            }
        }
    }
    Ok(restic)
}

/// Names of all wrapped keys; what has no such name is passed over.
pub(super) fn wrapped(store: &dyn ObjectStore) -> Result<Vec<Ulid>, Fault> {
    let objects = store.list(&folder(FOLDER))?;
    let id = |name: &str| name.strip_suffix(".json")?.parse().ok();
    Ok(objects.iter().filter_map(|object| id(object.key.file_name())).collect())
}

fn remove_wrapped(store: &dyn ObjectStore, id: Ulid) -> Result<(), Fault> {
    let name = Key::new(format!("{FOLDER}/{id}.json")).ok_or_else(|| Fault::new(FaultCode::Internal))?;
    Ok(store.delete(&name)?)
}
