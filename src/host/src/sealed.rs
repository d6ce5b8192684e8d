//! Passwords of the site's services, sealed on disk (decision 0024, `docs/FORMATS.md`).
//!
//! The key stands beside them: that keeps copies of single files, lists and printed pages from being of use to anybody. Whoever
//! is root on this host can read them, as everything else.

pub(crate) mod host_key;

use std::collections::BTreeMap;
use std::path::PathBuf;

use bridle_core::configuration::secret::{NAMES, Password};
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::port::{SealedSecrets, Timestamp};
use serde::{Deserialize, Serialize};

use crate::files;
use crate::layout::Layout;
use host_key::HostKey;

const FORMAT: u32 = 1;
/// Largest file that is read, in bytes: a password of the greatest length, twice over as hex, and its frame.
const LARGEST: u64 = 32 * 1024;
const MARK: &str = "in-force.json";
const ENDING: &str = ".sealed";

/// The sealed passwords of a host.
pub struct Sealed {
    dir: PathBuf,
    key: HostKey,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    name: String,
    number: u64,
    time: Timestamp,
    /// Hex.
    nonce: String,
    /// Hex.
    sealed: String,
}

/// What is in force; `last` is the highest number that ever was, so that none means two values.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mark {
    format: u32,
    last: u64,
    secrets: BTreeMap<String, u64>,
}

impl Sealed {
    /// Those of the host below `layout`.
    #[must_use]
    pub fn new(layout: &Layout) -> Self {
        Self { dir: layout.secrets_dir(), key: HostKey::new(layout) }
    }

    /// Number that the next version gets, whatever its name.
    ///
    /// # Errors
    /// A [`Fault`] if the mark cannot be read.
    pub fn next(&self) -> Result<u64, Fault> {
        Ok(self.mark()?.last + 1)
    }

    /// Seals a version that an operation will put in force, and gives its number. Those that were prepared before and never
    /// put in force go. Must not be called while an operation is open.
    ///
    /// # Errors
    /// A [`Fault`] if it cannot be written.
    pub fn prepare(&self, name: &'static str, password: &Password, now: Timestamp) -> Result<u64, Fault> {
        self.prune()?;
        files::make_dirs(&self.dir, 0o700)?;
        let number = self.next()?;
        let sealed = self.key.seal(password.expose().as_bytes(), &frame(name, number, now))?;
        let (nonce, sealed) = (sealed.nonce, sealed.sealed);
        let file = File { format: FORMAT, name: name.to_owned(), number, time: now, nonce, sealed };
        let text = serde_json::to_string(&file).expect("texts and numbers");
        files::write_atomic(&self.path(name, number), text.as_bytes(), 0o600)?;
        Ok(number)
    }

    /// When the version in force was set, by name; only those that open.
    ///
    /// # Errors
    /// A [`Fault`] if the mark cannot be read.
    pub fn times(&self) -> Result<BTreeMap<String, Timestamp>, Fault> {
        let in_force = self.in_force()?;
        let time = |(name, number): (&String, &u64)| Some((name.clone(), self.file(name, *number)?.time));
        Ok(in_force.iter().filter_map(time).collect())
    }

    /// Removes every version that is not in force. Must not be called while an operation is open: its way back needs them.
    ///
    /// # Errors
    /// A [`Fault`] if one cannot be removed.
    pub fn prune(&self) -> Result<(), Fault> {
        let kept = self.mark()?.secrets;
        let entries = match std::fs::read_dir(&self.dir) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            entries => entries.map_err(files::FileError::new("list", &self.dir))?,
        };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let version = name.to_str().and_then(version_of);
            if version.is_some_and(|(name, number)| kept.get(name) != Some(&number)) {
                files::remove_if_there(&entry.path())?;
            }
        }
        Ok(files::sync_dir(&self.dir)?)
    }

    fn path(&self, name: &str, number: u64) -> PathBuf {
        self.dir.join(format!("{name}.{number:06}{ENDING}"))
    }

    fn mark(&self) -> Result<Mark, Fault> {
        let path = self.dir.join(MARK);
        let Some(text) = files::read_limited(&path, LARGEST)? else { return Ok(Mark::default()) };
        let unreadable = || Fault::new(FaultCode::FileUnreadable).with("path", path.display().to_string());
        let mark: Mark = serde_json::from_str(&text).map_err(|error| unreadable().because(&error))?;
        if mark.format == FORMAT { Ok(mark) } else { Err(unreadable()) }
    }

    fn file(&self, name: &str, number: u64) -> Option<File> {
        // Only names that are known become a path.
        NAMES.contains(&name).then_some(())?;
        let text = files::read_limited(&self.path(name, number), LARGEST).ok()??;
        let file: File = serde_json::from_str(&text).ok()?;
        (file.format == FORMAT && file.name == name && file.number == number).then_some(file)
    }

    fn opened(&self, name: &str, number: u64) -> Option<Password> {
        let file = self.file(name, number)?;
        let bytes = self.key.open(&file.nonce, &file.sealed, &frame(name, number, file.time))?;
        Password::read(std::str::from_utf8(&bytes).ok()?).ok()
    }
}

impl SealedSecrets for Sealed {
    fn open(&self, name: &str, number: u64) -> Result<Password, Fault> {
        self.opened(name, number).ok_or_else(|| Fault::new(FaultCode::SealedDamaged).with("name", name))
    }

    /// One that does not open counts as not set: otherwise it could not even be replaced.
    fn in_force(&self) -> Result<BTreeMap<String, u64>, Fault> {
        let mut secrets = self.mark()?.secrets;
        secrets.retain(|name, number| self.opened(name, *number).is_some());
        Ok(secrets)
    }

    fn settle(&self, secrets: &BTreeMap<String, u64>) -> Result<(), Fault> {
        let before = self.mark()?;
        // One that can be read need not be on disk: it is written again.
        if secrets.is_empty() && before.format == 0 {
            return Ok(());
        }
        let last = secrets.values().copied().max().unwrap_or_default().max(before.last);
        let mark = Mark { format: FORMAT, last, secrets: secrets.clone() };
        files::make_dirs(&self.dir, 0o700)?;
        let text = serde_json::to_string(&mark).expect("texts and numbers");
        Ok(files::write_atomic(&self.dir.join(MARK), text.as_bytes(), 0o600)?)
    }
}

/// What a sealed text is bound to: it opens under no other name, number or time.
fn frame(name: &str, number: u64, time: Timestamp) -> Vec<u8> {
    format!("bridle sealed {FORMAT}\n{name}\n{number}\n{}", time.0).into_bytes()
}

fn version_of(file: &str) -> Option<(&str, u64)> {
    let (name, number) = file.strip_suffix(ENDING)?.rsplit_once('.')?;
    Some((name, number.parse().ok()?))
}

#[cfg(test)]
mod tests;
