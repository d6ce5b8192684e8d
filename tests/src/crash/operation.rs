//! The operations that are put through the matrix.

use bridle_core::event::{Event, EventKind};
use bridle_core::fault::Fault;
use bridle_core::journal::FORMAT;
use bridle_core::operation::{OperationId, OperationState};
use bridle_core::plan::Plan;
use bridle_core::plan::install::{self, Place};
use bridle_core::plan::recreate;
use bridle_core::plan::uninstall::{self, Installed};
use bridle_core::port::Timestamp;
use bridle_core::port::sim::DiskWorld;
use bridle_core::release::{ReleaseManifest, Stage};
use bridle_core::removal::Data;
use bridle_core::site::Site;
use bridle_core::step::{Step, Undo};

/// An operation and how it is to end.
#[derive(Debug, Clone)]
pub struct Operation {
    /// Its name in tables.
    pub name: &'static str,
    pub(super) plan: Plan,
    /// The step of this name always fails, after half of its effect.
    pub(super) refuses: Option<&'static str>,
    /// The operator takes everything back as soon as the agent is there again after the trouble.
    pub(super) given_up: bool,
}

/// Every operation. One more is one more line; its plan says everything else.
///
/// # Panics
/// If a planner refuses the sample release: then there is nothing to test.
#[must_use]
pub fn operations() -> Vec<Operation> {
    vec![
        Operation::forward("install", installation()),
        Operation::taken_back("install, taken back at the probes", installation(), "probes"),
        Operation::taken_back("install, rolled back by itself", rolling_back(&installation()), "probes"),
        Operation::given_up("install, given up after the trouble", installation()),
        Operation::forward("uninstall, data kept", uninstallation(Data::Keep)),
        Operation::forward("uninstall, data deleted", uninstallation(Data::Delete)),
        Operation::forward("renewal of the applications", renewal()),
    ]
}

impl Operation {
    /// Goes to its end.
    #[must_use]
    pub const fn forward(name: &'static str, plan: Plan) -> Self {
        Self { name, plan, refuses: None, given_up: false }
    }

    /// Fails for good at the step of this name; then the operator, or the plan itself, takes everything back.
    #[must_use]
    pub const fn taken_back(name: &'static str, plan: Plan, step: &'static str) -> Self {
        Self { name, plan, refuses: Some(step), given_up: false }
    }

    /// Is taken back by the operator after the first trouble.
    #[must_use]
    pub const fn given_up(name: &'static str, plan: Plan) -> Self {
        Self { name, plan, refuses: None, given_up: true }
    }

    /// The states that it may end in.
    pub(super) fn endings(&self) -> &'static [OperationState] {
        match (self.refuses, self.given_up) {
            (Some(_), _) => &[OperationState::RolledBack],
            (None, true) => &[OperationState::RolledBack, OperationState::Committed],
            (None, false) => &[OperationState::Committed],
        }
    }

    /// Its first record.
    pub(super) fn first(&self) -> Event {
        let time = Timestamp(1_795_000_000_000);
        Event {
            seq: 1,
            operation: OperationId::new(time, self.plan.kind()),
            time,
            kind: EventKind::Approved { format: FORMAT, by: "root".to_owned(), plan: Box::new(self.plan.clone()) },
        }
    }

    /// Puts there what the plan takes away.
    pub(super) fn seed(&self, world: &DiskWorld) -> Result<(), Fault> {
        self.plan.steps().iter().try_for_each(|planned| world.seed(&planned.step))
    }

    /// Steps that leave nothing for certain once everything was taken back: they have no way back because what they make
    /// (certificates, secrets, namespaces) is kept and taken up again by the next installation.
    pub(super) fn kept_for_later(&self) -> impl Iterator<Item = &Step> {
        self.plan.steps().iter().filter(|planned| !matches!(planned.undo, Undo::By(_))).map(|planned| &planned.step)
    }
}

fn installation() -> Plan {
    install::plan(&release(), &Site::default(), &place()).expect("it can be installed")
}

fn renewal() -> Plan {
    recreate::plan(&release(), &Site::default(), &place()).expect("it can be renewed")
}

fn release() -> ReleaseManifest {
    let release = ReleaseManifest::parse(include_bytes!("../../../src/core/tests/fixtures/release-v1.json"));
    let mut release = release.expect("the sample release parses");
    // Single charts and a group.
    for chart in release.charts.iter_mut().filter(|chart| chart.stage == Stage::Platform) {
        chart.order = 10;
    }
    release
}

fn place() -> Place {
    Place { node: "h1".to_owned(), address: "198.18.0.11".to_owned() }
}

fn uninstallation(data: Data) -> Plan {
    let install = installation();
    let installed = Installed {
        node: "h1".to_owned(),
        release: install.to().to_owned(),
        install: Some(install),
        api: true,
        datastore: true,
        volumes: true,
    };
    uninstall::plan(&installed, data).expect("it can be uninstalled")
}

/// The same plan, but it goes back by itself where it fails: what upgrades do.
fn rolling_back(plan: &Plan) -> Plan {
    let mut value = serde_json::to_value(plan).expect("a plan is plain data");
    value["on_failure"] = "roll_back".into();
    serde_json::from_value(value).expect("still a plan")
}
