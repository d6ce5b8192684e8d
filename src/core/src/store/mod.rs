//! The blob store as data: the decisions about it, and what the faces show of it.

pub mod collection;
pub mod diff;
pub mod have;
pub mod space;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::fault::Fault;
use crate::message::Message;
use crate::status::ReleaseView;

/// What taking a release in did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddView {
    /// `NAME-VERSION`.
    pub id: String,
    /// Blobs that were written.
    pub new: u64,
    /// Blobs that were there already.
    pub reused: u64,
    /// Bytes that were written: those of the new blobs, to the byte.
    pub bytes: u64,
    /// Of them, those of images (manifests, configurations, layers).
    #[serde(default)]
    pub image_bytes: u64,
}

/// Whether a text can be the id of a release (`NAME-VERSION`), and so a file name.
#[must_use]
pub fn is_release_id(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-.+".contains(&byte);
    !text.is_empty() && text.len() <= 200 && text.bytes().all(allowed) && !text.starts_with(['.', '-'])
}

/// What a collection removed, or would remove.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CollectView {
    /// Nothing was removed: only a look.
    pub dry_run: bool,
    /// Blobs that nothing needs.
    pub blobs: u64,
    /// Pieces that interrupted ingests left.
    pub parts: u64,
    /// Bytes of both.
    pub bytes: u64,
    /// Blobs that no release names and that stay, because a running container uses them.
    pub in_use: u64,
    /// Blobs and pieces that no release names and that stay for now, because an ingest may go on with them.
    pub recent: u64,
    /// Files that are not the store's (the first 20); they are never removed.
    pub unknown: Vec<String>,
}

/// What a look at every byte of the store found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CheckView {
    /// Releases that were looked at.
    pub releases: u64,
    /// Blobs that were read.
    pub blobs: u64,
    /// Bytes that were read.
    pub bytes: u64,
    /// What is not as it was.
    pub damages: Vec<DamageView>,
}

/// A part of the store that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DamageView {
    /// Release that needs it.
    pub release: String,
    /// The blob; absent where the store's record of the release itself is damaged.
    pub digest: Option<Digest>,
    /// Its size in bytes; 0 if unknown.
    pub size: u64,
    /// Which part of the release it is.
    pub part: Message,
    /// What is wrong.
    pub damage: DamageKind,
}

/// Ways of being damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DamageKind {
    /// Not there.
    Missing,
    /// Other content.
    Altered,
    /// The disk does not give it back.
    Unreadable,
    /// The record of the release cannot be understood.
    Record,
}

/// What a repair did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepairView {
    /// The release of the file, `NAME-VERSION`.
    pub id: String,
    /// Blobs that were damaged or missing and are whole again.
    pub repaired: u64,
    /// Their bytes.
    pub bytes: u64,
    /// What is still damaged: another release's file has it.
    pub left: Vec<DamageView>,
}

/// One line of the answer to a long look at the store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CheckLine {
    /// Bytes read, of all.
    Progress {
        /// Bytes read.
        done: u64,
        /// Of all.
        total: u64,
    },
    /// The last line: what was found.
    Report {
        /// The whole.
        report: CheckView,
    },
    /// The last line: it failed.
    Failed {
        /// Why.
        fault: Fault,
    },
}

/// What a release is and holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseDetail {
    /// The release in one line.
    pub release: ReleaseView,
    /// Processor that it is for.
    pub architecture: String,
    /// Version of Kubernetes.
    pub kubernetes: String,
    /// Id of the key that signed it.
    pub key: String,
    /// Digest of its manifest: its identity.
    pub digest: Digest,
    /// Versions that it can follow.
    pub upgrades_from: Vec<String>,
    /// Programs.
    pub programs: Vec<SizedPart>,
    /// Charts with their versions.
    pub charts: Vec<SizedPart>,
    /// Images with the digests of their manifests.
    pub images: Vec<SizedPart>,
}

/// A part of a release with its size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SizedPart {
    /// Its name.
    pub name: String,
    /// Version or digest.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// Bytes, packed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
}
