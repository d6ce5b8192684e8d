use bridle_core::digest::Digest;
use bridle_core::message::Language;
use bridle_core::plan::cluster_restore::KeptPoint;
use bridle_core::plan::forecast::StepForecast;
use bridle_core::port::Timestamp;
use bridle_core::step::StepId;
use clap::Parser as _;

use super::*;
use crate::arguments::{Arguments, Command};

fn face(language: Language) -> Face {
    let lang = if language == Language::Fr { "fr" } else { "en" };
    let words = ["bridle", "cluster", "restore", "--no-input", "--color", "never", "--lang", lang];
    Face::new(&Arguments::parse_from(words).global, &|_| None)
}

fn options(words: &[&str]) -> ClusterRestore {
    match Arguments::parse_from(["bridle", "cluster", "restore"].iter().chain(words)).command {
        Command::Cluster(Cluster::Restore(options)) => options,
        other => panic!("{other:?}"),
    }
}

fn view() -> ClusterRestoreView {
    let step = StepForecast {
        id: StepId(1),
        title: Message::new("step-restore-datastore").with("point", "0007-before-campus-1.1.0"),
        undo: None,
        committed: true,
        seconds: 15,
        runs: 0,
        interrupts: false,
    };
    ClusterRestoreView {
        release: "campus-1.1.0".to_owned(),
        site: "campus-demo".to_owned(),
        time: Timestamp(1_795_003_661_000),
        point: KeptPoint {
            name: "0007-before-campus-1.1.0".to_owned(),
            release: "campus-1.0.0".to_owned(),
            revision: 3,
            made: Timestamp(1_795_000_000_000),
            kubernetes: Some("1.35".to_owned()),
            snapshot: 823_456,
            bytes: 900_000,
            pins: Vec::new(),
            whole: true,
        },
        answers: true,
        created: (0..43).map(|number| format!("campus/ConfigMap/notes-{number}")).collect(),
        changed: vec!["campus/Deployment/frontend".to_owned()],
        export: Some("/var/lib/bridle/restore-points/0007-before-campus-1.1.0/data/changes-0009".to_owned()),
        findings: Vec::new(),
        steps: vec![step],
        plan: Digest::of(b"plan"),
    }
}

#[test]
fn which_snapshot_how_old_and_what_is_lost() {
    for language in Language::ALL {
        let face = face(language);
        let text = lines(&face, &view()).join("\n");
        for wanted in
            ["campus-1.1.0", "campus-demo", "0007-before", "1:01:01", "1.35", "notes-39", "changes-0009", "  1  "]
        {
            assert!(text.contains(wanted), "{wanted} in {text}");
        }
        assert!(!text.contains("notes-40") && !text.contains("{$") && !text.contains("restore-c"), "{text}");
        let blind =
            ClusterRestoreView { answers: false, export: None, created: Vec::new(), changed: Vec::new(), ..view() };
        let text = lines(&face, &blind).join("\n");
        assert!(!text.contains("changes-0009") && !text.contains("restore-unseen"), "{text}");
        assert!(text.contains("Kubernetes does not answer") || text.contains("Kubernetes ne répond pas"), "{text}");
    }
}

#[test]
fn only_the_name_of_the_site_confirms() {
    let face = face(Language::En);
    let code = |words: &[&str]| confirmed(&face, &view(), &options(words)).map_err(|fault| fault.code);
    assert_eq!(code(&[]), Err(FaultCode::ClusterRestoreUnconfirmed));
    assert_eq!(code(&["--confirm", "campus-other"]), Err(FaultCode::ClusterRestoreNameWrong));
    assert_eq!(code(&["--confirm", "campus-demo"]), Ok(Some("campus-demo".to_owned())));
    assert_eq!(FaultCode::ClusterRestoreUnconfirmed.exit(), Exit::Confirmation);
}
