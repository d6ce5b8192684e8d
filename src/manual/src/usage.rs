//! What clap refuses, as a fault with words.

use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Message;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// The fault for a command line that was refused; `command` is the part of it that was understood.
pub(crate) fn fault(error: &clap::Error, command: &str) -> Fault {
    let fault = Fault::new(FaultCode::CommandLineInvalid).with("command", command).detail(detail(error));
    match (error.kind(), std::error::Error::source(error)) {
        (ErrorKind::ValueValidation, Some(source)) => fault.because(source),
        _ => fault,
    }
}

fn detail(error: &clap::Error) -> Message {
    let text = |kind| text(error, kind);
    let argument = text(ContextKind::InvalidArg);
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let similar = text(ContextKind::SuggestedSubcommand);
            told("usage-command", "usage-command-similar", &similar).with("what", text(ContextKind::InvalidSubcommand))
        }
        ErrorKind::UnknownArgument if !argument.starts_with('-') => {
            Message::new("usage-too-many").with("what", argument)
        }
        ErrorKind::UnknownArgument => {
            let similar = text(ContextKind::SuggestedArg);
            told("usage-option", "usage-option-similar", &similar).with("what", argument)
        }
        ErrorKind::InvalidValue => value(&text(ContextKind::InvalidValue), &text(ContextKind::ValidValue), argument),
        ErrorKind::ValueValidation => value(&text(ContextKind::InvalidValue), "", argument),
        ErrorKind::TooManyValues => Message::new("usage-too-many").with("what", text(ContextKind::InvalidValue)),
        ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues | ErrorKind::NoEquals => {
            Message::new("usage-value-missing").with("what", argument)
        }
        ErrorKind::ArgumentConflict => {
            Message::new("usage-conflict").with("what", argument).with("other", text(ContextKind::PriorArg))
        }
        ErrorKind::MissingRequiredArgument => Message::new("usage-missing").with("what", argument),
        ErrorKind::MissingSubcommand => Message::new("usage-missing-command"),
        _ => Message::new("usage-other"),
    }
}

fn told(plain: &'static str, with_similar: &'static str, similar: &str) -> Message {
    if similar.is_empty() { Message::new(plain) } else { Message::new(with_similar).with("similar", similar) }
}

fn value(found: &str, possible: &str, argument: String) -> Message {
    let message = match (found.is_empty(), possible.is_empty()) {
        (true, _) => Message::new("usage-value-missing"),
        (false, true) => Message::new("usage-value").with("value", found),
        (false, false) => Message::new("usage-value-one-of").with("value", found).with("values", possible),
    };
    message.with("what", argument)
}

fn text(error: &clap::Error, kind: ContextKind) -> String {
    match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        Some(ContextValue::StyledStr(text)) => text.to_string(),
        Some(ContextValue::StyledStrs(texts)) => texts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        _ => String::new(),
    }
}
