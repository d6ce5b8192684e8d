//! The profile of a site: the only thing that differs between two installations of one release (`docs/FORMATS.md`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub mod calendar;
mod place;
mod refusal;
pub mod services;
#[cfg(test)]
mod tests;

use self::calendar::Entry;
pub use self::place::{Places, Position};
use self::refusal::Doubts;
pub use self::refusal::{Kind, similar};
use self::services::Services;
use crate::network::Network;

/// Version of the format that this code writes.
pub const FORMAT: u32 = 1;
/// Largest profile that is read, in bytes.
pub const LARGEST: usize = 256 * 1024;
/// Most mistakes that are told at once.
pub const MOST_MISTAKES: usize = 50;

/// Configuration of a site.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// Version of the format.
    pub format: u32,
    /// Name of the site, `[a-z0-9-]{1,40}`; typed to confirm dangerous acts.
    pub name: String,
    /// Host name under which users reach the platform.
    pub host: String,
    /// Address of this server; found from the network if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Language of messages (`en`, `fr`).
    #[serde(default = "english")]
    pub language: String,
    /// Values that override the release's, by chart.
    #[serde(default)]
    pub values: BTreeMap<String, serde_json::Map<String, serde_json::Value>>,
    /// Settings that go to Kubernetes as they are.
    #[serde(default)]
    pub kubernetes: KubernetesSettings,
    /// Services of the institution.
    #[serde(default, skip_serializing_if = "Services::is_empty")]
    pub services: Services,
    /// When nothing may be disturbed, and when work is best done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calendar: Vec<Entry>,
}

/// Expert settings for the Kubernetes part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KubernetesSettings {
    /// Allows a host with cgroup v1 (`design.md` §1.13).
    #[serde(default)]
    pub allow_cgroup_v1: bool,
    /// Addresses of pods; the release's if absent. Cannot be changed after the installation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster_cidr: Option<Network>,
    /// Addresses of services; the release's if absent. Cannot be changed after the installation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_cidr: Option<Network>,
}

impl Default for Site {
    fn default() -> Self {
        Self {
            format: FORMAT,
            name: "site".to_owned(),
            host: "campus.internal".to_owned(),
            address: None,
            language: english(),
            values: BTreeMap::new(),
            kubernetes: KubernetesSettings::default(),
            services: Services::default(),
            calendar: Vec::new(),
        }
    }
}

impl Site {
    /// Reads `site.toml`.
    ///
    /// # Errors
    /// [`SiteError`] for unreadable text, an unknown key, another format or an invalid value, with its place: the first of
    /// those that [`Site::read`] finds.
    pub fn parse(text: &str) -> Result<Self, SiteError> {
        Self::read(text).map_err(|mut errors| errors.swap_remove(0))
    }

    /// Reads `site.toml`, and tells everything that is wrong with it.
    ///
    /// # Errors
    /// At least one [`SiteError`], at most [`MOST_MISTAKES`].
    pub fn read(text: &str) -> Result<Self, Vec<SiteError>> {
        if text.len() > LARGEST {
            return Err(vec![SiteError::Large { limit: LARGEST }]);
        }
        let (table, errors) = toml::de::DeTable::parse_recoverable(text);
        if !errors.is_empty() {
            return Err(errors.iter().take(MOST_MISTAKES).map(|error| refusal::of_toml(text, error)).collect());
        }
        let places = Places::over(text, table);
        let mut doubts = Doubts { text, places: &places, found: Vec::new() };
        doubts.tables();
        // What has another shape cannot be looked at any closer.
        if doubts.found.is_empty() {
            match toml::from_str::<Self>(text) {
                Ok(site) if site.format != FORMAT => doubts.found.push(SiteError::Format { found: site.format }),
                Ok(site) => {
                    site.doubt(&mut doubts);
                    if doubts.found.is_empty() {
                        return Ok(site);
                    }
                }
                Err(error) => doubts.found.push(refusal::of_toml(text, &error)),
            }
        }
        doubts.found.truncate(MOST_MISTAKES);
        Err(doubts.found)
    }

    fn doubt(&self, doubts: &mut Doubts<'_, '_>) {
        let mut refuse = |field: &'static str, found: &str| {
            let at = doubts.places.value(&[field]);
            doubts.found.push(SiteError::Value { field, found: found.chars().take(80).collect(), at });
        };
        for (field, value) in [("name", &self.name), ("host", &self.host)] {
            let allowed =
                |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || (field == "host" && c == '.');
            if value.is_empty() || value.len() > 253 || !value.chars().all(allowed) || value.starts_with(['-', '.']) {
                refuse(field, value);
            }
        }
        if let Some(address) = &self.address
            && address.parse::<std::net::Ipv4Addr>().is_err()
        {
            refuse("address", address);
        }
        if !["en", "fr"].contains(&self.language.as_str()) {
            refuse("language", &self.language);
        }
        self.services.doubt(doubts);
        for (index, entry) in self.calendar.iter().take(calendar::MOST_ENTRIES + 1).enumerate() {
            entry.doubt(index, doubts);
            let index_text = index.to_string();
            doubts.rule(index < calendar::MOST_ENTRIES, &["calendar", &index_text, "name"], &entry.name, "entries");
        }
    }

    /// The text of `site.toml`.
    ///
    /// # Errors
    /// [`SiteError::Write`] if a value cannot be written as TOML (a `null`).
    pub fn to_toml(&self) -> Result<String, SiteError> {
        toml::to_string(self).map_err(SiteError::Write)
    }
}

/// Why a profile is refused.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// Not TOML, or a value of another type than the format asks for.
    #[error("read site profile: line {}, column {}: {said}", at.line, at.column)]
    Toml {
        /// Where.
        at: Position,
        /// What the parser says, at most 200 characters.
        said: String,
    },
    /// A key that the format does not have.
    #[error("read site profile: line {}, column {}: unknown key {key:?} in table {table:?}", at.line, at.column)]
    Key {
        /// Where.
        at: Position,
        /// Table; empty for the top.
        table: String,
        /// The key, at most 80 characters.
        key: String,
        /// The key that was probably meant.
        meant: Option<String>,
        /// All keys of the table.
        known: String,
    },
    /// A value of another kind than the format asks for.
    #[error("read site profile: line {}, column {}: {key} is no {}", at.line, at.column, wanted.name())]
    Kind {
        /// Where.
        at: Position,
        /// The key, at most 80 characters.
        key: String,
        /// What it must be.
        wanted: Kind,
    },
    /// A key that must be there is not.
    #[error("read site profile: no key {key:?} in table {table:?}")]
    Missing {
        /// The key.
        key: &'static str,
        /// Table; empty for the top.
        table: String,
    },
    /// None of the words that a value may be.
    #[error("read site profile: line {}, column {}: {key} = {found:?}", at.line, at.column)]
    Choice {
        /// Where.
        at: Position,
        /// The key.
        key: String,
        /// The value, at most 80 characters.
        found: String,
        /// What it may be.
        known: String,
    },
    /// A value of the site sheet or the calendar that cannot be.
    #[error("read site profile: {key} = {found:?} is no {rule}")]
    Rule {
        /// The key, with those of its tables.
        key: String,
        /// The value, at most 80 characters.
        found: String,
        /// Where, if it stands in the text.
        at: Option<Position>,
        /// Name of the rule in the words of a message.
        rule: &'static str,
    },
    /// More text than a profile may have.
    #[error("read site profile: more than {limit} bytes")]
    Large {
        /// The limit in bytes.
        limit: usize,
    },
    /// Cannot be written as TOML.
    #[error("write site profile")]
    Write(#[source] toml::ser::Error),
    /// Another format.
    #[error("read site profile: format {found}, this program reads {FORMAT}")]
    Format {
        /// The format found.
        found: u32,
    },
    /// A field with an impossible value.
    #[error("read site profile: {field} = {found:?}")]
    Value {
        /// The field.
        field: &'static str,
        /// The value, at most 80 characters.
        found: String,
        /// Where, if it stands in the text.
        at: Option<Position>,
    },
}

fn english() -> String {
    "en".to_owned()
}
