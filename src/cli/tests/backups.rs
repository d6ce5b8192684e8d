//! `bridle backup` against the real agent and its real worker process, over a simulated machine and a folder.
#![allow(clippy::disallowed_methods, reason = "the program under test is run as a person would run it")]

mod machine;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use bridle_agent::sample::Sample;
use bridle_agent::simulated;
use bridle_core::backup::repository::view::{AddedView, SetsView};
use bridle_core::event::{Event, EventKind};
use bridle_core::journal;
use bridle_core::operation::{OperationState, OperationView};
use bridle_core::plan::install::{Place, plan};
use bridle_core::port::Timestamp;
use bridle_core::release::{DataKind, DataSource, PodCommands, Whole};
use bridle_core::site::Site;
use bridle_core::status::StatusView;

use self::machine::{Machine, Shifted, wait};

const SITE: &str = "format = 1\nname = \"demo\"\nhost = \"campus.internal\"\nlanguage = \"en\"\n";

fn source(name: &str, kind: DataKind) -> DataSource {
    let words = |word: &str| vec![word.to_owned()];
    let commands = PodCommands { container: String::new(), dump: words("true"), restore: words("true") };
    DataSource {
        name: name.to_owned(),
        kind,
        namespace: "campus".to_owned(),
        workload: "StatefulSet/database".to_owned(),
        reason: if kind == DataKind::None { "It is built anew.".to_owned() } else { String::new() },
        postgresql: None,
        migrate: None,
        whole: Whole::Moment,
        command: (kind == DataKind::Command).then_some(commands),
        log: None,
    }
}

/// A machine on which a release with data is installed, and a repository.
fn start() -> Machine {
    let machine = Machine::new();
    fs::write(machine.at("etc/bridle/site.toml"), SITE).expect("write");
    let sample = Sample::one().changed(&[], |release| {
        release.data = vec![source("notes", DataKind::Command), source("search", DataKind::None)];
    });
    let place = Place { node: "h1".to_owned(), address: "198.18.0.11".to_owned() };
    let plan = plan(&sample.release, &Site::parse(SITE).expect("sound"), &place).expect("plan");
    let kind = EventKind::Approved { format: journal::FORMAT, by: "root".to_owned(), plan: Box::new(plan) };
    let operation: bridle_core::operation::OperationId = "20261123-044319-install".parse().expect("id");
    let first = Event { seq: 1, operation: operation.clone(), time: Timestamp(1), kind };
    let text = journal::encode(&first, journal::FORMAT);
    fs::write(machine.at(&format!("var/lib/bridle/journal/{operation}.journal")), text).expect("write");
    machine.serve(simulated::world(machine.root(), Arc::new(Shifted::new())));
    wait("the installation", || machine.json::<StatusView>("status").operation.is_none_or(|one| one.state.is_final()));
    let file = machine.file("sample.bundle", sample.bundle());
    machine.ends(&format!("release add {file}"), 0);
    fs::create_dir(machine.at("backup")).expect("folder");
    machine
}

fn added(machine: &Machine) -> String {
    let folder = machine.at("backup");
    let added: AddedView = machine.json(&format!("repository add disk --directory {} --same-disk", folder.display()));
    machine.file("code.txt", added.sheet.expect("a new code").code)
}

fn restic(machine: &Machine, code: &str, words: &[&str]) -> String {
    let mut restic = Command::new("restic");
    restic
        .args(["--no-cache", "--no-lock", "-r"])
        .arg(machine.at("backup"))
        .args(["--password-file", code])
        .args(words);
    let output = restic.output().expect("restic");
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

fn below(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).map_or_else(|_| Vec::new(), |entries| entries.flatten().map(|entry| entry.path()).collect())
}

#[test]
fn a_backup_is_made_listed_and_read_by_stock_restic() {
    let machine = start();
    machine.refused("backup start", 1, "BR-1452");
    let code = added(&machine);
    let (none, _) = machine.ends("backup list", 0);
    assert!(none.contains("no backup in disk"), "{none}");

    let (told, _) = machine.ends("backup start", 0);
    assert!(told.contains("Save notes") && told.contains("Write set"), "{told}");
    let view: SetsView = machine.json("backup list");
    let [set] = view.sets.sets.as_slice() else { panic!("{view:?}") };
    assert_eq!(
        (view.repository.as_str(), set.release.as_str(), set.parts, set.whole),
        ("disk", "sample-1.0.0", 4, true)
    );
    assert!(set.bytes > 100_000 && set.stored > 0, "{set:?}");
    assert_eq!((view.sets.alarms.len(), view.sets.garbage, view.sets.young), (0, 0, 0));
    let (list, _) = machine.ends("backup list --repository disk", 0);
    assert!(list.contains(&set.id.to_string()) && list.contains("4 parts"), "{list}");
    assert_eq!(below(&machine.at("var/lib/bridle/restore-points")), Vec::<PathBuf>::new(), "its restore point is gone");

    // Somebody with the code and without us has everything: data, configuration, secrets.
    restic(&machine, &code, &["check", "--read-data"]);
    let snapshots = restic(&machine, &code, &["snapshots", "--json", "--tag", "part-notes"]);
    let snapshots: serde_json::Value = serde_json::from_str(&snapshots).expect("JSON");
    let id = snapshots[0]["id"].as_str().expect("an id");
    let notes = restic(&machine, &code, &["dump", id, "/bridle/notes"]);
    assert_eq!(notes, "a line of notes\n".repeat(10_000));
    let trust = restic(&machine, &code, &["ls", "--host", "demo", "--tag", "part-@trust", "latest"]);
    assert!(trust.contains("site.toml") && trust.contains("/trust/"), "{trust}");

    // The next one adds next to nothing.
    let operation: OperationView = machine.json("backup start");
    assert_eq!(operation.state, OperationState::Committed);
    let view: SetsView = machine.json("backup list");
    let [_, second] = view.sets.sets.as_slice() else { panic!("{view:?}") };
    assert!(second.stored < set.stored, "{second:?} after {set:?}");
}

#[test]
fn a_backup_that_fails_counts_for_nothing_and_the_next_one_goes_right() {
    let machine = start();
    let _code = added(&machine);
    machine.ends("backup start", 0);
    // What the repository needs is gone: the agent finds another disk there.
    fs::rename(machine.at("backup"), machine.at("away")).expect("away");
    fs::create_dir(machine.at("backup")).expect("folder");
    let operation: OperationView = serde_json::from_slice(&machine.run("backup start --json").stdout).expect("a view");
    assert_eq!(operation.state, OperationState::RolledBack, "{operation:?}");
    assert_eq!(below(&machine.at("backup")), Vec::<PathBuf>::new(), "nothing is written there");
    assert_eq!(below(&machine.at("var/lib/bridle/restore-points")), Vec::<PathBuf>::new());
    fs::remove_dir(machine.at("backup")).expect("removed");
    fs::rename(machine.at("away"), machine.at("backup")).expect("back");
    machine.ends("backup start", 0);
    let view: SetsView = machine.json("backup list");
    assert_eq!((view.sets.count, view.sets.alarms.len()), (2, 0));

    // A set that is taken away by somebody is an alarm.
    let sets = below(&machine.at("backup/sets"));
    fs::remove_file(&sets[0]).expect("removed");
    let (_, why) = machine.ends("backup list", 6);
    assert!(why.contains("BR-1443"), "{why}");
}
