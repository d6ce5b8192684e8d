//! What is known on this host of backup sets that were made here (`docs/FORMATS.md`): a folder each, with its outline, a record
//! for each part that is saved, a mark once it was read back, and the set itself; `written` says that its repository has it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bridle_core::backup::id::SetId;
use bridle_core::backup::outline::{FORMAT, Outline, PartRecord};
use bridle_core::backup::record::LARGEST;
use bridle_core::backup::set::SetManifest;
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::port::fs::FileSystem as _;
use bridle_disk::Disk;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::files::{self, FileError};
use crate::layout::Layout;

/// Most sets that are looked at.
const MOST: usize = 20_000;
const OUTLINE: &str = "outline.json";
const SET: &str = "set.json";
const AUDITED: &str = "audited";
const WRITTEN: &str = "written";
/// Records of parts are below this, because their names are the publisher's.
const PARTS: &str = "parts";

/// Sets of one host.
#[derive(Debug, Clone)]
pub struct BackupFiles {
    dir: PathBuf,
}

impl BackupFiles {
    /// Those of the host below `layout`.
    #[must_use]
    pub fn on_disk(layout: &Layout) -> Self {
        Self { dir: layout.backups_dir() }
    }

    /// Writes down what a set is to hold.
    ///
    /// # Errors
    /// A [`Fault`] if it cannot be written.
    pub fn begin(&self, outline: &Outline) -> Result<(), Fault> {
        let folder = self.folder(outline.set);
        files::make_dirs(&folder.join(PARTS), 0o700)?;
        write(&folder.join(OUTLINE), outline)
    }

    /// What a set is to hold.
    ///
    /// # Errors
    /// `RecordDamaged` if it was never written, or cannot be read.
    pub fn outline(&self, set: SetId) -> Result<Outline, Fault> {
        let path = self.folder(set).join(OUTLINE);
        let outline: Option<Outline> = read(&path)?;
        outline.filter(|outline| outline.format == FORMAT && outline.set == set).ok_or_else(|| damaged(&path))
    }

    /// Writes down that a part of a set is in its repository.
    ///
    /// # Errors
    /// A [`Fault`] if it cannot be written.
    pub fn keep_part(&self, set: SetId, part: &str, record: &PartRecord) -> Result<(), Fault> {
        write(&self.part_path(set, part)?, record)
    }

    /// The record of a part, if it is in the repository.
    ///
    /// # Errors
    /// `RecordDamaged` if it cannot be read.
    pub fn part(&self, set: SetId, part: &str) -> Result<Option<PartRecord>, Fault> {
        let path = self.part_path(set, part)?;
        let record: Option<PartRecord> = read(&path)?;
        match record {
            Some(record) if record.format != FORMAT => Err(damaged(&path)),
            record => Ok(record),
        }
    }

    /// The records of all parts of an outline that are in the repository.
    ///
    /// # Errors
    /// As [`Self::part`].
    pub fn parts(&self, outline: &Outline) -> Result<BTreeMap<String, PartRecord>, Fault> {
        let mut found = BTreeMap::new();
        for part in &outline.parts {
            if let Some(record) = self.part(outline.set, &part.name)? {
                found.insert(part.name.clone(), record);
            }
        }
        Ok(found)
    }

    /// Whether a set was read back.
    #[must_use]
    pub fn is_audited(&self, set: SetId) -> bool {
        self.folder(set).join(AUDITED).is_file()
    }

    /// Writes down that a set was read back.
    ///
    /// # Errors
    /// A [`Fault`] if it cannot be written.
    pub fn say_audited(&self, set: SetId) -> Result<(), Fault> {
        Ok(files::write_atomic(&self.folder(set).join(AUDITED), b"1\n", 0o600)?)
    }

    /// Keeps a set before its repository gets it: whoever writes it again writes the same.
    ///
    /// # Errors
    /// A [`Fault`] if it cannot be written.
    pub fn keep(&self, set: &SetManifest) -> Result<(), Fault> {
        write(&self.folder(set.id).join(SET), set)
    }

    /// The set, once all of its parts were saved.
    ///
    /// # Errors
    /// `RecordDamaged` if it cannot be read.
    pub fn kept(&self, set: SetId) -> Result<Option<SetManifest>, Fault> {
        read(&self.folder(set).join(SET))
    }

    /// Whether the repository has a set.
    #[must_use]
    pub fn is_written(&self, set: SetId) -> bool {
        self.folder(set).join(WRITTEN).is_file()
    }

    /// Writes down that the repository has a set.
    ///
    /// # Errors
    /// A [`Fault`] if it cannot be written.
    pub fn say_written(&self, set: SetId) -> Result<(), Fault> {
        Ok(files::write_atomic(&self.folder(set).join(WRITTEN), b"1\n", 0o600)?)
    }

    /// Sets that their repositories have, oldest first, with their outlines.
    ///
    /// # Errors
    /// `RecordDamaged` if one cannot be read, or the fault of a folder that cannot be listed.
    pub fn written(&self) -> Result<Vec<(Outline, SetManifest)>, Fault> {
        let entries = match Disk.list(&self.dir, MOST) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(FileError::new("list", &self.dir))?,
        };
        let ids = entries.into_iter().filter_map(|entry| entry.name.to_str()?.parse::<SetId>().ok());
        let mut ids: Vec<SetId> = ids.filter(|id| self.is_written(*id)).collect();
        ids.sort();
        let both = |id: SetId| {
            let set = self.kept(id)?.ok_or_else(|| damaged(&self.folder(id).join(SET)))?;
            Ok((self.outline(id)?, set))
        };
        ids.into_iter().map(both).collect()
    }

    fn folder(&self, set: SetId) -> PathBuf {
        self.dir.join(set.to_string())
    }

    /// Names of parts are plain ones, but for a mark before those of the installation itself.
    fn part_path(&self, set: SetId, part: &str) -> Result<PathBuf, Fault> {
        let plain = part.strip_prefix('@').unwrap_or(part);
        if !bridle_core::trial::is_release(plain) {
            return Err(Fault::new(FaultCode::RequestInvalid).with("what", "part"));
        }
        Ok(self.folder(set).join(PARTS).join(format!("{part}.json")))
    }
}

fn write<T: Serialize>(path: &Path, record: &T) -> Result<(), Fault> {
    let text = serde_json::to_string(record).map_err(|error| damaged(path).because(&error))?;
    Ok(files::write_atomic(path, text.as_bytes(), 0o600)?)
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, Fault> {
    let Some(text) = files::read_limited(path, LARGEST as u64)? else { return Ok(None) };
    serde_json::from_str(&text).map(Some).map_err(|error| damaged(path).because(&error))
}

fn damaged(path: &Path) -> Fault {
    Fault::new(FaultCode::RecordDamaged).with("object", path.display().to_string())
}
