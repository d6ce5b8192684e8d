//! The configuration of a simulated machine whose files are real: from the draft to the revision in force, and back.

use std::io::{Cursor, Write as _};
use std::ops::ControlFlow;
use std::time::Duration;

use bridle_bundle::file::{Conditions, OpenedBundle, Stream};
use bridle_bundle::sample::{Sample, trusted};
use bridle_bundle::store::Store;
use bridle_core::configuration::finding::Origin;
use bridle_core::plan::install::plan as install_plan;
use bridle_core::port::sim::{SimClock, SimWorld};
use bridle_core::port::{Attempt, Host};
use bridle_core::release::{Blob, Chart, Stage};
use bridle_core::step::{HostStep, Standing, Step};
use bridle_host::files;

use super::*;
use crate::operations::Ports;

const SITE: &str =
    "# Our site.\nformat = 1\nname = \"demo\"\nhost = \"campus.internal\"\n\n[values.web]\nreplicas = 2 # enough\n";

/// A simulated machine, but for its revisions, which are on this one's disk.
struct Bench {
    _dir: tempfile::TempDir,
    layout: Layout,
    clock: Arc<SimClock>,
    operations: Arc<Operations>,
    configurator: Configurator,
}

struct Half {
    sim: Arc<SimWorld>,
    revisions: Revisions,
}

impl Host for Half {
    fn probe(&self, step: &HostStep) -> Result<Standing, Fault> {
        match step {
            HostStep::Configuration { revision, text } => self.revisions.standing(*revision, text),
            step => Host::probe(&*self.sim, step),
        }
    }

    fn apply(&self, step: &HostStep, attempt: &mut Attempt<'_>) -> Result<(), Fault> {
        match step {
            HostStep::Configuration { revision, text } => {
                self.revisions.put(*revision, text, bridle_core::port::Timestamp(1))
            }
            step => Host::apply(&*self.sim, step, attempt),
        }
    }

    fn sync(&self, step: &Step) -> Result<(), Fault> {
        self.sim.sync(step)
    }
}

/// A gzipped tar (stored, not compressed) of a chart with a schema.
fn chart() -> Vec<u8> {
    let schema = r#"{"properties":{"replicas":{"type":"integer","minimum":1},"global":{"type":"object"}},"additionalProperties":false}"#;
    let mut tar = Vec::new();
    for (path, text) in [("web/values.yaml", "replicas: 1\n"), ("web/values.schema.json", schema)] {
        let mut header = [0_u8; 512];
        header[..path.len()].copy_from_slice(path.as_bytes());
        header[100..108].copy_from_slice(b"0000644\0");
        header[124..136].copy_from_slice(format!("{:011o}\0", text.len()).as_bytes());
        header[148..156].copy_from_slice(b"        ");
        header[156] = b'0';
        header[257..265].copy_from_slice(b"ustar\x0000");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        tar.extend_from_slice(&header);
        tar.extend_from_slice(text.as_bytes());
        tar.resize(tar.len().next_multiple_of(512), 0);
    }
    tar.resize(tar.len() + 1024, 0);
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(&tar).expect("memory");
    packer.finish().expect("memory")
}

fn sample() -> Sample {
    let package = chart();
    let blob = Blob { digest: Digest::of(&package), size: package.len() as u64 };
    Sample::one().changed(&[&package], |release| {
        release.charts.push(Chart {
            name: "web".to_owned(),
            version: "1.0.0".to_owned(),
            namespace: "default".to_owned(),
            stage: Stage::Application,
            order: 1,
            timeout_seconds: 60,
            values: serde_json::Map::new(),
            package: blob,
            has_crds: false,
            images: Vec::new(),
            renames: Vec::new(),
            migration: None,
            interrupts: true,
        });
    })
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("dir");
        let layout = Layout::under(dir.path());
        files::make_dirs(&layout.run_dir(), 0o755).expect("dir");
        files::make_dirs(&layout.etc_dir(), 0o755).expect("dir");
        files::make_dirs(&layout.data_dir(), 0o711).expect("dir");
        files::write_atomic(&layout.site_file(), SITE.as_bytes(), 0o640).expect("site");
        let sample = sample();
        let store = Store::open(&layout.store_dir()).expect("store");
        let bundle = OpenedBundle::open(Stream(Cursor::new(sample.bundle()))).expect("open");
        let bundle = bundle.verify(&trusted(), &Conditions::default()).expect("verify");
        store.ingest(bundle, 1, &mut |_| ControlFlow::Continue(())).expect("ingest");
        let store = Arc::new(SharedStore::new(store).expect("catalogue"));
        let clock: Arc<SimClock> = Arc::default();
        let sim = Arc::new(SimWorld::default());
        let host = Half { sim: Arc::clone(&sim), revisions: Revisions::on_disk(&layout) };
        let ports = Ports { host: Arc::new(host), cluster: sim, clock: Arc::clone(&clock) as _ };
        let operations = Arc::new(Operations::load(layout.journal_dir(), ports).expect("no journal yet"));
        let configurator = Configurator::new(layout.clone(), Arc::clone(&operations), store, Arc::clone(&clock) as _);
        let bench = Self { _dir: dir, layout, clock, operations, configurator };
        assert_eq!(bench.configurator.look(&draft(SITE)).expect_err("too early").code, FaultCode::NothingInstalled);
        let place = Place { node: "h1".to_owned(), address: "198.18.0.11".to_owned() };
        let site = Site::parse(SITE).expect("sound");
        bench.operations.begin(install_plan(&sample.release, &site, &place).expect("plan"), "root").expect("begun");
        let worker = bench.operations.start().expect("thread");
        bench.ended();
        std::mem::forget(worker); // it ends with the test's process
        bench
    }

    /// Waits until the operation has ended, and does what follows.
    fn ended(&self) -> OperationView {
        for _ in 0..2000 {
            if let Some(view) = self.operations.current().filter(|view| view.state.is_final()) {
                follow(&self.layout, &view, &*self.clock);
                return view;
            }
            std::thread::yield_now();
            bridle_host::clock::SystemClock.sleep(Duration::from_millis(10));
        }
        panic!("no end: {:?}", self.operations.current());
    }

    fn order(&self, text: &str) -> ConfigurationOrder {
        let view = self.configurator.look(&draft(text)).expect("looked");
        ConfigurationOrder { draft: draft(text), plan: view.plan.expect("a plan"), even_in: None }
    }

    fn apply(&self, text: &str) -> OperationView {
        self.configurator.begin(&self.order(text), "ada").expect("begun");
        self.ended()
    }
}

fn draft(text: &str) -> Draft {
    Draft { text: text.to_owned(), restores: None }
}

#[test]
fn from_the_draft_to_the_revision_in_force_and_back() {
    let bench = Bench::new();
    let view = bench.configurator.view().expect("view");
    let first = view.revision.expect("the history has begun");
    assert_eq!((first.number, first.reason, view.differs), (1, Reason::Found, false));
    assert!(first.operation.expect("noted").as_str().ends_with("-install"));

    let more = SITE.replace("replicas = 2", "replicas = 3");
    let looked = bench.configurator.look(&draft(&more)).expect("looked");
    assert_eq!((looked.findings, looked.changes.len(), looked.charts.len()), (Vec::new(), 1, 1));
    assert_eq!(looked.changes[0].key.to_string(), "values.web.replicas");
    assert!(looked.steps.iter().any(|step| step.title.code == "step-configuration"));

    let ended = bench.apply(&more);
    assert_eq!((ended.kind, ended.state), (OperationKind::Configure, OperationState::Committed), "{:?}", ended.fault);
    let view = bench.configurator.view().expect("view");
    let second = view.revision.expect("in force");
    assert_eq!((second.number, second.by.as_str(), view.text.as_str()), (2, "ada", more.as_str()));
    assert_eq!(second.operation, Some(ended.id));
    assert!(view.text.contains("# enough"));

    let back = Draft { restores: Some(1), ..draft(&bench.configurator.revision(1).expect("kept").text) };
    let plan = bench.configurator.look(&back).expect("looked").plan.expect("a plan");
    bench.configurator.begin(&ConfigurationOrder { draft: back, plan, even_in: None }, "ada").expect("begun");
    assert_eq!(bench.ended().state, OperationState::Committed);
    let history = bench.configurator.history().expect("history");
    assert_eq!((history.in_force, history.revisions.len()), (Some(3), 3));
    assert_eq!(history.revisions[0].reason, Reason::Restored { number: 1 });
    assert_eq!(files::read_limited(&bench.layout.site_file(), 9999).expect("read").as_deref(), Some(SITE));
}

#[test]
fn what_does_not_fit_is_told_with_its_place_and_never_begun() {
    let bench = Bench::new();
    for (from, to, code, line) in [
        ("replicas = 2", "replicas = 0", "config-least", 7),
        ("replicas = 2", "replica = 2", "config-no-key-meant", 7),
        ("host =", "hots =", "profile-field-meant", 4),
    ] {
        let text = SITE.replace(from, to);
        let view = bench.configurator.look(&draft(&text)).expect("looked");
        let finding = &view.findings[0];
        assert_eq!((finding.message.code.as_ref(), finding.at.expect("place").line), (code, line));
        assert_eq!((finding.origin, view.plan), (Origin::Site, None));
        let order = ConfigurationOrder { draft: draft(&text), plan: Digest::of(b""), even_in: None };
        assert_eq!(bench.configurator.begin(&order, "ada").expect_err("refused").code, FaultCode::ConfigurationInvalid);
    }
    let fixed = format!("{SITE}[kubernetes]\nservice_cidr = \"10.99.0.0/16\"\n");
    let view = bench.configurator.look(&draft(&fixed)).expect("looked");
    assert_eq!(view.findings[0].message.code, "config-fixed");
    assert_eq!(bench.configurator.history().expect("history").revisions.len(), 1);
}

#[test]
fn a_plan_that_is_not_the_one_that_was_seen_is_refused() {
    let bench = Bench::new();
    let (three, four) = (SITE.replace("replicas = 2", "replicas = 3"), SITE.replace("replicas = 2", "replicas = 4"));
    let seen = bench.order(&three);
    bench.apply(&four);
    assert_eq!(bench.configurator.begin(&seen, "ada").expect_err("outdated").code, FaultCode::ConfigurationChanged);
    assert!(bench.configurator.look(&draft(&four)).expect("looked").plan.is_none(), "nothing would change");
    // By hand, behind the agent's back.
    files::write_atomic(&bench.layout.site_file(), three.as_bytes(), 0o640).expect("write");
    assert!(bench.configurator.view().expect("view").differs);
    assert_eq!(bench.apply(&three).state, OperationState::Committed);
    assert!(!bench.configurator.view().expect("view").differs);
}

#[test]
fn a_critical_period_forbids_what_interrupts_unless_its_name_is_typed() {
    let bench = Bench::new();
    let period = "[[calendar]]\nkind = \"critical\"\nname = \"exams\"\nfrom = 2020-01-01\nto = 2030-01-01\nzone = \"Europe/Paris\"\n";
    let critical = format!("{SITE}{period}");
    // The calendar itself interrupts nothing.
    assert_eq!(bench.apply(&critical).state, OperationState::Committed);
    let more = critical.replace("replicas = 2", "replicas = 3");
    let view = bench.configurator.look(&draft(&more)).expect("looked");
    assert_eq!(view.forbidden.map(|critical| critical.name).as_deref(), Some("exams"));
    let order = bench.order(&more);
    assert_eq!(bench.configurator.begin(&order, "ada").expect_err("critical").code, FaultCode::CriticalPeriod);
    // Leaving the period out of the draft is no way around it.
    let without = bench.order(&SITE.replace("replicas = 2", "replicas = 3"));
    assert_eq!(bench.configurator.begin(&without, "ada").expect_err("critical").code, FaultCode::CriticalPeriod);
    let order = ConfigurationOrder { even_in: Some("exams".to_owned()), ..order };
    bench.configurator.begin(&order, "ada").expect("typed");
    assert_eq!(bench.ended().state, OperationState::Committed);
}
