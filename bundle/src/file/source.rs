//! Where the bytes of a release file come from.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt as _;

/// Bytes in order, some of which may be passed over without being read.
pub trait Source: Read {
    /// Passes over `count` bytes.
    ///
    /// # Errors
    /// `UnexpectedEof` if there are fewer; errors of the medium.
    fn skip(&mut self, count: u64) -> io::Result<()>;

    /// Goes back by `count` bytes; `false` where that cannot be done, and nothing happened.
    fn back(&mut self, count: u64) -> bool {
        let _ = count;
        false
    }
}

/// A stream that cannot seek: what is passed over is read and dropped.
#[derive(Debug)]
pub struct Stream<R>(pub R);

impl<R: Read> Read for Stream<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl<R: Read> Source for Stream<R> {
    fn skip(&mut self, count: u64) -> io::Result<()> {
        let passed = io::copy(&mut self.0.by_ref().take(count), &mut io::sink())?;
        if passed == count { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

/// A range of a file, read at its own position: the file's cursor is not used.
#[derive(Debug)]
pub struct Section {
    file: File,
    start: u64,
    position: u64,
    end: u64,
}

impl Section {
    /// The bytes `range` of `file`.
    #[must_use]
    pub fn new(file: File, range: std::ops::Range<u64>) -> Self {
        Self { file, start: range.start, position: range.start, end: range.end }
    }

    /// Bytes left.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.end.saturating_sub(self.position)
    }
}

impl Read for Section {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = usize::try_from(self.left()).unwrap_or(usize::MAX).min(buffer.len());
        if wanted == 0 {
            return Ok(0);
        }
        let count = self.file.read_at(&mut buffer[..wanted], self.position)?;
        self.position += count as u64;
        Ok(count)
    }
}

impl Source for Section {
    fn skip(&mut self, count: u64) -> io::Result<()> {
        if count > self.left() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.position += count;
        Ok(())
    }

    fn back(&mut self, count: u64) -> bool {
        match self.position.checked_sub(count).filter(|position| *position >= self.start) {
            Some(position) => {
                self.position = position;
                true
            }
            None => false,
        }
    }
}
