//! The doubles of the ports: a small world in memory that obeys the same rules, in no time at all.

mod crash_fs;
mod disk_world;

pub use crash_fs::{CrashFs, PowerCut, Survive, Trouble};
pub use disk_world::DiskWorld;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Mutex;
use std::time::Duration;

use super::{Attempt, Clock, Cluster, Host, Timestamp};
use crate::engine::{Inbox, Journal, Observer};
use crate::event::{Event, OperatorCommand};
use crate::fault::{Fault, FaultCode};
use crate::message::Message;
use crate::step::{ClusterStep, HostStep, Standing, Step};

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

/// What a step leaves in the world: its key is there, with its content.
type Effects = BTreeMap<String, String>;

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

    /// Names of the steps that were applied, in order.
    #[must_use]
    pub fn applied(&self) -> Vec<String> {
        lock(&self.script).applied.clone()
    }

    fn standing(&self, (key, want): (String, Option<String>)) -> Standing {
        if lock(&self.live).get(&key) == want.as_ref() {
            Standing::Done
        } else {
            Standing::Missing(Message::new("sim-missing").with("what", key))
        }
    }

    fn change(&self, name: &str, (key, want): (String, Option<String>)) -> Result<(), Fault> {
        let mut script = lock(&self.script);
        script.applied.push(name.to_owned());
        if let Some(left) = script.failures.get_mut(name).filter(|left| **left > 0) {
            *left -= 1;
            lock(&self.live).insert(key, "half".to_owned());
            return Err(Fault::new(FaultCode::ProgramFailed).with("program", name));
        }
        if !script.without_effect.contains(name) {
            match want {
                Some(value) => lock(&self.live).insert(key, value),
                None => lock(&self.live).remove(&key),
            };
        }
        Ok(())
    }
}

impl Host for SimWorld {
    fn probe(&self, step: &HostStep) -> Result<Standing, Fault> {
        Ok(self.standing(host_effect(step)))
    }

    fn apply(&self, step: &HostStep, _attempt: &mut Attempt<'_>) -> Result<(), Fault> {
        self.change(Step::Host(step.clone()).name(), host_effect(step))
    }

    fn sync(&self, _step: &Step) -> Result<(), Fault> {
        *lock(&self.durable) = lock(&self.live).clone();
        Ok(())
    }
}

impl Cluster for SimWorld {
    fn probe(&self, step: &ClusterStep) -> Result<Standing, Fault> {
        Ok(self.standing(cluster_effect(step)))
    }

    fn apply(&self, step: &ClusterStep, attempt: &mut Attempt<'_>) -> Result<(), Fault> {
        attempt.progress.waiting(Message::new("sim-missing").with("what", cluster_effect(step).0));
        self.change(Step::Cluster(step.clone()).name(), cluster_effect(step))
    }
}

/// Key and content of what a step leaves; no content = the key must be absent.
fn host_effect(step: &HostStep) -> (String, Option<String>) {
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
        HostStep::StartKubernetes { .. } => ("host/kubernetes".to_owned(), json()),
        HostStep::StoreComplete { .. } => ("host/store".to_owned(), json()),
        HostStep::FrontDoorCertificate { .. } => ("host/certificate".to_owned(), json()),
    }
}

fn cluster_effect(step: &ClusterStep) -> (String, Option<String>) {
    let json = || Some(serde_json::to_string(step).expect("steps are plain data"));
    match step {
        ClusterStep::ChartGone { name, .. } => (format!("chart/{name}"), None),
        ClusterStep::Chart(chart) => (format!("chart/{}", chart.name), json()),
        ClusterStep::CustomResources { chart, .. } => (format!("resources/{chart}"), json()),
        ClusterStep::NodeReady { .. } => ("node".to_owned(), json()),
        ClusterStep::Namespaces { .. } => ("namespaces".to_owned(), json()),
        ClusterStep::SiteSecrets { .. } => ("secrets".to_owned(), json()),
        ClusterStep::Probes { .. } => ("probes".to_owned(), json()),
        ClusterStep::KeepSecrets { .. } => ("kept".to_owned(), json()),
    }
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
