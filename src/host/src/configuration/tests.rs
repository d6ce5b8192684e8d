use bridle_core::port::sim::{CrashFs, PowerCut, Survive, Trouble};

use super::*;

const OLD: &str = "format = 1\nname = \"old\"\nhost = \"campus.example\"\n";
const NEW: &str = "# changed\nformat = 1\nname = \"new\"\nhost = \"campus.example\"\n";
const SITE_FILE: &str = "/etc/bridle/site.toml";

fn account(reason: Reason, time: u64) -> Account {
    Account { by: "root".to_owned(), reason, release: Some("campus-1.0.0".to_owned()), time: Timestamp(time) }
}

fn now() -> Timestamp {
    Timestamp(2)
}

/// A host on which the first profile is in force.
fn ground() -> (CrashFs, Revisions) {
    let fs = CrashFs::default();
    for dir in ["/etc", "/etc/bridle", "/data"] {
        durable::make_dirs(&fs, Path::new(dir), 0o755).expect("dir");
    }
    durable::write_atomic(&fs, Path::new(SITE_FILE), OLD.as_bytes(), 0o644).expect("site");
    let revisions = Revisions::new(Arc::new(fs.clone()), Path::new("/data/config"), Path::new(SITE_FILE));
    revisions.begin(&account(Reason::Found, 1)).expect("begun");
    (fs, revisions)
}

fn file(revisions: &Revisions) -> String {
    revisions.file().expect("a profile").text
}

#[test]
fn the_history_begins_with_what_is_there_and_only_once() {
    let (_, revisions) = ground();
    revisions.begin(&account(Reason::Found, 9)).expect("again");
    let (record, profile) = revisions.in_force().expect("readable").expect("there");
    assert_eq!(
        (record.number, record.reason, record.time, profile.text.as_str()),
        (1, Reason::Found, Timestamp(1), OLD)
    );
    assert_eq!(revisions.list().expect("list"), [1]);
    assert_eq!(revisions.standing(1, OLD).expect("standing"), Standing::Done);
}

#[test]
fn a_prepared_revision_is_none_before_it_is_put_in_force() {
    let (_, revisions) = ground();
    let number = revisions.prepare(&Profile::of(NEW), &account(Reason::Changed, 2)).expect("prepared");
    assert_eq!((number, revisions.list().expect("list"), file(&revisions)), (2, vec![1], OLD.to_owned()));
    assert_eq!(revisions.read(2).expect_err("not yet").code, FaultCode::RevisionUnknown);
    assert!(matches!(revisions.standing(2, NEW), Ok(Standing::Missing(_))));
    // Given up: the next one has the same number and nothing of it.
    let number = revisions.prepare(&Profile::of(OLD), &account(Reason::Changed, 3)).expect("prepared");
    assert_eq!(number, 2);
    let number = revisions.prepare(&Profile::of(NEW), &account(Reason::Restored { number: 1 }, 4)).expect("prepared");
    revisions.put(number, NEW, now()).expect("put");
    assert_eq!((revisions.standing(2, NEW).expect("standing"), file(&revisions)), (Standing::Done, NEW.to_owned()));
    let (record, _) = revisions.read(2).expect("read");
    assert_eq!(
        (record.by.as_str(), record.reason, record.time),
        ("root", Reason::Restored { number: 1 }, Timestamp(4))
    );
    // The way back.
    revisions.put(1, OLD, now()).expect("back");
    assert_eq!(
        (revisions.standing(1, OLD).expect("standing"), revisions.list().expect("list")),
        (Standing::Done, vec![1, 2])
    );
    assert_eq!(revisions.in_force().expect("readable").expect("there").0.number, 1);
    // Numbers are not used again for something else.
    assert_eq!(revisions.prepare(&Profile::of(NEW), &account(Reason::Changed, 5)).expect("prepared"), 3);
}

#[test]
fn certificates_are_part_of_a_revision() {
    let (fs, revisions) = ground();
    let text = format!("{NEW}[services]\nca = \"/etc/ca.pem\"\n");
    let pem = format!("-----BEGIN CERTIFICATE-----\nMII{}\n-----END CERTIFICATE-----\n", "A".repeat(997));
    assert_eq!(revisions.with_certificates(text.clone()).ca, None, "there is no such file");
    durable::write_atomic(&fs, Path::new("/etc/ca.pem"), pem.as_bytes(), 0o644).expect("write");
    let profile = revisions.with_certificates(text.clone());
    let number = revisions.prepare(&profile, &account(Reason::Changed, 2)).expect("prepared");
    revisions.put(number, &text, now()).expect("put");
    durable::remove_if_there(&fs, Path::new("/etc/ca.pem")).expect("gone");
    let (_, kept) = revisions.read(number).expect("read");
    assert_eq!(kept.site().expect("sound").services.ca.as_deref(), Some(pem.as_str()));
    // An upgrade that moves a value, and did not prepare its revision, keeps them.
    let moved = text.replace("# changed", "# moved");
    revisions.put(3, &moved, now()).expect("put");
    assert_eq!(revisions.read(3).expect("read").1.ca.as_deref(), Some(pem.as_str()));
}

#[test]
fn the_operation_is_noted_once() {
    let (_, revisions) = ground();
    let [one, two] = ["20261123-044319-configure", "20261124-044319-configure"].map(|name| name.parse().expect("name"));
    revisions.note(1, &one).expect("noted");
    revisions.note(1, &two).expect("left");
    revisions.note(9, &two).expect("no such one");
    assert_eq!(revisions.read(1).expect("read").0.operation, Some(one));
}

#[test]
fn damage_is_told_and_the_rest_can_be_read() {
    let (fs, revisions) = ground();
    revisions.put(2, NEW, now()).expect("put");
    fs.overwrite(Path::new("/data/config/000001/site.toml"), b"format = 1\n");
    assert_eq!(revisions.read(1).expect_err("damaged").code, FaultCode::RevisionDamaged);
    fs.overwrite(Path::new("/data/config/000001/revision.json"), b"{}");
    assert_eq!(revisions.read(1).expect_err("damaged").code, FaultCode::RevisionDamaged);
    assert_eq!(revisions.history(10).expect("history").len(), 1);
    assert_eq!(revisions.in_force().expect("readable").expect("there").1.text, NEW);
    fs.overwrite(Path::new("/data/config/in-force.json"), b"{\"format\":2,\"number\":2}");
    assert_eq!(revisions.in_force().expect_err("newer").code, FaultCode::RevisionDamaged);
}

#[test]
fn surplus_goes_and_what_is_held_stays() {
    let (_, revisions) = ground();
    for number in 2..=MOST as u64 + 5 {
        revisions.put(number, &format!("{NEW}# {number}\n"), now()).expect("put");
    }
    revisions.prune(&[3]).expect("pruned");
    let there = revisions.list().expect("list");
    assert_eq!((there.len(), &there[..3]), (MOST + 2, &[1, 3, 6][..]));
}

/// Every stop at every change of the disk, while a revision is prepared and put in force and while it is taken back: what is
/// read is the old or the new profile, whole; nothing of the history is lost; the same calls end well.
#[test]
fn stopped_anywhere_it_is_the_old_one_or_the_new_one() {
    let troubles = || {
        let mut all = vec![Trouble::Kill, Trouble::SyncError, Trouble::NoSpace("/data")];
        for names in [Survive::Nothing, Survive::Everything, Survive::FirstHalf] {
            for contents in [Survive::Nothing, Survive::FirstHalf, Survive::Everything] {
                all.push(Trouble::PowerCut(PowerCut { names, contents }));
            }
        }
        all
    };
    let change = |revisions: &Revisions| -> Result<(), Fault> {
        let number = revisions.prepare(&Profile::of(NEW), &account(Reason::Changed, 2))?;
        revisions.put(number, NEW, now())?;
        revisions.put(1, OLD, now())?;
        revisions.put(number, NEW, now())
    };
    let (fs, revisions) = ground();
    let before = fs.operations();
    change(&revisions).expect("without trouble");
    let count = fs.operations() - before;
    let mut cases = 0;
    for at in 1..=count {
        for trouble in troubles() {
            let (fs, revisions) = ground();
            fs.strike(fs.operations() + at, trouble);
            let result = change(&revisions);
            fs.restart();
            fs.mend();
            fs.calm();
            let said = format!("{trouble:?} at {at}: {result:?}");
            let text = file(&revisions);
            assert!(text == OLD || text == NEW, "{said}: {text}");
            let (_, profile) = revisions.in_force().expect(&said).expect(&said);
            assert!(profile.text == OLD || profile.text == NEW, "{said}");
            assert_eq!(revisions.read(1).expect(&said).1.text, OLD, "{said}");
            // What the engine does: the step again.
            revisions.put(2, NEW, now()).expect(&said);
            assert_eq!(revisions.standing(2, NEW).expect(&said), Standing::Done, "{said}");
            fs.cut(PowerCut::HARD);
            fs.restart();
            assert_eq!(revisions.standing(2, NEW).expect(&said), Standing::Done, "after a cut: {said}");
            assert_eq!(revisions.list().expect(&said), [1, 2], "{said}");
            cases += 1;
        }
    }
    assert!(cases > 400, "{cases}");
}

#[test]
fn the_same_on_a_real_disk() {
    let root = tempfile::tempdir().expect("dir");
    let layout = Layout::under(root.path());
    crate::files::make_dirs(&layout.etc_dir(), 0o755).expect("dir");
    crate::files::write_atomic(&layout.site_file(), OLD.as_bytes(), 0o644).expect("site");
    let revisions = Revisions::on_disk(&layout);
    revisions.begin(&account(Reason::Found, 1)).expect("begun");
    let number = revisions.prepare(&Profile::of(NEW), &account(Reason::Changed, 2)).expect("prepared");
    revisions.put(number, NEW, now()).expect("put");
    assert_eq!((file(&revisions), revisions.history(1).expect("history")[0].number), (NEW.to_owned(), 2));
}
