//! Errors of the bundle crate as faults for people.

use std::io;
use std::path::Path;

use bridle_bundle::file::FileError;
use bridle_bundle::store::StoreError;
use bridle_bundle::trust::TrustError;
use bridle_core::fault::{Fault, FaultCode};

/// A release file, at `path`, that was refused.
pub fn of_file(error: &FileError, path: &Path) -> Fault {
    error.fault(path)
}

/// A key or signature that was refused.
pub fn of_trust(error: &TrustError) -> Fault {
    let fault = match error {
        TrustError::Unknown { signer } => Fault::new(FaultCode::SignatureForeign).with("key", signer.to_string()),
        TrustError::Read { path, .. } => Fault::new(FaultCode::FileUnreadable).with("path", path.display().to_string()),
        TrustError::Key(_) | TrustError::TooMany => {
            Fault::new(FaultCode::RequestInvalid).with("what", "--publisher-key")
        }
        TrustError::Signature(_) | TrustError::Wrong { .. } | TrustError::Content(_) => {
            Fault::new(FaultCode::SignatureInvalid)
        }
    };
    fault.because(error)
}

/// A store, at `store`, that refused; `file` is the release file that was taken in.
pub fn of_store(error: &StoreError, store: &Path, file: &Path) -> Fault {
    let at_store = |code| Fault::new(code).with("path", store.display().to_string());
    let fault = match error {
        StoreError::File(error) => return of_file(error, file),
        StoreError::Io { source, .. }
            if matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) =>
        {
            at_store(FaultCode::NoSpace)
        }
        StoreError::Space { .. } => at_store(FaultCode::NoSpace),
        StoreError::Io { path, .. } => Fault::new(FaultCode::WriteFailed).with("path", path.display().to_string()),
        StoreError::Busy => Fault::new(FaultCode::OperationRunning).with("operation", "install"),
        StoreError::Conflict { id } => Fault::new(FaultCode::OtherReleaseInstalled).with("installed", id.as_str()),
        StoreError::Missing { .. } => Fault::new(FaultCode::ReleaseDamaged),
        StoreError::Foreign { .. } | StoreError::Absent { .. } | StoreError::Pin { .. } | StoreError::Stopped => {
            Fault::new(FaultCode::StoreDamaged)
        }
    };
    fault.because(error)
}
