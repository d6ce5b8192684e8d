//! The profile of a site: the only thing that differs between two installations of one release (`docs/FORMATS.md`).

mod refusal;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

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
    /// [`SiteError`] for unreadable text, another format or an invalid name.
    pub fn parse(text: &str) -> Result<Self, SiteError> {
        let site: Self = toml::from_str(text).map_err(|error| SiteError::Toml(Box::new(error)))?;
        if site.format != FORMAT {
            return Err(SiteError::Format { found: site.format });
        }
        for (field, value) in [("name", &site.name), ("host", &site.host)] {
            let allowed =
                |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || (field == "host" && c == '.');
            if value.is_empty() || value.len() > 253 || !value.chars().all(allowed) || value.starts_with(['-', '.']) {
                return Err(SiteError::Value { field, found: value.chars().take(80).collect() });
            }
        }
        if let Some(address) = &site.address
            && address.parse::<std::net::IpAddr>().is_err()
        {
            return Err(SiteError::Value { field: "address", found: address.chars().take(80).collect() });
        }
        Ok(site)
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
    /// Not the TOML that the format asks for.
    #[error("read site profile")]
    Toml(#[source] Box<toml::de::Error>),
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
    },
}

fn english() -> String {
    "en".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_survives_a_round_trip() {
        let site = Site::default();
        assert_eq!(Site::parse(&site.to_toml().expect("toml")).expect("parse"), site);
    }

    #[test]
    fn refuses_hostile_names() {
        for host in ["", "a b", "../x", "-x", "x\n", "X"] {
            let text = format!("format = 1\nname = \"x\"\nhost = {host:?}\n");
            assert!(Site::parse(&text).is_err(), "{host}");
        }
    }
}
