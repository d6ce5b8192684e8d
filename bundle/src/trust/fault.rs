//! Refusals of keys and signatures for people.

use std::path::Path;

use bridle_core::fault::{Fault, FaultCode};

use super::TrustError;

impl TrustError {
    /// The fault of this error; the key or signature stands in the file or folder `path`.
    #[must_use]
    pub fn fault(&self, path: &Path) -> Fault {
        let fault = Fault::new(self.code());
        match self {
            Self::Unknown { signer } => fault.with("key", signer.to_string()),
            Self::Read { path, .. } | Self::Seen { path, .. } => fault.with("path", path.display().to_string()),
            Self::Files(error) => fault.with("path", error.path.display().to_string()),
            Self::Key(_) | Self::TooMany => fault.with("path", path.display().to_string()),
            Self::Signature(_) | Self::Wrong { .. } | Self::Content(_) => fault,
        }
        .because(self)
    }

    /// Stable code of this error.
    #[must_use]
    pub fn code(&self) -> FaultCode {
        match self {
            Self::Unknown { .. } => FaultCode::SignatureForeign,
            Self::Read { .. } => FaultCode::FileUnreadable,
            Self::Seen { .. } => FaultCode::SeenInvalid,
            Self::Files(error) => error.code(),
            Self::Key(_) | Self::TooMany => FaultCode::KeyFileInvalid,
            Self::Signature(_) | Self::Wrong { .. } | Self::Content(_) => FaultCode::SignatureInvalid,
        }
    }
}
