//! Rounds over a spool on a real disk, with a worker that answers from a script.

#![allow(clippy::disallowed_methods, reason = "a test writes files")]

use std::fs;
use std::path::PathBuf;

use bridle_core::backup::id::{InstallationId, Ulid};
use bridle_core::backup::key::RepositoryKey;
use bridle_core::backup::repository::Capabilities;
use bridle_core::backup::repository::credentials::RepositorySecrets;
use bridle_core::backup::repository::place::Place;
use bridle_core::backup::repository::settings::{CodeEntry, Entry, Identity, Settings};
use bridle_core::backup::worker::{Outcome, SecretKey, Work};
use bridle_core::digest::Digest;
use bridle_core::port::sim::SimClock;
use bridle_host::repositories::RepositoryFiles;

use super::*;
use crate::repositories::double::Script;

struct Bench {
    dir: tempfile::TempDir,
    clock: Arc<SimClock>,
    script: Arc<Script>,
    archiver: Archiver,
}

const SEGMENT: &str = "000000010000000000000003";
const SECOND: &str = "000000010000000000000004";

fn source() -> DataSource {
    serde_json::from_str(
        r#"{"name":"database","kind":"postgresql","namespace":"campus","workload":"StatefulSet/database",
            "log":{"claim":"data-database-0","data":"pgdata","spool":"spool"}}"#,
    )
    .expect("a source")
}

impl Bench {
    /// A host with a database and these repositories.
    fn new(repositories: &[&str]) -> Self {
        let dir = tempfile::tempdir().expect("dir");
        let layout = Layout::under(dir.path());
        let (clock, script) = (Arc::new(SimClock::default()), Arc::new(Script::default()));
        let global = layout.volumes_dir().join("campus/data-database-0/pgdata/global");
        fs::create_dir_all(&global).expect("dirs");
        fs::write(global.join("pg_control"), [&7_u64.to_ne_bytes()[..], &[0; 100]].concat()).expect("write");
        if !repositories.is_empty() {
            settle(&layout, repositories);
        }
        let shared = Arc::new(Repositories::new(layout.clone(), Arc::clone(&script) as _, Arc::clone(&clock) as _));
        let archiver = Archiver::new(layout, shared, Arc::clone(&clock) as _);
        archiver.round(&[source()]);
        Self { dir, clock, script, archiver }
    }

    fn spool(&self, path: &str) -> PathBuf {
        self.dir.path().join("var/lib/bridle/volumes/campus/data-database-0/spool").join(path)
    }

    fn push(&self, name: &str, byte: u8) {
        fs::write(self.spool("out").join(name), vec![byte; 1 << 20]).expect("write");
    }

    fn round(&self) {
        self.archiver.round(&[source()]);
        assert_eq!(self.script.left(), 0, "the worker was to be asked");
    }

    fn said(&self, name: &str) -> Option<Acknowledgement> {
        let bytes = fs::read(self.spool("ack").join(name)).ok()?;
        Some(Acknowledgement::parse(&bytes).expect("an acknowledgement"))
    }

    fn log(&self) -> LogView {
        self.archiver.view().logs.first().expect("one").clone()
    }

    /// The worker is asked to ship `name` into the repository of this key, and answers so.
    fn ships(&self, name: &'static str, key: u8, answer: Result<(), FaultCode>) {
        self.script.then(move |request| {
            let Work::ShipLog { key: with, ship } = &request.work else { panic!("something else was told") };
            assert!(*with == SecretKey(RepositoryKey::from_bytes([key; 32])), "another repository");
            let incarnation = Incarnation(Ulid::new(Timestamp(5), [2; 10]));
            let object = format!("wal/7/{incarnation}/00000001/{name}");
            assert_eq!(ship.object.to_string(), object);
            let plain = fs::read(&ship.path).expect("staged");
            assert_eq!(ship.proof, Proof { bytes: plain.len() as u64, digest: Digest::of(&plain) });
            answer.map(|()| Outcome::LogShipped).map_err(Fault::new)
        });
    }
}

fn settle(layout: &Layout, names: &[&str]) {
    let id = |byte| Ulid::new(Timestamp(5), [byte; 10]);
    let identity = Identity { installation: InstallationId(id(1)), incarnation: Incarnation(id(2)), session: id(3) };
    let mut settings = Settings::new(identity);
    let kept = RepositoryFiles::on_disk(layout);
    for (number, name) in (1_u8..).zip(names) {
        let name: RepositoryName = name.parse().expect("a name");
        let key = RepositoryKey::from_bytes([number; 32]);
        let code = CodeEntry {
            wrapped: id(4),
            restic: "ab".repeat(32),
            key: key.name(),
            made: Timestamp(5),
            rehearsed: Some(Timestamp(5)),
        };
        let secrets = RepositorySecrets { key: SecretKey(key), credentials: None };
        kept.seal(&name, 1, &secrets, Timestamp(5)).expect("sealed");
        settings.put(Entry {
            place: Place::Directory { path: format!("/mnt/{name}") },
            name,
            added: Timestamp(5),
            secret: 1,
            token: 1,
            mark: Some("m".into()),
            capabilities: Some(Capabilities {
                conditional_put: true,
                checksums: false,
                paging: true,
                versioning: false,
            }),
            code: Some(code),
            checked: None,
        });
    }
    kept.save(&settings).expect("saved");
}

#[test]
fn a_file_goes_once_every_repository_has_it() {
    let bench = Bench::new(&["attic", "cloud"]);
    assert!(bench.spool("spool").exists(), "the spool is served");
    bench.push(SEGMENT, 1);
    bench.ships(SEGMENT, 1, Ok(()));
    bench.ships(SEGMENT, 2, Err(FaultCode::RepositoryUnreachable));
    bench.round();
    assert_eq!(bench.said(SEGMENT), None, "the second one has it not");
    let log = bench.log();
    assert_eq!((log.waiting, log.since.is_some(), log.last), (1, true, None));
    let failing: Vec<bool> = log.repositories.iter().map(|lane| lane.failing.is_some()).collect();
    assert_eq!(failing, [false, true]);
    bench.round();
    assert_eq!(bench.said(SEGMENT), None, "not asked again at once");
    bench.clock.sleep(Duration::from_secs(2));
    bench.ships(SEGMENT, 2, Ok(()));
    bench.round();
    assert!(matches!(bench.said(SEGMENT), Some(Acknowledgement::Durable { size: 0x10_0000, .. })));
    // While it still lies there nobody is asked again; another content of the name is another file.
    bench.round();
    bench.push(SECOND, 2);
    bench.ships(SECOND, 1, Ok(()));
    bench.ships(SECOND, 2, Ok(()));
    bench.round();
    let log = bench.log();
    assert_eq!((log.waiting, log.since, log.last.map(|last| last.file)), (0, None, Some(SECOND.to_owned())));
    assert_eq!(fs::read_dir(bench.dir.path().join("var/lib/bridle/logs")).expect("list").count(), 0, "nothing is left");
}

#[test]
fn a_repository_that_fails_for_long_holds_nobody_back_and_all_of_them_do() {
    let bench = Bench::new(&["attic", "cloud"]);
    bench.push(SEGMENT, 1);
    bench.ships(SEGMENT, 1, Ok(()));
    bench.ships(SEGMENT, 2, Err(FaultCode::RepositoryFull));
    bench.round();
    bench.clock.sleep(Duration::from_secs(601));
    bench.ships(SEGMENT, 2, Err(FaultCode::RepositoryFull));
    bench.round();
    assert!(matches!(bench.said(SEGMENT), Some(Acknowledgement::Durable { .. })));
    bench.push(SECOND, 2);
    bench.clock.sleep(Duration::from_secs(3600));
    for key in [1, 2] {
        bench.ships(SECOND, key, Err(FaultCode::RepositoryFull));
    }
    bench.round();
    bench.clock.sleep(Duration::from_secs(100_000));
    for key in [1, 2] {
        bench.ships(SECOND, key, Err(FaultCode::RepositoryFull));
    }
    bench.round();
    assert_eq!(bench.said(SECOND), None, "a log that nobody has is never let go");
}

#[test]
fn without_a_repository_the_log_is_let_go_and_what_is_none_is_refused() {
    let bench = Bench::new(&[]);
    bench.push(SEGMENT, 1);
    fs::write(bench.spool("out").join(SECOND), "no segment").expect("write");
    bench.round();
    assert!(matches!(bench.said(SEGMENT), Some(Acknowledgement::Unwanted { size: 0x10_0000, .. })));
    assert_eq!(bench.said(SECOND), Some(Acknowledgement::Refused(Reason::Foreign)));
    assert_eq!(bench.log().last.map(|last| (last.file, last.kept)), Some((SEGMENT.to_owned(), false)));
}

#[test]
fn another_content_in_a_repository_is_refused_and_a_lost_key_is_told() {
    let bench = Bench::new(&["attic"]);
    bench.push(SEGMENT, 1);
    bench.ships(SEGMENT, 1, Err(FaultCode::LogDiffers));
    bench.round();
    assert_eq!(bench.said(SEGMENT), Some(Acknowledgement::Refused(Reason::Differs)));
    fs::remove_file(bench.dir.path().join("etc/bridle/secrets/host.key")).expect("lost");
    bench.push(SECOND, 1);
    bench.round();
    let lane = bench.log().repositories.first().expect("one").clone();
    assert_eq!(lane.fault.map(|fault| fault.code), Some(FaultCode::RepositoryKeyLost));
}

#[test]
fn a_spool_that_cannot_be_served_is_told_and_served_once_it_can() {
    let bench = Bench::new(&["attic"]);
    fs::remove_dir_all(bench.spool("out")).expect("gone");
    std::os::unix::fs::symlink("/tmp", bench.spool("out")).expect("link");
    bench.round();
    assert_eq!(bench.log().fault.map(|fault| fault.code), Some(FaultCode::FileUnreadable));
    fs::remove_file(bench.spool("out")).expect("gone");
    bench.round();
    assert_eq!(bench.log().fault, None);
    bench.archiver.round(&[]);
    assert_eq!(bench.archiver.view(), LogsView::default());
}
