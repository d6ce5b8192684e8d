//! The program itself against a small agent: what it prints, where, and how it ends.
#![allow(clippy::disallowed_methods, reason = "the program under test is run as a person would run it")]

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use bridle_client::sample;
use bridle_core::event::Event;
use bridle_core::message::{Language, Message};
use bridle_core::operation::OperationView;
use bridle_core::status::StatusView;
use serde_json::json;

/// Answers each request by its path; `events` are told and, unless they end the operation, the stream stays open.
struct Agent {
    folder: tempfile::TempDir,
}

struct Answers {
    events: Vec<Event>,
}

impl Agent {
    fn new(events: Vec<Event>) -> Self {
        let agent = Self { folder: tempfile::tempdir().expect("folder") };
        let listener = UnixListener::bind(agent.socket()).expect("bind");
        let answers = Arc::new(Answers { events });
        // Ends with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let answers = Arc::clone(&answers);
                std::thread::spawn(move || answers.serve(stream));
            }
        });
        agent
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("agent.sock")
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bridle"));
        command.args(line.split_whitespace()).arg("--socket").arg(self.socket());
        command.arg("--data").arg(self.folder.path());
        command.env_clear().env("LANG", "C.UTF-8").stdin(Stdio::null());
        command
    }

    fn run(&self, line: &str) -> Output {
        self.command(line).output().expect("runs")
    }
}

impl Answers {
    fn serve(&self, mut stream: UnixStream) {
        let mut reader = BufReader::new(stream.try_clone().expect("clone"));
        let (mut first, mut length) = (String::new(), 0);
        reader.read_line(&mut first).expect("request");
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).expect("header");
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().expect("length");
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).expect("body");
        let path = first.split_whitespace().nth(1).expect("path").to_owned();
        let view = sample::view(&self.events);
        let (status, text) = match path.strip_prefix("/api/v1/").expect("api") {
            "status" => (200, json!(sample::status(Some(view))).to_string()),
            "operations" => (200, json!([view]).to_string()),
            path if path.ends_with("/command") => (202, String::new()),
            path if path.ends_with("/events") => return self.stream(stream),
            path if path.ends_with("-install") => (200, json!(view).to_string()),
            _ => (404, "{}".to_owned()),
        };
        let head = format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", text.len());
        let _ = stream.write_all(format!("{head}{text}").as_bytes());
    }

    fn stream(&self, mut stream: UnixStream) {
        let mut text = "HTTP/1.1 200 x\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n".to_owned();
        for event in &self.events {
            text.push_str(&format!("data: {}\n\n", serde_json::to_string(event).expect("json")));
        }
        let _ = stream.write_all(text.as_bytes());
        if !sample::view(&self.events).state.is_final() {
            // Until the client goes away.
            let _ = stream.read(&mut [0]);
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

#[test]
fn status_in_both_languages() {
    let agent = Agent::new(sample::success());
    for language in ["en", "fr"] {
        let output = agent.run(&format!("status --lang {language}"));
        assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""));
        insta::assert_snapshot!(format!("status-{language}"), text(&output.stdout));
    }
    let output = agent.run("status --json");
    let status: StatusView = serde_json::from_slice(&output.stdout).expect("one JSON object");
    assert_eq!(status.site, "univ-demo");
}

#[test]
fn attach_tells_a_success_and_where_to_go() {
    let agent = Agent::new(sample::success());
    for language in ["en", "fr"] {
        let output = agent.run(&format!("operation attach --lang {language}"));
        assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""));
        assert!(text(&output.stdout).contains("https://campus.example/"));
        insta::assert_snapshot!(format!("attach-success-{language}"), text(&output.stdout));
    }
}

#[test]
fn attach_to_what_stopped_says_why_and_what_to_do() {
    let agent = Agent::new(sample::failure());
    for language in ["en", "fr"] {
        let output = agent.run(&format!("operation attach --lang {language}"));
        assert_eq!(output.status.code(), Some(1));
        insta::assert_snapshot!(format!("attach-failure-{language}"), text(&output.stdout));
    }
}

#[test]
fn attach_for_programs() {
    let events = sample::success();
    let agent = Agent::new(events.clone());
    let output = agent.run("operation attach --events json");
    let told: Vec<Event> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).expect("an event")).collect();
    assert_eq!(told, events);
    let output = agent.run("operation attach --json");
    let view: OperationView = serde_json::from_slice(&output.stdout).expect("one JSON object");
    assert_eq!((output.status.code(), view), (Some(0), sample::view(&events)));
}

#[test]
fn ctrl_c_leaves_and_says_how_to_come_back() {
    let agent = Agent::new(sample::beginning());
    let mut child =
        agent.command("operation attach").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
    let mut stdout = BufReader::new(child.stdout.take().expect("stdout"));
    let mut line = String::new();
    while !line.contains("Kubernetes to answer") {
        line.clear();
        assert!(stdout.read_line(&mut line).expect("line") > 0, "ended early");
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("signal");
    let output = child.wait_with_output().expect("ends");
    assert_eq!(output.status.code(), Some(130));
    let expected = "bridle operation attach 20261123-044319-install";
    assert!(text(&output.stderr).contains(expected), "{}", text(&output.stderr));
}

#[test]
fn lists_shows_and_commands() {
    let agent = Agent::new(sample::failure());
    let list = agent.run("operation list");
    assert!(text(&list.stdout).contains("20261123-044319-install"));
    let show = agent.run("operation show");
    assert!(text(&show.stdout).contains("bridle operation retry 20261123-044319-install"));
    let retry = agent.run("operation retry");
    assert_eq!((retry.status.code(), text(&retry.stdout).as_str()), (Some(0), ""));
    // Nobody can be asked, so nothing is taken back.
    let abort = agent.run("operation abort");
    assert_eq!(abort.status.code(), Some(4));
    assert_eq!(agent.run("operation abort --yes").status.code(), Some(0));
}

#[test]
fn without_an_agent_the_disk_tells_what_is_known() {
    let agent = Agent { folder: tempfile::tempdir().expect("folder") };
    let output = agent.run("status --lang en");
    assert_eq!(output.status.code(), Some(9));
    assert!(text(&output.stderr).contains("BR-1050"));
    let folder = agent.folder.path().join("journal");
    std::fs::create_dir(&folder).expect("folder");
    let kept: String = sample::failure()
        .iter()
        .filter(|event| event.kind.is_kept())
        .map(|event| bridle_core::journal::encode(event, bridle_core::journal::FORMAT))
        .collect();
    std::fs::write(folder.join(format!("{}.journal", sample::id())), kept).expect("write");
    let output = agent.run("operation show --lang en");
    assert_eq!(output.status.code(), Some(9));
    assert!(text(&output.stdout).contains("BR-1043"));
    assert_eq!(agent.run("operation attach").status.code(), Some(9));
}

#[test]
fn explains_codes_and_names_the_nearest_to_others() {
    let agent = Agent { folder: tempfile::tempdir().expect("folder") };
    for language in ["en", "fr"] {
        let texts = ["br-1042", "1011"].map(|code| {
            let output = agent.run(&format!("explain {code} --lang {language}"));
            assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""));
            text(&output.stdout)
        });
        insta::assert_snapshot!(format!("explain-{language}"), texts.join("\n"));
    }
    assert!(text(&agent.run("explain disk").stdout).starts_with("check-disk  "));
    let unknown = agent.run("explain BR-1o42");
    assert_eq!(unknown.status.code(), Some(2));
    assert!(text(&unknown.stderr).contains("BR-1151") && text(&unknown.stderr).contains("BR-1042"));
    let all = agent.run("explain");
    for code in ["BR-1001  ", "BR-1099  ", "check-disk"] {
        assert!(text(&all.stdout).contains(code), "no {code}");
    }
    let one: serde_json::Value = serde_json::from_slice(&agent.run("explain BR-1002 --json").stdout).expect("JSON");
    assert_eq!((&one["code"], &one["exit"]), (&json!("BR-1002"), &json!(6)));
    let all: serde_json::Value = serde_json::from_slice(&agent.run("explain --json").stdout).expect("JSON");
    assert!(all["codes"].as_array().expect("a list").len() > 50);
}

#[test]
fn help_and_wrong_words_are_in_the_readers_language() {
    let agent = Agent { folder: tempfile::tempdir().expect("folder") };
    let mut command = agent.command("operation attach --help");
    let french = command.env("LC_ALL", "fr_FR.UTF-8").output().expect("runs");
    assert_eq!(french.status.code(), Some(0));
    insta::assert_snapshot!("help-attach-fr", text(&french.stdout));
    let english = text(&agent.run("--help").stdout);
    let places = ["Examples:", "Usage:", "Commands:", "Options:"].map(|heading| english.find(heading));
    assert!(places.is_sorted() && places[0].is_some(), "examples come first: {english}");
    let wrong = agent.run("nonsense");
    assert_eq!(wrong.status.code(), Some(2));
    assert!(text(&wrong.stderr).contains("BR-1150"), "{}", text(&wrong.stderr));
    let wrong = agent.run("operation atach --lang=fr");
    assert!(text(&wrong.stderr).contains("Vous pensez peut-être à\u{a0}: attach"), "{}", text(&wrong.stderr));
    assert_eq!(wrong.status.code(), Some(2));
}

#[test]
fn bash_completes_commands_options_and_values() {
    let agent = Agent { folder: tempfile::tempdir().expect("folder") };
    let script = agent.folder.path().join("bridle.bash");
    std::fs::write(&script, agent.run("completions bash").stdout).expect("write");
    // What bash does at the TAB key: words, the index of the one at the cursor, the function with that and the one before.
    let ask = r#"source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
        _bridle bridle "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"; printf '%s\n' "${COMPREPLY[@]}""#;
    let complete = |line: &[&str]| {
        let mut command = Command::new("bash");
        command.args(["--norc", "-uec", ask, "bash"]).arg(&script).args(line);
        let output = command.output().expect("bash runs");
        assert!(output.status.success(), "{line:?}: {}", text(&output.stderr));
        text(&output.stdout).lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(complete(&["bridle", "exp"]), ["explain"]);
    assert_eq!(complete(&["bridle", "operation", "at"]), ["attach"]);
    assert_eq!(complete(&["bridle", "operation", "attach", "--ev"]), ["--events"]);
    assert_eq!(complete(&["bridle", "--color", "ne"]), ["never"]);
    assert_eq!(complete(&["bridle", "completions", ""]).len(), 3 + complete(&["bridle", "completions", "-"]).len());
}

#[test]
fn manual_pages_are_sound() {
    let agent = Agent { folder: tempfile::tempdir().expect("folder") };
    let folder = agent.folder.path().join("man1");
    std::fs::create_dir(&folder).expect("folder");
    let written = agent.command("man").arg(&folder).output().expect("runs");
    assert_eq!(written.status.code(), Some(0), "{}", text(&written.stderr));
    let pages: Vec<_> = text(&written.stdout).lines().map(PathBuf::from).collect();
    assert!(pages.len() > 15 && pages.iter().all(|page| page.is_file()), "{pages:?}");
    for page in &pages {
        let mut groff = Command::new("groff");
        let output = groff.args(["-man", "-ww", "-Tutf8", "-rLL=80n"]).arg(page).output().expect("groff runs");
        assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""), "{}", page.display());
    }
    // A folder that is not there is a fault with words.
    let lost = agent.command("man").arg(folder.join("absent")).output().expect("runs");
    assert_eq!(lost.status.code(), Some(1));
    assert!(text(&lost.stderr).contains("BR-1021"), "{}", text(&lost.stderr));
}

/// Folders of all source that makes messages.
const SOURCES: [&str; 10] = [
    "src",
    "../../tui/src",
    "../../installer/src",
    "../../bundle/src",
    "../agent/src",
    "../client/src",
    "../cluster/src",
    "../core/src",
    "../host/src",
    "../manual/src",
];

#[test]
fn every_text_that_the_source_names_exists_in_both_languages() {
    let found: BTreeSet<String> =
        SOURCES.iter().flat_map(|source| codes(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(source))).collect();
    let absent = |code: &&String| {
        let message = Message { code: code.as_str().to_owned().into(), args: Default::default() };
        Language::ALL.into_iter().any(|language| message.render(language) == **code)
    };
    // Made up by a test of core.
    let missing: Vec<_> = found.iter().filter(absent).filter(|code| *code != "from-the-future").collect();
    assert!(found.len() > 150 && missing.is_empty(), "{} found, without words: {missing:?}", found.len());
    // Words of a finding or step that nothing names any more would be explained for ever.
    let stale: Vec<_> = Message::codes().filter(|code| is_title(code) && !found.contains(*code)).collect();
    assert_eq!(stale, Vec::<&str>::new(), "words that nothing names");
}

/// Findings and titles of steps, which the source names outside of `Message::new`, too.
fn is_title(code: &str) -> bool {
    code.starts_with("check-") || code.starts_with("step-")
}

/// Literals in `Message::new("…")`, and those of findings and steps wherever they stand.
fn codes(folder: &std::path::Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("list") {
        let path = entry.expect("entry").path();
        if path.is_dir() {
            found.extend(codes(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).expect("read");
            let literals = text.split("Message::new(\"").skip(1);
            found.extend(literals.filter_map(|rest| rest.split_once('"').map(|(code, _)| code.to_owned())));
            let simple = |word: &&str| word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
            let titles = text.split('"').filter(|word| is_title(word) && !word.ends_with('-')).filter(simple);
            found.extend(titles.map(str::to_owned));
        }
    }
    found
}
