//! The one thread that runs operations, and what it tells and is told meanwhile.

use std::sync::PoisonError;

use bridle_core::engine::{Engine, Inbox, Observer, Rest, World};
use bridle_core::event::{Event, EventKind, OperatorCommand};
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::operation::{OperationId, OperationView};
use bridle_host::journal::Journal;

use super::{Current, Operations};

impl Operations {
    pub(super) fn work(&self) {
        while let Some(id) = self.next() {
            match self.run(&id) {
                Ok(Rest::Ended(_)) => self.ended(&id),
                Ok(Rest::Waiting(_)) => self.rest(),
                Ok(Rest::Closed) => return,
                Ok(Rest::HandOver) => {
                    tracing::info!(operation = %id, "another agent goes on");
                    return self.handed_over.notify_one();
                }
                Err(fault) => {
                    // What is on disk is unknown; only a fresh start reads it. systemd starts the agent again.
                    tracing::error!(operation = %id, code = fault.code.code(), causes = ?fault.causes, "journal");
                    std::process::exit(1);
                }
            }
        }
    }

    /// The operation to work on; waits until there is one that can go on.
    fn next(&self) -> Option<OperationId> {
        let mut state = self.lock();
        loop {
            if state.closing {
                return None;
            }
            if let Some(id) = state.open.front().filter(|_| !state.waiting) {
                return Some(id.clone());
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn run(&self, id: &OperationId) -> Result<Rest, Fault> {
        let (mut journal, events) = Journal::open(&self.dir, id)?;
        let view = OperationView::fold(&events);
        if let Some(view) = view {
            self.lock().current = Some(Current { events: events.clone(), view });
        }
        let world = World {
            host: &*self.ports.host,
            cluster: &*self.ports.cluster,
            vault: &*self.ports.vault,
            clock: &*self.ports.clock,
            observer: self,
            inbox: self,
        };
        let Some(mut engine) = Engine::new(world, &mut journal, events) else {
            return Err(Fault::new(FaultCode::JournalDamaged).with("path", id.as_str()));
        };
        tracing::info!(operation = %id, "operation taken up");
        engine.run(env!("CARGO_PKG_VERSION"))
    }

    fn ended(&self, id: &OperationId) {
        let mut state = self.lock();
        state.open.retain(|open| open != id);
        state.commands.clear();
        let current = state.current.as_ref().map(|current| (current.view.clone(), current.events.clone()));
        if let Some((view, events)) = &current {
            state.remember(view, events);
        }
        let ended = current.map(|(view, _)| view);
        drop(state);
        if let (Some(act), Some(view)) = (self.when_ended.get(), ended) {
            act(&view);
        }
    }

    fn rest(&self) {
        let mut state = self.lock();
        state.waiting = state.commands.is_empty();
    }
}

impl Observer for Operations {
    fn see(&self, event: &Event) {
        log(event);
        let mut state = self.lock();
        if let Some(current) = state.current.as_mut().filter(|current| current.view.id == event.operation) {
            current.view.apply(event);
            if event.kind.is_kept() {
                current.events.push(event.clone());
            }
        }
        let _listeners = self.live.send(event.clone());
    }
}

impl Inbox for Operations {
    fn take(&self) -> Option<(OperatorCommand, String)> {
        self.lock().commands.pop_front()
    }

    fn interrupted(&self) -> bool {
        let state = self.lock();
        state.closing || state.commands.iter().any(|(command, _)| *command == OperatorCommand::Abort)
    }

    fn closing(&self) -> bool {
        self.lock().closing
    }
}

fn log(event: &Event) {
    let operation = &event.operation;
    match &event.kind {
        EventKind::Intent { step, attempt, undo } => {
            tracing::info!(%operation, step = step.0, attempt, undo, "step begins");
        }
        EventKind::Done { step, undo, already, millis } => {
            tracing::info!(%operation, step = step.0, undo, already, millis, "step done");
        }
        EventKind::Failed { step, attempt, fault, .. } => {
            let code = fault.code.code();
            tracing::warn!(%operation, step = step.0, attempt, code, args = ?fault.message.args, detail = ?fault.detail, causes = ?fault.causes, "step failed");
        }
        EventKind::State { state } => tracing::info!(%operation, ?state, "operation"),
        EventKind::Commanded { command, by } => tracing::info!(%operation, ?command, by, "command"),
        _ => {}
    }
}
