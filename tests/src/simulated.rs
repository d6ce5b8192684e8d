//! The real agent over a simulated machine: to look at it where no host can be booted.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bridle_agent::{AgentOptions, Seen, Sight, World};
use bridle_core::event::{Event, EventKind};
use bridle_core::fault::Fault;
use bridle_core::journal::FORMAT;
use bridle_core::message::Message;
use bridle_core::operation::OperationId;
use bridle_core::plan::install::{Place, plan};
use bridle_core::port::sim::SimWorld;
use bridle_core::port::{Attempt, Clock, Cluster, Host};
use bridle_core::release::ReleaseManifest;
use bridle_core::site::Site;
use bridle_core::status::{NodeView, WorkloadView};
use bridle_core::step::{ClusterStep, HostStep, Standing, Step};
use bridle_host::clock::SystemClock;
use bridle_host::layout::Layout;
use bridle_host::{files, journal};

/// So long each simulated step takes.
const STEP: Duration = Duration::from_millis(700);
/// The simulated host's name.
const NODE: &str = "simulated";

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Writes an approved plan below `root`, runs the agent over a simulated world there, and follows the operation with the
/// real command line built from the checkout.
///
/// # Errors
/// What failed, in words.
pub fn show(checkout: &Path, root: &Path) -> Outcome<ExitStatus> {
    let layout = Layout::under(root);
    files::make_dirs(&layout.etc_dir(), 0o755)?;
    let site = Site { host: "campus.internal".to_owned(), ..Site::default() };
    files::write_atomic(&layout.site_file(), site.to_toml()?.as_bytes(), 0o644)?;
    approve(&layout, &site)?;
    // A port that the kernel has just given is free for the agent.
    let registry_port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let options = AgentOptions { root: root.to_owned(), registry_port };
    std::thread::spawn(move || {
        if let Err(error) = bridle_agent::run_over(&options, world()) {
            eprintln!("simulated agent: {error}");
        }
    });
    crate::testhost::wait_until("the simulated agent", Duration::from_secs(20), || layout.socket().exists())?;
    let bridle = command_line(checkout)?;
    for words in [["operation", "attach"], ["operation", "show"], ["operation", "list"]] {
        let mut command = Command::new(&bridle);
        command.args(words).arg("--socket").arg(layout.socket()).arg("--data").arg(layout.data_dir());
        let status = command.stdin(Stdio::null()).status()?;
        if !status.success() || words[1] == "list" {
            return Ok(status);
        }
    }
    Err("no command was run".into())
}

/// Runs the agent over a simulated world below `root` until it is told to stop, with the real store and registry.
///
/// # Errors
/// Why it cannot start, in words.
pub fn agent(root: &Path, registry_port: u16) -> Outcome<()> {
    Ok(bridle_agent::run_over(&AgentOptions { root: root.to_owned(), registry_port }, world())?)
}

/// The command line, built beside this program.
fn command_line(checkout: &Path) -> Outcome<PathBuf> {
    let built =
        Command::new("cargo").args(["build", "--quiet", "--package", "bridle"]).current_dir(checkout).status()?;
    if !built.success() {
        return Err(format!("cargo build ended with {built}").into());
    }
    let own = std::env::current_exe()?;
    Ok(own.parent().ok_or("a program lies in a folder")?.join("bridle"))
}

fn approve(layout: &Layout, site: &Site) -> Outcome<()> {
    let release = ReleaseManifest::parse(include_bytes!("../../src/core/tests/fixtures/release-v1.json"))?;
    let place = Place { node: NODE.to_owned(), address: "127.0.0.1".to_owned() };
    let plan = plan(&release, site, &place)?;
    let time = SystemClock.now();
    let kind = EventKind::Approved { format: FORMAT, by: "demo".to_owned(), plan: Box::new(plan.clone()) };
    let first = Event { seq: 1, operation: OperationId::new(time, plan.kind()), time, kind };
    journal::create(&layout.journal_dir(), &first).map_err(|fault| format!("{fault:?}"))?;
    Ok(())
}

fn world() -> World {
    let slow = Arc::new(Slow(SimWorld::default()));
    World { host: Arc::clone(&slow) as _, cluster: Arc::clone(&slow) as _, sight: slow, clock: Arc::new(SystemClock) }
}

/// A simulated world in which things take some time, so that there is something to see.
struct Slow(SimWorld);

impl Slow {
    fn take(attempt: &mut Attempt<'_>) {
        attempt.progress.waiting(Message::new("wait-kubernetes-api"));
        SystemClock.sleep(STEP);
    }
}

impl Host for Slow {
    fn probe(&self, step: &HostStep) -> Result<Standing, Fault> {
        Host::probe(&self.0, step)
    }

    fn apply(&self, step: &HostStep, attempt: &mut Attempt<'_>) -> Result<(), Fault> {
        Self::take(attempt);
        Host::apply(&self.0, step, attempt)
    }

    fn sync(&self, step: &Step) -> Result<(), Fault> {
        self.0.sync(step)
    }
}

impl Cluster for Slow {
    fn probe(&self, step: &ClusterStep) -> Result<Standing, Fault> {
        Cluster::probe(&self.0, step)
    }

    fn apply(&self, step: &ClusterStep, attempt: &mut Attempt<'_>) -> Result<(), Fault> {
        Self::take(attempt);
        Cluster::apply(&self.0, step, attempt)
    }
}

impl Sight for Slow {
    fn look(&self) -> Result<Seen, Fault> {
        let node = NodeView { name: NODE.to_owned(), ready: true, version: "simulated".to_owned(), reason: None };
        let charts = self.0.effects().into_keys().filter_map(|key| key.strip_prefix("chart/").map(str::to_owned));
        let workloads = charts.map(|name| WorkloadView {
            kind: "Deployment".to_owned(),
            namespace: "campus".to_owned(),
            name,
            wanted: 1,
            ready: 1,
            reason: None,
        });
        Ok((vec![node], workloads.collect()))
    }
}
