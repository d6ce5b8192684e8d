//! The ways in which data is lost in silence: each must end in an error that names it, and in no snapshot.

use std::sync::atomic::{AtomicU32, Ordering};

use bridle_core::digest::Digest;
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::port::Proof;

use super::*;

fn proof(bytes: &[u8]) -> Proof {
    Proof { bytes: bytes.len() as u64, digest: Digest::of(bytes) }
}

fn stream(
    bench: &Bench,
    produce: impl FnOnce(&mut dyn std::io::Write) -> Result<Proof, Fault> + Send,
) -> Result<(Archived, Proof), RepositoryError> {
    let path = Path::new("/streams/database.dump");
    bench.repository.archive_stream("database", path, &Outline::default(), &bench.watch, produce)
}

#[test]
fn what_cannot_be_read_fails_the_snapshot_and_is_named() {
    let bench = Bench::new();
    // Root reads everything that permissions forbid; this is a regular file whose reading fails with EIO.
    let tree = Tree { root: "/proc/self/mem".into(), ..bench.tree() };
    let error = bench.repository.archive_tree(&tree, &Outline::default(), &bench.watch).expect_err("unreadable");
    let RepositoryError::Unreadable { count: 1, ref missed, .. } = error else { panic!("{error}") };
    assert!(missed[0].path == "/proc/self/mem" && missed[0].why.contains("os error 5"), "{missed:?}");
    let fault = Fault::from(&error);
    assert_eq!(fault.code, FaultCode::SourceUnreadable);
    assert!(fault.causes[0].starts_with("/proc/self/mem: "), "{fault:?}");
    let absent = Tree { root: bench.folder.path().join("absent"), ..bench.tree() };
    let error = bench.repository.archive_tree(&absent, &Outline::default(), &bench.watch).expect_err("absent");
    assert!(matches!(error, RepositoryError::Unreadable { count: 1, .. }), "{error}");
    assert_eq!(bench.snapshots(), 0);
}

#[test]
fn a_stream_comes_back_byte_for_byte() {
    let bench = Bench::new();
    let bytes = noise(3, (5 << 20) + 17);
    let (saved, proven) =
        stream(&bench, |to| to.write_all(&bytes).map(|()| proof(&bytes)).map_err(|_| unreachable!())).expect("save");
    assert_eq!(proven, proof(&bytes));
    let mut back = Vec::new();
    assert_eq!(saved.bytes, proven.bytes, "its size is known");
    bench.repository.dump(&saved.snapshot, Path::new("/streams/database.dump"), &mut back).expect("dump");
    assert!(back == bytes);
}

#[test]
fn a_stream_without_the_proof_of_its_end_is_no_snapshot() {
    let bench = Bench::new();
    let bytes = noise(4, 3 << 20);
    let died = |to: &mut dyn std::io::Write| {
        let _the_maker_dies_behind_its_bytes = to.write_all(&bytes);
        Err(Fault::new(FaultCode::PodCommandFailed))
    };
    let short = |to: &mut dyn std::io::Write| {
        let _half = to.write_all(&bytes[..1 << 20]);
        Ok(proof(&bytes))
    };
    let other = |to: &mut dyn std::io::Write| {
        let _one_bit = to.write_all(&noise(5, 3 << 20));
        Ok(proof(&bytes))
    };
    let ends = [
        (stream(&bench, died), FaultCode::PodCommandFailed),
        (stream(&bench, short), FaultCode::StreamBroken),
        (stream(&bench, other), FaultCode::StreamBroken),
        (stream(&bench, |_| panic!("the maker goes away")), FaultCode::StreamBroken),
    ];
    for (end, code) in ends {
        assert_eq!(Fault::from(end.expect_err("broken")).code, code);
    }
    assert_eq!(bench.snapshots(), 0);
}

/// Appends to a file whenever bytes of it pass, so many times.
struct Writer(PathBuf, AtomicU32);

impl Watch for Writer {
    fn passed(&self, _bytes: u64) {
        if self.1.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
            let file = fs::OpenOptions::new().append(true).open(&self.0);
            file.and_then(|mut file| std::io::Write::write_all(&mut file, b"more")).expect("append");
        }
    }

    fn expected(&self, _bytes: u64) {}
}

#[test]
fn a_file_that_changes_while_it_is_read_is_read_again() {
    let mut bench = Bench::new();
    bench.write("log", &noise(1, 3 << 20));
    bench.write("quiet", &noise(2, 1 << 20));
    bench.watch = Arc::new(Writer(bench.tree().root.join("log"), AtomicU32::new(1)));
    let saved = bench.save(None).expect("save");
    assert!(saved.rounds > 1, "{saved:?}");
    bench.restore(&saved.snapshot, "restored").expect("restore");
    assert_eq!(contents(&bench.tree().root), contents(&bench.folder.path().join("restored")));
    assert_eq!(bench.snapshots(), 1, "rounds leave no snapshot behind");
}

#[test]
fn a_file_that_never_holds_still_is_named() {
    let mut bench = Bench::new();
    bench.write("log", &noise(1, 3 << 20));
    bench.watch = Arc::new(Writer(bench.tree().root.join("log"), AtomicU32::new(u32::MAX)));
    let error = bench.save(None).expect_err("changing");
    let RepositoryError::Changing { ref missed, .. } = error else { panic!("{error}") };
    assert!(missed[0].path.ends_with("/source/log"), "{missed:?}");
    assert_eq!(Fault::from(&error).code, FaultCode::SourceChanging);
    assert_eq!(bench.snapshots(), 0);
}

#[test]
fn a_flipped_byte_is_found_named_and_harms_no_other_snapshot() {
    let bench = Bench::new();
    bench.write("one", &noise(1, 300_000));
    let first = bench.save(None).expect("save");
    let before: Vec<_> = bench.objects("data/").into_iter().map(|object| object.key).collect();
    fs::remove_file(bench.tree().root.join("one")).expect("remove");
    bench.write("two", &noise(2, 300_000));
    let second = bench.save(None).expect("save");
    let new = bench.objects("data/").into_iter().filter(|object| !before.contains(&object.key));
    let pack = new.max_by_key(|object| object.size).expect("the pack of the second snapshot");
    let size = usize::try_from(pack.size).expect("size");
    // Sampled over the whole pack: its first and last byte, the header, and places between.
    let places = [0, 1, size / 7, size / 3, size / 2, size - 100, size - 5, size - 1];
    for place in places {
        bench.store.inner().tamper(&pack.key, |bytes| bytes[place] ^= 0x10);
        let report = bench.repository.check(Reading::All, None, &bench.watch).expect("check");
        let name = &pack.key.file_name()[..8];
        assert!(report.damages.iter().any(|damage| damage.contains(name)), "byte {place}: {report:?}");
        let first = std::slice::from_ref(&first.snapshot);
        let healthy = bench.repository.check(Reading::All, Some(first), &bench.watch).expect("check");
        assert_eq!(healthy.count, 0, "byte {place}: {healthy:?}");
        bench.restore(&first[0], &format!("first-{place}")).expect("the other one restores");
        bench.store.inner().tamper(&pack.key, |bytes| bytes[place] ^= 0x10);
    }
    bench.store.inner().tamper(&pack.key, |bytes| bytes[size / 2] ^= 0x10);
    bench.restore(&second.snapshot, "second").expect_err("what is damaged does not restore as if it were not");
}
