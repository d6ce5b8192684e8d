//! What a command prints on, and how: data on standard output, messages on standard error.

use std::io::{self, BufRead as _, IsTerminal as _, Write};

use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::{Language, Message};
use bridle_core::sign::{Sign, Tone};
use bridle_core::wording::FaultText;
use serde::Serialize;

use crate::arguments::{Color, Global};
use crate::flow::flowed;

/// Columns of most signs with their words; what follows stands in a column.
const SIGN_WIDTH: usize = 15;

/// Language and manner of printing.
#[derive(Debug, Clone, Copy)]
pub struct Face {
    pub language: Language,
    pub paint: Paint,
    pub json: bool,
    /// Standard output is a terminal whose lines can be drawn again.
    pub live: bool,
    may_ask: bool,
}

/// Whether colours are used.
#[derive(Debug, Clone, Copy)]
pub struct Paint(pub bool);

impl Paint {
    /// Sign and word, coloured if wanted, in a column of [`SIGN_WIDTH`].
    pub fn sign(self, sign: Sign, language: Language) -> String {
        let text = format!("{:SIGN_WIDTH$}", sign.text(language));
        let colour = match sign.tone {
            Tone::Good => "32",
            Tone::Busy => "36",
            Tone::Attention => "33",
            Tone::Bad => "31",
            Tone::Quiet => return text,
        };
        if self.0 { format!("\u{1b}[{colour}m{text}\u{1b}[0m") } else { text }
    }

    /// A heading.
    pub fn strong(self, text: &str) -> String {
        if self.0 { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

impl Face {
    /// The face that the options and the surroundings ask for; `variable` reads the environment.
    pub fn new(global: &Global, variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let dumb = variable("TERM").is_none_or(|term| term == "dumb");
        let colours = match global.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => io::stdout().is_terminal() && !dumb && variable("NO_COLOR").is_none_or(|v| v.is_empty()),
        };
        Self {
            language: global.lang.map_or_else(|| Language::of_environment(variable), Language::from),
            paint: Paint(colours),
            json: global.json,
            live: io::stdout().is_terminal() && !dumb,
            may_ask: !global.no_input && io::stdin().is_terminal(),
        }
    }

    /// Whether somebody can be asked.
    pub const fn may_ask(&self) -> bool {
        self.may_ask
    }

    /// The words of a message.
    pub fn words(&self, message: &Message) -> String {
        message.render(self.language)
    }

    /// A message for the person at the terminal.
    pub fn say(&self, message: &Message) {
        // Nobody is left to hear that standard error is gone.
        let _ = writeln!(io::stderr(), "{}", fitted(&self.words(message), &io::stderr()));
    }

    /// A fault for the person at the terminal.
    pub fn fault(&self, fault: &Fault) {
        for line in FaultText::new(fault, self.language).lines(self.language, 4) {
            let _ = writeln!(io::stderr(), "{}", fitted(&line, &io::stderr()));
        }
    }

    /// Asks for the word "yes"; `flag` is what answers it beforehand.
    ///
    /// # Errors
    /// `ConfirmationNeeded` if nobody can be asked.
    pub fn confirm(&self, question: &Message, flag: &'static str) -> Result<bool, Fault> {
        self.asked(question, &Message::new("ask-hint").with("flag", flag))
    }

    /// As [`Face::confirm`], where no flag answers it beforehand.
    ///
    /// # Errors
    /// `ConfirmationNeeded` if nobody can be asked.
    pub fn confirm_here(&self, question: &Message) -> Result<bool, Fault> {
        self.asked(question, &Message::new("ask-hint-only"))
    }

    fn asked(&self, question: &Message, hint: &Message) -> Result<bool, Fault> {
        if !self.may_ask {
            return Err(Fault::new(FaultCode::ConfirmationNeeded));
        }
        let line = format!("{} {}", self.words(question), self.words(hint));
        let _ = write!(io::stderr(), "{} ", fitted(&line, &io::stderr()));
        let mut answer = String::new();
        let read = io::stdin().lock().read_line(&mut answer);
        Ok(read.is_ok() && ["y", "yes", "o", "oui"].contains(&answer.trim().to_lowercase().as_str()))
    }

    /// Asks for a line of text, without the space around it; `None` if nobody can be asked.
    pub fn ask(&self, question: &Message) -> Option<String> {
        if !self.may_ask {
            return None;
        }
        let _ = write!(io::stderr(), "{} ", self.words(question));
        let mut answer = String::new();
        let read = io::stdin().lock().read_line(&mut answer);
        Some(read.map(|_| answer.trim().to_owned()).unwrap_or_default())
    }

    /// Writes lines for people: broken between words where that is a terminal.
    pub fn put_lines(&self, lines: &[String]) {
        lines.iter().for_each(|line| self.put(&fitted(line, &io::stdout())));
    }

    /// Writes data; a closed pipe ends the program as it ends any other.
    pub fn put(&self, text: &str) {
        let mut out = io::stdout().lock();
        if writeln!(out, "{text}").and_then(|()| out.flush()).is_err() {
            std::process::exit(i32::from(bridle_core::fault::Exit::Failed as u8));
        }
    }

    /// Writes data as one JSON object.
    pub fn put_json<T: Serialize>(&self, data: &T) {
        self.put(&serde_json::to_string(data).expect("views hold only strings, numbers and maps with string keys"));
    }
}

/// A line as it is written to `out`: broken between words at the width of a terminal, else as it is.
pub fn fitted(line: &str, out: &(impl io::IsTerminal + std::os::fd::AsFd)) -> String {
    if !out.is_terminal() {
        return line.to_owned();
    }
    rustix::termios::tcgetwinsize(out).map_or_else(|_| line.to_owned(), |size| flowed(line, usize::from(size.ws_col)))
}
