//! Files that are no whole release: they say so themselves, signed, and hold exactly what they say.

use bridle_core::fault::{Exit, FaultCode};
use serde_json::{Value, json};

use super::*;
use crate::sample::Archive;

const NOTE: usize = 3;

fn verify(bytes: &[u8]) -> Result<VerifiedBundle<Stream<Cursor<&[u8]>>>, FileError> {
    OpenedBundle::open(Stream(Cursor::new(bytes)))?.verify(&trusted(), &Conditions::default())
}

/// Reads all that a file carries; what it holds with what it leaves out.
fn carried(bytes: &[u8]) -> Result<(Digest, Vec<Digest>, Vec<Digest>), FileError> {
    let bundle = verify(bytes)?;
    let digests = |blobs: &[NamedBlob]| blobs.iter().map(|blob| blob.digest).collect::<Vec<_>>();
    let (carried, out) = (digests(bundle.carried()), digests(bundle.left_out()));
    Ok((bundle.verify_carried(&mut |_| {})?.digest, carried, out))
}

fn two() -> Sample {
    Sample::new("1.1.0", 2, &[("a", &[&b"layer ".repeat(200), b"new top"])])
}

fn delta() -> Vec<u8> {
    two().delta(&[("sample-1.0.0", &Sample::one().digests())])
}

/// The delta with another note, signed by the sample's publisher.
fn noted(change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut archive = Archive::of(&delta());
    let mut note: Value = serde_json::from_slice(&archive.0[NOTE].1).expect("note");
    change(&mut note);
    archive.0[NOTE].1 = note.to_string().into_bytes();
    signed(archive).bytes()
}

fn signed(mut archive: Archive) -> Archive {
    archive.0[NOTE + 1].1 = key().sign(&archive.0[NOTE].1[..], "sample").expect("sign").into_bytes();
    archive
}

#[test]
fn a_delta_holds_what_the_others_do_not() {
    let (one, two) = (Sample::one(), two());
    let (whole, delta) = (two.bundle(), delta());
    let (digest, there, out) = carried(&delta).expect("delta");
    assert_eq!(digest, read(&whole).expect("whole").digest, "the same release");
    let bundle = verify(&delta).expect("verify");
    let all: Vec<Digest> = bundle.contents().blobs.iter().map(|blob| blob.digest).collect();
    let expected: Vec<Digest> = all.iter().copied().filter(|digest| !one.blobs.contains_key(digest)).collect();
    assert_eq!(there, expected, "in the order of the release");
    assert!(out.iter().all(|digest| one.blobs.contains_key(digest)) && !out.is_empty());
    assert_eq!(there.len() + out.len(), all.len());
    assert_eq!(bundle.delta().expect("a delta").releases(), ["sample-1.0.0"]);
    assert_eq!(bundle.index(), two.index, "the signed bytes of the whole file");
    assert!(delta.len() < whole.len());
    let refused = read(&delta).expect_err("not whole");
    assert!(matches!(&refused, FileError::NotWhole { release, bases }
        if release == "sample-1.1.0" && bases == "sample-1.0.0"));
    assert_eq!(refused.code(), FaultCode::DeltaNotWhole);
}

#[test]
fn the_first_format_of_a_note_still_parses() {
    let fixture = include_bytes!("../../../tests/fixtures/delta-v1.json");
    let note = Delta::parse(fixture).expect("fixture parses");
    assert_eq!(note.releases(), ["campus-1.0.0", "campus-0.9.0", "campus-0.8.0"]);
    assert_eq!(note.left_out().into_keys().collect::<Vec<_>>(), [Digest::of(b"blob")]);
    assert_eq!(note.to_json().expect("json"), fixture, "and is written as it was");
}

#[test]
fn nothing_and_everything_can_be_left_out() {
    let sample = Sample::one();
    let (_, there, out) = carried(&sample.delta(&[("sample-1.0.0", &sample.digests())])).expect("all");
    assert!(there.is_empty() && !out.is_empty());
    let (_, all, none) = carried(&sample.delta(&[("other-1.0.0", &BTreeSet::new())])).expect("nothing");
    assert_eq!((all.len(), none.len()), (out.len(), 0));
    assert!(read(&sample.delta(&[("other-1.0.0", &BTreeSet::new())])).is_err(), "it says that it is a delta");
}

#[test]
fn each_blob_is_left_out_because_of_the_first_that_has_it() {
    let (one, two) = (Sample::one().digests(), two());
    let half: BTreeSet<Digest> = one.iter().copied().filter(|digest| two.blobs.contains_key(digest)).take(1).collect();
    let bytes = two.delta(&[("sample-0.9.0", &half), ("sample-1.0.0", &one)]);
    let bundle = verify(&bytes).expect("verify");
    let delta = bundle.delta().expect("a delta");
    assert_eq!(delta.releases(), ["sample-0.9.0", "sample-1.0.0"]);
    let because = delta.left_out();
    assert_eq!(because.len(), bundle.left_out().len());
    for (digest, releases) in because {
        assert_eq!(releases, [if half.contains(&digest) { "sample-0.9.0" } else { "sample-1.0.0" }]);
    }
}

/// Each byte of a delta, one bit of it: refused. Of its signatures every bit.
#[test]
fn one_flipped_bit_in_each_byte_of_a_delta_is_refused() {
    let good = delta();
    let texts: Vec<_> = entries(&good)
        .into_iter()
        .filter(|(_, name, _)| name.ends_with(".minisig"))
        .map(|(at, _, size)| at + BLOCK..at + BLOCK + size)
        .collect();
    assert_eq!(texts.len(), 2);
    let mut cases = 0;
    for at in 0..good.len() {
        let bits = if texts.iter().any(|text| text.contains(&at)) { 0..8 } else { at % 8..at % 8 + 1 };
        for bit in bits {
            let mut bytes = good.clone();
            bytes[at] ^= 1 << bit;
            let error = carried(&bytes).expect_err("changed");
            assert_eq!(error.code().exit(), Exit::Verification, "byte {at}: {error}");
            cases += 1;
        }
    }
    println!("flipped bits of a delta refused: {cases}");
}

#[test]
fn truncations_of_a_delta_are_noticed() {
    let good = delta();
    for end in (0..good.len()).step_by(7) {
        assert!(matches!(carried(&good[..end]), Err(FileError::Read { .. })), "cut at {end}");
    }
}

#[test]
fn every_other_arrangement_of_a_delta_is_refused() {
    let (good, whole) = (Archive::of(&delta()), two().archive());
    let mut cases = Vec::new();
    for a in 0..good.0.len() {
        let mut dropped = good.clone();
        dropped.0.remove(a);
        cases.push((format!("dropped {a}"), dropped));
        for b in 0..=good.0.len() {
            let mut doubled = good.clone();
            doubled.0.insert(b, good.0[a].clone());
            cases.push((format!("{a} once more at {b}"), doubled));
            let mut moved = good.clone();
            let entry = moved.0.remove(a);
            moved.0.insert(b.min(moved.0.len()), entry);
            if moved != good {
                cases.push((format!("{a} at {b}"), moved));
            }
        }
    }
    // What was left out, put back, at every place: then it is not what its note says.
    for entry in whole.0.iter().filter(|entry| !good.0.contains(entry)) {
        for at in 0..=good.0.len() {
            let mut filled = good.clone();
            filled.0.insert(at, entry.clone());
            cases.push((format!("{} at {at}", entry.0), filled));
        }
    }
    for (what, archive) in &cases {
        let error = carried(&archive.bytes()).expect_err(what);
        assert_eq!(error.code().exit(), Exit::Verification, "{what}: {error}");
    }
    println!("arrangements of a delta refused: {}", cases.len());
    assert!(cases.len() > 200, "{}", cases.len());
}

/// A whole file that lacks parts is an incomplete one and never a delta, whatever note of another file stands in it.
#[test]
fn a_file_that_lacks_parts_is_not_taken_for_a_delta() {
    let whole = two().archive();
    let blobs = verify(&two().bundle()).expect("verify").carried().len();
    for at in whole.0.len() - blobs..whole.0.len() {
        let mut less = whole.clone();
        less.0.remove(at);
        let error = carried(&less.bytes()).expect_err("incomplete");
        assert!(matches!(error, FileError::Missing { .. }), "{error}");
        assert_eq!(error.code(), FaultCode::ReleaseIncomplete);
        let note = Archive::of(&delta());
        less.0.splice(NOTE..NOTE, note.0[NOTE..=NOTE + 1].iter().cloned());
        let error = carried(&less.bytes()).expect_err("another delta's note");
        assert_eq!(error.code().exit(), Exit::Verification, "{error}");
    }
    let mut bare = Archive::of(&delta());
    bare.0.drain(NOTE..=NOTE + 1);
    assert_eq!(carried(&bare.bytes()).expect_err("without its note").code(), FaultCode::ReleaseIncomplete);
    let mut foreign = Archive::of(&delta());
    let other = Archive::of(&Sample::one().delta(&[("sample-1.0.0", &Sample::one().digests())]));
    foreign.0.splice(NOTE..=NOTE + 1, other.0[NOTE..=NOTE + 1].iter().cloned());
    assert!(matches!(carried(&foreign.bytes()), Err(FileError::Delta(_))), "the note of another release");
}

#[test]
fn only_the_key_of_the_release_signs_its_note() {
    let stranger = SigningKey::from_seed([9; 32], [9; 8]);
    let mut archive = Archive::of(&delta());
    let signature = stranger.sign(&archive.0[NOTE].1[..], "sample").expect("sign");
    archive.0[NOTE + 1].1 = signature.into_bytes();
    // Trusted for releases of its own, but this one is another publisher's.
    let both = TrustedKeys::new(vec![key().public().expect("key"), stranger.public().expect("key")]).expect("set");
    let opened = OpenedBundle::open(Stream(Cursor::new(archive.bytes()))).expect("open");
    assert!(matches!(opened.verify(&both, &Conditions::default()), Err(FileError::Trust(TrustError::Unknown { .. }))));
    archive.0[NOTE + 1].1 = two().signature.into_bytes();
    let error = carried(&archive.bytes()).expect_err("the signature of the index");
    assert_eq!(error.code(), FaultCode::SignatureInvalid);
    archive.0[NOTE + 1].1 = Vec::new();
    assert_eq!(carried(&archive.bytes()).expect_err("empty").code(), FaultCode::SignatureInvalid);
    archive.0.remove(NOTE + 1);
    assert_eq!(carried(&archive.bytes()).expect_err("none").code(), FaultCode::SignatureInvalid);
}

/// A name and what is done to a note.
type Change<'a> = (&'a str, &'a dyn Fn(&mut Value));

/// Signed, but not what a publisher's tool writes.
#[test]
fn hostile_notes_are_refused() {
    carried(&noted(|_| {})).expect("as it was");
    let blob = |note: &Value| note["bases"][0]["blobs"][0].clone();
    let manifest = Sample::one().release.images["bridle.internal/a:1.0.0"].manifest;
    let changes: &[Change<'_>] = &[
        ("one more", &|note| note["bases"][0]["blobs"].as_array_mut().expect("list").push(json!(Digest::of(b"x")))),
        ("one less", &|note| drop(note["bases"][0]["blobs"].as_array_mut().expect("list").pop())),
        ("twice", &|note| {
            let blob = blob(note);
            note["bases"][0]["blobs"].as_array_mut().expect("list").push(blob);
        }),
        ("twice, in two bases", &|note| {
            let base = json!({ "releases": ["x-1.0.0"], "blobs": [blob(note)] });
            note["bases"].as_array_mut().expect("list").push(base);
        }),
        ("a manifest", &|note| note["bases"][0]["blobs"][0] = json!(manifest)),
        ("no base", &|note| note["bases"] = json!([])),
        ("bases", &|note| note["bases"] = vec![json!({ "releases": ["x-1.0.0"], "blobs": [] }); 65].into()),
        ("nobody", &|note| note["bases"][0]["releases"] = json!([])),
        ("a path", &|note| note["bases"][0]["releases"] = json!(["../x"])),
        ("a terminal", &|note| note["bases"][0]["releases"] = json!(["x\u{1b}[2J"])),
        ("a digest", &|note| note["bases"][0]["blobs"][0] = json!("sha256:x")),
        ("another release", &|note| note["release"] = json!(Digest::of(b"x"))),
        ("unknown", &|note| note["x"] = json!(1)),
        ("another format", &|note| note["format"] = json!(2)),
        ("no format", &|note| drop(note.as_object_mut().expect("object").remove("format"))),
    ];
    for (what, change) in changes {
        let error = carried(&noted(change)).expect_err(what);
        assert_eq!(error.code().exit(), Exit::Verification, "{what}: {error}");
    }
    let mut long = Archive::of(&delta());
    long.0[NOTE].1 = vec![b' '; MAX_DELTA as usize + 1];
    assert!(matches!(carried(&signed(long).bytes()), Err(FileError::Limit { .. })));
    let mut deep = Archive::of(&delta());
    deep.0[NOTE].1 = format!("{{\"format\":1,\"bases\":{}", "[".repeat(5000)).into_bytes();
    assert!(matches!(carried(&signed(deep).bytes()), Err(FileError::Delta(_))));
}

proptest! {
    #[test]
    fn whatever_is_left_out_the_rest_is_there(chosen in proptest::collection::vec(any::<bool>(), 16)) {
        let sample = Sample::one();
        let mut open = chosen.iter().cycle();
        let out: BTreeSet<Digest> =
            sample.digests().into_iter().filter(|_| *open.next().expect("endless")).collect();
        let bytes = sample.delta(&[("sample-0.9.0", &out)]);
        let whole = read(&sample.bundle()).expect("whole");
        let (digest, there, left_out) = carried(&bytes).expect("delta");
        prop_assert_eq!(digest, whole.digest);
        let (expected_out, expected): (Vec<Digest>, Vec<Digest>) =
            whole.blobs.iter().map(|blob| blob.digest).partition(|digest| out.contains(digest));
        prop_assert_eq!((there, left_out), (expected, expected_out));
    }

    #[test]
    fn arbitrary_damage_of_a_delta_is_noticed(at in any::<prop::sample::Index>(), patch in proptest::collection::vec(any::<u8>(), 1..64)) {
        let good = delta();
        let mut bytes = good.clone();
        let at = at.index(bytes.len());
        for (byte, new) in bytes[at..].iter_mut().zip(&patch) {
            *byte = *new;
        }
        prop_assert_eq!(carried(&bytes).is_ok(), bytes == good);
    }
}
