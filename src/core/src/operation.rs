//! An operation as people see it: its events folded into a view.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::event::{Event, EventKind, OperatorCommand};
use crate::fault::{Fault, FaultCode};
use crate::message::Message;
use crate::plan::OperationKind;
use crate::port::Timestamp;
use crate::step::{StepId, Undo};
use crate::wording;

/// Name of an operation: `YYYYMMDD-HHMMSS-KIND`, unique on a host, in the order of time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OperationId(String);

/// Who takes an operation back whose new agent did not come up: no person, but the launcher's count of starts.
pub const LAUNCHER: &str = "bridle-launch";

/// States of an operation (`design.md` §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperationState {
    /// Confirmed, not begun.
    Approved,
    /// Steps are applied.
    Running,
    /// Everything is in place, and health must hold for a set time.
    Verifying,
    /// Stopped between two steps on request.
    Paused,
    /// All steps are done, and it is in force.
    Committed,
    /// Steps are taken back.
    RollingBack,
    /// All steps were taken back.
    RolledBack,
    /// Waits for retry, skip or abort.
    NeedsOperator,
}

/// How a step of an operation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Not begun.
    Pending,
    /// Being applied or taken back.
    Running,
    /// Done.
    Done,
    /// The last attempt failed.
    Failed,
    /// Left out by the operator.
    Skipped,
    /// Taken back.
    Undone,
}

/// An operation as all faces show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OperationView {
    /// Name.
    pub id: OperationId,
    /// Kind.
    pub kind: OperationKind,
    /// Release before.
    pub from: Option<String>,
    /// Release after.
    pub to: String,
    /// Digest of the plan.
    pub plan: Digest,
    /// State.
    pub state: OperationState,
    /// When it was confirmed.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Number of the last kept event.
    pub seq: u64,
    /// The steps.
    pub steps: Vec<StepView>,
    /// Why it stopped.
    pub fault: Option<Fault>,
    /// Whether it was asked to pause.
    pub pause_asked: bool,
    /// Who confirmed it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub by: String,
    /// Why everything goes or went back; none if an operator wanted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Fault>,
    /// The first step behind the commit: until it begins, everything can go back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<StepId>,
}

/// A step as all faces show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepView {
    /// Number.
    pub id: StepId,
    /// What it does.
    pub title: Message,
    /// How it stands.
    pub state: StepState,
    /// Attempts so far.
    pub attempt: u32,
    /// When the running attempt began, or the last one.
    pub began: Option<Timestamp>,
    /// How long it took, in milliseconds.
    pub millis: Option<u64>,
    /// Whether the world was so before.
    pub already: bool,
    /// What it waits for, and since when.
    pub waiting: Option<(Message, Timestamp)>,
    /// Done and total of what it moves.
    pub progress: Option<(u64, u64)>,
    /// Share of the whole.
    pub weight: u32,
    /// Whether it can be taken back.
    pub undoable: bool,
}

impl OperationId {
    /// A name made of time and kind.
    #[must_use]
    pub fn new(time: Timestamp, kind: OperationKind) -> Self {
        let digits: String = time.rfc3339().chars().filter(char::is_ascii_digit).collect();
        Self(format!("{}-{}-{}", &digits[..8], &digits[8..], kind.name()))
    }

    /// A name behind all that are `taken`, whatever the clock says: names are the order in which operations happened, and
    /// a clock that was set back must not put a new one before what it follows.
    #[must_use]
    pub fn next(now: Timestamp, kind: OperationKind, taken: &[Self]) -> Self {
        let latest = taken.iter().filter_map(Self::time).max();
        // Names have the grain of a second.
        let after = latest.map_or(Timestamp(0), |latest| Timestamp(latest.0.saturating_add(1000)));
        Self::new(now.max(after), kind)
    }

    /// What the name says of its kind.
    #[must_use]
    pub fn kind(&self) -> Option<OperationKind> {
        let name = self.0.rsplit('-').next()?;
        OperationKind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    fn time(&self) -> Option<Timestamp> {
        let (date, rest) = self.0.split_once('-')?;
        Timestamp::of_digits(&format!("{date}{}", rest.split('-').next()?))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl OperationState {
    /// Whether nothing more will happen.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Committed | Self::RolledBack)
    }

    /// Whether an operator may say `command` now.
    #[must_use]
    pub const fn allows(self, command: &OperatorCommand) -> bool {
        match command {
            OperatorCommand::Pause => matches!(self, Self::Approved | Self::Running | Self::Verifying),
            OperatorCommand::Continue => matches!(self, Self::Paused),
            OperatorCommand::Retry | OperatorCommand::Skip { .. } => matches!(self, Self::NeedsOperator),
            OperatorCommand::Abort => {
                matches!(self, Self::Approved | Self::Running | Self::Verifying | Self::Paused | Self::NeedsOperator)
            }
        }
    }

    /// The word for people.
    #[must_use]
    pub const fn title(self) -> Message {
        Message::new(match self {
            Self::Approved => "operation-approved",
            Self::Running => "operation-running",
            Self::Verifying => "operation-verifying",
            Self::Paused => "operation-paused",
            Self::Committed => "operation-committed",
            Self::RollingBack => "operation-rolling-back",
            Self::RolledBack => "operation-rolled-back",
            Self::NeedsOperator => "operation-needs-operator",
        })
    }
}

impl OperationView {
    /// What the operation is, for people.
    #[must_use]
    pub fn title(&self) -> Message {
        let code = match self.kind {
            OperationKind::Install => "operation-title-install",
            OperationKind::Uninstall => "operation-title-uninstall",
            OperationKind::Upgrade => "operation-title-upgrade",
            OperationKind::Rollback => "operation-title-rollback",
            OperationKind::Configure => "operation-title-configure",
            OperationKind::Recreate => "operation-title-recreate",
            OperationKind::RestoreCluster => "operation-title-restore-cluster",
            OperationKind::Backup => "operation-title-backup",
        };
        Message::new(code).with("release", self.to.as_str())
    }

    /// Who holds the server with it, and since when.
    #[must_use]
    pub fn holder(&self) -> Message {
        let since = wording::moment(self.started);
        Message::new("operation-held")
            .with("operation", self.id.as_str())
            .with("by", self.by.as_str())
            .with("since", since)
    }

    /// The view after the first event of an operation; `None` if that is not `Approved`.
    #[must_use]
    pub fn begin(event: &Event) -> Option<Self> {
        let EventKind::Approved { plan, by, .. } = &event.kind else { return None };
        let steps = plan.steps().iter().map(|planned| StepView {
            id: planned.id,
            title: planned.step.title(),
            state: StepState::Pending,
            attempt: 0,
            began: None,
            millis: None,
            already: false,
            waiting: None,
            progress: None,
            weight: planned.weight,
            undoable: !matches!(planned.undo, Undo::Impossible { .. }),
        });
        Some(Self {
            id: event.operation.clone(),
            kind: plan.kind(),
            from: plan.from().map(str::to_owned),
            to: plan.to().to_owned(),
            plan: plan.digest(),
            state: OperationState::Approved,
            started: event.time,
            ended: None,
            seq: event.seq,
            steps: steps.collect(),
            fault: None,
            pause_asked: false,
            by: by.clone(),
            cause: None,
            commit: plan.commit(),
        })
    }

    /// The view of a whole history; `None` if it does not begin with `Approved`.
    #[must_use]
    pub fn fold<'a>(events: impl IntoIterator<Item = &'a Event>) -> Option<Self> {
        let mut events = events.into_iter();
        let mut view = Self::begin(events.next()?)?;
        events.for_each(|event| view.apply(event));
        Some(view)
    }

    /// Takes one more event into the view.
    pub fn apply(&mut self, event: &Event) {
        self.seq = self.seq.max(event.seq);
        match &event.kind {
            EventKind::Approved { .. } | EventKind::TakenUp { .. } => {}
            EventKind::State { state } => {
                self.state = *state;
                if state.is_final() {
                    self.ended = Some(event.time);
                }
                if matches!(state, OperationState::Running | OperationState::Verifying | OperationState::Committed) {
                    self.fault = None;
                }
                if matches!(state, OperationState::RollingBack) {
                    self.cause = self.fault.clone();
                }
                if matches!(state, OperationState::Paused) {
                    self.pause_asked = false;
                }
            }
            EventKind::Commanded { command, by } => {
                self.pause_asked = matches!(command, OperatorCommand::Pause);
                if matches!(command, OperatorCommand::Abort) {
                    let fell = Fault::new(FaultCode::AgentFellBack).with("release", self.to.as_str());
                    // What a person wants has no fault as its reason.
                    self.fault = (by == LAUNCHER).then_some(fell);
                }
            }
            EventKind::Failed { fault, step, .. } => {
                self.fault = Some(fault.clone());
                self.with_step(*step, |view| {
                    view.state = StepState::Failed;
                    view.waiting = None;
                });
            }
            EventKind::Intent { step, attempt, .. } => {
                self.fault = None;
                self.with_step(*step, |view| {
                    view.state = StepState::Running;
                    view.attempt = *attempt;
                    view.began = Some(event.time);
                    view.progress = None;
                });
            }
            EventKind::Done { step, undo, already, millis } => self.with_step(*step, |view| {
                view.state = if *undo { StepState::Undone } else { StepState::Done };
                view.already = *already;
                view.millis = Some(*millis);
                view.waiting = None;
                view.progress = None;
            }),
            EventKind::Skipped { step, .. } => self.with_step(*step, |view| view.state = StepState::Skipped),
            EventKind::Waiting { step, what, since } => {
                self.with_step(*step, |view| view.waiting = Some((what.clone(), *since)));
            }
            EventKind::Advanced { step, done, total } => {
                self.with_step(*step, |view| view.progress = Some((*done, *total)));
            }
        }
    }

    /// Whether nothing goes back any more: a step behind the commit has begun.
    #[must_use]
    pub fn is_past_commit(&self) -> bool {
        let begun = |step: &StepView| step.state != StepState::Pending;
        self.commit.is_some_and(|commit| self.steps.iter().any(|step| step.id >= commit && begun(step)))
    }

    /// Share that is done, in percent by weight; 100 only when it has ended.
    #[must_use]
    pub fn percent(&self) -> u32 {
        if self.state.is_final() {
            return 100;
        }
        let all: u64 = self.steps.iter().map(|step| u64::from(step.weight)).sum::<u64>().max(1);
        let done: u64 = self
            .steps
            .iter()
            .filter(|step| matches!(step.state, StepState::Done | StepState::Skipped))
            .map(|step| u64::from(step.weight))
            .sum();
        u32::try_from(done * 100 / all).unwrap_or(99).min(99)
    }

    /// The step that runs or failed, else the first pending one.
    #[must_use]
    pub fn current(&self) -> Option<&StepView> {
        let busy = |step: &&StepView| matches!(step.state, StepState::Running | StepState::Failed);
        self.steps.iter().find(busy).or_else(|| self.steps.iter().find(|step| step.state == StepState::Pending))
    }

    fn with_step(&mut self, id: StepId, change: impl FnOnce(&mut StepView)) {
        if let Some(step) = self.steps.iter_mut().find(|step| step.id == id) {
            change(step);
        }
    }
}

impl fmt::Display for OperationId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for OperationId {
    type Err = OperationIdError;

    fn from_str(text: &str) -> Result<Self, OperationIdError> {
        let fits = (17..=40).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && text.as_bytes()[8] == b'-';
        if fits { Ok(Self(text.to_owned())) } else { Err(OperationIdError(text.chars().take(60).collect())) }
    }
}

impl TryFrom<String> for OperationId {
    type Error = OperationIdError;

    fn try_from(text: String) -> Result<Self, OperationIdError> {
        text.parse()
    }
}

impl From<OperationId> for String {
    fn from(id: OperationId) -> Self {
        id.0
    }
}

/// Not the name of an operation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read operation name {0:?}")]
pub struct OperationIdError(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_the_order_of_what_happened_whatever_the_clock_says() {
        let now = Timestamp(1_795_000_000_000);
        let first = OperationId::next(now, OperationKind::Install, &[]);
        assert_eq!(first, OperationId::new(now, OperationKind::Install));
        let mut taken = vec!["20260101-000000-odd".parse().expect("name"), first];
        // The same second, a year back, 1970, and a year ahead and back again.
        let year = 365 * 86_400_000;
        for time in [now.0, now.0 - year, 0, now.0 + year, now.0] {
            let next = OperationId::next(Timestamp(time), OperationKind::Install, &taken);
            assert!(taken.iter().all(|before| *before < next), "{next} at {time}");
            taken.push(next);
        }
    }
}
