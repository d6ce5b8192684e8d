//! One event as one line.

use std::time::Duration;

use bridle_core::event::{Event, EventKind, OperatorCommand};
use bridle_core::message::{Language, Message};
use bridle_core::wording;
use ratatui::text::Line;

/// Time and words of an event.
pub fn line(event: &Event, language: Language) -> Line<'static> {
    let clock = wording::moment(event.time);
    Line::from(format!("{} {}", &clock[11..19], words(event, language).render(language)))
}

fn words(event: &Event, language: Language) -> Message {
    let took = |millis: u64| wording::duration(Duration::from_millis(millis));
    match &event.kind {
        EventKind::Approved { by, .. } => Message::new("event-approved").with("by", by.as_str()),
        EventKind::TakenUp { agent } => Message::new("event-taken-up").with("agent", agent.as_str()),
        EventKind::Intent { step, attempt, undo } => {
            let code = if *undo { "event-intent-undo" } else { "event-intent" };
            Message::new(code).with("step", u32::from(step.0)).with("attempt", *attempt)
        }
        EventKind::Done { step, already: true, .. } => Message::new("event-already").with("step", u32::from(step.0)),
        EventKind::Done { step, undo, millis, .. } => {
            let code = if *undo { "event-undone" } else { "event-done" };
            Message::new(code).with("step", u32::from(step.0)).with("time", took(*millis))
        }
        EventKind::Failed { step, fault, .. } if fault.was_told_to_stop() => {
            Message::new("event-told-to-stop").with("step", u32::from(step.0))
        }
        EventKind::Failed { step, attempt, fault, .. } => Message::new("event-failed")
            .with("step", u32::from(step.0))
            .with("attempt", *attempt)
            .with("what", fault.message.render(language))
            .with("code", fault.code.code()),
        EventKind::Skipped { step, reason, by } => Message::new("event-skipped")
            .with("step", u32::from(step.0))
            .with("by", by.as_str())
            .with("reason", reason.as_str()),
        EventKind::Commanded { command, by } => {
            let command = match command {
                OperatorCommand::Pause => "key-pause",
                OperatorCommand::Continue => "key-continue",
                OperatorCommand::Retry => "key-retry",
                OperatorCommand::Skip { .. } => "sign-skipped",
                OperatorCommand::Abort => "key-abort",
            };
            let command = Message::new(command).render(language);
            Message::new("event-commanded").with("by", by.as_str()).with("command", command)
        }
        EventKind::State { state } => Message::new("event-state").with("state", state.title().render(language)),
        EventKind::Waiting { what, since, .. } => Message::new("step-waits")
            .with("what", what.render(language))
            .with("time", wording::elapsed(*since, event.time)),
        EventKind::Advanced { done, total, .. } => {
            Message::new("step-progress").with("done", done.to_string()).with("total", total.to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use bridle_client::sample;
    use bridle_core::fault::{Fault, FaultCode};
    use bridle_core::port::Timestamp;
    use bridle_core::step::StepId;

    use super::*;

    #[test]
    fn who_asked_for_the_way_back_reads_of_no_failure() {
        let said = |fault| {
            let kind = EventKind::Failed { step: StepId(4), attempt: 1, undo: false, fault };
            let event = Event { seq: 9, operation: sample::id(), time: Timestamp(0), kind };
            line(&event, Language::En).to_string()
        };
        let late = Fault::new(FaultCode::DeadlinePassed).with("what", "soak");
        assert!(said(late.clone()).contains("failed") && said(late.clone()).contains("BR-1031"));
        let told = said(late.output("told to stop"));
        assert!(told.ends_with("step 4 ended early: everything is to go back"), "{told}");
    }
}
