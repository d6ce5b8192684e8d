//! A blob on its way into the cache. What came so far stays when a run ends, and the next run goes on from there.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use bridle_core::digest::Digest;
use rustix::fs::{FlockOperation, flock};
use sha2::{Digest as _, Sha256};

use super::error::RegistryError;
use crate::assemble::cache::Cache;

/// Bytes that are hashed at a time.
const CHUNK: usize = 256 << 10;

/// The file, locked against other processes, with the digest of what is in it.
#[derive(Debug)]
pub(super) struct Partial {
    file: File,
    path: PathBuf,
    to: PathBuf,
    hash: Sha256,
    /// Whether nobody can go on from it later.
    passing: bool,
    /// Bytes that are there.
    pub(super) have: u64,
}

impl Partial {
    /// Opens what is there of the blob `digest`, unless it has more than `limit` bytes. Where another process is bringing
    /// the same blob, a file of our own is begun.
    pub(super) fn open(cache: &Cache, digest: &Digest, limit: u64) -> Result<Self, RegistryError> {
        let directory = cache.directory("partial");
        fs::create_dir_all(&directory).map_err(RegistryError::io("make directory", &directory))?;
        let usual = directory.join(digest.hex());
        let (file, path, passing) = match Self::lock(&usual)? {
            Some(file) => (file, usual, false),
            None => {
                let path = directory.join(format!("{}.{}", digest.hex(), std::process::id()));
                let file = Self::lock(&path)?.ok_or_else(|| {
                    RegistryError::content(
                        &path.display().to_string(),
                        "another process holds it; run the command again",
                    )
                })?;
                (file, path, true)
            }
        };
        let to = cache.blob(digest);
        let mut partial = Self { file, path, to, hash: Sha256::new(), passing, have: 0 };
        partial.read(limit)?;
        Ok(partial)
    }

    /// Forgets what came.
    pub(super) fn restart(&mut self) -> Result<(), RegistryError> {
        let reset = self.file.set_len(0).and_then(|()| self.file.seek(SeekFrom::Start(0)));
        reset.map_err(RegistryError::io("empty", &self.path))?;
        (self.hash, self.have) = (Sha256::new(), 0);
        Ok(())
    }

    /// Digest of what is there.
    pub(super) fn digest(&self) -> Digest {
        Digest::from_bytes(self.hash.clone().finalize().into())
    }

    /// Puts the blob in its place; its digest has been compared.
    pub(super) fn keep(self) -> Result<(), RegistryError> {
        move_to(&self.path, &self.to)
    }

    /// The file with an exclusive lock, or nothing where another has it.
    fn lock(path: &std::path::Path) -> Result<Option<File>, RegistryError> {
        let failed = RegistryError::io("open", path);
        for _ in 0..8 {
            let file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path);
            let file = file.map_err(&failed)?;
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Err(rustix::io::Errno::WOULDBLOCK) => return Ok(None),
                Err(error) => return Err(failed(error.into())),
                Ok(()) => {}
            }
            // Between opening and locking the holder before us may have made a finished blob of this very file.
            let own = file.metadata().map_err(&failed)?.ino();
            if fs::metadata(path).is_ok_and(|named| named.ino() == own) {
                return Ok(Some(file));
            }
        }
        Ok(None)
    }

    fn read(&mut self, limit: u64) -> Result<(), RegistryError> {
        if self.file.metadata().map_err(RegistryError::io("read", &self.path))?.len() > limit {
            return self.restart();
        }
        let mut buffer = vec![0; CHUNK];
        loop {
            match self.file.read(&mut buffer).map_err(RegistryError::io("read", &self.path))? {
                0 => return Ok(()),
                count => {
                    self.hash.update(&buffer[..count]);
                    self.have += count as u64;
                }
            }
        }
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if self.passing {
            // What stays is only space in a cache.
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl Write for Partial {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.hash.update(&bytes[..count]);
        self.have += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[allow(clippy::disallowed_methods, reason = "a cache may be lost; what is used from it is checked by digest")]
fn move_to(from: &std::path::Path, to: &std::path::Path) -> Result<(), RegistryError> {
    fs::rename(from, to).map_err(RegistryError::io("rename to", to))
}

#[cfg(test)]
mod tests {
    use bridle_core::release::Blob;

    use super::*;

    #[test]
    fn what_came_stays_and_another_begins_its_own() {
        let directory = tempfile::tempdir().expect("directory");
        let cache = Cache::open(directory.path()).expect("cache");
        let blob = Blob { digest: Digest::of(b"hello"), size: 5 };
        let mut first = Partial::open(&cache, &blob.digest, blob.size).expect("open");
        first.write_all(b"he").expect("write");
        let second = Partial::open(&cache, &blob.digest, blob.size).expect("open");
        assert_eq!(second.have, 0, "locked by the first");
        drop((first, second));
        assert_eq!(fs::read_dir(cache.directory("partial")).expect("list").count(), 1, "the second's own is gone");
        let mut again = Partial::open(&cache, &blob.digest, blob.size).expect("open");
        assert_eq!(again.have, 2);
        again.write_all(b"llo").expect("write");
        assert_eq!(again.digest(), blob.digest);
        again.keep().expect("keep");
        assert!(cache.has(&blob));
        assert_eq!(
            Partial::open(&cache, &blob.digest, blob.size).expect("open").have,
            0,
            "a finished blob is never written to"
        );
        assert!(cache.has(&blob));
    }

    #[test]
    fn too_much_is_forgotten() {
        let directory = tempfile::tempdir().expect("directory");
        let cache = Cache::open(directory.path()).expect("cache");
        let blob = Blob { digest: Digest::of(b"hello"), size: 5 };
        Partial::open(&cache, &blob.digest, blob.size).expect("open").write_all(b"hello world").expect("write");
        assert_eq!(Partial::open(&cache, &blob.digest, blob.size).expect("open").have, 0);
    }
}
