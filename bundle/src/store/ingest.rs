//! Taking a release file into the store in one pass: hash while copying, sync beside it, pin last.

use std::fs::File;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::error::StoreError;
use super::place::{self, failed};
use super::{PIN_FORMAT, Pin, Store, pin};
use crate::file::{BlobReader, NamedBlob, Source, VerifiedBundle};

/// Free space beyond the new blobs, in bytes: for pins, directories and the file system's own records.
const RESERVE: u64 = 64 << 20;
/// Bytes that are read and written at a time.
const CHUNK: usize = 1 << 20;
/// After so many bytes of a blob the disk is made to write them, so that the last sync does not wait for all.
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
    /// Bytes that were written.
    pub bytes: u64,
}

/// How far an ingest is: bytes of the release that are in the store (copied or found there), of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes done.
    pub done: u64,
    /// Bytes of all blobs of the release.
    pub total: u64,
}

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

    /// Takes a verified release in; a second time changes nothing. `added` is the time in seconds since 1970 (UTC).
    /// `progress` is called after each piece of at most 1 MiB and may stop the ingest, which a later one continues.
    ///
    /// # Errors
    /// [`StoreError`]; whatever it is, the release is not pinned, and blobs that were complete stay.
    pub fn ingest<S: Source>(
        &self,
        mut bundle: VerifiedBundle<S>,
        added: u64,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Ingested, StoreError> {
        let _lock = place::lock(&self.partial())?;
        let pin = pin_of(&bundle, added);
        let known = self.pin(&pin.id())?;
        if known.as_ref().is_some_and(|known| known.release_manifest != pin.release_manifest) {
            return Err(StoreError::Conflict { id: pin.id() });
        }
        let needed = self.missing_bytes(bundle.contents().all())?;
        if needed == 0 && known.is_some() {
            return Ok(Ingested { reused: bundle.contents().all().count() as u64, ..Ingested::default() });
        }
        let available = place::available(&self.root)?;
        if needed + RESERVE > available {
            return Err(StoreError::Space { needed: needed + RESERVE, available });
        }
        let ingested = std::thread::scope(|scope| {
            let (sender, receiver) = sync_channel(QUEUE);
            let settle = scope.spawn(move || settle(&receiver));
            let total = bundle.contents().size();
            let mut copy = Copy { store: self, disk: sender, progress, done: 0, total, ingested: Ingested::default() };
            let copied = copy.all(&mut bundle);
            let ingested = copy.ingested;
            drop(copy);
            // The disk's own error says more than the copier's "nobody listens".
            settle.join().unwrap_or(Err(StoreError::Stopped)).and(copied).map(|()| ingested)
        })?;
        self.complete(bundle.contents().all())?;
        place::sync_directory(&self.blobs())?;
        if known.is_none() {
            pin::write(&self.pins(), &pin, bundle.index(), bundle.signature().text())?;
        }
        place::remove_partial(&self.partial())?;
        Ok(ingested)
    }

    /// Whether the blob is there in its size. Its content was verified before it got its name.
    fn has(&self, blob: &NamedBlob) -> Result<bool, StoreError> {
        Ok(self.blob_size(&blob.digest)? == Some(blob.size))
    }

    fn complete<'a>(&self, mut blobs: impl Iterator<Item = &'a NamedBlob>) -> Result<(), StoreError> {
        blobs.try_for_each(|blob| match self.has(blob)? {
            true => Ok(()),
            false => Err(StoreError::Missing { digest: blob.digest, named_by: blob.named_by.clone() }),
        })
    }
}

fn pin_of<S: Source>(bundle: &VerifiedBundle<S>, added: u64) -> Pin {
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

/// The copying side.
struct Copy<'a> {
    store: &'a Store,
    disk: SyncSender<Job>,
    progress: &'a mut dyn FnMut(Progress) -> ControlFlow<()>,
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
            if self.store.has(reader.blob())? {
                self.ingested.reused += 1;
                let size = reader.blob().size;
                reader.skip()?;
                self.step(size)?;
            } else {
                self.blob(reader, &mut buffer)?;
            }
        }
        for blob in bundle.left_out() {
            if !self.store.has(blob)? {
                return Err(StoreError::Missing { digest: blob.digest, named_by: blob.named_by.clone() });
            }
            self.ingested.reused += 1;
            self.step(blob.size)?;
        }
        Ok(())
    }

    fn metadata(&mut self, blob: &NamedBlob, bytes: &[u8]) -> Result<(), StoreError> {
        if self.store.has(blob)? {
            self.ingested.reused += 1;
        } else {
            let part = self.part(blob);
            let mut file = place::begin(&part)?;
            file.write_all(bytes).map_err(failed("write", &part))?;
            self.hand_over(Arc::new(file), part, blob)?;
        }
        self.step(blob.size)
    }

    fn blob<S: Source>(&mut self, mut reader: BlobReader<'_, S>, buffer: &mut [u8]) -> Result<(), StoreError> {
        let blob = reader.blob().clone();
        let part = self.part(&blob);
        let file = Arc::new(place::begin(&part)?);
        let mut unflushed = 0;
        loop {
            let count = reader.chunk(buffer)?;
            if count == 0 {
                break;
            }
            (&*file).write_all(&buffer[..count]).map_err(failed("write", &part))?;
            unflushed += count as u64;
            if unflushed >= FLUSH {
                self.send(Job::Flush(Arc::clone(&file), part.clone()))?;
                unflushed = 0;
            }
            self.step(count as u64)?;
        }
        reader.finish()?;
        self.hand_over(file, part, &blob)
    }

    fn part(&self, blob: &NamedBlob) -> PathBuf {
        self.store.partial().join(format!("{}.part", blob.digest.hex()))
    }

    fn hand_over(&mut self, file: Arc<File>, part: PathBuf, blob: &NamedBlob) -> Result<(), StoreError> {
        self.send(Job::Place { file, part, to: self.store.blob_path(&blob.digest) })?;
        self.ingested.new += 1;
        self.ingested.bytes += blob.size;
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
}

/// Work for the disk.
enum Job {
    Flush(Arc<File>, PathBuf),
    Place { file: Arc<File>, part: PathBuf, to: PathBuf },
}

/// The disk's side: syncs files and gives them their names, in the order of the jobs.
fn settle(jobs: &Receiver<Job>) -> Result<(), StoreError> {
    let sync = |file: &File, path: &Path| file.sync_data().map_err(failed("sync", path));
    for job in jobs {
        match job {
            Job::Flush(file, path) => sync(&file, &path)?,
            Job::Place { file, part, to } => {
                sync(&file, &part)?;
                place::rename(&part, &to)?;
            }
        }
    }
    Ok(())
}
