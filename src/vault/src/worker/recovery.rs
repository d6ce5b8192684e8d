//! Bringing back: what a set offers, its parts, and files of the logs behind it.

use std::collections::BTreeMap;
use std::io::{PipeWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bridle_core::backup::id::SetId;
use bridle_core::backup::key::RepositoryKey;
use bridle_core::backup::record;
use bridle_core::backup::set::{LogPosition, SetManifest};
use bridle_core::backup::wal::history::History;
use bridle_core::backup::wal::name::{self, SegmentNumber, WalFile, WalObject};
use bridle_core::backup::wal::object::{self, OVERHEAD, Opened};
use bridle_core::backup::wal::range::{Archive, Range, Seen};
use bridle_core::backup::worker::{FetchLog, Restorable, Restore, Written};
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::port::{Proof, Timestamp};

use super::sets::{ROOT, named};
use super::unpack::{Unpacked, unpack};
use crate::repository::{Repository, Restoring, Watch};
use crate::store::{Key, ObjectStore, Trouble};

/// A set, and how far the logs behind it reach. Only the last file of each is opened here; the others prove themselves when they are
/// fetched.
pub(super) fn restorable(store: &Arc<dyn ObjectStore>, key: &RepositoryKey, id: SetId) -> Result<Restorable, Fault> {
    Repository::open(Arc::clone(store), key, None)?;
    let object = SetManifest::object_of(id);
    let name = Key::new(&object).ok_or_else(|| Fault::new(FaultCode::Internal))?;
    let bytes = match store.get(&name, record::LARGEST as u64) {
        Err(error) if error.trouble == Trouble::NotFound => {
            return Err(Fault::new(FaultCode::RecoverySetUnknown).with("set", id.to_string()));
        }
        found => found?,
    };
    let set: SetManifest = record::read(&object, &bytes, key)
        .map_err(|error| Fault::new(FaultCode::RecordDamaged).with("object", object.as_str()).because(&error))?;
    let mut ranges = BTreeMap::new();
    for source in &set.sources {
        if let Some(position) = &source.postgresql {
            ranges.insert(source.name.clone(), reached(&**store, key, id, position)?);
        }
    }
    Ok(Restorable { set, ranges })
}

fn reached(store: &dyn ObjectStore, key: &RepositoryKey, set: SetId, base: &LogPosition) -> Result<Vec<Range>, Fault> {
    let prefix = format!("{}/{}/{}/", name::FOLDER, base.system.0, base.incarnation);
    let (size, incarnation) = (base.segment_bytes, base.incarnation);
    let mut archive =
        Archive { system: base.system, incarnation, size, segments: BTreeMap::new(), histories: BTreeMap::new() };
    for found in store.list(&prefix)? {
        let Ok(object) = found.key.as_str().parse::<WalObject>() else { continue };
        if let Some(number) = object.file.number(size) {
            let seen = Seen { verified: true, closed: Timestamp(0) };
            archive.segments.insert((object.file.timeline(), number), seen);
        } else if let WalFile::History(timeline) = object.file {
            let opened = opened(store, key, &object)?;
            let history =
                History::parse(timeline, &opened.plain).map_err(|error| damaged(store, &object).because(&error))?;
            archive.histories.insert(timeline, history);
        }
    }
    let mut ranges = archive.ranges(set, base);
    for range in &mut ranges {
        let last = SegmentNumber(size.last_of(range.to.0).0);
        let file = WalFile::segment(range.timeline, last, size);
        let closed = opened(store, key, &WalObject { system: base.system, incarnation, file })?.closed;
        range.to.1 = closed.max(base.stop_time);
    }
    Ok(ranges)
}

/// Brings a part to this host.
pub(super) fn restore(
    store: &Arc<dyn ObjectStore>,
    key: &RepositoryKey,
    restore: &Restore,
    watch: &Arc<dyn Watch>,
) -> Result<Written, Fault> {
    let repository = Repository::open(Arc::clone(store), key, None)?;
    let (snapshot, path) = (named(&restore.snapshot)?, Path::new(ROOT).join(&restore.part));
    let target = PathBuf::from(&restore.target);
    if !restore.unpack {
        let restored = repository.restore(&Restoring { snapshot, path, target, exact: false }, watch)?;
        return Ok(Written { files: restored.files, bytes: restored.bytes });
    }
    let (reader, mut writer) = std::io::pipe().map_err(|error| Fault::new(FaultCode::Internal).because(&error))?;
    let unpacked = std::thread::scope(|scope| {
        let unpacking = scope.spawn(|| unpack(reader, &target));
        let poured = repository.dump(&snapshot, &path, &mut writer);
        let poured = poured.map_err(Fault::from).and_then(|()| closed(writer));
        let unpacked = unpacking.join().map_err(|_| Fault::new(FaultCode::Internal))?;
        match unpacked {
            // Whoever stopped reading says why; the other end only noticed.
            Err(error) => Err(error.fault(&restore.part)),
            Ok(unpacked) => poured.map(|()| unpacked),
        }
    });
    let Unpacked { files, bytes } = unpacked?;
    Ok(Written { files, bytes })
}

fn closed(mut writer: PipeWriter) -> Result<(), Fault> {
    writer.flush().map_err(|error| Fault::new(FaultCode::Internal).because(&error))
}

/// Brings a file of a log to this host; nothing if there is none.
pub(super) fn fetch(store: &dyn ObjectStore, key: &RepositoryKey, fetch: &FetchLog) -> Result<Option<Proof>, Fault> {
    let opened = match opened(store, key, &fetch.object) {
        Err(fault) if fault.code == FaultCode::RepositoryObjectMissing => return Ok(None),
        opened => opened?,
    };
    let path = Path::new(&fetch.target);
    let unwritten = |error: std::io::Error| {
        Fault::new(FaultCode::WriteFailed).with("path", path.display().to_string()).because(&error)
    };
    let mut file = std::fs::File::create(path).map_err(unwritten)?;
    file.write_all(&opened.plain).and_then(|()| file.sync_all()).map_err(unwritten)?;
    Ok(Some(Proof { bytes: opened.plain.len() as u64, digest: opened.digest }))
}

fn opened(store: &dyn ObjectStore, key: &RepositoryKey, object: &WalObject) -> Result<Opened, Fault> {
    let name = Key::new(object.to_string()).ok_or_else(|| Fault::new(FaultCode::Internal))?;
    let most = object.file.most_bytes();
    let bytes = store.get(&name, most + most / 128 + OVERHEAD)?;
    object::open(object, &bytes, key).map_err(|error| damaged(store, object).because(&error))
}

fn damaged(store: &dyn ObjectStore, object: &WalObject) -> Fault {
    Fault::new(FaultCode::RepositoryObjectDamaged).with("object", object.to_string()).with("place", store.location())
}
