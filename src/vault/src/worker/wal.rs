//! Files of databases' logs: sealed, written once, and read back before anybody lets go of the original.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use bridle_core::backup::key::RepositoryKey;
use bridle_core::backup::wal::name::WalObject;
use bridle_core::backup::wal::object::{self, OVERHEAD};
use bridle_core::backup::worker::ShipLog;
use bridle_core::digest::Digest;
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::port::Proof;
use bytes::Bytes;

use crate::store::{Key, ObjectStore, Put, Trouble};

/// Puts a file of a log into the repository; what is there already must have the same content.
///
/// # Errors
/// `StreamBroken` if the file is not what was kept; `LogDiffers` if another content has its name; `RepositoryObjectDamaged` if
/// what is there cannot be opened; what the store says.
pub(super) fn ship(store: &dyn ObjectStore, key: &RepositoryKey, ship: &ShipLog) -> Result<(), Fault> {
    let plain = read(Path::new(&ship.path), &ship.object, &ship.proof)?;
    let name = Key::new(ship.object.to_string()).ok_or_else(|| Fault::new(FaultCode::Internal))?;
    if store.head(&name)?.is_none() {
        let sealed = object::seal(&ship.object, &plain, ship.closed, key).map_err(|error| internal(&error))?;
        match store.put(&name, &[Bytes::from(sealed)], Put::New) {
            // Somebody was faster: an earlier try of ours, whose answer was lost.
            Err(error) if error.trouble == Trouble::Exists => {}
            written => written?,
        }
    }
    let found = content(store, key, &ship.object, &name)?;
    if found == ship.proof.digest {
        return Ok(());
    }
    Err(Fault::new(FaultCode::LogDiffers).with("file", ship.object.to_string()))
}

/// Digest of the plain content of an object that is there.
fn content(store: &dyn ObjectStore, key: &RepositoryKey, object: &WalObject, name: &Key) -> Result<Digest, Fault> {
    let most = object.file.most_bytes();
    let bytes = store.get(name, most + most / 128 + OVERHEAD)?;
    let opened = object::open(object, &bytes, key).map_err(|error| {
        let fault = Fault::new(FaultCode::RepositoryObjectDamaged).with("object", name.to_string());
        fault.with("place", store.location()).because(&error)
    })?;
    Ok(opened.digest)
}

fn read(path: &Path, object: &WalObject, proof: &Proof) -> Result<Vec<u8>, Fault> {
    let unreadable = |error: std::io::Error| {
        Fault::new(FaultCode::FileUnreadable).with("path", path.display().to_string()).because(&error)
    };
    let mut plain = Vec::new();
    let most = object.file.most_bytes().min(proof.bytes.saturating_add(1));
    File::open(path).map_err(unreadable)?.take(most).read_to_end(&mut plain).map_err(unreadable)?;
    if (Proof { bytes: plain.len() as u64, digest: Digest::of(&plain) }) == *proof {
        return Ok(plain);
    }
    Err(Fault::new(FaultCode::StreamBroken).with("source", object.file.to_string()))
}

fn internal(error: &object::ObjectError) -> Fault {
    Fault::new(FaultCode::Internal).because(error)
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test writes files")]
mod tests {
    use std::fs;

    use bridle_core::backup::wal::name::{SegmentNumber, SegmentSize, SystemId, Timeline, WalFile};
    use bridle_core::backup::worker::Work;
    use bridle_core::port::Timestamp;

    use super::*;
    use crate::worker::tests::{Bench, key};

    fn ship(bench: &Bench, plain: &[u8], closed: u64) -> ShipLog {
        let path = bench.folder.path().with_extension("segment");
        fs::write(&path, plain).expect("write");
        let file = WalFile::segment(Timeline::FIRST, SegmentNumber(3), SegmentSize::USUAL);
        let incarnation = "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().expect("an incarnation");
        ShipLog {
            object: WalObject { system: SystemId(7), incarnation, file },
            path: path.display().to_string(),
            proof: Proof { bytes: plain.len() as u64, digest: Digest::of(plain) },
            closed: Timestamp(closed),
        }
    }

    #[test]
    fn a_file_is_there_once_with_its_content_and_never_another() {
        let bench = Bench::new();
        bench.create(false).expect("created");
        let plain = vec![7; 1 << 20];
        for closed in [5, 6] {
            let ship = ship(&bench, &plain, closed);
            bench.run(Work::ShipLog { key: key(1), ship }).unwrap_or_else(|fault| panic!("{fault:?}"));
        }
        let object = bench.folder.path().join("wal/7/01ARZ3NDEKTSV4RRFFQ69G5FAV/00000001/000000010000000000000003");
        let before = fs::read(&object).expect("there");
        assert!(before.len() < 10_000, "{} bytes", before.len());
        let other = ship(&bench, &vec![8; 1 << 20], 5);
        assert_eq!(bench.refused(Work::ShipLog { key: key(1), ship: other }), FaultCode::LogDiffers);
        let altered = ShipLog { proof: Proof { bytes: 1 << 20, digest: Digest::of(b"x") }, ..ship(&bench, &plain, 5) };
        assert_eq!(bench.refused(Work::ShipLog { key: key(1), ship: altered }), FaultCode::StreamBroken);
        assert_eq!(fs::read(&object).expect("there"), before, "nothing is written over");
        let mut damaged = before;
        damaged[100] ^= 1;
        fs::write(&object, damaged).expect("write");
        let again = ship(&bench, &plain, 5);
        assert_eq!(bench.refused(Work::ShipLog { key: key(1), ship: again }), FaultCode::RepositoryObjectDamaged);
    }
}
