use super::*;
use crate::engine::Rest;
use crate::engine::bench::Bench;
use crate::event::OperatorCommand;
use crate::operation::OperationState;
use crate::plan::install::{self, Place};
use crate::release::{ReleaseManifest, Stage};
use crate::site::Site;

fn install() -> Plan {
    let release = include_bytes!("../../../tests/fixtures/release-v1.json");
    let mut release = ReleaseManifest::parse(release).expect("fixture parses");
    for chart in release.charts.iter_mut().filter(|chart| chart.stage == Stage::Platform) {
        chart.order = 10; // a group
    }
    let place = Place { node: "h1".to_owned(), address: "198.18.0.11".to_owned() };
    install::plan(&release, &Site::default(), &place).expect("plan")
}

fn installed() -> Installed {
    let install = install();
    Installed {
        node: "h1".to_owned(),
        release: install.to().to_owned(),
        install: Some(install),
        since: Vec::new(),
        api: true,
        datastore: true,
        volumes: true,
    }
}

fn names(installed: &Installed, data: Data) -> Vec<&'static str> {
    let plan = plan(installed, data).expect("plan");
    assert_eq!((plan.kind(), plan.to()), (OperationKind::Uninstall, installed.release.as_str()));
    plan.steps().iter().map(|step| step.step.name()).collect()
}

const REST: [&str; 4] = ["stop-kubernetes", "clear-node", "forget-kubernetes", "remove-kubernetes"];

#[test]
fn data_that_stay_keep_their_passwords_and_are_closed_in_good_order() {
    let installed = installed();
    let found = names(&installed, Data::Keep);
    assert_eq!(found[..3], ["keep-secrets", "chart-gone", "charts-gone"]);
    assert_eq!(found[3..], [&REST[..], &["remove-store", "hand-over-removal"]].concat());

    let plan = plan(&installed, Data::Keep).expect("plan");
    let gone = plan.steps().iter().flat_map(|step| match &step.step {
        Step::Cluster(ClusterStep::ChartGone { name, .. }) => vec![name.clone()],
        Step::Cluster(ClusterStep::ChartsGone { charts }) => charts.iter().map(|chart| chart.name.clone()).collect(),
        _ => Vec::new(),
    });
    let mut backwards: Vec<_> = gone.collect();
    backwards.reverse();
    let forwards = install();
    let forwards = forwards.steps().iter().flat_map(|step| match &step.step {
        Step::Cluster(ClusterStep::Chart(chart)) => vec![chart.name.clone()],
        Step::Cluster(ClusterStep::Charts(charts)) => charts.iter().map(|chart| chart.name.clone()).collect(),
        _ => Vec::new(),
    });
    assert_eq!(backwards, forwards.collect::<Vec<_>>(), "the last one first");
    let Step::Cluster(ClusterStep::KeepSecrets { secrets }) = &plan.steps()[0].step else { panic!("{plan:?}") };
    assert!(secrets.iter().all(|secret| matches!(secret.content, SecretContent::Random { .. })));
}

#[test]
fn data_that_go_need_nothing_of_the_cluster() {
    let wanted = [&REST[..], &["remove-volumes", "remove-store", "hand-over-removal"]].concat();
    for api in [true, false] {
        assert_eq!(names(&Installed { api, ..installed() }, Data::Delete), wanted);
    }
}

#[test]
fn a_cluster_that_is_down_is_started_only_for_passwords() {
    let down = Installed { api: false, ..installed() };
    let found = names(&down, Data::Keep);
    assert_eq!(found[..3], ["configure-kubernetes", "start-kubernetes", "keep-secrets"]);
    let wanted = [&REST[..], &["remove-store", "hand-over-removal"]].concat();
    for nothing in [
        Installed { volumes: false, ..down.clone() },
        Installed { datastore: false, ..down.clone() },
        Installed { install: None, ..down },
    ] {
        assert_eq!(names(&nothing, Data::Keep), wanted);
    }
}

#[test]
fn a_host_that_was_hardly_begun_is_cleared_as_well() {
    let nothing = Installed {
        node: "h1".to_owned(),
        release: String::new(),
        install: None,
        since: Vec::new(),
        api: false,
        datastore: false,
        volumes: false,
    };
    assert_eq!(names(&nothing, Data::Delete).len(), 7);
}

impl Bench {
    /// The same with a world in which everything is installed.
    fn after_an_installation(plan: &Plan) -> Self {
        let mut install = Self::new(&install());
        install.run().expect("installs");
        Self { world: install.world, ..Self::new(plan) }
    }
}

#[test]
fn a_stop_after_every_record_ends_in_the_same_world() {
    for (data, api) in [(Data::Keep, true), (Data::Keep, false), (Data::Delete, true)] {
        let plan = plan(&Installed { api, ..installed() }, data).expect("plan");
        assert!(Bench::new(&plan).journal.records[0].operation.as_str().ends_with("-uninstall"));
        let left = Bench::stop_after_every_record(|| Bench::after_an_installation(&plan)).world.effects();
        assert!(!left.contains_key("host/kubernetes") && !left.contains_key("host/store"), "{left:?}");
    }
}

#[test]
fn a_step_that_fails_waits_for_the_operator_and_goes_on() {
    let plan = plan(&installed(), Data::Keep).expect("plan");
    for name in ["keep-secrets", "stop-kubernetes", "forget-kubernetes", "remove-store", "hand-over-removal"] {
        let mut bench = Bench::after_an_installation(&plan);
        bench.world.fail(name, 3);
        assert_eq!(bench.run(), Ok(Rest::Waiting(OperationState::NeedsOperator)), "{name}");
        bench.inbox.say(OperatorCommand::Retry);
        assert_eq!(bench.run(), Ok(Rest::Ended(OperationState::Committed)), "{name}");
    }
}

#[test]
fn what_upgrades_brought_goes_too_and_their_passwords_are_kept() {
    let mut installed = installed();
    let mut upgrade = serde_json::to_value(install()).expect("plain data");
    upgrade["kind"] = "upgrade".into();
    let text = upgrade.to_string().replace("\"frontend\"", "\"added\"").replace("database-owner", "added-owner");
    let text =
        text.replace("\"start_kubernetes\":{\"version\":\"1.36.3\"}", "\"start_kubernetes\":{\"version\":\"1.37.1\"}");
    installed.since = vec![serde_json::from_str(&text).expect("still a plan")];
    let made = plan(&installed, Data::Keep).expect("plan");
    let Step::Cluster(ClusterStep::KeepSecrets { secrets }) = &made.steps()[0].step else { panic!("{made:?}") };
    let kept: Vec<&str> = secrets.iter().map(|secret| secret.name.as_str()).collect();
    assert_eq!(kept, ["database-owner", "added-owner"]);
    let Step::Cluster(ClusterStep::ChartsGone { charts }) = &made.steps()[1].step else { panic!("{made:?}") };
    assert_eq!(charts.iter().map(|chart| chart.name.as_str()).collect::<Vec<_>>(), ["added"]);
    installed.api = false;
    let made = plan(&installed, Data::Keep).expect("plan");
    let version = made.steps().iter().find_map(|step| match &step.step {
        Step::Host(HostStep::StartKubernetes { version }) => Some(version.as_str()),
        _ => None,
    });
    assert_eq!(version, Some("1.37.1"), "the version that wrote the data");
}
