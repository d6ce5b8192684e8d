//! Files inside a packed chart, read without unpacking it to disk.

mod archive;

use std::io::Read as _;
use std::path::Path;

use bridle_core::digest::Digest;

use archive::LARGEST;
pub(crate) use archive::{PackedError, crd_files, value_files};

/// The whole packed chart, once its bytes are the ones that the release names.
pub(crate) fn verified(path: &Path, wanted: &Digest) -> Result<Vec<u8>, PackedError> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(PackedError::Limit { what: "the chart".to_owned(), limit: LARGEST });
    }
    let found = Digest::of(&bytes);
    if found != *wanted {
        return Err(PackedError::Digest { found, wanted: *wanted });
    }
    Ok(bytes)
}

#[cfg(test)]
pub(crate) mod tests;
