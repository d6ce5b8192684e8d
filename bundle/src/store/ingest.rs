//! Taking a release file into the store in one pass: hash while copying, sync beside it, pin last.
//!
//! An interrupted ingest leaves whole blobs under their names and a piece (`HEX.part`) of the one that it was in. The next
//! one goes on with the piece where the medium can be passed over and come back to: the piece is hashed and written again,
//! and where the digest of the whole is not the blob's, the blob is copied from its beginning.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};

use bridle_core::digest::Digest;
use bridle_core::port::fs::{ReadFile, WriteFile};

use super::error::StoreError;
use super::place::{self, failed};
use super::settle::{Job, settle};
use super::{PIN_FORMAT, Pin, Store, pin};
use crate::file::{BlobReader, FileError, NamedBlob, Source, VerifiedBundle};

/// Free space beyond the new blobs, in bytes: for pins, directories and the file system's own records.
const RESERVE: u64 = 64 << 20;
/// Files beyond the new blobs: pins, and what others make meanwhile.
const RESERVE_FILES: u64 = 64;
/// Bytes that are read and written at a time.
const CHUNK: usize = 1 << 20;
/// After so many bytes of a blob the disk is made to write them.
const FLUSH: u64 = 32 << 20;
/// Files that may wait for the disk.
const QUEUE: usize = 16;

/// What an ingest did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ingested {
    /// Blobs that were written.
    pub new: u64,
    /// Blobs that were there already.
    pub reused: u64,
    /// Bytes that were written: those of the new blobs, to the byte.
    pub bytes: u64,
    /// Of them, those of images (manifests, configurations, layers).
    pub image_bytes: u64,
}

/// How far an ingest is: bytes of the release that are in the store (copied or found there), of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes done.
    pub done: u64,
    /// Bytes of all blobs of the release.
    pub total: u64,
}

/// What is told how far it is, and may stop it.
pub(super) type Tell<'a> = &'a mut dyn FnMut(Progress) -> ControlFlow<()>;

impl Store {
    /// Bytes that ingesting these blobs would write.
    ///
    /// # Errors
    /// [`StoreError::Io`] if the store cannot be read.
    pub fn missing_bytes<'a>(&self, blobs: impl Iterator<Item = &'a NamedBlob>) -> Result<u64, StoreError> {
        let mut bytes = 0;
        for blob in blobs {
            if !self.has(blob)? {
                bytes += blob.size;
            }
        }
        Ok(bytes)
    }

    /// Takes a verified release in; a second time changes nothing. What the store has already is read and hashed again
    /// before anything is written, so that the pin stands for bytes that were all verified; damage among it is mended from the
    /// file, or, where a delta does not carry it, refused. `added` is the time in seconds since 1970 (UTC).
    /// `progress` is called after each piece of at most 1 MiB and may stop the ingest, which a later one continues.
    ///
    /// # Errors
    /// [`StoreError`]; whatever it is, the release is not pinned, and blobs that were complete stay.
    pub fn ingest<S: Source>(
        &self,
        bundle: VerifiedBundle<S>,
        added: u64,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Ingested, StoreError> {
        let _lock = place::lock(self.fs(), &self.partial())?;
        let pin = pin_of(&bundle, added);
        let known = self.pin(&pin.id())?;
        if known.as_ref().is_some_and(|known| known.release_manifest != pin.release_manifest) {
            return Err(StoreError::Conflict { id: pin.id() });
        }
        if known.is_some() && self.missing_bytes(bundle.contents().all())? == 0 {
            // What can be seen need not be on disk: an ingest that was cut off after its last rename left it so.
            place::sync_directory(self.fs(), &self.blobs())?;
            place::sync_directory(self.fs(), &self.pins())?;
            self.clear_pieces()?;
            return Ok(Ingested { reused: bundle.contents().all().count() as u64, ..Ingested::default() });
        }
        let rewrite = self.prove(&bundle, progress)?;
        self.take_in(bundle, (known.is_none()).then_some(&pin), &rewrite, progress)
    }

    /// Copies what is missing, or is one of `rewrite`, and writes `pin` at the end. The caller holds the lock.
    pub(super) fn take_in<S: Source>(
        &self,
        mut bundle: VerifiedBundle<S>,
        pin: Option<&Pin>,
        rewrite: &BTreeSet<Digest>,
        progress: Tell<'_>,
    ) -> Result<Ingested, StoreError> {
        let done = self.room(&bundle, rewrite)?;
        let ingested = std::thread::scope(|scope| {
            let (sender, receiver) = sync_channel(QUEUE);
            let settle = scope.spawn(move || settle(self.fs(), &receiver));
            let total = bundle.contents().size();
            let ingested = Ingested::default();
            let mut copy = Copy { store: self, rewrite, disk: sender, progress, done, total, ingested };
            let copied = copy.all(&mut bundle).map_err(|error| copy.located(error));
            let ingested = copy.ingested;
            drop(copy);
            // The disk's own error says more than the copier's "nobody listens".
            settle.join().unwrap_or(Err(StoreError::Stopped)).and(copied).map(|()| ingested)
        })?;
        self.complete(bundle.contents().all())?;
        place::sync_directory(self.fs(), &self.blobs())?;
        match pin {
            Some(pin) => pin::write(self.fs(), &self.pins(), pin, bundle.index(), bundle.signature().text())?,
            // One that can be seen need not be on disk: see `ingest`.
            None => place::sync_directory(self.fs(), &self.pins())?,
        }
        self.clear_pieces()?;
        Ok(ingested)
    }

    /// Removes the pieces of blobs that are whole by now: after a power cut one can stand beside its blob.
    fn clear_pieces(&self) -> Result<(), StoreError> {
        for (name, path) in place::list(self.fs(), &self.partial())? {
            let digest = name.strip_suffix(".part").and_then(|hex| Digest::from_hex(hex).ok());
            if let Some(digest) = digest
                && self.blob_size(&digest)?.is_some()
            {
                place::remove(self.fs(), &path)?;
            }
        }
        place::sync_directory(self.fs(), &self.partial())
    }

    /// Whether the blob is there in its size. Its content was verified before it got its name.
    pub(super) fn has(&self, blob: &NamedBlob) -> Result<bool, StoreError> {
        Ok(self.blob_size(&blob.digest)? == Some(blob.size))
    }

    fn part(&self, blob: &NamedBlob) -> PathBuf {
        self.partial().join(place::part_name(&blob.digest))
    }

    /// Refuses what does not fit before the first byte is written; returns the bytes of the blobs that stay as they are.
    fn room<S>(&self, bundle: &VerifiedBundle<S>, rewrite: &BTreeSet<Digest>) -> Result<u64, StoreError>
    where
        S: Source,
    {
        let (mut bytes, mut files, mut stays) = (RESERVE, RESERVE_FILES, 0);
        for blob in bundle.contents().all() {
            if rewrite.contains(&blob.digest) || !self.has(blob)? {
                // What a piece already occupies is not needed twice.
                let there = place::size(self.fs(), &self.part(blob))?.unwrap_or(0);
                bytes += blob.size.saturating_sub(there);
                files += 1;
            } else {
                stays += blob.size;
            }
        }
        let space = self.fs().space(&self.root).map_err(failed("measure", &self.root))?;
        if bytes > space.bytes {
            return Err(StoreError::Space { needed: bytes, available: space.bytes });
        }
        // File systems that make inodes as they need them say 0.
        if space.inodes > 0 && files > space.inodes {
            return Err(StoreError::Inodes { needed: files, available: space.inodes });
        }
        Ok(stays)
    }

    fn complete<'a>(&self, mut blobs: impl Iterator<Item = &'a NamedBlob>) -> Result<(), StoreError> {
        blobs.try_for_each(|blob| match self.has(blob)? {
            true => Ok(()),
            false => Err(StoreError::Missing { digest: blob.digest, named_by: blob.named_by.clone() }),
        })
    }
}

/// The pin that a release gets.
pub(super) fn pin_of<S: Source>(bundle: &VerifiedBundle<S>, added: u64) -> Pin {
    let contents = bundle.contents();
    Pin {
        format: PIN_FORMAT,
        name: contents.release.name.clone(),
        version: contents.release.version.clone(),
        sequence: contents.release.sequence,
        release_manifest: contents.digest,
        manifest: contents.release.clone(),
        key_id: bundle.signer().id().to_string(),
        added,
    }
}

/// Reads a piece and writes what it read to another file.
struct Anew<'a> {
    known: Box<dyn ReadFile>,
    file: &'a dyn WriteFile,
}

impl Read for Anew<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.known.read(buffer)?;
        self.file.write(&buffer[..count])?;
        Ok(count)
    }
}

/// The copying side.
struct Copy<'a> {
    store: &'a Store,
    rewrite: &'a BTreeSet<Digest>,
    disk: SyncSender<Job>,
    progress: Tell<'a>,
    done: u64,
    total: u64,
    ingested: Ingested,
}

impl Copy<'_> {
    fn all<S: Source>(&mut self, bundle: &mut VerifiedBundle<S>) -> Result<(), StoreError> {
        for (blob, bytes) in &bundle.contents().metadata {
            self.metadata(blob, bytes)?;
        }
        let mut buffer = vec![0; CHUNK];
        while let Some(reader) = bundle.next_blob()? {
            if self.wants(reader.blob())? {
                self.blob(reader, &mut buffer)?;
            } else {
                self.ingested.reused += 1;
                reader.skip()?;
                self.step(0)?;
            }
        }
        self.ingested.reused += bundle.left_out().len() as u64;
        Ok(())
    }

    fn wants(&self, blob: &NamedBlob) -> Result<bool, StoreError> {
        Ok(self.rewrite.contains(&blob.digest) || !self.store.has(blob)?)
    }

    fn metadata(&mut self, blob: &NamedBlob, bytes: &[u8]) -> Result<(), StoreError> {
        if self.wants(blob)? {
            let part = self.store.part(blob);
            let file: Arc<dyn WriteFile> = place::begin(self.store.fs(), &part)?.into();
            file.write(bytes).map_err(failed("write", &part))?;
            self.hand_over(file, part, blob)?;
            return self.step(blob.size);
        }
        self.ingested.reused += 1;
        self.step(0)
    }

    fn blob<S: Source>(&mut self, mut reader: BlobReader<'_, S>, buffer: &mut [u8]) -> Result<(), StoreError> {
        let blob = reader.blob().clone();
        let part = self.store.part(&blob);
        let begun = self.done;
        if let Some(file) = self.go_on(&mut reader, &part)? {
            self.copy(&mut reader, &*file, &file, &part, buffer)?;
            if reader.matches() {
                reader.finish()?;
                return self.hand_over(file, part, &blob);
            }
            reader.restart()?;
            self.done = begun;
        }
        let file: Arc<dyn WriteFile> = place::begin(self.store.fs(), &part)?.into();
        self.copy(&mut reader, &*file, &file, &part, buffer)?;
        if let Err(error) = reader.finish() {
            // Nothing of it can be of use to the next ingest.
            place::remove(self.store.fs(), &part)?;
            return Err(error.into());
        }
        self.hand_over(file, part, &blob)
    }

    /// Takes over the piece that an interrupted ingest left, where the reader can go on behind it. It is written anew: if a
    /// sync of it failed once, it reads as if it were whole, and no later sync would say otherwise.
    fn go_on<S: Source>(
        &mut self,
        reader: &mut BlobReader<'_, S>,
        part: &Path,
    ) -> Result<Option<Arc<dyn WriteFile>>, StoreError> {
        let fs = self.store.fs();
        let Some(there) = place::size(fs, part)?.filter(|there| (1..=reader.blob().size).contains(there)) else {
            return Ok(None);
        };
        let Ok(known) = fs.open(part) else { return Ok(None) };
        let file = place::begin(fs, part)?;
        if !reader.resume(&mut Anew { known, file: &*file }, there)? {
            return Ok(None);
        }
        self.step(there)?;
        Ok(Some(file.into()))
    }

    fn copy<S: Source>(
        &mut self,
        reader: &mut BlobReader<'_, S>,
        to: &dyn WriteFile,
        file: &Arc<dyn WriteFile>,
        part: &Path,
        buffer: &mut [u8],
    ) -> Result<(), StoreError> {
        let mut unflushed = 0;
        loop {
            let count = reader.chunk(buffer)?;
            if count == 0 {
                return Ok(());
            }
            to.write(&buffer[..count]).map_err(failed("write", part))?;
            unflushed += count as u64;
            if unflushed >= FLUSH {
                self.send(Job::Flush(Arc::clone(file), part.to_owned()))?;
                unflushed = 0;
            }
            self.step(count as u64)?;
        }
    }

    fn hand_over(&mut self, file: Arc<dyn WriteFile>, part: PathBuf, blob: &NamedBlob) -> Result<(), StoreError> {
        self.send(Job::Place { file, part, to: self.store.blob_path(&blob.digest) })?;
        self.ingested.new += 1;
        self.ingested.bytes += blob.size;
        if blob.named_by.is_image() {
            self.ingested.image_bytes += blob.size;
        }
        Ok(())
    }

    fn send(&self, job: Job) -> Result<(), StoreError> {
        self.disk.send(job).map_err(|_| StoreError::Stopped)
    }

    fn step(&mut self, bytes: u64) -> Result<(), StoreError> {
        self.done += bytes;
        match (self.progress)(Progress { done: self.done, total: self.total }) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(StoreError::Stopped),
        }
    }

    /// A medium that failed on the way, with how far the ingest came.
    fn located(&self, error: StoreError) -> StoreError {
        match error {
            StoreError::File(source @ FileError::Read { .. }) => {
                StoreError::Medium { done: self.done, total: self.total, source }
            }
            other => other,
        }
    }
}
