//! Which buttons and keys do something at this moment.

use bridle_core::event::OperatorCommand;
use bridle_core::operation::{OperationState, OperationView};
use bridle_core::plan::OperationKind;

use super::{Answer, Button, Screen, State};
use crate::keymap::Meaning;

impl State {
    /// The buttons of this moment; the first one changes nothing: Enter twice must not.
    pub fn buttons(&self) -> Vec<Button> {
        if self.asking {
            return vec![Button::No, Button::Yes];
        }
        match self.screen() {
            Screen::Home => vec![Button::Operation, Button::Updates, Button::Help, Button::Leave],
            Screen::Help | Screen::Step => vec![Button::Back],
            Screen::Updates => self.update_buttons(),
            Screen::Plan => self.plan_buttons(),
            Screen::Operation => {
                let mut buttons = vec![Button::Back];
                buttons.extend(self.commands());
                buttons.extend(self.has_details().then_some(Button::Details));
                buttons
            }
        }
    }

    /// The button that Enter presses.
    pub fn focused(&self) -> Button {
        let buttons = self.buttons();
        buttons[self.focus.min(buttons.len() - 1)]
    }

    /// Whether a key does something now; the bottom bar shows only these.
    pub fn takes(&self, meaning: Meaning) -> bool {
        let buttons = self.buttons();
        match meaning {
            Meaning::Pause => buttons.contains(&Button::Pause),
            Meaning::Continue => buttons.contains(&Button::Continue),
            Meaning::Retry => buttons.contains(&Button::Retry),
            Meaning::Abort => buttons.contains(&Button::Abort),
            Meaning::Details => buttons.contains(&Button::Details),
            Meaning::Updates => matches!(self.screen(), Screen::Home | Screen::Operation) && !self.asking,
            Meaning::Help => self.screen() != Screen::Help,
            Meaning::Left | Meaning::Right => buttons.len() > 1,
            Meaning::Up | Meaning::Down | Meaning::PageUp | Meaning::PageDown => !self.asking,
            Meaning::Quit | Meaning::Open | Meaning::Back | Meaning::Language => true,
        }
    }

    /// What can be said to the operation now.
    pub fn commands(&self) -> Vec<Button> {
        let Some(operation) = self.operation.as_ref().filter(|_| self.offline.is_none()) else { return Vec::new() };
        let choices = [
            (Button::Pause, operation.state.allows(&OperatorCommand::Pause) && !operation.pause_asked),
            (Button::Continue, operation.state.allows(&OperatorCommand::Continue)),
            (Button::Retry, operation.state.allows(&OperatorCommand::Retry)),
            (Button::Abort, goes_back(operation)),
        ];
        choices.into_iter().filter(|(_, allowed)| *allowed).map(|(button, _)| button).collect()
    }

    fn has_details(&self) -> bool {
        match &self.operation {
            Some(_) if self.tells_a_fault() => self.told().is_some_and(|fault| !fault.causes.is_empty()),
            Some(_) => true,
            None => false,
        }
    }

    /// The fault that the screen tells: why the operation stopped, or why it went back.
    pub fn told(&self) -> Option<&bridle_core::fault::Fault> {
        let operation = self.operation.as_ref()?;
        match operation.state {
            OperationState::RolledBack | OperationState::RollingBack => operation.cause.as_ref(),
            _ => operation.fault.as_ref(),
        }
    }

    fn update_buttons(&self) -> Vec<Button> {
        let mut buttons = Vec::new();
        buttons.extend(self.updates.newer_is_chosen().then_some(Button::ShowPlan));
        buttons.push(Button::Back);
        buttons.extend((self.updates.list().len() > 1).then_some(Button::ReturnPlan));
        buttons
    }

    fn plan_buttons(&self) -> Vec<Button> {
        if self.updates.starting.is_some() {
            return vec![Button::Back]; // the order is on its way: nothing is left to cancel
        }
        let mut buttons = vec![Button::Cancel];
        match &self.updates.plan {
            Answer::Awaited { .. } => {}
            Answer::Failed(_) => buttons.push(Button::PlanAgain),
            Answer::Here(_) if self.updates.refused.is_some() => buttons.extend([Button::PlanAgain, Button::Details]),
            Answer::Here(view) => {
                buttons.extend(self.stands_against(view).is_none().then_some(Button::Start));
                buttons.push(Button::Details);
            }
        }
        buttons
    }
}

/// Whether an operator may still have `operation` taken back.
fn goes_back(operation: &OperationView) -> bool {
    operation.state.allows(&OperatorCommand::Abort)
        && !operation.is_past_commit()
        && operation.kind != OperationKind::Uninstall
}
