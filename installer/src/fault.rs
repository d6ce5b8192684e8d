//! Errors of the bundle crate as faults for people.

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
    match error {
        StoreError::Busy => Fault::new(FaultCode::OperationRunning).with("operation", "install").because(error),
        other => other.fault(store, file),
    }
}
