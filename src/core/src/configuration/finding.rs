//! What is found in a configuration before it is applied.

use serde::{Deserialize, Serialize};

use super::key::Key;
use crate::message::{Arg, Language, Message};
pub use crate::plan::review::Severity;
use crate::site::{Places, Position, SiteError};

/// Most findings that are told at once.
pub const MOST: usize = 50;

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Nothing is applied before it is mended, or only: look at it.
    pub severity: Severity,
    /// What it is about, from the top of the profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    /// Where in `site.toml`; absent where the value is not the site's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Position>,
    /// Whose value it is.
    pub origin: Origin,
    /// The sentence.
    pub message: Message,
}

/// Whose value it is that does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The site's own.
    Site,
    /// The release's.
    Release,
    /// The chart's own default, or its absence.
    Chart,
}

impl Finding {
    /// Of the site's own value under `key`.
    #[must_use]
    pub fn of(severity: Severity, key: Key, places: &Places<'_>, code: &'static str) -> Self {
        let at = places.key(&key.parts());
        Self { severity, key: Some(key), at, origin: Origin::Site, message: Message::new(code) }
    }

    /// Adds an argument of the words.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Arg>) -> Self {
        self.message = self.message.with(name, value);
        self
    }

    /// The whole sentence: place, key, what is wrong, and whose value it is.
    #[must_use]
    pub fn words(&self, language: Language) -> String {
        let said = self.message.render(language);
        let mut words = match &self.key {
            // The words about the profile's own keys name place and key themselves.
            _ if self.message.code.starts_with("profile-") => return said,
            Some(key) => Message::new("config-about").with("key", key.to_string()).with("said", said).render(language),
            None => said,
        };
        if let Some(at) = self.at {
            let placed = Message::new("config-place").with("line", at.line).with("column", at.column);
            words = placed.with("said", words).render(language);
        }
        match self.origin {
            Origin::Site => words,
            Origin::Release => Message::new("config-of-release").with("said", words).render(language),
            Origin::Chart => Message::new("config-of-chart").with("said", words).render(language),
        }
    }
}

impl From<&SiteError> for Finding {
    fn from(error: &SiteError) -> Self {
        Self {
            severity: Severity::Blocks,
            key: None,
            at: error.at(),
            origin: Origin::Site,
            message: error.detail().unwrap_or_else(|| Message::new("config-unwritable")),
        }
    }
}

/// In the order of the text: what blocks first, then by place, then by key; no finding twice, at most [`MOST`].
#[must_use]
pub fn in_order(mut findings: Vec<Finding>) -> Vec<Finding> {
    let place = |finding: &Finding| finding.at.unwrap_or(Position { line: usize::MAX, column: 0 });
    findings.sort_by(|one, two| {
        let key = |finding: &Finding| (finding.severity, place(finding), finding.key.clone());
        key(one).cmp(&key(two)).then_with(|| one.message.code.cmp(&two.message.code))
    });
    findings.dedup();
    findings.truncate(MOST);
    findings
}

/// Whether something has to be mended first.
#[must_use]
pub fn blocks(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.severity == Severity::Blocks)
}
