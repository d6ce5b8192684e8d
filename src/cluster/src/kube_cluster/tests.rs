use bridle_core::fault::FaultCode;
use bridle_core::port::sim::SimClock;
use bridle_core::port::{Command, CommandError, CommandOutput};
use bridle_core::release::{Namespace, PodSecurity};
use bridle_core::step::ChartStep;
use serde_json::json;

use super::*;
use crate::fake::{FakeApi, Folder, Memory, OnePair, Told, attempt, is_missing, runtime};

/// Helm is absent from this host.
struct NoHelm;

impl Process for NoHelm {
    fn run(&self, command: &Command, _stop: &dyn Fn() -> bool) -> Result<CommandOutput, CommandError> {
        Err(CommandError::Start { program: command.program.clone(), source: std::io::ErrorKind::NotFound.into() })
    }
}

/// Nothing is kept of what the cluster knew.
struct NoExports;

impl bridle_core::port::Exports for NoExports {
    fn holds(&self, _point: &str, _name: &str) -> Result<bool, Fault> {
        Ok(false)
    }

    fn keep(&self, _point: &str, _name: &str, _text: &str) -> Result<(), Fault> {
        Ok(())
    }
}

/// The API was never away.
struct NoOutages;

impl Outages for NoOutages {
    fn last(&self) -> Result<Option<bridle_core::outage::Outage>, Fault> {
        Ok(None)
    }
}

/// There is no room for copies on this host.
struct NoCopies;

impl Copies for NoCopies {
    fn holds(&self, _point: &str, _source: &str) -> Result<bool, Fault> {
        Ok(false)
    }

    fn begin(&self, _point: &str, _source: &str) -> Result<Box<dyn bridle_core::port::OpenCopy>, Fault> {
        Err(Fault::new(FaultCode::NoSpace).with("path", "copies"))
    }

    fn open(&self, point: &str, source: &str) -> Result<(Box<dyn Read>, Proof), Fault> {
        Err(Fault::new(FaultCode::CopyDamaged).with("point", point).with("source", source).with("path", "copies"))
    }

    fn base(&self, point: &str, source: &str) -> Result<bridle_core::backup::wal::base_backup::Base, Fault> {
        self.open(point, source).map(|_| unreachable!("nothing opens"))
    }

    fn files(&self, _: &str, _: &DataSource, _: &[String], _: &mut Attempt<'_>) -> Result<(), Fault> {
        Err(Fault::new(FaultCode::NoSpace).with("path", "copies"))
    }

    fn put_back_files(&self, point: &str, source: &DataSource, _: &mut Attempt<'_>) -> Result<(), Fault> {
        self.open(point, &source.name).map(drop)
    }

    fn is_back(&self, _point: &str, _source: &str) -> Result<bool, Fault> {
        Ok(false)
    }

    fn say_back(&self, _point: &str, _source: &str) -> Result<(), Fault> {
        Err(Fault::new(FaultCode::NoSpace).with("path", "copies"))
    }

    fn measure(&self, _namespace: &str, claims: &[String]) -> Result<u64, Fault> {
        Ok(1000 * claims.len() as u64)
    }

    fn last_size(&self, _source: &str) -> Option<u64> {
        None
    }
}

fn cluster(fake: &FakeApi, runtime: &tokio::runtime::Runtime, blobs: Folder) -> KubeCluster {
    KubeCluster::with_client(
        fake.client(runtime),
        Setup {
            runtime: runtime.handle().clone(),
            kubeconfig: PathBuf::from("/etc/k3s.yaml"),
            helm: Arc::new(|| Ok(PathBuf::from("/opt/helm"))),
            process: Arc::new(NoHelm),
            blobs: Arc::new(blobs),
            certificates: Arc::new(OnePair { certificate: String::new(), key: String::new() }),
            kept: Arc::new(Memory::default()),
            sealed: Arc::new(crate::secrets::services::tests::Drawer::default()),
            copies: Arc::new(NoCopies),
            exports: Arc::new(NoExports),
            outages: Arc::new(NoOutages),
            clock: Arc::new(SimClock::default()),
            scratch: PathBuf::from("/run/helm"),
        },
    )
}

#[test]
fn a_step_is_missing_then_applied_then_done() {
    let (fake, runtime) = (FakeApi::default(), runtime());
    let cluster = cluster(&fake, &runtime, Folder::new());
    let namespaces = vec![Namespace { name: "campus".to_owned(), pod_security: PodSecurity::Baseline }];
    let step = ClusterStep::Namespaces { namespaces };
    assert!(is_missing(&cluster.probe(&step)));
    attempt(10, &mut Told::default(), |at| cluster.apply(&step, at)).expect("applied");
    assert_eq!(cluster.probe(&step), Ok(Standing::Done));
    attempt(10, &mut Told::default(), |at| cluster.apply(&step, at)).expect("applied twice");
    assert_eq!(cluster.probe(&step), Ok(Standing::Done));

    let gone = ClusterStep::ChartGone { name: "api".to_owned(), namespace: "campus".to_owned() };
    assert_eq!(cluster.probe(&gone), Ok(Standing::Done));
    let node = ClusterStep::NodeReady { node: "h1".to_owned(), version: None };
    assert!(is_missing(&cluster.probe(&node)));
    fake.put("/version", json!({ "gitVersion": "v1" }));
    assert_eq!(cluster.observe().expect("snapshot").version, "v1");
}

#[test]
fn without_helm_or_certificate_the_fault_says_so() {
    let (fake, runtime) = (FakeApi::default(), runtime());
    let blobs = Folder::new();
    let package = blobs.add(b"chart");
    let cluster = cluster(&fake, &runtime, blobs);
    let chart = ChartStep {
        name: "api".to_owned(),
        version: "1.0.0".to_owned(),
        namespace: "campus".to_owned(),
        package,
        values: serde_json::Map::new(),
        timeout_seconds: 60,
    };
    let step = ClusterStep::Chart(Box::new(chart));
    let fault = attempt(60, &mut Told::default(), |at| cluster.apply(&step, at)).expect_err("no helm");
    assert_eq!(fault.code, FaultCode::ProgramFailed);

    let probes =
        ClusterStep::Probes { probes: Vec::new(), host: "campus.internal".to_owned(), address: "127.0.0.1".to_owned() };
    assert_eq!(cluster.probe(&probes).expect_err("no certificate").code, FaultCode::ProbeFailed);
}

#[test]
fn a_soak_is_never_done_before_and_only_once_after() {
    let (fake, runtime) = (FakeApi::default(), runtime());
    let key = rcgen::KeyPair::generate().expect("key");
    let parameters = rcgen::CertificateParams::new(vec!["campus.internal".to_owned()]).expect("parameters");
    let certificate = parameters.self_signed(&key).expect("certificate").pem();
    let mut cluster = cluster(&fake, &runtime, Folder::new());
    cluster.certificates = Arc::new(OnePair { certificate, key: key.serialize_pem() });
    let soak = Soak {
        seconds: 30,
        breaks: 0,
        charts: Vec::new(),
        probes: Vec::new(),
        host: "campus.internal".to_owned(),
        address: "127.0.0.1".to_owned(),
    };
    let step = ClusterStep::Soak(Box::new(soak.clone()));
    assert!(is_missing(&cluster.probe(&step)));
    attempt(300, &mut Told::default(), |at| cluster.apply(&step, at)).expect("held");
    assert_eq!(cluster.probe(&step), Ok(Standing::Done));
    assert!(is_missing(&cluster.probe(&step)), "the next operation is watched anew");

    attempt(300, &mut Told::default(), |at| cluster.apply(&step, at)).expect("held");
    let longer = ClusterStep::Soak(Box::new(Soak { seconds: 31, ..soak }));
    assert!(is_missing(&cluster.probe(&longer)), "another one was held");
    attempt(300, &mut Told::default(), |at| cluster.apply(&step, at)).expect("held");
    attempt(20, &mut Told::default(), |at| cluster.apply(&step, at)).expect_err("too short");
    assert!(is_missing(&cluster.probe(&step)), "what was held before does not count");
}

#[test]
fn a_command_that_wrote_and_failed_is_not_waited_for() {
    let fault = Fault::new;
    for (code, written, expected) in [
        (FaultCode::DatabaseUnreachable, 0, true),
        (FaultCode::SourceUnreachable, 7, true),
        (FaultCode::KubernetesRefused, 7, true),
        (FaultCode::PodCommandFailed, 0, true),
        (FaultCode::PodCommandFailed, 1, false),
        (FaultCode::StreamUnproven, 0, false),
        (FaultCode::DeadlinePassed, 0, false),
    ] {
        assert_eq!(passes(&fault(code), written), expected, "{code:?} after {written} bytes");
    }
}
