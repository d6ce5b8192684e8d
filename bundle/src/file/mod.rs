//! The release file: a tar archive that is an OCI image layout, and the executable form with an installer in front
//! (`docs/FORMATS.md`, "Release file").

mod contents;
mod delta;
mod error;
mod fault;
mod reader;
mod run;
mod source;
mod ustar;
mod writer;

#[cfg(any(test, feature = "sign"))]
pub mod compose;
#[cfg(test)]
mod tests;

pub use contents::{
    Contents, Image, MAX_BLOBS, MAX_IMAGES, MAX_INDEX, MAX_MANIFEST, MAX_METADATA, NamedBlob, NamedBy, PUBLISHER_KEY,
    parts,
};
pub use delta::{Base, DELTA_FORMAT, Delta, Known, MAX_BASES, MAX_DELTA};
pub use error::{FileError, HeaderProblem};
pub use reader::{BlobReader, Conditions, LAYOUT, OpenedBundle, VerifiedBundle, in_sequence};
pub use run::{INSTALLER, ReleaseFile, write_run};
pub use source::{Section, Source, Stream};
#[cfg(any(test, feature = "sample"))]
pub use ustar::{header, padding, parse as parse_header};
pub use writer::{SignedNote, contents_of, write_bundle};
