//! What was made before: blobs by digest, products by the content of what they are made from.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use bridle_core::digest::Digest;
use bridle_core::release::Blob;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::error::AssembleError;
use super::notices::Notice;
use super::sbom::Component;

/// Raised when recipes make something else from the same inputs.
const GENERATION: &str = "1";

/// The cache of one user, outside any checkout. Several processes may use it at a time.
#[derive(Debug, Clone)]
pub struct Cache {
    root: PathBuf,
}

/// What a recipe made: one blob and what is inside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Product {
    /// The blob: an executable, or a compressed layer.
    pub(super) blob: Blob,
    /// Digest of the unpacked layer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) diff_id: Option<Digest>,
    /// Bytes of the unpacked layer.
    #[serde(default)]
    pub(super) unpacked: u64,
    /// What is inside.
    pub(super) components: Vec<Component>,
    /// Licences of what is inside.
    pub(super) notices: Vec<Notice>,
}

impl Cache {
    /// Opens the cache in `root`, which is made if need be.
    ///
    /// # Errors
    /// [`AssembleError::Io`] if a directory cannot be made.
    pub fn open(root: &Path) -> Result<Self, AssembleError> {
        for name in ["build", "deb", "wheel", "blob", "scratch"] {
            let path = root.join(name);
            fs::create_dir_all(&path).map_err(AssembleError::io("make directory", &path))?;
        }
        let root = root.canonicalize().map_err(AssembleError::io("find", root))?;
        Ok(Self { root })
    }

    /// A directory of the cache.
    pub(super) fn directory(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Path of a blob.
    #[must_use]
    pub fn blob(&self, digest: &Digest) -> PathBuf {
        self.root.join("blob").join(digest.hex())
    }

    /// Opens a blob.
    ///
    /// # Errors
    /// The error of opening.
    pub fn open_blob(&self, digest: &Digest) -> io::Result<File> {
        File::open(self.blob(digest))
    }

    /// Whether a blob is there in its size.
    pub(super) fn has(&self, blob: &Blob) -> bool {
        fs::metadata(self.blob(&blob.digest)).is_ok_and(|metadata| metadata.len() == blob.size)
    }

    /// Key of a product: the digest of everything it depends on, each part with its length.
    pub(super) fn key(parts: &[&str]) -> Digest {
        let mut hash = Sha256::new();
        for part in std::iter::once(&GENERATION).chain(parts) {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        Digest::from_bytes(hash.finalize().into())
    }

    /// The product of `key`, made by `make` unless it is there with all its blobs.
    pub(super) fn product(
        &self,
        key: &Digest,
        make: impl FnOnce() -> Result<Product, AssembleError>,
    ) -> Result<Product, AssembleError> {
        let complete =
            |product: &Product| self.has(&product.blob) && product.notices.iter().all(|notice| self.has(&notice.text));
        self.remembered(key, complete, make)
    }

    /// What `make` gave for `key` before, if `complete` still holds of it, or what it gives now.
    pub(super) fn remembered<T: Serialize + DeserializeOwned>(
        &self,
        key: &Digest,
        complete: impl Fn(&T) -> bool,
        make: impl FnOnce() -> Result<T, AssembleError>,
    ) -> Result<T, AssembleError> {
        let path = self.root.join("build").join(format!("{}.json", key.hex()));
        let known = fs::read(&path).ok().and_then(|bytes| serde_json::from_slice::<T>(&bytes).ok());
        if let Some(known) = known.filter(complete) {
            return Ok(known);
        }
        let made = make()?;
        let text = serde_json::to_vec_pretty(&made).map_err(|error| AssembleError::Io {
            operation: "write",
            path: path.clone(),
            source: error.into(),
        })?;
        self.replace(&path, &text)?;
        Ok(made)
    }

    /// Keeps some bytes as a blob.
    pub(super) fn put(&self, bytes: &[u8]) -> Result<Blob, AssembleError> {
        let mut writer = self.begin()?;
        writer.write_all(bytes).map_err(AssembleError::io("write", &writer.path))?;
        writer.finish()
    }

    /// Keeps a file's content as a blob.
    pub(super) fn put_file(&self, path: &Path) -> Result<Blob, AssembleError> {
        let mut file = File::open(path).map_err(AssembleError::io("open", path))?;
        self.put_reader(&mut file, path)
    }

    /// Keeps what a reader delivers as a blob; `from` names it in errors.
    pub(super) fn put_reader(&self, reader: &mut dyn Read, from: &Path) -> Result<Blob, AssembleError> {
        let mut writer = self.begin()?;
        io::copy(reader, &mut writer).map_err(AssembleError::io("read", from))?;
        writer.finish()
    }

    /// Begins a blob.
    pub(super) fn begin(&self) -> Result<BlobWriter, AssembleError> {
        let path = self.scratch_path();
        let file =
            OpenOptions::new().create_new(true).write(true).open(&path).map_err(AssembleError::io("create", &path))?;
        Ok(BlobWriter { cache: self.clone(), file: io::BufWriter::new(file), path, hash: Sha256::new(), size: 0 })
    }

    /// A new, empty directory that is removed with the value.
    pub(super) fn scratch(&self) -> Result<Scratch, AssembleError> {
        let path = self.scratch_path();
        fs::create_dir(&path).map_err(AssembleError::io("make directory", &path))?;
        Ok(Scratch(path))
    }

    /// Puts a file of the cache in place as a whole.
    pub(super) fn replace(&self, path: &Path, bytes: &[u8]) -> Result<(), AssembleError> {
        let part = self.scratch_path();
        let mut file = File::create(&part).map_err(AssembleError::io("create", &part))?;
        file.write_all(bytes).and_then(|()| file.sync_all()).map_err(AssembleError::io("write", &part))?;
        rename(&part, path)
    }

    fn scratch_path(&self) -> PathBuf {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = self.root.join("scratch").join(format!("{}-{number}", std::process::id()));
            // A killed process with the same number may have left something.
            if !path.exists() {
                return path;
            }
        }
    }
}

/// A directory that goes with the value.
#[derive(Debug)]
pub(super) struct Scratch(PathBuf);

impl Scratch {
    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays is only space in a cache.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A blob that is being written.
#[derive(Debug)]
pub(super) struct BlobWriter {
    cache: Cache,
    file: io::BufWriter<File>,
    path: PathBuf,
    hash: Sha256,
    size: u64,
}

impl BlobWriter {
    /// Gives the blob its name.
    pub(super) fn finish(mut self) -> Result<Blob, AssembleError> {
        self.file.flush().map_err(AssembleError::io("write", &self.path))?;
        let blob = Blob { digest: Digest::from_bytes(self.hash.finalize().into()), size: self.size };
        rename(&self.path, &self.cache.blob(&blob.digest))?;
        Ok(blob)
    }
}

impl Write for BlobWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.hash.update(&bytes[..count]);
        self.size += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[allow(clippy::disallowed_methods, reason = "a cache may be lost; what is used from it is checked by digest")]
pub(super) fn rename(from: &Path, to: &Path) -> Result<(), AssembleError> {
    fs::rename(from, to).map_err(AssembleError::io("rename to", to))
}
