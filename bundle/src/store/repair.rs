//! Bringing damaged and missing blobs back from a release file.

use std::ops::ControlFlow;

use super::check::Damage;
use super::error::StoreError;
use super::ingest::{Progress, pin_of};
use super::{Store, pin, place};
use crate::file::{Source, VerifiedBundle};

/// What a repair did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Repaired {
    /// Release of the file, `NAME-VERSION`.
    pub id: String,
    /// Blobs that were damaged or missing and are whole again.
    pub blobs: u64,
    /// Their bytes.
    pub bytes: u64,
    /// What is still damaged.
    pub left: Vec<Damage>,
}

impl Store {
    /// Checks the whole store, brings back from `bundle` what is damaged or missing, and checks again. Each blob is replaced
    /// in one step by a verified one; `added` is for a pin that has to be written anew, in seconds since 1970 (UTC).
    ///
    /// # Errors
    /// [`StoreError::Absent`] if the release of the file is not in the store, [`StoreError::Conflict`] if it is there with
    /// other content, [`FileError::NotWhole`](crate::file::FileError) for a delta, [`StoreError::Busy`] while another process writes, or [`StoreError`]; a second run continues.
    pub fn repair<S: Source>(
        &self,
        bundle: VerifiedBundle<S>,
        added: u64,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Repaired, StoreError> {
        bundle.whole()?;
        let _lock = place::lock(self.fs(), &self.partial())?;
        let pin = pin_of(&bundle, added);
        let id = pin.id();
        let whole_record = match self.pin(&id) {
            Ok(Some(known)) if known.release_manifest != pin.release_manifest => {
                return Err(StoreError::Conflict { id });
            }
            Ok(Some(_)) => pin::is_written(self.fs(), &self.pins(), &id, bundle.index(), bundle.signature().text()),
            Ok(None) => return Err(StoreError::Absent { id }),
            Err(_) => false,
        };
        let mut quiet = |_| ControlFlow::Continue(());
        let blobs: Vec<_> = bundle.contents().all().map(|blob| (id.clone(), blob.clone())).collect();
        let damaged = self.inspect_all(&blobs, &mut quiet)?;
        let rewrite = damaged.into_iter().filter_map(|damage| damage.blob).map(|blob| blob.digest).collect();
        let ingested = self.take_in(bundle, (!whole_record).then_some(&pin), &rewrite, progress)?;
        let left = self.check(None, &mut quiet)?.damages;
        Ok(Repaired { id, blobs: ingested.new, bytes: ingested.bytes, left })
    }
}
