//! Pulling from registries (OCI distribution specification 1.1), by digest where the lock has one.
//!
//! | module | what it knows |
//! |---|---|
//! | `access` | what the publisher says: credentials, authorities, proxy, patience |
//! | `credentials`, `challenge` | the file with credentials; what a registry asks for |
//! | `transport`, `token` | one exchange: redirects, what passes and what does not; what is shown |
//! | `download`, `partial` | tries, resumed blobs, checked digests |
//! | `reference`, `platform` | names; the choice from a multi-architecture index |
//! | `image`, `attached`, `chart` | an image with its attached bill of materials; a chart |

mod access;
mod attached;
mod challenge;
mod chart;
mod credentials;
mod download;
mod error;
mod image;
mod partial;
mod platform;
mod reference;
mod token;
mod transport;

pub use access::Access;
pub(super) use chart::{PulledChart, chart};
pub(super) use download::Fetcher;
pub use error::RegistryError;
pub(super) use image::{Pull, descriptors, pull};
pub(super) use platform::Platform;
