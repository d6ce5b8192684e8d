//! The terminal screen: one channel of events, one state, actions out. Drawing cannot change the state.
//!
//! A palette, a mouse and other colour sets are later work (`interface.md` §2, T4, T6 and T9).

mod accessible;
mod feed;
mod keymap;
mod run;
mod screen;
mod state;
#[cfg(test)]
mod tests;
mod theme;

pub use accessible::run as run_accessible;
pub use run::run;
