//! The doubles of the ports: a small world in memory that obeys the same rules, in no time at all.

mod crash_fs;
mod disk_world;

pub use crash_fs::{CrashFs, PowerCut, Survive, Trouble};
pub use disk_world::DiskWorld;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Mutex;
use std::time::Duration;

use super::{Attempt, Clock, Cluster, Host, Timestamp, Vault};
use crate::backup::plan::VaultStep;
use crate::engine::{Inbox, Journal, Observer};
use crate::event::{Event, OperatorCommand};
use crate::fault::{Fault, FaultCode};
use crate::message::Message;
use crate::step::{ChartStep, ClusterStep, HostStep, Standing, Step};

/// A clock that goes forward only when somebody waits, and whose wall clock an administrator may set.
#[derive(Debug)]
pub struct SimClock {
    passed: Mutex<Duration>,
    /// The wall clock when nothing had passed, in milliseconds since 1970.
    start: Mutex<u64>,
}

impl Default for SimClock {
    fn default() -> Self {
        Self { passed: Mutex::new(Duration::ZERO), start: Mutex::new(1_795_000_000_000) }
    }
}

impl SimClock {
    /// Sets the wall clock by this many milliseconds, at most back to 1970; the monotonic clock does not notice.
    pub fn jump(&self, by: i64) {
        let mut start = lock(&self.start);
        *start = start.saturating_add_signed(by);
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        Timestamp(lock(&self.start).saturating_add(u64::try_from(self.monotonic().as_millis()).unwrap_or(u64::MAX)))
    }

    fn monotonic(&self) -> Duration {
        *lock(&self.passed)
    }

    fn sleep(&self, duration: Duration) {
        *lock(&self.passed) += duration;
    }
}

/// What steps leave in the world: a key is there, with its content.
type Effects = BTreeMap<String, String>;
/// One thing that a step leaves: key and content; no content = the key must be absent.
type Effect = (String, Option<String>);

/// A host and a cluster whose effects are entries of a map: a live one and one that a power cut leaves.
#[derive(Debug, Default)]
pub struct SimWorld {
    live: Mutex<Effects>,
    durable: Mutex<Effects>,
    script: Mutex<Script>,
}

#[derive(Debug, Default)]
struct Script {
    failures: BTreeMap<String, u32>,
    without_effect: BTreeSet<String>,
    applied: Vec<String>,
}

impl SimWorld {
    /// Makes the next `times` attempts at steps of this name fail (after half of their effect).
    pub fn fail(&self, name: &str, times: u32) {
        lock(&self.script).failures.insert(name.to_owned(), times);
    }

    /// Makes steps of this name succeed without an effect.
    pub fn without_effect(&self, name: &str) {
        lock(&self.script).without_effect.insert(name.to_owned());
    }

    /// Everything that was not synced is gone.
    pub fn power_cut(&self) {
        *lock(&self.live) = lock(&self.durable).clone();
    }

    /// The effects that are there.
    #[must_use]
    pub fn effects(&self) -> BTreeMap<String, String> {
        lock(&self.live).clone()
    }

    /// Puts there, on disk, what `step` makes.
    pub fn put(&self, step: &Step) {
        let effects = match step {
            Step::Host(step) => vec![host_effect(step)],
            Step::Cluster(step) => cluster_effects(step),
            Step::Vault(step) => vec![vault_effect(step)],
        };
        for world in [&self.live, &self.durable] {
            let mut world = lock(world);
            for (key, want) in &effects {
                match want {
                    Some(value) => world.insert(key.clone(), value.clone()),
                    None => world.remove(key),
                };
            }
        }
    }

    /// Names of the steps that were applied, in order.
    #[must_use]
    pub fn applied(&self) -> Vec<String> {
        lock(&self.script).applied.clone()
    }

    fn standing(&self, effects: Vec<Effect>) -> Standing {
        let live = lock(&self.live);
        match effects.into_iter().find(|(key, want)| live.get(key) != want.as_ref()) {
            None => Standing::Done,
            Some((key, _)) => Standing::Missing(Message::new("sim-missing").with("what", key)),
        }
    }

    fn change(&self, name: &str, mut effects: Vec<Effect>) -> Result<(), Fault> {
        let mut script = lock(&self.script);
        script.applied.push(name.to_owned());
        let failing = script.failures.get_mut(name).filter(|left| **left > 0);
        let failed = match failing {
            Some(left) => {
                *left -= 1;
                // Of several, the last one is half done.
                effects.pop()
            }
            None => None,
        };
        let mut live = lock(&self.live);
        if !script.without_effect.contains(name) {
            for (key, want) in effects {
                match want {
                    Some(value) => live.insert(key, value),
                    None => live.remove(&key),
                };
            }
        }
        match failed {
            Some((key, _)) => {
                live.insert(key, "half".to_owned());
                Err(Fault::new(FaultCode::ProgramFailed).with("program", name))
            }
            None => Ok(()),
        }
    }
}

impl Host for SimWorld {
    fn probe(&self, step: &HostStep) -> Result<Standing, Fault> {
        Ok(self.standing(vec![host_effect(step)]))
    }

    fn apply(&self, step: &HostStep, _attempt: &mut Attempt<'_>) -> Result<(), Fault> {
        self.change(Step::Host(step.clone()).name(), vec![host_effect(step)])
    }

    fn sync(&self, _step: &Step) -> Result<(), Fault> {
        *lock(&self.durable) = lock(&self.live).clone();
        Ok(())
    }
}

impl Cluster for SimWorld {
    fn probe(&self, step: &ClusterStep) -> Result<Standing, Fault> {
        Ok(self.standing(cluster_effects(step)))
    }

    fn apply(&self, step: &ClusterStep, attempt: &mut Attempt<'_>) -> Result<(), Fault> {
        let effects = cluster_effects(step);
        attempt.progress.waiting(Message::new("sim-missing").with("what", keys(&effects)));
        self.change(Step::Cluster(step.clone()).name(), effects)
    }
}

impl Vault for SimWorld {
    fn probe(&self, step: &VaultStep) -> Result<Standing, Fault> {
        Ok(self.standing(vec![vault_effect(step)]))
    }

    fn apply(&self, step: &VaultStep, _attempt: &mut Attempt<'_>) -> Result<(), Fault> {
        self.change(step.name(), vec![vault_effect(step)])
    }
}

fn vault_effect(step: &VaultStep) -> Effect {
    let json = || Some(serde_json::to_string(step).expect("steps are plain data"));
    match step {
        VaultStep::HoldLease { repository } => (format!("vault/{repository}/lease"), json()),
        VaultStep::ReleaseLease { repository } => (format!("vault/{repository}/lease"), None),
        VaultStep::Save { set, part } => (format!("vault/{set}/{}", part.name), json()),
        VaultStep::Audit { set, .. } => (format!("vault/{set}/audit"), json()),
        VaultStep::Commit { set } => (format!("vault/{set}/set"), json()),
        VaultStep::Copy { set, to } => (format!("vault/{to}/{set}"), json()),
        VaultStep::Scratch { namespace } => (format!("scratch/{namespace}"), Some("there".to_owned())),
        VaultStep::ScratchGone { namespace } => (format!("scratch/{namespace}"), None),
        VaultStep::Stop { sources } => (format!("running/{}", sources.join(",")), None),
        VaultStep::Start { sources } => (format!("running/{}", sources.join(",")), Some("runs".to_owned())),
        VaultStep::Load { source, namespace, .. } => {
            (format!("data/{}/{source}", namespace.as_deref().unwrap_or_default()), json())
        }
        step => (format!("vault/{}", step.name()), json()),
    }
}

fn host_effect(step: &HostStep) -> Effect {
    let json = || Some(serde_json::to_string(step).expect("steps are plain data"));
    match step {
        HostStep::ForgetKubernetes => ("host/configuration".to_owned(), None),
        HostStep::StopKubernetes => ("host/kubernetes".to_owned(), None),
        HostStep::ClearNode => ("host/running".to_owned(), None),
        HostStep::RemoveKubernetes => ("host/kubernetes-files".to_owned(), None),
        HostStep::RemoveVolumes => ("host/volumes".to_owned(), None),
        HostStep::RemoveStore => ("host/store".to_owned(), None),
        HostStep::HandOverRemoval { .. } => ("host/removal".to_owned(), json()),
        HostStep::ConfigureKubernetes(_) => ("host/configuration".to_owned(), json()),
        HostStep::StartKubernetes { version } => ("host/kubernetes".to_owned(), Some(format!("{version} as itself"))),
        HostStep::StoreComplete { .. } => ("host/store".to_owned(), json()),
        HostStep::FrontDoorCertificate { .. } => ("host/certificate".to_owned(), json()),
        HostStep::RestorePoint(point) => (format!("host/restore-point/{}", point.point), json()),
        HostStep::SwitchAgent { release, .. } => ("host/agent".to_owned(), Some(release.clone())),
        HostStep::ServeImages { release, .. } => ("host/images".to_owned(), Some(release.clone())),
        // One thing with both ways to it: what runs, and whether it behaves like an older one.
        HostStep::SwitchKubernetes(switch) => {
            let emulated = switch.emulates().unwrap_or("itself");
            ("host/kubernetes".to_owned(), Some(format!("{} as {emulated}", switch.version)))
        }
        HostStep::ReturnKubernetes { version, .. } => {
            ("host/kubernetes".to_owned(), Some(format!("{version} as itself")))
        }
        HostStep::RestoreDatastore(_) => ("host/datastore".to_owned(), json()),
        HostStep::Configuration { text, .. } => ("host/profile".to_owned(), Some(text.clone())),
        HostStep::SettlePrograms { release } => ("host/launcher".to_owned(), Some(release.clone())),
        HostStep::PruneRestorePoints { .. } => ("host/restore-points".to_owned(), json()),
        HostStep::PruneReleases { .. } => ("host/pins".to_owned(), json()),
    }
}

/// A group leaves what each of its members leaves.
fn cluster_effects(step: &ClusterStep) -> Vec<Effect> {
    let json = || Some(serde_json::to_string(step).expect("steps are plain data"));
    let chart = |name: &str| format!("chart/{name}");
    vec![match step {
        ClusterStep::Charts(charts) => {
            let single = |chart: &ChartStep| cluster_effects(&ClusterStep::Chart(Box::new(chart.clone())));
            return charts.iter().flat_map(single).collect();
        }
        ClusterStep::ChartsGone { charts } => return charts.iter().map(|gone| (chart(&gone.name), None)).collect(),
        // Not the charts themselves: the same operation makes them anew, and a world is compared by what its end should be.
        ClusterStep::LeftoversGone { charts, .. } => {
            return charts.iter().map(|gone| (format!("leftovers/{}", gone.name), None)).collect();
        }
        ClusterStep::ChartGone { name, .. } => (chart(name), None),
        ClusterStep::Chart(step) => (chart(&step.name), json()),
        ClusterStep::CustomResources { chart, .. } => (format!("resources/{chart}"), json()),
        ClusterStep::NodeReady { .. } => ("node".to_owned(), json()),
        ClusterStep::Namespaces { .. } => ("namespaces".to_owned(), json()),
        ClusterStep::SiteSecrets { .. } => ("secrets".to_owned(), json()),
        ClusterStep::SiteServices(services) => ("services".to_owned(), json().filter(|_| !services.secrets.is_empty())),
        ClusterStep::Probes { .. } => ("probes".to_owned(), json()),
        ClusterStep::KeepSecrets { .. } => ("kept".to_owned(), json()),
        ClusterStep::RefreshCollation { .. } => ("collation".to_owned(), json()),
        ClusterStep::CopyData { point, .. } => (format!("copy/{point}"), json()),
        ClusterStep::CopyBases { point, .. } => (format!("bases/{point}"), json()),
        ClusterStep::CopySecrets { point, .. } => (format!("secrets/{point}"), json()),
        ClusterStep::ExportChanges(export) => (format!("export/{}/{}", export.point, export.name), json()),
        ClusterStep::Soak(_) => ("soak".to_owned(), json()),
    }]
}

fn keys(effects: &[Effect]) -> String {
    let keys: Vec<&str> = effects.iter().map(|(key, _)| key.as_str()).collect();
    keys.join(", ")
}

/// A journal in memory that can refuse after some records.
#[derive(Debug, Default)]
pub struct SimJournal {
    /// What is on the simulated disk.
    pub records: Vec<Event>,
    /// After this many records every append fails.
    pub refuse_after: Option<usize>,
}

impl Journal for SimJournal {
    fn append(&mut self, event: &Event) -> Result<(), Fault> {
        if self.refuse_after.is_some_and(|limit| self.records.len() >= limit) {
            return Err(Fault::new(FaultCode::WriteFailed).with("path", "journal"));
        }
        self.records.push(event.clone());
        Ok(())
    }
}

/// Remembers all events.
#[derive(Debug, Default)]
pub struct SimObserver(Mutex<Vec<Event>>);

impl SimObserver {
    /// What was seen.
    #[must_use]
    pub fn seen(&self) -> Vec<Event> {
        lock(&self.0).clone()
    }
}

impl Observer for SimObserver {
    fn see(&self, event: &Event) {
        lock(&self.0).push(event.clone());
    }
}

/// A box of commands.
#[derive(Debug, Default)]
pub struct SimInbox(Mutex<VecDeque<OperatorCommand>>);

impl SimInbox {
    /// Puts a command in.
    pub fn say(&self, command: OperatorCommand) {
        lock(&self.0).push_back(command);
    }
}

impl Inbox for SimInbox {
    fn take(&self) -> Option<(OperatorCommand, String)> {
        lock(&self.0).pop_front().map(|command| (command, "operator".to_owned()))
    }

    fn interrupted(&self) -> bool {
        lock(&self.0).contains(&OperatorCommand::Abort)
    }

    fn closing(&self) -> bool {
        false
    }
}

/// The doubles never panic while they hold a lock.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
