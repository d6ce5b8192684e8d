//! The operations that are put through the matrix.

use bridle_core::backup::id::{SetId, Ulid};
use bridle_core::backup::plan::VaultStep;
use bridle_core::digest::Digest;
use bridle_core::event::{Event, EventKind};
use bridle_core::fault::Fault;
use bridle_core::journal::FORMAT;
use bridle_core::operation::{OperationId, OperationState};
use bridle_core::plan::applied::Applied;
use bridle_core::plan::backup;
use bridle_core::plan::cluster_restore::{self, KeptPoint};
use bridle_core::plan::install::{self, Place};
use bridle_core::plan::recreate;
use bridle_core::plan::uninstall::{self, Installed};
use bridle_core::plan::upgrade::{self, Choices, Current, Wanted};
use bridle_core::plan::{OnFailure, OperationKind, Plan};
use bridle_core::port::Timestamp;
use bridle_core::port::sim::DiskWorld;
use bridle_core::release::{Chart, ReleaseManifest, Stage};
use bridle_core::removal::Data;
use bridle_core::site::Site;
use bridle_core::step::{HostStep, PlannedStep, Step, Undo};

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
        Operation::forward("uninstall, data kept", uninstallation(Data::Keep, Vec::new())),
        Operation::forward("uninstall after an upgrade, data deleted", uninstallation(Data::Delete, vec![upgrade()])),
        Operation::forward("renewal of the applications", renewal()),
        Operation::forward("return of the cluster to a snapshot", cluster_restore(true)),
        Operation::forward("return of a dead cluster to a snapshot", cluster_restore(false)),
        Operation::forward("upgrade", upgrade()),
        Operation::taken_back("upgrade, rolled back at the soak", upgrade(), "soak"),
        Operation::given_up("upgrade, given up after the trouble", upgrade()),
        Operation::forward("return after the commit", way_back()),
        Operation::forward("configuration", configuration()),
        Operation::taken_back("configuration, taken back at the soak", configuration(), "soak"),
        Operation::forward("backup", backup()),
        Operation::taken_back("backup, taken back at the reading back", backup(), "audit"),
        Operation::given_up("backup, given up after the trouble", backup()),
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

    /// Whether nobody and nothing but a step that fails for good takes it back.
    pub(super) const fn goes_forward(&self) -> bool {
        self.refuses.is_none() && !self.given_up
    }

    /// The states that it may end in. What goes back by itself where a step fails may do so on any sick disk.
    pub(super) fn endings(&self) -> &'static [OperationState] {
        let by_itself = self.plan.on_failure() == OnFailure::RollBack;
        match (self.refuses, self.given_up || by_itself) {
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

    /// Puts there what the plan takes away, and what its ways back lead to.
    pub(super) fn seed(&self, world: &DiskWorld) -> Result<(), Fault> {
        // A lease is nobody's before the operation takes it.
        let own = |step: &Step| matches!(step, Step::Vault(VaultStep::ReleaseLease { .. }));
        let steps = self.plan.steps().iter().map(|planned| &planned.step);
        steps.filter(|step| !own(step)).try_for_each(|step| world.seed(step))?;
        self.ways_back().try_for_each(|step| world.put(step))
    }

    /// The steps that take others back.
    pub(super) fn ways_back(&self) -> impl Iterator<Item = &Step> {
        self.plan.steps().iter().filter_map(|planned| match &planned.undo {
            Undo::By(step) => Some(step),
            Undo::Nothing | Undo::Impossible { .. } => None,
        })
    }

    /// Steps that leave nothing for certain once everything was taken back: they have no way back because what they make
    /// (certificates, secrets, namespaces, restore points) is kept and taken up again by the next operation. Behind a commit
    /// there are none: what is made there may not be there in the old state.
    pub(super) fn kept_for_later(&self) -> impl Iterator<Item = &Step> {
        let before_the_commit = |id| self.plan.commit().is_none_or(|commit| id < commit);
        let steps = self.plan.steps().iter().filter(move |planned| before_the_commit(planned.id));
        // What a pruning of restore points takes away is not in the step but on the host; the simulated one only notes it.
        let point = |planned: &PlannedStep| matches!(planned.step, Step::Host(HostStep::RestorePoint(_)));
        steps.filter(move |planned| point(planned) || !matches!(planned.undo, Undo::By(_))).map(|planned| &planned.step)
    }
}

fn installation() -> Plan {
    install::plan(&release(), &Site::default(), &place()).expect("it can be installed")
}

fn renewal() -> Plan {
    recreate::plan(&release(), &Site::default(), &place()).expect("it can be renewed")
}

/// To the snapshot that an upgrade made, on a host that went back to the release before.
fn cluster_restore(answers: bool) -> Plan {
    let (release, place, site) = (release(), place(), Site::default());
    let applied = Applied::after([&installation()]).expect("it is installed");
    let point = KeptPoint {
        name: "0002-before-campus-1.1.0".to_owned(),
        release: release.id(),
        revision: 1,
        made: Timestamp(1_794_000_000_000),
        kubernetes: Some("1.35".to_owned()),
        snapshot: 1,
        bytes: 2,
        pins: Vec::new(),
        whole: true,
    };
    let wanted = cluster_restore::Wanted {
        point: &point,
        before: Some(&next_release()),
        release: &release,
        applied: &applied,
        site: &site,
        place: &place,
        answers,
        number: 3,
    };
    cluster_restore::plan(&wanted).expect("it can go back")
}

/// From 1.0.0 with Kubernetes 1.35.4, as an installation left it.
fn upgrade() -> Plan {
    let applied = Applied::after([&installation()]).expect("it is installed");
    change(&release(), &applied, &next_release(), OperationKind::Upgrade)
}

/// By hand, from the release that an upgrade committed to the one before.
fn way_back() -> Plan {
    let (installation, upgrade) = (installation(), upgrade());
    let applied = Applied::after([&installation, &upgrade]).expect("it is installed");
    change(&next_release(), &applied, &release(), OperationKind::Rollback)
}

/// Other values for a chart of each stage.
fn configuration() -> Plan {
    let applied = Applied::after([&installation()]).expect("it is installed");
    change(&release(), &applied, &release(), OperationKind::Configure)
}

/// Of the release that an upgrade committed, whose restore point stays.
fn backup() -> Plan {
    let (release, points) = (next_release(), vec!["0002-before-campus-1.1.0".to_owned()]);
    let wanted = backup::Wanted {
        set: SetId(Ulid::new(Timestamp(1_794_000_000_000), [5; 10])),
        repository: "attic",
        release: &release,
        revision: 1,
        node: &place().node,
        number: 3,
        points: &points,
    };
    backup::plan(&wanted).expect("it can be saved")
}

fn change(from: &ReleaseManifest, applied: &Applied, to: &ReleaseManifest, kind: OperationKind) -> Plan {
    let mut site = Site::default();
    if kind == OperationKind::Configure {
        let value = serde_json::json!({ "copies": 2 });
        let values = value.as_object().expect("written as one").clone();
        site.values.extend(to.charts.iter().map(|chart| (chart.name.clone(), values.clone())));
    }
    let place = place();
    let current = Current { release: from, applied, profile: (1, "name = \"old\"") };
    let wanted = Wanted { release: to, site: &site, profile: Some((2, "name = \"new\"")), place: &place };
    let plan = upgrade::plan(&current, &wanted, &Choices { kind, number: 7, copy_data: true });
    plan.expect("it can be changed")
}

/// The next minor version of Kubernetes, a chart changed, one new, one gone.
fn next_release() -> ReleaseManifest {
    let mut release = release();
    release.version = "1.1.0".parse().expect("a version");
    release.sequence += 1;
    release.kubernetes.version = "1.36.3".parse().expect("a version");
    release.programs.get_mut("k3s").expect("every release has it").digest = Digest::of(b"another k3s");
    let changed = release.charts.iter_mut().find(|chart| chart.stage == Stage::Application);
    let changed = changed.expect("the sample release has an application");
    changed.package.digest = Digest::of(b"another chart");
    let added = Chart { name: "added".to_owned(), ..changed.clone() };
    let gone = release.charts.iter().position(|chart| chart.stage == Stage::Platform).expect("it has a platform");
    release.charts.remove(gone);
    release.charts.push(added);
    release
}

fn release() -> ReleaseManifest {
    let release = ReleaseManifest::parse(include_bytes!("../../../src/core/tests/fixtures/release-v1.json"));
    let mut release = release.expect("the sample release parses");
    release.kubernetes.version = "1.35.4".parse().expect("a version");
    // Single charts and a group.
    for chart in release.charts.iter_mut().filter(|chart| chart.stage == Stage::Platform) {
        chart.order = 10;
    }
    release
}

fn place() -> Place {
    Place { node: "h1".to_owned(), address: "198.18.0.11".to_owned() }
}

fn uninstallation(data: Data, since: Vec<Plan>) -> Plan {
    let install = installation();
    let installed = Installed {
        node: "h1".to_owned(),
        release: install.to().to_owned(),
        install: Some(install),
        since,
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
