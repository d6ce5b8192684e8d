//! What a publisher sees while work goes on: one line that changes on a terminal, lines now and then elsewhere.
#![allow(clippy::disallowed_methods, reason = "how often a line is drawn; the publisher's side has no clock port")]

use std::io::{IsTerminal as _, Write as _};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Pause between two drawings on a terminal.
const REDRAW: Duration = Duration::from_millis(200);
/// Pause between two lines elsewhere.
const RELINE: Duration = Duration::from_secs(10);
/// Pauses shorter than this are not worth a line.
const SHORT: Duration = Duration::from_millis(100);

/// Counts of a run, told on standard error. Safe to use from several threads.
#[derive(Debug)]
pub struct Progress {
    form: Form,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Terminal,
    Lines,
    Quiet,
}

#[derive(Debug)]
struct State {
    begun: Instant,
    told: Option<Instant>,
    drawn: bool,
    blobs: usize,
    all_blobs: usize,
    bytes: u64,
    all_bytes: u64,
    resumed: u64,
    tries: u32,
}

impl Progress {
    /// For standard error: a terminal, or a file or pipe; or nothing at all.
    #[must_use]
    pub fn new(quiet: bool) -> Self {
        let form = match quiet {
            true => Form::Quiet,
            false if std::io::stderr().is_terminal() => Form::Terminal,
            false => Form::Lines,
        };
        let state = State {
            begun: Instant::now(),
            told: None,
            drawn: false,
            blobs: 0,
            all_blobs: 0,
            bytes: 0,
            all_bytes: 0,
            resumed: 0,
            tries: 0,
        };
        Self { form, state: Mutex::new(state) }
    }

    /// Tells a line.
    pub(super) fn say(&self, text: &str) {
        self.with(|state, form| line(state, form, text));
    }

    /// Tells something that the publisher should look at, also where the rest is quiet.
    pub(super) fn warn(&self, text: &str) {
        self.with(|state, _| line(state, Form::Lines, &format!("warning: {text}")));
    }

    /// Begins to bring `blobs` with so many bytes.
    pub(super) fn begin(&self, blobs: usize, bytes: u64) {
        self.with(|state, _| {
            *state = State {
                begun: Instant::now(),
                told: None,
                drawn: state.drawn,
                blobs: 0,
                all_blobs: blobs,
                bytes: 0,
                all_bytes: bytes,
                resumed: 0,
                tries: 0,
            };
        });
    }

    /// Bytes that were there from an earlier run.
    pub(super) fn resumed(&self, bytes: u64) {
        self.with(|state, _| {
            state.bytes += bytes;
            state.resumed += bytes;
        });
    }

    /// Bytes came.
    pub(super) fn arrived(&self, bytes: u64) {
        self.with(|state, form| {
            state.bytes += bytes;
            let pause = if form == Form::Terminal { REDRAW } else { RELINE };
            let due = state.told.unwrap_or(state.begun).elapsed() >= pause;
            if form == Form::Quiet || !due {
                return;
            }
            state.told = Some(Instant::now());
            let text = state.standing();
            if form == Form::Terminal {
                state.drawn = true;
                eprint!("\r{text}\x1b[K");
                let _ = std::io::stderr().flush();
            } else {
                line(state, form, &text);
            }
        });
    }

    /// Bytes that must come once more.
    pub(super) fn taken_back(&self, bytes: u64) {
        self.with(|state, _| state.bytes = state.bytes.saturating_sub(bytes));
    }

    /// A blob is complete.
    pub(super) fn finished(&self) {
        self.with(|state, _| state.blobs += 1);
    }

    /// Another try follows after a pause.
    pub(super) fn again(&self, what: &str, reason: &str, pause: Duration) {
        self.with(|state, form| {
            state.tries += 1;
            if pause >= SHORT {
                line(state, form, &format!("{what}: {reason}; next try in {:.1} s", pause.as_secs_f64()));
            }
        });
    }

    /// Tells the sums of what was begun.
    pub(super) fn end(&self) {
        self.with(|state, form| {
            if state.all_blobs > 0 {
                let text = state.sums();
                line(state, form, &text);
            }
        });
    }

    fn with(&self, change: impl FnOnce(&mut State, Form)) {
        if let Ok(mut state) = self.state.lock() {
            change(&mut state, self.form);
        }
    }
}

impl State {
    fn standing(&self) -> String {
        format!(
            "{} of {} downloaded, {} of {} blobs",
            megabytes(self.bytes),
            megabytes(self.all_bytes),
            self.blobs,
            self.all_blobs
        )
    }

    fn sums(&self) -> String {
        let mut text = format!(
            "{} blobs with {} downloaded in {:.1} s",
            self.blobs,
            megabytes(self.bytes),
            self.begun.elapsed().as_secs_f64()
        );
        if self.resumed > 0 {
            text.push_str(&format!(", {} of them were there from before", megabytes(self.resumed)));
        }
        if self.tries > 0 {
            text.push_str(&format!(", tries repeated: {}", self.tries));
        }
        text
    }
}

fn line(state: &mut State, form: Form, text: &str) {
    match form {
        Form::Quiet => {}
        _ if std::mem::take(&mut state.drawn) => eprintln!("\r\x1b[K{text}"),
        _ => eprintln!("{text}"),
    }
}

/// Decimal megabytes.
fn megabytes(bytes: u64) -> String {
    let tenths = bytes.div_ceil(100_000);
    format!("{}.{} MB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_came_and_what_was_there() {
        let progress = Progress::new(true);
        progress.begin(2, 3_000_000);
        progress.resumed(1_000_000);
        progress.arrived(1_500_000);
        progress.again("x", "y", Duration::ZERO);
        progress.taken_back(500_000);
        progress.finished();
        let state = progress.state.lock().expect("state");
        assert_eq!(state.standing(), "2.0 MB of 3.0 MB downloaded, 1 of 2 blobs");
        let sums = state.sums();
        assert!(sums.contains("1.0 MB of them were there from before, tries repeated: 1"), "{sums}");
    }
}
