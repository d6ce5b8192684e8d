//! What the medium does: errors, interruptions, slowness, and a file that changes after it was verified.

use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::Path;

use bridle_core::fault::FaultCode;

use super::*;
use crate::store::{Store, StoreError};

/// Gives bytes until one cannot be read.
struct Faulty<'a> {
    bytes: &'a [u8],
    at: usize,
    broken: usize,
    kind: io::ErrorKind,
}

impl Read for Faulty<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let end = self.bytes.len().min(self.broken).min(self.at + buffer.len());
        if self.at >= self.broken && !buffer.is_empty() {
            return Err(self.kind.into());
        }
        let count = end - self.at;
        buffer[..count].copy_from_slice(&self.bytes[self.at..end]);
        self.at = end;
        Ok(count)
    }
}

/// One byte at a time, interrupted before each.
struct Slow<'a>(&'a [u8], bool);

impl Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.1 = !self.1;
        if self.1 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let count = self.0.len().min(buffer.len()).min(1);
        buffer[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}

fn read_from(source: impl Read) -> Result<Contents, FileError> {
    OpenedBundle::open(Stream(source))?.verify(&trusted(), &Conditions::default())?.verify_all(&mut |_| {})
}

#[test]
fn a_sector_that_cannot_be_read_is_said_with_its_part() {
    let good = Sample::one().bundle();
    for broken in (0..good.len()).step_by(97) {
        let error = read_from(Faulty { bytes: &good, at: 0, broken, kind: io::ErrorKind::Other }).expect_err("broken");
        let FileError::Read { position, within, .. } = &error else { panic!("{error:?}") };
        assert!(*position <= broken as u64 && !within.is_empty(), "{error}");
        let expected = if *position == 0 { FaultCode::FileUnreadable } else { FaultCode::MediumFailed };
        assert_eq!(error.code(), expected);
    }
}

#[test]
fn a_slow_medium_gives_the_same_release() {
    let good = Sample::one().bundle();
    assert_eq!(read_from(Slow(&good, false)).expect("read").digest, read(&good).expect("read").digest);
}

#[test]
fn a_file_that_was_replaced_is_still_the_one_that_was_opened() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("x.bundle");
    std::fs::write(&path, Sample::one().bundle()).expect("write");
    let file = ReleaseFile::open(&path).expect("open");
    std::fs::remove_file(&path).expect("remove");
    std::fs::write(&path, b"another file").expect("write");
    let opened = OpenedBundle::open(file.bundle().expect("section")).expect("open");
    opened.verify(&trusted(), &Conditions::default()).expect("verify").verify_all(&mut |_| {}).expect("all");
}

/// The bytes that reach the store are hashed on their way there, whatever an earlier look at the same file found.
#[test]
fn a_file_that_changes_after_it_was_verified_is_not_taken_in() {
    let good = Sample::one().bundle();
    for part in [b"layer layer", b"k3s of 1.0."] {
        let overwrite = good.windows(part.len()).position(|found| found == part).expect("found");
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("x.bundle");
        std::fs::write(&path, &good).expect("write");
        let file = ReleaseFile::open(&path).expect("open");
        let verified = || {
            let opened = OpenedBundle::open(file.bundle().expect("section")).expect("open");
            opened.verify(&trusted(), &Conditions::default()).expect("verify")
        };
        verified().verify_all(&mut |_| {}).expect("whole");
        let bundle = verified();
        change(&path, overwrite);
        let store = Store::open(&folder.path().join("store")).expect("store");
        let refused = store.ingest(bundle, 0, &mut |_| ControlFlow::Continue(()));
        assert!(matches!(refused, Err(StoreError::File(FileError::Digest { .. }))), "{refused:?}");
        assert!(store.releases().expect("pins").is_empty());
    }
}

/// Changes a byte in place: same file, same size.
fn change(path: &Path, at: usize) {
    use std::os::unix::fs::FileExt as _;
    let file = File::options().write(true).open(path).expect("open");
    file.write_all_at(b"!", at as u64).expect("write");
}

#[test]
fn a_pipe_is_no_release_file_and_nobody_waits_for_it() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("pipe");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &path,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .expect("pipe");
    assert!(matches!(ReleaseFile::open(&path), Err(FileError::Other(_))));
    assert!(crate::trust::PublicKey::read(&path).is_err());
    assert!(ReleaseFile::open(folder.path()).is_err());
}

/// A `.run` file: cut at a hundred places, one bit flipped in each region, and footers that lie.
#[test]
fn a_damaged_run_file_is_refused() {
    let folder = tempfile::tempdir().expect("folder");
    let sample = Sample::one();
    let installer = sample.blobs[&sample.release.programs["installer"].digest].clone();
    let path = run_file(folder.path(), &sample, &installer);
    let good = std::fs::read(&path).expect("read");
    let check = |bytes: &[u8]| -> Result<(), FileError> {
        std::fs::write(&path, bytes).expect("write");
        let file = ReleaseFile::open(&path)?;
        let opened = OpenedBundle::open(file.bundle()?)?;
        let contents = opened.verify(&trusted(), &Conditions::default())?.verify_all(&mut |_| {})?;
        file.verify_head(&contents.release)
    };
    check(&good).expect("good");
    let mut cases = 0;
    for cut in 0..100 {
        let end = good.len() * cut / 100;
        assert!(check(&good[..end]).is_err(), "cut at {end}");
        cases += 1;
    }
    for at in (0..good.len()).step_by(61).chain(good.len() - 64..good.len()) {
        let mut bytes = good.clone();
        bytes[at] ^= 1 << (at % 8);
        assert!(check(&bytes).is_err(), "bit in byte {at}");
        cases += 1;
    }
    check(&[&good[..], b"\0"].concat()).expect_err("one byte more");
    for (place, number) in lies(&good) {
        assert!(check(&with_footer(&good, place, number)).is_err(), "{number} at {place}");
        cases += 1;
    }
    println!("damaged run files refused: {cases}");
}

/// Places in the footer with numbers that do not belong there: too large, overlapping, swapped.
fn lies(good: &[u8]) -> Vec<(usize, u64)> {
    let footer = &good[good.len() - 64..];
    let number = |at: usize| u64::from_le_bytes(footer[at..at + 8].try_into().expect("eight bytes"));
    let (head, start, size) = (number(16), number(24), number(32));
    let wrong = |right: u64| [0, 1, right - 1, right + 1, right + 4096, 1 << 40, u64::MAX, u64::MAX - 4095];
    let of = |place: usize, right: u64| {
        wrong(right).into_iter().filter(move |lie| *lie != right).map(move |lie| (place, lie))
    };
    of(16, head)
        .chain(of(24, start))
        .chain(of(32, size))
        .chain([(8, 2), (8, 1 << 32), (16, start), (24, head)])
        .collect()
}

/// The file with another number in its footer and the footer's checksum made right.
fn with_footer(good: &[u8], place: usize, number: u64) -> Vec<u8> {
    use sha2::{Digest as _, Sha256};
    let mut bytes = good.to_vec();
    let footer = bytes.len() - 64;
    bytes[footer + place..footer + place + 8].copy_from_slice(&number.to_le_bytes());
    let sum = Sha256::digest(&bytes[footer..footer + 40]);
    bytes[footer + 40..].copy_from_slice(&sum[..24]);
    bytes
}
