//! The sample release, installed by Bridle on a fresh host.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bridle_core::event::{Event, EventKind};
use bridle_core::message::Language;
use bridle_journeys::campus::{Campus, FrontDoor, Installation};
use bridle_journeys::testhost::{Host, Lab};

use crate::Outcome;
use crate::hosts::Want;
use crate::sample::Sampler;

/// How long green may take after a restart.
pub const GREEN_LIMIT: Duration = Duration::from_secs(15 * 60);
/// Size of the hosts' disks.
pub const DISK_GIB: u32 = 16;
/// How long the agent is watched at rest, and how long it may settle before.
const REST: Duration = Duration::from_secs(60);
/// So many steps are named.
const LONGEST: usize = 6;
/// The kernel's unit of processor time (`sysconf(_SC_CLK_TCK)` on every Linux of ours).
const TICKS: f64 = 100.0;

/// What was measured.
#[derive(Debug)]
pub struct Ours {
    /// From the command to its end, which comes after its own probes.
    pub install: Duration,
    /// Most bytes that the disk held more than before.
    pub peak: u64,
    /// Bytes of the compressed blobs in the store.
    pub blobs: u64,
    /// Bytes of the unpacked snapshots.
    pub snapshots: u64,
    /// What else is on the disk, in words.
    pub shares: String,
    /// What the steps of the operation took, in words.
    pub times: String,
    /// From power on to the first time that users are served.
    pub restart: Option<Duration>,
    /// MiB and percent of a core.
    pub rest: Option<(f64, f64)>,
}

/// Installs and measures.
pub fn measure(campus: &Campus, want: Want) -> Outcome<Ours> {
    let lab = Lab::new("bench")?;
    let mut host = lab.host("b1").disk_gib(DISK_GIB).build()?;
    host.boot()?;
    let installation = Installation::prepare(&host, campus)?;
    let before = host.disk_usage()?.used;
    let sampler = Sampler::start(host.disk_root());
    eprintln!("installing with Bridle");
    let began = Instant::now();
    let output = installation.run()?;
    let install = began.elapsed();
    if !output.success() {
        return Err(format!("the installation failed: {}{}", output.stdout, output.stderr).into());
    }
    let student = served(&host)?;
    host.run_ok(["sync"])?;
    let peak = sampler.stop().saturating_sub(before);
    let mut ours = Ours {
        install,
        peak,
        blobs: used(&host, "/var/lib/bridle/store")?,
        snapshots: used(&host, "/var/lib/rancher/k3s/agent/containerd/io.containerd.snapshotter.v1.overlayfs")?,
        shares: shares(&host)?,
        times: times(&installation),
        restart: None,
        rest: None,
    };
    if want.rest {
        eprintln!("watching the agent at rest");
        std::thread::sleep(REST);
        ours.rest = Some(rest(&host)?);
    }
    if want.restart {
        eprintln!("restarting");
        host.poweroff()?;
        let began = Instant::now();
        host.boot()?;
        wait_served(&host, &student)?;
        ours.restart = Some(began.elapsed());
    }
    Ok(ours)
}

/// Users are served: the page, and an enrolment that is written and read back. Gives its id.
pub fn served(host: &Host) -> Outcome<String> {
    let front = FrontDoor::of(host)?;
    front.page()?;
    let id = front.enrol("bench")?;
    front.enrolment(&id)?;
    Ok(id)
}

/// Waits until the page and an earlier enrolment can be read.
pub fn wait_served(host: &Host, student: &str) -> Outcome<()> {
    let front = FrontDoor::of(host)?;
    let green = || front.page().is_ok() && front.enrolment(student).is_ok();
    Ok(host.wait_until("green", GREEN_LIMIT, green)?)
}

fn used(host: &Host, path: &str) -> Outcome<u64> {
    Ok(host.shell(&format!("du -s --block-size=1 {path} | cut -f1"))?.parse()?)
}

fn shares(host: &Host) -> Outcome<String> {
    let paths = [
        ("what k3s unpacks of itself", "/var/lib/rancher/k3s/data"),
        ("cluster state", "/var/lib/rancher/k3s/server"),
        ("volumes", "/var/lib/bridle/volumes"),
        ("logs", "/var/log"),
    ];
    let mut words = Vec::new();
    for (name, path) in paths {
        words.push(format!("{name} {:.0} MB", used(host, path)? as f64 / 1e6));
    }
    Ok(words.join(", "))
}

/// The sum of all steps and the longest ones; what is missing to the whole is checking, copying and starting the agent.
fn times(installation: &Installation<'_>) -> String {
    let (mut titles, mut taken) = (BTreeMap::new(), Vec::new());
    let events = installation.records().into_iter().filter_map(|record| serde_json::from_value::<Event>(record).ok());
    for event in events {
        match event.kind {
            EventKind::Approved { plan, .. } => {
                titles = plan.steps().iter().map(|step| (step.id, step.step.title().render(Language::En))).collect();
            }
            EventKind::Done { step, millis, .. } => taken.push((millis, step)),
            _ => {}
        }
    }
    taken.sort_unstable();
    let seconds = |millis: u64| format!("{:.1} s", millis as f64 / 1e3);
    let longest =
        taken.iter().rev().take(LONGEST).map(|(millis, step)| {
            format!("{} {}", titles.get(step).map_or("a step", String::as_str), seconds(*millis))
        });
    let longest: Vec<String> = longest.collect();
    format!("steps {}: {}", seconds(taken.iter().map(|(millis, _)| millis).sum()), longest.join(", "))
}

/// Resident memory in MiB, and processor time in percent of a core.
fn rest(host: &Host) -> Outcome<(f64, f64)> {
    let pid = host.shell("systemctl show --property=MainPID --value bridle-agent")?;
    let ticks = || -> Outcome<f64> {
        // Fields 14 and 15 of proc_pid_stat(5), counted behind the name, which may hold blanks.
        let stat = host.shell(&format!("cat /proc/{pid}/stat"))?;
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let field = |index: usize| fields.get(index).and_then(|text| text.parse::<f64>().ok()).ok_or("no such field");
        Ok(field(11)? + field(12)?)
    };
    let (began, first) = (Instant::now(), ticks()?);
    std::thread::sleep(REST);
    let percent = (ticks()? - first) / TICKS / began.elapsed().as_secs_f64() * 100.0;
    let memory = host.shell(&format!("grep ^VmRSS: /proc/{pid}/status"))?;
    let kib: f64 = memory.split_whitespace().nth(1).ok_or("no VmRSS")?.parse()?;
    Ok((kib / 1024.0, percent))
}
