//! Plans of changes, and what the engine makes of them over a simulated world: every stop, every failure, both ways.

use std::collections::BTreeMap;

use semver::VersionReq;

use super::*;
use crate::engine::Rest;
use crate::engine::bench::Bench;
use crate::event::{EventKind, OperatorCommand};
use crate::operation::{OperationState, OperationView};
use crate::plan::install;
use crate::release::Chart;

fn place() -> Place {
    Place { node: "h1".to_owned(), address: "198.18.0.11".to_owned() }
}

/// The fixture as 1.0.0 with Kubernetes 1.35.4.
fn old() -> ReleaseManifest {
    let fixture = include_bytes!("../../../tests/fixtures/release-v1.json");
    let mut release = ReleaseManifest::parse(fixture).expect("fixture parses");
    release.version = "1.0.0".parse().expect("version");
    release.sequence = 1;
    release.kubernetes.version = "1.35.4".parse().expect("version");
    release
}

/// 1.1.0: another Kubernetes, a chart changed, one new, one gone.
fn new() -> ReleaseManifest {
    let mut release = old();
    release.version = "1.1.0".parse().expect("version");
    release.sequence = 2;
    release.upgrades_from = vec![VersionReq::parse(">=1.0.0, <1.1.0").expect("requirement")];
    release.kubernetes.version = "1.36.3".parse().expect("version");
    release.programs.get_mut("k3s").expect("k3s").digest = crate::digest::Digest::of(b"another k3s");
    let chart = release.charts.iter_mut().find(|chart| chart.name == "frontend").expect("frontend");
    chart.package.digest = crate::digest::Digest::of(b"another frontend");
    chart.version = "1.1.0".to_owned();
    let added = Chart { name: "added".to_owned(), ..chart.clone() };
    release.charts.push(added);
    release.charts.retain(|chart| chart.name != "coredns");
    release
}

fn applied(release: &ReleaseManifest) -> Applied {
    let install = install::plan(release, &Site::default(), &place()).expect("plan");
    Applied::after([&install]).expect("installed")
}

fn planned(from: &ReleaseManifest, applied: &Applied, to: &ReleaseManifest, kind: OperationKind) -> Plan {
    let (site, place) = (Site::default(), place());
    let current = Current { release: from, applied, profile: (1, "name = \"old\"") };
    let wanted = Wanted { release: to, site: &site, profile: Some((2, "name = \"new\"")), place: &place };
    plan(&current, &wanted, &Choices { kind, number: 7, copy_data: true }).expect("plan")
}

fn upgrade() -> Plan {
    planned(&old(), &applied(&old()), &new(), OperationKind::Upgrade)
}

fn names(plan: &Plan) -> Vec<&'static str> {
    plan.steps().iter().map(|step| step.step.name()).collect()
}

/// A world as it was before: what every way back leads to.
fn bench(plan: &Plan) -> Bench {
    let bench = Bench::new(plan);
    for planned in plan.steps() {
        if let Undo::By(step) = &planned.undo {
            bench.world.put(step);
        }
    }
    bench
}

/// What counts when everything went back: things without a way back (copies, traces of probes) may stay.
fn what_goes_back(plan: &Plan, bench: &Bench) -> BTreeMap<String, String> {
    let marks = ["host/agent", "host/images", "host/kubernetes", "host/profile", "chart/"];
    assert!(plan.commit().is_some());
    let effects = bench.world.effects().into_iter();
    effects.filter(|(key, _)| marks.iter().any(|mark| key.starts_with(mark))).collect()
}

#[test]
fn an_upgrade_goes_in_the_order_of_the_design() {
    let plan = upgrade();
    assert_eq!(
        names(&plan),
        [
            "store-complete",
            "restore-point",
            "copy-data",
            "switch-agent",
            "serve-images",
            "switch-kubernetes",
            "node-ready",
            "chart",
            "chart",
            "chart-gone",
            "configuration",
            "probes",
            "soak",
            "switch-kubernetes",
            "node-ready",
            "settle-programs",
            "prune-releases",
            "probes",
        ]
    );
    let commit = plan.commit().expect("a commit");
    assert_eq!(plan.steps()[usize::from(commit.0) - 2].step.name(), "soak", "nothing is final before health has held");
    let switches: Vec<_> = plan
        .steps()
        .iter()
        .filter_map(|step| match &step.step {
            Step::Host(HostStep::SwitchKubernetes(switch)) => {
                Some((switch.version.as_str(), switch.settings.emulated.as_deref()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(switches, [("1.36.3", Some("1.35")), ("1.36.3", Some("1.36"))]);
}

#[test]
fn what_is_in_place_is_read_from_the_plans_of_the_past() {
    let (install, upgrade) = (install::plan(&old(), &Site::default(), &place()).expect("plan"), upgrade());
    let after = Applied::after([&install, &upgrade]).expect("installed");
    assert_eq!((after.release.as_str(), after.before.as_deref()), (new().id().as_str(), Some(old().id().as_str())));
    assert_eq!((after.kubernetes.as_str(), after.revision), ("1.36.3", 2));
    assert_eq!(
        after.settings.as_ref().and_then(|settings| settings.emulated.clone()).as_deref(),
        Some("1.36"),
        "the commit ended that"
    );
    assert!(after.charts.contains_key("added") && !after.charts.contains_key("coredns"));
    assert_eq!(after.points, ["0007-before-campus-1.1.0"]);
    assert_eq!(Applied::after([&install, &upgrade]).map(|applied| applied.charts), Some(after.charts.clone()));
}

#[test]
fn the_same_release_again_changes_nothing_but_what_differs() {
    let old = old();
    let plan = planned(&old, &applied(&old), &old, OperationKind::Configure);
    assert_eq!(names(&plan), ["restore-point", "copy-data", "configuration", "probes", "soak"]);
    assert_eq!(plan.commit(), None);
}

#[test]
fn the_return_after_a_commit_never_takes_the_minor_version_back() {
    let (old, new) = (old(), new());
    let after = Applied::with(Some(applied(&old)), &upgrade()).expect("installed");
    let back = planned(&new, &after, &old, OperationKind::Rollback);
    assert!(!names(&back).contains(&"switch-kubernetes"), "{:?}", names(&back));
    assert!(names(&back).contains(&"switch-agent"));
    // A patch does go back.
    let mut patched = old.clone();
    patched.kubernetes.version = "1.35.9".parse().expect("version");
    patched.programs.get_mut("k3s").expect("k3s").digest = crate::digest::Digest::of(b"a patched k3s");
    patched.version = "1.0.1".parse().expect("version");
    let before = applied(&old);
    let forward = planned(&old, &before, &patched, OperationKind::Upgrade);
    let after = Applied::with(Some(before), &forward).expect("installed");
    let back = planned(&patched, &after, &old, OperationKind::Rollback);
    let Some(Step::Host(HostStep::SwitchKubernetes(switch))) =
        back.steps().iter().map(|step| &step.step).find(|step| step.name() == "switch-kubernetes")
    else {
        panic!("{:?}", names(&back))
    };
    assert_eq!((switch.version.as_str(), switch.emulates()), ("1.35.4", None));
}

#[test]
fn a_stop_after_every_record_ends_in_the_same_world() {
    let plan = upgrade();
    Bench::stop_after_every_record(|| bench(&plan));
}

#[test]
fn a_step_that_fails_for_good_before_the_commit_takes_everything_back_by_itself() {
    let plan = upgrade();
    let commit = plan.commit().expect("a commit");
    let mut tried = 0;
    for failing in plan.steps().iter().filter(|step| step.id < commit) {
        let mut bench = bench(&plan);
        let before = what_goes_back(&plan, &bench);
        // Of steps with one name the first one fails.
        let name = failing.step.name();
        bench.world.fail(name, failing.attempts);
        let end = bench.run();
        let view = OperationView::fold(&bench.journal.records).expect("view");
        assert_eq!(end, Ok(Rest::Ended(OperationState::RolledBack)), "{name}");
        assert!(view.cause.is_some(), "{name}: the report says why");
        assert_eq!(what_goes_back(&plan, &bench), before, "{name}");
        tried += 1;
    }
    assert!(tried > 10, "{tried}");
}

#[test]
fn every_stop_on_the_way_back_ends_in_the_old_world() {
    let plan = upgrade();
    let start = || {
        let bench = bench(&plan);
        bench.world.fail("soak", 1);
        bench
    };
    let before = what_goes_back(&plan, &start());
    let mut whole = start();
    assert_eq!(whole.run(), Ok(Rest::Ended(OperationState::RolledBack)));
    for power_cut in [false, true] {
        for records in 1..whole.journal.records.len() {
            let mut bench = start();
            bench.journal.refuse_after = Some(records);
            assert!(bench.run().is_err());
            if power_cut {
                bench.world.power_cut();
            }
            bench.journal.refuse_after = None;
            // Where the soak itself was cut, it is held anew, and may hold.
            let end = bench.run().expect("goes on");
            match end {
                Rest::Ended(OperationState::RolledBack) => assert_eq!(what_goes_back(&plan, &bench), before),
                end => assert_eq!(end, Rest::Ended(OperationState::Committed), "after {records} records"),
            }
        }
    }
}

#[test]
fn behind_the_commit_nothing_goes_back() {
    let plan = upgrade();
    let mut bench = bench(&plan);
    bench.world.fail("settle-programs", 3);
    assert_eq!(bench.run(), Ok(Rest::Waiting(OperationState::NeedsOperator)));
    assert!(OperationView::fold(&bench.journal.records).expect("view").is_past_commit());
    bench.inbox.say(OperatorCommand::Abort);
    assert_eq!(bench.run(), Ok(Rest::Waiting(OperationState::NeedsOperator)), "an abort does nothing any more");
    bench.inbox.say(OperatorCommand::Retry);
    assert_eq!(bench.run(), Ok(Rest::Ended(OperationState::Committed)));
}

#[test]
fn in_the_soak_an_abort_takes_everything_back() {
    let plan = upgrade();
    let mut bench = bench(&plan);
    let before = what_goes_back(&plan, &bench);
    bench.inbox.say(OperatorCommand::Pause);
    assert_eq!(bench.run(), Ok(Rest::Waiting(OperationState::Paused)));
    bench.inbox.say(OperatorCommand::Abort);
    assert_eq!(bench.run(), Ok(Rest::Ended(OperationState::RolledBack)));
    assert_eq!(what_goes_back(&plan, &bench), before);
    let verified = |bench: &Bench| {
        let kinds = bench.journal.records.iter().map(|event| event.kind.clone());
        kinds.into_iter().any(|kind| kind == EventKind::State { state: OperationState::Verifying })
    };
    let mut whole = super::tests::bench(&plan);
    whole.run().expect("uninterrupted run");
    assert!(verified(&whole) && !verified(&bench));
}

#[test]
fn the_way_is_up_one_minor_version_at_a_time_and_as_the_publisher_says() {
    let (old, new) = (old(), new());
    assert_eq!(way(&old, &new, &[]), Ok(()));
    assert!(matches!(way(&old, &old, &[]), Err(NoWay::Same { .. })));
    assert!(matches!(way(&new, &old, &[]), Err(NoWay::Older { found: 1, known: 2, .. })));
    let mut third = new.clone();
    third.version = "1.2.0".parse().expect("version");
    third.sequence = 3;
    third.upgrades_from = vec![VersionReq::parse(">=1.1.0, <1.2.0").expect("requirement")];
    let Err(NoWay::Between { accepts, stops, .. }) = way(&old, &third, &[&new]) else { panic!("no way") };
    assert_eq!((accepts.as_str(), stops), (">=1.1.0, <1.2.0", vec![new.id()]));
    let mut other = new.clone();
    other.name = "other".to_owned();
    assert!(matches!(way(&old, &other, &[]), Err(NoWay::OtherPlatform { .. })));
    let mut far = new.clone();
    far.kubernetes.version = "1.37.0".parse().expect("version");
    assert!(matches!(way(&old, &far, &[]), Err(NoWay::Kubernetes(NoKubernetesWay::Skips { .. }))));
    let mut down = new;
    down.kubernetes.version = "1.35.3".parse().expect("version");
    assert!(matches!(way(&old, &down, &[]), Err(NoWay::Kubernetes(NoKubernetesWay::Down { .. }))));
}

#[test]
fn a_file_of_the_site_that_switches_the_emulation_off_stands_against_another_minor() {
    use crate::facts::DropIn;
    use crate::plan::review::Severity;
    let drop_ins = |text: Option<&str>| DropIn::in_file("/x/a.yaml", text);
    let found = |to: &ReleaseManifest, drop_ins: Vec<DropIn>| {
        let (from, site, place) = (old(), Site::default(), place());
        let applied = applied(&from);
        let current = Current { release: &from, applied: &applied, profile: (1, "") };
        let wanted = Wanted { release: to, site: &site, profile: None, place: &place };
        let measured = Measured { drop_ins, ..Measured::default() };
        let found = findings(&current, &wanted, OperationKind::Upgrade, &measured);
        let about = found.into_iter().filter(|finding| finding.id.starts_with("change-drop-in"));
        about.map(|finding| (finding.message.code.into_owned(), finding.severity)).collect::<Vec<_>>()
    };
    let blocks = |code: &str| vec![(code.to_owned(), Severity::Blocks)];
    let replaces = drop_ins(Some("kube-apiserver-arg: [audit-log-path=/x]"));
    assert_eq!(found(&new(), replaces.clone()), blocks("change-drop-in"));
    assert_eq!(found(&new(), drop_ins(Some("kube-scheduler-arg+: [emulated-version=1.36]"))), blocks("change-drop-in"));
    assert_eq!(found(&new(), drop_ins(None)), blocks("change-drop-in-unread"));
    assert_eq!(found(&new(), drop_ins(Some("kube-scheduler-arg+: [v=2]"))), []);
    let mut patch = new();
    patch.kubernetes.version = "1.35.5".parse().expect("version");
    assert_eq!(found(&patch, replaces), [], "the minor stays, and nothing is emulated");
}

#[test]
fn texts_that_are_sorted_otherwise_are_sorted_anew_there_and_back() {
    use crate::release::PostgresqlVersion;
    let server = |release: &mut ReleaseManifest, collation: &str| {
        let source = release.data.iter_mut().find(|source| source.kind == DataKind::Postgresql).expect("a database");
        source.postgresql = Some(PostgresqlVersion { major: 15, collation: collation.to_owned() });
        source.name.clone()
    };
    let (mut from, mut to) = (old(), new());
    let name = server(&mut from, "2.36");
    server(&mut to, "2.36");
    assert!(!names(&planned(&from, &applied(&from), &to, OperationKind::Upgrade)).contains(&"refresh-collation"));
    server(&mut to, "2.41");
    let plan = planned(&from, &applied(&from), &to, OperationKind::Upgrade);
    let places = |wanted: fn(&&str) -> bool| {
        let names = names(&plan);
        names.iter().enumerate().filter(|(_, name)| wanted(name)).map(|(at, _)| at).collect::<Vec<_>>()
    };
    let (mends, charts) = (places(|name| *name == "refresh-collation"), places(|name| name.starts_with("chart")));
    let [before, after] = mends.as_slice() else { panic!("{:?}", names(&plan)) };
    assert!(charts.iter().all(|chart| before < chart && chart < after), "{:?}", names(&plan));
    // On the way back the one before the charts comes last, under the server of before.
    assert!(matches!(
        &plan.steps()[*before].undo,
        Undo::By(Step::Cluster(ClusterStep::RefreshCollation { anew: true, .. }))
    ));
    assert_eq!(plan.steps()[*after].undo, Undo::Nothing);
    assert!(plan.commit().is_none_or(|commit| plan.steps()[*after].id < commit));

    let said = |bytes: Option<u64>| {
        let (site, place, applied) = (Site::default(), place(), applied(&from));
        let current = Current { release: &from, applied: &applied, profile: (1, "") };
        let wanted = Wanted { release: &to, site: &site, profile: None, place: &place };
        let resorted = bytes.map(|bytes| (name.clone(), bytes)).into_iter().collect();
        let measured = Measured { resorted, ..Measured::default() };
        let found = findings(&current, &wanted, OperationKind::Upgrade, &measured).into_iter();
        found.map(|finding| finding.message).find(|message| message.code.starts_with("change-database-collation"))
    };
    assert_eq!(said(None).expect("unknown").code, "change-database-collation-unknown");
    let (untold, site, place) = (new_with(&to, &name, "none"), Site::default(), place());
    let applied_before = applied(&from);
    let current = Current { release: &from, applied: &applied_before, profile: (1, "") };
    let wanted = Wanted { release: &untold, site: &site, profile: None, place: &place };
    let found = findings(&current, &wanted, OperationKind::Upgrade, &Measured::default());
    let found = found.iter().find(|finding| finding.message.code == "change-database-collation-untold");
    assert_eq!(found.expect("nobody could tell").severity, crate::plan::review::Severity::Blocks);
    assert_eq!(said(Some(0)), None);
    let ten_gib = said(Some(10 << 30)).expect("said");
    assert_eq!((&ten_gib.args["size"], &ten_gib.args["minutes"]), (&10240_u64.into(), &22_u64.into()));
    for language in crate::message::Language::ALL {
        assert!(!ten_gib.render(language).contains("{$"), "{}", ten_gib.render(language));
    }
}

/// The release with another system below one of its databases.
fn new_with(release: &ReleaseManifest, source: &str, collation: &str) -> ReleaseManifest {
    let mut release = release.clone();
    for data in release.data.iter_mut().filter(|data| data.name == source) {
        if let Some(server) = &mut data.postgresql {
            collation.clone_into(&mut server.collation);
        }
    }
    release
}

#[test]
fn data_that_are_not_saved_are_told_with_the_reason_and_everything_else_is_copied() {
    let mut release = old();
    let source = |kind: DataKind, name: &str| {
        let mut source = release.data[0].clone();
        (source.name, source.kind, source.postgresql) = (name.to_owned(), kind, None);
        if kind == DataKind::None {
            source.reason = "Rebuilt from the database.".to_owned();
        }
        source
    };
    let more =
        [source(DataKind::Volume, "documents"), source(DataKind::Command, "graph"), source(DataKind::None, "search")];
    release.data.extend(more);
    let plan = planned(&release, &applied(&release), &new(), OperationKind::Upgrade);
    let copied = plan.steps().iter().find_map(|planned| match &planned.step {
        Step::Cluster(ClusterStep::CopyData { sources, .. }) => Some(sources),
        _ => None,
    });
    let copied: Vec<&str> = copied.expect("a copy").iter().map(|source| source.name.as_str()).collect();
    assert!(copied.ends_with(&["documents", "graph"]), "{copied:?}");

    let (site, place, applied, to) = (Site::default(), place(), applied(&release), new());
    let current = Current { release: &release, applied: &applied, profile: (1, "") };
    let wanted = Wanted { release: &to, site: &site, profile: None, place: &place };
    let measured = Measured { unmeasured: ["graph".to_owned()].into(), ..Measured::default() };
    let found = findings(&current, &wanted, OperationKind::Upgrade, &measured);
    let said = |code: &str| found.iter().find(|finding| finding.message.code == code).expect("said");
    assert_eq!(said("change-data-none").message.args["reason"], "Rebuilt from the database.".into());
    assert_eq!(said("change-data-size").message.args["source"], "graph".into());
}
