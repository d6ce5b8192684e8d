//! Errors of the bundle crate as faults for people.

use std::path::{Path, PathBuf};

use bridle_bundle::file::FileError;
use bridle_bundle::store::StoreError;
use bridle_bundle::trust::TrustError;
use bridle_core::fault::{Fault, FaultCode};

/// A release file, at `path`, that was refused.
pub fn of_file(error: &FileError, path: &Path) -> Fault {
    error.fault(&known_as(path))
}

/// The name under which people know a file: a program that reads itself does so by a link of the kernel.
pub fn known_as(path: &Path) -> PathBuf {
    let own = path.starts_with("/proc/self").then(|| std::fs::read_link(path).ok()).flatten();
    own.unwrap_or_else(|| path.to_owned())
}

/// A key or signature that was refused; it stands in the file or folder `path`.
pub fn of_trust(error: &TrustError, path: &Path) -> Fault {
    error.fault(&known_as(path))
}

/// A store, at `store`, that refused; `file` is the release file that was taken in.
pub fn of_store(error: &StoreError, store: &Path, file: &Path) -> Fault {
    match error {
        StoreError::Busy => Fault::new(FaultCode::OperationRunning).with("operation", "install").because(error),
        other => other.fault(store, &known_as(file)),
    }
}
