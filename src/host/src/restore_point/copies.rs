//! Copies of the applications' data in a restore point: streams as `data/SOURCE`, files of volumes as `data/SOURCE/` with
//! their list `data/SOURCE.files`; of both `data/SOURCE.json` is written last, so a copy is there completely or not at all.

mod base_backup;
mod listing;
mod put_back;
mod tree;
mod volume;

#[cfg(test)]
mod tests;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bridle_core::backup::wal::base_backup::Base;
use bridle_core::backup::worker::Origin;
use bridle_core::digest::Digest;
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::port::fs::FileSystem as _;
use bridle_core::port::{Attempt, Clock, Copies, OpenCopy, Proof};
use bridle_core::release::{DataSource, Whole};
use bridle_core::trial::is_release;
use bridle_disk::Disk;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{RESERVE, proof};
use crate::files::{self, FileError};
use crate::layout::Layout;
use listing::Line;
use volume::Volume;

const DATA: &str = "data";
/// Largest record of a copy, in bytes.
const LARGEST_RECORD: u64 = 64 * 1024;
/// Largest list of files, in bytes.
const LARGEST_LIST: u64 = 512 * 1024 * 1024;

/// Versions of the formats of the record beside a copy: of a stream, of files.
const STREAM: u32 = 1;
const FILES: u32 = 2;

/// What is written down of a copy (`docs/FORMATS.md`).
#[derive(Debug, Serialize, Deserialize)]
struct StreamRecord {
    format: u32,
    size: u64,
    digest: Digest,
}

/// What is written down of a copy of files.
#[derive(Debug, Serialize, Deserialize)]
struct FilesRecord {
    format: u32,
    /// Claims that were copied.
    claims: Vec<String>,
    /// Whether all files are of one moment, or each of its own.
    whole: Whole,
    /// Bytes of the content of all files.
    size: u64,
    /// Digest of the list of the files.
    list: Digest,
}

/// Either.
enum Record {
    Stream(StreamRecord),
    Files(FilesRecord),
}

/// Copies below the restore points of one host.
#[derive(Clone)]
pub struct DataCopies {
    layout: Layout,
    clock: Arc<dyn Clock>,
}

impl DataCopies {
    /// Over this layout.
    #[must_use]
    pub fn new(layout: Layout, clock: Arc<dyn Clock>) -> Self {
        Self { layout, clock }
    }

    /// Where a copy is; both names are plain ones.
    fn path(&self, point: &str, source: &str) -> Result<PathBuf, Fault> {
        let path = self.layout.restore_points_dir().join(point).join(DATA).join(source);
        if is_release(point) && is_release(source) {
            return Ok(path);
        }
        Err(Fault::new(FaultCode::RequestInvalid).with("what", "restore point"))
    }

    /// Where the files of a claim are (`design.md` §1.7).
    fn claim(&self, namespace: &str, claim: &str) -> Result<PathBuf, Fault> {
        if is_release(namespace) && is_release(claim) {
            return Ok(self.layout.volumes_dir().join(namespace).join(claim));
        }
        Err(Fault::new(FaultCode::RequestInvalid).with("what", "claim"))
    }

    /// An empty place for a copy, in which none counts.
    fn clear(&self, path: &Path) -> Result<(), Fault> {
        files::make_dirs(path.parent().unwrap_or(Path::new("/")), 0o700)?;
        for end in ["json", "files", "back"] {
            files::remove_if_there(&beside(path, end))?;
        }
        match path.symlink_metadata() {
            Ok(found) if found.is_dir() => Ok(fs::remove_dir_all(path).map_err(FileError::new("remove", path))?),
            Ok(_) => Ok(files::remove_if_there(path)?),
            Err(_) => Ok(()),
        }
    }

    /// Where a copy is that counts, for a backup: of files with their list, which has their owners and links.
    ///
    /// # Errors
    /// `CopyDamaged` if there is none; the content of a stream is proven by whoever reads it.
    pub fn origin(&self, point: &str, source: &str) -> Result<Origin, Fault> {
        let path = self.path(point, source)?;
        let place = path.display().to_string();
        match Record::read(&path)? {
            Some(Record::Stream(StreamRecord { size, digest, .. })) => {
                Ok(Origin::Stream { path: place, proof: Proof { bytes: size, digest } })
            }
            Some(Record::Files(_)) => {
                let data = path.parent().unwrap_or(Path::new("/"));
                let own = ["", ".files", ".json"].map(|end| format!("{source}{end}"));
                let others = Disk.list(data, super::MOST).map_err(FileError::new("list", data))?;
                let others = others.into_iter().filter_map(|entry| entry.name.into_string().ok());
                let exclude = others.filter(|name| !own.contains(name)).collect();
                Ok(Origin::Folder { path: data.display().to_string(), exclude })
            }
            None => Err(put_back::damaged(point, source, &path)),
        }
    }

    /// The claims whose files a copy holds.
    ///
    /// # Errors
    /// `CopyDamaged` if there is no copy of files.
    pub fn claims(&self, point: &str, source: &str) -> Result<Vec<String>, Fault> {
        let path = self.path(point, source)?;
        match Record::read(&path)? {
            Some(Record::Files(record)) => Ok(record.claims),
            _ => Err(put_back::damaged(point, source, &path)),
        }
    }

    /// The lines of a copy of files whose list is what was kept.
    fn list(path: &Path, record: &FilesRecord) -> Result<Option<Vec<Line>>, Fault> {
        let Some(text) = files::read_limited(&beside(path, "files"), LARGEST_LIST)? else { return Ok(None) };
        if Digest::of(text.as_bytes()) != record.list {
            return Ok(None);
        }
        Ok(text.lines().map(Line::parse).collect())
    }

    /// What is not as it was kept of a copy of files; `None` if everything is.
    fn damaged(path: &Path, record: &FilesRecord) -> Result<Option<PathBuf>, Fault> {
        let Some(lines) = Self::list(path, record)? else { return Ok(Some(beside(path, "files"))) };
        for line in &lines {
            let place = path.join(line.place());
            if let Some((size, digest)) = line.content
                && !proof::holds(&place, size, digest)?
            {
                return Ok(Some(place));
            }
        }
        Ok(None)
    }
}

impl Record {
    fn read(path: &Path) -> Result<Option<Self>, Fault> {
        let text = files::read_limited(&beside(path, "json"), LARGEST_RECORD)?;
        let stream =
            |text: &str| serde_json::from_str(text).ok().filter(|record: &StreamRecord| record.format == STREAM);
        let files = |text: &str| serde_json::from_str(text).ok().filter(|record: &FilesRecord| record.format == FILES);
        Ok(text.and_then(|text| stream(&text).map(Self::Stream).or_else(|| files(&text).map(Self::Files))))
    }
}

impl Copies for DataCopies {
    fn holds(&self, point: &str, source: &str) -> Result<bool, Fault> {
        let path = self.path(point, source)?;
        match Record::read(&path)? {
            None => Ok(false),
            Some(Record::Stream(record)) => proof::holds(&path, record.size, record.digest),
            Some(Record::Files(record)) => Ok(Self::damaged(&path, &record)?.is_none()),
        }
    }

    fn begin(&self, point: &str, source: &str) -> Result<Box<dyn OpenCopy>, Fault> {
        let path = self.path(point, source)?;
        self.clear(&path)?;
        let limit = volume::room(path.parent().unwrap_or(Path::new("/")), RESERVE)?;
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let file = file.map_err(FileError::new("write", &path))?;
        Ok(Box::new(DataCopy { file, path, limit, size: 0, hash: Sha256::new() }))
    }

    fn open(&self, point: &str, source: &str) -> Result<(Box<dyn Read>, Proof), Fault> {
        let path = self.path(point, source)?;
        let damaged = || put_back::damaged(point, source, &path);
        let Some(Record::Stream(record)) = Record::read(&path)? else { return Err(damaged()) };
        if !proof::holds(&path, record.size, record.digest)? {
            return Err(damaged());
        }
        let file = File::open(&path).map_err(FileError::new("read", &path))?;
        Ok((Box::new(file), Proof { bytes: record.size, digest: record.digest }))
    }

    fn base(&self, point: &str, source: &str) -> Result<Base, Fault> {
        self.read_base(point, source)
    }

    fn files(
        &self,
        point: &str,
        source: &DataSource,
        claims: &[String],
        attempt: &mut Attempt<'_>,
    ) -> Result<(), Fault> {
        let path = self.path(point, &source.name)?;
        self.clear(&path)?;
        files::make_dirs(&path, 0o700)?;
        let folder = |claim: &String| Ok((claim.clone(), self.claim(&source.namespace, claim)?));
        let volume = Volume {
            clock: &*self.clock,
            point,
            source,
            claims: claims.iter().map(folder).collect::<Result<_, Fault>>()?,
            to: path.clone(),
            room: volume::room(&path, RESERVE)?,
        };
        let lines = volume.copy(attempt)?;
        files::sync_file_systems(std::slice::from_ref(&path))?;
        let mut list = String::new();
        for line in &lines {
            list.push_str(&serde_json::to_string(line).expect("texts and numbers"));
            list.push('\n');
        }
        files::write_atomic(&beside(&path, "files"), list.as_bytes(), 0o600)?;
        let record = FilesRecord {
            format: FILES,
            claims: claims.to_vec(),
            whole: source.whole,
            size: lines.iter().filter_map(|line| Some(line.content?.0)).sum(),
            list: Digest::of(list.as_bytes()),
        };
        let text = serde_json::to_string(&record).expect("texts, numbers and a digest");
        Ok(files::write_atomic(&beside(&path, "json"), text.as_bytes(), 0o600)?)
    }

    fn put_back_files(&self, point: &str, source: &DataSource, attempt: &mut Attempt<'_>) -> Result<(), Fault> {
        self.put_back(point, source, attempt)
    }

    fn is_back(&self, point: &str, source: &str) -> Result<bool, Fault> {
        Ok(beside(&self.path(point, source)?, "back").is_file())
    }

    fn say_back(&self, point: &str, source: &str) -> Result<(), Fault> {
        Ok(files::write_atomic(&beside(&self.path(point, source)?, "back"), b"1\n", 0o600)?)
    }

    fn measure(&self, namespace: &str, claims: &[String]) -> Result<u64, Fault> {
        let mut bytes = 0_u64;
        for claim in claims {
            let folder = self.claim(namespace, claim)?;
            let found = volume::allocated(&folder);
            let found = found.map_err(|error| Fault::new(FaultCode::FileUnreadable).because(&error));
            bytes = bytes.saturating_add(found.map_err(|fault| fault.with("path", folder.display().to_string()))?);
        }
        Ok(bytes)
    }

    fn last_size(&self, source: &str) -> Option<u64> {
        let points = Disk.list(&self.layout.restore_points_dir(), super::MOST).ok()?;
        let mut names: Vec<String> = points.into_iter().filter_map(|entry| entry.name.into_string().ok()).collect();
        names.sort();
        // The number of the operation comes first in a name.
        names.iter().rev().find_map(|point| match Record::read(&self.path(point, source).ok()?).ok()?? {
            Record::Stream(record) => Some(record.size),
            Record::Files(record) => Some(record.size),
        })
    }
}

/// A copy that is being made.
struct DataCopy {
    file: File,
    path: PathBuf,
    limit: u64,
    size: u64,
    hash: Sha256,
}

impl Write for DataCopy {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.hash.update(&bytes[..count]);
        self.size += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl OpenCopy for DataCopy {
    fn path(&self) -> String {
        self.path.display().to_string()
    }

    fn limit(&self) -> u64 {
        self.limit
    }

    fn written(&self) -> u64 {
        self.size
    }

    fn keep(self: Box<Self>, proof: &Proof) -> Result<(), Fault> {
        let Self { file, path, size, hash, .. } = *self;
        let digest = Digest::from_bytes(hash.finalize().into());
        let failed = || Fault::new(FaultCode::WriteFailed).with("path", path.display().to_string());
        if (Proof { bytes: size, digest }) != *proof {
            return Err(failed());
        }
        file.sync_all().map_err(FileError::new("sync", &path))?;
        drop(file);
        if fs::metadata(&path).map_err(FileError::new("read", &path))?.len() != size {
            return Err(failed());
        }
        let text = serde_json::to_string(&StreamRecord { format: STREAM, size, digest }).expect("a size and a digest");
        Ok(files::write_atomic(&beside(&path, "json"), text.as_bytes(), 0o600)?)
    }
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(end);
    PathBuf::from(name)
}
