use bridle_client::{News, sample};
use bridle_core::status::Health;

use super::*;

fn speaker(events: &[bridle_core::event::Event]) -> Speaker {
    let mut state = State::new(Language::En, false, bridle_core::port::Timestamp(sample::BEGIN.0 + 90_000));
    let mut status = sample::status(Some(sample::view(events)));
    status.health = Health::Ok;
    state.update(Incoming::Status(Box::new(status)));
    Speaker { state, said: None, heard: 0 }
}

/// The number of a choice by its words.
fn number(speaker: &Speaker, words: &str) -> String {
    let menu = menu(&speaker.state);
    let line = menu.iter().find(|line| line.ends_with(words)).unwrap_or_else(|| panic!("{words}: {menu:?}"));
    line.trim_start().split('.').next().unwrap_or_default().to_owned()
}

fn choose(speaker: &mut Speaker, words: &str) -> Vec<Action> {
    let number = number(speaker, words);
    speaker.take(&number)
}

#[test]
fn an_upgrade_is_begun_with_numbers_alone() {
    let mut speaker = speaker(&sample::success());
    assert_eq!(choose(&mut speaker, "Updates"), [Action::Releases]);
    speaker.state.update(Incoming::Releases(Ok(sample::releases())));
    assert!(menu(&speaker.state).join("\n").contains("> [->] newer   campus-1.1.0"));
    assert!(matches!(choose(&mut speaker, "Show the plan")[..], [Action::Plan(..)]));
    speaker.state.update(Incoming::Planned(1, Ok(Box::new(sample::change()))));
    let told = menu(&speaker.state).join("\n");
    for words in ["Change from campus-1.0.0", "STEPS", "if it fails: Put enrolment 1.0.0 in place", " 2. Start now"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    // Nothing begins by an empty line, by a word, or by a number that is not there.
    for line in ["", "yes", "99", "-1"] {
        assert_eq!(speaker.take(line), []);
    }
    assert!(matches!(choose(&mut speaker, "Start now")[..], [Action::Begin(..)]));
}

#[test]
fn nothing_is_framed_drawn_or_cut() {
    for language in Language::ALL {
        for events in
            [sample::success(), sample::watching(), sample::going_back(), sample::gone_back(), sample::failure()]
        {
            let mut speaker = speaker(&events);
            speaker.state.language = language;
            for event in &events {
                speaker.state.update(Incoming::News(event.operation.clone(), News::Event(Box::new(event.clone()))));
            }
            speaker.take("1"); // the operation
            let told = menu(&speaker.state).join("\n");
            assert!(!told.contains(['│', '─', '┌', '#']), "{told}");
            assert!(
                text(&speaker.state).iter().all(|line| !line.ends_with('…') || line.ends_with("--reason …")),
                "{told}"
            );
            assert!(told.lines().all(|line| line.chars().count() <= WIDTH), "{told}");
        }
    }
}

#[test]
fn what_happens_is_said_once_a_line() {
    let events = sample::watching();
    let mut speaker = speaker(&events[..2]);
    speaker.news();
    for event in &events {
        speaker.state.update(Incoming::News(event.operation.clone(), News::Event(Box::new(event.clone()))));
    }
    let said = speaker.news().join("\n");
    assert!(said.contains("step 3 done") || said.contains("step 3"), "{said}");
    assert_eq!(speaker.news(), Vec::<String>::new(), "nothing is said twice");
}

#[test]
fn taking_everything_back_is_asked_before() {
    let mut speaker = speaker(&sample::watching());
    speaker.take("1");
    assert_eq!(choose(&mut speaker, "Take back…"), []);
    let told = menu(&speaker.state).join("\n");
    assert!(told.contains("taken back") && told.contains(" 1. No"), "{told}");
    assert!(matches!(speaker.take("2")[..], [Action::Tell(..)]));
}
