//! Files that are no whole release, and what a server tells of itself: the note of a delta, the delta, the have-list.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::sync::OnceLock;

use bridle_bundle::file::{Conditions, Contents, FileError, OpenedBundle, Stream};
use bridle_bundle::sample::{Archive, Sample, key, trusted};
use bridle_core::digest::Digest;
use bridle_core::store::have::{HaveList, MAX_PARTS, MAX_RELEASES};
use bridle_core::store::is_release_id;

use crate::edit::{self, Input};

/// Place of the note among the entries; its signature follows.
const NOTE: usize = 3;

/// The delta that is changed, as its entries and its bytes.
fn sample() -> &'static (Archive, Vec<u8>) {
    static SAMPLE: OnceLock<(Archive, Vec<u8>)> = OnceLock::new();
    SAMPLE.get_or_init(|| {
        let old = Sample::new("1.0.0", 1, &[("a", &[b"layer", b"top"])]);
        let new = Sample::new("1.1.0", 2, &[("a", &[b"layer", b"new"])]);
        let bytes = new.delta(&[("sample-1.0.0", &old.digests())]);
        (Archive::of(&bytes), bytes)
    })
}

/// What the file carries and leaves out, if it is accepted.
fn read(bytes: &[u8]) -> Result<(Contents, Vec<Digest>), FileError> {
    let bundle = OpenedBundle::open(Stream(Cursor::new(bytes)))?.verify(&trusted(), &Conditions::default())?;
    let left_out = bundle.left_out().iter().map(|blob| blob.digest).collect();
    Ok((bundle.verify_carried(&mut |_| {})?, left_out))
}

/// The signed delta with edits. Only the one without is accepted.
pub(crate) fn edited(data: &[u8]) {
    let (archive, good) = sample();
    let file = edit::archive(&mut Input::new(data), archive.clone());
    assert!(read(&file).is_err() || file == *good, "an edited delta was accepted");
}

/// A note, edited or any bytes, signed again: where it is accepted, the file holds exactly what it does not leave out, and no
/// manifest is left out.
pub(crate) fn note(data: &[u8]) {
    let mut input = Input::new(data);
    let mut archive = sample().0.clone();
    let text = if input.byte().is_multiple_of(2) {
        input.rest().to_vec()
    } else {
        let mut text = archive.0[NOTE].1.clone();
        edit::bytes(&mut input, &mut text);
        text
    };
    archive.0[NOTE + 1].1 = key().sign(&text[..], "sample").expect("memory can be read").into_bytes();
    archive.0[NOTE].1 = text;
    let Ok((contents, left_out)) = read(&archive.bytes()) else { return };
    let out: BTreeSet<&Digest> = left_out.iter().collect();
    assert_eq!(out.len(), left_out.len(), "left out twice");
    assert!(contents.metadata.iter().all(|(blob, _)| !out.contains(&blob.digest)), "a manifest is left out");
    let carried = archive.0[NOTE + 2..].iter().map(|(name, _)| name.as_str());
    let expected: Vec<String> = contents
        .all()
        .filter(|blob| !out.contains(&blob.digest))
        .map(|blob| format!("blobs/sha256/{}", blob.digest.hex()))
        .collect();
    assert!(carried.eq(expected.iter().map(String::as_str)), "it holds something else than it says");
}

pub(crate) fn note_seeds() -> Vec<Vec<u8>> {
    let good = sample().0.0[NOTE].1.clone();
    let mut seeds = vec![[&[0], &good[..]].concat(), b"\0{\"format\":2}".to_vec()];
    seeds.extend((0..6).map(|kind| vec![1, kind, 0, 40, 3, 1, 2, 3]));
    seeds
}

/// What is accepted keeps the limits, names nothing that is no name, and says the same when it is written and read again.
pub(crate) fn have(data: &[u8]) {
    let Ok(list) = HaveList::parse(data) else { return };
    assert!(list.len() <= MAX_PARTS && (1..=MAX_RELEASES).contains(&list.releases.len()));
    assert!(list.releases.iter().chain([&list.platform]).all(|name| is_release_id(name)));
    let text = serde_json::to_vec(&list).expect("what was read can be written");
    assert_eq!(HaveList::parse(&text).expect("what was written can be read"), list);
}

pub(crate) fn have_seeds() -> Vec<Vec<u8>> {
    vec![include_bytes!("../../../src/core/tests/fixtures/have-v1.json").to_vec(), b"{\"format\":2}".to_vec()]
}
