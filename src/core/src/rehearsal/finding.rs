//! A finding of a rehearsal, and what it is about.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::text;
use crate::message::{Arg, Message};

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// The sentence, with `.why` and `.fix`.
    pub message: Message,
    /// What it is about, where that is one object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<ObjectName>,
    /// The chart that it comes from; empty if it comes from none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub chart: String,
    /// The words of Kubernetes or helm, for experts; never a value of a Secret.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub said: String,
}

/// How bad a finding is; the worst is the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The upgrade would fail, or lose something.
    Blocks,
    /// It may work, but look at it.
    Warns,
    /// Good to know.
    Tells,
}

/// An object by kind and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObjectName {
    /// `Deployment`.
    pub kind: String,
    /// Empty for kinds of the whole cluster.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Name.
    pub name: String,
}

impl Finding {
    /// The upgrade would fail.
    #[must_use]
    pub fn blocks(code: &'static str) -> Self {
        Self::new(Severity::Blocks, code)
    }

    /// It may work.
    #[must_use]
    pub fn warns(code: &'static str) -> Self {
        Self::new(Severity::Warns, code)
    }

    /// Good to know.
    #[must_use]
    pub fn tells(code: &'static str) -> Self {
        Self::new(Severity::Tells, code)
    }

    fn new(severity: Severity, code: &'static str) -> Self {
        Self { severity, message: Message::new(code), object: None, chart: String::new(), said: String::new() }
    }

    /// Says what it is about; the words get it as `$object`.
    #[must_use]
    pub fn about(mut self, object: ObjectName) -> Self {
        self.message = self.message.with("object", object.to_string());
        self.object = Some(object);
        self
    }

    /// Says which chart it comes from; the words get it as `$chart`.
    #[must_use]
    pub fn chart(mut self, chart: &str) -> Self {
        self.message = self.message.with("chart", chart);
        chart.clone_into(&mut self.chart);
        self
    }

    /// Adds an argument of the words.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Arg>) -> Self {
        self.message = self.message.with(name, value);
        self
    }

    /// Adds the words of Kubernetes or helm, the last 2000 characters.
    #[must_use]
    pub fn said(mut self, words: &str) -> Self {
        let words = words.trim();
        let skip = words.chars().count().saturating_sub(2000);
        self.said = words.chars().skip(skip).collect();
        self
    }
}

impl ObjectName {
    /// The name of an object.
    #[must_use]
    pub fn of(object: &Value) -> Self {
        Self {
            kind: text(object, "/kind").to_owned(),
            namespace: text(object, "/metadata/namespace").to_owned(),
            name: text(object, "/metadata/name").to_owned(),
        }
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ", self.kind)?;
        if !self.namespace.is_empty() {
            write!(formatter, "{}/", self.namespace)?;
        }
        formatter.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Language;

    #[test]
    fn every_finding_has_a_reason_and_a_cure() {
        let codes: Vec<&str> = Message::codes().filter(|code| code.starts_with("rehearsal-")).collect();
        assert!(codes.len() > 20, "{codes:?}");
        for code in codes {
            for language in Language::ALL {
                for attribute in ["why", "fix"] {
                    let words = Message::new(code).render_attribute(language, attribute);
                    assert!(words.is_some_and(|words| !words.is_empty()), "{code}.{attribute} in {language}");
                }
            }
        }
    }

    #[test]
    fn the_end_of_long_words_is_kept() {
        let finding = Finding::warns("rehearsal-refused").said(&format!(" {}é\n", "x".repeat(5000)));
        assert!(finding.said.ends_with("xé") && finding.said.chars().count() == 2000);
        let object = ObjectName { kind: "Service".to_owned(), namespace: "campus".to_owned(), name: "web".to_owned() };
        assert_eq!(finding.about(object).object.map(|it| it.to_string()).as_deref(), Some("Service campus/web"));
    }
}
