use std::time::Duration;

use bridle_core::event::OperatorCommand;
use bridle_core::message::Message;
use bridle_core::plan::install::{Place, plan as install_plan};
use bridle_core::port::Clock as _;
use bridle_core::port::sim::{SimClock, SimWorld};
use bridle_core::release::ReleaseManifest;
use bridle_core::removal::Thing;
use bridle_core::site::Site;

use super::*;
use crate::observe::Seen;
use crate::operations::Ports;

/// Kubernetes does not answer.
struct Dark;

impl Sight for Dark {
    fn look(&self) -> Result<Seen, Fault> {
        Err(Fault::new(FaultCode::KubernetesRefused).detail(Message::new("unseen-kubernetes-silent")))
    }
}

struct Bench {
    _dir: tempfile::TempDir,
    layout: Layout,
    operations: Arc<Operations>,
    remover: Remover,
}

/// An agent over a simulated machine, on which the sample release is installed.
fn bench() -> Bench {
    let dir = tempfile::tempdir().expect("dir");
    let layout = Layout::under(dir.path());
    files::make_dirs(&layout.run_dir(), 0o755).expect("dir");
    files::make_dirs(&layout.volumes_dir().join("campus/data"), 0o700).expect("volume");
    files::make_dirs(&layout.etc_dir(), 0o755).expect("dir");
    let site = Site { name: "campus-demo".to_owned(), ..Site::default() };
    files::write_atomic(&layout.site_file(), site.to_toml().expect("toml").as_bytes(), 0o640).expect("site");
    let world = Arc::new(SimWorld::default());
    let clock: Arc<SimClock> = Arc::default();
    let ports = Ports { host: Arc::clone(&world) as _, cluster: Arc::clone(&world) as _, vault: world, clock };
    let operations = Arc::new(Operations::load(layout.journal_dir(), ports).expect("no journal yet"));
    let remover = Remover::new(layout.clone(), Arc::clone(&operations), Arc::new(Dark));
    let release = include_bytes!("../../../core/tests/fixtures/release-v1.json");
    let release = ReleaseManifest::parse(release).expect("fixture parses");
    let place = Place { node: "h1".to_owned(), address: "198.18.0.11".to_owned() };
    operations.begin(install_plan(&release, &site, &place).expect("plan"), "root").expect("begun");
    Bench { _dir: dir, layout, operations, remover }
}

impl Bench {
    /// Lets the agent's thread work until the operation has ended.
    fn run(&self) -> OperationView {
        let (tell, told) = std::sync::mpsc::channel();
        self.operations.when_ended(Box::new(move |view| drop(tell.send(view.clone()))));
        let worker = self.operations.start().expect("thread");
        let ended = told.recv_timeout(Duration::from_secs(20)).expect("ends");
        self.operations.close();
        worker.join().expect("thread");
        ended
    }

    /// The same after another start of the agent.
    fn anew(self) -> Self {
        let world = Arc::new(SimWorld::default());
        let clock: Arc<SimClock> = Arc::default();
        clock.sleep(Duration::from_secs(3600));
        let ports = Ports { host: Arc::clone(&world) as _, cluster: Arc::clone(&world) as _, vault: world, clock };
        let operations = Arc::new(Operations::load(self.layout.journal_dir(), ports).expect("journals"));
        let remover = Remover::new(self.layout.clone(), Arc::clone(&operations), Arc::new(Dark));
        Self { operations, remover, ..self }
    }

    fn installed() -> Self {
        let bench = bench();
        assert_eq!(bench.run().state, OperationState::Committed);
        let bench = bench.anew();
        assert_eq!(bench.operations.installed().as_deref(), Some("campus-1.0.0"));
        bench
    }
}

fn order(view: &RemovalView, confirm: Option<&str>) -> RemovalOrder {
    RemovalOrder { data: view.data, plan: view.plan, confirm: confirm.map(str::to_owned) }
}

fn code(result: Result<OperationView, Fault>) -> FaultCode {
    result.expect_err("refused").code
}

#[test]
fn what_was_looked_at_is_what_runs() {
    let bench = Bench::installed();
    let view = bench.remover.view(Data::Delete).expect("view");
    assert_eq!(view.names, ["campus-demo", "campus-1.0.0"]);
    assert!(view.staying.is_empty() && view.going.iter().any(|item| item.thing == Thing::Volume));
    let other =
        RemovalOrder { plan: bench.remover.view(Data::Keep).expect("view").plan, ..order(&view, Some("campus-demo")) };
    assert_eq!(code(bench.remover.begin(&other, "root")), FaultCode::RemovalChanged);
    assert_eq!(code(bench.remover.begin(&order(&view, None), "root")), FaultCode::RemovalUnconfirmed);
    assert_eq!(code(bench.remover.begin(&order(&view, Some("campus")), "root")), FaultCode::RemovalNameWrong);
    assert_eq!(bench.operations.list().expect("list").len(), 1, "nothing was begun");

    let begun = bench.remover.begin(&order(&view, Some("campus-demo")), "root").expect("begun");
    assert!(begun.id.as_str().ends_with("-uninstall"));
    assert_eq!(bench.operations.installed().as_deref(), Some("campus-1.0.0"));
    assert_eq!(bench.run().state, OperationState::Committed);
    assert_eq!(bench.operations.installed(), None);
    assert_eq!(bench.anew().operations.installed(), None, "also for the next start");
}

#[test]
fn one_operation_at_a_time_and_no_way_back() {
    let bench = Bench::installed();
    let view = bench.remover.view(Data::Keep).expect("view");
    let held = installer::keep_out(&bench.layout).expect("free");
    assert_eq!(code(bench.remover.begin(&order(&view, None), "root")), FaultCode::InstallerRunning);
    drop(held);
    let begun = bench.remover.begin(&order(&view, None), "root").expect("begun");
    assert_eq!(code(bench.remover.begin(&order(&view, None), "root")), FaultCode::OperationRunning);
    let abort = bench.operations.command(&begun.id, OperatorCommand::Abort, "root");
    assert_eq!(abort.expect_err("refused").code, FaultCode::RemovalFinal);
    bench.operations.command(&begun.id, OperatorCommand::Pause, "root").expect("a pause is no way back");
}

#[test]
fn a_removal_that_was_begun_goes_on_with_the_next_start() {
    let bench = Bench::installed();
    let view = bench.remover.view(Data::Keep).expect("view");
    let begun = bench.remover.begin(&order(&view, None), "root").expect("begun");
    let bench = bench.anew();
    let ended = bench.run();
    assert_eq!((ended.id, ended.state), (begun.id, OperationState::Committed));
}

#[test]
fn all_data_go_only_for_the_name_of_the_platform() {
    let names = ["campus-demo".to_owned(), "campus-1.0.0".to_owned()];
    for good in &names {
        assert_eq!(confirmed(Some(good), &names), Ok(()));
    }
    for bad in ["", "campus", "campus-demo ", "Campus-Demo", "yes"] {
        let fault = confirmed(Some(bad), &names).expect_err(bad);
        assert_eq!(fault.code, FaultCode::RemovalNameWrong, "{bad}");
    }
    let fault = confirmed(None, &names).expect_err("unconfirmed");
    assert_eq!((fault.code, fault.code.exit() as u8), (FaultCode::RemovalUnconfirmed, 4));
}

/// Alters one byte in line `number` of the newest journal.
fn damage(bench: &Bench, number: usize) {
    let dir = bench.layout.journal_dir();
    let id = bridle_host::journal::list(&dir).expect("list").pop().expect("one");
    let path = dir.join(format!("{id}.journal"));
    let mut bytes = std::fs::read(&path).expect("journal");
    let line: usize = bytes.split_inclusive(|byte| *byte == b'\n').take(number - 1).map(<[u8]>::len).sum();
    bytes[line + 40] ^= 1;
    files::write_atomic(&path, &bytes, 0o640).expect("damaged");
}

#[test]
fn after_a_damaged_journal_only_an_uninstallation_begins() {
    let bench = Bench::installed();
    let journal = bench.layout.journal_dir();
    damage(&bench, 3);
    let bench = bench.anew();
    let faults = bench.operations.faults();
    assert_eq!(faults.iter().map(|fault| fault.code).collect::<Vec<_>>(), [FaultCode::JournalDamaged]);
    assert_eq!(bench.operations.list(), Ok(Vec::new()), "its state is not known");
    assert_eq!(bench.operations.quiet().err().expect("refused").code, FaultCode::JournalDamaged);
    let release = include_bytes!("../../../core/tests/fixtures/release-v1.json");
    let release = ReleaseManifest::parse(release).expect("fixture parses");
    let place = Place { node: "h1".to_owned(), address: "198.18.0.11".to_owned() };
    let install = install_plan(&release, &Site::default(), &place).expect("plan");
    assert_eq!(code(bench.operations.begin(install, "root")), FaultCode::JournalDamaged);
    // The plan stands in the first record, so the data's secrets are known; the journal stays as it is.
    let before = std::fs::read_dir(&journal).expect("list").count();
    let view = bench.remover.view(Data::Keep).expect("view");
    assert_eq!(view.release, "campus-1.0.0");
    bench.remover.begin(&order(&view, None), "root").expect("begun");
    assert_eq!(std::fs::read_dir(&journal).expect("list").count(), before + 1);
    let bench = bench.anew();
    assert_eq!(bench.operations.faults().len(), 1);
    assert_eq!(bench.run().state, OperationState::Committed);
}

#[test]
fn without_its_plan_data_are_not_kept_but_can_be_given_up() {
    let bench = Bench::installed();
    damage(&bench, 1);
    let bench = bench.anew();
    assert_eq!(bench.remover.view(Data::Keep).expect_err("its secrets").code, FaultCode::JournalDamaged);
    let view = bench.remover.view(Data::Delete).expect("view");
    assert_eq!(view.names, ["campus-demo"]);
    bench.remover.begin(&order(&view, Some("campus-demo")), "root").expect("begun");
    assert_eq!(bench.run().state, OperationState::Committed);
}

#[test]
fn what_followed_the_last_end_is_not_repeated_where_something_unknown_came_after() {
    let bench = Bench::installed();
    let view = bench.remover.view(Data::Keep).expect("view");
    bench.remover.begin(&order(&view, None), "root").expect("begun");
    damage(&bench, 1);
    let bench = bench.anew();
    let acted = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let act = Arc::clone(&acted);
    bench.operations.when_ended(Box::new(move |_| act.store(true, std::sync::atomic::Ordering::Relaxed)));
    assert!(!acted.load(std::sync::atomic::Ordering::Relaxed), "it would forget the secrets that were kept since");
}
