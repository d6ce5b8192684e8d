//! Where the installer prints and asks: data on standard output, messages and questions on standard error.

use std::io::{BufRead, IsTerminal as _, Write};

use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::{Language, Message};
use bridle_core::sign::{Sign, Tone};
use bridle_core::wording::FaultText;
use serde::Serialize;

use crate::arguments::{Color, Global};

/// The person at the terminal, or the script.
pub struct Console {
    pub language: Language,
    pub json: bool,
    colours: bool,
    /// This program, as it was typed.
    program: String,
    /// Standard error is a terminal whose last line can be drawn again.
    live: bool,
    out: Box<dyn Write>,
    err: Box<dyn Write>,
    /// Absent where nobody can be asked.
    input: Option<Box<dyn BufRead>>,
}

impl Console {
    /// The console that options and surroundings ask for; `variable` reads the environment.
    pub fn new(global: &Global, variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let dumb = variable("TERM").is_none_or(|term| term == "dumb");
        let no_colour = dumb || variable("NO_COLOR").is_some_and(|value| !value.is_empty());
        let may_ask = !global.no_input && std::io::stdin().is_terminal();
        Self {
            language: global.lang.map_or_else(|| Language::of_environment(variable), Language::from),
            json: global.json,
            colours: match global.color {
                Color::Always => true,
                Color::Never => false,
                Color::Auto => std::io::stdout().is_terminal() && !no_colour,
            },
            program: std::env::args_os().next().unwrap_or_default().to_string_lossy().into_owned(),
            live: std::io::stderr().is_terminal() && !dumb,
            out: Box::new(std::io::stdout()),
            err: Box::new(std::io::stderr()),
            input: may_ask.then(|| Box::new(std::io::stdin().lock()) as Box<dyn BufRead>),
        }
    }

    /// A console of a test: plain text, answers given beforehand.
    #[cfg(test)]
    pub fn scripted(json: bool, out: Box<dyn Write>, err: Box<dyn Write>, answers: Option<&'static str>) -> Self {
        let input = answers.map(|text| Box::new(text.as_bytes()) as Box<dyn BufRead>);
        let program = "./x.run".to_owned();
        Self { language: Language::En, json, colours: false, program, live: false, out, err, input }
    }

    /// Whether somebody can be asked.
    pub fn may_ask(&self) -> bool {
        self.input.is_some()
    }

    /// The words of a message.
    pub fn words(&self, message: &Message) -> String {
        message.render(self.language)
    }

    /// Sign and word, coloured if wanted.
    pub fn sign(&self, sign: Sign) -> String {
        let text = sign.text(self.language);
        let colour = match sign.tone {
            Tone::Good => "32",
            Tone::Busy => "36",
            Tone::Attention => "33",
            Tone::Bad => "31",
            Tone::Quiet => return text,
        };
        if self.colours { format!("\u{1b}[{colour}m{text}\u{1b}[0m") } else { text }
    }

    // A terminal that is lost must not stop what was confirmed, so no failure to print is an error.

    /// A line of data; not in JSON mode, where the only data is one object.
    pub fn put(&mut self, line: &str) {
        if !self.json {
            let _ = writeln!(self.out, "{line}");
        }
    }

    /// The one JSON object.
    pub fn put_json<T: Serialize>(&mut self, data: &T) {
        let text = serde_json::to_string(data).expect("views hold only strings, numbers and maps with string keys");
        let _ = writeln!(self.out, "{text}");
    }

    /// A message for the person.
    pub fn say(&mut self, message: &Message) {
        let text = self.words(message);
        let _ = writeln!(self.err, "{text}");
    }

    /// A line below such a message.
    pub fn say_below(&mut self, line: &str) {
        let _ = writeln!(self.err, "  {line}");
    }

    /// A fault for the person; the script gets it elsewhere.
    pub fn fault_words(&mut self, fault: &Fault) {
        for line in FaultText::new(fault, self.language).lines_of(&self.program, self.language, 4) {
            let _ = writeln!(self.err, "{line}");
        }
    }

    /// A fault for the person, and for the script.
    pub fn fault(&mut self, fault: &Fault) {
        self.fault_words(fault);
        if self.json {
            self.put_json(&serde_json::json!({ "fault": fault }));
        }
    }

    /// A message that replaces itself on a terminal; `last` ends it. Elsewhere only the last one is printed.
    pub fn progress(&mut self, message: &Message, last: bool) {
        let text = self.words(message);
        let _ = match (self.live, last) {
            (true, false) => write!(self.err, "\r\u{1b}[K{text}").and_then(|()| self.err.flush()),
            (true, true) => writeln!(self.err, "\r\u{1b}[K{text}"),
            (false, false) => Ok(()),
            (false, true) => writeln!(self.err, "{text}"),
        };
    }

    /// Asks for yes or no; `flag` is what answers beforehand.
    ///
    /// # Errors
    /// `ConfirmationNeeded` if nobody can be asked.
    pub fn confirm(&mut self, question: &Message, flag: &'static str) -> Result<bool, Fault> {
        let hint = Message::new("ask-hint").with("flag", flag);
        let text = format!("{} {} ", self.words(question), self.words(&hint));
        let answer = self.ask(&text)?;
        Ok(["y", "yes", "o", "oui"].contains(&answer.to_lowercase().as_str()))
    }

    /// Asks for a value; an empty answer takes `default`.
    ///
    /// # Errors
    /// `ConfirmationNeeded` if nobody can be asked.
    pub fn value(&mut self, question: &Message, default: &str) -> Result<String, Fault> {
        let text = format!("{}: ", self.words(question));
        let answer = self.ask(&text)?;
        Ok(if answer.is_empty() { default.to_owned() } else { answer })
    }

    fn ask(&mut self, text: &str) -> Result<String, Fault> {
        let input = self.input.as_mut().ok_or_else(|| Fault::new(FaultCode::ConfirmationNeeded))?;
        let _ = write!(self.err, "{text}").and_then(|()| self.err.flush());
        let mut answer = String::new();
        match input.read_line(&mut answer) {
            Ok(1..) => Ok(answer.trim().to_owned()),
            // The terminal is gone: that is no answer.
            Ok(0) | Err(_) => Err(Fault::new(FaultCode::ConfirmationNeeded)),
        }
    }
}
