use super::*;
use crate::message::Language;

fn release() -> ReleaseManifest {
    let fixture = include_bytes!("../../../tests/fixtures/release-v1.json");
    let mut release = ReleaseManifest::parse(fixture).expect("fixture parses");
    let sample = release.charts.iter().find(|chart| chart.stage == Stage::Application).expect("in the fixture").clone();
    release.charts.retain(|chart| chart.stage == Stage::Platform);
    for (name, order) in [("database", 10), ("api", 20), ("pages", 20)] {
        release.charts.push(crate::release::Chart { name: name.to_owned(), order, ..sample.clone() });
    }
    release
}

fn planned(release: &ReleaseManifest) -> Plan {
    let place = Place { node: "h1".to_owned(), address: "198.18.0.11".to_owned() };
    plan(release, &Site::default(), &place).expect("plan")
}

#[test]
fn applications_go_backwards_and_come_as_an_installation_makes_them() {
    let release = release();
    let plan = planned(&release);
    assert_eq!((plan.kind(), plan.from(), plan.to()), (OperationKind::Recreate, Some(plan.to()), plan.to()));
    let names: Vec<&str> = plan.steps().iter().map(|planned| planned.step.name()).collect();
    let removal = names.iter().position(|name| *name == "leftovers-gone").expect("something goes");
    assert_eq!(names[..removal], ["store-complete", "front-door-certificate", "node-ready"]);
    assert_eq!(names[removal..removal + 3], ["leftovers-gone", "leftovers-gone", "namespaces"]);
    let order: Vec<String> = removed(&plan).into_iter().map(|chart| chart.name).collect();
    assert_eq!(order, ["pages", "api", "database"], "what comes last goes first; no platform chart goes");

    let place = Place { node: "h1".to_owned(), address: "198.18.0.11".to_owned() };
    let install = install::plan(&release, &Site::default(), &place).expect("plan");
    let fresh = install.steps().iter().map(|planned| &planned.step).skip_while(|step| step.name() != "namespaces");
    let again = plan.steps()[removal + 2..].iter().map(|planned| &planned.step);
    assert!(again.eq(fresh), "the end is that of a fresh installation");
}

#[test]
fn nothing_goes_back_once_something_was_removed() {
    let plan = planned(&release());
    for planned in plan.steps() {
        let removes = planned.step.name() == "leftovers-gone";
        match &planned.undo {
            Undo::Nothing => assert!(!removes),
            Undo::Impossible { why } => {
                assert!(removes);
                assert!(Language::ALL.iter().all(|language| why.render(*language) != why.code));
            }
            Undo::By(_) => panic!("step {} would be taken back", planned.id.0),
        }
    }
    assert_eq!(plan.on_failure(), OnFailure::AskOperator);
    let text = serde_json::to_string(&plan).expect("plain data");
    assert_eq!(serde_json::from_str::<Plan>(&text).expect("parses"), plan);
}

#[test]
fn secrets_of_the_site_are_named_wherever_something_goes() {
    let release = release();
    let mut found = 0;
    for planned in planned(&release).steps() {
        if let Step::Cluster(ClusterStep::LeftoversGone { secrets, .. }) = &planned.step {
            assert_eq!(*secrets, release.secrets);
            found += 1;
        }
    }
    assert_eq!(found, 2);
}

#[test]
fn a_release_without_applications_is_mended_only() {
    let mut release = release();
    release.charts.retain(|chart| chart.stage == Stage::Platform);
    let plan = planned(&release);
    assert_eq!(removed(&plan), []);
    assert!(plan.steps().iter().any(|planned| planned.step.name() == "probes"));
}
