//! Offline help on codes: faults (`BR-1042`), findings (`check-disk`), and what is nearest to a code that does not exist.

use serde::Serialize;

use crate::fault::{Exit, Fault, FaultCode};
use crate::message::{Language, Message};

/// What all findings begin with.
const FINDING: &str = "check-";
/// What all faults begin with.
const FAULT: &str = "BR-";
/// So many codes are named in place of one that does not exist.
const NEAREST: usize = 4;
/// A code that needs more changes than this is not near.
const FARTHEST: usize = 2;

/// Something that has a code and words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// A fault.
    Fault(FaultCode),
    /// A finding of the preflight, by its identifier.
    Finding(&'static str),
}

/// The words of a topic in general: a place that a real fault fills with a name shows as `…`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// Stable code.
    pub code: &'static str,
    /// What happened.
    pub what: String,
    /// Why it matters, or how it comes.
    pub why: Option<String>,
    /// What to do or type next.
    pub fix: Option<String>,
    /// What that looks like, where a sentence does not say it all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example: Option<String>,
    /// Exit code of a command that ends so; of a finding: where it blocks.
    pub exit: u8,
}

impl Topic {
    /// Every topic: faults by number, then findings by name.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let mut findings: Vec<_> = Message::codes().filter(|code| code.starts_with(FINDING)).collect();
        findings.sort_unstable();
        let mut faults = FaultCode::ALL.to_vec();
        faults.sort_unstable_by_key(|fault| fault.code());
        faults.into_iter().map(Self::Fault).chain(findings.into_iter().map(Self::Finding)).collect()
    }

    /// The topic of a code as people type it: in any case, with or without its `BR-` or `check-`.
    #[must_use]
    pub fn find(text: &str) -> Option<Self> {
        let wanted = text.trim();
        Self::all().into_iter().find(|topic| {
            let code = topic.code();
            wanted.eq_ignore_ascii_case(code) || wanted.eq_ignore_ascii_case(topic.short())
        })
    }

    /// As [`Topic::find`].
    ///
    /// # Errors
    /// `TopicUnknown`, with the codes that may have been meant.
    pub fn look_up(text: &str, language: Language) -> Result<Self, Fault> {
        Self::find(text).ok_or_else(|| {
            let fault = Fault::new(FaultCode::TopicUnknown).with("what", text);
            let near: Vec<_> = Self::nearest(text, language, NEAREST).into_iter().map(Self::code).collect();
            match near[..] {
                [] => fault,
                _ => fault.detail(Message::new("explain-nearest").with("codes", near.join(", "))),
            }
        })
    }

    /// At most `count` topics that may have been meant: codes with few other characters first, then those whose name or
    /// sentence (in `language`) holds the text.
    #[must_use]
    pub fn nearest(text: &str, language: Language, count: usize) -> Vec<Self> {
        let wanted = text.trim().to_lowercase();
        if wanted.is_empty() || wanted.len() > 64 {
            return Vec::new();
        }
        let mut ranked: Vec<(usize, Self)> = Vec::new();
        for topic in Self::all() {
            let near = |code: &str| distance(&wanted, &code.to_lowercase());
            let changes = near(topic.code()).min(near(topic.short()));
            if changes <= FARTHEST {
                ranked.push((changes, topic));
            } else if wanted.len() >= 3 && topic.tells_of(&wanted, language) {
                ranked.push((FARTHEST + 1, topic));
            }
        }
        ranked.sort_by_key(|(changes, _)| *changes);
        ranked.into_iter().take(count).map(|(_, topic)| topic).collect()
    }

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Fault(fault) => fault.code(),
            Self::Finding(code) => code,
        }
    }

    /// Exit code of a command that ends so; of a finding: if it blocks.
    #[must_use]
    pub const fn exit(self) -> Exit {
        match self {
            Self::Fault(fault) => fault.exit(),
            Self::Finding(_) => Exit::Preflight,
        }
    }

    /// The words in `language`.
    #[must_use]
    pub fn explain(self, language: Language) -> Explanation {
        let message = Message::new(self.code());
        let part = |name| message.render_attribute(language, name).map(|text| blank(&text));
        Explanation {
            code: self.code(),
            what: blank(&message.render(language)),
            why: part("why"),
            fix: part("fix"),
            example: part("example"),
            exit: self.exit() as u8,
        }
    }

    fn short(self) -> &'static str {
        match self {
            Self::Fault(fault) => fault.code().trim_start_matches(FAULT),
            Self::Finding(code) => code.trim_start_matches(FINDING),
        }
    }

    fn tells_of(self, wanted: &str, language: Language) -> bool {
        let words = self.explain(language);
        words.code.to_lowercase().contains(wanted) || words.what.to_lowercase().contains(wanted)
    }
}

impl Explanation {
    /// The words as lines: code and sentence, then why, what to do, an example, and the exit code in words.
    #[must_use]
    pub fn lines(&self, language: Language) -> Vec<String> {
        let label = |code: &'static str| Message::new(code).render(language);
        let mut exit = exit_words(self.exit, language);
        if self.code.starts_with(FINDING) {
            exit = Message::new("explain-exit-finding").with("exit", exit).render(language);
        }
        let parts = [
            (label("label-why"), self.why.as_deref()),
            (label("label-do"), self.fix.as_deref()),
            (label("label-example"), self.example.as_deref()),
            (label("label-exit"), Some(exit.as_str())),
        ];
        let width = parts.iter().map(|(label, _)| label.chars().count()).max().unwrap_or(0);
        let mut lines = vec![format!("{}  {}", self.code, self.what)];
        for (label, text) in &parts {
            for (index, line) in text.unwrap_or_default().lines().enumerate() {
                let label = if index == 0 { label.as_str() } else { "" };
                lines.push(format!("     {label:width$}  {line}"));
            }
        }
        lines
    }
}

/// An exit code with its meaning: `6 verification failed`.
#[must_use]
pub fn exit_words(exit: u8, language: Language) -> String {
    let meaning = Message { code: format!("exit-{exit}").into(), args: Default::default() };
    format!("{exit} {}", meaning.render(language))
}

/// Replaces what Fluent shows for an argument that is absent (`{$name}`).
fn blank(text: &str) -> String {
    let mut parts = text.split("{$");
    let mut result = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        result.push('…');
        result.push_str(part.split_once('}').map_or("", |(_, rest)| rest));
    }
    result
}

/// Characters to insert, drop or replace to get from one text to the other (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, have) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, want) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(have != *want);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_found_as_people_type_them() {
        let chart = Some(Topic::Fault(FaultCode::ChartFailed));
        for text in ["BR-1042", "br-1042", " 1042 "] {
            assert_eq!(Topic::find(text), chart, "{text}");
        }
        for text in ["check-disk", "CHECK-DISK", "disk"] {
            assert_eq!(Topic::find(text), Some(Topic::Finding("check-disk")), "{text}");
        }
        assert_eq!(Topic::find("BR-9999"), None);
        assert_eq!(Topic::find(""), None);
    }

    #[test]
    fn a_slip_leads_to_what_was_meant() {
        assert_eq!(Topic::nearest("BR-104", Language::En, 1).len(), 1);
        assert_eq!(Topic::nearest("cheks-disk", Language::En, 3), [Topic::Finding("check-disk")]);
        let found = Topic::nearest("signature", Language::En, 9);
        assert!(found.contains(&Topic::Fault(FaultCode::SignatureInvalid)), "{found:?}");
        assert_eq!(Topic::nearest("nothing like it", Language::En, 3), []);
        assert_eq!(Topic::nearest(&"x".repeat(1 << 20), Language::En, 3), []);
    }

    #[test]
    fn every_topic_is_explained_without_gaps_in_both_languages() {
        assert!(Topic::all().len() > FaultCode::ALL.len() + 10);
        for topic in Topic::all() {
            let mut examples = Vec::new();
            for language in Language::ALL {
                let words = topic.explain(language);
                let all = words.lines(language).join("\n");
                assert!(!all.contains('$') && words.what != topic.code(), "{all}");
                assert!(words.why.is_some() && words.fix.is_some(), "{}", topic.code());
                assert!(!all.contains("exit-"), "the exit code of {} has no words", topic.code());
                examples.push(words.example.is_some());
            }
            assert_eq!(examples[0], examples[1], "{}: an example in one language only", topic.code());
        }
    }

    #[test]
    fn distances() {
        for (from, to, wanted) in [("", "abc", 3), ("br-1042", "br-1043", 1), ("disk", "disc", 1), ("ab", "ba", 2)] {
            assert_eq!(distance(from, to), wanted, "{from} {to}");
            assert_eq!(distance(to, from), wanted, "{to} {from}");
        }
    }
}
