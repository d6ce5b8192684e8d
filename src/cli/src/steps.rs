//! An operation and its steps as lines.

use std::time::Duration;

use bridle_core::event::{Event, EventKind};
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::{Language, Message};
use bridle_core::operation::{OperationState, OperationView, StepState, StepView};
use bridle_core::plan::OperationKind;
use bridle_core::plan::forecast::{self, StepForecast};
use bridle_core::port::Timestamp;
use bridle_core::sign::Sign;
use bridle_core::step::StepId;
use bridle_core::wording::{self, FaultText};

use crate::face::Paint;

/// Language and colours of lines.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    pub language: Language,
    pub paint: Paint,
}

impl Style {
    fn words(self, message: &Message) -> String {
        message.render(self.language)
    }

    /// What the operation is.
    pub fn title(self, view: &OperationView) -> String {
        self.words(&view.title())
    }

    /// One step: sign, number, title, attempt, duration.
    pub fn step(self, step: &StepView, steps: usize) -> String {
        self.step_as(Sign::from(step), step, steps)
    }

    /// The step that is being worked on; where the operation goes back, it is being taken back.
    pub fn current(self, view: &OperationView, step: &StepView) -> String {
        let sign = match view.state {
            state @ OperationState::RollingBack => Sign::from(state),
            _ => Sign::from(step),
        };
        self.step_as(sign, step, view.steps.len())
    }

    fn step_as(self, sign: Sign, step: &StepView, steps: usize) -> String {
        let sign = self.paint.sign(sign, self.language);
        let width = steps.to_string().len();
        let mut line = format!("{sign}  {:>width$}/{steps}  {}", step.id.0, step.title.render(self.language));
        if step.already && step.state == StepState::Done {
            line.push_str(&format!("  ({})", self.words(&Message::new("step-already"))));
        } else if let Some(millis) = step.millis.filter(|_| matches!(step.state, StepState::Done | StepState::Undone)) {
            line.push_str(&format!("  {}", wording::duration(Duration::from_millis(millis))));
        }
        if step.attempt > 1 {
            line.push_str(&format!("  {}", self.words(&Message::new("step-attempt").with("attempt", step.attempt))));
        }
        line
    }

    /// What a step waits for, and since when; how far it is.
    pub fn detail(self, step: &StepView, now: Timestamp) -> Option<String> {
        let progress = wording::progress(step, self.language).map(|message| self.words(&message));
        let waiting = wording::waiting(step, now, self.language).map(|message| self.words(&message));
        match (progress, waiting) {
            (None, None) => None,
            (Some(one), None) | (None, Some(one)) => Some(one),
            (Some(one), Some(two)) => Some(format!("{one}; {two}")),
        }
    }

    /// What is waited for, for a record that is not drawn again.
    pub fn waits_since(self, what: &Message, since: Timestamp) -> String {
        let message = Message::new("step-waits-since")
            .with("what", what.render(self.language))
            .with("time", wording::moment(since));
        self.words(&message)
    }

    /// Percent, time since the start, and what is left of it where that is known.
    pub fn foot(self, view: &OperationView, forecast: &[StepForecast], now: Timestamp) -> String {
        let mut line = self.words(&wording::standing(view, now));
        if view.pause_asked {
            line.push_str(&format!("  {}", self.words(&Message::new("operation-pause-asked"))));
        } else if let Some(left) = forecast::remaining(view, forecast, now) {
            line.push_str(&format!("  {}", self.words(&wording::about(left))));
        }
        line
    }

    /// The whole operation.
    pub fn operation(self, view: &OperationView, now: Timestamp) -> Vec<String> {
        let state = self.paint.sign(Sign::from(view.state), self.language);
        let mut lines = vec![
            format!("{}  {}", self.paint.strong(&self.title(view)), view.id),
            format!("{state}  {}", self.foot(view, &[], now)),
            String::new(),
        ];
        for step in &view.steps {
            lines.push(format!("  {}", self.step(step, view.steps.len())));
            if let Some(detail) = self.detail(step, now) {
                lines.push(format!("        {detail}"));
            }
        }
        if view.state == OperationState::NeedsOperator {
            lines.push(String::new());
            lines.extend(self.failure(view));
        }
        lines
    }

    /// Why an operation stopped and what can be done: what, why, now, do.
    pub fn failure(self, view: &OperationView) -> Vec<String> {
        let fault = view.fault.clone().unwrap_or_else(|| Fault::new(FaultCode::OperatorNeeded));
        let text = FaultText::new(&fault, self.language);
        let mut lines = Vec::new();
        if let Some(step) = view.current() {
            lines.push(
                self.words(
                    &Message::new("failure-step")
                        .with("step", u32::from(step.id.0))
                        .with("steps", view.steps.len())
                        .with("title", step.title.render(self.language)),
                ),
            );
        }
        lines.extend(text.lines(self.language, 4));
        lines.push(String::new());
        let committed = view.is_past_commit();
        lines.push(self.words(&match committed {
            true => Message::new("failure-now-committed").with("release", view.to.as_str()),
            false => Message::new("failure-now"),
        }));
        let id = &view.id;
        let mut choices = vec![
            (format!("bridle operation retry {id}"), "failure-retry"),
            (format!("bridle operation skip {id} --reason …"), "failure-skip"),
        ];
        if view.kind != OperationKind::Uninstall && !committed {
            choices.push((format!("bridle operation abort {id}"), "failure-abort"));
        }
        for (command, does) in choices {
            lines.push(format!("  {command}"));
            lines.push(format!("      {}", self.words(&Message::new(does))));
        }
        lines
    }
}

impl Style {
    /// The lines that an event adds to a record that is not drawn again.
    pub fn news(self, view: &OperationView, event: &Event) -> Vec<String> {
        let of = |id: &StepId| view.steps.iter().find(|step| step.id == *id);
        match &event.kind {
            EventKind::Done { step, .. } => {
                of(step).map(|step| self.step(step, view.steps.len())).into_iter().collect()
            }
            EventKind::Failed { step, attempt, fault, .. } => {
                let mut lines: Vec<String> =
                    of(step).map(|step| self.step(step, view.steps.len())).into_iter().collect();
                let text = FaultText::new(fault, self.language);
                let message = match fault.was_told_to_stop() {
                    true => Message::new("step-stopped-as-told"),
                    false => Message::new("step-failed")
                        .with("attempt", *attempt)
                        .with("what", text.what)
                        .with("code", text.code),
                };
                lines.push(format!("        {}", self.words(&message)));
                lines
            }
            EventKind::Skipped { step, reason, by } => {
                let mut lines: Vec<String> =
                    of(step).map(|step| self.step(step, view.steps.len())).into_iter().collect();
                let message = Message::new("step-skipped-by").with("reason", reason.as_str()).with("by", by.as_str());
                lines.push(format!("        {}", self.words(&message)));
                lines
            }
            EventKind::State { state: OperationState::Paused } => {
                vec![self.words(&Message::new("operation-paused-now"))]
            }
            EventKind::State { state: OperationState::RollingBack } => {
                let mut lines = vec![self.words(&Message::new("operation-goes-back"))];
                lines.extend(wording::way_back(view, self.language).map(|why| format!("        {}", self.words(&why))));
                lines
            }
            EventKind::State { state: OperationState::Verifying } => {
                vec![self.words(&Message::new("attach-watched"))]
            }
            EventKind::Intent { step, undo: false, attempt: 1 } if view.commit == Some(*step) => {
                vec![self.words(&Message::new("attach-in-force"))]
            }
            _ => Vec::new(),
        }
    }

    /// The last words about an operation that ended or stopped.
    pub fn ending(self, view: &OperationView, front_door: &str, now: Timestamp) -> Vec<String> {
        let time = wording::elapsed(view.started, view.ended.unwrap_or(now));
        match view.state {
            OperationState::Committed if view.kind == OperationKind::Uninstall => {
                let done = Message::new("end-uninstalled").with("release", view.to.as_str()).with("time", time);
                let next = self.words(&Message::new("end-uninstalled-next"));
                vec![String::new(), self.sentence(view, &done), next]
            }
            OperationState::Committed => {
                let code = match view.kind {
                    OperationKind::Upgrade | OperationKind::Rollback => "end-changed",
                    OperationKind::Configure => "end-configured",
                    OperationKind::Recreate => "end-recreated",
                    _ => "end-committed",
                };
                let done = Message::new(code).with("release", view.to.as_str()).with("time", time);
                let mut lines = vec![String::new(), self.sentence(view, &done)];
                if !front_door.is_empty() {
                    lines.push(
                        self.words(&Message::new("end-address").with("address", format!("https://{front_door}/"))),
                    );
                }
                lines.push(self.words(&Message::new("end-next")));
                lines
            }
            OperationState::RolledBack => {
                let mut lines =
                    vec![String::new(), self.sentence(view, &Message::new("end-rolled-back").with("time", time))];
                if let Some(cause) = &view.cause {
                    let text = FaultText::new(cause, self.language);
                    let because = Message::new("end-because").with("because", text.what).with("code", text.code);
                    lines.push(self.words(&because));
                    lines.extend(text.detail);
                }
                lines
            }
            OperationState::NeedsOperator => {
                let mut lines = vec![String::new()];
                lines.extend(self.failure(view));
                lines
            }
            _ => Vec::new(),
        }
    }

    fn sentence(self, view: &OperationView, message: &Message) -> String {
        format!("{}  {}", self.paint.sign(Sign::from(view.state), self.language), self.words(message))
    }
}
