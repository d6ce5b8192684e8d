//! A repository that hangs: the worker ends with whoever asked for its work. In a program of its own, so that every worker
//! below it belongs to this test.
#![allow(clippy::disallowed_methods, reason = "the program under test is run as a person would run it")]

mod machine;

use std::fs;
use std::process::{Command, Stdio};
use std::sync::Arc;

use bridle_agent::simulated;

use self::machine::{Machine, Shifted, wait};

/// Workers that were started by this process, which the agent is a thread of.
fn workers() -> usize {
    let ours = |pid: &u32| {
        let read = |file: &str| fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default();
        let stat = read("stat");
        let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse::<u32>().ok());
        read("cmdline").contains("backup-worker") && parent == Some(std::process::id())
    };
    let entries = fs::read_dir("/proc").expect("list").flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(ours).count()
}

#[test]
fn a_check_that_hangs_ends_with_whoever_asked_for_it() {
    let machine = Machine::new();
    machine.serve(simulated::world(machine.root(), Arc::new(Shifted::new())));
    fs::create_dir(machine.at("backup")).expect("folder");
    machine.ends(&format!("repository add disk --same-disk --directory {}", machine.at("backup").display()), 0);
    wait("the end of the first workers", || workers() == 0);
    // Whoever opens a pipe that nobody writes to waits for ever.
    let lease = machine.at("backup/lease.json");
    fs::remove_file(&lease).expect("gone");
    assert!(Command::new("mkfifo").arg(&lease).status().expect("mkfifo").success());
    let mut check = machine.command("repository check disk");
    let mut check = check.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starts");
    wait("the worker", || workers() == 1);
    machine.refused("repository remove disk --yes", 5, "BR-1462");
    check.kill().and_then(|()| check.wait()).expect("killed");
    wait("the end of the worker", || workers() == 0);
    wait("the end of the check", || machine.run("repository remove disk --yes").status.success());
}
