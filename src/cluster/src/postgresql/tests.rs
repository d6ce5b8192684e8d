use std::sync::Mutex;
use std::time::Duration;

use bridle_core::digest::Digest;
use bridle_core::port::Proof;
use bridle_core::release::DataKind;
use bridle_core::step::Standing;
use serde_json::json;

use super::collation::Which;
use super::*;
use crate::fake::{Bench, Told, assert_words, attempt};

/// Answers commands as a pod would: by the first entry whose text stands in the command's arguments.
struct Scripted {
    answers: Vec<(&'static str, &'static [u8], Result<Ended, ExecError>)>,
    asked: Mutex<Vec<(Place, Vec<String>)>>,
}

impl Scripted {
    fn new(answers: Vec<(&'static str, &'static [u8], Result<Ended, ExecError>)>) -> Self {
        Self { answers, asked: Mutex::default() }
    }
}

impl Pods for Scripted {
    fn run(
        &self,
        place: &Place,
        command: &[String],
        to: &mut dyn Write,
        _limit: Duration,
        _stop: &dyn Fn() -> bool,
    ) -> Result<Ended, ExecError> {
        self.asked.lock().expect("lock").push((place.clone(), command.to_vec()));
        let line = command.join(" ");
        let found = self.answers.iter().find(|(part, ..)| line.contains(part));
        let (_, said, ended) = found.unwrap_or_else(|| panic!("nobody answers {line}"));
        for piece in said.chunks(7) {
            to.write_all(piece).map_err(|error| ExecError::Write(place.to_string(), error))?;
        }
        match ended {
            Ok(ended) => Ok(ended.clone()),
            Err(ExecError::Broken(_)) => Err(ExecError::Broken(place.to_string())),
            Err(_) => Err(ExecError::Stopped(place.to_string())),
        }
    }

    fn feed(
        &self,
        _place: &Place,
        command: &[String],
        _streams: (&mut dyn std::io::Read, &mut dyn Write),
        _limit: Duration,
        _stop: &dyn Fn() -> bool,
    ) -> Result<Ended, ExecError> {
        panic!("nobody gives a database anything: {command:?}")
    }
}

fn well() -> Result<Ended, ExecError> {
    Ok(Ended { well: true, complaint: String::new() })
}

fn badly(words: &str) -> Result<Ended, ExecError> {
    Ok(Ended { well: false, complaint: words.to_owned() })
}

fn source() -> DataSource {
    serde_json::from_value(json!({
        "name": "database", "kind": "postgresql", "namespace": "campus", "workload": "StatefulSet/database",
    }))
    .expect("source")
}

/// A server with one ready pod, and one of somebody else.
fn bench() -> Bench {
    let bench = Bench::new();
    let pod = |name: &str, app: &str, ready: &str| {
        json!({
            "metadata": { "name": name, "namespace": "campus", "labels": { "app": app } },
            "spec": { "containers": [{ "name": "exporter" }, { "name": "postgresql" }] },
            "status": { "phase": "Running", "conditions": [{ "type": "Ready", "status": ready }],
                "containerStatuses": [{ "name": "postgresql", "ready": ready == "True" }] },
        })
    };
    bench.fake.put(
        "/apis/apps/v1/namespaces/campus/statefulsets/database",
        json!({
            "metadata": { "name": "database", "namespace": "campus" },
            "spec": { "replicas": 1, "selector": { "matchLabels": { "app": "database" } } },
        }),
    );
    for (name, app, ready) in
        [("aaa-0", "other", "True"), ("database-0", "database", "False"), ("database-1", "database", "True")]
    {
        bench.fake.put(&format!("/api/v1/namespaces/campus/pods/{name}"), pod(name, app, ready));
    }
    bench
}

const DATABASE_LIST: &[u8] =
    br#"[{"name" : "enrolment", "bytes" : 7959559, "provider" : "c", "recorded" : "2.31", "actual" : "2.36"},
 {"name" : "o'hara", "bytes" : 1, "provider" : "c", "recorded" : null, "actual" : null}]"#;

#[test]
fn a_server_says_what_it_is() {
    let bench = bench();
    let pods = Scripted::new(vec![
        ("server_version_num", b"{\"number\" : 150020, \"recovering\" : false}\n", well()),
        ("pg_database_size", DATABASE_LIST, well()),
        (
            "dbname='enrolment'",
            br#"[{"name":"default","provider":"d","recorded":null,"actual":null,"index_bytes":16384},
                {"name":"fr_FR.utf8","provider":"c","recorded":"2.36","actual":"2.36","index_bytes":8192}]"#,
            well(),
        ),
        (r"dbname='o\'hara'", b"[]", well()),
    ]);
    let mut told = Told::default();
    let clock = bench.clock.as_ref();
    let server = attempt(60, &mut told, |at| facts(&bench.api, &pods, clock, &source(), at)).expect("facts");
    assert_eq!((server.major(), server.bytes(), server.collation()), (15, 7_959_560, Some("2.36")));
    let mismatched = server.mismatched();
    assert_eq!((mismatched.len(), mismatched[0].database.as_str(), mismatched[0].index_bytes), (1, "enrolment", 16384));
    assert_eq!(server.affected("2.41")[0].index_bytes, 16384 + 8192);
    assert_eq!(told.codes(), ["wait-database-ask"]);
    let asked = pods.asked.lock().expect("lock");
    assert_eq!(asked.len(), 4);
    for (place, command) in asked.iter() {
        assert_eq!((place.pod.as_str(), place.container.as_str()), ("database-1", "postgresql"));
        assert!(command.iter().any(|word| word.contains("default_transaction_read_only=on")), "{command:?}");
    }
}

#[test]
fn a_server_that_does_not_say_its_rules_is_asked_for_less() {
    let bench = bench();
    let pods = Scripted::new(vec![
        ("server_version_num", b"{\"number\" : 130011, \"recovering\" : false}\n", well()),
        ("datcollversion", b"", badly("column \"datcollversion\" does not exist")),
        ("pg_database_size", br#"[{"name":"wiki","bytes":5}]"#, well()),
        ("pg_collation", b"[]", well()),
    ]);
    let clock = bench.clock.as_ref();
    let server = attempt(60, &mut Told::default(), |at| facts(&bench.api, &pods, clock, &source(), at)).expect("facts");
    assert_eq!((server.major(), server.bytes(), server.records_rules()), (13, 5, false));
}

#[test]
fn what_a_server_cannot_answer_is_a_fault() {
    let ask = |bench: &Bench, pods: &Scripted| {
        let clock = bench.clock.as_ref();
        let fault = attempt(60, &mut Told::default(), |at| facts(&bench.api, pods, clock, &source(), at));
        let fault = fault.expect_err("a fault");
        assert_words(&fault.message);
        fault
    };
    let fault = ask(&bench(), &Scripted::new(vec![("psql", b"", badly("psql: error: no such role"))]));
    assert_eq!((fault.code, fault.causes[0].as_str()), (FaultCode::PodCommandFailed, "psql: error: no such role"));
    let broken = Err(ExecError::Broken(String::new()));
    assert_eq!(ask(&bench(), &Scripted::new(vec![("psql", b"{}", broken)])).code, FaultCode::PodCommandFailed);
    let stopped = Err(ExecError::Stopped(String::new()));
    assert_eq!(ask(&bench(), &Scripted::new(vec![("psql", b"", stopped)])).code, FaultCode::DeadlinePassed);
    for said in [b"".as_slice(), b"15.20", b"{\"number\": true}"] {
        assert_eq!(ask(&bench(), &Scripted::new(vec![("psql", said, well())])).code, FaultCode::DatabaseUnclear);
    }
    let asleep = bench();
    asleep.fake.delete("/api/v1/namespaces/campus/pods/database-1");
    let nobody = Scripted::new(Vec::new());
    assert_eq!(ask(&asleep, &nobody).code, FaultCode::DatabaseUnreachable);
    asleep.fake.delete("/apis/apps/v1/namespaces/campus/statefulsets/database");
    assert_eq!(ask(&asleep, &nobody).code, FaultCode::DatabaseUnreachable);
}

const COPY: &[u8] = b"--\n-- PostgreSQL database cluster dump\n--\nCOPY x FROM stdin;\n\\.\n--\n\
    -- PostgreSQL database cluster dump complete\n--\n\n";

/// Takes some bytes and then fails like this.
struct Disk(usize, std::io::ErrorKind);

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or_else(|| std::io::Error::from(self.1))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn copy(pods: &Scripted, to: &mut dyn Write, limit: u64) -> Result<Proof, Fault> {
    let bench = bench();
    let mut target = DumpTarget { to, path: "copy.sql", limit };
    let result = attempt(60, &mut Told::default(), |at| dump(&bench.api, pods, &source(), &mut target, at));
    if let Err(fault) = &result {
        assert_words(&fault.message);
    }
    result
}

#[test]
fn only_a_whole_copy_is_one() {
    let mut to = Vec::new();
    let pods = Scripted::new(vec![("pg_dumpall", COPY, well())]);
    assert_eq!(copy(&pods, &mut to, 1 << 20), Ok(Proof { bytes: COPY.len() as u64, digest: Digest::of(COPY) }));
    assert_eq!(to, COPY);
    let asked = pods.asked.lock().expect("lock");
    assert!(asked[0].1.iter().any(|word| word == "--no-role-passwords"), "{asked:?}");

    let code = |said: &'static [u8], ended| {
        copy(&Scripted::new(vec![("pg_dumpall", said, ended)]), &mut Vec::new(), 1 << 20).expect_err("no copy").code
    };
    assert_eq!(code(b"", well()), FaultCode::DumpIncomplete);
    assert_eq!(code(&COPY[..COPY.len() - 5], well()), FaultCode::DumpIncomplete);
    assert_eq!(code(&COPY[..30], well()), FaultCode::DumpIncomplete);
    // The end alone does not count where the command did not end well.
    assert_eq!(code(COPY, badly("pg_dump: error: query failed")), FaultCode::PodCommandFailed);
    assert_eq!(code(COPY, Err(ExecError::Broken(String::new()))), FaultCode::PodCommandFailed);
    assert_eq!(code(COPY, Err(ExecError::Stopped(String::new()))), FaultCode::DeadlinePassed);
}

#[test]
fn a_copy_that_does_not_fit_is_none() {
    let pods = Scripted::new(vec![("pg_dumpall", COPY, well())]);
    let code = |to: &mut dyn Write, limit| copy(&pods, to, limit).expect_err("no copy").code;
    assert_eq!(code(&mut Vec::new(), COPY.len() as u64 - 1), FaultCode::DumpTooLarge);
    assert_eq!(code(&mut Disk(20, std::io::ErrorKind::StorageFull), 1 << 20), FaultCode::NoSpace);
    assert_eq!(code(&mut Disk(20, std::io::ErrorKind::PermissionDenied), 1 << 20), FaultCode::WriteFailed);
    assert!(copy(&pods, &mut Vec::new(), COPY.len() as u64).is_ok());
    assert_eq!(source().kind, DataKind::Postgresql);
}

/// A server that was sorted by other rules, until somebody mends it.
struct Mended {
    ill: Scripted,
    well: Scripted,
    done: Mutex<bool>,
}

impl Pods for Mended {
    fn run(
        &self,
        place: &Place,
        command: &[String],
        to: &mut dyn Write,
        limit: Duration,
        stop: &dyn Fn() -> bool,
    ) -> Result<Ended, ExecError> {
        let mut done = self.done.lock().expect("lock");
        let ended = if *done { &self.well } else { &self.ill }.run(place, command, to, limit, stop);
        *done |= command.iter().any(|word| word.contains("REINDEX DATABASE"));
        ended
    }

    fn feed(
        &self,
        _place: &Place,
        command: &[String],
        _streams: (&mut dyn std::io::Read, &mut dyn Write),
        _limit: Duration,
        _stop: &dyn Fn() -> bool,
    ) -> Result<Ended, ExecError> {
        panic!("nobody gives a database anything: {command:?}")
    }
}

fn ruled(number: &'static [u8], list: &'static [u8], mends: Result<Ended, ExecError>) -> Scripted {
    let used = br#"[{"name":"default","provider":"d","recorded":null,"actual":null,"index_bytes":3145728}]"#;
    Scripted::new(vec![
        ("REINDEX DATABASE", b"", mends),
        ("server_version_num", number, well()),
        ("pg_database_size", list, well()),
        ("pg_collation c JOIN", used, well()),
    ])
}

const SORTED: &[u8] = br#"[{"name":"enrolment","bytes":9,"provider":"c","recorded":"2.36","actual":"2.36"}]"#;

#[test]
fn what_is_sorted_otherwise_is_built_anew_once() {
    let bench = bench();
    let number = b"{\"number\" : 150020, \"recovering\" : false}";
    let pods = Mended {
        ill: ruled(number, DATABASE_LIST, well()),
        well: ruled(number, SORTED, well()),
        done: Mutex::new(false),
    };
    let (clock, sources) = (bench.clock.as_ref(), [source()]);
    let Ok(Standing::Missing(missing)) = collation::probe(&bench.api, &pods, clock, &sources) else {
        panic!("missing")
    };
    assert_words(&missing);
    let mut told = Told::default();
    attempt(600, &mut told, |at| collation::apply(&bench.api, &pods, clock, (&sources, Which::Mismatched), at))
        .expect("mended");
    assert_eq!(told.codes(), ["wait-database-ask", "wait-collation"]);
    assert_eq!(collation::probe(&bench.api, &pods, clock, &sources), Ok(Standing::Done));
    attempt(600, &mut told, |at| collation::apply(&bench.api, &pods, clock, (&sources, Which::Mismatched), at))
        .expect("nothing to do");

    let asked = pods.ill.asked.lock().expect("lock");
    let mending: Vec<_> = asked.iter().filter(|(_, command)| command.join(" ").contains("REINDEX DATABASE")).collect();
    let [(place, command)] = mending.as_slice() else { panic!("{} times", mending.len()) };
    assert_eq!((place.pod.as_str(), place.container.as_str()), ("database-1", "postgresql"));
    let parts: Vec<&str> = command.iter().filter_map(|word| word.strip_prefix("--command=")).collect();
    assert!(parts[0].contains("NOT i.indisvalid"), "{parts:?}");
    assert_eq!(parts[1], "REINDEX DATABASE CONCURRENTLY \"enrolment\"");
    assert_eq!(parts[4], "ALTER DATABASE \"enrolment\" REFRESH COLLATION VERSION");
    let session = command.iter().find(|word| word.starts_with("--dbname=")).expect("a session");
    assert!(session.contains("statement_timeout=600000") && !session.contains("read_only"), "{session}");
    assert!(!pods.well.asked.lock().expect("lock").iter().any(|(_, command)| command.join(" ").contains("REINDEX")));
}

/// What the new server wrote before it recorded its rules cannot be seen: nothing that is recorded is believed.
#[test]
fn on_the_way_back_everything_sorted_is_built_anew() {
    let bench = bench();
    let pods = ruled(b"{\"number\":150020,\"recovering\":false}", SORTED, well());
    let (clock, sources) = (bench.clock.as_ref(), [source()]);
    assert_eq!(collation::probe(&bench.api, &pods, clock, &sources), Ok(Standing::Done));
    let apply = |which| {
        attempt(600, &mut Told::default(), |at| collation::apply(&bench.api, &pods, clock, (&sources, which), at))
    };
    let built = || {
        let asked = pods.asked.lock().expect("lock");
        asked.iter().filter(|(_, command)| command.join(" ").contains("REINDEX DATABASE")).count()
    };
    apply(Which::Mismatched).expect("nothing to do");
    assert_eq!(built(), 0);
    apply(Which::Sorted).expect("built anew");
    assert_eq!(built(), 1);
}

#[test]
fn a_server_that_cannot_build_anew_says_why() {
    let bench = bench();
    let pods =
        ruled(b"{\"number\":150020,\"recovering\":false}", DATABASE_LIST, badly("could not create unique index"));
    let (clock, sources) = (bench.clock.as_ref(), [source()]);
    let fault = attempt(600, &mut Told::default(), |at| {
        collation::apply(&bench.api, &pods, clock, (&sources, Which::Mismatched), at)
    });
    let fault = fault.expect_err("two rows are now the same");
    assert_eq!((fault.code, fault.causes[0].as_str()), (FaultCode::PodCommandFailed, "could not create unique index"));
    assert!(collation::probe(&bench.api, &pods, clock, &sources).is_ok_and(|standing| standing != Standing::Done));
}

#[test]
fn files_of_a_server_count_only_with_its_good_end() {
    let bench = bench();
    let copied = |ended| {
        let pods = Scripted::new(vec![("pg_basebackup", b"an archive", ended)]);
        let mut to = Vec::new();
        let mut target = DumpTarget { to: &mut to, path: "copy", limit: 100 };
        let proof = attempt(60, &mut Told::default(), |at| base(&bench.api, &pods, &source(), &mut target, at));
        let asked = pods.asked.lock().expect("lock");
        let (place, command) = asked.first().expect("asked");
        assert_eq!(place.pod, "database-1");
        assert!(command.contains(&"--wal-method=none".to_owned()) && command.contains(&"--no-password".to_owned()));
        proof.map_err(|fault| fault.code)
    };
    assert_eq!(copied(well()), Ok(Proof { bytes: 10, digest: Digest::of(b"an archive") }));
    assert_eq!(copied(badly("checksum error occurred")), Err(FaultCode::PodCommandFailed));
    assert_eq!(copied(Err(ExecError::Stopped(String::new()))), Err(FaultCode::DeadlinePassed));
    let pods = Scripted::new(vec![("pg_basebackup", b"an archive", well())]);
    let mut target = DumpTarget { to: &mut Vec::new(), path: "copy", limit: 9 };
    let full = attempt(60, &mut Told::default(), |at| base(&bench.api, &pods, &source(), &mut target, at));
    assert_eq!(full.expect_err("no room").code, FaultCode::DumpTooLarge);
}
