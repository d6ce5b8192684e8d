//! The flow of an installation on a host in a directory, with the real bundle, store and journal.

mod preflight;
mod sample;

use std::sync::Arc;

use bridle_bundle::store::Store;
use bridle_core::engine::Journal as _;
use bridle_core::event::{Event, EventKind};
use bridle_core::fault::{Exit, Fault, FaultCode};
use bridle_core::message::Language;
use bridle_core::operation::{OperationId, OperationState};
use bridle_core::removal::Receipt;
use bridle_host::journal::{self, Journal};

use self::sample::{TestHost, run_file, run_file_with};
use crate::arguments::Install;
use crate::install::Next;

fn yes() -> Install {
    Install { yes: true, ..Install::default() }
}

fn code(result: Result<Next, Fault>) -> FaultCode {
    result.expect_err("must be refused").code
}

fn followed(next: Next) -> OperationId {
    match next {
        Next::Follow(id) => id,
        Next::End(exit) => panic!("ended with {exit:?}"),
    }
}

/// As the agent does at the end of an operation.
fn commit(host: &TestHost, id: &OperationId) {
    let (mut journal, events) = Journal::open(&host.layout.journal_dir(), id).expect("journal");
    let last = events.last().expect("a record").clone();
    let kind = EventKind::State { state: OperationState::Committed };
    journal.append(&Event { seq: last.seq + 1, kind, ..last }).expect("append");
}

#[test]
fn places_everything_and_hands_over() {
    let host = TestHost::new();
    let id = followed(host.install(&yes()).expect("install"));
    let events = journal::read(&host.layout.journal_dir(), &id).expect("journal");
    let EventKind::Approved { plan, by, .. } = &events[0].kind else { panic!("{events:?}") };
    assert_eq!((events.len(), plan.to(), by.as_str()), (1, "campus-1.0.0", "root"));
    let read = |path: std::path::PathBuf| std::fs::read_to_string(path).expect("read");
    assert_eq!(read(host.layout.program("bridle")), "bridle of 1.0.0");
    assert!(!host.layout.program("installer").exists());
    assert_eq!(std::fs::read_link(host.layout.bridle_link()).expect("link"), host.layout.program("bridle"));
    for link in [host.layout.current_link(), host.layout.kubernetes_link(), host.layout.launcher_link()] {
        assert_eq!(std::fs::read_link(link).expect("link"), std::path::Path::new("releases/campus-1.0.0"));
    }
    assert!(!host.layout.bash_completion().exists(), "for a program that is not there");
    assert!(read(host.layout.site_file()).contains("campus.internal"));
    let store = Store::open(&host.layout.store_dir()).expect("store");
    assert!(store.pin("campus-1.0.0").expect("pin").is_some());
    assert_eq!(
        *host.programs.ran.lock().expect("lock"),
        [
            "nft list tables",
            "getent group bridle",
            "groupadd --system bridle",
            "systemctl daemon-reload",
            "systemctl enable bridle-agent.socket",
            "systemctl enable bridle-agent.service",
            "systemctl restart --no-block bridle-agent.service",
        ]
    );
}

#[test]
fn a_file_of_somebody_else_with_our_name_is_never_replaced() {
    let mut host = TestHost::new();
    let path = host.layout.bridle_link();
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("create");
    bridle_host::files::write_atomic(&path, b"mine", 0o644).expect("write");
    host.facts.taken = vec!["/usr/bin/bridle".to_owned()];
    assert_eq!(code(host.install(&yes())), FaultCode::PreflightBlocked);
    assert!(host.printed().contains("already called /usr/bin/bridle"), "{}", host.printed());
    // It may also come there after the checks.
    host.facts.taken.clear();
    assert_eq!(code(host.install(&yes())), FaultCode::WriteFailed);
    assert_eq!(std::fs::read_to_string(&path).expect("read"), "mine");
}

#[test]
fn words_for_the_tab_key_are_placed_where_bash_looks_for_them() {
    let host = TestHost::new();
    let path = host.layout.bash_completion();
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("create");
    let _following = followed(host.install(&yes()).expect("install"));
    assert!(std::fs::read_to_string(path).expect("read").ends_with("\nsource <(bridle completions bash)\n"));
}

#[test]
fn a_second_run_joins_what_runs_and_changes_nothing_once_installed() {
    let host = TestHost::new();
    let id = followed(host.install(&yes()).expect("first"));
    assert_eq!(followed(host.install(&yes()).expect("second")), id);
    commit(&host, &id);
    let before = host.tree();
    host.programs.ran.lock().expect("lock").clear();
    assert_eq!(host.install(&yes()).expect("third"), Next::End(Exit::Ok));
    assert!(host.said().contains("campus-1.0.0 is already installed; nothing to do."));
    assert_eq!(host.tree(), before);
    assert!(host.programs.ran.lock().expect("lock").is_empty());
    host.file("x.run", &run_file("1.1.0", 2));
    assert_eq!(code(host.install(&yes())), FaultCode::OtherReleaseInstalled);
    assert_eq!(host.tree(), before);
}

#[test]
fn no_release_is_installed_over_one_that_an_upgrade_has_put_in_place() {
    let host = TestHost::new();
    let id = followed(host.install(&yes()).expect("install"));
    commit(&host, &id);
    let journals = host.layout.journal_dir();
    let install = journal::read(&journals, &id).expect("journal").remove(0);
    let mut upgrade = serde_json::to_value(&install).expect("JSON");
    upgrade["operation"] = "29990101-000000-upgrade".into();
    upgrade["kind"]["plan"]["kind"] = "upgrade".into();
    upgrade["kind"]["plan"]["to"] = "campus-1.1.0".into();
    let upgrade: Event = serde_json::from_value(upgrade).expect("an event");
    journal::create(&journals, &upgrade).expect("create");
    commit(&host, &upgrade.operation);
    let before = host.tree();
    assert_eq!(code(host.install(&yes())), FaultCode::OtherReleaseInstalled);
    host.file("x.run", &run_file("1.2.0", 3));
    assert_eq!(code(host.install(&yes())), FaultCode::OtherReleaseInstalled);
    host.file("x.run", &run_file("1.1.0", 2));
    assert_eq!(host.install(&yes()).expect("the same again"), Next::End(Exit::Ok));
    assert_eq!(host.tree(), before);
}

#[test]
fn whoever_cannot_be_asked_must_have_said_yes_and_named_the_key() {
    let mut host = TestHost::new();
    assert_eq!(code(host.install(&Install::default())), FaultCode::ConfirmationNeeded);
    host.pinned = None;
    assert_eq!(code(host.install(&yes())), FaultCode::PublisherKeyNeeded);
    assert_eq!(code(host.install(&Install::default())), FaultCode::PublisherKeyNeeded);
    assert!(host.tree().is_empty(), "{:?}", host.tree());
}

#[test]
fn a_person_compares_the_key_names_the_site_and_confirms() {
    // Key, name, host, question.
    let mut host = TestHost::new().answering("y\nuniv-demo\ncampus.example\ny\n");
    host.pinned = None;
    followed(host.install(&Install::default()).expect("install"));
    let site = std::fs::read_to_string(host.layout.site_file()).expect("site");
    assert!(site.contains("univ-demo") && site.contains("campus.example"), "{site}");
    let mut trust: Vec<_> = std::fs::read_dir(host.layout.trust_dir()).expect("trust").collect();
    trust.retain(|entry| entry.as_ref().is_ok_and(|entry| entry.path().extension().is_some_and(|kind| kind == "pub")));
    assert_eq!(trust.len(), 1);
}

#[test]
fn an_older_release_is_refused_after_everything_but_the_data_was_removed() {
    let host = TestHost::new();
    host.file("x.run", &run_file("1.1.0", 2));
    let _following = followed(host.install(&yes()).expect("install"));
    // What an uninstallation that keeps data leaves of it.
    std::fs::remove_dir_all(host.layout.data_dir()).expect("data");
    host.file("x.run", &run_file("1.0.0", 1));
    let before = host.tree();
    assert_eq!(code(host.install(&yes())), FaultCode::ReleaseOlder);
    assert_eq!(host.tree(), before);
    host.file("x.run", &run_file("1.1.1", 2));
    assert_eq!(code(host.install(&yes())), FaultCode::ReleaseEquivocal);
    host.file("x.run", &run_file("1.1.0", 2));
    let _following = followed(host.install(&yes()).expect("the same again"));
}

#[test]
fn no_is_no() {
    for answers in ["n\n", "y\n\n\n\n", "y\n\n\nno\n"] {
        let mut host = TestHost::new().answering(answers);
        host.pinned = None;
        assert_eq!(host.install(&Install::default()).expect("ends"), Next::End(Exit::Ok));
        assert!(host.said().contains("Nothing was changed."));
        assert!(host.tree().is_empty(), "{answers:?}: {:?}", host.tree());
    }
}

#[test]
fn what_is_not_exactly_the_signed_release_touches_nothing() {
    let whole = run_file("1.0.0", 1);
    let position = |needle: &[u8]| whole.windows(needle.len()).rposition(|part| part == needle).expect("found");
    let flipped = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        bytes
    };
    let host = TestHost::new();
    let refused = |bytes: &[u8], expected| {
        host.file("x.run", bytes);
        assert_eq!(code(host.install(&yes())), expected);
        assert!(host.tree().is_empty(), "{:?}", host.tree());
    };
    refused(&flipped(40), FaultCode::InstallerAltered);
    refused(&flipped(position(b"layer layer")), FaultCode::ReleaseDamaged);
    refused(&flipped(position(b"\"mediaType\"")), FaultCode::ReleaseDamaged);
    refused(&flipped(position(b"org.opencontainers.image.ref.name")), FaultCode::SignatureInvalid);
    refused(&whole[..whole.len() - 100_000], FaultCode::ReleaseIncomplete);
    refused(&whole[..20], FaultCode::ReleaseIncomplete);
}

#[test]
fn a_foreign_key_touches_nothing() {
    let host = TestHost::new();
    let other = bridle_bundle::trust::SigningKey::from_seed([2; 32], [2; 8]).public().expect("key");
    host.file("publisher.pub", other.to_text().as_bytes());
    assert_eq!(code(host.install(&yes())), FaultCode::SignatureForeign);
    assert!(host.tree().is_empty());
}

#[test]
fn a_file_that_holds_no_key_is_named() {
    let host = TestHost::new();
    let named = |fault: Fault| fault.message.render(Language::Fr);
    for content in [&b""[..], b"<html>not found</html>", &[0xff; 64], &[b'x'; 100_000]] {
        host.file("publisher.pub", content);
        let fault = host.install(&yes()).expect_err("must be refused");
        assert!(matches!(fault.code, FaultCode::KeyFileInvalid | FaultCode::FileUnreadable), "{fault:?}");
        assert!(named(fault).contains("publisher.pub"));
    }
    assert!(host.tree().is_empty());
}

#[test]
fn a_host_that_does_not_fit_is_told_why() {
    let mut host = TestHost::new();
    host.facts.network.routes.clear();
    host.facts.places.iter_mut().for_each(|place| place.free_mib = 10);
    assert_eq!(code(host.install(&yes())), FaultCode::PreflightBlocked);
    assert!(host.printed().contains("The server has no default route."));
    assert!(host.tree().is_empty());
    host.facts.root = false;
    assert_eq!(code(host.install(&yes())), FaultCode::NotRoot);
}

#[test]
fn the_plan_alone_changes_nothing() {
    let mut host = TestHost::new();
    host.json = true;
    let options = Install { plan_only: true, ..Install::default() };
    assert_eq!(host.install(&options).expect("plan"), Next::End(Exit::Ok));
    let printed = host.printed();
    let plan: serde_json::Value = serde_json::from_str(&printed).expect("one JSON object");
    assert_eq!(plan["release"], "campus-1.0.0");
    assert!(plan["plan_digest"].as_str().is_some_and(|digest| digest.starts_with("sha256:")));
    assert!(host.tree().is_empty());
}

#[test]
fn the_plan_as_people_see_it() {
    let host = TestHost::new();
    let options = Install { plan_only: true, explain: true, ..Install::default() };
    host.install(&options).expect("plan");
    let root = host.root().display().to_string();
    insta::assert_snapshot!(host.printed().replace(&root, ""));
}

#[test]
fn ctrl_c_before_the_hand_over_leaves_nothing_that_runs_by_itself() {
    let host = TestHost::new();
    host.stop.store(true, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(host.install(&yes()).expect("stops"), Next::End(Exit::Detached));
    assert!(journal::list(&host.layout.journal_dir()).expect("list").is_empty());
    assert_eq!(*host.programs.ran.lock().expect("lock"), ["nft list tables"], "only looked");
    host.stop.store(false, std::sync::atomic::Ordering::Relaxed);
    followed(host.install(&yes()).expect("goes on"));
}

#[test]
fn ctrl_c_after_the_hand_over_leaves_the_operation_running() {
    let host = TestHost::new();
    *host.programs.stop_at.lock().expect("lock") =
        Some(("systemctl restart --no-block bridle-agent.service", Arc::clone(&host.stop)));
    assert_eq!(host.install(&yes()).expect("leaves"), Next::End(Exit::Detached));
    assert!(host.said().contains("bridle operation attach"));
    let ran = host.programs.ran.lock().expect("lock");
    assert!(ran.iter().any(|line| line.starts_with("systemctl restart")));
}

#[test]
fn two_installers_do_not_run_at_once() {
    let host = TestHost::new();
    let run = host.layout.run_dir();
    bridle_host::files::make_dirs(&run, 0o755).expect("dir");
    let held = bridle_host::files::Lock::try_acquire(&run.join("installer.lock")).expect("lock");
    assert!(held.is_some());
    assert_eq!(code(host.install(&yes())), FaultCode::InstallerRunning);
    assert!(host.said().is_empty(), "told before anything else");
    drop(held);
    followed(host.install(&yes()).expect("free again"));
}

#[test]
fn a_given_profile_is_placed_as_it_was_written() {
    let host = TestHost::new();
    let text =
        "# Ours, 2026.\nhost = 'campus.internal' # front door\n\nname   = \"x\"\nformat=1\n\n[values.web]\n# enough\n";
    let config = host.file("given.toml", text.as_bytes());
    followed(host.install(&Install { config: Some(config), ..yes() }).expect("installs"));
    assert_eq!(std::fs::read_to_string(host.layout.site_file()).expect("placed"), text);
}

#[test]
fn an_invalid_profile_is_refused() {
    let host = TestHost::new();
    let config = host.file("site.toml", b"format = 1\nname = \"x\"\nhost = \"UPPER\"\n");
    let options = Install { config: Some(config), ..yes() };
    let fault = host.install(&options).expect_err("must be refused");
    assert_eq!(fault.code, FaultCode::ProfileInvalid);
    let detail = fault.detail.expect("the place").render(Language::En);
    assert!(detail.starts_with("Line 3, column 8: “UPPER” does not fit host."), "{detail}");
    assert!(host.said().is_empty(), "told before the whole file is read");
    assert!(host.tree().is_empty());
}

#[test]
fn a_release_without_an_agent_is_refused() {
    let host = TestHost::new();
    host.file("x.run", &run_file_with("1.0.0", 1, &["k3s", "bridle"]));
    assert_eq!(code(host.install(&yes())), FaultCode::ReleaseDamaged);
    assert!(host.tree().is_empty());
}

#[test]
fn what_was_here_before_is_written_down_first_and_once() {
    let host = TestHost::new();
    let drop_in = host.layout.at("/etc/rancher/k3s/config.yaml.d/90-site.yaml");
    bridle_host::files::make_dirs(drop_in.parent().expect("parent"), 0o755).expect("folder");
    bridle_host::files::write_atomic(&drop_in, b"{}", 0o644).expect("file");
    let id = followed(host.install(&yes()).expect("install"));
    let receipt = || std::fs::read_to_string(host.layout.receipt_file()).expect("receipt");
    let first = Receipt::parse(&receipt()).expect("parses");
    assert!(first.paths.contains_key("/etc/rancher/k3s/config.yaml.d/90-site.yaml"));
    assert!(!first.paths.keys().any(|path| path.starts_with("/opt/bridle") || path.starts_with("/etc/bridle")));
    commit(&host, &id);
    let before = receipt();
    host.install(&yes()).expect("a second time");
    assert_eq!(receipt(), before);
}

#[test]
fn nothing_is_installed_while_a_removal_goes_on() {
    let host = TestHost::new();
    let unit = host.layout.units_dir().join(bridle_host::units::REMOVAL);
    bridle_host::files::make_dirs(unit.parent().expect("parent"), 0o755).expect("folder");
    bridle_host::files::write_atomic(&unit, b"[Unit]\n", 0o644).expect("unit");
    let before = host.tree();
    assert_eq!(code(host.install(&yes())), FaultCode::RemovalUnfinished);
    assert_eq!(host.tree(), before);
}
