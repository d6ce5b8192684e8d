//! Screens as snapshots, every size without a panic, and what keys do.

use bridle_client::{ClientError, News, sample};
use bridle_core::event::{Event, OperatorCommand};
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Language;
use bridle_core::operation::OperationState;
use bridle_core::plan::OperationKind;
use bridle_core::plan::forecast::Learned;
use bridle_core::port::Timestamp;
use bridle_core::status::{Health, ReleaseView};
use bridle_core::upgrade::ChangeView;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use crate::keymap::{self, KEYS, Meaning};
use crate::screen::{Shown, draw};
use crate::state::{Action, Change, Incoming, Screen, State};

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

/// Screens in the gallery.
const GALLERY: usize = 28;

/// Every screen worth a look.
fn gallery() -> Vec<(&'static str, State)> {
    vec![
        ("nothing", State::new(Language::En, false, now())),
        ("home", after(&sample::success(), Health::Attention)),
        ("home-newer", newer()),
        ("home-busy", after(&sample::beginning(), Health::Busy)),
        ("home-offline", offline()),
        ("operation-running", opened(after(&sample::beginning(), Health::Busy))),
        ("operation-done", opened(after(&sample::success(), Health::Ok))),
        ("operation-failed", opened(after(&sample::failure(), Health::Problem))),
        ("question", asking()),
        ("help", helped()),
        ("updates-asked", updates(None)),
        ("updates", updates(Some(sample::releases()))),
        ("updates-none-newer", updates(Some(sample::releases().into_iter().take(2).collect()))),
        ("plan-awaited", planning()),
        ("plan", planned(sample::change())),
        ("plan-below", scrolled(planned(sample::change()), 2)),
        ("plan-end", scrolled(planned(sample::change()), 9)),
        ("plan-blocked", planned(sample::blocked_change())),
        ("plan-outdated", outdated()),
        ("plan-step", details(planned(sample::change()))),
        ("upgrade-hand-over", reconnecting()),
        ("upgrade-watched", upgrading(&sample::watching())),
        ("upgrade-question", question(upgrading(&sample::watching()))),
        ("upgrade-step", details(upgrading(&sample::watching()))),
        ("upgrade-going-back", upgrading(&sample::going_back())),
        ("upgrade-gone-back", upgrading(&sample::gone_back())),
        ("upgrade-gone-back-causes", details(upgrading(&sample::gone_back()))),
        ("upgrade-stopped-behind-commit", upgrading(&sample::stopped_behind_commit())),
    ]
}

/// The first screen, which has asked which releases are here.
fn newer() -> State {
    let mut state = after(&sample::success(), Health::Ok);
    let later = |seconds: u64| Incoming::Tick(Timestamp(now().0 + seconds * 1000));
    assert_eq!(state.update(later(1)), [Action::Releases]);
    assert_eq!(state.update(later(2)), [], "it asks now and then, not every second");
    state.update(Incoming::Releases(Ok(sample::releases())));
    assert_eq!(state.update(later(31)), [Action::Releases]);
    state
}

fn updates(releases: Option<Vec<ReleaseView>>) -> State {
    let mut state = after(&sample::success(), Health::Ok);
    assert_eq!(press(&mut state, KeyCode::F(2)), [Action::Releases]);
    if let Some(releases) = releases {
        state.update(Incoming::Releases(Ok(releases)));
    } else {
        state.update(Incoming::Tick(Timestamp(now().0 + 2000)));
    }
    state
}

fn planning() -> State {
    let mut state = updates(Some(sample::releases()));
    let asked = Action::Plan(1, Change::Upgrade("campus-1.1.0".to_owned()));
    assert_eq!(press(&mut state, OPEN), [asked]);
    state.update(Incoming::Tick(Timestamp(now().0 + 2000)));
    state
}

fn planned(view: ChangeView) -> State {
    let mut state = planning();
    state.update(Incoming::Planned(1, Ok(Box::new(view))));
    state
}

/// So many pages further, as the loop does it.
fn scrolled(mut state: State, pages: usize) -> State {
    for _ in 0..pages {
        press(&mut state, KeyCode::PageDown);
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).expect("terminal");
        let mut shown = Shown::default();
        terminal.draw(|frame| shown = draw(frame, &state)).expect("draw");
        state.settle(shown);
    }
    state
}

fn details(mut state: State) -> State {
    press(&mut state, KeyCode::Char('d'));
    state
}

fn question(mut state: State) -> State {
    press(&mut state, KeyCode::Char('a'));
    state
}

fn started() -> (State, u64) {
    let mut state = planned(sample::change());
    press(&mut state, KeyCode::Right);
    let actions = press(&mut state, OPEN);
    let [Action::Begin(number, OperationKind::Upgrade, order)] = actions.as_slice() else { panic!("{actions:?}") };
    assert_eq!((order.release.as_str(), order.plan), ("campus-1.1.0", sample::change().plan));
    (state, *number)
}

fn outdated() -> State {
    let (mut state, number) = started();
    let fault = Fault::new(FaultCode::PlanOutdated).with("changed", "another operation has taken place");
    state.update(Incoming::Begun(number, Err(fault)));
    state
}

fn upgrading(events: &[Event]) -> State {
    let (mut state, number) = started();
    let begun = sample::view(&events[..1]);
    let actions = state.update(Incoming::Begun(number, Ok(Box::new(begun))));
    assert_eq!(actions, [Action::Follow(sample::upgrade_id())]);
    state.update(Incoming::Learned(sample::upgrade_id(), Learned::default()));
    for event in events {
        state.update(Incoming::News(sample::upgrade_id(), News::Event(Box::new(event.clone()))));
    }
    state.update(Incoming::Tick(sample::LOOKED));
    assert_eq!(state.screen(), Screen::Operation);
    state
}

fn reconnecting() -> State {
    let mut state = upgrading(&sample::handing_over());
    let error = ClientError::Deadline { what: "follow".to_owned(), limit: std::time::Duration::from_secs(1) };
    state.update(Incoming::News(sample::upgrade_id(), News::Reconnecting { attempt: 1, error }));
    state
}

fn drawn(state: &State, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("terminal");
    terminal
        .draw(|frame| {
            draw(frame, state);
        })
        .expect("draw");
    terminal.backend().to_string()
}

#[test]
fn screens() {
    assert_eq!(gallery().len(), GALLERY);
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
        which in 0usize..GALLERY,
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
                assert!(!matches!(action, Action::Tell(..) | Action::Begin(..)), "{name}: {action:?}");
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

#[test]
fn an_update_is_begun_with_arrows_and_enter_alone() {
    let mut state = after(&sample::success(), Health::Ok);
    press(&mut state, KeyCode::Right);
    assert_eq!(press(&mut state, OPEN), [Action::Releases]);
    state.update(Incoming::Releases(Ok(sample::releases())));
    press(&mut state, KeyCode::Down); // the one in use: no plan for it
    assert!(press(&mut state, KeyCode::Up).is_empty());
    assert!(matches!(press(&mut state, OPEN).as_slice(), [Action::Plan(1, _)]));
    state.update(Incoming::Planned(1, Ok(Box::new(sample::change()))));
    assert!(press(&mut state, OPEN).is_empty(), "the focus is on what changes nothing");
    assert_eq!(state.screen(), Screen::Updates);
    press(&mut state, OPEN);
    state.update(Incoming::Planned(3, Ok(Box::new(sample::change()))));
    press(&mut state, KeyCode::Right);
    assert!(matches!(press(&mut state, OPEN).as_slice(), [Action::Begin(..)]));
    assert!(press(&mut state, OPEN).is_empty(), "only once");
}

#[test]
fn what_is_blocked_cannot_be_started_and_says_why() {
    let begins = |mut state: State| {
        press(&mut state, KeyCode::Right);
        press(&mut state, KeyCode::Right);
        press(&mut state, OPEN).iter().any(|action| matches!(action, Action::Begin(..)))
    };
    let blocked = planned(sample::blocked_change());
    assert!(drawn(&blocked, 80, 24).contains("Cannot start: Kubernetes would refuse"));
    assert!(!begins(blocked));
    let mut busy = planned(sample::change());
    busy.operation = Some(sample::view(&sample::watching()));
    assert!(drawn(&busy, 80, 24).contains("another operation runs"));
    assert!(!begins(busy));
    let mut gone = planned(sample::change());
    let status = sample::status(None);
    gone.update(Incoming::Offline(Box::new(status), Fault::new(FaultCode::AgentUnreachable)));
    assert!(drawn(&gone, 80, 24).contains("the agent does not answer"));
    assert!(!begins(gone));
}

#[test]
fn answers_to_questions_that_were_left_are_dropped() {
    let mut state = planning();
    press(&mut state, KeyCode::Esc);
    state.update(Incoming::Planned(1, Ok(Box::new(sample::change()))));
    assert!(state.updates.view().is_none() && state.screen() == Screen::Updates);
    // An order that was given is followed all the same.
    let (mut state, number) = started();
    press(&mut state, KeyCode::Esc);
    let begun = sample::view(&sample::handing_over()[..1]);
    let actions = state.update(Incoming::Begun(number, Ok(Box::new(begun))));
    assert_eq!((actions, state.screen()), (vec![Action::Follow(sample::upgrade_id())], Screen::Updates));
    // The status from before it began does not lead back to the earlier operation.
    let earlier = sample::status(Some(sample::view(&sample::success())));
    assert!(state.update(Incoming::Status(Box::new(earlier))).is_empty());
    assert_eq!(state.operation.map(|operation| operation.id), Some(sample::upgrade_id()));
}

#[test]
fn nothing_is_taken_back_behind_the_commit() {
    let mut state = upgrading(&sample::stopped_behind_commit());
    let screen = drawn(&state, 80, 24);
    assert!(!screen.contains("Take back") && screen.contains("Try again"), "{screen}");
    assert!(press(&mut state, KeyCode::Char('a')).is_empty() && !state.asking);
    assert_eq!(press(&mut state, KeyCode::Char('r')), [Action::Tell(sample::upgrade_id(), OperatorCommand::Retry)]);
}

#[test]
fn what_waits_is_never_whole_and_what_cannot_be_known_is_not_said() {
    let mut state = upgrading(&sample::watching());
    let screen = drawn(&state, 80, 24);
    assert!(screen.contains("health has held for 2:05 of 5:00") && screen.contains("about 4 min left"), "{screen}");
    assert!(!screen.contains("100 %"));
    state.forecast.clear();
    assert!(!drawn(&state, 80, 24).contains("left"));
    let back = drawn(&upgrading(&sample::going_back()), 80, 24);
    assert!(back.contains("BR-1265") && !back.contains("left"), "{back}");
}

#[test]
fn nobody_scrolls_past_the_end() {
    let far = scrolled(planned(sample::change()), 60).scroll;
    let mut state = scrolled(planned(sample::change()), 61);
    assert_eq!(state.scroll, far);
    press(&mut state, KeyCode::Up);
    assert_eq!(state.scroll, far - 1);
}
