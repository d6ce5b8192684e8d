//! A finding: what was found, how bad it is, and what to do.

use serde::{Deserialize, Serialize};

use super::Cure;
use crate::message::{Arg, Message};

/// One finding of the preflight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Names the finding from one run to the next: the code of its words, and what it is about (`check-port:6443/tcp`).
    pub id: String,
    /// How bad.
    pub severity: Severity,
    /// The sentence, with `.why` and `.fix`.
    pub message: Message,
    /// The cure as lines to type, or to put into the site file, where it can be said exactly.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<String>,
    /// The cure that is applied on request, where there is a safe one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cure: Option<Cure>,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Nothing begins before it is mended.
    Blocks,
    /// It may work, but look at it.
    Warns,
}

pub(crate) fn blocks(code: &'static str) -> Finding {
    Finding::new(Severity::Blocks, code)
}

pub(crate) fn warns(code: &'static str) -> Finding {
    Finding::new(Severity::Warns, code)
}

impl Finding {
    /// Whether nothing begins before it is mended.
    #[must_use]
    pub fn stands_against(&self) -> bool {
        self.severity == Severity::Blocks
    }

    fn new(severity: Severity, code: &'static str) -> Self {
        Self { id: code.to_owned(), severity, message: Message::new(code), commands: Vec::new(), cure: None }
    }

    /// Says which one of several things it is about.
    pub(crate) fn about(mut self, what: impl std::fmt::Display) -> Self {
        self.id = format!("{}:{what}", self.message.code);
        self
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<Arg>) -> Self {
        self.message = self.message.with(name, value);
        self
    }

    /// Adds a line of the cure; one that could do anything but what it says is left out ([`harmless`]).
    pub(crate) fn command(mut self, line: impl Into<String>) -> Self {
        let line = line.into();
        if harmless(&line) {
            self.commands.push(line);
        }
        self
    }

    /// Adds the cure that is applied on request; its commands are those of the finding.
    pub(crate) fn cure(mut self, cure: Cure) -> Self {
        self.commands.extend(cure.commands());
        self.cure = Some(cure);
        self
    }
}

/// Names of processes, units and files come from the host, where anybody may choose them: a line with one that a shell
/// would read as more than a word is not shown as a cure.
fn harmless(line: &str) -> bool {
    line.chars().all(|c| c.is_ascii_alphanumeric() || " -_./:=@,\"[]~".contains(c)) && line.len() <= 400
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_from_the_host_is_no_part_of_another_command() {
        for name in ["a;reboot", "a$(reboot)", "a`x`", "a\nb", "a|b", "a&b", "a>b", "a'b", "ä"] {
            let finding = blocks("check-port").command(format!("systemctl stop {name}"));
            assert!(finding.commands.is_empty(), "{name:?}");
        }
        assert_eq!(blocks("check-port").command("systemctl stop nginx@1.service").commands.len(), 1);
    }
}
