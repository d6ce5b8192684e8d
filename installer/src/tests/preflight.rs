//! What the checks find is shown, told to programs, and mended where that is safe.

use bridle_core::facts::{ModuleState, Owner, PortUse, Protocol};
use bridle_core::fault::{Exit, FaultCode};
use bridle_core::message::Language;
use bridle_core::plan::review::{CureRecord, Report};
use bridle_core::port::Timestamp;
use serde_json::Value;

use super::sample::TestHost;
use super::{code, followed, yes};
use crate::arguments::Install;
use crate::install::Next;

/// A host with something that blocks and two things that can be mended.
fn troubled() -> TestHost {
    let mut host = TestHost::new();
    let owner = Owner { program: "nginx".to_owned(), pid: 812, unit: Some("nginx.service".to_owned()) };
    host.facts.ports_in_use = vec![PortUse { port: 443, protocol: Protocol::Tcp, owner: Some(owner) }];
    mendable(host)
}

fn mendable(mut host: TestHost) -> TestHost {
    let overlay = host.facts.modules.iter_mut().find(|module| module.name == "overlay").expect("overlay");
    overlay.state = ModuleState::Loadable;
    host.facts.parameters[0].1 = 128;
    let parameter = host.layout.at("/proc/sys/fs/inotify/max_user_instances");
    bridle_host::files::make_dirs(parameter.parent().expect("parent"), 0o755).expect("dirs");
    bridle_host::files::write_atomic(&parameter, b"128\n", 0o644).expect("write");
    host
}

fn fix() -> Install {
    Install { fix: true, ..yes() }
}

#[test]
fn findings_as_people_see_them() {
    for (language, name) in [(Language::En, "findings_english"), (Language::Fr, "findings_french")] {
        let mut host = troubled();
        host.language = language;
        assert_eq!(code(host.install(&yes())), FaultCode::PreflightBlocked);
        let printed = host.printed();
        let findings = printed.split("\n\n").next().expect("a part");
        insta::assert_snapshot!(name, findings.replace('\u{a0}', "~"));
    }
}

#[test]
fn programs_get_one_object_whether_it_blocks_or_not() {
    for plan_only in [false, true] {
        let mut host = troubled();
        host.json = true;
        let options = Install { plan_only, yes: !plan_only, ..Install::default() };
        assert_eq!(host.install(&options).expect("ends"), Next::End(Exit::Preflight));
        let object: Value = serde_json::from_str(&host.printed()).expect("exactly one object");
        assert_eq!((&object["format"], &object["fault"]["code"]), (&1.into(), &"BR-1010".into()));
        let report: Report = serde_json::from_value(object["preflight"].clone()).expect("report");
        assert!(!report.passes && report.findings[0].id == "check-port:443/tcp");
        assert!(host.said().contains("BR-1010"));
    }
    let mut host = TestHost::new();
    host.json = true;
    host.install(&Install { plan_only: true, ..Install::default() }).expect("plan");
    let object: Value = serde_json::from_str(&host.printed()).expect("exactly one object");
    assert_eq!((&object["preflight"]["passes"], object.get("fault")), (&true.into(), None));
}

#[test]
fn safe_cures_are_told_applied_and_written_down() {
    let host = mendable(TestHost::new());
    followed(host.install(&fix()).expect("goes on"));
    let ran = host.programs.ran.lock().expect("lock").clone();
    assert_eq!(ran[..2], ["nft list tables", "modprobe overlay"], "the account of what was here comes first");
    let read = |path: &str| std::fs::read_to_string(host.layout.at(path)).expect(path);
    assert_eq!(read("/etc/modules-load.d/bridle-overlay.conf"), "# Made by Bridle.\noverlay\n");
    assert_eq!(read("/proc/sys/fs/inotify/max_user_instances"), "512\n");
    let record = CureRecord::parse(&read("/var/lib/bridle/preflight-cures.json")).expect("record");
    assert_eq!(record.cures.iter().map(|cure| cure.before).collect::<Vec<_>>(), [0, 128]);
    insta::assert_snapshot!("mending", host.said().split("Checking this host again").next().expect("a part"));
}

#[test]
fn nothing_is_mended_that_nobody_agreed_to() {
    // Cures: no; then the question whether to install: no.
    let host = mendable(TestHost::new()).answering("univ\ncampus.example\nn\nn\n");
    let before = host.tree();
    let ended = host.install(&Install { fix: true, ..Install::default() }).expect("ends");
    assert_eq!((ended, host.tree()), (Next::End(Exit::Ok), before.clone()));
    let host = mendable(TestHost::new());
    assert_eq!(code(host.install(&Install { fix: true, ..Install::default() })), FaultCode::ConfirmationNeeded);
    assert!(!host.layout.cures_file().exists());
    let host = TestHost::new();
    followed(host.install(&fix()).expect("goes on"));
    assert!(host.said().contains("None of the findings can be mended by itself."));
    assert!(!host.layout.cures_file().exists());
}

#[test]
fn what_blocks_still_blocks_after_the_safe_cures() {
    let host = troubled();
    assert_eq!(code(host.install(&fix())), FaultCode::PreflightBlocked);
    assert!(host.layout.cures_file().exists());
    assert!(!host.layout.store_dir().exists(), "nothing else is placed");
}

#[test]
fn a_clock_of_1970_blocks() {
    let mut host = TestHost::new();
    host.facts.time = Timestamp(60_000);
    assert_eq!(code(host.install(&yes())), FaultCode::PreflightBlocked);
    assert!(host.printed().contains("The clock says 1970-01-01 00:01:00 UTC"), "{}", host.printed());
    assert!(host.tree().is_empty());
}

#[test]
fn a_slip_in_the_site_file_is_shown_with_its_place_and_what_was_meant() {
    let host = TestHost::new();
    let text = b"format = 1\nname = \"x\"\nhost = \"campus.example\"\n[kubernets]\n";
    let config = host.file("site.toml", text);
    let fault = host.install(&Install { config: Some(config), ..yes() }).expect_err("refused");
    assert_eq!((fault.code, fault.code.exit()), (FaultCode::ProfileInvalid, Exit::Usage));
    let said = fault.detail.expect("what exactly").render(Language::En);
    assert_eq!(said, "Line 4, column 2: there is no field “kubernets”. Did you mean “kubernetes”?");
    assert!(host.tree().is_empty());
}

#[test]
fn a_slip_in_an_answer_has_no_line() {
    let host = TestHost::new().answering("Univ Demo\n\n");
    let fault = host.install(&Install::default()).expect_err("refused");
    let said = fault.detail.expect("what exactly").render(Language::En);
    assert_eq!(said, "“Univ Demo” does not fit name.");
}

#[test]
fn ranges_that_the_site_chose_are_what_kubernetes_gets() {
    let host = TestHost::new();
    let text = b"format = 1\nname = \"x\"\nhost = \"campus.example\"\n\
                 [kubernetes]\ncluster_cidr = \"10.60.0.0/16\"\nservice_cidr = \"10.61.0.0/16\"\n";
    let config = host.file("site.toml", text);
    let id = followed(host.install(&Install { config: Some(config), ..yes() }).expect("install"));
    let journal = bridle_host::journal::read(&host.layout.journal_dir(), &id).expect("journal");
    let plan = serde_json::to_string(&journal[0]).expect("json");
    for wanted in
        ["\"cluster_cidr\":\"10.60.0.0/16\"", "\"service_cidr\":\"10.61.0.0/16\"", "\"cluster_dns\":\"10.61.0.10\""]
    {
        assert!(plan.contains(wanted), "{wanted}: {plan}");
    }
}
