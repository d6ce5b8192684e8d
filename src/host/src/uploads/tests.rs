use std::io::Read as _;

use bridle_core::port::sim::{CrashFs, PowerCut, Survive, Trouble};
use bridle_core::upload::FORMAT;

use super::*;

const TAIL: u64 = 5;
/// A small piece: how small one may be is decided where it comes in.
const PIECE: u64 = 1000;
const SIZE: u64 = 2 * PIECE + TAIL;

fn id(number: u64) -> UploadId {
    UploadId::next(Timestamp(number), [].iter())
}

fn record(begun: u64) -> UploadRecord {
    let begun = Timestamp(begun);
    UploadRecord { format: FORMAT, name: "x.bundle".to_owned(), size: SIZE, by: "root".to_owned(), begun }
}

/// Other bytes in every piece.
fn piece(number: u8) -> Vec<u8> {
    let length = if number == 2 { TAIL } else { PIECE };
    vec![number + 1; usize::try_from(length).expect("fits")]
}

fn offset(number: u8) -> u64 {
    u64::from(number) * PIECE
}

fn files(fs: &CrashFs) -> UploadFiles {
    UploadFiles::new(Arc::new(fs.clone()), Path::new("/data/uploads"))
}

fn content(files: &UploadFiles, kept: &KeptUpload) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (offset, _) in &kept.pieces {
        files.open(&kept.id, *offset).expect("there").read_to_end(&mut bytes).expect("read");
    }
    bytes
}

fn there(kept: &KeptUpload) -> u64 {
    kept.pieces.iter().map(|(_, length)| length).sum()
}

/// A host with an upload that is whole and about to be removed.
fn ground() -> (CrashFs, UploadFiles) {
    let fs = CrashFs::default();
    durable::make_dirs(&fs, Path::new("/data"), 0o755).expect("dir");
    let files = files(&fs);
    files.begin(&id(7), &record(7)).expect("begun");
    for number in 0..3 {
        files.write(&id(7), offset(number), &piece(number)).expect("written");
    }
    (fs, files)
}

/// How far somebody was told that it came.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Told {
    begun: bool,
    bytes: u64,
    removed: bool,
}

fn change(files: &UploadFiles, told: &mut Told) -> Result<(), FileError> {
    files.begin(&id(9), &record(9))?;
    told.begun = true;
    for number in 0..3 {
        files.write(&id(9), offset(number), &piece(number))?;
        told.bytes += piece(number).len() as u64;
    }
    files.remove(&id(7))?;
    told.removed = true;
    Ok(())
}

/// What somebody was told is there, is what was sent, and goes on to its end.
fn stands(files: &UploadFiles, told: Told, said: &str) {
    let all = files.load().expect(said);
    let whole: Vec<u8> = (0..3).flat_map(piece).collect();
    for kept in &all {
        assert_eq!(content(files, kept), whole[..usize::try_from(there(kept)).expect("fits")], "{said}");
    }
    let of = |number| all.iter().find(|kept| kept.id == id(number));
    assert!(of(9).is_some() || !told.begun, "{said}");
    assert!(of(9).map_or(0, there) >= told.bytes, "{said}");
    match of(7) {
        Some(kept) => assert!(!told.removed && there(kept) == SIZE, "{said}"),
        // Its record goes only when its removal has begun.
        None => assert_eq!(told.bytes, SIZE, "{said}"),
    }
}

#[test]
fn stopped_anywhere_what_was_told_is_there() {
    let mut troubles = vec![Trouble::Kill, Trouble::KillWithin, Trouble::SyncError, Trouble::NoSpace("/data")];
    for names in [Survive::Nothing, Survive::Everything, Survive::FirstHalf] {
        for contents in [Survive::Nothing, Survive::FirstHalf, Survive::Everything] {
            troubles.push(Trouble::PowerCut(PowerCut { names, contents }));
            troubles.push(Trouble::PowerCutWithin(PowerCut { names, contents }));
        }
    }
    let (fs, files) = ground();
    let before = fs.operations();
    change(&files, &mut Told::default()).expect("without trouble");
    let count = fs.operations() - before;
    let (mut cases, mut torn) = (0, 0);
    for at in 1..=count {
        for trouble in &troubles {
            let (fs, files) = ground();
            fs.strike(fs.operations() + at, *trouble);
            let mut told = Told::default();
            let result = change(&files, &mut told);
            fs.restart();
            fs.mend();
            fs.calm();
            let said = format!("{trouble:?} at {at}: {result:?} {told:?}");
            stands(&files, told, &said);
            // What a start tells, a cut right behind it does not take away.
            let mut after = told;
            let kept = files.load().expect(&said).into_iter().find(|kept| kept.id == id(9));
            after.begun = kept.is_some();
            after.bytes = kept.as_ref().map_or(0, there);
            torn += u64::from(after.bytes > told.bytes);
            fs.cut(PowerCut::HARD);
            fs.restart();
            stands(&files, after, &format!("a cut after {said}"));
            // Whoever goes on from what is told comes to the end, and nothing is left behind.
            if !after.begun {
                files.begin(&id(9), &record(9)).expect(&said);
            }
            let next = u8::try_from(after.bytes.div_ceil(PIECE)).expect("small");
            for number in next..3 {
                files.write(&id(9), offset(number), &piece(number)).expect(&said);
            }
            files.remove(&id(7)).expect(&said);
            stands(&files, Told { begun: true, bytes: SIZE, removed: true }, &said);
            files.remove(&id(9)).expect(&said);
            assert_eq!(fs.tree(Path::new("/data/uploads")).len(), 1, "{said}: only the folder itself");
            cases += 1;
        }
    }
    assert!(cases > 500 && torn > 5, "{cases} cases, {torn} with more on disk than was told");
}

#[test]
fn what_is_not_ours_stays_and_leftovers_go() {
    let dir = tempfile::tempdir().expect("dir");
    let layout = Layout::under(dir.path());
    crate::files::make_dirs(&layout.data_dir(), 0o711).expect("dir");
    let files = UploadFiles::on_disk(&layout);
    assert_eq!(files.load().expect("none"), []);
    assert!(files.free().expect("told") > 0);
    files.begin(&id(1), &record(1)).expect("begun");
    files.write(&id(1), 0, &piece(0)).expect("written");
    let at = |number: u64, name: &str| layout.uploads_dir().join(id(number).to_string()).join(name);
    // A gap, what an interrupted write left, and a name that was never ours.
    for name in [piece_name(offset(2)), ".000000001000.piece.part".to_owned()] {
        crate::files::write_atomic(&at(1, &name), b"torn!", 0o600).expect("write");
    }
    for (number, record) in [(2, &b"{"[..]), (3, b"{\"format\":2}")] {
        crate::files::make_dirs(&layout.uploads_dir().join(id(number).to_string()), 0o700).expect("dir");
        crate::files::write_atomic(&at(number, RECORD), record, 0o600).expect("write");
    }
    crate::files::make_dirs(&layout.uploads_dir().join("notes"), 0o700).expect("dir");
    let all = files.load().expect("loaded");
    assert_eq!(all.len(), 1);
    assert_eq!((all[0].id.clone(), all[0].pieces.clone()), (id(1), vec![(0, PIECE)]));
    assert!(all[0].progress > Timestamp(1_700_000_000_000), "the disk knows when: {:?}", all[0].progress);
    assert!(!at(2, "").exists() && at(3, RECORD).exists() && layout.uploads_dir().join("notes").exists());
    assert_eq!(std::fs::read_dir(at(1, "")).expect("list").count(), 2, "the record and one piece");
}
