//! What a change of what is installed would do and has done, as all faces show it.

pub mod words;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::calendar::{Critical, Window};
use crate::configuration;
use crate::configuration::rename::Renamed;
use crate::digest::Digest;
use crate::message::Message;
use crate::plan::OperationKind;
use crate::plan::forecast::StepForecast;
use crate::plan::review::{Finding, Severity};
use crate::plan::upgrade::Changes;
use crate::rehearsal::{self, Report};

/// A change that was planned and not begun.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChangeView {
    /// Upgrade, return or configuration.
    pub kind: OperationKind,
    /// Release in use (`NAME-VERSION`).
    pub from: String,
    /// Release after.
    pub to: String,
    /// Digest of the plan: what is confirmed is what runs.
    pub plan: Digest,
    /// What the plan was made from.
    pub basis: Basis,
    /// What changes in the release.
    pub changes: Changes,
    /// Values of the site that get another place, as the release declares.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub renamed: Vec<Renamed>,
    /// What is to be said of the site's values under the new release.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<configuration::finding::Finding>,
    /// What the cluster said to everything that would be applied; none if it could not be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rehearsal: Option<Report>,
    /// A critical period of the calendar in which nothing is changed unless its name is typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forbidden: Option<Critical>,
    /// When it would be convenient, soonest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub windows: Vec<Window>,
    /// Notes of the release by language.
    pub notes: BTreeMap<String, String>,
    /// The steps.
    pub steps: Vec<StepForecast>,
    /// Space on disk.
    pub disk: DiskForecast,
    /// What stands against it, and what should be looked at.
    pub findings: Vec<Finding>,
}

/// What a plan was made from; if one of these is another one, the plan is shown anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basis {
    /// Release in use.
    pub installed: String,
    /// Digest of the release that is to come.
    pub release: Digest,
    /// Digest of the profile of the site.
    pub profile: Digest,
    /// Operations that this host has had.
    pub operations: u64,
}

/// What a change writes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiskForecast {
    /// Bytes that it needs beyond what is there.
    pub needed: u64,
    /// Bytes that are free.
    pub free: u64,
}

/// The order to begin a change that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeOrder {
    /// Release that is to come.
    pub release: String,
    /// The plan that was looked at.
    pub plan: Digest,
    /// What it was made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<Basis>,
    /// Whether the data are copied before.
    #[serde(default = "yes")]
    pub copy_data: bool,
    /// Name of the critical period that was typed to go on in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub even_in: Option<String>,
}

const fn yes() -> bool {
    true
}

impl Basis {
    /// What is another in `now`, in words.
    #[must_use]
    pub fn differences(&self, now: &Self) -> Vec<Message> {
        let parts = [
            (self.installed != now.installed, "basis-installed"),
            (self.release != now.release, "basis-release"),
            (self.profile != now.profile, "basis-profile"),
            (self.operations != now.operations, "basis-operations"),
        ];
        parts.into_iter().filter(|(differs, _)| *differs).map(|(_, code)| Message::new(code)).collect()
    }
}

impl ChangeView {
    /// Whether a finding stands in the way.
    #[must_use]
    pub fn blocked(&self) -> bool {
        self.against().is_some()
    }

    /// The first thing that stands in the way.
    #[must_use]
    pub fn against(&self) -> Option<Message> {
        let own = self.findings.iter().find(|finding| finding.severity == Severity::Blocks);
        let values = self.values.iter().find(|finding| finding.severity == Severity::Blocks);
        let tried = self.rehearsal.iter().flat_map(|report| &report.findings);
        let tried = tried.into_iter().find(|finding| finding.severity == rehearsal::Severity::Blocks);
        own.map(|finding| finding.message.clone())
            .or_else(|| values.map(|finding| finding.message.clone()))
            .or_else(|| tried.map(|finding| finding.message.clone()))
    }

    /// How long everything takes, in seconds.
    #[must_use]
    pub fn seconds(&self) -> u64 {
        self.steps.iter().map(|step| u64::from(step.seconds)).sum()
    }

    /// How long something is down for users, in seconds, at the most.
    #[must_use]
    pub fn interruption(&self) -> u64 {
        self.steps.iter().filter(|step| step.interrupts).map(|step| u64::from(step.seconds)).sum()
    }
}
