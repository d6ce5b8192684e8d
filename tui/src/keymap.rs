//! The keys: one table that dispatches them, and makes the bottom bar and the help.

use bridle_core::message::{Language, Message};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What a key means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// Leaves at once, from anywhere.
    Quit,
    /// Takes what has the focus.
    Open,
    /// One step back; on the first screen, leaves.
    Back,
    /// Focus to the left.
    Left,
    /// Focus to the right.
    Right,
    /// Scrolls up.
    Up,
    /// Scrolls down.
    Down,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// Opens the releases.
    Updates,
    /// All about a step.
    Details,
    /// Opens the help.
    Help,
    /// The other language.
    Language,
    /// Stops after the running step.
    Pause,
    /// Goes on.
    Continue,
    /// Tries the failed step again.
    Retry,
    /// Asks whether everything is to be taken back.
    Abort,
}

/// A line of the table.
pub struct Binding {
    pub keys: &'static [KeyCode],
    pub meaning: Meaning,
    /// How the key is called: a message, or the key's own letter.
    name: Name,
    /// Message for the bottom bar.
    short: &'static str,
    /// Message for the help.
    long: &'static str,
}

enum Name {
    Words(&'static str),
    Letter(&'static str),
}

const fn bind(
    keys: &'static [KeyCode],
    meaning: Meaning,
    name: Name,
    short: &'static str,
    long: &'static str,
) -> Binding {
    Binding { keys, meaning, name, short, long }
}

/// Every key, in the order of the help. Left and Up stand for their pair there.
pub const KEYS: &[Binding] = &[
    bind(&[KeyCode::Enter], Meaning::Open, Name::Words("key-enter"), "key-open", "key-open-long"),
    bind(&[KeyCode::Esc], Meaning::Back, Name::Words("key-escape"), "key-back", "key-back-long"),
    bind(&[KeyCode::F(2)], Meaning::Updates, Name::Letter("F2"), "key-updates", "key-updates-long"),
    bind(&[KeyCode::Char('d')], Meaning::Details, Name::Letter("d"), "key-details", "key-details-long"),
    bind(&[KeyCode::Char('p')], Meaning::Pause, Name::Letter("p"), "key-pause", "key-pause-long"),
    bind(&[KeyCode::Char('c')], Meaning::Continue, Name::Letter("c"), "key-continue", "key-continue-long"),
    bind(&[KeyCode::Char('r')], Meaning::Retry, Name::Letter("r"), "key-retry", "key-retry-long"),
    bind(&[KeyCode::Char('a')], Meaning::Abort, Name::Letter("a"), "key-abort", "key-abort-long"),
    bind(&[KeyCode::Char('q')], Meaning::Quit, Name::Letter("Ctrl-C"), "key-quit", "key-quit-long"),
    bind(&[KeyCode::Left], Meaning::Left, Name::Words("key-left-right"), "key-choose", "key-choose-long"),
    bind(
        &[KeyCode::Right, KeyCode::Tab],
        Meaning::Right,
        Name::Words("key-left-right"),
        "key-choose",
        "key-choose-long",
    ),
    bind(&[KeyCode::Up], Meaning::Up, Name::Words("key-up-down"), "key-scroll", "key-scroll-long"),
    bind(&[KeyCode::Down], Meaning::Down, Name::Words("key-up-down"), "key-scroll", "key-scroll-long"),
    bind(&[KeyCode::PageUp], Meaning::PageUp, Name::Words("key-page"), "key-scroll", "key-page-long"),
    bind(&[KeyCode::PageDown], Meaning::PageDown, Name::Words("key-page"), "key-scroll", "key-page-long"),
    bind(&[KeyCode::Char('?'), KeyCode::F(1)], Meaning::Help, Name::Letter("?"), "key-help", "key-help-long"),
    bind(&[KeyCode::Char('L')], Meaning::Language, Name::Letter("L"), "key-language", "key-language-long"),
];

impl Binding {
    /// How the key is called.
    pub fn name(&self, language: Language) -> String {
        match self.name {
            Name::Words(code) => Message::new(code).render(language),
            Name::Letter(letter) => letter.to_owned(),
        }
    }

    /// Key and meaning for the bottom bar.
    pub fn short(&self, language: Language) -> String {
        format!("{} {}", self.name(language), Message::new(self.short).render(language))
    }

    /// Meaning for the help.
    pub fn long(&self, language: Language) -> String {
        Message::new(self.long).render(language)
    }
}

/// What a key means, wherever it is pressed.
pub fn meaning(key: KeyEvent) -> Option<Meaning> {
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return (key.code == KeyCode::Char('c')).then_some(Meaning::Quit);
    }
    KEYS.iter().find(|binding| binding.keys.contains(&key.code)).map(|binding| binding.meaning)
}

/// One line for each pair of keys that belong together: the table without the second of a pair.
pub fn listed() -> impl Iterator<Item = &'static Binding> {
    KEYS.iter().filter(|binding| !matches!(binding.meaning, Meaning::Right | Meaning::Down | Meaning::PageDown))
}
