use super::*;
use crate::backup::set::tests::{incarnation, set};
use crate::message::Language;

const MADE: u64 = 1_795_000_000_000;

fn parts() -> Vec<Part> {
    set(MADE).sources.iter().map(|source| Part { name: source.name.clone(), kind: source.kind }).collect()
}

fn codes(steps: &[Planned]) -> Vec<String> {
    steps.iter().map(|planned| planned.step.title().code.into_owned()).collect()
}

fn place(steps: &[Planned], fits: impl Fn(&VaultStep) -> bool) -> usize {
    steps.iter().position(|planned| fits(&planned.step)).expect("a step")
}

fn all() -> Vec<Vec<Planned>> {
    let set = set(MADE);
    vec![
        backup(set.id, &parts(), "disk", &["s3".to_owned()]),
        test_restore(&set, "bridle-test", incarnation(7)),
        restore(&set, &["uploads".to_owned(), "database".to_owned()], set.id, incarnation(7)).expect("in the set"),
        recover(&set, incarnation(7)),
    ]
}

#[test]
fn a_set_is_written_behind_everything_it_needs_and_before_its_copies() {
    let id = set(MADE).id;
    let steps = backup(id, &parts(), "disk", &["s3".to_owned(), "usb".to_owned()]);
    assert_eq!(codes(&steps[..3]), ["vault-hold-lease", "vault-save", "vault-mark-logs"]);
    let commit = place(&steps, |step| matches!(step, VaultStep::Commit { .. }));
    let before = |step: &VaultStep| {
        matches!(
            step,
            VaultStep::Save { .. }
                | VaultStep::LogsArchived { .. }
                | VaultStep::Audit { .. }
                | VaultStep::MarkLogs { .. }
        )
    };
    assert!(steps.iter().enumerate().all(|(at, planned)| !before(&planned.step) || at < commit));
    assert_eq!(codes(&steps[commit + 1..]), ["vault-copy", "vault-copy", "vault-release-lease"]);
    // Whatever is taken back before the commit, the repository is left to others; behind it nothing takes the set away.
    assert!(matches!(steps[0].back, Back::By(VaultStep::ReleaseLease { .. })));
    assert_eq!(steps[commit].back, Back::Nothing);
    let saved = steps.iter().filter(|planned| matches!(planned.step, VaultStep::Save { .. })).count();
    assert_eq!(saved, 7, "everything but what is not saved");
    // Without a database nothing waits for a log.
    let files: Vec<Part> = parts().into_iter().filter(|part| part.kind != SourceKind::Postgresql).collect();
    assert!(!codes(&backup(id, &files, "disk", &[])).iter().any(|code| code.contains("logs")));
}

#[test]
fn data_are_loaded_only_where_it_was_tried_that_nothing_is_reached() {
    let set = set(MADE);
    let steps = test_restore(&set, "bridle-test", incarnation(7));
    let sealed = place(&steps, |step| matches!(step, VaultStep::Sealed { .. }));
    let loads: Vec<_> =
        steps.iter().enumerate().filter(|(_, planned)| matches!(planned.step, VaultStep::Load { .. })).collect();
    assert!(!loads.is_empty() && loads.iter().all(|(at, _)| *at > sealed));
    for (_, planned) in loads {
        let VaultStep::Load { source, namespace, incarnation: life, .. } = &planned.step else { panic!("a load") };
        assert_eq!(
            (source.as_str(), namespace.as_deref(), *life),
            ("database", Some("bridle-test"), Some(incarnation(7)))
        );
    }
    assert!(!steps.iter().any(|planned| matches!(planned.step, VaultStep::Start { .. } | VaultStep::Stop { .. })));
    assert!(matches!(&steps[0].back, Back::By(VaultStep::ScratchGone { namespace }) if namespace == "bridle-test"));
    assert!(matches!(steps.last().expect("a step").step, VaultStep::ScratchGone { .. }));
}

#[test]
fn a_restore_keeps_what_is_there_before_it_stops_anything() {
    let (set, safety) = (set(MADE), crate::backup::set::tests::set(MADE + 1).id);
    let names = ["uploads".to_owned(), "database".to_owned(), "uploads".to_owned()];
    let steps = restore(&set, &names, safety, incarnation(7)).expect("in the set");
    assert_eq!(
        codes(&steps),
        ["vault-safety-copy", "vault-stop", "vault-load", "vault-load", "vault-start", "vault-compare"]
    );
    let VaultStep::Load { source, .. } = &steps[2].step else { panic!("a load") };
    assert_eq!(source, "database", "by the order of restoring, not of asking");
    for load in &steps[2..4] {
        assert!(matches!(&load.back, Back::By(VaultStep::Load { set, .. }) if *set == safety));
    }
    for bad in [&["nothing".to_owned()][..], &["search".to_owned()], &["configuration".to_owned()], &[]] {
        assert_eq!(restore(&set, bad, safety, incarnation(7)), None, "{bad:?}");
    }
}

#[test]
fn a_recovery_loads_databases_first_and_no_dump_of_them() {
    let steps = recover(&set(MADE), incarnation(7));
    let loaded: Vec<&str> = steps
        .iter()
        .filter_map(
            |planned| if let VaultStep::Load { source, .. } = &planned.step { Some(source.as_str()) } else { None },
        )
        .collect();
    assert_eq!(loaded, ["database", "uploads"]);
}

#[test]
fn every_step_has_words_limits_and_one_spelling() {
    for planned in all().concat() {
        let title = planned.step.title();
        for language in Language::ALL {
            assert_ne!(title.render(language), title.code, "{language}");
        }
        assert!((1..=6 * HOUR).contains(&planned.limit_seconds) && (1..=5).contains(&planned.attempts));
        let text = serde_json::to_string(&planned).expect("plain data");
        assert_eq!(serde_json::from_str::<Planned>(&text).expect("reads"), planned);
    }
}
