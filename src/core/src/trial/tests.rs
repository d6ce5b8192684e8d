//! The table of decisions, and the launcher on a disk that fails at every change.

use std::path::{Path, PathBuf};

use super::*;
use crate::durable::{make_dirs, read_limited, symlink_atomic, write_atomic};
use crate::port::fs::FileSystem as _;
use crate::port::sim::{CrashFs, PowerCut, Trouble};

const OLD: &str = "campus-1.0.0";
const NEW: &str = "campus-1.1.0";

fn trial(starts: u32, failed: bool) -> Trial {
    Trial { starts, failed, ..Trial::new(NEW, OLD) }
}

#[test]
fn what_is_started() {
    let counted = |starts| Start::Counted(trial(starts, false));
    let back = |starts| Start::Back(trial(starts, true));
    for (given, current, wanted) in [
        (None, Some(NEW), Start::Current),
        (None, None, Start::Current),
        (Some(trial(0, false)), Some(NEW), counted(1)),
        (Some(trial(2, false)), Some(NEW), counted(3)),
        (Some(trial(3, false)), Some(NEW), back(3)),
        (Some(trial(u32::MAX, false)), Some(NEW), back(u32::MAX)),
        // The power went between the mark and the link.
        (Some(trial(3, true)), Some(NEW), back(3)),
        // Before the switch, and after the way back.
        (Some(trial(0, false)), Some(OLD), Start::Current),
        (Some(trial(3, true)), Some(OLD), Start::Current),
        (Some(trial(3, true)), None, Start::Current),
    ] {
        assert_eq!(at_start(given.clone(), current), wanted, "{given:?} {current:?}");
    }
}

#[test]
fn the_first_format_still_parses_and_nothing_else_does() {
    let text = include_str!("../../tests/fixtures/trial-v1.json");
    assert_eq!(Trial::parse(text), Some(trial(2, false)));
    assert_eq!(Trial::parse(&trial(2, false).text()), Some(trial(2, false)));
    for garbled in [
        text.replace("\"format\": 1", "\"format\": 2"),
        text.replace(NEW, "../../tmp/x"),
        text.replace(OLD, ""),
        text.replace(NEW, OLD),
        text[..40].to_owned(),
        String::new(),
    ] {
        assert_eq!(Trial::parse(&garbled), None, "{garbled}");
    }
}

fn root() -> &'static Path {
    Path::new("/")
}

fn program(id: &str) -> PathBuf {
    root().join(RELEASES).join(id).join("bin/bridle")
}

fn ground(trial: Option<&str>) -> CrashFs {
    let fs = CrashFs::default();
    make_dirs(&fs, Path::new("/opt/bridle/releases"), 0o755).expect("folders");
    symlink_atomic(&fs, &Path::new("releases").join(NEW), &root().join(CURRENT)).expect("link");
    if let Some(text) = trial {
        write_atomic(&fs, &root().join(TRIAL), text.as_bytes(), 0o644).expect("trial");
    }
    fs
}

fn current(fs: &CrashFs) -> String {
    release_of(&fs.read_link(&root().join(CURRENT)).expect("a link")).expect("a release")
}

fn kept(fs: &CrashFs) -> Trial {
    Trial::parse(&read_limited(fs, &root().join(TRIAL), LARGEST).expect("readable").expect("there")).expect("a trial")
}

#[test]
fn an_agent_that_never_gets_healthy_is_started_three_times() {
    let fs = ground(Some(&trial(0, false).text()));
    for start in 1..=LIMIT {
        assert_eq!(Launcher::new(&fs, root()).first(), program(NEW));
        assert_eq!(kept(&fs), trial(start, false));
        fs.cut(PowerCut::HARD); // the count is on disk before the program runs
        fs.restart();
    }
    for _start in 0..2 {
        assert_eq!(Launcher::new(&fs, root()).first(), program(OLD));
        assert_eq!((kept(&fs), current(&fs).as_str()), (trial(3, true), OLD));
    }
}

#[test]
fn a_healthy_one_counts_from_the_beginning() {
    let fs = ground(Some(&trial(3, false).healthy().text()));
    assert_eq!(Launcher::new(&fs, root()).first(), program(NEW));
    assert_eq!(kept(&fs), trial(1, false));
}

#[test]
fn without_a_trial_that_can_be_read_the_current_one_is_started_and_nothing_is_written() {
    for text in [None, Some(""), Some("{\"format\":1"), Some("\0\0\0")] {
        let fs = ground(text);
        let before = fs.operations();
        let mut launcher = Launcher::new(&fs, root());
        assert_eq!((launcher.first(), launcher.second()), (program(NEW), None));
        assert_eq!(fs.operations(), before);
    }
    let fs = CrashFs::default();
    assert_eq!(Launcher::new(&fs, root()).first(), root().join(CURRENT).join("bin/bridle"), "for the message");
}

#[test]
fn a_program_that_cannot_be_started_fails_at_once_and_for_good() {
    let fs = ground(Some(&trial(0, false).text()));
    let mut launcher = Launcher::new(&fs, root());
    assert_eq!(launcher.first(), program(NEW));
    assert_eq!(launcher.second(), Some(program(OLD)));
    assert_eq!((kept(&fs), current(&fs).as_str()), (trial(1, true), OLD));
    // And where the old one is gone, too, the new one is tried once more, and then no longer.
    assert_eq!((launcher.second(), launcher.second()), (Some(program(NEW)), None));
}

/// Whatever happens to the disk at whatever change: something is started, what is on trial never without its count, and
/// starts come to an end.
#[test]
fn at_every_change_of_the_disk_something_is_started_and_no_start_is_forgotten() {
    let mut troubles =
        vec![Trouble::Kill, Trouble::KillWithin, Trouble::NoSpace("/"), Trouble::SyncError, Trouble::ReadOnly];
    let cuts = PowerCut::corners().into_iter();
    troubles.extend(cuts.flat_map(|cut| [Trouble::PowerCut(cut), Trouble::PowerCutWithin(cut)]));
    for given in [trial(0, false), trial(2, false), trial(3, false), trial(3, true)] {
        let whole = ground(Some(&given.text()));
        let before = whole.operations();
        Launcher::new(&whole, root()).first();
        for at in before + 1..=whole.operations() {
            for trouble in &troubles {
                stopped_at(&given, at, *trouble);
            }
        }
    }
}

fn stopped_at(given: &Trial, at: u64, trouble: Trouble) {
    let fs = ground(Some(&given.text()));
    fs.strike(at, trouble);
    let mut launcher = Launcher::new(&fs, root());
    let started = launcher.first();
    let said = format!("{given:?} {trouble:?} at {at}");
    assert!([program(NEW), program(OLD)].contains(&started), "{said}");
    let counted = !fs.is_dead() && started == program(NEW);
    if started == program(OLD) && given.starts < given.limit && !given.failed {
        assert!(!launcher.troubles().is_empty(), "{said}: not counted, so not started, and said");
    }
    fs.mend();
    fs.cut(PowerCut::HARD);
    fs.restart();
    fs.calm();
    let after = kept(&fs);
    assert!(after.starts >= given.starts && after.failed >= given.failed, "{said}: {after:?}");
    assert!(!counted || after.starts > given.starts, "{said}: {after:?}");
    let starts = (0..10).take_while(|_| Launcher::new(&fs, root()).first() == program(NEW)).count();
    assert!(starts <= LIMIT as usize, "{said}: {starts} more");
    assert_eq!((kept(&fs).failed, current(&fs).as_str()), (true, OLD), "{said}");
}
