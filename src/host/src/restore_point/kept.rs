//! What restore points hold, for people and for a database that goes back.

use std::path::{Path, PathBuf};

use bridle_core::fault::Fault;
use bridle_core::plan::cluster_restore::KeptPoint;

use super::record::{self, Copied, Part, Record};
use super::{IDENTITY, RECORD, RestorePoints, damaged, proof};
use crate::files::{self, FileError};

/// Largest file of settings that is looked into, in bytes.
const LARGEST: u64 = 1024 * 1024;
/// What Kubernetes encrypts its own record of certificates with: the snapshot is of no use without the very one.
const TOKEN: &str = IDENTITY[0];

impl RestorePoints<'_> {
    /// All points that were finished, with their proof, oldest first; reads every file of them.
    ///
    /// # Errors
    /// A [`Fault`] if the disk refuses.
    pub fn kept(&self) -> Result<Vec<KeptPoint>, Fault> {
        let mut found = Vec::new();
        for name in self.list()? {
            let folder = self.folder(&name)?;
            if let Some(record) = Record::read(&folder.join(RECORD))? {
                found.push(self.told(name, &folder, &record)?);
            }
        }
        found.sort_by_key(|point| point.made);
        Ok(found)
    }

    /// The snapshot of a point whose every file is what was kept.
    ///
    /// # Errors
    /// A [`Fault`] if there is no such point, or a file of it is another one.
    pub fn snapshot(&self, point: &str) -> Result<PathBuf, Fault> {
        let folder = self.folder(point)?;
        let record = self.record(point, &folder)?;
        for (path, copied) in record.parts(&folder) {
            if !proof::is(&path, copied)? {
                return Err(damaged(point, &path));
            }
        }
        let snapshot = record.datastore.as_ref().ok_or_else(|| damaged(point, &folder))?;
        Ok(record::place(&folder, snapshot))
    }

    /// Puts back what k3s needs to read the snapshot, as far as it is missing; the token also where it is another one.
    ///
    /// # Errors
    /// A [`Fault`] if there is no such point, or a file cannot be written.
    pub fn identity_back(&self, point: &str) -> Result<(), Fault> {
        let folder = self.folder(point)?;
        let record = self.record(point, &folder)?;
        let places = IDENTITY.map(|name| self.name(&self.layout.k3s_data().join(name)));
        let token = self.name(&self.layout.k3s_data().join(TOKEN));
        let below = |copied: &&Copied| {
            let path = Path::new(&copied.path);
            copied.part == Part::Kept && places.iter().any(|place| path.starts_with(place))
        };
        for copied in record.files.iter().filter(below) {
            let to = self.layout.at(&copied.path);
            let stays = to.symlink_metadata().is_ok() && (copied.path != token || proof::is(&to, copied)?);
            if stays {
                continue;
            }
            let from = record::place(&folder, copied);
            let bytes = std::fs::read(&from).map_err(FileError::new("read", &from))?;
            files::make_dirs(to.parent().unwrap_or(Path::new("/")), 0o700)?;
            files::write_atomic(&to, &bytes, copied.mode)?;
        }
        Ok(())
    }

    fn told(&self, name: String, folder: &Path, record: &Record) -> Result<KeptPoint, Fault> {
        let (mut whole, mut bytes) = (true, 0_u64);
        for (path, copied) in record.parts(folder) {
            whole &= proof::is(&path, copied)?;
            bytes = bytes.saturating_add(copied.size);
        }
        Ok(KeptPoint {
            name,
            release: record.release.clone(),
            revision: record.revision,
            made: record.made,
            kubernetes: self.minor(folder, record)?,
            snapshot: record.datastore.as_ref().map_or(0, |copied| copied.size),
            bytes,
            pins: record.pins.clone(),
            whole,
        })
    }

    /// The minor version that Kubernetes behaved like: its settings always say it (decision 0018).
    fn minor(&self, folder: &Path, record: &Record) -> Result<Option<String>, Fault> {
        let config = self.name(&self.layout.k3s_config());
        let Some(copied) = record.files.iter().find(|copied| copied.path == config) else { return Ok(None) };
        let text = files::read_limited(&record::place(folder, copied), LARGEST)?;
        Ok(text.and_then(|text| emulated(&text)))
    }
}

/// `1.36` of a text with `emulated-version=1.36`.
fn emulated(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("emulated-version=")?;
    let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(rest.len());
    Some(rest[..end].to_owned()).filter(|version| version.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_say_the_minor_version() {
        assert_eq!(emulated(r#"{"kube-apiserver-arg":["emulated-version=1.36"]}"#).as_deref(), Some("1.36"));
        assert_eq!(emulated("emulated-version=1"), None);
        assert_eq!(emulated("nothing"), None);
        assert_eq!(TOKEN, "server/token");
    }
}
