//! The one state of the screen, and how events change it.

mod buttons;
mod updates;

use std::collections::VecDeque;

use bridle_client::News;
use bridle_core::event::{Event, EventKind, OperatorCommand};
use bridle_core::fault::Fault;
use bridle_core::message::{Language, Message};
use bridle_core::operation::{OperationId, OperationState, OperationView};
use bridle_core::plan::forecast::{self, Learned, StepForecast};
use bridle_core::plan::{OperationKind, Plan};
use bridle_core::port::Timestamp;
use bridle_core::status::{ReleaseView, StatusView};
use bridle_core::upgrade::{ChangeOrder, ChangeView};
use crossterm::event::KeyEvent;

use crate::keymap::{self, Meaning};
use crate::screen::Shown;
use crate::theme::Theme;
pub use updates::{Age, Answer, Change, Updates};

/// Events that are kept for the list.
const MOST_EVENTS: usize = 500;
/// Lines of a page.
const PAGE: u16 = 10;

/// What comes in, from anywhere.
#[derive(Debug)]
pub enum Incoming {
    /// A key.
    Key(KeyEvent),
    /// The window has another size: only drawn again.
    Resize,
    /// A second has passed.
    Tick(Timestamp),
    /// The state of the whole.
    Status(Box<StatusView>),
    /// The agent does not answer; what is known from disk.
    Offline(Box<StatusView>, Fault),
    /// From the followed operation.
    News(OperationId, News),
    /// The operation can no longer be followed.
    Lost(OperationId),
    /// What became of a command.
    Told(Result<(), Fault>),
    /// What earlier operations took.
    Learned(OperationId, Learned),
    /// The releases on this host.
    Releases(Result<Vec<ReleaseView>, Fault>),
    /// The plan of a change, and which question it answers.
    Planned(u64, Result<Box<ChangeView>, Fault>),
    /// What became of the order to begin a change, and which question it answers.
    Begun(u64, Result<Box<OperationView>, Fault>),
    /// The keyboard is gone.
    Closed,
}

/// What is to be done outside.
#[derive(Debug, PartialEq, Eq)]
pub enum Action {
    /// Leave.
    Quit,
    /// Follow this operation from its beginning.
    Follow(OperationId),
    /// Tell the agent.
    Tell(OperationId, OperatorCommand),
    /// Ask which releases are here.
    Releases,
    /// Ask what a change would do; the number comes back with the answer.
    Plan(u64, Change),
    /// Begin a change that was looked at; the number comes back with the answer.
    Begin(u64, OperationKind, Box<ChangeOrder>),
}

/// A screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screen {
    /// The whole.
    Home,
    /// The releases here.
    Updates,
    /// A change before anything happens.
    Plan,
    /// All about one step, of the plan or of the operation below.
    Step,
    /// One operation.
    Operation,
    /// The keys.
    Help,
}

/// A button that Enter presses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Button {
    /// Opens the operation.
    Operation,
    /// Opens the releases.
    Updates,
    /// Asks for the plan of the chosen release.
    ShowPlan,
    /// Asks for the plan of the way back.
    ReturnPlan,
    /// Asks for the same plan anew.
    PlanAgain,
    /// Leaves the plan; nothing happens.
    Cancel,
    /// Begins what the plan says.
    Start,
    /// All about a step, or what programs said of a failure.
    Details,
    /// Opens the help.
    Help,
    /// Leaves.
    Leave,
    /// One step back.
    Back,
    /// Stops after the running step.
    Pause,
    /// Goes on.
    Continue,
    /// Tries again.
    Retry,
    /// Asks whether to take everything back.
    Abort,
    /// Refuses a dangerous act.
    No,
    /// Confirms it.
    Yes,
}

/// Everything that is drawn.
#[derive(Debug)]
pub struct State {
    pub language: Language,
    pub theme: Theme,
    pub now: Timestamp,
    /// Screens that were opened one over the other; never empty.
    screens: Vec<Screen>,
    pub status: Option<StatusView>,
    /// Why the status is not the present one.
    pub offline: Option<Fault>,
    pub operation: Option<OperationView>,
    /// Who confirmed it, and what.
    pub approved: Option<(String, Box<Plan>)>,
    learned: Option<Learned>,
    /// What its steps take here; empty until that is known.
    pub forecast: Vec<StepForecast>,
    /// Releases and the plan of a change.
    pub updates: Updates,
    /// Which step is looked at.
    pub step: usize,
    /// Whether what programs said of a failure is shown.
    pub unfolded: bool,
    followed: Option<OperationId>,
    /// What happened, oldest first.
    pub events: VecDeque<Event>,
    pub reconnecting: bool,
    /// Which button has the focus.
    focus: usize,
    /// The first line that is seen.
    pub scroll: u16,
    /// Whether a person chose that line; else a screen may follow what happens.
    pub held: bool,
    /// Whether the question about taking everything back is open.
    pub asking: bool,
    pub notice: Option<Message>,
    pub refused: Option<Fault>,
}

impl State {
    /// The first screen, knowing nothing yet.
    pub fn new(language: Language, colours: bool, now: Timestamp) -> Self {
        Self {
            language,
            theme: Theme { colours },
            now,
            screens: vec![Screen::Home],
            status: None,
            offline: None,
            operation: None,
            approved: None,
            learned: None,
            forecast: Vec::new(),
            updates: Updates::default(),
            step: 0,
            unfolded: false,
            followed: None,
            events: VecDeque::new(),
            reconnecting: false,
            focus: 0,
            scroll: 0,
            held: false,
            asking: false,
            notice: None,
            refused: None,
        }
    }

    /// The screen on top.
    pub fn screen(&self) -> Screen {
        self.screens.last().copied().unwrap_or(Screen::Home)
    }

    /// Whether an operation goes on, or waits: nothing else begins, and leaving deserves a remark.
    pub fn something_runs(&self) -> bool {
        self.operation.as_ref().is_some_and(|operation| !operation.state.is_final())
    }

    /// Takes one event in.
    pub fn update(&mut self, incoming: Incoming) -> Vec<Action> {
        match incoming {
            Incoming::Key(key) => self.key(key),
            Incoming::Resize => Vec::new(),
            Incoming::Tick(now) => {
                self.now = now;
                self.look_for_releases()
            }
            Incoming::Status(status) => {
                self.offline = None;
                self.take_status(*status)
            }
            Incoming::Offline(status, fault) => {
                self.offline = Some(fault);
                self.operation = self.operation.take().or_else(|| status.operation.clone());
                self.status = Some(*status);
                Vec::new()
            }
            Incoming::News(id, news) if self.followed.as_ref() == Some(&id) => {
                self.take_news(news);
                Vec::new()
            }
            Incoming::Lost(id) if self.followed.as_ref() == Some(&id) => {
                self.followed = None; // the next status follows it again
                Vec::new()
            }
            Incoming::News(..) | Incoming::Lost(_) => Vec::new(),
            Incoming::Told(result) => {
                self.notice = result.is_ok().then(|| Message::new("tui-accepted"));
                self.refused = result.err();
                Vec::new()
            }
            Incoming::Learned(id, learned) => {
                if self.followed.as_ref() == Some(&id) {
                    self.learned = Some(learned);
                    self.foresee();
                }
                Vec::new()
            }
            Incoming::Releases(releases) => {
                self.take_releases(releases);
                Vec::new()
            }
            Incoming::Planned(number, plan) => {
                self.take_plan(number, plan);
                Vec::new()
            }
            Incoming::Begun(number, begun) => self.take_begun(number, begun),
            Incoming::Closed => vec![Action::Quit],
        }
    }

    /// Takes note of what was seen of the screen's lines: from there a person goes on, and never past the last page.
    pub fn settle(&mut self, shown: Shown) {
        self.scroll = if self.held { self.scroll.min(shown.last) } else { shown.first };
    }

    fn take_status(&mut self, status: StatusView) -> Vec<Action> {
        let id = status.operation.as_ref().map(|operation| operation.id.clone());
        let mut actions = Vec::new();
        // Names are in the order of time: an answer from before a newer operation began is no news.
        if let Some(id) = id.filter(|id| self.followed.as_ref().is_none_or(|followed| followed < id)) {
            self.operation = status.operation.clone();
            actions.push(self.follow(id));
        }
        self.status = Some(status);
        actions
    }

    fn follow(&mut self, id: OperationId) -> Action {
        self.events.clear();
        (self.approved, self.learned) = (None, None);
        self.forecast.clear();
        self.unfolded = false;
        self.followed = Some(id.clone());
        Action::Follow(id)
    }

    /// Works out what the steps of the operation take, once plan and history are known.
    fn foresee(&mut self) {
        if let (Some((_, plan)), Some(learned)) = (&self.approved, &self.learned) {
            self.forecast = forecast::steps(plan, learned, &|_| false);
        }
    }

    fn take_news(&mut self, news: News) {
        match news {
            News::Event(event) => {
                if let EventKind::Approved { by, plan, .. } = &event.kind {
                    self.approved = Some((by.clone(), plan.clone()));
                    self.foresee();
                }
                // While old events are told again, the view of the status is newer.
                match (OperationView::begin(&event), &mut self.operation) {
                    (Some(begun), view) if view.as_ref().is_none_or(|view| view.seq <= begun.seq) => {
                        *view = Some(begun)
                    }
                    (None, Some(view)) if event.seq >= view.seq => view.apply(&event),
                    _ => {}
                }
                if event.kind.is_kept() {
                    if self.events.len() >= MOST_EVENTS {
                        self.events.pop_front();
                    }
                    self.events.push_back(*event);
                }
                self.reconnecting = false;
            }
            News::Reconnecting { .. } => self.reconnecting = true,
            News::Connected | News::Ended => self.reconnecting = false,
        }
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Action> {
        let Some(meaning) = keymap::meaning(key).filter(|meaning| self.takes(*meaning)) else { return Vec::new() };
        self.notice = None;
        self.refused = None;
        match meaning {
            Meaning::Quit => return vec![Action::Quit],
            Meaning::Open => return self.press(self.focused()),
            Meaning::Back => return self.press(if self.asking { Button::No } else { Button::Back }),
            Meaning::Left => self.focus = self.focus.saturating_sub(1),
            Meaning::Right => self.focus = (self.focus + 1).min(self.buttons().len() - 1),
            Meaning::Up => self.move_by(-1),
            Meaning::Down => self.move_by(1),
            Meaning::PageUp => self.move_by(-i32::from(PAGE)),
            Meaning::PageDown => self.move_by(i32::from(PAGE)),
            Meaning::Updates => return self.press(Button::Updates),
            Meaning::Details => return self.press(Button::Details),
            Meaning::Help => return self.press(Button::Help),
            Meaning::Language => {
                self.language = match self.language {
                    Language::En => Language::Fr,
                    Language::Fr => Language::En,
                }
            }
            Meaning::Pause => return self.press(Button::Pause),
            Meaning::Continue => return self.press(Button::Continue),
            Meaning::Retry => return self.press(Button::Retry),
            Meaning::Abort => return self.press(Button::Abort),
        }
        Vec::new()
    }

    fn press(&mut self, button: Button) -> Vec<Action> {
        match button {
            Button::Operation => self.open(Screen::Operation),
            Button::Updates => {
                self.open(Screen::Updates);
                return self.ask_releases();
            }
            Button::ShowPlan => return self.ask_plan_of_chosen(),
            Button::ReturnPlan => return self.ask_plan(Change::Return),
            Button::PlanAgain => return self.ask_plan_again(),
            Button::Start => return self.start(),
            Button::Details => self.details(),
            Button::Help => {
                self.asking = false;
                self.open(Screen::Help);
            }
            Button::Leave => return vec![Action::Quit],
            Button::Back if self.screens.len() == 1 => return vec![Action::Quit],
            Button::Back | Button::Cancel => {
                if self.screens.pop() == Some(Screen::Plan) {
                    self.leave_plan();
                }
                self.reset();
            }
            Button::Pause => return self.tell(OperatorCommand::Pause),
            Button::Continue => return self.tell(OperatorCommand::Continue),
            Button::Retry => return self.tell(OperatorCommand::Retry),
            Button::Abort => {
                self.asking = true;
                self.focus = 0; // No
            }
            Button::No => {
                self.asking = false;
                self.reset();
            }
            Button::Yes => {
                self.asking = false;
                self.reset();
                return self.tell(OperatorCommand::Abort);
            }
        }
        Vec::new()
    }

    /// To the next or a further line, release or step.
    fn move_by(&mut self, lines: i32) {
        let moved = |from: usize, most: usize| {
            let to = i64::try_from(from).unwrap_or(0) + i64::from(lines);
            usize::try_from(to.max(0)).unwrap_or(0).min(most.saturating_sub(1))
        };
        match self.screen() {
            Screen::Updates => {
                let chosen = moved(self.updates.chosen, self.updates.list().len());
                if chosen != self.updates.chosen {
                    self.updates.chosen = chosen;
                    self.focus = 0;
                }
            }
            Screen::Step => {
                self.step = moved(self.step, self.steps_below());
                self.scroll = 0;
            }
            Screen::Home | Screen::Plan | Screen::Operation | Screen::Help => {
                self.held = true;
                self.scroll = u16::try_from(moved(usize::from(self.scroll), usize::from(u16::MAX))).unwrap_or(u16::MAX);
            }
        }
    }

    /// The screen below the one on top.
    pub fn below(&self) -> Screen {
        let count = self.screens.len();
        self.screens.get(count.wrapping_sub(2)).copied().unwrap_or(Screen::Home)
    }

    fn steps_below(&self) -> usize {
        match self.below() {
            Screen::Plan => self.updates.view().map_or(0, |view| view.steps.len()),
            _ => self.operation.as_ref().map_or(0, |operation| operation.steps.len()),
        }
    }

    fn details(&mut self) {
        if self.tells_a_fault() {
            self.unfolded = !self.unfolded;
            self.scroll = 0;
            return;
        }
        self.step = match (self.screen(), &self.operation) {
            (Screen::Operation, Some(operation)) => {
                let current = operation.current().map(|step| step.id);
                operation.steps.iter().position(|step| Some(step.id) == current).unwrap_or(0)
            }
            _ => 0,
        };
        self.open(Screen::Step);
    }

    /// Whether the screen tells why the operation stopped or went back.
    pub fn tells_a_fault(&self) -> bool {
        self.screen() == Screen::Operation
            && self.operation.as_ref().is_some_and(|operation| {
                matches!(operation.state, OperationState::NeedsOperator | OperationState::RolledBack)
            })
    }

    fn open(&mut self, screen: Screen) {
        self.screens.push(screen);
        self.reset();
    }

    fn reset(&mut self) {
        self.focus = 0;
        self.scroll = 0;
        self.held = false;
    }

    fn tell(&mut self, command: OperatorCommand) -> Vec<Action> {
        let Some(operation) = &self.operation else { return Vec::new() };
        self.notice = Some(Message::new("tui-sent"));
        vec![Action::Tell(operation.id.clone(), command)]
    }
}
