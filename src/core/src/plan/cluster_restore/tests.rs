//! The plan of a return to a snapshot, and what the engine makes of it over a simulated world.

use super::*;
use crate::engine::Rest;
use crate::engine::bench::Bench;
use crate::event::OperatorCommand;
use crate::message::Language;
use crate::operation::OperationState;
use crate::plan::review::Severity;
use crate::port::Timestamp;

fn place() -> Place {
    Place { node: "h1".to_owned(), address: "198.18.0.11".to_owned() }
}

fn release() -> ReleaseManifest {
    let fixture = include_bytes!("../../../tests/fixtures/release-v1.json");
    let mut release = ReleaseManifest::parse(fixture).expect("fixture parses");
    release.kubernetes.version = "1.36.3".parse().expect("version");
    release
}

fn point(name: &str, kubernetes: Option<&str>, made: u64) -> KeptPoint {
    KeptPoint {
        name: name.to_owned(),
        release: release().id(),
        revision: 1,
        made: Timestamp(made),
        kubernetes: kubernetes.map(str::to_owned),
        snapshot: 1 << 20,
        bytes: 2 << 20,
        pins: Vec::new(),
        whole: true,
    }
}

/// Something made from a plan's parts, with the release of before and whether Kubernetes answers.
fn with<T>(before: Option<&ReleaseManifest>, answers: bool, act: impl FnOnce(&Wanted<'_>) -> T) -> T {
    let (release, site, place, point) = (release(), Site::default(), place(), point("0007-before-x", Some("1.36"), 5));
    let install = install::plan(&release, &site, &place).expect("plan");
    let applied = Applied::after([&install]).expect("installed");
    let wanted = Wanted {
        point: &point,
        before,
        release: &release,
        applied: &applied,
        site: &site,
        place: &place,
        answers,
        number: 9,
    };
    act(&wanted)
}

fn planned(before: Option<&ReleaseManifest>, answers: bool) -> Plan {
    with(before, answers, |wanted| plan(wanted).expect("plan"))
}

fn names(plan: &Plan) -> Vec<&'static str> {
    plan.steps().iter().map(|planned| planned.step.name()).collect()
}

#[test]
fn a_dead_cluster_goes_back_without_asking_it_anything() {
    let plan = planned(None, false);
    let names = names(&plan);
    assert_eq!(
        names[..5],
        ["store-complete", "front-door-certificate", "restore-datastore", "start-kubernetes", "node-ready"]
    );
    assert_eq!(names.last(), Some(&"probes"));
    let installed = with(None, false, |wanted| install::plan(wanted.release, wanted.site, wanted.place)).expect("plan");
    let charts = |plan: &Plan| plan.steps().iter().filter(|one| one.step.name().starts_with("chart")).count();
    assert_eq!(charts(&plan), charts(&installed), "every chart is put in place again");
    // Nothing before the restore changes anything, and nothing behind it goes back.
    let commit = plan.commit().expect("a commit");
    assert_eq!(plan.steps()[usize::from(commit.0) - 1].step.name(), "restore-datastore");
    for planned in plan.steps() {
        assert_eq!(matches!(planned.undo, Undo::Impossible { .. }), planned.id >= commit, "{}", planned.step.name());
    }
}

#[test]
fn what_still_answers_is_kept_first() {
    let plan = planned(None, true);
    let names = names(&plan);
    assert_eq!(names[2..5], ["export-changes", "keep-secrets", "restore-datastore"]);
    let Step::Cluster(ClusterStep::ExportChanges(export)) = &plan.steps()[2].step else { panic!("{names:?}") };
    assert_eq!((export.name.as_str(), export.since), ("changes-0009", Timestamp(5)));
}

#[test]
fn kubernetes_runs_as_it_did_and_charts_of_the_snapshot_alone_go() {
    let mut before = release();
    let mut old = before.charts[0].clone();
    old.name = "old".to_owned();
    before.charts.push(old);
    let plan = planned(Some(&before), false);
    let gone = plan.steps().iter().find_map(|planned| match &planned.step {
        Step::Cluster(ClusterStep::ChartsGone { charts }) => Some(charts.clone()),
        _ => None,
    });
    assert_eq!(gone.expect("a chart goes").iter().map(|chart| chart.name.as_str()).collect::<Vec<_>>(), ["old"]);
    let Some(Step::Host(HostStep::RestoreDatastore(restore))) =
        plan.steps().iter().map(|planned| &planned.step).find(|step| step.name() == "restore-datastore")
    else {
        panic!("{:?}", names(&plan))
    };
    assert_eq!(restore.switch.version, "1.36.3");
    assert_eq!(restore.switch.settings.emulated.as_deref(), Some("1.36"));
    assert!(!names(&planned(Some(&release()), false)).contains(&"charts-gone"));
}

#[test]
fn only_a_whole_snapshot_of_this_minor_or_the_one_before_is_used() {
    let damaged = KeptPoint { whole: false, ..point("damaged", Some("1.36"), 99) };
    let points = [
        point("old", Some("1.35"), 1),
        point("same", Some("1.36"), 2),
        point("later", Some("1.37"), 3),
        point("unknown", None, 4),
        point("ancient", Some("1.34"), 5),
        damaged,
    ];
    let chosen = |named, running| choose(&points, named, running).map(|point| point.name.as_str());
    assert_eq!(chosen(None, "1.36.3"), Ok("same"));
    assert_eq!(chosen(Some("old"), "1.36.3"), Ok("old"));
    assert_eq!(chosen(None, "1.39.0"), Err(NoSnapshot::None(6)));
    assert_eq!(chosen(Some("nothing"), "1.36.3"), Err(NoSnapshot::Unknown("nothing".to_owned())));
    assert_eq!(chosen(Some("damaged"), "1.36.3"), Err(NoSnapshot::Damaged("damaged".to_owned())));
    for name in ["later", "unknown", "ancient"] {
        let refused = chosen(Some(name), "1.36.3").expect_err("does not fit");
        assert!(matches!(&refused, NoSnapshot::Unfit { point, .. } if point == name), "{refused:?}");
        for language in Language::ALL {
            assert!(!refused.fault().message.render(language).contains("{$"));
        }
    }
}

#[test]
fn what_should_be_known_before() {
    let codes = |before: Option<&ReleaseManifest>, answers, seen: &Seen| {
        with(before, answers, |wanted| {
            findings(wanted, seen)
                .into_iter()
                .map(|one| (one.message.code.into_owned(), one.severity))
                .collect::<Vec<_>>()
        })
    };
    let roomy = Seen { healthy: false, free: u64::MAX };
    let warns = |code: &str| (code.to_owned(), Severity::Warns);
    let release = release();
    assert!(!release.secrets.is_empty(), "the sample has secrets");
    assert_eq!(codes(Some(&release), false, &roomy), [warns("restore-unlisted")]);
    assert_eq!(codes(None, false, &roomy), [warns("restore-unlisted"), warns("restore-secrets")]);
    assert_eq!(codes(None, true, &roomy), []);
    assert_eq!(codes(None, true, &Seen { healthy: true, ..roomy }), [warns("restore-healthy")]);
    let full = Seen { healthy: false, free: 1 };
    assert_eq!(codes(None, true, &full), [("restore-disk".to_owned(), Severity::Blocks)]);
}

#[test]
fn it_ends_the_same_wherever_it_is_stopped() {
    let plan = planned(None, true);
    let whole = Bench::stop_after_every_record(|| Bench::new(&plan));
    assert!(whole.world.effects().keys().any(|key| key == "host/datastore"));
}

#[test]
fn before_the_restore_it_goes_back_by_itself_and_behind_it_somebody_is_asked() {
    let plan = planned(None, true);
    let mut bench = Bench::new(&plan);
    bench.world.fail("export-changes", 9);
    assert_eq!(bench.run(), Ok(Rest::Ended(OperationState::RolledBack)));
    assert!(!bench.world.applied().contains(&"restore-datastore".to_owned()));

    let mut bench = Bench::new(&plan);
    bench.world.fail("restore-datastore", 3);
    assert_eq!(bench.run(), Ok(Rest::Waiting(OperationState::NeedsOperator)));
    bench.inbox.say(OperatorCommand::Retry);
    assert_eq!(bench.run(), Ok(Rest::Ended(OperationState::Committed)));
}

#[test]
fn the_view_of_the_first_version_is_still_understood() {
    let fixture = include_str!("../../../tests/fixtures/cluster-restore-v1.json");
    let view: ClusterRestoreView = serde_json::from_str(fixture).expect("a view");
    assert_eq!((view.point.name.as_str(), view.steps.len(), view.findings.len()), ("0007-before-campus-1.1.0", 1, 1));
    let again = serde_json::to_value(&view).expect("JSON");
    let told: serde_json::Value = serde_json::from_str(fixture).expect("JSON");
    assert_eq!(again["point"], told["point"]);
    let order = r#"{"point":"0007-before-campus-1.1.0","plan":"sha256:0000000000000000000000000000000000000000000000000000000000000000","confirm":"campus-demo"}"#;
    let order: ClusterRestoreOrder = serde_json::from_str(order).expect("an order");
    assert_eq!((order.plan, order.confirm), (view.plan, view.site));
}
