//! What differs between two profiles, as a person would say it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::edit::{self, EditError};
use super::key::Key;
use crate::plan::ranges::Ranges;
use crate::plan::values::Surroundings;
use crate::release::ReleaseManifest;
use crate::site::Site;

/// What is shown instead of a secret.
pub const HIDDEN: &str = "••••••";
/// Longest value that is shown, in characters.
const LONGEST: usize = 200;

/// One value that differs, as a literal of TOML; a secret is not shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Which.
    pub key: Key,
    /// Before; absent if it was not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
    /// After; absent if it is not said any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<String>,
}

/// A chart that gets other values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touched {
    /// Name of the chart.
    pub chart: String,
    /// Whether its pods cannot run beside those that they replace.
    pub interrupts: bool,
}

/// What differs, in the order of the keys.
///
/// # Errors
/// [`EditError::Toml`] if one of the texts is no TOML.
pub fn between(old: &str, new: &str) -> Result<Vec<Change>, EditError> {
    let read =
        |text: &str| toml::from_str::<toml::Table>(text).map_err(|error| EditError::Toml(error.message().to_owned()));
    let mut changes = Vec::new();
    tables(&read(old)?, &read(new)?, None, &mut changes);
    Ok(changes)
}

fn tables(old: &toml::Table, new: &toml::Table, above: Option<&Key>, changes: &mut Vec<Change>) {
    let names: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for name in names {
        let key = above.map_or_else(|| Key::of([name.as_str()]), |above| above.below(name.as_str()));
        let empty = toml::Table::new();
        match (old.get(name), new.get(name)) {
            (one, two) if one == two => {}
            (Some(toml::Value::Table(old)), Some(toml::Value::Table(new))) => tables(old, new, Some(&key), changes),
            (None, Some(toml::Value::Table(new))) if !new.is_empty() => tables(&empty, new, Some(&key), changes),
            (Some(toml::Value::Table(old)), None) if !old.is_empty() => tables(old, &empty, Some(&key), changes),
            (old, new) => {
                let shown = |value: Option<&toml::Value>| value.map(|value| shown(&key, value));
                changes.push(Change { old: shown(old), new: shown(new), key: key.clone() });
            }
        }
    }
}

/// A value as it may be shown: a secret is not, and neither are those inside a table or list.
#[must_use]
pub fn shown(key: &Key, value: &toml::Value) -> String {
    let text = hidden(key, value).to_string();
    if text.chars().count() <= LONGEST {
        return text;
    }
    text.chars().take(LONGEST).chain(['…']).collect()
}

/// The value with secrets in it replaced.
#[must_use]
pub fn hidden(key: &Key, value: &toml::Value) -> toml::Value {
    match value {
        toml::Value::Table(table) => toml::Value::Table(
            table.iter().map(|(name, value)| (name.clone(), hidden(&key.below(name.as_str()), value))).collect(),
        ),
        toml::Value::Array(list) => toml::Value::Array(list.iter().map(|value| hidden(key, value)).collect()),
        toml::Value::String(text) if !text.is_empty() && key.names_a_secret() => toml::Value::String(HIDDEN.to_owned()),
        other => other.clone(),
    }
}

/// The text with every secret in it replaced; everything else stays as it is.
///
/// # Errors
/// [`EditError::Toml`] if it is no TOML.
pub fn masked(text: &str) -> Result<String, EditError> {
    let table: toml::Table = toml::from_str(text).map_err(|error| EditError::Toml(error.message().to_owned()))?;
    let mut secrets = Vec::new();
    for (name, value) in &table {
        exposed(&Key::of([name.as_str()]), value, &mut secrets);
    }
    secrets.iter().try_fold(text.to_owned(), |text, key| edit::set(&text, key, HIDDEN.into()))
}

fn exposed(key: &Key, value: &toml::Value, secrets: &mut Vec<Key>) {
    match value {
        toml::Value::Table(table) => {
            table.iter().for_each(|(name, value)| exposed(&key.below(name.as_str()), value, secrets));
        }
        toml::Value::Array(list) => {
            list.iter().enumerate().for_each(|(at, value)| exposed(&key.below(at.to_string()), value, secrets));
        }
        toml::Value::String(text) if !text.is_empty() && key.names_a_secret() => secrets.push(key.clone()),
        _ => {}
    }
}

/// The charts of `release` that get other values at `new` than at `old`, in the release's order.
#[must_use]
pub fn touched(release: &ReleaseManifest, old: &Site, new: &Site, address: &str) -> Vec<Touched> {
    let values = |site: &Site| -> Vec<serde_json::Map<String, Value>> {
        let own = site.address.clone().unwrap_or_else(|| address.to_owned());
        let ranges = Ranges::of(release, site);
        let surroundings = Surroundings { global: &release.global, site, ranges, address: &own };
        release.charts.iter().map(|chart| surroundings.values(&chart.name, &chart.values)).collect()
    };
    let (old, new) = (values(old), values(new));
    let differs = release.charts.iter().zip(old.iter().zip(&new)).filter(|(_, (old, new))| old != new);
    differs.map(|(chart, _)| Touched { chart: chart.name.clone(), interrupts: chart.interrupts }).collect()
}

/// Keys that cannot be changed once a release is installed, of those that differ between the two.
#[must_use]
pub fn fixed(old: &Site, new: &Site) -> Vec<Key> {
    let differs = [
        ("cluster_cidr", old.kubernetes.cluster_cidr != new.kubernetes.cluster_cidr),
        ("service_cidr", old.kubernetes.service_cidr != new.kubernetes.service_cidr),
    ];
    differs.iter().filter(|(_, differs)| *differs).map(|(name, _)| Key::of(["kubernetes", name])).collect()
}

#[cfg(test)]
mod tests;
