//! An ingest that was interrupted in the middle of a blob goes on there, if what is there is what it should be.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bridle_core::port::sim::CrashFs;

use super::*;
use crate::file::Source;

const MIB: usize = 1 << 20;

/// A stick: can be passed over and come back to; counts what is read, and fails after `left` bytes.
pub(super) struct Stick<'a> {
    bytes: &'a [u8],
    at: usize,
    left: usize,
    read: Arc<AtomicU64>,
}

impl<'a> Stick<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, left: usize::MAX, read: Arc::default() }
    }
}

impl Read for Stick<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = buffer.len().min(self.left).min(self.bytes.len() - self.at);
        if count == 0 && !buffer.is_empty() && self.left == 0 {
            return Err(io::Error::from_raw_os_error(19)); // ENODEV: what a pulled stick gives
        }
        buffer[..count].copy_from_slice(&self.bytes[self.at..self.at + count]);
        self.at += count;
        self.left -= count;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

impl Source for Stick<'_> {
    fn skip(&mut self, count: u64) -> io::Result<()> {
        self.at += usize::try_from(count).expect("small");
        Ok(())
    }

    fn back(&mut self, count: u64) -> bool {
        self.at -= usize::try_from(count).expect("small");
        true
    }
}

pub(super) fn plugged<S: Source>(store: &Store, source: S) -> Result<Ingested, StoreError> {
    let bundle = OpenedBundle::open(source)?.verify(&trusted(), &Conditions::default())?;
    store.ingest(bundle, 7, &mut |_| ControlFlow::Continue(()))
}

fn large() -> (Sample, Digest) {
    let layer: Vec<u8> = (0..8 * MIB).map(|at| (at * 7 % 251) as u8).collect();
    let digest = Digest::of(&layer);
    (Sample::new("1.0.0", 1, &[("a", &[&layer])]), digest)
}

fn in_memory() -> (CrashFs, Store) {
    let fs = CrashFs::default();
    let store = Store::over(Arc::new(fs.clone()), Path::new("/store")).expect("open");
    (fs, store)
}

#[test]
fn a_pulled_stick_is_told_with_how_far_it_came_and_nothing_is_read_twice() {
    let (sample, layer) = large();
    let bundle = sample.bundle();
    let (_fs, store) = in_memory();
    let pulled = Stick { left: bundle.len() / 2, ..Stick::new(&bundle) };
    let Err(StoreError::Medium { done, total, source }) = plugged(&store, pulled) else { panic!("it was pulled") };
    assert!(done > total / 3 && done < total, "{done} of {total}");
    assert!(matches!(source, FileError::Read { source, .. } if source.raw_os_error() == Some(19)));
    let part = store.partial().join(place::part_name(&layer));
    let there = place::size(store.fs(), &part).expect("look").expect("the piece stays");
    assert!(there >= 3 * MIB as u64, "{there}");

    let stick = Stick::new(&bundle);
    let read = Arc::clone(&stick.read);
    plugged(&store, stick).expect("the same command again");
    let read = read.load(Ordering::Relaxed);
    assert!(read + there <= bundle.len() as u64, "{read} bytes were read although {there} were there");
    assert_eq!(damages(&store), []);
    let left: Vec<String> =
        place::list(store.fs(), &store.partial()).expect("list").into_iter().map(|(name, _)| name).collect();
    assert_eq!(left, ["lock"]);
}

#[test]
fn a_piece_that_is_not_the_beginning_of_its_blob_is_not_trusted() {
    let (sample, layer) = large();
    let bundle = sample.bundle();
    for spoil in [0, 1, 100_000] {
        let (fs, store) = in_memory();
        assert!(plugged(&store, Stick { left: bundle.len() / 2, ..Stick::new(&bundle) }).is_err());
        let part = store.partial().join(place::part_name(&layer));
        let mut bytes = Vec::new();
        store.fs().open(&part).expect("open").read_to_end(&mut bytes).expect("read");
        bytes[spoil] ^= 1;
        fs.overwrite(&part, &bytes);
        plugged(&store, Stick::new(&bundle)).expect("again");
        assert_eq!(damages(&store), [], "{spoil}");
    }
}

#[test]
fn a_stream_that_cannot_go_back_copies_the_piece_anew() {
    let (sample, _) = large();
    let bundle = sample.bundle();
    let (_fs, store) = in_memory();
    assert!(ingest(&store, Failing { bytes: &bundle, left: bundle.len() / 2 }).is_err());
    ingest(&store, Cursor::new(&bundle)).expect("again");
    assert_eq!(damages(&store), []);
}

#[test]
fn a_stream_that_ends_too_early_is_told_apart_from_a_damaged_one() {
    let bundle = Sample::one().bundle();
    let (_directory, store) = store();
    let cut = ingest(&store, Cursor::new(&bundle[..bundle.len() - 1500]));
    let Err(StoreError::Medium { done, total, source }) = cut else { panic!("{cut:?}") };
    assert!(done <= total);
    assert!(matches!(source, FileError::Read { source, .. } if source.kind() == io::ErrorKind::UnexpectedEof));
}
