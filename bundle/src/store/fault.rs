//! Errors of the store as faults for people.

use std::io;
use std::path::Path;

use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::store::collection::Refusal;

use super::{Lacking, StoreError};
use crate::file::FileError;
use crate::trust::TrustError;

const MEGABYTE: u64 = 1_000_000;

impl StoreError {
    /// The fault of this error; the store is at `store`, the release came from `file`.
    #[must_use]
    pub fn fault(&self, store: &Path, file: &Path) -> Fault {
        let at_store = |code| Fault::new(code).with("path", store.display().to_string());
        let fault = match self {
            Self::File(error) => return error.fault(file),
            Self::Medium { done, total, source } => {
                let megabytes = |code: FaultCode| {
                    Fault::new(code).with("done", done / MEGABYTE).with("total", total.div_ceil(MEGABYTE))
                };
                match source {
                    FileError::Read { source, .. } => megabytes(code_of_medium(source)),
                    other => return other.fault(file),
                }
            }
            Self::Space { .. } => at_store(FaultCode::NoSpace),
            Self::Inodes { .. } => at_store(FaultCode::StoreNoFiles),
            Self::Io { path, source, .. } => {
                Fault::new(bridle_core::durable::code_of_write(source)).with("path", path.display().to_string())
            }
            Self::Busy => Fault::new(FaultCode::StoreBusy),
            Self::Conflict { id } => Fault::new(FaultCode::ReleaseConflict).with("release", id.as_str()),
            Self::Absent { id } => Fault::new(FaultCode::ReleaseAbsent).with("release", id.as_str()),
            Self::InUse { id } => Fault::new(FaultCode::ReleaseInUse).with("release", id.as_str()),
            Self::Refused(refusal) => refused(refusal),
            Self::Base(lacking) => lacking.fault(),
            Self::Missing { .. } => Fault::new(FaultCode::ReleaseDamaged).with("path", file.display().to_string()),
            Self::Foreign { .. } | Self::Pin { .. } | Self::Stopped => Fault::new(FaultCode::StoreDamaged),
        };
        fault.because(self)
    }

    /// As [`Self::fault`], for a release that somebody brings to an agent: no installer is there to take a key.
    #[must_use]
    pub fn fault_of_upload(&self, store: &Path, file: &Path) -> Fault {
        match self {
            Self::File(FileError::Trust(TrustError::Unknown { signer })) => {
                Fault::new(FaultCode::ReleaseKeyUnknown).with("key", signer.to_string()).because(self)
            }
            other => other.fault(store, file),
        }
    }
}

impl Lacking {
    fn fault(&self) -> Fault {
        let code = if self.damaged { FaultCode::DeltaBaseDamaged } else { FaultCode::DeltaBaseMissing };
        Fault::new(code)
            .with("release", self.release.as_str())
            .with("count", self.blobs)
            .with("megabytes", self.bytes.div_ceil(MEGABYTE))
            .with("bases", self.bases.join(", "))
            .detail(self.first.message())
    }
}

fn code_of_medium(error: &io::Error) -> FaultCode {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => FaultCode::StoreStreamEnded,
        _ => FaultCode::StoreMediumGone,
    }
}

/// Nothing may be removed, for this reason.
fn refused(refusal: &Refusal) -> Fault {
    let what = match refusal {
        Refusal::Use => Message::new("collection-use-unknown"),
        Refusal::Record(release) => Message::new("collection-record-unreadable").with("release", release.as_str()),
    };
    Fault::new(FaultCode::CollectionRefused).detail(what)
}
