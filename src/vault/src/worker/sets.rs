//! Sets in a repository: parts are saved, read back, and only then the set is written, as the last thing of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bridle_core::backup::catalogue::{Catalogue, Listing};
use bridle_core::backup::id::SetId;
use bridle_core::backup::key::RepositoryKey;
use bridle_core::backup::lease::Lease;
use bridle_core::backup::record;
use bridle_core::backup::set::{FOLDER, Missing, SetManifest, missing};
use bridle_core::backup::wal;
use bridle_core::backup::worker::{Audited, MOST_ALARMS, MOST_LISTED, Origin, OwnerSeen, Save, Saved, SetLine, Sets};
use bridle_core::digest::Digest;
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::port::{Proof, Timestamp};
use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use super::content::folder;
use super::{owner, shortened};
use crate::repository::{Archived, Outline, Reading, Repository, Snapshot, SnapshotName, Tree, Watch};
use crate::store::{Key, ObjectStore, Put, Trouble};

/// Where parts are in their snapshots.
pub(super) const ROOT: &str = "/bridle";
const PIECE: usize = 256 * 1024;

/// Saves a part of a set for whoever holds `lease`.
pub(super) fn save(
    store: &Arc<dyn ObjectStore>,
    key: &RepositoryKey,
    lease: &Lease,
    save: &Save,
    watch: &Arc<dyn Watch>,
) -> Result<Saved, Fault> {
    let repository = Repository::open(Arc::clone(store), key, None)?;
    fenced(&**store, key, lease)?;
    let parent = save.parent.map(|parent| named(&parent)).transpose()?;
    let outline = Outline {
        host: save.site.clone(),
        tags: vec![format!("set-{}", save.set), format!("part-{}", save.part)],
        parent,
    };
    let as_path = Path::new(ROOT).join(&save.part);
    let archived = match &save.origin {
        Origin::Folder { path, exclude } => {
            let exclude = exclude.iter().map(PathBuf::from).collect();
            let tree = Tree { name: save.part.clone(), root: PathBuf::from(path), as_path, exclude };
            repository.archive_tree(&tree, &outline, watch)?
        }
        Origin::Stream { path, proof } => {
            let produce = |to: &mut dyn Write| poured(&save.part, Path::new(path), proof, to);
            repository.archive_stream(&save.part, &as_path, &outline, watch, produce)?.0
        }
    };
    saved(&archived)
}

/// Reads back what the snapshots of a set need: their trees wholly, of the data so many percent.
pub(super) fn audit(
    store: &Arc<dyn ObjectStore>,
    key: &RepositoryKey,
    (snapshots, percent): (&[Digest], u8),
    watch: &Arc<dyn Watch>,
) -> Result<Audited, Fault> {
    let repository = Repository::open(Arc::clone(store), key, None)?;
    let names = snapshots.iter().map(named).collect::<Result<Vec<_>, _>>()?;
    let report = repository.check(Reading::Percent(f64::from(percent)), Some(&names), watch)?;
    Ok(Audited { count: report.count, damages: shortened(report.damages) })
}

/// Writes a set if everything that it needs is there: from here on it exists. The same set again is no error.
pub(super) fn commit(
    store: &Arc<dyn ObjectStore>,
    key: &RepositoryKey,
    lease: &Lease,
    set: &SetManifest,
) -> Result<(), Fault> {
    let doubt = |text: &dyn std::fmt::Display| {
        Fault::new(FaultCode::RecordDamaged).with("object", SetManifest::object_of(set.id)).output(&text.to_string())
    };
    record::Record::doubt(set).map_err(|text| doubt(&text))?;
    let repository = Repository::open(Arc::clone(store), key, None)?;
    let snapshots = repository.snapshots()?.iter().map(digest).collect::<Result<BTreeSet<_>, _>>()?;
    let absent = missing(set, &snapshots, &log(&**store, set)?);
    if !absent.is_empty() {
        let fault = Fault::new(FaultCode::SetIncomplete).with("missing", absent.len());
        return Err(absent.iter().take(10).fold(fault, |fault, missing| fault.output(&words(missing))));
    }
    let object = SetManifest::object_of(set.id);
    let name = Key::new(&object).ok_or_else(|| Fault::new(FaultCode::Internal))?;
    // As late as can be: whoever was replaced writes no set.
    fenced(&**store, key, lease)?;
    match store.put(&name, &[Bytes::from(record::write(set, key))], Put::New) {
        Err(error) if error.trouble == Trouble::Exists => {}
        written => written?,
    }
    let there = store.get(&name, record::LARGEST as u64)?;
    match record::read::<SetManifest>(&object, &there, key) {
        Ok(found) if found == *set => Ok(()),
        Ok(_) => {
            Err(Fault::new(FaultCode::RepositoryObjectExists).with("object", object).with("place", store.location()))
        }
        Err(error) => Err(doubt(&error)),
    }
}

/// What sets there are; `remembered` are those that must be there, `now` is the time of the host.
pub(super) fn list(
    store: &Arc<dyn ObjectStore>,
    key: &RepositoryKey,
    (remembered, now): (&BTreeSet<SetId>, Timestamp),
) -> Result<Sets, Fault> {
    let repository = Repository::open(Arc::clone(store), key, None)?;
    // Sets first: a backup that ends meanwhile then only has snapshots that no set names.
    let mut listing = Listing::default();
    for object in store.list(&folder(FOLDER))? {
        let name = object.key.to_string();
        let bytes = store.get(&object.key, record::LARGEST as u64)?;
        let read = record::read::<SetManifest>(&name, &bytes, key);
        listing.sets.push((name, read));
    }
    let time = |snapshot: &Snapshot| Timestamp(u64::try_from(snapshot.time).unwrap_or_default());
    let snapshots = repository.snapshots()?;
    let snapshots = snapshots.iter().map(|snapshot| Ok((digest(snapshot)?, time(snapshot))));
    listing.snapshots = snapshots.collect::<Result<BTreeMap<_, _>, Fault>>()?;
    let catalogue = Catalogue::of(listing, remembered, now);
    let count = catalogue.complete.len();
    Ok(Sets {
        sets: catalogue.complete.iter().skip(count.saturating_sub(MOST_LISTED)).map(SetLine::of).collect(),
        count: count as u64,
        alarms: catalogue.alarms.iter().take(MOST_ALARMS).map(|alarm| alarm.message()).collect(),
        garbage: catalogue.garbage.len() as u64,
        young: catalogue.young.len() as u64,
    })
}

/// Only whoever holds the lease writes. Its term is not looked at: a repository that nobody else has taken is still its own.
fn fenced(store: &dyn ObjectStore, key: &RepositoryKey, lease: &Lease) -> Result<(), Fault> {
    if owner::of(store, key)? == OwnerSeen::Lease(lease.clone()) { Ok(()) } else { Err(owner::changed(store)) }
}

/// Pours out the file of a stream, which must be what was kept.
fn poured(part: &str, path: &Path, proof: &Proof, to: &mut dyn Write) -> Result<Proof, Fault> {
    let unreadable = |error: io::Error| {
        Fault::new(FaultCode::FileUnreadable).with("path", path.display().to_string()).because(&error)
    };
    let unwritten = |error: io::Error| Fault::new(FaultCode::StreamBroken).with("source", part).because(&error);
    let mut file = File::open(path).map_err(unreadable)?;
    let (mut hash, mut piece, mut bytes) = (Sha256::new(), vec![0; PIECE], 0_u64);
    while bytes <= proof.bytes {
        let count = file.read(&mut piece).map_err(unreadable)?;
        if count == 0 {
            break;
        }
        hash.update(&piece[..count]);
        to.write_all(&piece[..count]).map_err(unwritten)?;
        bytes += count as u64;
    }
    let found = Proof { bytes, digest: Digest::from_bytes(hash.finalize().into()) };
    if found == *proof {
        return Ok(found);
    }
    let said = format!("kept were {} bytes ({}), read {bytes} ({})", proof.bytes, proof.digest, found.digest);
    Err(Fault::new(FaultCode::StreamBroken).with("source", part).output(&said))
}

/// The objects of the log that are there, if the set needs any.
fn log(store: &dyn ObjectStore, set: &SetManifest) -> Result<BTreeSet<wal::name::WalObject>, Fault> {
    let mut found = BTreeSet::new();
    for log in set.sources.iter().filter_map(|source| source.postgresql.as_ref()) {
        let prefix = format!("{}/{}/{}/", wal::name::FOLDER, log.system.0, log.incarnation);
        found.extend(
            store.list(&prefix)?.iter().filter_map(|object| object.key.as_str().parse::<wal::name::WalObject>().ok()),
        );
    }
    Ok(found)
}

fn words(missing: &Missing) -> String {
    match missing {
        Missing::Snapshot { source, snapshot } => format!("{source}: snapshot {snapshot}"),
        Missing::Segment { source, object } => format!("{source}: {object}"),
    }
}

pub(super) fn named(digest: &Digest) -> Result<SnapshotName, Fault> {
    SnapshotName::new(&digest.hex()).ok_or_else(|| Fault::new(FaultCode::Internal))
}

fn digest(snapshot: &Snapshot) -> Result<Digest, Fault> {
    Digest::from_hex(snapshot.name.as_str()).map_err(|error| Fault::new(FaultCode::Internal).because(&error))
}

fn saved(archived: &Archived) -> Result<Saved, Fault> {
    let Archived { snapshot, files, bytes, added, .. } = archived;
    let snapshot =
        Digest::from_hex(snapshot.as_str()).map_err(|error| Fault::new(FaultCode::Internal).because(&error))?;
    Ok(Saved { snapshot, files: *files, bytes: *bytes, stored: *added })
}

#[cfg(test)]
mod tests;
