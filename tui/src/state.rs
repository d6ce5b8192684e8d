//! The one state of the screen, and how events change it.

use std::collections::VecDeque;

use bridle_client::News;
use bridle_core::event::{Event, OperatorCommand};
use bridle_core::fault::Fault;
use bridle_core::message::{Language, Message};
use bridle_core::operation::{OperationId, OperationState, OperationView};
use bridle_core::port::Timestamp;
use bridle_core::status::StatusView;
use crossterm::event::KeyEvent;

use crate::keymap::{self, Meaning};
use crate::theme::Theme;

/// Events that are kept for the list.
const MOST_EVENTS: usize = 500;

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
}

/// A screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screen {
    /// The whole.
    Home,
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
    followed: Option<OperationId>,
    /// What happened, oldest first.
    pub events: VecDeque<Event>,
    pub reconnecting: bool,
    /// Which button has the focus.
    focus: usize,
    pub scroll: u16,
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
            followed: None,
            events: VecDeque::new(),
            reconnecting: false,
            focus: 0,
            scroll: 0,
            asking: false,
            notice: None,
            refused: None,
        }
    }

    /// The screen on top.
    pub fn screen(&self) -> Screen {
        self.screens.last().copied().unwrap_or(Screen::Home)
    }

    /// The buttons of this moment.
    pub fn buttons(&self) -> Vec<Button> {
        if self.asking {
            return vec![Button::No, Button::Yes];
        }
        match self.screen() {
            Screen::Home => vec![Button::Operation, Button::Help, Button::Leave],
            Screen::Help => vec![Button::Back],
            Screen::Operation => {
                // First what changes nothing: two times Enter must not.
                let mut buttons = vec![Button::Back];
                buttons.extend(self.commands());
                buttons
            }
        }
    }

    /// The button that Enter presses.
    pub fn focused(&self) -> Button {
        let buttons = self.buttons();
        buttons[self.focus.min(buttons.len() - 1)]
    }

    /// Whether leaving deserves the remark that something goes on.
    pub fn something_runs(&self) -> bool {
        self.operation.as_ref().is_some_and(|operation| !operation.state.is_final())
    }

    /// Whether a key does something now; the bottom bar shows only these.
    pub fn takes(&self, meaning: Meaning) -> bool {
        let commands = if self.screen() == Screen::Operation && !self.asking { self.commands() } else { Vec::new() };
        match meaning {
            Meaning::Pause => commands.contains(&Button::Pause),
            Meaning::Continue => commands.contains(&Button::Continue),
            Meaning::Retry => commands.contains(&Button::Retry),
            Meaning::Abort => commands.contains(&Button::Abort),
            Meaning::Help => self.screen() != Screen::Help,
            Meaning::Left | Meaning::Right => self.buttons().len() > 1,
            Meaning::Up | Meaning::Down => !self.asking,
            Meaning::Quit | Meaning::Open | Meaning::Back | Meaning::Language => true,
        }
    }

    /// Takes one event in.
    pub fn update(&mut self, incoming: Incoming) -> Vec<Action> {
        match incoming {
            Incoming::Key(key) => self.key(key),
            Incoming::Resize => Vec::new(),
            Incoming::Tick(now) => {
                self.now = now;
                Vec::new()
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
            Incoming::Closed => vec![Action::Quit],
        }
    }

    fn commands(&self) -> Vec<Button> {
        let state = self.operation.as_ref().map(|operation| operation.state);
        if self.offline.is_some() {
            return Vec::new();
        }
        match state {
            Some(OperationState::Approved | OperationState::Running | OperationState::Verifying) => vec![Button::Pause, Button::Abort],
            Some(OperationState::Paused) => vec![Button::Continue, Button::Abort],
            Some(OperationState::NeedsOperator) => vec![Button::Retry, Button::Abort],
            Some(OperationState::RollingBack | OperationState::Committed | OperationState::RolledBack) | None => {
                Vec::new()
            }
        }
    }

    fn take_status(&mut self, status: StatusView) -> Vec<Action> {
        let id = status.operation.as_ref().map(|operation| operation.id.clone());
        let mut actions = Vec::new();
        if let Some(id) = id.filter(|id| self.followed.as_ref() != Some(id)) {
            self.operation = status.operation.clone();
            self.events.clear();
            self.followed = Some(id.clone());
            actions.push(Action::Follow(id));
        }
        self.status = Some(status);
        actions
    }

    fn take_news(&mut self, news: News) {
        match news {
            News::Event(event) => {
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
            Meaning::Up => self.scroll = self.scroll.saturating_sub(1),
            Meaning::Down => self.scroll = self.scroll.saturating_add(1).min(1000),
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
            Button::Help => {
                self.asking = false;
                self.open(Screen::Help);
            }
            Button::Leave => return vec![Action::Quit],
            Button::Back if self.screens.len() == 1 => return vec![Action::Quit],
            Button::Back => {
                self.screens.pop();
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

    fn open(&mut self, screen: Screen) {
        self.screens.push(screen);
        self.reset();
    }

    fn reset(&mut self) {
        self.focus = 0;
        self.scroll = 0;
    }

    fn tell(&mut self, command: OperatorCommand) -> Vec<Action> {
        let Some(operation) = &self.operation else { return Vec::new() };
        self.notice = Some(Message::new("tui-sent"));
        vec![Action::Tell(operation.id.clone(), command)]
    }
}
