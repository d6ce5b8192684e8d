//! Screens as snapshots, every size without a panic, and what keys do.

use bridle_client::{News, sample};
use bridle_core::event::{Event, OperatorCommand};
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Language;
use bridle_core::operation::OperationState;
use bridle_core::port::Timestamp;
use bridle_core::status::Health;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use crate::keymap::{self, KEYS, Meaning};
use crate::screen::draw;
use crate::state::{Action, Incoming, Screen, State};

const OPEN: KeyCode = KeyCode::Enter;
const HELP: KeyCode = KeyCode::Char('?');

fn now() -> Timestamp {
    Timestamp(sample::BEGIN.0 + 90_000)
}

fn press(state: &mut State, key: KeyCode) -> Vec<Action> {
    state.update(Incoming::Key(KeyEvent::new(key, KeyModifiers::NONE)))
}

/// As it is after the status came and the operation's events were told.
fn after(events: &[Event], health: Health) -> State {
    let mut state = State::new(Language::En, false, now());
    let mut status = sample::status(Some(sample::view(events)));
    status.health = health;
    assert_eq!(state.update(Incoming::Status(Box::new(status))), [Action::Follow(sample::id())]);
    for event in events {
        state.update(Incoming::News(sample::id(), News::Event(Box::new(event.clone()))));
    }
    state
}

fn offline() -> State {
    let mut state = State::new(Language::En, false, now());
    let mut status = sample::status(Some(sample::view(&sample::beginning())));
    (status.agent, status.health) = (None, Health::Unknown);
    state.update(Incoming::Offline(Box::new(status), Fault::new(FaultCode::AgentUnreachable)));
    state
}

fn opened(mut state: State) -> State {
    press(&mut state, OPEN);
    assert_eq!(state.screen(), Screen::Operation);
    state
}

fn asking() -> State {
    let mut state = opened(after(&sample::failure(), Health::Problem));
    press(&mut state, KeyCode::Char('a'));
    state
}

fn helped() -> State {
    let mut state = after(&sample::success(), Health::Ok);
    press(&mut state, HELP);
    state
}

/// Every screen worth a look.
fn gallery() -> Vec<(&'static str, State)> {
    vec![
        ("nothing", State::new(Language::En, false, now())),
        ("home", after(&sample::success(), Health::Attention)),
        ("home-busy", after(&sample::beginning(), Health::Busy)),
        ("home-offline", offline()),
        ("operation-running", opened(after(&sample::beginning(), Health::Busy))),
        ("operation-done", opened(after(&sample::success(), Health::Ok))),
        ("operation-failed", opened(after(&sample::failure(), Health::Problem))),
        ("question", asking()),
        ("help", helped()),
    ]
}

fn drawn(state: &State, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("terminal");
    terminal.draw(|frame| draw(frame, state)).expect("draw");
    terminal.backend().to_string()
}

#[test]
fn screens() {
    for (name, mut state) in gallery() {
        for language in Language::ALL {
            state.language = language;
            for (width, height) in [(80, 24), (40, 15)] {
                insta::assert_snapshot!(format!("{name}-{language}-{width}x{height}"), drawn(&state, width, height));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_size_and_no_keys_make_it_panic(
        width in 1u16..300,
        height in 1u16..100,
        keys in proptest::collection::vec(0usize..KEYS.len(), 0..12),
        which in 0usize..9,
        french in any::<bool>(),
    ) {
        let (_, mut state) = gallery().swap_remove(which);
        if french {
            state.language = Language::Fr;
        }
        drawn(&state, width, height);
        for key in keys {
            press(&mut state, KEYS[key].keys[0]);
            drawn(&state, width, height);
        }
    }
}

#[test]
fn a_window_that_is_too_small_says_so() {
    let state = after(&sample::success(), Health::Ok);
    assert!(drawn(&state, 39, 15).contains("too small"));
    assert!(drawn(&state, 40, 14).contains("too small"));
    assert!(!drawn(&state, 40, 15).contains("too small"));
}

#[test]
fn help_and_keys_are_the_same_table() {
    for language in Language::ALL {
        let mut state = helped();
        state.language = language;
        let help = drawn(&state, 100, 30);
        for binding in KEYS {
            let line = format!("{}  ", binding.name(language));
            assert!(help.contains(binding.name(language).as_str()), "{line}");
            assert!(help.contains(&binding.long(language)), "{}", binding.long(language));
            for key in binding.keys {
                let event = KeyEvent::new(*key, KeyModifiers::NONE);
                assert_eq!(keymap::meaning(event), Some(binding.meaning));
            }
        }
    }
    let leave = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(keymap::meaning(leave), Some(Meaning::Quit));
}

#[test]
fn only_keys_that_do_something_are_shown() {
    let bar = |state: &State| drawn(state, 200, 24).lines().last().expect("a line").to_owned();
    let running = opened(after(&sample::beginning(), Health::Busy));
    assert!(bar(&running).contains("p pause") && !bar(&running).contains("r try again"));
    let failed = opened(after(&sample::failure(), Health::Problem));
    assert!(!bar(&failed).contains("p pause") && bar(&failed).contains("r try again"));
    let done = opened(after(&sample::success(), Health::Ok));
    assert!(!bar(&done).contains("a take back"));
    assert!(!bar(&offline()).contains("p pause"));
}

#[test]
fn enter_alone_never_changes_anything() {
    for (name, mut state) in gallery() {
        for _ in 0..6 {
            for action in press(&mut state, OPEN) {
                assert!(!matches!(action, Action::Tell(..)), "{name}: {action:?}");
            }
        }
    }
}

#[test]
fn everything_can_be_done_with_arrows_and_enter() {
    let mut state = after(&sample::failure(), Health::Problem);
    press(&mut state, OPEN);
    press(&mut state, KeyCode::Right);
    assert_eq!(press(&mut state, OPEN), [Action::Tell(sample::id(), OperatorCommand::Retry)]);
    press(&mut state, KeyCode::Right);
    press(&mut state, OPEN);
    assert!(state.asking);
    press(&mut state, KeyCode::Right);
    assert_eq!(press(&mut state, OPEN), [Action::Tell(sample::id(), OperatorCommand::Abort)]);
    press(&mut state, KeyCode::Esc);
    assert_eq!(state.screen(), Screen::Home);
    assert_eq!(press(&mut state, KeyCode::Esc), [Action::Quit]);
}

#[test]
fn escape_refuses_and_any_screen_can_be_left() {
    let mut state = asking();
    assert!(press(&mut state, KeyCode::Esc).is_empty());
    assert!(!state.asking && state.screen() == Screen::Operation);
    for (_, mut state) in gallery() {
        let leave = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(state.update(Incoming::Key(leave)), [Action::Quit]);
    }
}

#[test]
fn a_history_that_is_told_again_never_shows_an_older_state() {
    let events = sample::success();
    let mut state = State::new(Language::En, false, now());
    state.update(Incoming::Status(Box::new(sample::status(Some(sample::view(&events))))));
    for event in &events {
        state.update(Incoming::News(sample::id(), News::Event(Box::new(event.clone()))));
        assert_eq!(state.operation.as_ref().map(|operation| operation.state), Some(OperationState::Committed));
    }
    assert_eq!(state.operation, Some(sample::view(&events)));
    assert_eq!(state.events.len(), events.iter().filter(|event| event.kind.is_kept()).count());
}

#[test]
fn the_agents_return_is_noticed() {
    let mut state = offline();
    assert!(drawn(&state, 80, 24).contains("The agent does not answer"));
    let status = sample::status(Some(sample::view(&sample::beginning())));
    assert_eq!(state.update(Incoming::Status(Box::new(status))), [Action::Follow(sample::id())]);
    assert!(!drawn(&state, 80, 24).contains("The agent does not answer"));
}
