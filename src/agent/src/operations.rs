//! The only place where operations run: one thread, one operation at a time, everything else asks.

mod work;

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;

use bridle_core::event::{Event, EventKind, OperatorCommand};
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::operation::{LAUNCHER, OperationId, OperationState, OperationView};
use bridle_core::plan::applied::Applied;
use bridle_core::plan::forecast::Learned;
use bridle_core::plan::{OperationKind, Plan};
use bridle_core::port::{Clock, Cluster, Host, Vault};
use bridle_host::journal;
use tokio::sync::broadcast;

/// Commands that may wait for one operation.
const MOST_COMMANDS: usize = 16;
/// Events that a slow listener may be behind before it reads the history again.
const BEHIND: usize = 1024;
/// Operations that a list shows, newest first.
const LISTED: usize = 200;

/// The world that operations change.
pub(crate) struct Ports {
    pub(crate) host: Arc<dyn Host>,
    pub(crate) cluster: Arc<dyn Cluster>,
    pub(crate) vault: Arc<dyn Vault>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// All operations of this host.
pub(crate) struct Operations {
    dir: PathBuf,
    ports: Ports,
    state: Mutex<State>,
    changed: Condvar,
    live: broadcast::Sender<Event>,
    when_ended: OnceLock<WhenEnded>,
    handed_over: tokio::sync::Notify,
}

/// What is done whenever an operation has ended.
pub(crate) type WhenEnded = Box<dyn Fn(&OperationView) + Send + Sync>;

#[derive(Default)]
struct State {
    /// Unfinished operations, oldest first.
    open: VecDeque<OperationId>,
    /// The first of `open`, or the last one that ended.
    current: Option<Current>,
    commands: VecDeque<(OperatorCommand, String)>,
    waiting: bool,
    closing: bool,
    /// Journals that cannot be read: nobody knows what these operations did.
    damaged: BTreeMap<OperationId, Fault>,
    /// How many tidy the store: no operation begins meanwhile.
    tidying: usize,
    installed: Option<String>,
    /// What committed operations have put in place.
    applied: Option<Applied>,
    /// What steps took on this host.
    learned: Learned,
    /// Operations that this host has had.
    count: u64,
}

struct Current {
    events: Vec<Event>,
    view: OperationView,
}

/// While it lives, no operation begins.
pub(crate) struct Quiet<'a>(&'a Operations);

impl Drop for Quiet<'_> {
    fn drop(&mut self) {
        self.0.lock().tidying -= 1;
    }
}

impl Operations {
    /// Reads all journals. One that cannot be read is left as it is and told of: after it only an uninstallation begins.
    ///
    /// # Errors
    /// A [`Fault`] if the journals cannot be listed.
    pub(crate) fn load(dir: PathBuf, ports: Ports) -> Result<Self, Fault> {
        let mut state = State::default();
        for id in journal::list(&dir)? {
            let events = match journal::read(&dir, &id) {
                Ok(events) => events,
                Err(fault) => {
                    tracing::error!(operation = %id, code = fault.code.code(), causes = ?fault.causes, "journal");
                    // It began after these had ended: they are not what their journals say.
                    state.open.clear();
                    state.damaged.insert(id, fault);
                    continue;
                }
            };
            let Some(view) = OperationView::fold(&events) else { continue };
            state.count += 1;
            state.remember(&view, &events);
            if !view.state.is_final() {
                state.open.push_back(id);
            }
            if state.open.len() <= 1 {
                state.current = Some(Current { events, view });
            }
        }
        let (live, _) = broadcast::channel(BEHIND);
        Ok(Self {
            dir,
            ports,
            state: Mutex::new(state),
            changed: Condvar::new(),
            live,
            when_ended: OnceLock::new(),
            handed_over: tokio::sync::Notify::new(),
        })
    }

    /// Says once what is done whenever an operation has ended; for the one that ended last it is done now, in case the
    /// agent was stopped between.
    pub(crate) fn when_ended(&self, act: WhenEnded) {
        let last = self.current().filter(|view| view.state.is_final());
        // What came after it is not known: an uninstallation may have kept secrets that an installation's end would remove.
        if let Some(view) = last.filter(|view| self.lock().damaged.keys().all(|damaged| *damaged < view.id)) {
            act(&view);
        }
        let _once = self.when_ended.set(act);
    }

    /// Takes the open operation back if the agent that it brought did not come up; `failed` says that of a release.
    pub(crate) fn fall_back(&self, failed: impl Fn(&str) -> bool) {
        let mut state = self.lock();
        let open = state.current.as_ref().map(|current| &current.view).filter(|view| !view.state.is_final());
        if open.is_some_and(|view| failed(&view.to) && !view.is_past_commit()) {
            state.commands.push_back((OperatorCommand::Abort, LAUNCHER.to_owned()));
        }
    }

    /// Why no new operation but an uninstallation begins; empty where one may.
    pub(crate) fn faults(&self) -> Vec<Fault> {
        self.lock().damaged.values().cloned().collect()
    }

    /// Refuses where an operation is open.
    ///
    /// # Errors
    /// `OperationRunning` names it.
    pub(crate) fn refuse_second(&self) -> Result<(), Fault> {
        refuse_second(&self.lock())
    }

    /// Keeps operations from beginning until what is given back is dropped: for work on the store that takes things away.
    ///
    /// # Errors
    /// `OperationRunning` names the operation that has not ended; the fault of a journal that does not say whether it has.
    pub(crate) fn quiet(&self) -> Result<Quiet<'_>, Fault> {
        let mut state = self.lock();
        refuse_second(&state)?;
        refuse_unknown(&state)?;
        state.tidying += 1;
        Ok(Quiet(self))
    }

    /// Begins an operation: its plan is on disk when this returns, and goes on after any interruption.
    ///
    /// # Errors
    /// A [`Fault`] if another one is open, the store is being tidied, the journal cannot be written, or an earlier one
    /// cannot be read and this is no uninstallation.
    pub(crate) fn begin(&self, plan: Plan, by: &str) -> Result<OperationView, Fault> {
        let mut state = self.lock();
        refuse_second(&state)?;
        if plan.kind() != OperationKind::Uninstall {
            refuse_unknown(&state)?;
        }
        if state.tidying > 0 {
            return Err(Fault::new(FaultCode::StoreBusy));
        }
        let taken = journal::list(&self.dir)?;
        let time = self.ports.clock.now();
        let operation = OperationId::next(time, plan.kind(), &taken);
        let format = bridle_core::journal::FORMAT;
        let kind = EventKind::Approved { format, by: by.to_owned(), plan: Box::new(plan) };
        let first = Event { seq: 1, operation: operation.clone(), time, kind };
        journal::create(&self.dir, &first)?;
        let view = OperationView::begin(&first).ok_or_else(|| Fault::new(FaultCode::Internal))?;
        state.open.push_back(operation);
        state.count += 1;
        state.current = Some(Current { events: vec![first], view: view.clone() });
        state.commands.clear();
        state.waiting = false;
        self.changed.notify_all();
        Ok(view)
    }

    /// Starts the thread that runs operations.
    ///
    /// # Errors
    /// The operating system's, if there can be no more threads.
    pub(crate) fn start(self: &Arc<Self>) -> std::io::Result<JoinHandle<()>> {
        let operations = Arc::clone(self);
        std::thread::Builder::new().name("operations".to_owned()).spawn(move || operations.work())
    }

    /// Makes the thread stop after the running step; the next start goes on.
    pub(crate) fn close(&self) {
        self.lock().closing = true;
        self.changed.notify_all();
    }

    /// Waits until an operation is to go on under another agent: this one must end.
    pub(crate) async fn handed_over(&self) {
        self.handed_over.notified().await;
    }

    /// The operation that runs, waits, or ended last.
    pub(crate) fn current(&self) -> Option<OperationView> {
        self.lock().current.as_ref().map(|current| current.view.clone())
    }

    /// What committed operations have put in place, and how many operations there have been.
    pub(crate) fn applied(&self) -> (Option<Applied>, u64) {
        let state = self.lock();
        (state.applied.clone(), state.count)
    }

    /// What steps took on this host.
    pub(crate) fn learned(&self) -> Learned {
        self.lock().learned.clone()
    }

    /// The release that the last committed operation left.
    pub(crate) fn installed(&self) -> Option<String> {
        self.lock().installed.clone()
    }

    /// Views of the newest operations, newest first, without those that [`Self::faults`] tells of.
    ///
    /// # Errors
    /// A [`Fault`] if a journal cannot be read that could be at the start.
    pub(crate) fn list(&self) -> Result<Vec<OperationView>, Fault> {
        let mut ids = journal::list(&self.dir)?;
        ids.retain(|id| !self.lock().damaged.contains_key(id));
        ids.reverse();
        ids.truncate(LISTED);
        ids.iter().map(|id| self.view(id)).collect()
    }

    /// View of one operation.
    ///
    /// # Errors
    /// A [`Fault`] if there is none, or its journal cannot be read.
    pub(crate) fn view(&self, id: &OperationId) -> Result<OperationView, Fault> {
        if let Some(current) = self.lock().current.as_ref().filter(|current| current.view.id == *id) {
            return Ok(current.view.clone());
        }
        let events = journal::read(&self.dir, id)?;
        OperationView::fold(&events)
            .ok_or_else(|| Fault::new(FaultCode::OperationUnknown).with("operation", id.as_str()))
    }

    /// Kept events of an operation after number `after`, and a listener for those that come.
    ///
    /// # Errors
    /// A [`Fault`] if there is none, or its journal cannot be read.
    pub(crate) fn follow(
        &self,
        id: &OperationId,
        after: u64,
    ) -> Result<(Vec<Event>, broadcast::Receiver<Event>), Fault> {
        let state = self.lock(); // no event comes between the listener and the copy
        let listener = self.live.subscribe();
        let later = |events: &[Event]| events.iter().filter(|event| event.seq > after).cloned().collect();
        match state.current.as_ref().filter(|current| current.view.id == *id) {
            Some(current) => Ok((later(&current.events), listener)),
            None => Ok((later(&journal::read(&self.dir, id)?), listener)),
        }
    }

    /// Gives an operator's command to an operation.
    ///
    /// # Errors
    /// A [`Fault`] if there is no such operation, or its state does not allow the command.
    pub(crate) fn command(&self, id: &OperationId, command: OperatorCommand, by: &str) -> Result<(), Fault> {
        if let OperatorCommand::Skip { reason } = &command
            && (reason.trim().is_empty() || reason.chars().count() > 400)
        {
            return Err(Fault::new(FaultCode::RequestInvalid).with("what", "reason"));
        }
        let view = self.view(id)?;
        if view.kind != OperationKind::RestoreCluster && command == OperatorCommand::Abort && view.is_past_commit() {
            return Err(Fault::new(FaultCode::UpgradeCommitted));
        }
        let refused =
            || Fault::new(FaultCode::CommandRefused).with("state", state_word(&view)).detail(view.state.title());
        if view.kind == OperationKind::Uninstall && command == OperatorCommand::Abort {
            return Err(Fault::new(FaultCode::RemovalFinal));
        }
        if view.kind == OperationKind::Recreate && command == OperatorCommand::Abort {
            return Err(Fault::new(FaultCode::RecreateFinal));
        }
        if view.kind == OperationKind::RestoreCluster && command == OperatorCommand::Abort && view.is_past_commit() {
            return Err(Fault::new(FaultCode::ClusterRestoreFinal));
        }
        let mut state = self.lock();
        let is_current = state.current.as_ref().is_some_and(|current| current.view.id == *id);
        if !is_current || !view.state.allows(&command) || state.commands.len() >= MOST_COMMANDS {
            return Err(refused());
        }
        state.commands.push_back((command, by.to_owned()));
        state.waiting = false;
        self.changed.notify_all();
        Ok(())
    }

    /// One sentence for systemd's status line.
    pub(crate) fn sentence(&self) -> String {
        match &self.lock().current {
            Some(Current { view, .. }) if !view.state.is_final() => {
                format!("{}: {:?}, {} %", view.id, view.state, view.percent())
            }
            _ => "ready".to_owned(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes an operation into account that has ended, or not yet.
    fn remember(&mut self, view: &OperationView, events: &[Event]) {
        self.learned.learn(events);
        if let Some(installed) = leaves(view) {
            self.installed = installed;
        }
        if let (OperationState::Committed, Some(EventKind::Approved { plan, .. })) =
            (view.state, events.first().map(|event| &event.kind))
        {
            self.applied = Applied::with(self.applied.take(), plan);
        }
    }
}

fn refuse_second(state: &State) -> Result<(), Fault> {
    match state.open.front() {
        Some(open) => {
            let current = state.current.as_ref().filter(|current| current.view.id == *open);
            let detail = current.map_or_else(
                || Message::new("operation-not-ended").with("operation", open.as_str()),
                |current| current.view.holder(),
            );
            Err(Fault::new(FaultCode::OperationRunning).with("operation", open.as_str()).detail(detail))
        }
        None => Ok(()),
    }
}

fn refuse_unknown(state: &State) -> Result<(), Fault> {
    state.damaged.values().next_back().map_or(Ok(()), |fault| Err(fault.clone()))
}

/// What is installed after an operation; `None` if it changed nothing in that.
fn leaves(view: &OperationView) -> Option<Option<String>> {
    (view.state == OperationState::Committed).then(|| match view.kind {
        OperationKind::Install
        | OperationKind::Upgrade
        | OperationKind::Rollback
        | OperationKind::Configure
        | OperationKind::Recreate
        | OperationKind::RestoreCluster
        | OperationKind::Backup => Some(view.to.clone()),
        OperationKind::Uninstall => None,
    })
}

fn state_word(view: &OperationView) -> String {
    serde_json::to_value(view.state).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
