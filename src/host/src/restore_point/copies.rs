//! Copies of the applications' data in a restore point: `data/SOURCE` and, written last, `data/SOURCE.json`.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use bridle_core::digest::Digest;
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::port::fs::FileSystem as _;
use bridle_core::port::{Copies, OpenCopy};
use bridle_core::trial::is_release;
use bridle_disk::Disk;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{RESERVE, proof};
use crate::files::{self, FileError};
use crate::layout::Layout;

const DATA: &str = "data";
/// Largest record of a copy, in bytes.
const LARGEST_RECORD: u64 = 4096;

/// Version of the format of the record beside a copy.
const FORMAT: u32 = 1;

/// What is written down of a copy (`docs/FORMATS.md`).
#[derive(Debug, Serialize, Deserialize)]
struct CopyRecord {
    format: u32,
    size: u64,
    digest: Digest,
}

/// Copies below the restore points of one host.
#[derive(Debug, Clone)]
pub struct DataCopies {
    layout: Layout,
}

impl DataCopies {
    /// Over this layout.
    #[must_use]
    pub fn new(layout: Layout) -> Self {
        Self { layout }
    }

    /// Where a copy is; both names are plain ones.
    fn path(&self, point: &str, source: &str) -> Result<PathBuf, Fault> {
        let path = self.layout.restore_points_dir().join(point).join(DATA).join(source);
        if is_release(point) && is_release(source) {
            return Ok(path);
        }
        Err(Fault::new(FaultCode::RequestInvalid).with("what", "restore point"))
    }
}

impl Copies for DataCopies {
    fn holds(&self, point: &str, source: &str) -> Result<bool, Fault> {
        let path = self.path(point, source)?;
        let text = files::read_limited(&record_of(&path), LARGEST_RECORD)?;
        let Some(copied) = text.and_then(|text| serde_json::from_str::<CopyRecord>(&text).ok()) else {
            return Ok(false);
        };
        Ok(copied.format == FORMAT && proof::holds(&path, copied.size, copied.digest)?)
    }

    fn begin(&self, point: &str, source: &str) -> Result<Box<dyn OpenCopy>, Fault> {
        let path = self.path(point, source)?;
        let folder = path.parent().unwrap_or(Path::new("/"));
        files::make_dirs(folder, 0o700)?;
        files::remove_if_there(&record_of(&path))?;
        let space = Disk.space(folder).map_err(FileError::new("read", folder))?.bytes;
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path);
        let file = file.map_err(FileError::new("write", &path))?;
        let limit = space.saturating_sub(RESERVE);
        Ok(Box::new(DataCopy { file, path, limit, size: 0, hash: Sha256::new() }))
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

    fn keep(self: Box<Self>) -> Result<(), Fault> {
        let Self { file, path, size, hash, .. } = *self;
        file.sync_all().map_err(FileError::new("sync", &path))?;
        drop(file);
        if fs::metadata(&path).map_err(FileError::new("read", &path))?.len() != size {
            return Err(Fault::new(FaultCode::WriteFailed).with("path", path.display().to_string()));
        }
        let copied = CopyRecord { format: FORMAT, size, digest: Digest::from_bytes(hash.finalize().into()) };
        let text = serde_json::to_string(&copied).expect("a size and a digest");
        Ok(files::write_atomic(&record_of(&path), text.as_bytes(), 0o600)?)
    }
}

fn record_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".json");
    PathBuf::from(name)
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "what the tests spoil need not survive")]
mod tests {
    use super::*;

    fn copies() -> (tempfile::TempDir, DataCopies) {
        let root = tempfile::tempdir().expect("folder");
        let layout = Layout::under(root.path());
        (root, DataCopies::new(layout))
    }

    fn copy(copies: &DataCopies, text: &[u8]) {
        let mut open = copies.begin("0001-before-b", "database").expect("begins");
        open.write_all(text).expect("writes");
        open.keep().expect("keeps");
    }

    #[test]
    fn only_what_was_kept_whole_and_unaltered_is_a_copy() {
        let (root, copies) = copies();
        let holds = || copies.holds("0001-before-b", "database").expect("answers");
        assert!(!holds());
        let mut open = copies.begin("0001-before-b", "database").expect("begins");
        open.write_all(b"half").expect("writes");
        drop(open);
        assert!(!holds(), "an interrupted copy is none");
        copy(&copies, b"whole");
        assert!(holds());
        let path = root.path().join("var/lib/bridle/restore-points/0001-before-b/data/database");
        fs::write(&path, b"wholf").expect("alters");
        assert!(!holds(), "altered");
        copy(&copies, b"again");
        assert!(holds());
        drop(copies.begin("0001-before-b", "database").expect("begins anew"));
        assert!(!holds(), "the one before counts no more once a new one is begun");
    }

    #[test]
    fn the_record_of_the_first_format_still_counts() {
        let (root, copies) = copies();
        let data = root.path().join("var/lib/bridle/restore-points/0001-before-b/data");
        fs::create_dir_all(&data).expect("folder");
        fs::write(data.join("database"), b"what was there").expect("data");
        let record = include_str!("../../tests/fixtures/data-copy-v1.json");
        for (text, counts) in [(record.to_owned(), true), (record.replace("\"format\":1", "\"format\":2"), false)] {
            fs::write(data.join("database.json"), &text).expect("record");
            assert_eq!(copies.holds("0001-before-b", "database"), Ok(counts), "{text}");
        }
    }

    #[test]
    fn names_never_lead_elsewhere() {
        let (_root, copies) = copies();
        for (point, source) in [("../x", "database"), ("a", "../../x"), ("a", "b/c"), ("", "b"), (".a", "b")] {
            assert!(copies.begin(point, source).is_err() && copies.holds(point, source).is_err(), "{point} {source}");
        }
    }
}
