//! The releases here, and the plan of a change before anything happens.

use bridle_core::fault::Fault;
use bridle_core::message::Message;
use bridle_core::operation::OperationView;
use bridle_core::port::Timestamp;
use bridle_core::status::ReleaseView;
use bridle_core::upgrade::{ChangeOrder, ChangeView, words};

use super::{Action, Screen, State};

/// How often the first screen asks which releases are here, in milliseconds.
const LOOK_MILLIS: u64 = 30_000;

/// Something that was asked for.
#[derive(Debug)]
pub enum Answer<T> {
    /// It is on its way.
    Awaited {
        /// When it was asked for.
        since: Timestamp,
    },
    /// It came.
    Here(T),
    /// It could not be had.
    Failed(Fault),
}

/// A change that can be planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// To this release.
    Upgrade(String),
    /// To the release before.
    Return,
}

/// How a release stands to the one in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    /// It is the one in use.
    InUse,
    /// It comes after it; whether the way is direct is said by the plan.
    Newer,
    /// It came before.
    Older,
    /// Of another platform, or nothing is in use.
    Other,
}

/// Releases and plan.
#[derive(Debug)]
pub struct Updates {
    /// The releases here, newest first.
    pub releases: Answer<Vec<ReleaseView>>,
    /// Which of them is chosen.
    pub chosen: usize,
    /// What was planned.
    pub change: Change,
    /// The plan.
    pub plan: Answer<Box<ChangeView>>,
    /// Since when the agent is looking whether it may begin.
    pub starting: Option<Timestamp>,
    /// Why it does not begin.
    pub refused: Option<Fault>,
    /// When the first screen last asked which releases are here.
    looked: Option<Timestamp>,
    /// Number of the last question; answers to earlier ones are no longer wanted.
    number: u64,
}

impl Default for Updates {
    fn default() -> Self {
        let since = Timestamp(0);
        Self {
            releases: Answer::Awaited { since },
            chosen: 0,
            change: Change::Return,
            plan: Answer::Awaited { since },
            starting: None,
            refused: None,
            looked: None,
            number: 0,
        }
    }
}

impl Updates {
    /// The releases, as far as they are known.
    pub fn list(&self) -> &[ReleaseView] {
        match &self.releases {
            Answer::Here(releases) => releases,
            Answer::Awaited { .. } | Answer::Failed(_) => &[],
        }
    }

    /// The plan, if it is there.
    pub fn view(&self) -> Option<&ChangeView> {
        match &self.plan {
            Answer::Here(view) => Some(view),
            Answer::Awaited { .. } | Answer::Failed(_) => None,
        }
    }

    /// How `release` stands to the one in use.
    pub fn age(&self, release: &ReleaseView) -> Age {
        let current = self.list().iter().find(|release| release.current);
        match current.filter(|current| current.name == release.name) {
            None => Age::Other,
            Some(_) if release.current => Age::InUse,
            Some(current) if release.sequence > current.sequence => Age::Newer,
            Some(_) => Age::Older,
        }
    }

    /// The newest release that could take the place of the one in use.
    pub fn newer(&self) -> Option<&ReleaseView> {
        self.list().iter().find(|release| self.age(release) == Age::Newer)
    }

    /// Whether the chosen release can be upgraded to.
    pub fn newer_is_chosen(&self) -> bool {
        self.list().get(self.chosen).is_some_and(|release| self.age(release) == Age::Newer)
    }
}

impl State {
    /// What stands against beginning what is planned, for people.
    pub fn stands_against(&self, view: &ChangeView) -> Option<Message> {
        if self.offline.is_some() {
            return Some(Message::new("tui-blocked-offline"));
        }
        if self.something_runs() {
            return Some(Message::new("tui-blocked-busy"));
        }
        if let Some(against) = words::against(view, self.language) {
            return Some(Message::new("tui-blocked").with("what", against));
        }
        view.forbidden.as_ref().map(|critical| Message::new("tui-blocked-period").with("name", critical.name.as_str()))
    }

    /// Asks now and then whether something newer is here, so that the first screen can say so.
    pub(super) fn look_for_releases(&mut self) -> Vec<Action> {
        let installed = self.status.as_ref().is_some_and(|status| status.release.is_some());
        let idle = self.screen() == Screen::Home && self.offline.is_none() && !self.something_runs();
        let due = self.updates.looked.is_none_or(|at| self.now.0.saturating_sub(at.0) >= LOOK_MILLIS);
        if !(installed && idle && due) {
            return Vec::new();
        }
        self.updates.looked = Some(self.now);
        vec![Action::Releases]
    }

    pub(super) fn ask_releases(&mut self) -> Vec<Action> {
        self.updates.releases = Answer::Awaited { since: self.now };
        vec![Action::Releases]
    }

    pub(super) fn take_releases(&mut self, releases: Result<Vec<ReleaseView>, Fault>) {
        self.updates.releases = match releases {
            Ok(mut releases) => {
                releases.sort_by(|one, other| (&one.name, other.sequence).cmp(&(&other.name, one.sequence)));
                Answer::Here(releases)
            }
            Err(fault) => Answer::Failed(fault),
        };
        // The newest one is what people come for.
        let newer = self.updates.list().iter().position(|release| self.updates.age(release) == Age::Newer);
        let current = self.updates.list().iter().position(|release| release.current);
        self.updates.chosen = newer.or(current).unwrap_or(0);
        if self.screen() == Screen::Updates {
            self.focus = 0;
        }
    }

    pub(super) fn ask_plan_of_chosen(&mut self) -> Vec<Action> {
        let Some(release) = self.updates.list().get(self.updates.chosen) else { return Vec::new() };
        let change = Change::Upgrade(release.id.clone());
        self.ask_plan(change)
    }

    pub(super) fn ask_plan(&mut self, change: Change) -> Vec<Action> {
        self.updates.change = change;
        self.open(Screen::Plan);
        self.ask_plan_again()
    }

    pub(super) fn ask_plan_again(&mut self) -> Vec<Action> {
        self.reset();
        self.updates.number += 1;
        self.updates.plan = Answer::Awaited { since: self.now };
        self.updates.refused = None;
        self.updates.starting = None;
        vec![Action::Plan(self.updates.number, self.updates.change.clone())]
    }

    pub(super) fn take_plan(&mut self, number: u64, plan: Result<Box<ChangeView>, Fault>) {
        if number != self.updates.number {
            return;
        }
        self.updates.plan = match plan {
            Ok(view) => Answer::Here(view),
            Err(fault) => Answer::Failed(fault),
        };
        if self.screen() == Screen::Plan {
            self.reset(); // Cancel
        }
    }

    /// The plan is no longer looked at: an answer that is still on its way is dropped.
    pub(super) fn leave_plan(&mut self) {
        self.updates.number += 1;
        self.updates.starting = None;
    }

    pub(super) fn start(&mut self) -> Vec<Action> {
        let Some(view) = self.updates.view().filter(|view| self.stands_against(view).is_none()) else {
            return Vec::new();
        };
        let order = ChangeOrder {
            release: view.to.clone(),
            plan: view.plan,
            basis: Some(view.basis.clone()),
            copy_data: true,
            even_in: None,
        };
        let kind = view.kind;
        self.updates.number += 1;
        self.updates.starting = Some(self.now);
        self.reset();
        vec![Action::Begin(self.updates.number, kind, Box::new(order))]
    }

    pub(super) fn take_begun(&mut self, number: u64, begun: Result<Box<OperationView>, Fault>) -> Vec<Action> {
        let awaited = number == self.updates.number;
        if awaited {
            self.updates.starting = None;
        }
        match begun {
            Err(fault) if awaited => {
                self.updates.refused = Some(fault);
                self.reset();
                Vec::new()
            }
            // Whoever went back to another screen hears of it there.
            Err(fault) => {
                self.refused = Some(fault);
                Vec::new()
            }
            Ok(operation) => {
                if awaited {
                    self.screens.truncate(1);
                    self.open(Screen::Operation);
                }
                if self.followed.as_ref() == Some(&operation.id) {
                    return Vec::new(); // the status was faster
                }
                let follow = self.follow(operation.id.clone());
                self.operation = Some(*operation);
                vec![follow]
            }
        }
    }
}
