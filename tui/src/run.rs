//! The loop: draw, wait for an event, change the state, act.

use std::io::{IsTerminal as _, Write as _};

use bridle_client::{Client, ClientConfig, now};
use bridle_core::fault::{Exit, Fault, FaultCode};
use bridle_core::message::{Language, Message};
use ratatui::DefaultTerminal;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinHandle;

use crate::feed;
use crate::screen;
use crate::state::{Action, Incoming, State};

/// Events that may wait; a feed that is faster waits itself.
const QUEUE: usize = 256;

/// Shows the screen until it is left; what runs in the agent goes on.
///
/// # Errors
/// A [`Fault`] if there is no terminal, or it is lost.
pub async fn run(config: &ClientConfig, language: Language, colours: bool) -> Result<Exit, Fault> {
    if !std::io::stdout().is_terminal() {
        return Err(Fault::new(FaultCode::RequestInvalid).with("what", "bridle tui: stdout"));
    }
    let mut terminal = ratatui::try_init().map_err(|error| lost(&error))?;
    let (to, from) = channel(QUEUE);
    feed::keyboard(to.clone());
    let tasks = [tokio::spawn(feed::ticks(to.clone())), tokio::spawn(feed::status(config.clone(), to.clone()))];
    let mut state = State::new(language, colours, now());
    let result = show(&mut terminal, &mut state, &Client::new(config), &to, from).await;
    tasks.iter().for_each(JoinHandle::abort);
    ratatui::restore();
    if state.something_runs() {
        let words = Message::new("tui-left").render(state.language);
        let _ = writeln!(std::io::stderr(), "{words}");
    }
    result.map(|()| Exit::Ok).map_err(|error| lost(&error))
}

async fn show(
    terminal: &mut DefaultTerminal,
    state: &mut State,
    client: &Client,
    to: &Sender<Incoming>,
    mut from: Receiver<Incoming>,
) -> std::io::Result<()> {
    let mut following: Option<JoinHandle<()>> = None;
    loop {
        let mut shown = screen::Shown::default();
        terminal.draw(|frame| shown = screen::draw(frame, state))?;
        state.settle(shown);
        let Some(mut incoming) = from.recv().await else { return Ok(()) };
        // A history that is told again is taken in as a whole before the next drawing.
        for _ in 0..QUEUE {
            for action in state.update(incoming) {
                match action {
                    Action::Quit => {
                        following.iter().for_each(JoinHandle::abort);
                        return Ok(());
                    }
                    Action::Follow(id) => {
                        following.iter().for_each(JoinHandle::abort);
                        tokio::spawn(feed::learned(client.clone(), id.clone(), to.clone()));
                        following = Some(tokio::spawn(feed::operation(client.clone(), id, to.clone())));
                    }
                    action => ask(action, client.clone(), to.clone()),
                }
            }
            match from.try_recv() {
                Ok(next) => incoming = next,
                Err(_) => break,
            }
        }
    }
}

/// Asks the agent, beside the screen: the answer comes as an event.
pub fn ask(action: Action, client: Client, to: Sender<Incoming>) {
    match action {
        Action::Tell(id, command) => drop(tokio::spawn(feed::tell(client, id, command, to))),
        Action::Releases => drop(tokio::spawn(feed::releases(client, to))),
        Action::Plan(number, change) => drop(tokio::spawn(feed::plan(client, number, change, to))),
        Action::Begin(number, kind, order) => drop(tokio::spawn(feed::begin(client, number, kind, *order, to))),
        Action::Quit | Action::Follow(_) => {}
    }
}

fn lost(error: &std::io::Error) -> Fault {
    Fault::new(FaultCode::Internal).because(error)
}
