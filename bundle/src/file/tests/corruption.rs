//! Every kind of damage at every place: each is refused, says where, has a stable code, and leaves nothing behind.

use std::error::Error as _;
use std::ops::ControlFlow;
use std::ops::Range;

use bridle_core::fault::Exit;

use super::*;
use crate::sample::{Archive, Document};
use crate::store::Store;

/// A stretch of a release file with what a refusal of damage there must name.
struct Region {
    kind: &'static str,
    range: Range<usize>,
    names: Vec<String>,
}

/// Every byte of a release file belongs to one region.
fn regions(bytes: &[u8]) -> Vec<Region> {
    let found = entries(bytes);
    let label = |name: &str| name.rsplit('/').next().unwrap_or(name).to_owned();
    let mut regions = Vec::new();
    for (at, name, size) in &found {
        let (start, end) = (at + BLOCK, at + BLOCK + size);
        let names = vec![label(name)];
        regions.push(Region { kind: "header", range: *at..start, names: names.clone() });
        // Index and signature vouch for each other; what names no entry names the key.
        let kind = match name.as_str() {
            "oci-layout" => "layout",
            "index.json" => "index",
            "index.json.minisig" => "signature",
            _ => "blob",
        };
        let names = if kind == "blob" { names } else { vec![label(name), "signature".to_owned()] };
        regions.push(Region { kind, range: start..end, names: names.clone() });
        regions.push(Region { kind: "padding", range: end..end + padding(*size as u64), names });
    }
    let end = regions.last().map_or(0, |region| region.range.end);
    regions.push(Region { kind: "end", range: end..bytes.len(), names: vec!["the end of the archive".to_owned()] });
    regions
}

/// The whole text of an error: itself and its causes.
fn text(error: &FileError) -> String {
    let (mut text, mut cause) = (error.to_string(), error.source());
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

/// Refused, with the exit code of a verification that failed.
fn refused(bytes: &[u8], what: &str) -> FileError {
    let error = read(bytes).expect_err(what);
    assert_eq!(error.code().exit(), Exit::Verification, "{what}: {error}");
    error
}

#[test]
fn one_flipped_bit_in_each_byte_is_refused_and_named() {
    let good = Sample::one().bundle();
    let mut counted = std::collections::BTreeMap::<&str, usize>::new();
    let mut next = 0;
    for Region { kind, range, names } in regions(&good) {
        assert_eq!(range.start, next, "the regions cover the file");
        next = range.end;
        for at in range {
            // Text of the signature: every bit, because most of it is base64, which has more than one spelling.
            let bits = if kind == "signature" { 0..8 } else { at % 8..at % 8 + 1 };
            for bit in bits {
                let mut bytes = good.clone();
                bytes[at] ^= 1 << bit;
                let text = text(&refused(&bytes, kind));
                assert!(
                    names.iter().any(|name| text.contains(name.as_str())),
                    "{kind} {at}: {text:?} names none of {names:?}"
                );
                *counted.entry(kind).or_default() += 1;
            }
        }
    }
    assert_eq!(next, good.len());
    println!("flipped bits refused: {counted:?}");
}

#[test]
fn every_other_arrangement_of_the_entries_is_refused() {
    let good = Sample::one().archive();
    let count = good.0.len();
    let mut cases = Vec::<(String, Archive)>::new();
    for a in 0..count {
        let mut dropped = good.clone();
        dropped.0.remove(a);
        cases.push((format!("dropped {a}"), dropped));
        for b in a + 1..count {
            let mut swapped = good.clone();
            swapped.0.swap(a, b);
            cases.push((format!("swapped {a} {b}"), swapped));
        }
        for b in 0..=count {
            let mut doubled = good.clone();
            doubled.0.insert(b, good.0[a].clone());
            cases.push((format!("{a} once more at {b}"), doubled));
            let mut renamed = good.clone();
            renamed.0.insert(b, ("blobs/sha256/extra".to_owned(), good.0[a].1.clone()));
            cases.push((format!("{a} under another name at {b}"), renamed));
            let mut exchanged = good.clone();
            exchanged.0[a].1 = good.0[b % count].1.clone();
            if exchanged != good {
                cases.push((format!("content of {} in {a}", b % count), exchanged));
            }
        }
    }
    for (what, archive) in &cases {
        refused(&archive.bytes(), what);
    }
    println!("arrangements refused: {}", cases.len());
    assert!(cases.len() > 500, "{}", cases.len());
}

#[test]
fn a_part_of_another_release_is_refused() {
    let (good, other) = (Sample::one().archive(), Sample::new("1.0.1", 2, &[("a", &[b"x"]), ("b", &[b"y"])]).archive());
    let mut cases = 0;
    for a in 0..good.0.len() {
        for b in (0..other.0.len()).filter(|b| other.0[*b] != good.0[a]) {
            let mut mixed = good.clone();
            mixed.0[a] = other.0[b].clone();
            refused(&mixed.bytes(), &format!("{a} from {b} of the other"));
            cases += 1;
        }
    }
    println!("parts of another release refused: {cases}");
}

#[test]
fn a_missing_signature_is_called_that() {
    use bridle_core::fault::FaultCode;
    let mut without = Sample::one().archive();
    without.0.remove(2);
    assert_eq!(refused(&without.bytes(), "without").code(), FaultCode::SignatureInvalid);
    for text in ["", "\n", "untrusted comment: signature from bridle-bundle\n\n\n\n"] {
        let mut empty = Sample::one().archive();
        empty.0[2].1 = text.into();
        assert_eq!(refused(&empty.bytes(), "empty").code(), FaultCode::SignatureInvalid, "{text:?}");
    }
}

/// Other spellings of the same signature: line ends, base64, the other half of the curve's order.
#[test]
fn a_signature_has_one_spelling() {
    let good = Sample::one();
    let lines: Vec<&str> = good.signature.lines().collect();
    let spelled = |lines: &[String]| lines.join("\n") + "\n";
    let with = |place: usize, line: String| {
        let mut changed: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        changed[place] = line;
        spelled(&changed)
    };
    let mut spellings = vec![
        good.signature.replace('\n', "\r\n"),
        format!("{}\n", good.signature),
        good.signature.trim_end().to_owned(),
        with(0, format!("{} ", lines[0])),
        with(0, "untrusted comment: another".to_owned()),
    ];
    for place in [1, 2, 3] {
        spellings.push(with(place, format!("{} ", lines[place])));
        spellings.push(with(place, format!("{}\r", lines[place])));
        spellings.push(with(place, format!("{}=", lines[place])));
    }
    for (place, skip) in [(1, 10), (3, 0)] {
        spellings.push(with(place, beyond_the_order(lines[place], skip)));
    }
    for text in spellings {
        let mut archive = good.archive();
        archive.0[2].1 = text.clone().into_bytes();
        refused(&archive.bytes(), &text);
    }
}

/// The signature with its scalar S raised by the order of the group, which a lax verifier takes for the same.
fn beyond_the_order(line: &str, skip: usize) -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    // 2^252 + 27742317777372353535851937790883648493 (RFC 8032, 5.1), little endian.
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut bytes = STANDARD.decode(line).expect("base64");
    let mut carry = 0;
    for (byte, order) in bytes[skip + 32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    STANDARD.encode(bytes)
}

/// Whatever is refused while it is taken in leaves no release, no blob with another content, and nothing beside the store.
#[test]
fn what_is_refused_leaves_nothing_behind() {
    let good = Sample::one().bundle();
    let mut cases: Vec<Vec<u8>> = (0..good.len()).step_by(good.len() / 40).map(|end| good[..end].to_vec()).collect();
    for region in regions(&good).iter().filter(|region| !region.range.is_empty()) {
        let mut bytes = good.clone();
        bytes[region.range.start + region.range.len() / 2] ^= 0x10;
        cases.push(bytes);
    }
    for name in ["../escape", "/escape", "blobs/sha256/../../../escape", "releases/sample-1.0.0.json"] {
        for place in 0..Sample::one().archive().0.len() {
            let mut archive = Sample::one().archive();
            archive.0.insert(place, (name.to_owned(), b"hostile".to_vec()));
            cases.push(archive.bytes());
        }
    }
    for (number, bytes) in cases.iter().enumerate() {
        // A new store each time: what one holds already is not looked at again.
        let folder = tempfile::tempdir().expect("folder");
        let store = Store::open(&folder.path().join("store")).expect("store");
        let opened = OpenedBundle::open(Stream(Cursor::new(bytes)))
            .and_then(|opened| opened.verify(&trusted(), &Conditions::default()));
        if let Ok(bundle) = opened {
            assert!(store.ingest(bundle, 0, &mut |_| ControlFlow::Continue(())).is_err(), "case {number}");
        }
        assert!(store.releases().expect("pins").is_empty(), "case {number}");
        let beside: Vec<_> =
            std::fs::read_dir(folder.path()).expect("list").map(|entry| entry.expect("entry")).collect();
        assert_eq!(beside.len(), 1, "case {number}: {beside:?}");
        for entry in std::fs::read_dir(folder.path().join("store/blobs/sha256")).expect("list") {
            let path = entry.expect("entry").path();
            let bytes = std::fs::read(&path).expect("read");
            assert_eq!(path.file_name().and_then(|name| name.to_str()), Some(&*Digest::of(&bytes).hex()));
        }
    }
    println!("refused without a trace: {}", cases.len());
}

/// The documents that a signature covers, damaged and signed again: only what says the same is accepted.
#[test]
fn a_signed_document_with_a_flipped_bit_is_read_without_panic() {
    let (mut cases, mut accepted) = (0, 0);
    for document in Document::ALL {
        let good = Sample::one().archive();
        let text = good.document(document).to_vec();
        for at in (0..text.len()).step_by(3) {
            let mut changed = text.clone();
            changed[at] ^= 1 << (at % 8);
            let bytes = good.clone().with(document, changed).bytes();
            cases += 1;
            if let Ok(contents) = read(&bytes) {
                accepted += 1;
                // A changed word (a note, a chart's value) is the publisher's to sign; the shape still holds.
                assert!(contents.images.keys().all(|reference| bridle_core::oci::is_reference(reference)));
            }
        }
    }
    println!("signed documents with a flipped bit: {cases}, of which {accepted} say something else that is allowed");
}
