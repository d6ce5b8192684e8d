//! The engine: one operation, one step after the other, each with its intent before and its outcome after.
//!
//! What is to be done next is always read from the history ([`crate::journal::resume`]), so a run after a power cut and
//! a run without one are the same code.

#[cfg(test)]
pub(crate) mod bench;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::event::{Event, EventKind, OperatorCommand};
use crate::fault::{Fault, FaultCode};
use crate::journal::{Resume, resume};
use crate::message::Message;
use crate::operation::{OperationId, OperationState};
use crate::plan::Plan;
use crate::port::{Attempt, Clock, Cluster, Host, Progress, Timestamp, Vault};
use crate::step::{ClusterStep, PlannedStep, Standing, Step, StepId, Undo};

/// Where records go; returns only after the record is on disk.
pub trait Journal: Send {
    /// Adds one record.
    ///
    /// # Errors
    /// A [`Fault`] if the record may not be on disk; the engine then stops at once and has no further effect.
    fn append(&mut self, event: &Event) -> Result<(), Fault>;
}

/// Who sees what happens, as it happens.
pub trait Observer: Send + Sync {
    /// One event, kept or passing; must not block.
    fn see(&self, event: &Event);
}

/// What operators say, asked for between steps and while one runs.
pub trait Inbox: Send + Sync {
    /// The next command with who said it.
    fn take(&self) -> Option<(OperatorCommand, String)>;
    /// Whether the running step should give up early: an abort waits in the box, or the agent shuts down.
    fn interrupted(&self) -> bool;
    /// Whether the agent shuts down: the engine stops after the running step, without a record.
    fn closing(&self) -> bool;
}

/// The world as the engine needs it.
#[derive(Clone, Copy)]
pub struct World<'a> {
    /// This host.
    pub host: &'a dyn Host,
    /// The cluster.
    pub cluster: &'a dyn Cluster,
    /// Repositories of backups.
    pub vault: &'a dyn Vault,
    /// Time.
    pub clock: &'a dyn Clock,
    /// Who sees events.
    pub observer: &'a dyn Observer,
    /// What operators say.
    pub inbox: &'a dyn Inbox,
}

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// The operation has ended.
    Ended(OperationState),
    /// It waits for an operator (`Paused`, `NeedsOperator`).
    Waiting(OperationState),
    /// The agent shuts down; the next start goes on.
    Closed,
    /// The agent of another release goes on: this one must end and be started anew.
    HandOver,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// What came of it is in the journal.
    Told,
    /// The agent of another release goes on with the step, so nothing is in the journal.
    HandOver,
}

/// One operation on its way.
pub struct Engine<'a> {
    world: World<'a>,
    journal: &'a mut dyn Journal,
    plan: Plan,
    events: Vec<Event>,
    id: OperationId,
}

/// Longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

impl<'a> Engine<'a> {
    /// Takes up the operation with this history; `None` if it does not begin with a plan.
    #[must_use]
    pub fn new(world: World<'a>, journal: &'a mut dyn Journal, events: Vec<Event>) -> Option<Self> {
        let first = events.first()?;
        let EventKind::Approved { plan, .. } = &first.kind else { return None };
        let (plan, id) = (Plan::clone(plan), first.operation.clone());
        Some(Self { world, journal, plan, events, id })
    }

    /// Goes on until the operation ends or waits for an operator.
    ///
    /// # Errors
    /// A [`Fault`] if the journal cannot be written; nothing was done after the last record on disk but one effect at most.
    pub fn run(&mut self, agent: &str) -> Result<Rest, Fault> {
        if resume(&self.plan, &self.events) == Resume::Nothing {
            return Ok(Rest::Ended(self.state()));
        }
        self.record(EventKind::TakenUp { agent: agent.to_owned() })?;
        loop {
            self.take_commands()?;
            if self.world.inbox.closing() {
                return Ok(Rest::Closed);
            }
            match resume(&self.plan, &self.events) {
                Resume::Nothing => return Ok(Rest::Ended(self.state())),
                Resume::Continue { from, .. } if from == self.plan.steps().len() => {
                    self.enter(OperationState::Committed)?;
                }
                Resume::Continue { from, failed } => {
                    let planned = self.plan.steps()[from].clone();
                    self.enter(match planned.step {
                        Step::Cluster(ClusterStep::Soak(_)) => OperationState::Verifying,
                        _ => OperationState::Running,
                    })?;
                    if self.attempt(&planned, &planned.step, failed + 1, false)? == Outcome::HandOver {
                        return Ok(Rest::HandOver);
                    }
                }
                Resume::RollBack { open, failed } => {
                    self.enter(OperationState::RollingBack)?;
                    match open.first() {
                        None => self.enter(OperationState::RolledBack)?,
                        Some(at) if self.take_back(*at, failed + 1)? == Outcome::HandOver => return Ok(Rest::HandOver),
                        Some(_) => {}
                    }
                }
                Resume::Wait { .. } => {
                    self.enter(OperationState::Paused)?;
                    return Ok(Rest::Waiting(OperationState::Paused));
                }
                Resume::AskOperator { .. } => {
                    self.enter(OperationState::NeedsOperator)?;
                    return Ok(Rest::Waiting(OperationState::NeedsOperator));
                }
            }
        }
    }

    /// Everything that happened so far.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    fn state(&self) -> OperationState {
        let states = self.events.iter().rev().filter_map(|event| match event.kind {
            EventKind::State { state } => Some(state),
            _ => None,
        });
        states.into_iter().next().unwrap_or(OperationState::Approved)
    }

    fn enter(&mut self, state: OperationState) -> Result<(), Fault> {
        if self.state() == state { Ok(()) } else { self.record(EventKind::State { state }) }
    }

    fn take_commands(&mut self) -> Result<(), Fault> {
        while let Some((command, by)) = self.world.inbox.take() {
            if !self.state().allows(&command) {
                continue; // the state changed between the question and the answer; the view shows which one
            }
            let at = match resume(&self.plan, &self.events) {
                Resume::AskOperator { at } => Some(at),
                _ => None,
            };
            self.record(EventKind::Commanded { command: command.clone(), by: by.clone() })?;
            if let (OperatorCommand::Skip { reason }, Some(at)) = (command, at) {
                let step = self.plan.steps()[at].id;
                self.record(EventKind::Skipped { step, reason, by })?;
            }
        }
        Ok(())
    }

    fn take_back(&mut self, at: usize, attempt: u32) -> Result<Outcome, Fault> {
        let planned = self.plan.steps()[at].clone();
        match &planned.undo {
            Undo::Nothing => {
                self.record(EventKind::Done { step: planned.id, undo: true, already: true, millis: 0 })?;
                Ok(Outcome::Told)
            }
            Undo::By(step) => self.attempt(&planned, step, attempt, true),
            Undo::Impossible { why } => {
                let fault = Fault::new(FaultCode::OperatorNeeded).detail(why.clone());
                // No second attempt will do better: use up what is left.
                for attempt in attempt..=planned.attempts {
                    self.record(EventKind::Failed { step: planned.id, attempt, undo: true, fault: fault.clone() })?;
                }
                Ok(Outcome::Told)
            }
        }
    }

    fn attempt(&mut self, planned: &PlannedStep, step: &Step, attempt: u32, undo: bool) -> Result<Outcome, Fault> {
        let began = self.world.clock.monotonic();
        // What the step itself left half done can look done: after a failed sync, and after a kill just behind one, the world
        // shows what is on no disk, and a second sync says nothing about it. Only applying it again helps.
        // A probe that cannot tell (the API is down) counts as "missing": apply says why it cannot be done.
        // So it is with a way back: what the step left half done can look like the state before.
        let untouched = !self.begun(planned.id, false) && !self.begun(planned.id, undo);
        if untouched && matches!(self.probe(step), Ok(Standing::Done)) && self.world.host.sync(step).is_ok() {
            self.record(EventKind::Done { step: planned.id, undo, already: true, millis: 0 })?;
            return Ok(Outcome::Told);
        }
        self.record(EventKind::Intent { step: planned.id, attempt, undo })?;
        match self.effect(planned, step) {
            Ok(()) => {
                let millis = (self.world.clock.monotonic().saturating_sub(began)).as_millis();
                let millis = u64::try_from(millis).unwrap_or(u64::MAX);
                self.record(EventKind::Done { step: planned.id, undo, already: false, millis })?;
            }
            Err(fault) if fault.code == FaultCode::HandOver => return Ok(Outcome::HandOver),
            Err(_) if self.world.inbox.closing() => {} // the next start tries anew; not the step's failure
            Err(fault) => {
                self.record(EventKind::Failed { step: planned.id, attempt, undo, fault })?;
                if attempt < planned.attempts {
                    self.pause(attempt);
                }
            }
        }
        Ok(Outcome::Told)
    }

    /// Whether the step had an intent before, in this direction.
    fn begun(&self, id: StepId, back: bool) -> bool {
        let intent =
            |event: &Event| matches!(event.kind, EventKind::Intent { step, undo, .. } if step == id && undo == back);
        self.events.iter().any(intent)
    }

    fn effect(&mut self, planned: &PlannedStep, step: &Step) -> Result<(), Fault> {
        let world = self.world;
        let stop = || world.inbox.interrupted();
        let mut teller = Teller { world, seq: self.next_seq() - 1, id: &self.id, step: planned.id, told: None };
        let mut attempt = Attempt { limit: planned.limit(), progress: &mut teller, stop: &stop };
        match step {
            Step::Host(step) => world.host.apply(step, &mut attempt)?,
            Step::Cluster(step) => world.cluster.apply(step, &mut attempt)?,
            Step::Vault(step) => world.vault.apply(step, &mut attempt)?,
        }
        match self.probe(step)? {
            Standing::Done => self.world.host.sync(step),
            Standing::Missing(what) => Err(Fault::new(FaultCode::EffectMissing).detail(what)),
        }
    }

    fn probe(&self, step: &Step) -> Result<Standing, Fault> {
        match step {
            Step::Host(step) => self.world.host.probe(step),
            Step::Cluster(step) => self.world.cluster.probe(step),
            Step::Vault(step) => self.world.vault.probe(step),
        }
    }

    fn pause(&self, attempt: u32) {
        let wanted = Duration::from_secs(2_u64.saturating_pow(attempt)).min(LONGEST_PAUSE);
        let until = self.world.clock.monotonic() + wanted;
        while self.world.clock.monotonic() < until && !self.world.inbox.interrupted() {
            self.world.clock.sleep(Duration::from_millis(500));
        }
    }

    fn next_seq(&self) -> u64 {
        self.events.last().map_or(1, |event| event.seq + 1)
    }

    fn record(&mut self, kind: EventKind) -> Result<(), Fault> {
        let event = Event { seq: self.next_seq(), operation: self.id.clone(), time: self.world.clock.now(), kind };
        self.journal.append(&event)?;
        self.world.observer.see(&event);
        self.events.push(event);
        Ok(())
    }
}

struct Teller<'a> {
    world: World<'a>,
    seq: u64,
    id: &'a OperationId,
    step: StepId,
    told: Option<(Message, Timestamp)>,
}

impl Teller<'_> {
    fn tell(&self, kind: EventKind) {
        let event = Event { seq: self.seq, operation: self.id.clone(), time: self.world.clock.now(), kind };
        self.world.observer.see(&event);
    }
}

impl Progress for Teller<'_> {
    fn waiting(&mut self, what: Message) {
        if self.told.as_ref().is_some_and(|(told, _)| *told == what) {
            return;
        }
        let since = self.world.clock.now();
        self.told = Some((what.clone(), since));
        self.tell(EventKind::Waiting { step: self.step, what, since });
    }

    fn advance(&mut self, done: u64, total: u64) {
        self.tell(EventKind::Advanced { step: self.step, done, total });
    }
}
