//! The pieces of an upload as one file.

use std::io::{self, Read, Seek as _, SeekFrom};
use std::ops::Range;

use bridle_bundle::file::{FileError, Source};
use bridle_core::port::fs::ReadFile;
use bridle_core::run_file::{FOOTER, FooterError, RunFile, VERSION};
use bridle_core::upload::UploadId;
use bridle_host::uploads::{KeptUpload, UploadFiles};

/// A range of an upload, read in order; what is passed over is not read.
#[derive(Debug)]
pub(super) struct PieceReader {
    files: UploadFiles,
    id: UploadId,
    pieces: Vec<(u64, u64)>,
    range: Range<u64>,
    position: u64,
    /// The piece that is open, and where in the whole its reader is.
    open: Option<(usize, u64, Box<dyn ReadFile>)>,
}

impl PieceReader {
    /// The release in a complete upload: all of it, or in a `.run` file what stands behind the installer.
    pub(super) fn release(files: UploadFiles, kept: &KeptUpload) -> Result<Self, FileError> {
        let size = kept.record.size;
        let mut reader = Self {
            files,
            id: kept.id.clone(),
            pieces: kept.pieces.clone(),
            range: 0..size,
            position: size.saturating_sub(FOOTER as u64),
            open: None,
        };
        let mut footer = [0; FOOTER];
        let read = |source| FileError::Read { position: size, within: "footer".to_owned(), source };
        reader.read_exact(&mut footer).map_err(read)?;
        if let Some(run) = RunFile::parse(&footer, size).map_err(refused)? {
            reader.range = run.bundle;
        }
        reader.position = reader.range.start;
        Ok(reader)
    }
}

impl Read for PieceReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.range.end.saturating_sub(self.position);
        if left == 0 || buffer.is_empty() {
            return Ok(0);
        }
        let index = self.pieces.partition_point(|(offset, length)| offset + length <= self.position);
        let (offset, length) = *self.pieces.get(index).ok_or(io::ErrorKind::UnexpectedEof)?;
        let mut file = match self.open.take() {
            Some((opened, at, file)) if opened == index && at == self.position => file,
            _ => {
                let mut file = self.files.open(&self.id, offset)?;
                file.seek(SeekFrom::Start(self.position - offset))?;
                file
            }
        };
        let most = left.min(offset + length - self.position).min(buffer.len() as u64);
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let count = file.read(&mut buffer[..most])?;
        if count == 0 {
            // The disk holds less than was written.
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.position += count as u64;
        self.open = Some((index, self.position, file));
        Ok(count)
    }
}

impl Source for PieceReader {
    fn skip(&mut self, count: u64) -> io::Result<()> {
        if count > self.range.end.saturating_sub(self.position) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.position += count;
        Ok(())
    }

    fn back(&mut self, count: u64) -> bool {
        match self.position.checked_sub(count).filter(|position| *position >= self.range.start) {
            Some(position) => {
                self.position = position;
                true
            }
            None => false,
        }
    }
}

fn refused(error: FooterError) -> FileError {
    match error {
        FooterError::Version(found) => FileError::Version { found, expected: VERSION },
        other => FileError::Run(other),
    }
}
