//! Secrets that a person types, or that come from a file or a pipe; never from the command line.

use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::path::Path;

use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Message;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

use crate::face::Face;

/// One line from the terminal, not shown.
///
/// # Errors
/// Those of the terminal.
pub fn hidden(face: &Face, question: &Message, text: &mut String) -> io::Result<usize> {
    let _ = write!(io::stderr(), "{} ", face.words(question));
    let before = tcgetattr(io::stdin())?;
    let mut without_echo = before.clone();
    without_echo.local_modes.remove(LocalModes::ECHO);
    tcsetattr(io::stdin(), OptionalActions::Flush, &without_echo)?;
    let read = io::stdin().read_line(text);
    let _ = writeln!(io::stderr());
    tcsetattr(io::stdin(), OptionalActions::Now, &before)?;
    read
}

/// A text of at most `most` bytes out of `file`, where `-` is standard input; nothing without a file at a terminal, where
/// somebody can be asked, and standard input where it is none.
///
/// # Errors
/// `FileUnreadable`, without any of the text.
pub fn from(file: Option<&Path>, most: u64) -> Result<Option<String>, Fault> {
    let mut text = String::new();
    let read = match file.filter(|file| *file != Path::new("-")) {
        Some(file) => std::fs::File::open(file).and_then(|file| file.take(most).read_to_string(&mut text)),
        None if file.is_none() && io::stdin().is_terminal() => return Ok(None),
        None => io::stdin().lock().take(most).read_to_string(&mut text),
    };
    read.map_err(|error| {
        let path = file.map_or_else(|| "-".to_owned(), |file| file.display().to_string());
        Fault::new(FaultCode::FileUnreadable).with("path", path).because(&error)
    })?;
    Ok(Some(text))
}
