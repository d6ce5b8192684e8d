//! The host and the cluster as the engine sees them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::Proof;
use crate::backup::plan::VaultStep;
use crate::backup::wal::base_backup::Base;
use crate::configuration::secret::Password;
use crate::digest::Digest;
use crate::fault::Fault;
use crate::message::Message;
use crate::outage::Outage;
use crate::release::DataSource;
use crate::removal::Kept;
use crate::step::{ClusterStep, HostStep, Standing, Step};

/// One attempt at a step.
pub struct Attempt<'a> {
    /// The step must return before this has passed.
    pub limit: Duration,
    /// Where it tells how it goes.
    pub progress: &'a mut dyn Progress,
    /// Whether it should give up early; ask often.
    pub stop: &'a dyn Fn() -> bool,
}

/// Tells how a step goes; nothing here is kept in the journal.
pub trait Progress {
    /// Waiting is a state of its own: what is waited for.
    fn waiting(&mut self, what: Message);
    /// `done` of `total` bytes or things.
    fn advance(&mut self, done: u64, total: u64);
}

/// Progress that nobody sees.
pub struct Quiet;

impl Progress for Quiet {
    fn waiting(&mut self, _what: Message) {}
    fn advance(&mut self, _done: u64, _total: u64) {}
}

/// One host.
pub trait Host: Send + Sync {
    /// How `step` stands; reads the world only.
    ///
    /// # Errors
    /// A [`Fault`] if that cannot be told.
    fn probe(&self, step: &HostStep) -> Result<Standing, Fault>;

    /// Makes the world as `step` wants it; may be called again after any interruption.
    ///
    /// # Errors
    /// A [`Fault`] if that did not succeed.
    fn apply(&self, step: &HostStep, attempt: &mut Attempt<'_>) -> Result<(), Fault>;

    /// Brings to disk what others (k3s, containerd, helm, pods) wrote during `step` (`design.md` §3).
    ///
    /// # Errors
    /// A [`Fault`] if a file system reports an error: the step must then not count as done.
    fn sync(&self, step: &Step) -> Result<(), Fault>;
}

/// The cluster as a whole.
pub trait Cluster: Send + Sync {
    /// How `step` stands; reads the world only.
    ///
    /// # Errors
    /// A [`Fault`] if that cannot be told.
    fn probe(&self, step: &ClusterStep) -> Result<Standing, Fault>;

    /// Makes the world as `step` wants it; may be called again after any interruption.
    ///
    /// # Errors
    /// A [`Fault`] if that did not succeed.
    fn apply(&self, step: &ClusterStep, attempt: &mut Attempt<'_>) -> Result<(), Fault>;
}

/// Repositories of backups, and what is known of them on this host.
pub trait Vault: Send + Sync {
    /// How `step` stands, as far as this host has written it down; a step whose answer was lost counts as missing.
    ///
    /// # Errors
    /// A [`Fault`] if that cannot be told.
    fn probe(&self, step: &VaultStep) -> Result<Standing, Fault>;

    /// Makes the world as `step` wants it; may be called again after any interruption.
    ///
    /// # Errors
    /// A [`Fault`] if that did not succeed.
    fn apply(&self, step: &VaultStep, attempt: &mut Attempt<'_>) -> Result<(), Fault>;
}

/// When the API was away last.
pub trait Outages: Send + Sync {
    /// The last time without an API that pods have lived through; nothing if none of those that run has.
    ///
    /// # Errors
    /// A [`Fault`] if that cannot be told.
    fn last(&self) -> Result<Option<Outage>, Fault>;
}

/// Finds blobs of the store.
pub trait Blobs: Send + Sync {
    /// Path of a blob that is there.
    fn path(&self, digest: &Digest) -> Option<PathBuf>;
}

/// A certificate chain and its key, PEM. The key never reaches a log: no `Debug`.
pub struct TlsPair {
    /// Certificate, then its issuers.
    pub certificate: String,
    /// Private key, PKCS #8.
    pub key: String,
}

/// Secrets of the site that outlive an uninstallation.
pub trait KeptSecrets: Send + Sync {
    /// What is kept; nothing if there was no uninstallation.
    ///
    /// # Errors
    /// A [`Fault`] if it cannot be read.
    fn read(&self) -> Result<Kept, Fault>;

    /// Keeps these instead, readable by root only, on disk when this returns.
    ///
    /// # Errors
    /// A [`Fault`] if it cannot be written; what was kept before is then still there.
    fn write(&self, kept: &Kept) -> Result<(), Fault>;
}

/// Passwords of the site's services, sealed on this host.
pub trait SealedSecrets: Send + Sync {
    /// The password `name` in its version `number`.
    ///
    /// # Errors
    /// `SealedDamaged` if it is not there or does not open.
    fn open(&self, name: &str, number: u64) -> Result<Password, Fault>;

    /// The versions in force by name.
    ///
    /// # Errors
    /// A [`Fault`] if that cannot be read.
    fn in_force(&self) -> Result<BTreeMap<String, u64>, Fault>;

    /// Puts these versions in force and no others; on disk when this returns.
    ///
    /// # Errors
    /// A [`Fault`] if it cannot be written.
    fn settle(&self, secrets: &BTreeMap<String, u64>) -> Result<(), Fault>;
}

/// Keeps copies of data in restore points.
pub trait Copies: Send + Sync {
    /// Whether the restore point `point` holds a whole and unaltered copy of `source`.
    ///
    /// # Errors
    /// A [`Fault`] if that cannot be read.
    fn holds(&self, point: &str, source: &str) -> Result<bool, Fault>;

    /// Begins a copy of a stream in the place of an earlier copy, which counts no more from here on.
    ///
    /// # Errors
    /// A [`Fault`] if it cannot be written.
    fn begin(&self, point: &str, source: &str) -> Result<Box<dyn OpenCopy>, Fault>;

    /// Opens a copy of a stream that was kept.
    ///
    /// # Errors
    /// `CopyDamaged` if it is not there, or not what was kept.
    fn open(&self, point: &str, source: &str) -> Result<(Box<dyn std::io::Read>, Proof), Fault>;

    /// What the physical copy of the server `source` says of itself.
    ///
    /// # Errors
    /// `CopyDamaged` if there is none, or it is not understood.
    fn base(&self, point: &str, source: &str) -> Result<Base, Fault>;

    /// Copies the files of these claims while others may write; on disk and complete when this returns.
    ///
    /// # Errors
    /// `VolumeAbsent`, `VolumeChanging` if they are never as whole as the source wants it, `VolumeUnfit`,
    /// `RestorePointNoRoom`, `DeadlinePassed`, or what the disk says.
    fn files(
        &self,
        point: &str,
        source: &DataSource,
        claims: &[String],
        attempt: &mut Attempt<'_>,
    ) -> Result<(), Fault>;

    /// Makes the files of the claims that were copied what the copy holds, once: what is back stays as it is. Nobody must use
    /// the claims meanwhile.
    ///
    /// # Errors
    /// `CopyDamaged` (then nothing was touched), or what the disk says.
    fn put_back_files(&self, point: &str, source: &DataSource, attempt: &mut Attempt<'_>) -> Result<(), Fault>;

    /// Whether the data of `source` were put back from this point.
    ///
    /// # Errors
    /// A [`Fault`] for names that are none.
    fn is_back(&self, point: &str, source: &str) -> Result<bool, Fault>;

    /// Remembers that they were.
    ///
    /// # Errors
    /// A [`Fault`] if that cannot be written.
    fn say_back(&self, point: &str, source: &str) -> Result<(), Fault>;

    /// Bytes on disk of the files of these claims.
    ///
    /// # Errors
    /// `VolumeAbsent`, or what the disk says.
    fn measure(&self, namespace: &str, claims: &[String]) -> Result<u64, Fault>;

    /// Size of the last copy of this stream in any restore point; `None` if there is none.
    fn last_size(&self, source: &str) -> Option<u64>;
}

/// A copy that is being made; dropped, it is none.
pub trait OpenCopy: std::io::Write {
    /// Where it is, for faults.
    fn path(&self) -> String;

    /// Most bytes that there is room for.
    fn limit(&self) -> u64;

    /// Bytes that were written to it so far.
    fn written(&self) -> u64;

    /// Keeps what was written, if that is what `proof` is of: on disk when this returns.
    ///
    /// # Errors
    /// A [`Fault`] if it is something else, or cannot be brought to disk.
    fn keep(self: Box<Self>, proof: &Proof) -> Result<(), Fault>;
}

/// Keeps what a cluster knew beside a restore point, before the cluster goes back to it.
pub trait Exports: Send + Sync {
    /// Whether the restore point `point` has an export of this name.
    ///
    /// # Errors
    /// A [`Fault`] if that cannot be read.
    fn holds(&self, point: &str, name: &str) -> Result<bool, Fault>;

    /// Keeps it, readable by root only, on disk when this returns.
    ///
    /// # Errors
    /// A [`Fault`] if it cannot be written.
    fn keep(&self, point: &str, name: &str, text: &str) -> Result<(), Fault>;
}

/// Gives the certificates of the appliance's own CA.
pub trait Certificates: Send + Sync {
    /// The certificate of the front door for `host`.
    ///
    /// # Errors
    /// A [`Fault`] if there is none or it cannot be read.
    fn front_door(&self, host: &str) -> Result<TlsPair, Fault>;
}
