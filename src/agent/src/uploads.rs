//! Release files that come in pieces: what is on disk of them, and who does something with one.

mod reader;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Arg;
use bridle_core::port::{Clock, Timestamp};
use bridle_core::store::AddView;
use bridle_core::upload::{
    self, Beside, FORMAT, UploadId, UploadOrder, UploadRecord, UploadState, UploadView, expires, is_worthless,
    make_room,
};
use bridle_host::uploads::{KeptUpload, UploadFiles};

use self::reader::PieceReader;
use crate::upkeep::{STREAM, Upkeep};

const MEGABYTE: u64 = 1_000_000;

/// The uploads of this host. What is known of them was read from the disk and is changed after it.
pub(crate) struct Uploads {
    files: UploadFiles,
    upkeep: Arc<Upkeep>,
    clock: Arc<dyn Clock>,
    /// `None` until they could be read.
    known: Mutex<Option<BTreeMap<UploadId, Entry>>>,
}

struct Entry {
    kept: KeptUpload,
    /// What somebody does with it at this moment.
    claimed: Option<UploadState>,
}

impl Entry {
    fn there(&self) -> u64 {
        self.kept.pieces.last().map_or(0, |(offset, length)| offset + length)
    }

    fn beside(&self) -> Beside {
        let (size, busy) = (self.kept.record.size, self.claimed.is_some());
        Beside { size, there: self.there(), progress: self.kept.progress, busy }
    }

    fn view(&self) -> UploadView {
        let (size, offset) = (self.kept.record.size, self.there());
        let state = match self.claimed {
            Some(UploadState::Adding) => UploadState::Adding,
            _ if offset == size => UploadState::Complete,
            _ => UploadState::Receiving,
        };
        let (id, name) = (self.kept.id.clone(), self.kept.record.name.clone());
        UploadView { id, name, size, offset, state, expires: expires(self.kept.progress) }
    }
}

impl Uploads {
    /// The uploads in `files`, which are read now; where that fails, with the next call.
    pub(crate) fn new(files: UploadFiles, upkeep: Arc<Upkeep>, clock: Arc<dyn Clock>) -> Self {
        let uploads = Self { files, upkeep, clock, known: Mutex::new(None) };
        if let Err(fault) = uploads.with(|known| uploads.sweep(known)) {
            tracing::warn!(code = fault.code.code(), causes = ?fault.causes, "uploads");
        }
        uploads
    }

    /// All uploads, without those that are too old: they are removed.
    ///
    /// # Errors
    /// A [`Fault`] if they cannot be read, or an old one cannot be removed.
    pub(crate) fn list(&self) -> Result<Vec<UploadView>, Fault> {
        self.with(|known| {
            self.sweep(known)?;
            Ok(known.values().map(Entry::view).collect())
        })
    }

    /// One upload.
    ///
    /// # Errors
    /// A [`Fault`] if there is none of that name.
    pub(crate) fn view(&self, id: &UploadId) -> Result<UploadView, Fault> {
        self.with(|known| known.get(id).map(Entry::view).ok_or_else(|| unknown(id)))
    }

    /// Begins an upload; those that are too old are removed before, and where it needs their place, those that nobody goes on
    /// with ([`make_room`]).
    ///
    /// # Errors
    /// A [`Fault`] if it may not begin, or cannot be written down.
    pub(crate) fn begin(&self, order: &UploadOrder, by: &str) -> Result<UploadView, Fault> {
        self.with(|known| {
            self.sweep(known)?;
            let begun = self.clock.now();
            let ids: Vec<UploadId> = known.keys().cloned().collect();
            let others: Vec<Beside> = known.values().map(Entry::beside).collect();
            for place in make_room(order, &others, self.files.free()?, begun)? {
                self.files.remove(&ids[place])?;
                known.remove(&ids[place]);
                tracing::info!(upload = %ids[place], "upload given up: another one needs its place");
            }
            let id = UploadId::next(begun, known.keys());
            let (name, size) = (order.name.clone(), order.size);
            let record = UploadRecord { format: FORMAT, name, size, by: by.to_owned(), begun };
            self.files.begin(&id, &record)?;
            tracing::info!(upload = %id, name = record.name, size, by, "upload begun");
            let kept = KeptUpload { id: id.clone(), record, pieces: Vec::new(), progress: begun };
            let entry = Entry { kept, claimed: None };
            let view = entry.view();
            known.insert(id, entry);
            Ok(view)
        })
    }

    /// Reserves an upload for the piece that begins at `offset`.
    ///
    /// # Errors
    /// A [`Fault`] if there is no such upload, somebody uses it, or another piece is to come.
    pub(crate) fn expect(self: &Arc<Self>, id: &UploadId, offset: u64) -> Result<Claim, Fault> {
        let claim = self.claim(id, UploadState::Receiving)?;
        upload::place(claim.kept.record.size, claim.there(), offset)?;
        Ok(claim)
    }

    /// Removes an upload.
    ///
    /// # Errors
    /// A [`Fault`] if there is no such upload, or somebody uses it.
    pub(crate) fn remove(self: &Arc<Self>, id: &UploadId) -> Result<(), Fault> {
        self.claim(id, UploadState::Receiving)?.remove()
    }

    /// Takes a complete upload into the store, under all rules of [`Upkeep::add`], and removes it. One whose content is
    /// refused for good is removed too; any other one stays and can be added again.
    ///
    /// # Errors
    /// A [`Fault`] if it is not complete, somebody uses it, or the release is refused.
    pub(crate) fn add(self: &Arc<Self>, id: &UploadId) -> Result<AddView, Fault> {
        let claim = self.claim(id, UploadState::Adding)?;
        let (there, size) = (claim.there(), claim.kept.record.size);
        if there != size {
            let fault = Fault::new(FaultCode::UploadIncomplete).with("done", there / MEGABYTE);
            return Err(fault.with("total", size.div_ceil(MEGABYTE)));
        }
        let name = &claim.kept.record.name;
        let source = PieceReader::release(self.files.clone(), &claim.kept)
            .map_err(|error| error.fault(Path::new(name)))
            .and_then(|source| self.upkeep.add_from(source));
        match source {
            Ok(added) => {
                // Where that fails, it is only in the way until it is too old: the release is in the store.
                if let Err(fault) = claim.remove() {
                    tracing::warn!(upload = %id, code = fault.code.code(), causes = ?fault.causes, "added, not removed");
                }
                Ok(added)
            }
            Err(fault) => {
                let fault = named(fault, name);
                if is_worthless(fault.code) {
                    tracing::warn!(upload = %id, code = fault.code.code(), "removed: its content is refused");
                    claim.remove()?;
                }
                Err(fault)
            }
        }
    }

    fn claim(self: &Arc<Self>, id: &UploadId, what: UploadState) -> Result<Claim, Fault> {
        let kept = self.with(|known| {
            let entry = known.get_mut(id).ok_or_else(|| unknown(id))?;
            if entry.claimed.is_some() {
                return Err(Fault::new(FaultCode::UploadBusy));
            }
            entry.claimed = Some(what);
            Ok(entry.kept.clone())
        })?;
        Ok(Claim { uploads: Arc::clone(self), kept })
    }

    /// Removes what did not come further for too long.
    fn sweep(&self, known: &mut BTreeMap<UploadId, Entry>) -> Result<(), Fault> {
        let now = self.clock.now();
        let old = |entry: &&Entry| entry.claimed.is_none() && expires(entry.kept.progress) <= now;
        let old: Vec<UploadId> = known.values().filter(old).map(|entry| entry.kept.id.clone()).collect();
        for id in old {
            self.files.remove(&id)?;
            known.remove(&id);
            tracing::info!(upload = %id, "upload given up: nothing came for too long");
        }
        Ok(())
    }

    fn with<T>(&self, work: impl FnOnce(&mut BTreeMap<UploadId, Entry>) -> Result<T, Fault>) -> Result<T, Fault> {
        let mut known = self.lock();
        if known.is_none() {
            let uploads = self.files.load()?;
            *known = Some(uploads.into_iter().map(|kept| (kept.id.clone(), Entry { kept, claimed: None })).collect());
        }
        work(known.get_or_insert_default())
    }

    fn lock(&self) -> MutexGuard<'_, Option<BTreeMap<UploadId, Entry>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to do something with an upload; nobody else does meanwhile.
pub(crate) struct Claim {
    uploads: Arc<Uploads>,
    kept: KeptUpload,
}

impl Claim {
    /// Writes a piece; it is on disk afterwards.
    ///
    /// # Errors
    /// A [`Fault`] if it does not fit, or cannot be written: it is to be sent again then.
    pub(crate) fn write(self, bytes: &[u8]) -> Result<UploadView, Fault> {
        let (there, length) = (self.there(), bytes.len() as u64);
        upload::take(self.kept.record.size, there, length)?;
        self.uploads.files.write(&self.kept.id, there, bytes)?;
        let now = self.uploads.clock.now();
        self.uploads.with(|known| {
            let entry = known.get_mut(&self.kept.id).ok_or_else(|| unknown(&self.kept.id))?;
            entry.kept.pieces.push((there, length));
            entry.kept.progress = now.max(Timestamp(entry.kept.progress.0));
            Ok(entry.view())
        })
    }

    fn remove(&self) -> Result<(), Fault> {
        self.uploads.files.remove(&self.kept.id)?;
        let id = &self.kept.id;
        self.uploads.with(|known| Ok(known.remove(id)))?;
        tracing::info!(upload = %id, "upload removed");
        Ok(())
    }

    fn there(&self) -> u64 {
        self.kept.pieces.last().map_or(0, |(offset, length)| offset + length)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some(entry) = self.uploads.lock().as_mut().and_then(|known| known.get_mut(&self.kept.id)) {
            entry.claimed = None;
        }
    }
}

/// The store knows a stream only; the person knows the file.
fn named(mut fault: Fault, name: &str) -> Fault {
    if let Some(path) = fault.message.args.get_mut("path")
        && *path == Arg::from(STREAM)
    {
        *path = name.into();
    }
    fault
}

fn unknown(id: &UploadId) -> Fault {
    Fault::new(FaultCode::UploadUnknown).with("id", id.to_string())
}
