//! What a plan will take: learned from what the same steps took on this host before.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Plan;
use crate::backup::plan::VaultStep;
use crate::event::{Event, EventKind};
use crate::message::Message;
use crate::operation::{OperationState, OperationView, StepState};
use crate::port::Timestamp;
use crate::step::{ChartStep, ClusterStep, HostStep, PlannedStep, Step, StepId, Undo};

/// So many of the last durations of a step count.
const REMEMBERED: usize = 11;

/// How long steps took on this host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Learned(BTreeMap<String, Vec<u64>>);

/// What one step will do and take, as all faces show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepForecast {
    /// Number.
    pub id: StepId,
    /// What it does.
    pub title: Message,
    /// What takes it back; none if nothing is to be taken back.
    pub undo: Option<Message>,
    /// Whether it lies behind the commit, so that it is not taken back.
    pub committed: bool,
    /// How long it takes, in seconds.
    pub seconds: u32,
    /// From how many runs on this host that is known; 0 = a usual value.
    pub runs: u32,
    /// Whether users notice: something is down meanwhile.
    pub interrupts: bool,
}

impl Learned {
    /// Learns from the history of one operation.
    pub fn learn(&mut self, events: &[Event]) {
        let Some(EventKind::Approved { plan, .. }) = events.first().map(|event| &event.kind) else { return };
        for event in events {
            let EventKind::Done { step, undo: false, already: false, millis } = event.kind else { continue };
            if let Some(planned) = plan.steps().iter().find(|planned| planned.id == step) {
                let known = self.0.entry(key(&planned.step)).or_default();
                known.push(millis);
                let old = known.len().saturating_sub(REMEMBERED);
                known.drain(..old);
            }
        }
    }

    /// Median duration of such a step in seconds (rounded up), and from how many runs; `None` if there was none.
    #[must_use]
    pub fn seconds(&self, step: &Step) -> Option<(u32, u32)> {
        let mut known = self.0.get(&key(step))?.clone();
        known.sort_unstable();
        let median = known.get(known.len() / 2)?;
        Some((u32::try_from(median.div_ceil(1000)).unwrap_or(u32::MAX), u32::try_from(known.len()).unwrap_or(u32::MAX)))
    }
}

/// What each step of `plan` will do and take; `interrupting` says of a chart whether its pods cannot overlap.
#[must_use]
pub fn steps(plan: &Plan, learned: &Learned, interrupting: &dyn Fn(&str) -> bool) -> Vec<StepForecast> {
    let forecast = |planned: &PlannedStep| {
        let (seconds, runs) = match &planned.step {
            // Known exactly, whatever it took before.
            Step::Cluster(ClusterStep::Soak(soak)) => (soak.seconds, 0),
            step => learned.seconds(step).unwrap_or_else(|| (usual_seconds(step), 0)),
        };
        StepForecast {
            id: planned.id,
            title: planned.step.title(),
            undo: match &planned.undo {
                Undo::By(step) => Some(step.title()),
                Undo::Nothing => None,
                Undo::Impossible { why } => Some(why.clone()),
            },
            committed: plan.commit().is_some_and(|commit| planned.id >= commit),
            seconds,
            runs,
            interrupts: charts(&planned.step).iter().any(|chart| interrupting(&chart.name)),
        }
    };
    plan.steps().iter().map(forecast).collect()
}

/// Seconds that are left of an operation whose steps were forecast; `None` where nobody can say: it does not go forward, or
/// nothing but its last step is left and that takes longer than ever.
#[must_use]
pub fn remaining(view: &OperationView, steps: &[StepForecast], now: Timestamp) -> Option<u64> {
    if !matches!(view.state, OperationState::Approved | OperationState::Running | OperationState::Verifying) {
        return None;
    }
    let left = view.steps.iter().map(|step| {
        let seconds = steps.iter().find(|known| known.id == step.id).map_or(0, |known| u64::from(known.seconds));
        match (step.state, step.began) {
            (StepState::Done | StepState::Skipped | StepState::Undone, _) => 0,
            (StepState::Running, Some(began)) => seconds.saturating_sub(now.0.saturating_sub(began.0) / 1000),
            _ => seconds,
        }
    });
    Some(left.sum()).filter(|left| *left > 0)
}

/// What names a step from one run to the next.
fn key(step: &Step) -> String {
    let names: Vec<&str> = match step {
        Step::Vault(VaultStep::Save { part, .. }) => vec![part.name.as_str()],
        step => charts(step).iter().map(|chart| chart.name.as_str()).collect(),
    };
    format!("{} {}", step.name(), names.join(" "))
}

fn charts(step: &Step) -> &[ChartStep] {
    match step {
        Step::Cluster(ClusterStep::Chart(chart)) => std::slice::from_ref(chart),
        Step::Cluster(ClusterStep::Charts(charts)) => charts,
        _ => &[],
    }
}

/// What such a step takes on a small server, in seconds, where nothing is known of this one (measured on test hosts).
fn usual_seconds(step: &Step) -> u32 {
    match step {
        Step::Host(step) => match step {
            HostStep::SwitchKubernetes(_) | HostStep::ReturnKubernetes { .. } | HostStep::StartKubernetes { .. } => 25,
            HostStep::RestorePoint(_) | HostStep::SwitchAgent { .. } | HostStep::PruneReleases { .. } => 5,
            HostStep::RestoreDatastore(_) => 15,
            _ => 2,
        },
        Step::Cluster(step) => match step {
            ClusterStep::Chart(_) => 20,
            ClusterStep::Charts(charts) => 20 + 5 * u32::try_from(charts.len()).unwrap_or(u32::MAX / 8),
            ClusterStep::CopyData { .. } | ClusterStep::CopyBases { .. } | ClusterStep::RefreshCollation { .. } => 30,
            ClusterStep::NodeReady { .. } | ClusterStep::Probes { .. } => 5,
            _ => 3,
        },
        Step::Vault(step) => match step {
            VaultStep::Save { .. } | VaultStep::Audit { .. } => 30,
            _ => 10,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::bench::Bench;
    use crate::plan::install;
    use crate::release::ReleaseManifest;
    use crate::site::Site;

    fn plan() -> Plan {
        let release = ReleaseManifest::parse(include_bytes!("../../tests/fixtures/release-v1.json")).expect("fixture");
        let place = install::Place { node: "h1".to_owned(), address: "198.18.0.11".to_owned() };
        install::plan(&release, &Site::default(), &place).expect("plan")
    }

    fn history(millis: u64) -> Vec<Event> {
        let mut bench = Bench::new(&plan());
        bench.run().expect("run");
        let mut events = bench.journal.records;
        for event in &mut events {
            if let EventKind::Done { millis: took, .. } = &mut event.kind {
                *took = millis;
            }
        }
        events
    }

    #[test]
    fn the_median_of_the_last_runs_counts() {
        let (plan, mut learned) = (plan(), Learned::default());
        let step = &plan.steps()[3].step;
        assert_eq!(learned.seconds(step), None);
        assert!(steps(&plan, &learned, &|_| false).iter().all(|step| step.runs == 0 && step.seconds > 0));
        for millis in [900_000, 4100, 5000, 9000] {
            learned.learn(&history(millis));
        }
        assert_eq!(learned.seconds(step), Some((9, 4)));
        for _ in 0..20 {
            learned.learn(&history(1));
        }
        assert_eq!(learned.seconds(step), Some((1, 11)));
    }

    #[test]
    fn what_is_left_shrinks_with_the_steps_and_is_never_made_up() {
        let plan = plan();
        let forecast = steps(&plan, &Learned::default(), &|_| false);
        let all: u64 = forecast.iter().map(|step| u64::from(step.seconds)).sum();
        let mut bench = Bench::new(&plan);
        bench.run().expect("run");
        let events = bench.journal.records;
        let mut view = OperationView::begin(&events[0]).expect("approved");
        assert_eq!(remaining(&view, &forecast, view.started), Some(all));
        let mut before = all;
        for event in &events[1..] {
            view.apply(event);
            let left = remaining(&view, &forecast, event.time).unwrap_or(0);
            assert!(left <= before, "{left} after {before}");
            before = left;
        }
        assert_eq!(before, 0);
        for state in [OperationState::Paused, OperationState::RollingBack, OperationState::NeedsOperator] {
            view.state = state;
            view.steps[0].state = StepState::Pending;
            assert_eq!(remaining(&view, &forecast, view.started), None);
        }
        view.state = OperationState::Running;
        assert_eq!(remaining(&view, &forecast, view.started), Some(u64::from(forecast[0].seconds)));
        assert_eq!(remaining(&view, &[], view.started), None, "without a forecast nothing is said");
    }

    #[test]
    fn a_chart_whose_pods_cannot_overlap_interrupts() {
        let forecast = steps(&plan(), &Learned::default(), &|name| name == "ingress");
        let noticed: Vec<&Message> = forecast.iter().filter(|step| step.interrupts).map(|step| &step.title).collect();
        assert_eq!(noticed.len(), 1, "{noticed:?}");
    }
}
