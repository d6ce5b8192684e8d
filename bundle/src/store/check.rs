//! Reading every blob again: what the disk did to them since they were verified.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};

use bridle_core::digest::Digest;
use bridle_core::store::DamageKind;
use sha2::{Digest as _, Sha256};

use super::error::StoreError;
use super::ingest::Progress;
use super::{Store, catalogue};
use crate::file::{FileError, NamedBlob, NamedBy};

/// Blobs that are read at a time, at most: beside it the host has other work, and one disk has one arm.
const READERS: usize = 2;
/// Bytes that are read at a time.
const CHUNK: usize = 1 << 20;

/// A part of a release that is not what it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Release that names it (`NAME-VERSION`).
    pub release: String,
    /// The blob; `None` where the record of the release itself (pin, index) cannot be understood.
    pub blob: Option<NamedBlob>,
    /// What is wrong.
    pub kind: DamageKind,
}

/// What a check looked at and found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checked {
    /// Releases.
    pub releases: u64,
    /// Blobs that were read.
    pub blobs: u64,
    /// Bytes that were read.
    pub bytes: u64,
    /// What is damaged.
    pub damages: Vec<Damage>,
}

impl Store {
    /// Reads and hashes every blob that a pin names, two at a time, or only those of the release `only`. `progress` is
    /// called after each piece of at most 1 MiB and may stop it.
    ///
    /// # Errors
    /// [`StoreError::Absent`] if the release `only` is not there, [`StoreError::Stopped`], or [`StoreError`] if the pins
    /// cannot be listed. A damaged manifest ends the look at its release.
    pub fn check(
        &self,
        only: Option<&str>,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Checked, StoreError> {
        let (blobs, mut checked) = self.to_check(only)?;
        checked.blobs = blobs.len() as u64;
        checked.bytes = blobs.iter().map(|(_, blob)| blob.size).sum();
        checked.damages.extend(self.inspect_all(&blobs, progress)?);
        Ok(checked)
    }

    /// Reads and hashes these blobs, two at a time; the damaged ones come in the order of `blobs`.
    pub(super) fn inspect_all(
        &self,
        blobs: &[(String, NamedBlob)],
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Vec<Damage>, StoreError> {
        let readers = std::thread::available_parallelism().map_or(1, NonZeroUsize::get).min(READERS);
        let total = blobs.iter().map(|(_, blob)| blob.size).sum();
        let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        let stopped = std::thread::scope(|scope| {
            let (told, hear) = channel();
            for _ in 0..readers {
                let (told, next, found) = (told.clone(), &next, &found);
                scope.spawn(move || {
                    loop {
                        let place = next.fetch_add(1, Ordering::Relaxed);
                        let Some((release, blob)) = blobs.get(place) else { return };
                        // Nobody listens any more: the check was stopped.
                        let Ok(kind) = self.inspect(blob, &told) else { return };
                        if let Some(kind) = kind {
                            let damage = Damage { release: release.clone(), blob: Some(blob.clone()), kind };
                            found.lock().unwrap_or_else(PoisonError::into_inner).push((place, damage));
                        }
                    }
                });
            }
            drop(told);
            let mut done = 0;
            let mut hear = hear.into_iter();
            hear.any(|bytes: u64| {
                done += bytes;
                progress(Progress { done, total }).is_break()
            })
        });
        if stopped {
            return Err(StoreError::Stopped);
        }
        let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        found.sort_by_key(|(place, _)| *place);
        Ok(found.into_iter().map(|(_, damage)| damage).collect())
    }

    /// Every blob once, with the first release that names it; what cannot even be walked is damage already.
    fn to_check(&self, only: Option<&str>) -> Result<(Vec<(String, NamedBlob)>, Checked), StoreError> {
        let records = self.records()?;
        let wanted = |id: &str| only.is_none_or(|only| only == id);
        let (mut blobs, mut seen, mut checked) = (Vec::new(), BTreeSet::new(), Checked::default());
        for (id, _) in records.broken.into_iter().filter(|(id, _)| wanted(id)) {
            checked.releases += 1;
            checked.damages.push(Damage { release: id, blob: None, kind: DamageKind::Record });
        }
        for pin in records.pins.iter().filter(|pin| wanted(&pin.id())) {
            checked.releases += 1;
            match catalogue::contents(self, &pin.id()) {
                Ok(contents) => {
                    let new = contents.all().filter(|blob| seen.insert(blob.digest));
                    blobs.extend(new.map(|blob| (pin.id(), blob.clone())));
                }
                Err(error) => checked.damages.push(damaged_manifest(pin.id(), error)),
            }
        }
        match only {
            Some(id) if checked.releases == 0 => Err(StoreError::Absent { id: id.chars().take(100).collect() }),
            _ => Ok((blobs, checked)),
        }
    }

    /// What is wrong with one blob; `Err` if nobody listens any more.
    fn inspect(&self, blob: &NamedBlob, told: &Sender<u64>) -> Result<Option<DamageKind>, ()> {
        let mut file = match self.open_blob(&blob.digest) {
            Ok(Some(file)) => file,
            Ok(None) => return Ok(Some(DamageKind::Missing)),
            Err(_) => return Ok(Some(DamageKind::Unreadable)),
        };
        let (mut hash, mut buffer, mut size) = (Sha256::new(), vec![0; CHUNK], 0);
        loop {
            // A sector that cannot be read is damage like any other.
            let Ok(count) = file.read(&mut buffer) else { return Ok(Some(DamageKind::Unreadable)) };
            size += count as u64;
            if count == 0 || size > blob.size {
                break;
            }
            hash.update(&buffer[..count]);
            told.send(count as u64).map_err(|_| ())?;
        }
        let same = Digest::from_bytes(hash.finalize().into()) == blob.digest;
        Ok(if same && size == blob.size { None } else { Some(DamageKind::Altered) })
    }
}

fn damaged_manifest(release: String, error: StoreError) -> Damage {
    let named =
        |digest: Digest, named_by: NamedBy| Some(NamedBlob { digest, size: 0, media_type: String::new(), named_by });
    let (blob, kind) = match error {
        StoreError::Missing { digest, named_by } => (named(digest, named_by), DamageKind::Missing),
        StoreError::File(FileError::Digest { expected, named_by, .. }) => {
            (named(expected, named_by), DamageKind::Altered)
        }
        StoreError::Io { .. } | StoreError::Foreign { .. } => (None, DamageKind::Unreadable),
        _ => (None, DamageKind::Record),
    };
    Damage { release, blob, kind }
}
