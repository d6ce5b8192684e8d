//! Writing a release file: the same bytes for the same content.

use std::io::{self, Read, Write};

use bridle_core::digest::Digest;

use super::contents::{Contents, NamedBlob};
use super::delta::{Delta, NOTE, NOTE_SIGNATURE};
use super::error::FileError;
use super::reader::{LAYOUT, entry_name};
use super::ustar;

/// The note of a delta with its signature.
#[derive(Debug, Clone, Copy)]
pub struct SignedNote<'a> {
    /// [`Delta`] as JSON.
    pub note: &'a [u8],
    /// Text of its signature.
    pub signature: &'a str,
}

/// Reads what `index` names; `blob` opens a blob by its digest.
///
/// # Errors
/// [`FileError`] if a manifest cannot be read or is not what the index names.
pub fn contents_of(
    index: &[u8],
    blob: &mut dyn FnMut(&Digest) -> io::Result<Box<dyn Read>>,
) -> Result<Contents, FileError> {
    Contents::walk(index, &mut |wanted| {
        let mut bytes = Vec::new();
        let opened = blob(&wanted.digest).map_err(|error| unreadable(wanted, error))?;
        opened.take(wanted.size + 1).read_to_end(&mut bytes).map_err(|error| unreadable(wanted, error))?;
        same(wanted, Digest::of(&bytes))?;
        Ok(bytes)
    })
}

/// Writes the release that the signed `index` names to `out` and returns the number of bytes. `blob` opens a blob by
/// its digest; with `delta` what its note leaves out is not carried.
///
/// # Errors
/// [`FileError`] if a blob cannot be read, is not what the index names, the note is not that of the release, or `out` fails.
pub fn write_bundle<W: Write>(
    mut out: W,
    index: &[u8],
    signature: &str,
    blob: &mut dyn FnMut(&Digest) -> io::Result<Box<dyn Read>>,
    delta: Option<SignedNote<'_>>,
) -> Result<u64, FileError> {
    let contents = contents_of(index, blob)?;
    let carried = match delta {
        Some(delta) => Delta::parse(delta.note)?.part(&contents)?.0,
        None => contents.blobs.clone(),
    };
    let mut written = 0;
    let mut entry = |name: &str, bytes: &[u8]| -> Result<(), FileError> {
        let size = bytes.len() as u64;
        out.write_all(&ustar::header(name, size)).map_err(FileError::Write)?;
        out.write_all(bytes).map_err(FileError::Write)?;
        out.write_all(&[0; ustar::BLOCK][..ustar::padding(size)]).map_err(FileError::Write)?;
        written += entry_size(size);
        Ok(())
    };
    entry("oci-layout", LAYOUT)?;
    entry("index.json", index)?;
    entry("index.json.minisig", signature.as_bytes())?;
    if let Some(delta) = delta {
        entry(NOTE, delta.note)?;
        entry(NOTE_SIGNATURE, delta.signature.as_bytes())?;
    }
    for (metadata, bytes) in &contents.metadata {
        entry(&entry_name(&metadata.digest), bytes)?;
    }
    for wanted in &carried {
        let opened = blob(&wanted.digest).map_err(|error| unreadable(wanted, error))?;
        written += copy(&mut out, wanted, opened)?;
    }
    out.write_all(&[0; 2 * ustar::BLOCK]).map_err(FileError::Write)?;
    out.flush().map_err(FileError::Write)?;
    Ok(written + 2 * ustar::BLOCK as u64)
}

fn copy<W: Write>(out: &mut W, wanted: &NamedBlob, mut from: Box<dyn Read>) -> Result<u64, FileError> {
    use sha2::{Digest as _, Sha256};
    out.write_all(&ustar::header(&entry_name(&wanted.digest), wanted.size)).map_err(FileError::Write)?;
    let (mut hash, mut left, mut buffer) = (Sha256::new(), wanted.size, vec![0; 256 << 10]);
    while left > 0 {
        let longest = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let count = from.read(&mut buffer[..longest]).map_err(|error| unreadable(wanted, error))?;
        if count == 0 {
            return Err(unreadable(wanted, io::ErrorKind::UnexpectedEof.into()));
        }
        hash.update(&buffer[..count]);
        out.write_all(&buffer[..count]).map_err(FileError::Write)?;
        left -= count as u64;
    }
    same(wanted, Digest::from_bytes(hash.finalize().into()))?;
    out.write_all(&[0; ustar::BLOCK][..ustar::padding(wanted.size)]).map_err(FileError::Write)?;
    Ok(entry_size(wanted.size))
}

fn entry_size(size: u64) -> u64 {
    ustar::BLOCK as u64 + size + ustar::padding(size) as u64
}

fn same(wanted: &NamedBlob, found: Digest) -> Result<(), FileError> {
    if found == wanted.digest {
        return Ok(());
    }
    Err(FileError::Digest { expected: wanted.digest, found, named_by: wanted.named_by.clone() })
}

fn unreadable(wanted: &NamedBlob, source: io::Error) -> FileError {
    FileError::Read { position: 0, within: format!("blob {} ({})", wanted.digest, wanted.named_by), source }
}
