//! `bridle operation attach`: one operation, live, until it ends, stops or the person leaves.

use std::time::Duration;

use bridle_client::{Client, Follow, News, Patience, now};
use bridle_core::event::{Event, EventKind};
use bridle_core::fault::{Exit, Fault};
use bridle_core::message::Message;
use bridle_core::operation::{OperationId, OperationState, OperationView, StepState};
use bridle_core::plan::forecast::{self, Learned, StepForecast};
use bridle_core::step::StepId;
use tokio::time::{MissedTickBehavior, interval};

use crate::face::Face;
use crate::screen::Screen;
use crate::steps::Style;

/// What is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// Lines for people.
    Text,
    /// Each event as one line of JSON.
    Events,
    /// Nothing until the end, then the operation as one JSON object.
    Result,
}

/// Follows `id`. Leaving (Ctrl-C, a lost terminal, an agent that stays away) changes nothing in the operation.
pub async fn run(face: &Face, client: &Client, id: &OperationId, output: Output) -> Result<Exit, Fault> {
    let patience = Patience::default();
    let known = match client.operation(id).await {
        Err(error) if error.is_passing() => {
            face.say(&Message::new("attach-starting"));
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {
                    face.say(&Message::new("attach-left").with("id", id.as_str()));
                    return Ok(Exit::Detached);
                }
                answer = client.wait_for(id, patience.first) => answer,
            }
        }
        answer => answer,
    };
    let known = known.map_err(|error| error.fault())?;
    let status = client.status().await.ok();
    let mut watcher = Watcher {
        style: Style { language: face.language, paint: face.paint },
        screen: Screen::new(*face, output == Output::Text),
        known: known.seq,
        front_door: status.map(|status| status.front_door).unwrap_or_default(),
        view: None,
        waits: None,
        // Only lines that are drawn again say what is left: a record does not get truer by an estimate.
        learned: match output {
            Output::Text if face.live && !known.state.is_final() => client.learned(id).await,
            _ => Learned::default(),
        },
        forecast: Vec::new(),
    };
    watcher.screen.line(&watcher.style.title(&known));
    let mut follow = Follow::new(client.clone(), id.clone(), patience);
    let mut tick = interval(Duration::from_secs(1));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            _ = tokio::signal::ctrl_c() => return Ok(watcher.leave(face, id)),
            news = follow.next() => match news {
                Ok(News::Event(event)) => {
                    if output == Output::Events {
                        face.put_json(&event);
                    }
                    if let Some(exit) = watcher.take(&event) {
                        return Ok(watcher.end(face, exit, output));
                    }
                }
                Ok(News::Reconnecting { attempt, .. }) => watcher.reconnecting(attempt),
                Ok(News::Connected) => watcher.screen.note(&face.words(&Message::new("attach-connected"))),
                Ok(News::Ended) => return Ok(watcher.end(face, Exit::Ok, output)),
                Err(error) => {
                    watcher.screen.close();
                    face.say(&Message::new("attach-lost").with("id", id.as_str()));
                    return Err(error.fault());
                }
            },
            _ = tick.tick() => watcher.draw(),
        }
    }
}

struct Watcher {
    style: Style,
    screen: Screen,
    /// What had happened before this program looked: not news, so it ends nothing.
    known: u64,
    front_door: String,
    view: Option<OperationView>,
    /// What was last said to be waited for; said once where lines cannot be drawn again.
    waits: Option<(StepId, Message)>,
    /// What steps took here before.
    learned: Learned,
    /// What the steps of this operation take here.
    forecast: Vec<StepForecast>,
}

impl Watcher {
    /// Takes an event; gives the exit code where the operation has ended or waits for a decision.
    fn take(&mut self, event: &Event) -> Option<Exit> {
        if let EventKind::Approved { plan, .. } = &event.kind {
            self.forecast = forecast::steps(plan, &self.learned, &|_| false);
        }
        match &mut self.view {
            None => self.view = OperationView::begin(event),
            Some(view) => view.apply(event),
        }
        let view = self.view.as_ref()?;
        for line in self.style.news(view, event) {
            self.screen.line(&line);
        }
        if let EventKind::Waiting { step, what, since } = &event.kind {
            let waits = Some((*step, what.clone()));
            if self.waits != waits {
                self.screen.note(&format!("        {}", self.style.waits_since(what, *since)));
            }
            self.waits = waits;
        }
        let exit = outcome(view.state).filter(|_| view.seq >= self.known);
        self.draw();
        exit
    }

    fn draw(&mut self) {
        let Some(view) = self.view.as_ref().filter(|view| view.seq >= self.known) else { return };
        let mut lines = Vec::new();
        if let Some(step) = view.current().filter(|step| step.state == StepState::Running) {
            lines.push(self.style.current(view, step));
            lines.extend(self.style.detail(step, now()).map(|line| format!("        {line}")));
        }
        lines.push(self.style.foot(view, &self.forecast, now()));
        lines.push(Message::new("attach-hint").render(self.style.language));
        self.screen.live(&lines);
    }

    fn reconnecting(&mut self, attempt: u32) {
        let step = self.view.as_ref().and_then(OperationView::current);
        let hands_over = step.is_some_and(|step| step.title.code == "step-switch-agent");
        let code = if hands_over { "attach-hand-over" } else { "attach-reconnecting" };
        let words = Message::new(code).render(self.style.language);
        if attempt == 1 {
            self.screen.note(&words);
        }
        self.screen.live(&[words]);
    }

    fn leave(&mut self, face: &Face, id: &OperationId) -> Exit {
        self.screen.close();
        face.say(&Message::new("attach-left").with("id", id.as_str()));
        Exit::Detached
    }

    fn end(&mut self, face: &Face, exit: Exit, output: Output) -> Exit {
        self.screen.close();
        let Some(view) = &self.view else { return exit };
        match output {
            Output::Result => face.put_json(view),
            Output::Events => {}
            Output::Text => {
                face.put_lines(&self.style.ending(view, &self.front_door, now()));
            }
        }
        outcome(view.state).unwrap_or(exit)
    }
}

/// The exit code that a state means; `None` while the operation goes on or is paused.
fn outcome(state: OperationState) -> Option<Exit> {
    match state {
        OperationState::Committed => Some(Exit::Ok),
        OperationState::RolledBack => Some(Exit::RolledBack),
        OperationState::NeedsOperator => Some(Exit::Failed),
        OperationState::Approved
        | OperationState::Running
        | OperationState::Verifying
        | OperationState::Paused
        | OperationState::RollingBack => None,
    }
}
