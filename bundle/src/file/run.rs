//! A release file on disk, alone (`.bundle`) or behind an installer (`.run`).

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek as _, SeekFrom, Write};
use std::ops::Range;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

use bridle_core::digest::Digest;
use bridle_core::release::ReleaseManifest;
use bridle_core::run_file::{FOOTER, FooterError, RunFile, VERSION};
use rustix::fs::OFlags;
use sha2::{Digest as _, Sha256};

use super::error::FileError;
use super::source::Section;

/// Name of the program that is the head of a `.run` file.
pub const INSTALLER: &str = "installer";

/// An opened release file; head and bundle are read from the same open file, whatever becomes of its path.
#[derive(Debug)]
pub struct ReleaseFile {
    file: File,
    head: Option<Range<u64>>,
    bundle: Range<u64>,
}

impl ReleaseFile {
    /// Opens a `.run` file (also `/proc/self/exe`) or a `.bundle` file; which one it is, its footer tells.
    ///
    /// # Errors
    /// [`FileError::Read`] if it cannot be read, [`FileError::Run`] for a footer that is damaged or does not fit the file,
    /// [`FileError::Version`], [`FileError::HeadOnly`], [`FileError::Other`] for what is no file at all.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        // Opening a pipe must not wait for somebody to write into it.
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
            .open(path)
            .map_err(|error| failed(0, error))?;
        let metadata = file.metadata().map_err(|error| failed(0, error))?;
        if !metadata.is_file() {
            return Err(FileError::Other("not a regular file"));
        }
        let size = metadata.len();
        let mut footer = [0; FOOTER];
        if size < FOOTER as u64 {
            return Err(failed(size, io::ErrorKind::UnexpectedEof.into()));
        }
        file.read_exact_at(&mut footer, size - FOOTER as u64).map_err(|error| failed(size - FOOTER as u64, error))?;
        if let Some(RunFile { head, bundle }) = RunFile::parse(&footer, size).map_err(refused)? {
            return Ok(Self { file, head: Some(head), bundle });
        }
        let mut magic = [0; 4];
        file.read_exact_at(&mut magic, 0).map_err(|error| failed(0, error))?;
        if &magic == b"\x7fELF" {
            return Err(FileError::HeadOnly);
        }
        Ok(Self { file, head: None, bundle: 0..size })
    }

    /// Whether an installer stands in front.
    #[must_use]
    pub fn is_run(&self) -> bool {
        self.head.is_some()
    }

    /// Size of the bundle in bytes.
    #[must_use]
    pub fn bundle_size(&self) -> u64 {
        self.bundle.end - self.bundle.start
    }

    /// A reader of the bundle, from its beginning.
    ///
    /// # Errors
    /// [`FileError::Read`] if the open file cannot be duplicated.
    pub fn bundle(&self) -> Result<Section, FileError> {
        let file = self.file.try_clone().map_err(|error| failed(self.bundle.start, error))?;
        Ok(Section::new(file, self.bundle.clone()))
    }

    /// Checks that the head is the program `installer` of the verified release and that nothing but zeros stands
    /// between it and the bundle. Nothing to check for a `.bundle`.
    ///
    /// # Errors
    /// [`FileError::Head`] if it is another program.
    pub fn verify_head(&self, release: &ReleaseManifest) -> Result<(), FileError> {
        let Some(head) = &self.head else { return Ok(()) };
        let expected = release.program(INSTALLER).ok_or(FileError::Head("the release names no installer"))?;
        if expected.size != head.end - head.start {
            return Err(FileError::Head("the head is not the installer of the release (size)"));
        }
        let file = || self.file.try_clone().map_err(|error| failed(0, error));
        let mut hash = Sha256::new();
        io::copy(&mut Section::new(file()?, head.clone()), &mut hash).map_err(|error| failed(0, error))?;
        if Digest::from_bytes(hash.finalize().into()) != expected.digest {
            return Err(FileError::Head("the head is not the installer of the release (digest)"));
        }
        let mut padding = Vec::new();
        Section::new(file()?, head.end..self.bundle.start)
            .read_to_end(&mut padding)
            .map_err(|error| failed(head.end, error))?;
        if padding.iter().all(|&byte| byte == 0) {
            Ok(())
        } else {
            Err(FileError::Head("the padding behind the head is not zero"))
        }
    }
}

/// Writes a `.run` file: `installer`, zeros up to a multiple of 4096, `bundle`, footer. Returns its size in bytes.
///
/// # Errors
/// [`FileError::Write`] or [`FileError::Read`] if one of the files fails.
pub fn write_run<W: Write>(mut out: W, installer: &mut File, bundle: &mut File) -> Result<u64, FileError> {
    let copy = |from: &mut File, out: &mut W| {
        from.seek(SeekFrom::Start(0)).and_then(|_| io::copy(from, out)).map_err(FileError::Write)
    };
    let head = copy(installer, &mut out)?;
    let start = RunFile::of(head, 0).bundle.start;
    io::copy(&mut io::repeat(0).take(start - head), &mut out).map_err(FileError::Write)?;
    let size = copy(bundle, &mut out)?;
    let run = RunFile::of(head, size);
    out.write_all(&run.footer()).map_err(FileError::Write)?;
    out.flush().map_err(FileError::Write)?;
    Ok(run.bundle.end + FOOTER as u64)
}

fn refused(error: FooterError) -> FileError {
    match error {
        FooterError::Version(found) => FileError::Version { found, expected: VERSION },
        other => FileError::Run(other),
    }
}

fn failed(position: u64, source: io::Error) -> FileError {
    FileError::Read { position, within: "file".to_owned(), source }
}
