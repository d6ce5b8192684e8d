//! The configuration of a simulated machine whose files are real: from the draft to the revision in force, and back.

use std::io::{Cursor, Write as _};
use std::ops::ControlFlow;
use std::time::Duration;

use bridle_bundle::file::{Conditions, OpenedBundle, Stream};
use bridle_bundle::sample::{Sample, trusted};
use bridle_bundle::store::Store;
use bridle_core::configuration::finding::Origin;
use bridle_core::configuration::secret::{SecretDraft, SecretOrder};
use bridle_core::plan::install::plan as install_plan;
use bridle_core::port::sim::SimClock;
use bridle_core::release::{Blob, Chart, Stage};
use bridle_core::step::{ClusterStep, Step};
use bridle_host::files;

use super::*;
use crate::World;
use crate::operations::Ports;

const SITE: &str =
    "# Our site.\nformat = 1\nname = \"demo\"\nhost = \"campus.internal\"\n\n[values.web]\nreplicas = 2 # enough\n";

/// A simulated machine, but for its revisions, which are on this one's disk.
struct Bench {
    dir: tempfile::TempDir,
    layout: Layout,
    clock: Arc<SimClock>,
    operations: Arc<Operations>,
    configurator: Configurator,
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
        let World { host, cluster, sight, .. } = simulated::world(dir.path(), Arc::clone(&clock) as _);
        let ports = Ports {
            host,
            cluster,
            vault: Arc::new(bridle_core::port::sim::SimWorld::default()),
            clock: Arc::clone(&clock) as _,
        };
        let operations = Arc::new(Operations::load(layout.journal_dir(), ports).expect("no journal yet"));
        let configurator =
            Configurator::new(layout.clone(), Arc::clone(&operations), store, sight, Arc::clone(&clock) as _);
        let bench = Self { dir, layout, clock, operations, configurator };
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

const MAIL: &str = "[services.smtp]\nhost = \"mail.internal\"\nfrom = \"a@campus.internal\"\nuser = \"platform\"\n";
const CANARY: &str = "canary-7d1f3c";

impl Bench {
    fn change_secret(&self, value: Option<&str>) -> OperationView {
        let (name, value) = ("smtp-password".to_owned(), value.map(str::to_owned));
        let draft = SecretDraft { name: name.clone(), set: value.is_some() };
        let plan = self.configurator.look_at_secret(&draft).expect("looked").plan.expect("a plan");
        self.configurator.begin_secret(&SecretOrder { name, value, plan, even_in: None }, "ada").expect("begun");
        self.ended()
    }

    /// Every file below the root that holds `text`.
    fn holding(&self, text: &str) -> Vec<std::path::PathBuf> {
        let mut found = Vec::new();
        let mut dirs = vec![self.dir.path().to_owned()];
        while let Some(dir) = dirs.pop() {
            for entry in std::fs::read_dir(&dir).expect("dir").flatten() {
                let path = entry.path();
                if path.is_dir() {
                    dirs.push(path);
                } else if let Ok(bytes) = std::fs::read(&path)
                    && bytes.windows(text.len()).any(|part| part == text.as_bytes())
                {
                    found.push(path);
                }
            }
        }
        found
    }
}

#[test]
fn a_password_is_sealed_reaches_the_charts_by_name_and_stands_nowhere() {
    let bench = Bench::new();
    let draft_of = |name: &str, set| SecretDraft { name: name.to_owned(), set };
    let look = |draft: &SecretDraft| bench.configurator.look_at_secret(draft);
    assert_eq!(look(&draft_of("smtp-password", true)).expect_err("no user").code, FaultCode::SecretNotNeeded);
    assert_eq!(look(&draft_of("root", true)).expect_err("no such").code, FaultCode::SecretUnknown);

    let with_mail = format!("{SITE}{MAIL}");
    let warned = bench.configurator.look(&draft(&with_mail)).expect("looked").findings;
    assert_eq!((warned.len(), warned[0].message.code.as_ref()), (1, "config-secret-absent"));
    assert_eq!(bench.apply(&with_mail).state, OperationState::Committed);
    let view = bench.configurator.secrets().expect("secrets");
    assert!(view.secrets[0].needed && view.secrets[0].set.is_none() && !view.secrets[1].needed);

    let view = look(&draft_of("smtp-password", true)).expect("looked");
    assert_eq!(view.charts.iter().map(|chart| chart.chart.as_str()).collect::<Vec<_>>(), ["web"]);
    let ended = bench.change_secret(Some(CANARY));
    assert_eq!((ended.kind, ended.state), (OperationKind::Configure, OperationState::Committed), "{:?}", ended.fault);
    let (applied, _) = bench.operations.applied();
    let applied = applied.expect("installed");
    assert_eq!(applied.charts["web"].values["global"]["site"]["services"]["secret"], "bridle-site-services");
    assert_eq!(applied.services.namespaces, ["default"]);
    let sealed = Sealed::new(&bench.layout);
    let number = applied.services.secrets["smtp-password"];
    assert_eq!(
        sealed.open("smtp-password", number).map(|password| password.expose().to_owned()),
        Ok(CANARY.to_owned())
    );
    let view = serde_json::to_string(&bench.configurator.secrets().expect("secrets")).expect("json");
    assert!(view.contains("\"set\":") && !view.contains(CANARY), "{view}");
    let warned = bench.configurator.look(&draft(&with_mail)).expect("looked").findings;
    assert_eq!(warned, Vec::new());

    // Another one: the charts are told, so that their pods start anew, and the one before is gone for good.
    let again = bench.change_secret(Some(&format!("{CANARY}-2")));
    assert_eq!(again.state, OperationState::Committed, "{:?}", again.fault);
    assert!(sealed.open("smtp-password", number).is_err());

    assert!(bench.operations.list().expect("journals").len() >= 4);
    for form in [CANARY.to_owned(), hex(CANARY), "Y2FuYXJ5LTdkMWYzY".to_owned()] {
        assert_eq!(bench.holding(&form), Vec::<std::path::PathBuf>::new(), "{form}");
    }
    assert!(!bench.holding("smtp-password").is_empty(), "the search finds what there is");

    let gone = bench.change_secret(None);
    assert_eq!(gone.state, OperationState::Committed, "{:?}", gone.fault);
    let (applied, _) = bench.operations.applied();
    let applied = applied.expect("installed");
    assert!(applied.services.secrets.is_empty());
    assert!(applied.charts["web"].values["global"]["site"]["services"].get("secret").is_none());
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_step_with_the_password_goes_before_the_charts_and_its_removal_after_them() {
    let bench = Bench::new();
    bench.apply(&format!("{SITE}{MAIL}"));
    let order = |plan: &Plan| -> Vec<&'static str> {
        let told = |step: &Step| matches!(step, Step::Cluster(ClusterStep::SiteServices(_) | ClusterStep::Chart(_)));
        plan.steps().iter().filter(|planned| told(&planned.step)).map(|planned| planned.step.name()).collect()
    };
    let plan_of = |view: &OperationView| {
        let (events, _) = bench.operations.follow(&view.id, 0).expect("journal");
        match events.into_iter().next().expect("first").kind {
            bridle_core::event::EventKind::Approved { plan, .. } => *plan,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(order(&plan_of(&bench.change_secret(Some("one")))), ["site-services", "chart"]);
    // The user goes, and with it the password.
    let ended = bench.apply(SITE);
    assert_eq!(order(&plan_of(&ended)), ["chart", "site-services"]);
    assert!(Sealed::new(&bench.layout).in_force().expect("mark").is_empty());
}

#[test]
fn a_password_that_was_not_looked_at_or_cannot_be_one_begins_nothing() {
    let bench = Bench::new();
    bench.apply(&format!("{SITE}{MAIL}"));
    let before = bench.operations.list().expect("journals").len();
    let order = |value: &str, plan| SecretOrder {
        name: "smtp-password".to_owned(),
        value: Some(value.to_owned()),
        plan,
        even_in: None,
    };
    let begin = |order: SecretOrder| bench.configurator.begin_secret(&order, "ada").expect_err("refused");
    assert_eq!(begin(order("x", Digest::of(b"other"))).code, FaultCode::ConfigurationChanged);
    let draft = SecretDraft { name: "smtp-password".to_owned(), set: true };
    let plan = bench.configurator.look_at_secret(&draft).expect("looked").plan.expect("a plan");
    let fault = begin(order("two\nlines", plan));
    assert!(fault.code == FaultCode::SecretInvalid && !format!("{fault:?}").contains("lines"));
    assert_eq!(bench.operations.list().expect("journals").len(), before);
    assert!(bench.configurator.secrets().expect("secrets").secrets[0].set.is_none());
}
