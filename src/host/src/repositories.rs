//! Repositories of backups on this host: their settings, and their keys and credentials, sealed (`docs/FORMATS.md`).
//!
//! The settings name the number of the sealed file that is valid, so that both change in one step.

use std::path::PathBuf;

use bridle_core::backup::repository::RepositoryName;
use bridle_core::backup::repository::credentials::RepositorySecrets;
use bridle_core::backup::repository::settings::{LARGEST, Settings};
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::port::Timestamp;
use serde::{Deserialize, Serialize};

use crate::files;
use crate::layout::Layout;
use crate::sealed::host_key::{self, HostKey};

const FORMAT: u32 = 1;
/// Largest sealed file, in bytes: an access key of the greatest length, twice over as hex, and its frame.
const LARGEST_SEALED: u64 = 64 * 1024;
const ENDING: &str = ".sealed";

/// What a host keeps of its repositories.
pub struct RepositoryFiles {
    settings: PathBuf,
    dir: PathBuf,
    key: HostKey,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    repository: RepositoryName,
    number: u64,
    time: Timestamp,
    /// Hex.
    nonce: String,
    /// Hex.
    sealed: String,
}

impl RepositoryFiles {
    /// Those of the host below `layout`.
    #[must_use]
    pub fn on_disk(layout: &Layout) -> Self {
        Self { settings: layout.repositories_file(), dir: layout.repository_secrets_dir(), key: HostKey::new(layout) }
    }

    /// The settings; nothing if there was never a repository.
    ///
    /// # Errors
    /// `RepositorySettingsDamaged`; the fault of a file that cannot be read.
    pub fn load(&self) -> Result<Option<Settings>, Fault> {
        let Some(text) = files::read_limited(&self.settings, LARGEST)? else { return Ok(None) };
        let path = self.settings.display().to_string();
        let damaged = || Fault::new(FaultCode::RepositorySettingsDamaged).with("path", path);
        Settings::parse(&text).map(Some).map_err(|error| damaged().because(&error))
    }

    /// Writes the settings; they are on disk when this returns.
    ///
    /// # Errors
    /// A [`Fault`] if they cannot be written.
    pub fn save(&self, settings: &Settings) -> Result<(), Fault> {
        Ok(files::write_atomic(&self.settings, settings.to_json().as_bytes(), 0o600)?)
    }

    /// Seals the secrets of a repository under a number that none of its files has.
    ///
    /// # Errors
    /// A [`Fault`] if they cannot be written.
    pub fn seal(
        &self,
        name: &RepositoryName,
        number: u64,
        secrets: &RepositorySecrets,
        now: Timestamp,
    ) -> Result<(), Fault> {
        files::make_dirs(&self.dir, 0o700)?;
        let text = serde_json::to_vec(secrets).map_err(|_| Fault::new(FaultCode::Internal))?;
        let sealed = self.key.seal(&text, &frame(name, number, now))?;
        let file = File {
            format: FORMAT,
            repository: name.clone(),
            number,
            time: now,
            nonce: sealed.nonce,
            sealed: sealed.sealed,
        };
        let text = serde_json::to_string(&file).expect("texts and numbers");
        Ok(files::write_atomic(&self.path(name, number), text.as_bytes(), 0o600)?)
    }

    /// The secrets of a repository.
    ///
    /// # Errors
    /// `RepositoryKeyLost` if they are missing, altered, or were sealed with another key.
    pub fn open(&self, name: &RepositoryName, number: u64) -> Result<RepositorySecrets, Fault> {
        let lost = || Fault::new(FaultCode::RepositoryKeyLost).with("repository", name.as_str());
        self.opened(name, number).ok_or_else(lost)
    }

    fn opened(&self, name: &RepositoryName, number: u64) -> Option<RepositorySecrets> {
        let text = files::read_limited(&self.path(name, number), LARGEST_SEALED).ok()??;
        let file: File = serde_json::from_str(&text).ok()?;
        let same = file.format == FORMAT && file.repository == *name && file.number == number;
        let bytes = self.key.open(&file.nonce, &file.sealed, &frame(name, number, file.time)).filter(|_| same)?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Removes every sealed file that `settings` do not name.
    ///
    /// # Errors
    /// A [`Fault`] if one cannot be removed.
    pub fn prune(&self, settings: &Settings) -> Result<(), Fault> {
        let named = |file: &str| settings.repositories.iter().any(|entry| file == file_name(&entry.name, entry.secret));
        let entries = match std::fs::read_dir(&self.dir) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            entries => entries.map_err(files::FileError::new("list", &self.dir))?,
        };
        for entry in entries.flatten() {
            let name = entry.file_name();
            if name.to_str().is_some_and(|name| name.ends_with(ENDING) && !named(name)) {
                files::remove_if_there(&entry.path())?;
            }
        }
        Ok(files::sync_dir(&self.dir)?)
    }

    fn path(&self, name: &RepositoryName, number: u64) -> PathBuf {
        self.dir.join(file_name(name, number))
    }
}

/// Bytes of the system's source of randomness, for keys, codes and names.
///
/// # Errors
/// `Internal` if it has none to give.
pub fn random<const N: usize>() -> Result<[u8; N], Fault> {
    host_key::random()
}

fn file_name(name: &RepositoryName, number: u64) -> String {
    format!("{name}.{number:06}{ENDING}")
}

/// What a sealed text is bound to: it opens under no other name, number or time.
fn frame(name: &RepositoryName, number: u64, time: Timestamp) -> Vec<u8> {
    format!("bridle sealed repository {FORMAT}\n{name}\n{number}\n{}", time.0).into_bytes()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use bridle_core::backup::key::RepositoryKey;
    use bridle_core::backup::repository::credentials::Credentials;
    use bridle_core::backup::worker::SecretKey;

    use super::*;

    const FIXTURE: &str = include_str!("../../core/tests/fixtures/repositories-v1.json");

    fn secrets() -> RepositorySecrets {
        let credentials = Credentials { key_id: "AKIA".into(), secret: "canary-71c4".into(), token: None };
        RepositorySecrets { key: SecretKey(RepositoryKey::from_bytes([0xab; 32])), credentials: Some(credentials) }
    }

    #[test]
    fn secrets_open_under_their_own_name_and_number_only_and_are_readable_nowhere() {
        let dir = tempfile::tempdir().expect("dir");
        let layout = Layout::under(dir.path());
        let files = RepositoryFiles::on_disk(&layout);
        let (disk, other): (RepositoryName, RepositoryName) = ("disk".parse().expect("a"), "b".parse().expect("b"));
        files.seal(&disk, 3, &secrets(), Timestamp(7)).expect("sealed");
        assert!(files.open(&disk, 3).is_ok_and(|opened| opened.key == secrets().key));
        let path = layout.repository_secrets_dir().join("disk.000003.sealed");
        let text = fs::read_to_string(&path).expect("file");
        assert!(!text.contains("canary") && !text.contains("abababab"), "{text}");
        fs::copy(&path, path.with_file_name("b.000003.sealed")).expect("copy");
        fs::copy(&path, path.with_file_name("disk.000004.sealed")).expect("copy");
        for (name, number) in [(&other, 3), (&disk, 4), (&disk, 5)] {
            let fault = files.open(name, number).err().expect("refused");
            assert_eq!(fault.code, FaultCode::RepositoryKeyLost);
        }
        // Only what the settings name stays.
        let settings = Settings::parse(FIXTURE).expect("fixture");
        files.prune(&settings).expect("pruned");
        assert_eq!(fs::read_dir(layout.repository_secrets_dir()).expect("list").count(), 1);
        fs::remove_file(layout.secrets_dir().join("host.key")).expect("key");
        assert_eq!(files.open(&disk, 3).err().map(|fault| fault.code), Some(FaultCode::RepositoryKeyLost));
    }

    #[test]
    fn settings_are_written_and_read_and_damage_is_told() {
        let dir = tempfile::tempdir().expect("dir");
        let layout = Layout::under(dir.path());
        let repositories = RepositoryFiles::on_disk(&layout);
        assert_eq!(repositories.load(), Ok(None));
        files::make_dirs(&layout.data_dir(), 0o755).expect("dir");
        let settings = Settings::parse(FIXTURE).expect("fixture");
        repositories.save(&settings).expect("saved");
        assert_eq!(repositories.load(), Ok(Some(settings)));
        files::write_atomic(&layout.repositories_file(), b"{}", 0o600).expect("write");
        assert_eq!(repositories.load().expect_err("damaged").code, FaultCode::RepositorySettingsDamaged);
    }
}
