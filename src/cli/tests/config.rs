//! `bridle config` against the real agent over a simulated machine: what is printed, how it ends, and what is on disk.
#![allow(clippy::disallowed_methods, reason = "the program under test is run as a person would run it")]

mod machine;

use std::fs;
use std::io::Write as _;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use bridle_agent::sample::Sample;
use bridle_agent::simulated;
use bridle_core::configuration::secret::SecretsView;
use bridle_core::configuration::view::{DraftView, HistoryView};
use bridle_core::event::{Event, EventKind};
use bridle_core::journal;
use bridle_core::plan::install::{Place, plan};
use bridle_core::port::Timestamp;
use bridle_core::site::Site;
use bridle_core::status::StatusView;

use self::machine::{Machine, Shifted, ended, wait};

const SITE: &str = "# Ours.\nformat = 1\nname = \"demo\" # short\nhost = \"campus.internal\"\nlanguage = \"en\"\n";
const CANARY: &str = "canary-51c0de";

/// A host on which the sample release is installed; its agent ends with the test's process.
struct Host {
    machine: Machine,
}

impl Deref for Host {
    type Target = Machine;

    fn deref(&self) -> &Machine {
        &self.machine
    }
}

impl Host {
    fn start() -> Self {
        let host = Self { machine: Machine::new() };
        fs::write(host.at("etc/bridle/site.toml"), SITE).expect("write");
        let sample = Sample::one();
        host.hand_over(&sample, &host.at("var/lib/bridle/journal"));
        host.serve(simulated::world(host.root(), Arc::new(Shifted::new())));
        wait("the installation", || host.json::<StatusView>("status").operation.is_none_or(|one| one.state.is_final()));
        let file = host.file("sample.bundle", sample.bundle());
        host.ends(&format!("release add {file}"), 0);
        host
    }

    /// The first record of an installation, as an installer leaves it.
    fn hand_over(&self, sample: &Sample, journals: &Path) {
        let place = Place { node: "h1".to_owned(), address: "198.18.0.11".to_owned() };
        let plan = plan(&sample.release, &Site::parse(SITE).expect("sound"), &place).expect("plan");
        let kind = EventKind::Approved { format: journal::FORMAT, by: "root".to_owned(), plan: Box::new(plan) };
        let operation: bridle_core::operation::OperationId = "20261123-044319-install".parse().expect("id");
        let first = Event { seq: 1, operation: operation.clone(), time: Timestamp(1), kind };
        let text = journal::encode(&first, journal::FORMAT);
        fs::write(journals.join(format!("{operation}.journal")), text).expect("write");
    }

    fn site(&self) -> String {
        fs::read_to_string(self.at("etc/bridle/site.toml")).expect("site")
    }

    /// As [`Machine::ends`], with something on standard input.
    fn given(&self, line: &str, input: &str, exit: i32) -> (String, String) {
        let mut command = self.command(line);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("starts");
        // One that is refused early reads nothing.
        let _ = child.stdin.take().expect("stdin").write_all(input.as_bytes());
        ended(&child.wait_with_output().expect("ends"), line, exit)
    }

    /// Every file below the root that holds `text`.
    fn holding(&self, text: &str) -> Vec<PathBuf> {
        let (mut found, mut dirs) = (Vec::new(), vec![self.root().to_owned()]);
        while let Some(dir) = dirs.pop() {
            for entry in fs::read_dir(&dir).expect("dir").flatten() {
                let path = entry.path();
                if path.is_dir() {
                    dirs.push(path);
                } else if fs::read(&path).is_ok_and(|bytes| bytes.windows(text.len()).any(|one| one == text.as_bytes()))
                {
                    found.push(path);
                }
            }
        }
        found
    }
}

#[test]
fn read_changed_compared_and_put_back() {
    let host = Host::start();
    assert_eq!(host.ends("config get name", 0).0, "demo\n");
    assert_eq!(host.ends("config get", 0).0.trim_end(), SITE.trim_end());
    let (_, absent) = host.ends("config get address --lang fr", 1);
    assert!(absent.contains("address") && absent.contains("pas défini"), "{absent}");
    host.ends("config validate", 0);

    let looked: DraftView = host.json("config set name other --dry-run");
    assert_eq!((looked.changes.len(), looked.findings.len(), looked.plan.is_some()), (1, 0, true));
    assert_eq!(host.site(), SITE, "only looked");
    // Nobody can be asked, so nothing is done.
    let (_, needed) = host.ends("config set name other", 4);
    assert!(needed.contains("BR-1012"), "{needed}");

    for (language, words) in
        [("en", ["What changes", "Nothing changes."]), ("fr", ["Ce qui change", "Rien ne change."])]
    {
        let (shown, _) = host.ends(&format!("config set name {language} --yes --lang {language}"), 0);
        assert!(shown.contains(words[0]) && shown.contains(&format!("\"{language}\"")), "{shown}");
        let (same, _) = host.ends(&format!("config set name {language} --yes --lang {language}"), 0);
        assert!(same.contains(words[1]), "{same}");
    }
    assert_eq!(host.site(), SITE.replace("\"demo\"", "\"fr\""), "order and comments stay");

    let (diff, _) = host.ends("config diff 1 3", 0);
    assert_eq!(diff, "name: \"demo\" → \"fr\"\n");
    let history: HistoryView = host.json("config history");
    assert_eq!((history.in_force, history.revisions.len()), (Some(3), 3));
    let (list, _) = host.ends("config history --lang fr", 0);
    assert!(list.lines().next().is_some_and(|line| line.contains("en vigueur")), "{list}");

    host.ends("config rollback 1 --yes", 0);
    assert_eq!(host.site(), SITE);
    let (_, unknown) = host.ends("config rollback 99 --yes --lang en", 1);
    assert!(unknown.contains("BR-1232") && unknown.contains("99"), "{unknown}");
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_changes_nothing() {
    let host = Host::start();
    let wrong = host.file("wrong.toml", SITE.replace("host =", "hots ="));
    for (language, words) in [("en", "Line 4"), ("fr", "Ligne 4")] {
        let (findings, _) = host.ends(&format!("config validate {wrong} --lang {language}"), 2);
        assert!(findings.contains(words) && findings.contains("hots"), "{findings}");
    }
    let (_, refused) = host.ends("config set host UPPER --yes", 2);
    assert!(refused.contains("BR-1230"), "{refused}");
    let (_, key) = host.ends("config set a..b 1 --yes", 2);
    assert!(key.contains("BR-1231"), "{key}");
    let (findings, _) = host.given("config validate -", "format = [", 2);
    assert!(!findings.is_empty());
    assert_eq!(host.site(), SITE);
    assert_eq!(host.json::<HistoryView>("config history").revisions.len(), 1);
}

#[test]
fn what_was_changed_by_hand_is_seen_compared_and_applied() {
    let host = Host::start();
    let by_hand = SITE.replace("\"demo\"", "\"by-hand\"");
    host.ends("config history", 0);
    fs::write(host.at("etc/bridle/site.toml"), &by_hand).expect("write");
    let (shown, told) = host.ends("config get name --lang en", 0);
    assert!(shown == "by-hand\n" && told.contains("bridle config apply"), "{told}");
    assert_eq!(host.ends("config diff", 0).0, "name: \"demo\" → \"by-hand\"\n");
    host.ends("config apply --yes", 0);
    assert_eq!(host.ends("config get name", 0), ("by-hand\n".to_owned(), String::new()));
}

#[test]
fn a_password_comes_from_a_file_or_a_pipe_and_is_shown_nowhere() {
    let host = Host::start();
    let mut told = Vec::new();
    let mut tell = |(out, err): (String, String)| told.extend([out, err]);
    let (_, unneeded) = host.given("config secret set smtp-password --yes --lang fr", CANARY, 2);
    assert!(unneeded.contains("BR-1242") && unneeded.contains("services.smtp.user"), "{unneeded}");
    let (_, unknown) = host.given("config secret set root --yes", CANARY, 2);
    assert!(unknown.contains("BR-1239"), "{unknown}");
    // Never from the command line.
    host.ends(&format!("config secret set smtp-password {CANARY}"), 2);

    let sheet =
        format!("{SITE}[services.smtp]\nhost = \"mail.internal\"\nfrom = \"a@b.internal\"\nuser = \"platform\"\n");
    let (warned, _) = host.ends(&format!("config apply {} --yes --lang en", host.file("sheet.toml", &sheet)), 0);
    assert!(warned.contains("bridle config secret set smtp-password"), "{warned}");
    let set = |view: SecretsView| view.secrets.iter().map(|one| (one.needed, one.set.is_some())).collect::<Vec<_>>();
    assert_eq!(set(host.json("config secret list")), [(true, false), (false, false)]);

    for text in ["", "two\nlines\n"] {
        let (_, refused) = host.given("config secret set smtp-password --yes", text, 2);
        assert!(refused.contains("BR-1240"), "{refused}");
    }
    let (_, asked) = host.given("config secret set smtp-password", CANARY, 4);
    assert!(asked.contains("BR-1012"), "{asked}");
    tell(host.given("config secret set smtp-password --yes --lang en", &format!("{CANARY}\n"), 0));
    assert_eq!(set(host.json("config secret list")), [(true, true), (false, false)]);
    let file = host.file("password", format!("{CANARY}-file"));
    tell(host.ends(&format!("config secret set smtp-password --file {file} --yes --json"), 0));
    fs::remove_file(file).expect("removed");
    for line in [
        "config secret list --lang fr",
        "config get",
        "config history --json",
        "operation list --json",
        "operation show",
    ] {
        tell(host.ends(line, 0));
    }
    assert!(told.iter().all(|text| !text.contains(CANARY)), "{told:?}");
    assert!(told.iter().any(|text| text.contains("nécessaire")), "{told:?}");
    let hex: String = CANARY.bytes().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!((host.holding(CANARY), host.holding(&hex)), (Vec::new(), Vec::new()));
    assert!(!host.holding("smtp-password").is_empty(), "the search finds what there is");

    host.ends("config secret unset smtp-password --yes", 0);
    assert_eq!(set(host.json("config secret list")), [(true, false), (false, false)]);
    let (nothing, _) = host.ends("config secret unset smtp-password --yes --lang en", 0);
    assert!(nothing.contains("Nothing changes."), "{nothing}");
}
