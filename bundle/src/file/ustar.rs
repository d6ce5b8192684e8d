//! Headers of the one kind of tar entry that a release file holds (POSIX 1003.1-1988 ustar).
//!
//! There is exactly one header for a name and a size. Whatever differs from it by a single byte is refused, so that no
//! two readers can ever see two different archives in one file.

use super::error::HeaderProblem;

/// Bytes of a tar block.
pub const BLOCK: usize = 512;
/// Largest size that the octal field of a header can say: 8 GiB less one byte.
pub(super) const LARGEST: u64 = 0o77_777_777_777;

const TYPE_FLAG: usize = 156;
const NAME: usize = 100;
const SIZE: std::ops::Range<usize> = 124..136;
const CHECKSUM: std::ops::Range<usize> = 148..156;

/// The header of the regular file `name` of `size` bytes. The name has at most 100 ASCII bytes, the size is at most
/// [`LARGEST`]; callers hold both.
pub fn header(name: &str, size: u64) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &name.as_bytes()[..name.len().min(NAME)]);
    put(100, b"0000644\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(SIZE.start, format!("{size:011o}\0").as_bytes());
    put(136, b"00000000000\0");
    put(CHECKSUM.start, b"        ");
    put(TYPE_FLAG, b"0");
    put(257, b"ustar\x0000");
    put(329, b"0000000\0");
    put(337, b"0000000\0");
    let sum = checksum(&block);
    block[CHECKSUM].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

/// Name and size of an entry, or `None` for a block of zeros.
pub fn parse(block: &[u8; BLOCK]) -> Result<Option<(String, u64)>, HeaderProblem> {
    if block.iter().all(|&byte| byte == 0) {
        return Ok(None);
    }
    let stored = octal(&block[CHECKSUM.start..CHECKSUM.start + 6]).ok_or(HeaderProblem::Checksum)?;
    let mut plain = *block;
    plain[CHECKSUM].fill(b' ');
    if stored != checksum(&plain) {
        return Err(HeaderProblem::Checksum);
    }
    if block[TYPE_FLAG] != b'0' {
        return Err(HeaderProblem::Kind(block[TYPE_FLAG]));
    }
    let end = block[..NAME].iter().position(|&byte| byte == 0).unwrap_or(NAME);
    let name = std::str::from_utf8(&block[..end]).map_err(|_| HeaderProblem::Form)?;
    let size = octal(&block[SIZE.start..SIZE.end - 1]).ok_or(HeaderProblem::Form)?;
    if !name.is_ascii() || header(name, size) != *block {
        return Err(HeaderProblem::Form);
    }
    Ok(Some((name.to_owned(), size)))
}

/// Bytes of zeros that follow `size` bytes of content.
pub fn padding(size: u64) -> usize {
    // The remainder is below 512, so it fits.
    (BLOCK - (size % BLOCK as u64) as usize) % BLOCK
}

fn checksum(block: &[u8; BLOCK]) -> u64 {
    block.iter().map(|&byte| u64::from(byte)).sum()
}

fn octal(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0_u64, |value, &digit| match digit {
        b'0'..=b'7' => Some(value << 3 | u64::from(digit - b'0')),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_survives_a_round_trip() {
        for (name, size) in [("oci-layout", 30), ("index.json", 0), ("x", LARGEST)] {
            assert_eq!(parse(&header(name, size)), Ok(Some((name.to_owned(), size))));
        }
        assert_eq!(parse(&[0; BLOCK]), Ok(None));
    }

    #[test]
    fn every_flipped_bit_is_refused() {
        let good = header("blobs/sha256/00", 1234);
        for bit in 0..BLOCK * 8 {
            let mut block = good;
            block[bit / 8] ^= 1 << (bit % 8);
            assert!(parse(&block).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn padding_fills_the_block() {
        assert_eq!([0, 1, 511, 512, 513].map(padding), [0, 511, 1, 0, 511]);
    }
}
