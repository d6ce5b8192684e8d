//! The profile of a site: the only thing that differs between two installations of one release (`docs/FORMATS.md`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::de::DeTable;

mod refusal;
#[cfg(test)]
mod tests;

pub use self::refusal::{Kind, Position, similar};
use crate::network::Network;

/// Version of the format that this code writes.
pub const FORMAT: u32 = 1;

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
        }
    }
}

impl Site {
    /// Reads `site.toml`.
    ///
    /// # Errors
    /// [`SiteError`] for unreadable text, an unknown key, another format or an invalid value, with its place.
    pub fn parse(text: &str) -> Result<Self, SiteError> {
        let table = refusal::check(text)?;
        let site: Self = toml::from_str(text).map_err(|error| refusal::of_toml(text, &error))?;
        if site.format != FORMAT {
            return Err(SiteError::Format { found: site.format });
        }
        site.doubt(text, &table)?;
        Ok(site)
    }

    fn doubt(&self, text: &str, table: &Spanned<DeTable<'_>>) -> Result<(), SiteError> {
        let refused = |field: &'static str, found: &str| SiteError::Value {
            field,
            found: found.chars().take(80).collect(),
            at: refusal::place(text, table, field),
        };
        for (field, value) in [("name", &self.name), ("host", &self.host)] {
            let allowed =
                |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || (field == "host" && c == '.');
            if value.is_empty() || value.len() > 253 || !value.chars().all(allowed) || value.starts_with(['-', '.']) {
                return Err(refused(field, value));
            }
        }
        if let Some(address) = &self.address
            && address.parse::<std::net::Ipv4Addr>().is_err()
        {
            return Err(refused("address", address));
        }
        if !["en", "fr"].contains(&self.language.as_str()) {
            return Err(refused("language", &self.language));
        }
        Ok(())
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
    #[error("read site profile: no key {key:?}")]
    Missing {
        /// The key.
        key: &'static str,
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
