//! `bridle repository` and `bridle backup key` against the real agent and its real worker process, over a folder.
#![allow(clippy::disallowed_methods, reason = "the program under test is run as a person would run it")]

mod machine;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use bridle_agent::simulated;
use bridle_core::backup::recovery_code::RecoveryCode;
use bridle_core::backup::repository::credentials::Credentials;
use bridle_core::backup::repository::place::{Bucket, Place};
use bridle_core::backup::repository::view::{AddedView, CheckView, RemovedView, RepositoriesView};
use bridle_core::backup::worker::{PROTOCOL, Request, Store, Work};

use self::machine::{Machine, Shifted, ended, text, wait};

fn start() -> (Machine, String) {
    let machine = Machine::new();
    machine.serve(simulated::world(machine.root(), Arc::new(Shifted::new())));
    let folder = machine.at("backup");
    fs::create_dir(&folder).expect("folder");
    let add = format!("repository add disk --directory {} --same-disk", folder.display());
    (machine, add)
}

/// A command with this on its standard input.
fn told(machine: &Machine, line: &str, input: &str) -> Output {
    let mut child = machine.command(line);
    let mut child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
    child.stdin.take().expect("pipe").write_all(input.as_bytes()).expect("written");
    child.wait_with_output().expect("runs")
}

/// Everything that the machine keeps outside of the repository.
fn kept(machine: &Machine) -> Vec<u8> {
    let mut open = vec![machine.at("etc"), machine.at("var")];
    let mut bytes = Vec::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).expect("list").map(|entry| entry.expect("entry").path()));
        } else {
            bytes.extend(fs::read(&path).expect("read"));
        }
    }
    bytes
}

#[test]
fn a_repository_is_added_proved_checked_and_forgotten() {
    let (machine, add) = start();
    let plain = add.replace(" --same-disk", "");
    machine.refused(&plain, 4, "BR-1455");
    let (sheet, _) = machine.ends(&add, 0);
    let groups: Vec<&str> =
        sheet.lines().filter_map(|line| Some(line.strip_prefix("Group ")?.split_once(": ")?.1.trim())).collect();
    let code = groups.join("-");
    assert!(RecoveryCode::read(&code).is_ok(), "{sheet}");
    for group in &groups {
        assert!(!kept(&machine).windows(5).any(|part| part == group.as_bytes()), "the code is not kept");
    }
    machine.refused(&add, 1, "BR-1453");
    let (list, _) = machine.ends("repository list", 0);
    assert!(list.contains("disk") && list.contains("Not protected") && !list.contains(groups[0]), "{list}");

    // Stock restic opens it with the code alone.
    let file = machine.file("code.txt", &code);
    let mut restic = Command::new("restic");
    restic.args(["--no-cache", "--no-lock", "-r"]).arg(machine.at("backup")).args([
        "--password-file",
        &file,
        "snapshots",
    ]);
    assert!(restic.output().expect("restic").status.success());

    let other = RecoveryCode::from_random([1; 32]).text();
    let (_, why) = ended(&told(&machine, "backup key rehearse", &other), "rehearse", 6);
    assert!(why.contains("BR-1441") && !why.contains(&other[..5]), "{why}");
    let (_, why) = ended(&told(&machine, "backup key rehearse", &code.replacen(groups[2], "00000", 1)), "rehearse", 2);
    assert!(why.contains("BR-1440") && why.contains('3'), "{why}");
    ended(&told(&machine, "backup key rehearse", &format!("{}\n", code.to_lowercase())), "rehearse", 0);
    let list: RepositoriesView = machine.json("repository list");
    assert!(list.repositories[0].protected);
    let (keys, _) = machine.ends("backup key show disk", 0);
    assert!(keys.contains("Typed back on") && !keys.contains(groups[0]), "{keys}");

    let view: CheckView = machine.json("repository check disk --read-data");
    assert_eq!((view.count, view.snapshots, view.findings.len()), (0, 0, 0));
    machine.refused("repository check other", 1, "BR-1452");
    machine.refused("repository remove disk", 4, "BR-1012");
    let gone: RemovedView = machine.json("repository remove disk --yes");
    assert!(gone.place.ends_with("backup") && machine.at("backup/config").exists());
    assert_eq!(machine.json::<RepositoriesView>("repository list").repositories, []);

    // It is known no more, so only its code opens it.
    machine.refused(&add, 4, "BR-1457");
    let wrong = machine.file("wrong.txt", &other);
    machine.refused(&format!("{add} --recovery-code {wrong}"), 6, "BR-1441");
    let added: AddedView = machine.json(&format!("{add} --recovery-code {file}"));
    assert!(added.sheet.is_none() && added.repository.protected);
}

#[test]
fn another_installation_is_refused_until_its_name_is_typed() {
    let (machine, add) = start();
    let added: AddedView = machine.json(&add);
    let code = machine.file("code.txt", added.sheet.expect("a new code").code);
    // The same place from a host that was made anew: another installation.
    fs::remove_file(machine.at("var/lib/bridle/repositories.json")).expect("gone");
    let add = format!("{add} --recovery-code {code}");
    let why = machine.refused(&add, 1, "BR-1445");
    assert!(why.contains("bridle"), "the name of the owner's site is told: {why}");
    machine.refused(&format!("{add} --take-over other"), 1, "BR-1445");
    assert!(machine.json::<AddedView>(&format!("{add} --take-over bridle")).repository.protected);
    assert_eq!(machine.json::<CheckView>("repository check disk").findings, []);
}

#[test]
fn a_code_is_replaced_and_a_lost_key_comes_back() {
    let (machine, add) = start();
    let before = machine.json::<AddedView>(&add).sheet.expect("a new code").code;
    machine.refused("backup key rotate disk", 4, "BR-1012");
    let after = machine.json::<AddedView>("backup key rotate disk --yes").sheet.expect("a new code").code;
    let (_, why) = ended(&told(&machine, "backup key rehearse disk", &before), "rehearse", 6);
    assert!(why.contains("BR-1441"), "{why}");
    ended(&told(&machine, "backup key rehearse disk", &after), "rehearse", 0);
    fs::remove_file(machine.at("etc/bridle/secrets/host.key")).expect("lost");
    machine.refused("repository check disk", 1, "BR-1464");
    machine.refused(&format!("{add} --replace"), 4, "BR-1457");
    let code = machine.file("code.txt", after);
    machine.ends(&format!("{add} --replace --recovery-code {code}"), 0);
    machine.ends("repository check disk", 0);
    // The medium is away: nothing is written where it should be.
    fs::rename(machine.at("backup"), machine.at("away")).expect("away");
    fs::create_dir(machine.at("backup")).expect("empty");
    machine.refused("repository check disk", 1, "BR-1407");
    assert_eq!(fs::read_dir(machine.at("backup")).expect("list").count(), 0);
    fs::create_dir(machine.at("photos")).and_then(|()| fs::write(machine.at("photos/one.jpg"), b"")).expect("file");
    let add = format!("repository add other --same-disk --directory {}", machine.at("photos").display());
    assert!(machine.refused(&add, 1, "BR-1456").contains("one.jpg"));
}

#[test]
fn an_access_key_is_nowhere_to_be_seen() {
    let (machine, _) = start();
    let server = TcpListener::bind("127.0.0.1:0").expect("server");
    let address = server.local_addr().expect("address");
    std::thread::spawn(move || {
        for mut stream in server.incoming().flatten() {
            let _read = stream.read(&mut [0; 8192]);
            let body = "<Error><Code>InvalidAccessKeyId</Code></Error>";
            let answer =
                format!("HTTP/1.1 403 Forbidden\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
            let _written = stream.write_all(answer.as_bytes());
        }
    });
    let add = format!("repository add cloud --s3 campus --endpoint http://{address} --path-style");
    let key = "aws_access_key_id = AKIA1\naws_secret_access_key = canary-5be1\n";
    let file = machine.file("key.txt", key);
    let why = machine.refused(&format!("{add} --credentials {file}"), 1, "BR-1401");
    assert!(!why.contains("canary"), "{why}");
    let (out, why) = ended(&told(&machine, &add, key), "add", 1);
    assert!(why.contains("BR-1401") && !why.contains("canary") && out.is_empty(), "{why}");
    let (_, why) = ended(&told(&machine, &add, "AKIA1 canary-5be1"), "add", 2);
    assert!(why.contains("BR-1458") && !why.contains("canary"), "{why}");
    let hex: String = b"canary-5be1".iter().map(|byte| format!("{byte:02x}")).collect();
    for form in ["canary-5be1".to_owned(), hex] {
        assert!(!kept(&machine).windows(form.len()).any(|part| part == form.as_bytes()), "{form}");
    }
    assert_eq!(machine.json::<RepositoriesView>("repository list").repositories, []);
}

/// A server that takes connections and never answers.
fn silent() -> String {
    let server = TcpListener::bind("127.0.0.1:0").expect("server");
    let address = server.local_addr().expect("address");
    std::thread::spawn(move || server.incoming().flatten().collect::<Vec<_>>());
    format!("http://{address}")
}

#[test]
fn a_worker_ends_with_whoever_started_it_and_shows_nothing_of_its_request() {
    let bucket = Bucket {
        endpoint: silent(),
        region: "us-east-1".into(),
        bucket: "campus".into(),
        prefix: String::new(),
        path_style: true,
        ca: String::new(),
    };
    let credentials = Credentials { key_id: "AKIA1".into(), secret: "canary-5be1".into(), token: None };
    let store = Store { place: Place::S3(bucket), credentials: Some(credentials), mark: None, capabilities: None };
    let request = Request { protocol: PROTOCOL, memory: 1 << 30, store, work: Work::Look { key: None, code: None } };
    let mut worker = Command::new(env!("CARGO_BIN_EXE_bridle"));
    let mut worker = worker.arg("backup-worker").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("starts");
    let mut input = worker.stdin.take().expect("pipe");
    input.write_all(&request.to_line()).expect("written");
    let proc = |file: &str| fs::read_to_string(format!("/proc/{}/{file}", worker.id())).unwrap_or_default();
    wait("the worker to lower itself", || proc("oom_score_adj").trim() == "1000");
    wait("the limit of its memory", || {
        proc("limits").lines().any(|line| line.starts_with("Max data size") && line.contains("1073741824"))
    });
    let nice =
        || proc("stat").rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(16).map(str::to_owned));
    wait("the lowest priority", || nice().as_deref() == Some("19"));
    for file in ["cmdline", "environ"] {
        assert!(!proc(file).contains("canary"));
    }
    assert!(worker.try_wait().expect("alive").is_none(), "it waits for its server");
    drop(input);
    let status = worker.wait().expect("ends");
    assert!(!status.success());
}

#[test]
fn a_request_that_is_none_is_refused_without_repeating_it() {
    for request in ["canary\n", "{\"protocol\":9}\n", ""] {
        let mut worker = Command::new(env!("CARGO_BIN_EXE_bridle"));
        let worker = worker.arg("backup-worker").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut worker = worker.spawn().expect("starts");
        let mut input = worker.stdin.take().expect("pipe");
        input.write_all(request.as_bytes()).expect("written");
        let mut said = String::new();
        if !request.is_empty() {
            worker.stdout.take().expect("pipe").read_to_string(&mut said).expect("read");
            assert!(said.contains("BR-1459") && !said.contains("canary"), "{said}");
        }
        drop(input);
        let output = worker.wait_with_output().expect("ends");
        assert!(!output.status.success() && text(&output.stderr).is_empty());
    }
}
