//! Refusals of release files for people: a stable code, the part in words, the technical cause.

use std::io;
use std::path::Path;

use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::release::ReleaseError;

use super::contents::NamedBy;
use super::delta::NOTE_SIGNATURE;
use super::error::FileError;
use super::reader::SIGNATURE;

impl FileError {
    /// The fault of this error, for the release file at `path`.
    #[must_use]
    pub fn fault(&self, path: &Path) -> Fault {
        if let Self::Trust(error) = self {
            return error.fault(path);
        }
        let fault = self.words(Fault::new(self.code()), path);
        match self.part() {
            Some(part) => fault.detail(part),
            None => fault,
        }
        .because(self)
    }

    /// Stable code of this error.
    #[must_use]
    pub fn code(&self) -> FaultCode {
        match self {
            Self::Trust(error) => error.code(),
            Self::Read { position: 0, source, .. } if source.kind() != io::ErrorKind::UnexpectedEof => {
                FaultCode::FileUnreadable
            }
            Self::Read { source, .. } if source.kind() == io::ErrorKind::UnexpectedEof => FaultCode::ReleaseIncomplete,
            Self::Read { .. } => FaultCode::MediumFailed,
            Self::HeadOnly | Self::Missing { .. } => FaultCode::ReleaseIncomplete,
            Self::Write(_) => FaultCode::WriteFailed,
            Self::Header { position: 0, .. } | Self::Other(_) => FaultCode::NotARelease,
            Self::Digest { .. } | Self::Run(_) | Self::Header { .. } => FaultCode::ReleaseDamaged,
            Self::Entry { expected, .. } if [SIGNATURE, NOTE_SIGNATURE].contains(&expected.as_str()) => {
                FaultCode::SignatureInvalid
            }
            Self::Entry { .. } | Self::Size { .. } | Self::Garbage { .. } => FaultCode::ReleaseForeignPart,
            Self::Limit { .. } => FaultCode::ReleaseTooLarge,
            Self::Oci { .. } | Self::Json { .. } | Self::Contradiction(_) | Self::Delta(_) => {
                FaultCode::ReleaseInconsistent
            }
            Self::Release(ReleaseError::Format { .. }) | Self::Version { .. } | Self::DeltaFormat { .. } => {
                FaultCode::ReleaseOtherFormat
            }
            Self::Release(_) => FaultCode::ReleaseInconsistent,
            Self::NotWhole { .. } => FaultCode::DeltaNotWhole,
            Self::Unfit { what: "architecture", .. } => FaultCode::WrongArchitecture,
            Self::Unfit { .. } => FaultCode::ReleaseOtherPlatform,
            Self::Older { .. } => FaultCode::ReleaseOlder,
            Self::Equivocation { .. } => FaultCode::ReleaseEquivocal,
            Self::Head(_) => FaultCode::InstallerAltered,
            Self::HalfRead => FaultCode::Internal,
        }
    }

    /// Puts the arguments of the words in.
    fn words(&self, fault: Fault, path: &Path) -> Fault {
        let fault = fault.with("path", path.display().to_string());
        match self {
            Self::Unfit { what: "architecture", found, expected } => {
                fault.with("wanted", found.as_str()).with("found", expected.as_str())
            }
            Self::Unfit { found, expected, .. } => {
                fault.with("found", found.as_str()).with("wanted", expected.as_str())
            }
            Self::NotWhole { release, bases } => fault.with("release", release.as_str()).with("bases", bases.as_str()),
            Self::Older { found, known } => fault.with("found", *found).with("known", *known),
            Self::Equivocation { sequence } => fault.with("sequence", *sequence),
            Self::Limit { found, limit, .. } => fault.with("found", *found).with("limit", *limit),
            _ => fault,
        }
    }

    /// Which part of the release it is about, in words; the others say it in their cause.
    fn part(&self) -> Option<Message> {
        match self {
            Self::Digest { named_by, .. } | Self::Missing { named_by, .. } => Some(named_by.message()),
            Self::Entry { found, .. } if !found.is_empty() => {
                Some(Message::new("release-part-entry").with("entry", found.as_str()))
            }
            Self::Header { position, .. } | Self::Read { position, .. } | Self::Garbage { position, .. } => {
                Some(Message::new("release-part-position").with("position", *position))
            }
            _ => None,
        }
    }
}

impl NamedBy {
    /// The part in words.
    #[must_use]
    pub fn message(&self) -> Message {
        match self {
            Self::Release => Message::new("release-part-release"),
            Self::ReleaseManifest => Message::new("release-part-manifest"),
            Self::ImageManifest(image) => Message::new("release-part-image-manifest").with("image", image.as_str()),
            Self::ImageConfig(image) => Message::new("release-part-image-config").with("image", image.as_str()),
            Self::Layer(image, number) => {
                Message::new("release-part-layer").with("image", image.as_str()).with("number", *number)
            }
            Self::Program(name) => Message::new("release-part-program").with("name", name.as_str()),
            Self::Chart(name) => Message::new("release-part-chart").with("name", name.as_str()),
            Self::Sbom => Message::new("release-part-sbom"),
            Self::Notices => Message::new("release-part-notices"),
        }
    }
}
