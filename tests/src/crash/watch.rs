//! Watches the ports of the engine: which change of the disk belongs to which part of which step.

use std::sync::{Mutex, PoisonError};

use bridle_core::backup::plan::VaultStep;
use bridle_core::engine::Journal;
use bridle_core::event::{Event, EventKind};
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::port::sim::{CrashFs, DiskWorld};
use bridle_core::port::{Attempt, Cluster, Host, Vault};
use bridle_core::step::{ClusterStep, HostStep, Standing, Step, StepId};

use super::flaw::Flaw;

/// A part of a step's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Its intent is being written.
    Intent,
    /// It has its effect.
    Effect,
    /// What others wrote is being synced.
    Settling,
    /// Its outcome is being written.
    Outcome,
    /// None: the operation's own records, or the journal being opened.
    Between,
}

/// From operation number `from` on, until the next mark.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    pub(super) from: u64,
    pub(super) part: Part,
    pub(super) step: Option<StepId>,
}

/// The marks of one run.
#[derive(Debug)]
pub(super) struct Watch {
    fs: CrashFs,
    marks: Mutex<Vec<Mark>>,
    step: Mutex<Option<StepId>>,
}

impl Watch {
    pub(super) fn new(fs: CrashFs) -> Self {
        Self { fs, marks: Mutex::default(), step: Mutex::default() }
    }

    pub(super) fn marks(&self) -> Vec<Mark> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A sync that follows an effect belongs to the step; one that follows a probe does not.
    fn settle(&self) {
        let last = self.marks.lock().unwrap_or_else(PoisonError::into_inner).last().map(|mark| mark.part);
        if last == Some(Part::Effect) {
            self.enter(Part::Settling);
        }
    }

    fn enter(&self, part: Part) {
        let step = if part == Part::Between { None } else { *self.step.lock().unwrap_or_else(PoisonError::into_inner) };
        let mark = Mark { from: self.fs.operations() + 1, part, step };
        self.marks.lock().unwrap_or_else(PoisonError::into_inner).push(mark);
    }
}

/// A journal that is watched, and wrong if it is told so.
pub(super) struct WatchedJournal<'a> {
    pub(super) journal: bridle_host::journal::Journal,
    pub(super) watch: &'a Watch,
    pub(super) flaw: Flaw,
    /// The outcome that was written before its effect.
    pub(super) early: Option<(StepId, bool)>,
}

impl Journal for WatchedJournal<'_> {
    fn append(&mut self, event: &Event) -> Result<(), Fault> {
        let of_step = match &event.kind {
            EventKind::Intent { step, .. } => Some((*step, Part::Intent)),
            EventKind::Done { step, .. } | EventKind::Failed { step, .. } => Some((*step, Part::Outcome)),
            _ => None,
        };
        if let Some((step, part)) = of_step {
            *self.watch.step.lock().unwrap_or_else(PoisonError::into_inner) = Some(step);
            self.watch.enter(part);
        }
        let appended = self.write(event);
        self.watch.enter(if of_step.is_some_and(|(_, part)| part == Part::Intent) {
            Part::Effect
        } else {
            Part::Between
        });
        appended
    }
}

impl WatchedJournal<'_> {
    fn write(&mut self, event: &Event) -> Result<(), Fault> {
        match (&event.kind, self.early.take()) {
            (EventKind::Done { step, undo, .. } | EventKind::Failed { step, undo, .. }, Some(early))
                if early == (*step, *undo) =>
            {
                Ok(())
            }
            (EventKind::Intent { step, undo, .. }, _) if self.flaw == Flaw::OutcomeFirst => {
                self.journal.append(event)?;
                self.early = Some((*step, *undo));
                let kind = EventKind::Done { step: *step, undo: *undo, already: false, millis: 0 };
                self.journal.append(&Event { seq: event.seq + 1, kind, ..event.clone() })
            }
            _ => self.journal.append(event),
        }
    }
}

/// A world that is watched, and wrong if it is told so.
pub(super) struct WatchedWorld<'a> {
    pub(super) world: &'a DiskWorld,
    pub(super) watch: &'a Watch,
    pub(super) flaw: Flaw,
    /// The release whose agent runs; `None` before any agent was switched.
    pub(super) agent: Option<&'a str>,
}

impl WatchedWorld<'_> {
    fn believes(&self, standing: Result<Standing, Fault>) -> bool {
        self.flaw == Flaw::EffectBelieved && standing == Ok(Standing::Done)
    }
}

impl Host for WatchedWorld<'_> {
    fn probe(&self, step: &HostStep) -> Result<Standing, Fault> {
        Host::probe(self.world, step)
    }

    fn apply(&self, step: &HostStep, attempt: &mut Attempt<'_>) -> Result<(), Fault> {
        if self.believes(Host::probe(self.world, step)) {
            return Ok(());
        }
        Host::apply(self.world, step, attempt)?;
        match step {
            // The link leads elsewhere now: that agent does the rest of the step, this one ends.
            HostStep::SwitchAgent { release, .. } if self.agent != Some(release) => {
                Err(Fault::new(FaultCode::HandOver).with("release", release.as_str()))
            }
            _ => Ok(()),
        }
    }

    fn sync(&self, step: &Step) -> Result<(), Fault> {
        self.watch.settle();
        self.world.sync(step)
    }
}

impl Cluster for WatchedWorld<'_> {
    fn probe(&self, step: &ClusterStep) -> Result<Standing, Fault> {
        Cluster::probe(self.world, step)
    }

    fn apply(&self, step: &ClusterStep, attempt: &mut Attempt<'_>) -> Result<(), Fault> {
        if self.believes(Cluster::probe(self.world, step)) {
            return Ok(());
        }
        Cluster::apply(self.world, step, attempt)
    }
}

impl Vault for WatchedWorld<'_> {
    fn probe(&self, step: &VaultStep) -> Result<Standing, Fault> {
        Vault::probe(self.world, step)
    }

    fn apply(&self, step: &VaultStep, attempt: &mut Attempt<'_>) -> Result<(), Fault> {
        if self.believes(Vault::probe(self.world, step)) {
            return Ok(());
        }
        Vault::apply(self.world, step, attempt)
    }
}
