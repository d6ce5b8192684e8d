//! Proofs that a copy is what it should be.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use bridle_core::digest::Digest;
use bridle_core::fault::Fault;
use sha2::{Digest as _, Sha256};

use super::record::Copied;
use crate::files::FileError;

/// Bytes that are read at a time.
const PIECE: usize = 1024 * 1024;
/// etcd writes whole pages of its database, then the SHA-256 of them (`Maintenance.Snapshot` of its API).
const PAGE: u64 = 512;
const TRAILER: u64 = 32;

/// Whether the file at `path` is there with size and content of `copied`.
pub(super) fn is(path: &Path, copied: &Copied) -> Result<bool, Fault> {
    holds(path, copied.size, copied.digest)
}

/// Whether the file at `path` is there with this size and content.
pub(super) fn holds(path: &Path, size: u64, digest: Digest) -> Result<bool, Fault> {
    match path.symlink_metadata() {
        Ok(metadata) if metadata.is_file() && metadata.len() == size => {}
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(FileError::new("read", path)(error).into()),
        _ => return Ok(false),
    }
    Ok(read(path, size)?.0 == digest)
}

/// The digest of a copy of etcd's database; `None` if it is empty or does not end with the digest of itself.
pub(super) fn snapshot(path: &Path) -> Result<Option<Digest>, Fault> {
    let size = path.metadata().map_err(FileError::new("read", path))?.len();
    if size <= TRAILER || size % PAGE != TRAILER {
        return Ok(None);
    }
    let (content, trailer) = read(path, size - TRAILER)?;
    if trailer != content.hex() {
        return Ok(None);
    }
    Ok(Some(read(path, size)?.0))
}

/// The digest of the first `size` bytes, and the rest (at most 32 bytes) in hex.
fn read(path: &Path, size: u64) -> Result<(Digest, String), Fault> {
    let failed = |error| FileError::new("read", path)(error);
    let mut file = File::open(path).map_err(failed)?;
    let (mut hash, mut piece, mut left) = (Sha256::new(), vec![0; PIECE], size);
    while left > 0 {
        let most = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
        let count = file.read(&mut piece[..most]).map_err(failed)?;
        if count == 0 {
            break;
        }
        hash.update(&piece[..count]);
        left = left.saturating_sub(count as u64);
    }
    let mut rest = Vec::new();
    file.take(TRAILER).read_to_end(&mut rest).map_err(failed)?;
    let rest = <[u8; 32]>::try_from(rest.as_slice()).map(|bytes| Digest::from_bytes(bytes).hex()).unwrap_or_default();
    Ok((Digest::from_bytes(hash.finalize().into()), rest))
}
