//! The footer of a `.run` file: where installer and release stand in it (`docs/FORMATS.md`, "Release file").

use std::ops::Range;

use sha2::{Digest as _, Sha256};

/// Bytes of the footer, at the very end of the file.
pub const FOOTER: usize = 64;
/// The release begins at a multiple of so many bytes.
pub const PAGE: u64 = 4096;
/// The version that is written and read.
pub const VERSION: u32 = 1;
const MAGIC: &[u8; 8] = b"BRIDLRUN";

/// Where the parts of a `.run` file are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFile {
    /// The installer.
    pub head: Range<u64>,
    /// The release.
    pub bundle: Range<u64>,
}

/// Why a footer cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FooterError {
    /// Its bytes are not those that were written.
    #[error("the footer is damaged")]
    Damaged,
    /// Another version of the format.
    #[error("the footer has version {0}")]
    Version(u32),
    /// It says more than this version has words for.
    #[error("the footer holds what this version has no room for")]
    Unknown,
    /// Its sizes are not the file's.
    #[error("the sizes in the footer do not fit the file; is it complete?")]
    Sizes,
}

impl RunFile {
    /// The parts behind an installer of `head` bytes and before the footer, with a release of `bundle` bytes.
    #[must_use]
    pub fn of(head: u64, bundle: u64) -> Self {
        let start = head.next_multiple_of(PAGE);
        Self { head: 0..head, bundle: start..start + bundle }
    }

    /// What the last bytes of a file of `size` bytes say; `None` for a file without a footer (`.bundle`).
    ///
    /// # Errors
    /// [`FooterError`] for a footer that is damaged, of another version, or of another file.
    pub fn parse(footer: &[u8; FOOTER], size: u64) -> Result<Option<Self>, FooterError> {
        if &footer[..8] != MAGIC {
            return Ok(None);
        }
        // The checksum first: a flipped bit in the version is damage, not another version.
        if Sha256::digest(&footer[..40])[..24] != footer[40..] {
            return Err(FooterError::Damaged);
        }
        let version = u32::from_le_bytes([footer[8], footer[9], footer[10], footer[11]]);
        if version != VERSION {
            return Err(FooterError::Version(version));
        }
        let number = |at: usize| {
            let mut word = [0; 8];
            word.copy_from_slice(&footer[at..at + 8]);
            u64::from_le_bytes(word)
        };
        let (head, start, bundle) = (number(16), number(24), number(32));
        let end = start.checked_add(bundle);
        let whole = end.and_then(|end| end.checked_add(FOOTER as u64));
        let (Some(end), true) = (end, whole == Some(size) && head.checked_next_multiple_of(PAGE) == Some(start)) else {
            return Err(FooterError::Sizes);
        };
        let file = Self { head: 0..head, bundle: start..end };
        if file.footer() == *footer { Ok(Some(file)) } else { Err(FooterError::Unknown) }
    }

    /// The footer that says so.
    #[must_use]
    pub fn footer(&self) -> [u8; FOOTER] {
        let mut bytes = [0; FOOTER];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.head.end.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.bundle.start.to_le_bytes());
        bytes[32..40].copy_from_slice(&(self.bundle.end - self.bundle.start).to_le_bytes());
        let sum = Sha256::digest(&bytes[..40]);
        bytes[40..].copy_from_slice(&sum[..24]);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A footer that says whatever is wanted, with a sum that fits.
    fn saying(change: impl FnOnce(&mut [u8; FOOTER])) -> [u8; FOOTER] {
        let mut bytes = RunFile::of(1000, 100).footer();
        change(&mut bytes);
        let sum = Sha256::digest(&bytes[..40]);
        bytes[40..].copy_from_slice(&sum[..24]);
        bytes
    }

    #[test]
    fn only_a_footer_that_fits_counts() {
        let file = RunFile::of(1000, 100);
        assert_eq!(RunFile::parse(&file.footer(), 4260), Ok(Some(RunFile { head: 0..1000, bundle: 4096..4196 })));
        assert_eq!(RunFile::parse(&file.footer(), 4261), Err(FooterError::Sizes));
        for at in 0..FOOTER {
            let mut altered = file.footer();
            altered[at] ^= 1;
            let expected = if at < 8 { Ok(None) } else { Err(FooterError::Damaged) };
            assert_eq!(RunFile::parse(&altered, 4260), expected, "byte {at}");
        }
    }

    #[test]
    fn what_a_sound_footer_may_not_say() {
        let parse = |footer| RunFile::parse(&footer, 4260);
        assert_eq!(parse(saying(|bytes| bytes[8] = 2)), Err(FooterError::Version(2)));
        assert_eq!(parse(saying(|bytes| bytes[12] = 1)), Err(FooterError::Unknown));
        for at in [16, 24, 32] {
            assert_eq!(parse(saying(|bytes| bytes[at..at + 8].fill(0xff))), Err(FooterError::Sizes), "byte {at}");
        }
        assert_eq!(parse(saying(|bytes| bytes[17] ^= 0x20)), Err(FooterError::Sizes), "a head over the release");
    }
}
