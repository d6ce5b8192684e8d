//! The real program against a double of the agent, in a spool in a temporary folder; killed at any moment.
#![allow(clippy::disallowed_methods, reason = "a test runs programs and writes files")]

mod double;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use bridle_core::backup::wal::spool::{self, Acknowledgement, Answer};
use bridle_core::digest::Digest;
use double::{Agent, put};
use tempfile::TempDir;

const SEGMENT: &str = "000000010000000000000003";
const LIMIT: Duration = Duration::from_secs(60);

/// A spool with what the server has and what the repository has.
struct Place {
    dir: TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self { dir: tempfile::tempdir().expect("a folder") };
        for folder in ["spool/out", "spool/ack", "spool/want", "spool/in", "pg_wal", "repository"] {
            fs::create_dir_all(place.path(folder)).expect("a folder");
        }
        fs::write(place.path("spool/spool"), spool::MARK_TEXT).expect("written");
        place
    }

    fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    fn segment(&self, content: &[u8]) {
        fs::write(self.path("pg_wal").join(SEGMENT), content).expect("written");
    }

    fn command(&self, deadline: u64) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wal-push"));
        command.current_dir(self.dir.path()).env_clear().stdin(Stdio::null());
        command.args(["--spool", "spool", "--deadline", &deadline.to_string()]);
        command
    }

    fn push(&self, deadline: u64) -> Output {
        self.command(deadline).args(["push", &format!("pg_wal/{SEGMENT}"), SEGMENT]).output().expect("runs")
    }

    fn pushing(&self, deadline: u64) -> Child {
        let mut command = self.command(deadline);
        command.args(["push", &format!("pg_wal/{SEGMENT}"), SEGMENT]).stderr(Stdio::null()).spawn().expect("runs")
    }

    fn fetch(&self, file: &str, deadline: u64) -> Output {
        self.command(deadline).args(["fetch", file, "pg_wal/RECOVERYXLOG"]).output().expect("runs")
    }

    fn acknowledge(&self, said: &Acknowledgement) {
        put(&self.path("spool/ack").join(SEGMENT), said.to_text().as_bytes());
    }

    fn repository(&self) -> Option<Vec<u8>> {
        fs::read(self.path("repository").join(SEGMENT)).ok()
    }

    fn hidden(&self, folder: &str) -> Vec<String> {
        let names = fs::read_dir(self.path(folder)).expect("a folder").flatten();
        names.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    }
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < LIMIT, "{what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn said(output: &Output) -> (Option<i32>, String) {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.lines().count() <= 1, "one line: {text}");
    (output.status.code(), text)
}

#[test]
fn a_push_succeeds_only_when_the_agent_said_so() {
    let place = Place::new();
    place.segment(b"segment");
    let (code, text) = said(&place.push(1));
    assert_eq!(code, Some(1));
    assert!(text.contains("not in a repository after 1 s"), "{text}");
    assert_eq!(fs::read(place.path("spool/out").join(SEGMENT)).expect("waits in the spool"), b"segment");
    let _agent = Agent::at(place.dir.path());
    assert_eq!(said(&place.push(30)), (Some(0), String::new()));
    assert_eq!(place.repository().as_deref(), Some(&b"segment"[..]));
    assert_eq!(place.hidden("spool/out"), Vec::<String>::new(), "nothing stays in the spool");
    // PostgreSQL asks again after a crash: the same file is fine, however often.
    for _ in 0..3 {
        assert_eq!(said(&place.push(30)).0, Some(0));
    }
    // Also when the acknowledgement is no longer there.
    fs::remove_file(place.path("spool/ack").join(SEGMENT)).expect("removed");
    assert_eq!(said(&place.push(30)).0, Some(0));
}

#[test]
fn another_content_under_the_same_name_is_never_written_over() {
    let place = Place::new();
    place.segment(b"segment");
    // The agent said it of another content.
    place.acknowledge(&Acknowledgement::Durable { digest: Digest::of(b"other"), size: 5 });
    let (code, text) = said(&place.push(1));
    assert!(code == Some(1) && text.contains("a repository has another content"), "{text}");
    assert!(!place.path("spool/out").join(SEGMENT).exists());
    // The same digest with another size is another content, too.
    place.acknowledge(&Acknowledgement::Durable { digest: Digest::of(b"segment"), size: 8 });
    assert_eq!(said(&place.push(1)).0, Some(1));
    // The agent found another one in the repository.
    fs::remove_file(place.path("spool/ack").join(SEGMENT)).expect("removed");
    fs::write(place.path("repository").join(SEGMENT), b"other").expect("written");
    let agent = Agent::at(place.dir.path());
    let (code, text) = said(&place.push(30));
    assert!(code == Some(1) && text.contains("the agent refuses it: differs"), "{text}");
    assert_eq!(place.repository().as_deref(), Some(&b"other"[..]));
    drop(agent);
    // Another one waits in the spool.
    let place = Place::new();
    place.segment(b"segment");
    fs::write(place.path("spool/out").join(SEGMENT), b"other").expect("written");
    let (code, text) = said(&place.push(1));
    assert!(code == Some(1) && text.contains("the spool has another content"), "{text}");
    assert_eq!(fs::read(place.path("spool/out").join(SEGMENT)).expect("untouched"), b"other");
}

#[test]
fn what_is_no_spool_is_not_written_to() {
    let place = Place::new();
    place.segment(b"segment");
    for text in [None, Some(""), Some("bridle wal spool 2\n")] {
        match text {
            None => fs::remove_file(place.path("spool/spool")).expect("removed"),
            Some(text) => fs::write(place.path("spool/spool"), text).expect("written"),
        }
        assert_eq!(said(&place.push(1)).0, Some(1));
        assert_eq!(said(&place.fetch(SEGMENT, 1)).0, Some(200));
        assert!(place.hidden("spool/out").is_empty() && place.hidden("spool/want").is_empty());
    }
    let gone = Place::new();
    let (code, text) = said(&gone.push(1));
    assert!(code == Some(1) && text.contains("is not there"), "{text}");
}

#[test]
fn a_file_comes_back_or_it_is_certain_that_there_is_none() {
    let place = Place::new();
    let there = place.path("pg_wal/RECOVERYXLOG");
    // Nobody answers: that is not the end of the log.
    let (code, text) = said(&place.fetch(SEGMENT, 1));
    assert!(code == Some(200) && text.contains("no answer after 1 s"), "{text}");
    // An answer to an earlier request says nothing.
    let old = Answer::Absent { mark: "1-1".to_owned() };
    put(&place.path("spool/in").join(format!("{SEGMENT}.answer")), old.to_text().as_bytes());
    assert_eq!(said(&place.fetch(SEGMENT, 1)).0, Some(200));
    let agent = Agent::at(place.dir.path());
    let (code, text) = said(&place.fetch(SEGMENT, 30));
    assert!(code == Some(1) && text.contains("not in the repository"), "{text}");
    fs::write(place.path("repository").join(SEGMENT), b"damaged").expect("written");
    assert_eq!(said(&place.fetch(SEGMENT, 30)).0, Some(200));
    assert!(!there.exists());
    fs::write(place.path("repository").join(SEGMENT), b"segment").expect("written");
    assert_eq!(said(&place.fetch(SEGMENT, 30)), (Some(0), String::new()));
    assert_eq!(fs::read(&there).expect("fetched"), b"segment");
    fs::write(place.path("repository/00000002.history"), b"1\t0/3000000\tx\n").expect("written");
    assert_eq!(said(&place.fetch("00000002.history", 30)).0, Some(0));
    drop(agent);
    assert!(place.hidden("spool/want").is_empty());
}

#[test]
fn what_came_is_compared_with_what_was_said() {
    let place = Place::new();
    let asking = place.command(30).args(["fetch", SEGMENT, "pg_wal/RECOVERYXLOG"]).stderr(Stdio::null()).spawn();
    let mut asking = asking.expect("runs");
    let want = place.path("spool/want").join(SEGMENT);
    until("a request", || want.exists());
    let mark = spool::parse_request(&fs::read(&want).expect("a request")).expect("a mark");
    put(&place.path("spool/in").join(SEGMENT), b"segmenT");
    let answer = Answer::Here { mark, digest: Digest::of(b"segment"), size: 7 };
    put(&place.path("spool/in").join(format!("{SEGMENT}.answer")), answer.to_text().as_bytes());
    assert_eq!(asking.wait().expect("ends").code(), Some(200));
    assert!(!place.path("pg_wal/RECOVERYXLOG").exists());
}

#[test]
fn killed_at_any_moment_nothing_half_is_ever_seen_and_the_next_call_succeeds() {
    let content: Vec<u8> = (0..24_u32 << 20).map(|n| (n >> 7) as u8 ^ n as u8).collect();
    let digest = Digest::of(&content);
    let (mut seen_out, mut seen_part) = (0, 0);
    for round in 0..60_u64 {
        let place = Place::new();
        place.segment(&content);
        // With and without an agent, from the first millisecond to behind the end.
        let agent = (round % 3 == 0).then(|| Agent::at(place.dir.path()));
        let mut child = place.pushing(30);
        std::thread::sleep(Duration::from_millis(round * 5));
        child.kill().expect("killed");
        child.wait().expect("ended");
        let out = place.path("spool/out").join(SEGMENT);
        if let Ok(bytes) = fs::read(&out) {
            seen_out += 1;
            assert!(Digest::of(&bytes) == digest, "half a file has its name after {} ms", round * 5);
        }
        seen_part += u32::from(place.path(&format!("spool/out/.{SEGMENT}.part")).exists());
        let _agent = agent.unwrap_or_else(|| Agent::at(place.dir.path()));
        assert_eq!(said(&place.push(60)), (Some(0), String::new()), "round {round}");
        assert!(place.repository().is_some_and(|bytes| Digest::of(&bytes) == digest));
        assert!(place.hidden("spool/out").is_empty());
    }
    assert!(seen_out > 0, "no kill hit a push that waits ({seen_part} hit one that writes)");
}

#[test]
fn killed_while_it_waits_the_acknowledgement_is_found_by_the_next_call() {
    let place = Place::new();
    place.segment(b"segment");
    let mut child = place.pushing(30);
    until("the file is in the spool", || place.path("spool/out").join(SEGMENT).exists());
    child.kill().expect("killed");
    child.wait().expect("ended");
    place.acknowledge(&Acknowledgement::Durable { digest: Digest::of(b"segment"), size: 7 });
    let begin = Instant::now();
    assert_eq!(said(&place.push(60)).0, Some(0));
    assert!(begin.elapsed() < Duration::from_secs(30), "it need not wait");
    // An acknowledgement that is cut short is none.
    let text = Acknowledgement::Durable { digest: Digest::of(b"segment"), size: 7 }.to_text();
    for length in [0, 1, text.len() / 2, text.len() - 1] {
        put(&place.path("spool/ack").join(SEGMENT), &text.as_bytes()[..length]);
        assert_eq!(said(&place.push(1)).0, Some(1), "{length} bytes");
    }
}

#[test]
fn two_at_once_do_not_disturb_each_other() {
    let place = Place::new();
    place.segment(&vec![5; 8 << 20]);
    let mut children: Vec<Child> = (0..4).map(|_| place.pushing(60)).collect();
    let _agent = Agent::at(place.dir.path());
    for child in &mut children {
        assert_eq!(child.wait().expect("ends").code(), Some(0));
    }
    assert!(place.repository().is_some_and(|bytes| bytes == vec![5; 8 << 20]));
}

#[test]
fn a_spool_that_cannot_be_written_is_a_failure_with_its_reason() {
    let place = Place::new();
    place.segment(b"segment");
    // A directory in the place of the file: also root cannot write there.
    fs::create_dir_all(place.path(&format!("spool/out/.{SEGMENT}.part/x"))).expect("a folder");
    let (code, text) = said(&place.push(1));
    assert!(code == Some(1) && text.contains("remove"), "{text}");
    assert_eq!(said(&place.command(1).args(["push", "x", "../x"]).output().expect("runs")).0, Some(199));
}

#[test]
fn it_copies_itself_into_a_volume() {
    let place = Place::new();
    let tools = place.path("tools");
    fs::create_dir(&tools).expect("a folder");
    for _ in 0..2 {
        let installed = place.command(1).arg("--install").arg(&tools).output().expect("runs");
        assert_eq!(said(&installed), (Some(0), String::new()));
    }
    let copy = tools.join("wal-push");
    assert_eq!(fs::metadata(&copy).expect("there").permissions().mode() & 0o777, 0o755);
    let asked = Command::new(&copy).env_clear().output().expect("the copy runs");
    assert_eq!(asked.status.code(), Some(199));
}
