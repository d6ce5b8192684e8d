//! The same screens for those who hear them or have no terminal that can be drawn on (`interface.md` §7.8): text, numbered
//! choices, one line for each thing that happens. State, buttons and words are those of the screen.

use std::io::{BufRead as _, Write as _};

use bridle_client::{Client, ClientConfig, now};
use bridle_core::fault::{Exit, Fault};
use bridle_core::message::{Language, Message};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinHandle;

use crate::feed;
use crate::keymap::Meaning;
use crate::run::ask;
use crate::screen::{event_line, flow, label, text};
use crate::state::{Action, Answer, Button, Incoming, Screen, State};

/// Events that may wait; a feed that is faster waits itself.
const QUEUE: usize = 256;
/// Columns of a line; what hears it does not care, and serial consoles have no more.
const WIDTH: usize = 78;
/// Longest line that is read, in bytes.
const LONGEST: u64 = 256;

/// Speaks the screen until it is left; what runs in the agent goes on.
///
/// # Errors
/// A [`Fault`] if nobody listens any more.
pub async fn run(config: &ClientConfig, language: Language) -> Result<Exit, Fault> {
    let (to, from) = channel(QUEUE);
    let (typed, lines) = channel(1);
    std::thread::spawn(move || read(&typed));
    let tasks = [tokio::spawn(feed::ticks(to.clone())), tokio::spawn(feed::status(config.clone(), to.clone()))];
    let mut speaker = Speaker { state: State::new(language, false, now()), said: None, heard: 0 };
    let client = Client::new(config);
    let result = speaker.talk(&client, &to, from, lines).await;
    tasks.iter().for_each(JoinHandle::abort);
    if speaker.state.something_runs() {
        let _ = writeln!(std::io::stderr(), "{}", Message::new("tui-left").render(speaker.state.language));
    }
    result.map(|()| Exit::Ok).map_err(|error| Fault::new(bridle_core::fault::FaultCode::Internal).because(&error))
}

/// Lines of standard input, on a thread of their own because reading them blocks.
fn read(to: &Sender<String>) {
    let mut input = std::io::stdin().lock();
    loop {
        let mut line = String::new();
        let read = std::io::Read::take(&mut input, LONGEST).read_line(&mut line);
        if !matches!(read, Ok(1..)) || to.blocking_send(line.trim().to_owned()).is_err() {
            break;
        }
    }
}

/// What is said, and what was said already.
struct Speaker {
    state: State,
    /// What the last menu was about; another one is said by itself.
    said: Option<Topic>,
    /// Number of the last event that was said.
    heard: u64,
}

/// What a menu is about.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Topic {
    screen: Screen,
    choices: Vec<Choice>,
    language: Language,
    chosen: (usize, usize),
    unfolded: bool,
    waits: bool,
}

/// A numbered choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    /// A button, by its place.
    Press(usize, Button),
    /// A key that has no button.
    Type(KeyCode, &'static str),
}

impl Speaker {
    async fn talk(
        &mut self,
        client: &Client,
        to: &Sender<Incoming>,
        mut from: Receiver<Incoming>,
        mut lines: Receiver<String>,
    ) -> std::io::Result<()> {
        let mut following: Option<JoinHandle<()>> = None;
        loop {
            let actions = tokio::select! {
                line = lines.recv() => match line {
                    None => return Ok(()),
                    Some(line) => self.take(&line),
                },
                incoming = from.recv() => match incoming {
                    None => return Ok(()),
                    Some(incoming) => self.state.update(incoming),
                },
            };
            for action in actions {
                match action {
                    Action::Quit => {
                        following.iter().for_each(JoinHandle::abort);
                        return Ok(());
                    }
                    Action::Follow(id) => {
                        following.iter().for_each(JoinHandle::abort);
                        self.heard = self.state.operation.as_ref().map_or(0, |operation| operation.seq);
                        tokio::spawn(feed::learned(client.clone(), id.clone(), to.clone()));
                        following = Some(tokio::spawn(feed::operation(client.clone(), id, to.clone())));
                    }
                    action => ask(action, client.clone(), to.clone()),
                }
            }
            let mut out = std::io::stdout().lock();
            for line in self.news() {
                writeln!(out, "{line}")?;
            }
            out.flush()?;
        }
    }

    /// A line that was typed: a number, nothing to hear it again, `?` or `L`.
    fn take(&mut self, line: &str) -> Vec<Action> {
        let choices = choices(&self.state);
        self.said = None;
        let number = line.parse::<usize>().ok();
        match number {
            Some(0) => return self.key(KeyCode::Char('q')),
            Some(number) if number <= choices.len() => match choices[number - 1] {
                Choice::Type(key, _) => return self.key(key),
                Choice::Press(place, _) => {
                    for _ in 0..self.state.buttons().len() {
                        self.key(KeyCode::Left);
                    }
                    for _ in 0..place {
                        self.key(KeyCode::Right);
                    }
                    return self.key(KeyCode::Enter);
                }
            },
            _ => {}
        }
        match line {
            "?" => self.key(KeyCode::Char('?')),
            "l" | "L" => self.key(KeyCode::Char('L')),
            _ => Vec::new(),
        }
    }

    fn key(&mut self, code: KeyCode) -> Vec<Action> {
        self.state.update(Incoming::Key(KeyEvent::new(code, KeyModifiers::NONE)))
    }

    /// What is to be said now: what happened, then, where it is another one, the screen with its choices.
    fn news(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        let (language, heard) = (self.state.language, self.heard);
        for event in self.state.events.iter().filter(|event| event.seq > heard) {
            lines.push(event_line::line(event, language).to_string());
            self.heard = event.seq;
        }
        if self.state.status.is_none() {
            return lines;
        }
        let topic = topic(&self.state);
        if self.said.as_ref() != Some(&topic) {
            lines.extend(menu(&self.state));
            self.said = Some(topic);
        }
        lines
    }
}

fn topic(state: &State) -> Topic {
    Topic {
        screen: state.screen(),
        choices: choices(state),
        language: state.language,
        chosen: (state.updates.chosen, state.step),
        unfolded: state.unfolded,
        waits: matches!(state.updates.plan, Answer::Awaited { .. }) || state.updates.starting.is_some(),
    }
}

/// The buttons, and the keys without one that change what is looked at.
fn choices(state: &State) -> Vec<Choice> {
    let buttons = state.buttons().into_iter().enumerate().filter(|(_, button)| *button != Button::Leave);
    let mut choices: Vec<Choice> = buttons.map(|(place, button)| Choice::Press(place, button)).collect();
    let others = match state.screen() {
        Screen::Updates => state.updates.list().len() > 1,
        Screen::Step => true,
        _ => false,
    };
    if others && !state.asking && state.takes(Meaning::Down) {
        choices.push(Choice::Type(KeyCode::Down, "spoken-next"));
        choices.push(Choice::Type(KeyCode::Up, "spoken-previous"));
    }
    choices
}

/// The screen and what can be chosen on it.
fn menu(state: &State) -> Vec<String> {
    let say = |message: Message| message.render(state.language);
    let mut lines = vec![String::new()];
    lines.extend(text(state).iter().flat_map(|line| {
        let indent = line.len() - line.trim_start().len();
        let mut rows = flow::wrapped(line.trim_start(), WIDTH.saturating_sub(indent));
        rows.extend(line.is_empty().then(String::new));
        rows.into_iter().map(move |row| format!("{}{row}", " ".repeat(indent)).trim_end().to_owned())
    }));
    if let Some(fault) = &state.refused {
        lines.push(format!("{} {}", fault.code.code(), fault.message.render(state.language)));
    }
    lines.extend(state.notice.iter().map(|notice| notice.render(state.language)));
    lines.push(String::new());
    let choices = choices(state);
    for (number, choice) in choices.iter().enumerate() {
        let words = match choice {
            Choice::Press(_, button) => label(state, *button),
            Choice::Type(_, code) => say(Message::new(code)),
        };
        lines.push(format!("{:>2}. {words}", number + 1));
    }
    lines.push(format!(" 0. {}", label(state, Button::Leave)));
    lines.push(say(Message::new("spoken-choice").with("most", choices.len())));
    lines
}

#[cfg(test)]
mod tests;
