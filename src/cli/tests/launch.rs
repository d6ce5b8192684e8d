//! The launcher as a program: releases are folders with a script for an agent.
#![allow(clippy::disallowed_methods, reason = "the program under test is run as systemd would run it")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

const OLD: &str = "campus-1.0.0";
const NEW: &str = "campus-1.1.0";

struct Host(tempfile::TempDir);

impl Host {
    /// Two releases; `current` leads to the new one, which is on trial with so many starts.
    fn new(starts: Option<u32>) -> Self {
        let host = Self(tempfile::tempdir().expect("dir"));
        for id in [OLD, NEW] {
            let folder = host.at("releases").join(id).join("bin");
            std::fs::create_dir_all(&folder).expect("folder");
            host.agent(id, &format!("#!/bin/sh\necho {id} $0 $*\n"));
        }
        std::os::unix::fs::symlink(Path::new("releases").join(NEW), host.at("current")).expect("link");
        if let Some(starts) = starts {
            let text = format!(
                r#"{{"format":1,"release":"{NEW}","previous":"{OLD}","starts":{starts},"limit":3,"failed":false}}"#
            );
            std::fs::write(host.at("trial.json"), text).expect("trial");
        }
        host
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join("opt/bridle").join(name)
    }

    fn agent(&self, id: &str, text: &str) {
        let path = self.at("releases").join(id).join("bin/bridle");
        std::fs::write(&path, text).expect("agent");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("mode");
    }

    /// What the started agent says, and what the launcher says.
    fn start(&self) -> (String, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_bridle-launch"))
            .arg("--root")
            .arg(self.0.path())
            .output()
            .expect("launcher");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        (text(output.stdout), text(output.stderr))
    }

    fn started(&self) -> String {
        let (agent, _) = self.start();
        agent.split(' ').next().unwrap_or_default().trim().to_owned()
    }

    fn trial(&self) -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(self.at("trial.json")).expect("trial")).expect("JSON")
    }

    fn current(&self) -> PathBuf {
        std::fs::read_link(self.at("current")).expect("link")
    }
}

#[test]
fn starts_are_counted_and_come_to_an_end() {
    let host = Host::new(Some(0));
    for start in 1..=3 {
        assert_eq!(host.started(), NEW);
        assert_eq!(host.trial()["starts"], start);
    }
    for _again in 0..2 {
        assert_eq!(host.started(), OLD);
        assert_eq!((host.trial()["failed"].clone(), host.current()), (true.into(), Path::new("releases").join(OLD)));
    }
}

#[test]
fn the_program_is_started_by_the_path_of_its_own_release() {
    let host = Host::new(None);
    let program = host.at("releases").join(NEW).join("bin/bridle");
    let (agent, said) = host.start();
    assert!(agent.starts_with(&format!("{NEW} {} agent", program.display())), "{agent}");
    assert_eq!(said, "");
    assert!(!host.at("trial.json").exists());
}

#[test]
fn an_agent_that_cannot_be_started_gives_way_at_once() {
    let host = Host::new(Some(0));
    std::fs::set_permissions(host.at("releases").join(NEW).join("bin/bridle"), std::fs::Permissions::from_mode(0o644))
        .expect("mode");
    let (agent, said) = host.start();
    assert!(agent.starts_with(OLD), "{agent} {said}");
    assert!(said.contains("Permission denied"), "{said}");
    assert_eq!((host.trial()["failed"].clone(), host.current()), (true.into(), Path::new("releases").join(OLD)));

    let host = Host::new(Some(1));
    std::fs::remove_dir_all(host.at("releases").join(NEW)).expect("gone");
    assert_eq!(host.started(), OLD);
}

#[test]
fn a_start_that_cannot_be_counted_is_one_of_the_agent_before() {
    let host = Host::new(Some(0));
    // A folder where the new trial would be written: a disk that takes nothing, also for root.
    std::fs::create_dir_all(host.at(".trial.json.part/x")).expect("folder");
    let (agent, said) = host.start();
    assert!(agent.starts_with(OLD), "{agent} {said}");
    assert!(said.contains("trial.json.part"), "{said}");
    assert_eq!((host.trial()["failed"].clone(), host.current()), (false.into(), Path::new("releases").join(NEW)));
}

#[test]
fn a_garbled_trial_is_none() {
    let host = Host::new(None);
    for text in ["", "{", "{\"format\":2}", "\u{0}"] {
        std::fs::write(host.at("trial.json"), text).expect("trial");
        assert_eq!(host.started(), NEW);
        assert_eq!(std::fs::read_to_string(host.at("trial.json")).expect("read"), text, "left as it is");
    }
}

#[test]
fn without_anything_to_start_it_says_so() {
    let host = Host::new(None);
    std::fs::remove_dir_all(host.at("releases")).expect("gone");
    let (agent, said) = host.start();
    assert_eq!(agent, "");
    assert!(said.contains("bridle-launch: start ") && said.contains("No such file"), "{said}");
}
