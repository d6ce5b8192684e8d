//! One case: an operation, its troubles, the starts of the agent that follow, and what is there at the end.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bridle_core::engine::{Engine, Rest, World};
use bridle_core::event::{Event, EventKind, OperatorCommand};
use bridle_core::fault::FaultCode;
use bridle_core::journal::{Resume, resume};
use bridle_core::operation::{OperationId, OperationState, OperationView};
use bridle_core::port::fs::FileSystem as _;
use bridle_core::port::sim::{CrashFs, DiskWorld, PowerCut, SimClock, SimInbox, SimObserver, Trouble};
use bridle_host::journal::Journals;

use super::flaw::{Flaw, Flawed};
use super::operation::Operation;
use super::watch::{Mark, Watch, WatchedJournal, WatchedWorld};

/// Starts of the agent after which a case counts as hanging.
const MOST_LIVES: usize = 12;
/// Of these, those that begin because one agent handed over to another.
const MOST_HAND_OVERS: usize = 8;
/// Answers of the operator within one life of the agent.
const MOST_ROUNDS: usize = 8;
/// After so many lives with a disk that is full or read-only, somebody mends it.
const PATIENCE: usize = 2;
const LOCK: &str = "/run/agent.lock";
/// Where the steps have their effects.
pub(super) const WORLD: &str = "/world";
const JOURNALS: &str = "/data/journal";

/// A trouble of one of the ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strike {
    /// Of the disk.
    Disk(Trouble),
    /// The wall clock jumps by this many milliseconds.
    Clock(i64),
}

/// Kinds of trouble, as tables name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// `kill -9`.
    Kill,
    /// What was not synced is lost, torn or out of order.
    PowerCut,
    /// ENOSPC.
    NoSpace,
    /// EIO on a sync; the data are lost although they can be read.
    SyncError,
    /// Remounted read-only.
    ReadOnly,
    /// The wall clock jumps.
    Clock,
}

/// What an operation left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Everything that the plan wants.
    New,
    /// Everything as before.
    Old,
}

/// A case that ended well.
#[derive(Debug)]
pub struct Play {
    /// What is there.
    pub end: End,
    /// Whether the operator had to say how to go on.
    pub asked: bool,
    /// Starts of the agent, of whatever release.
    pub lives: usize,
    /// Number of the first change of the disk, and names of all.
    pub(super) first: u64,
    pub(super) history: Vec<&'static str>,
    pub(super) marks: Vec<Mark>,
    tree: Tree,
}

type Tree = Vec<(PathBuf, String, Vec<u8>)>;

/// What may be there at the end, from runs without trouble.
#[derive(Debug, Clone)]
pub struct Expected {
    new: Tree,
}

impl Expected {
    /// Runs the plan without any trouble.
    ///
    /// # Errors
    /// What is wrong even then.
    pub fn of(operation: &Operation) -> Result<Self, String> {
        let whole = Operation::forward(operation.name, operation.plan.clone());
        let played = Stage::new(&whole, Flaw::None)?.play(&[], None)?;
        Ok(Self { new: played.tree })
    }
}

impl Strike {
    /// Its kind.
    #[must_use]
    pub const fn family(self) -> Family {
        match self {
            Self::Disk(Trouble::Kill | Trouble::KillWithin) => Family::Kill,
            Self::Disk(Trouble::PowerCut(_) | Trouble::PowerCutWithin(_)) => Family::PowerCut,
            Self::Disk(Trouble::NoSpace(_)) => Family::NoSpace,
            Self::Disk(Trouble::SyncError) => Family::SyncError,
            Self::Disk(Trouble::ReadOnly) => Family::ReadOnly,
            Self::Clock(_) => Family::Clock,
        }
    }
}

impl Family {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::Kill, Self::PowerCut, Self::NoSpace, Self::SyncError, Self::ReadOnly, Self::Clock];

    /// Its name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::PowerCut => "power cut",
            Self::NoSpace => "no space",
            Self::SyncError => "EIO on fsync",
            Self::ReadOnly => "read-only",
            Self::Clock => "clock jump",
        }
    }
}

/// Plays an operation with these troubles (at absolute numbers of changes of the disk).
///
/// # Errors
/// In words, what is neither old nor new, or stands still.
pub fn play(
    operation: &Operation,
    flaw: Flaw,
    strikes: &[(u64, Strike)],
    expected: Option<&Expected>,
) -> Result<Play, String> {
    Stage::new(operation, flaw)?.play(strikes, expected)
}

struct Stage<'a> {
    operation: &'a Operation,
    flaw: Flaw,
    crash: CrashFs,
    clock: Arc<SimClock>,
    world: DiskWorld,
    journals: Journals,
    watch: Watch,
    before: Tree,
    asked: bool,
    hand_overs: usize,
}

/// How a life of the agent ended.
enum Life {
    /// With the operation.
    Ended,
    /// By a trouble.
    Troubled,
    /// The agent of another release is to go on.
    HandedOver,
}

impl<'a> Stage<'a> {
    fn new(operation: &'a Operation, flaw: Flaw) -> Result<Self, String> {
        let crash = CrashFs::default();
        let words = |what: &str, error: &dyn std::fmt::Debug| format!("prepare {what}: {error:?}");
        for dir in ["/run", "/data"] {
            crash.make_dir(Path::new(dir), 0o755).map_err(|error| words(dir, &error))?;
        }
        drop(crash.try_lock(Path::new(LOCK)).map_err(|error| words(LOCK, &error))?);
        let fs = Arc::new(Flawed { fs: crash.clone(), flaw });
        let world = DiskWorld::new(fs.clone(), Path::new(WORLD)).map_err(|error| words(WORLD, &error))?;
        operation.seed(&world).map_err(|fault| words("the world", &fault))?;
        if let Some(step) = operation.refuses {
            world.fail(step, u32::MAX);
        }
        crash.sync_file_system(Path::new("/")).map_err(|error| words("the disk", &error))?;
        Ok(Self {
            operation,
            flaw,
            journals: Journals::new(fs, Path::new(JOURNALS)),
            watch: Watch::new(crash.clone()),
            before: crash.tree(Path::new(WORLD)),
            crash,
            clock: Arc::default(),
            world,
            asked: false,
            hand_overs: 0,
        })
    }

    fn play(mut self, strikes: &[(u64, Strike)], expected: Option<&Expected>) -> Result<Play, String> {
        let first = self.crash.operations() + 1;
        for (at, strike) in strikes {
            match *strike {
                Strike::Disk(trouble) => self.crash.strike(*at, trouble),
                Strike::Clock(by) => {
                    let clock = Arc::clone(&self.clock);
                    self.crash.act(*at, move || clock.jump(by));
                }
            }
        }
        // Lives that a trouble ended.
        let mut lives = 0;
        loop {
            match self.live(lives)? {
                Life::Ended => break,
                Life::Troubled => lives += 1,
                Life::HandedOver => self.hand_overs += 1,
            }
            if lives == MOST_LIVES || self.hand_overs == MOST_HAND_OVERS {
                return Err(format!("no end after {lives} starts of the agent and {} hand-overs", self.hand_overs));
            }
            if lives > PATIENCE {
                self.crash.mend();
            }
            // Whatever it was, the agent's process has ended.
            self.crash.kill();
            self.crash.restart();
        }
        let history = self.crash.history();
        let end = self.judge(expected)?;
        self.doubt(strikes, end)?;
        // What was said to be done is on disk.
        self.crash.calm();
        self.crash.mend();
        self.crash.cut(PowerCut::HARD);
        self.crash.restart();
        let after = self.judge(expected).map_err(|wrong| format!("after a last power cut: {wrong}"))?;
        if after != end {
            return Err(format!("a last power cut made {after:?} of {end:?}"));
        }
        let tree = self.crash.tree(Path::new(WORLD));
        Ok(Play {
            end,
            asked: self.asked,
            lives: lives + self.hand_overs + 1,
            first,
            history,
            marks: self.watch.marks(),
            tree,
        })
    }

    /// Whether these troubles may end so: a process or a power supply that fails is no failure of a step.
    fn doubt(&self, strikes: &[(u64, Strike)], end: End) -> Result<(), String> {
        let passing = |strike: &Strike| matches!(strike.family(), Family::Kill | Family::PowerCut | Family::Clock);
        let forward = self.operation.goes_forward();
        if forward && end == End::Old && strikes.iter().all(|(_, strike)| passing(strike)) {
            return Err("taken back although no step failed".to_owned());
        }
        Ok(())
    }

    /// One life of the agent, the `life`-th that a trouble may end, from 0.
    fn live(&mut self, life: usize) -> Result<Life, String> {
        match self.crash.try_lock(Path::new(LOCK)) {
            Err(_) => Ok(Life::Troubled),
            Ok(None) => Err("the agent's lock is held by nobody".to_owned()),
            Ok(Some(lock)) => {
                let ended = self.work(life);
                drop(lock);
                ended
            }
        }
    }

    fn work(&mut self, life: usize) -> Result<Life, String> {
        let Ok(operations) = self.journals.list() else { return Ok(Life::Troubled) };
        let Ok(agent) = self.world.agent() else { return Ok(Life::Troubled) };
        let id = match &operations[..] {
            [id] => id.clone(),
            [] => {
                // The installer's record never was there: it is run again.
                let first = self.operation.first();
                if self.journals.create(&first).is_err() {
                    return Ok(Life::Troubled);
                }
                first.operation
            }
            more => return Err(format!("{} journals", more.len())),
        };
        let inbox = SimInbox::default();
        if self.operation.given_up && life > 0 {
            inbox.say(OperatorCommand::Abort);
        }
        for _ in 0..MOST_ROUNDS {
            match self.round(&id, &inbox, agent.as_deref())? {
                None => return Ok(Life::Troubled),
                Some(Rest::Ended(_)) => return Ok(Life::Ended),
                Some(Rest::HandOver) => return Ok(Life::HandedOver),
                Some(Rest::Waiting(OperationState::NeedsOperator)) => {
                    self.asked = true;
                    self.crash.mend();
                    inbox.say(self.answer(&id)?);
                }
                Some(other) => return Err(format!("rests as {other:?}")),
            }
        }
        Err("the operator's answers lead nowhere".to_owned())
    }

    /// One run of the engine, as the agent does it; `None` if the agent ends itself.
    fn round(&self, id: &OperationId, inbox: &SimInbox, agent: Option<&str>) -> Result<Option<Rest>, String> {
        let (journal, events) = match self.journals.open(id) {
            Ok(opened) => opened,
            Err(fault) if matches!(fault.code, FaultCode::JournalDamaged | FaultCode::JournalForeign) => {
                return Err(format!("the journal cannot be read: {:?}", fault.causes));
            }
            Err(_) => return Ok(None),
        };
        let world = WatchedWorld { world: &self.world, watch: &self.watch, flaw: self.flaw, agent };
        let observer = SimObserver::default();
        let ports =
            World { host: &world, cluster: &world, vault: &world, clock: &*self.clock, observer: &observer, inbox };
        let mut journal = WatchedJournal { journal, watch: &self.watch, flaw: self.flaw, early: None };
        let mut engine = Engine::new(ports, &mut journal, events).ok_or("the journal holds no plan")?;
        Ok(engine.run(agent.unwrap_or("test")).ok())
    }

    /// What a person says who wants the operation to go on, or, where it cannot, to be taken back.
    fn answer(&self, id: &OperationId) -> Result<OperatorCommand, String> {
        let events = self.journals.read(id).map_err(|fault| format!("read what failed: {fault:?}"))?;
        let at = match resume(&self.operation.plan, &events) {
            Resume::AskOperator { at } => self.operation.plan.steps()[at].step.name(),
            other => return Err(format!("asks the operator, and would {other:?}")),
        };
        let hopeless = self.operation.refuses == Some(at);
        Ok(if hopeless { OperatorCommand::Abort } else { OperatorCommand::Retry })
    }

    /// Whether journal, view and world say the same, and which of the two it is.
    fn judge(&self, expected: Option<&Expected>) -> Result<End, String> {
        if let [lock, ..] = &self.crash.locks()[..] {
            return Err(format!("an orphan lock: {}", lock.display()));
        }
        let operations = self.journals.list().map_err(|fault| format!("list journals: {fault:?}"))?;
        let [id] = &operations[..] else { return Err(format!("{} journals", operations.len())) };
        let events = self.journals.read(id).map_err(|fault| format!("read the journal: {:?}", fault.causes))?;
        let state = OperationView::fold(&events).map(|view| view.state);
        let state = state.filter(|state| self.operation.endings().contains(state));
        let state = state.ok_or_else(|| format!("the journal ends otherwise than {:?}", self.operation.endings()))?;
        if state == OperationState::RolledBack && self.passed_the_commit(&events) {
            return Err("taken back behind the commit".to_owned());
        }
        let kept: Vec<PathBuf> = match state {
            OperationState::Committed => Vec::new(),
            _ => self.kept_for_later(),
        };
        let is_kept = |path: &Path| kept.iter().any(|kept| path.starts_with(kept));
        let left = |(path, ..): &&(PathBuf, String, Vec<u8>)| is_part(path) && !is_kept(path);
        if let Some((part, ..)) = self.crash.tree(Path::new("/")).iter().find(left) {
            return Err(format!("left behind: {}", part.display()));
        }
        let found = self.crash.tree(Path::new(WORLD));
        match (state, expected) {
            (OperationState::Committed, Some(expected)) => same(&found, &expected.new).map(|()| End::New),
            (OperationState::Committed, None) => Ok(End::New),
            _ => {
                let ours = |tree: &Tree| -> Tree { tree.iter().filter(|(path, ..)| !is_kept(path)).cloned().collect() };
                same(&ours(&found), &ours(&self.before)).map(|()| End::Old)
            }
        }
    }

    /// Whether a step behind the commit has begun.
    fn passed_the_commit(&self, events: &[Event]) -> bool {
        let Some(commit) = self.operation.plan.commit() else { return false };
        events.iter().any(|event| matches!(event.kind, EventKind::Intent { step, .. } if step >= commit))
    }

    /// What may be there in the old state too, as far as no other step has it as its own.
    fn kept_for_later(&self) -> Vec<PathBuf> {
        let put_back: Vec<PathBuf> = self.operation.ways_back().flat_map(|step| self.world.places(step)).collect();
        let places = self.operation.kept_for_later().flat_map(|step| self.world.places(step));
        places.filter(|place| !put_back.contains(place)).collect()
    }
}

fn is_part(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "part")
}

fn same(found: &Tree, wanted: &Tree) -> Result<(), String> {
    if found == wanted {
        return Ok(());
    }
    let missing = wanted.iter().find(|entry| !found.contains(entry));
    let extra = found.iter().find(|entry| !wanted.contains(entry));
    match (missing, extra) {
        (None, None) => Ok(()),
        (Some((path, what, _)), _) => Err(format!("in between: not as wanted: {} ({what})", path.display())),
        (None, Some((path, what, _))) => Err(format!("in between: still there: {} ({what})", path.display())),
    }
}
