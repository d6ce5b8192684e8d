//! From a place to its store.

use std::sync::Arc;

use bridle_core::backup::repository::place::{Bucket, Place};
use bridle_core::backup::worker::{Folder, Store};

use super::Surroundings;
use crate::store::{
    Directory, DirectorySettings, ObjectStore, Patience, S3, S3Credentials, S3Settings, StoreError, Trouble,
};

/// A folder as it is, and one thing in it if it is no store and not empty; nothing for a bucket.
pub(super) fn survey(store: &Store, around: &Surroundings) -> Result<Option<(Folder, Option<String>)>, StoreError> {
    let Place::Directory { path } = &store.place else { return Ok(None) };
    let found = Directory::survey(Arc::clone(&around.fs), &DirectorySettings::new(path))?;
    let folder = Folder { path: found.path.to_string_lossy().into_owned(), device: found.device, mark: found.mark };
    Ok(Some((folder, found.foreign)))
}

/// The store of a place; what it can do is tried out where that is not known.
pub(super) fn open(store: &Store, around: &Surroundings) -> Result<Arc<dyn ObjectStore>, StoreError> {
    match &store.place {
        Place::Directory { path } => {
            let settings = DirectorySettings::new(path);
            Ok(Arc::new(Directory::open(Arc::clone(&around.fs), &settings, store.mark.as_deref())?))
        }
        Place::S3(bucket) => {
            let settings = settings(bucket, store)?;
            let names = Arc::clone(&around.names);
            Ok(Arc::new(match store.capabilities {
                Some(known) => S3::open(settings, known, names)?,
                None => S3::open_probed(settings, names)?,
            }))
        }
    }
}

/// As [`open`]; a folder that has no mark gets one, which is given back.
pub(super) fn open_or_mark(
    store: &Store,
    around: &Surroundings,
) -> Result<(Arc<dyn ObjectStore>, Option<String>), StoreError> {
    match (&store.place, survey(store, around)?) {
        (Place::Directory { path }, Some((Folder { mark: None, .. }, foreign))) => {
            if let Some(name) = foreign {
                let why = "the folder is not empty";
                return Err(StoreError::new(Trouble::Exists, "mark", name, path, why));
            }
            let (made, mark) = Directory::create(Arc::clone(&around.fs), &DirectorySettings::new(path))?;
            Ok((Arc::new(made), Some(mark)))
        }
        (_, found) => Ok((open(store, around)?, found.and_then(|(folder, _)| folder.mark))),
    }
}

fn settings(bucket: &Bucket, store: &Store) -> Result<S3Settings, StoreError> {
    let none =
        || StoreError::new(Trouble::Auth, "open", &bucket.bucket, store.place.shown(), "no access key was given");
    let credentials = store.credentials.as_ref().ok_or_else(none)?;
    Ok(S3Settings {
        endpoint: bucket.endpoint.clone(),
        region: bucket.region.clone(),
        bucket: bucket.bucket.clone(),
        prefix: bucket.prefix.clone(),
        path_style: bucket.path_style,
        ca: bucket.ca.clone().into_bytes(),
        credentials: S3Credentials {
            key_id: credentials.key_id.clone(),
            secret: credentials.secret.clone(),
            token: credentials.token.clone(),
        },
        patience: Patience::default(),
    })
}
