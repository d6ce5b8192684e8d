//! The terminal screen: one channel of events, one state, actions out. Drawing cannot change the state.
//!
//! Text mode for screen readers, a palette, a mouse and other colour sets are later work (`interface.md` §2, T4 to T9).

mod feed;
mod keymap;
mod run;
mod screen;
mod state;
#[cfg(test)]
mod tests;
mod theme;

pub use run::run;
