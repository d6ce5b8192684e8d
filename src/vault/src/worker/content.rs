//! What is in a store: nothing, a repository of ours, or something else.

use std::sync::Arc;

use bridle_core::backup::key::RepositoryKey;
use bridle_core::backup::recovery_code::RecoveryCode;
use bridle_core::backup::worker::{Content, SecretKey};
use bridle_core::backup::{lease, set};
use bridle_core::fault::{Fault, FaultCode};

use super::codes;
use crate::repository::{Repository, RepositoryError};
use crate::store::{Key, ObjectStore, StoreError};

/// Folders that hold something once a backup was made.
const HOLDING: [&str; 4] = ["snapshots/", "index/", "data/", "wal/"];

/// What is there, and the repository where the key opened it: opening is slow by intent.
pub(super) fn of(
    store: &Arc<dyn ObjectStore>,
    key: Option<&RepositoryKey>,
    code: Option<&RecoveryCode>,
) -> Result<(Content, Option<Repository>), Fault> {
    let settings = Key::new("config").expect("the name keeps the rule");
    let settings = store.head(&settings)?.is_some();
    if !settings && store.list("keys/")?.is_empty() {
        // Without settings and keys nothing opens what is here: it is left alone.
        let left = something(&**store, &HOLDING)?.or(something(&**store, &[&folder(set::FOLDER)])?);
        return Ok((left.map_or(Content::Nothing, Content::Foreign), None));
    }
    if let Some(key) = key.filter(|_| settings) {
        match Repository::open(Arc::clone(store), key, None) {
            Ok(repository) => {
                let content = Content::Opened { key: SecretKey(key.clone()), by: None };
                return Ok((content, Some(repository)));
            }
            Err(RepositoryError::KeyWrong { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    if let Some(code) = code.filter(|_| settings) {
        let opened = codes::open(store, code)?.ok_or_else(|| Fault::new(FaultCode::RecoveryCodeOther))?;
        // The installation opens it with a password of its own.
        Repository::open(Arc::clone(store), &opened.0, None)?;
        return Ok((Content::Opened { key: SecretKey(opened.0), by: Some(opened.1) }, None));
    }
    if !codes::wrapped(&**store)?.is_empty() {
        return Ok((Content::Closed, None));
    }
    let left = something(&**store, &HOLDING)?.or(something(&**store, &[&folder(set::FOLDER)])?);
    Ok((left.map_or(Content::Begun, |_| Content::Foreign("config".to_owned())), None))
}

/// Removes what an attempt to make a repository left that never held anything and has no code.
pub(super) fn clear_begun(store: &dyn ObjectStore) -> Result<(), StoreError> {
    let mut names: Vec<Key> = store.list("keys/")?.into_iter().map(|object| object.key).collect();
    names.extend(["config", lease::OBJECT].into_iter().filter_map(Key::new));
    names.iter().try_for_each(|name| store.delete(name))
}

/// The name of one object below these folders.
fn something(store: &dyn ObjectStore, folders: &[&str]) -> Result<Option<String>, StoreError> {
    for folder in folders {
        if let Some(object) = store.list(folder)?.into_iter().next() {
            return Ok(Some(object.key.to_string()));
        }
    }
    Ok(None)
}

pub(super) fn folder(name: &str) -> String {
    format!("{name}/")
}
