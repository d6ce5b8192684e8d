//! Where the release stands in a `.run` file (`docs/FORMATS.md`, "Release file"): what a client needs to know of it.

use std::ops::Range;

use sha2::{Digest as _, Sha256};

/// Bytes of the footer, at the very end of the file.
pub const FOOTER: usize = 64;

/// Range of the release in a `.run` file of `size` bytes; `None` if the file does not end with a whole footer that fits it
/// (a `.bundle` has none).
#[must_use]
pub fn bundle_range(footer: &[u8; FOOTER], size: u64) -> Option<Range<u64>> {
    if !footer.starts_with(b"BRIDLRUN") || footer[8..12] != 1_u32.to_le_bytes() {
        return None;
    }
    if Sha256::digest(&footer[..40])[..24] != footer[40..] {
        return None;
    }
    let number = |at: usize| {
        let mut word = [0; 8];
        word.copy_from_slice(&footer[at..at + 8]);
        u64::from_le_bytes(word)
    };
    let (start, length) = (number(24), number(32));
    let end = start.checked_add(length)?;
    (end.checked_add(FOOTER as u64)? == size).then_some(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn footer(start: u64, length: u64) -> [u8; FOOTER] {
        let mut bytes = [0; FOOTER];
        bytes[..8].copy_from_slice(b"BRIDLRUN");
        bytes[8..12].copy_from_slice(&1_u32.to_le_bytes());
        bytes[24..32].copy_from_slice(&start.to_le_bytes());
        bytes[32..40].copy_from_slice(&length.to_le_bytes());
        let sum = Sha256::digest(&bytes[..40]);
        bytes[40..].copy_from_slice(&sum[..24]);
        bytes
    }

    #[test]
    fn only_a_footer_that_fits_counts() {
        assert_eq!(bundle_range(&footer(4096, 100), 4260), Some(4096..4196));
        assert_eq!(bundle_range(&footer(4096, 100), 4261), None);
        assert_eq!(bundle_range(&footer(u64::MAX, 100), 4260), None);
        for at in 0..FOOTER {
            let mut altered = footer(4096, 100);
            altered[at] ^= 1;
            assert_eq!(bundle_range(&altered, 4260), None, "byte {at}");
        }
    }
}
