//! The journal: raw, with the checksum of each line made right, so that what is behind it is reached, and a sound one
//! with edits.

use bridle_core::digest::Digest;
use bridle_core::event::EventKind;
use bridle_core::journal::{FORMAT, Resume, decode, encode, resume};

use crate::edit::{self, Input};

/// A journal of a whole operation.
const JOURNAL: &[u8] = include_bytes!("../../../src/core/tests/fixtures/journal-v1.journal");

/// What is read is the whole sound part, the same when it is read again, and says what to do next.
pub(crate) fn journal(data: &[u8]) {
    let Some((mode, rest)) = data.split_first() else { return };
    let bytes = match mode % 3 {
        0 => rest.to_vec(),
        1 => summed(rest),
        _ => return edited(rest),
    };
    let Ok(read) = decode(&bytes) else { return };
    let sound = usize::try_from(read.sound).expect("a length");
    assert!(sound <= bytes.len());
    let again = decode(&bytes[..sound]).expect("the sound part is sound");
    assert_eq!((&again.events, again.sound), (&read.events, read.sound));
    let text: String = read.events.iter().map(|event| encode(event, FORMAT)).collect();
    let written = decode(text.as_bytes()).expect("what was written can be read");
    assert_eq!(written.events.len(), read.events.len());
    if let Some(EventKind::Approved { plan, .. }) = read.events.first().map(|event| &event.kind) {
        for length in 1..=read.events.len() {
            if let Resume::Continue { from, .. } | Resume::Wait { from } = resume(plan, &read.events[..length]) {
                assert!(from <= plan.steps().len());
            }
        }
    }
}

/// A sound journal with edits: what is read of it is what was written, up to some record.
fn edited(script: &[u8]) {
    let mut bytes = JOURNAL.to_vec();
    edit::bytes(&mut Input::new(script), &mut bytes);
    let Ok(read) = decode(&bytes) else { return };
    let whole = decode(JOURNAL).expect("the fixture is sound").events;
    assert!(whole.starts_with(&read.events), "an altered record was believed");
}

/// Each line with the checksum of what it holds.
fn summed(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let json = line.strip_suffix(b"\n").unwrap_or(line);
        bytes.extend_from_slice(&Digest::of(json).hex().as_bytes()[..16]);
        bytes.push(b' ');
        bytes.extend_from_slice(line);
    }
    bytes
}

pub(crate) fn journal_seeds() -> Vec<Vec<u8>> {
    let lines = JOURNAL.split_inclusive(|byte| *byte == b'\n');
    let plain: Vec<u8> = lines.flat_map(|line| line.get(17..).unwrap_or_default().to_vec()).collect();
    let edits = (0..6).map(|kind| vec![2, kind, 8, 20, 3, 1, 2, 3]);
    [[&[0], JOURNAL].concat(), [&[1], &plain[..]].concat()].into_iter().chain(edits).collect()
}
