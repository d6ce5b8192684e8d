//! Opens and reads one file, and sees whether it changed meanwhile.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, BufReader, Read};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::PathBuf;
use std::sync::Arc;

use rustic_core::{ErrorKind, ReadSourceOpen, RusticError, RusticResult};
use rustix::fs::OFlags;

use super::Report;

/// Larger files are read in pieces of this size.
const BUFFER: usize = 256 * 1024;

/// A file that was seen and is still to be opened.
#[derive(Debug)]
pub(in super::super) struct Opening {
    pub(super) path: PathBuf,
    pub(super) seen: Seen,
    pub(super) report: Arc<Report>,
}

/// What tells that a file is not the one it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Seen {
    pub(super) fn of(stat: &Metadata) -> Self {
        Self {
            device: stat.dev(),
            inode: stat.ino(),
            size: stat.len(),
            modified: (stat.mtime(), stat.mtime_nsec()),
            changed: (stat.ctime(), stat.ctime_nsec()),
        }
    }
}

impl ReadSourceOpen for Opening {
    type Reader = Checked;

    fn open(self) -> RusticResult<Checked> {
        // Without waiting: what was a file a moment ago may be a pipe now.
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
        let opened = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(&self.path);
        let opened = opened.and_then(|file| Ok((Seen::of(&file.metadata()?), file)));
        match opened {
            Ok((seen, file)) if seen == self.seen => {
                let size = usize::try_from(seen.size).unwrap_or(BUFFER).clamp(1, BUFFER);
                Ok(Checked { file: BufReader::with_capacity(size, file), opening: self, read: 0, told: false })
            }
            Ok(_) => {
                self.report.changing(&self.path, &"it changed between its listing and its opening");
                Err(RusticError::new(ErrorKind::InputOutput, "changed before it was read"))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.report.changing(&self.path, &"it went away");
                Err(RusticError::with_source(ErrorKind::InputOutput, "went away", error))
            }
            Err(error) => {
                self.report.unreadable(&self.path, &error);
                Err(RusticError::with_source(ErrorKind::InputOutput, "cannot be opened", error))
            }
        }
    }
}

/// A file that is being read.
#[derive(Debug)]
pub(in super::super) struct Checked {
    file: BufReader<File>,
    opening: Opening,
    read: u64,
    told: bool,
}

impl Read for Checked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.file.read(buffer) {
            Ok(0) if !buffer.is_empty() => {
                self.ended();
                Ok(0)
            }
            Ok(count) => {
                self.read += count as u64;
                Ok(count)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                self.opening.report.unreadable(&self.opening.path, &error);
                self.told = true;
                Err(error)
            }
        }
    }
}

impl Checked {
    fn ended(&mut self) {
        if self.told {
            return;
        }
        self.told = true;
        let (seen, report) = (self.opening.seen, &self.opening.report);
        match self.file.get_ref().metadata() {
            Ok(stat) if Seen::of(&stat) == seen && self.read == seen.size => {}
            Ok(_) => report.changing(&self.opening.path, &"it changed while it was read"),
            Err(error) => report.unreadable(&self.opening.path, &error),
        }
    }
}

impl Drop for Checked {
    /// The engine stops reading a file once it has as many bytes as there were, and does not always look for the end.
    fn drop(&mut self) {
        self.ended();
    }
}
