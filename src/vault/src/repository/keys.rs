//! Keys of restic's own: each opens the repository with another password. The installation has one, the recovery code another.

use std::sync::Arc;

use rustic_core::KeyOptions;

use super::backend::Backend;
use super::error::RepositoryError;
use super::{Opened, Repository, engine};
use crate::store::{Key, StoreError, Trouble};

/// Folder of these keys.
const FOLDER: &str = "keys/";

impl Repository {
    /// Name of the key that opened it: 64 hex digits.
    #[must_use]
    pub fn opened_by(&self) -> &str {
        &self.opened_by
    }

    /// Adds a key with this password; its name.
    ///
    /// # Errors
    /// [`RepositoryError`] if it cannot be written.
    pub fn add_password(&self, password: &str) -> Result<String, RepositoryError> {
        let backend = Arc::new(Backend::keying(Arc::clone(&self.store)));
        let added =
            engine("add a key to", &backend, || self.session(&backend)?.add_key(password, &KeyOptions::default()))?;
        backend.unfailed()?;
        Ok(added.to_hex().as_str().to_owned())
    }

    /// Names of all keys.
    ///
    /// # Errors
    /// [`RepositoryError`] if they cannot be listed.
    pub fn passwords(&self) -> Result<Vec<String>, RepositoryError> {
        Ok(self.store.list(FOLDER)?.iter().map(|object| object.key.file_name().to_owned()).collect())
    }

    /// Removes the key of this name; one that is not there is removed already.
    ///
    /// # Errors
    /// [`RepositoryError`] if it is none, the one that opened the repository, or cannot be removed.
    pub fn remove_password(&self, name: &str) -> Result<(), RepositoryError> {
        let hex = name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        let key = Key::new(format!("{FOLDER}{name}")).filter(|_| hex && name != self.opened_by);
        let refused = || StoreError::new(Trouble::Other, "remove", name, self.place(), "no key that may go");
        Ok(self.store.delete(&key.ok_or_else(refused)?)?)
    }
}

pub(super) fn name_of(opened: &Opened) -> String {
    opened.key_id().as_ref().map(|id| id.to_hex().as_str().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use bridle_core::backup::key::RepositoryKey;

    use super::*;
    use crate::store::{Memory, ObjectStore};

    #[test]
    fn a_second_password_opens_it_until_it_is_removed() {
        let store: Arc<dyn ObjectStore> = Arc::new(Memory::default());
        let repository =
            Repository::create(Arc::clone(&store), &RepositoryKey::from_bytes([1; 32]), None).expect("create");
        let second = repository.add_password("XYZ-1").expect("add");
        assert_eq!(repository.passwords().expect("list").len(), 2);
        let opened = Repository::open_with_password(Arc::clone(&store), "XYZ-1", None).expect("open");
        assert_eq!(opened.opened_by(), second);
        assert!(repository.remove_password(repository.opened_by()).is_err(), "nobody locks himself out");
        assert!(repository.remove_password("../config").is_err());
        repository.remove_password(&second).and_then(|()| repository.remove_password(&second)).expect("remove");
        let gone = Repository::open_with_password(store, "XYZ-1", None).expect_err("gone");
        assert!(matches!(gone, RepositoryError::KeyWrong { .. }), "{gone}");
    }
}
