//! What the agent's API tells and takes about the configuration.

use serde::{Deserialize, Serialize};

use super::change::{Change, Touched};
use super::finding::Finding;
use super::rename::Renamed;
use super::revision::Revision;
use crate::digest::Digest;
use crate::message::Message;
use crate::plan::forecast::StepForecast;

/// The configuration as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigurationView {
    /// The revision in force; absent before the history begins.
    pub revision: Option<Revision>,
    /// The text of `/etc/bridle/site.toml`.
    pub text: String,
    /// Whether that text was changed by hand and is not in force yet.
    pub differs: bool,
    /// Digest of the text, which a change is based on.
    pub base: Digest,
}

/// A revision with its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevisionView {
    /// Its record.
    pub revision: Revision,
    /// The text of its `site.toml`.
    pub text: String,
}

/// The history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryView {
    /// Number of the revision in force.
    pub in_force: Option<u64>,
    /// Records, newest first.
    pub revisions: Vec<Revision>,
}

/// A text that is to be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    /// The text of a profile.
    pub text: String,
    /// The revision that it restores, whose certificates count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restores: Option<u64>,
}

/// What a text would mean.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftView {
    /// What is to be said of it.
    pub findings: Vec<Finding>,
    /// Values that differ from those in force.
    pub changes: Vec<Change>,
    /// Charts that get other values.
    pub charts: Vec<Touched>,
    /// Values that the release has another place for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub renamed: Vec<Renamed>,
    /// What would be done; empty while something blocks, or nothing changes.
    pub steps: Vec<StepForecast>,
    /// Digest of the plan, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Digest>,
    /// The critical period that forbids it now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forbidden: Option<crate::calendar::Critical>,
    /// When it would be convenient.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub windows: Vec<crate::calendar::Window>,
}

impl DraftView {
    /// Of a draft that changes nothing and of which nothing is to be said.
    #[must_use]
    pub fn nothing() -> Self {
        Self {
            findings: Vec::new(),
            changes: Vec::new(),
            charts: Vec::new(),
            renamed: Vec::new(),
            steps: Vec::new(),
            plan: None,
            forbidden: None,
            windows: Vec::new(),
        }
    }

    /// Whether users notice, however shortly.
    #[must_use]
    pub fn interrupts(&self) -> bool {
        self.steps.iter().any(|step| step.interrupts)
    }

    /// How long something is down for users, in seconds, at the most.
    #[must_use]
    pub fn interruption(&self) -> u64 {
        self.steps.iter().filter(|step| step.interrupts).map(|step| u64::from(step.seconds)).sum()
    }
}

/// The order to put a text in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfigurationOrder {
    /// The text, and what it restores.
    pub draft: Draft,
    /// Digest of the plan that was shown.
    pub plan: Digest,
    /// Name of the critical period in which it is done all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub even_in: Option<String>,
}

/// How one service of the site sheet answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceTest {
    /// Which service.
    pub what: Message,
    /// How it answered.
    pub said: Message,
    /// Whether that is as it should be.
    pub good: bool,
}

/// How the services of the site sheet answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServicesView {
    /// Asked from the host itself.
    pub host: Vec<ServiceTest>,
    /// Asked from a pod of the applications.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pod: Vec<ServiceTest>,
    /// Why a pod could not ask, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_pod: Option<Message>,
}
