//! Values that have another place in a new release, moved in the site's text with their comments.

use serde::{Deserialize, Serialize};

use super::edit::{self, EditError};
use super::finding::{Finding, Severity, in_order};
use super::key::Key;
use crate::release::ReleaseManifest;
use crate::site::Places;

/// A value that was moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renamed {
    /// Where it was.
    pub from: Key,
    /// Where it is.
    pub to: Key,
}

/// A profile for another release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The new text.
    pub text: String,
    /// What was moved, in the release's order.
    pub renamed: Vec<Renamed>,
    /// Values that could not be moved: old and new place are both taken, or the way is blocked. Places are those of the
    /// old text.
    pub findings: Vec<Finding>,
}

/// The profile `text` with the renames of `release` done; the same text if there are none. Done again it changes nothing.
///
/// # Errors
/// [`EditError::Toml`] if the text is no TOML.
pub fn renamed(text: &str, release: &ReleaseManifest) -> Result<Moved, EditError> {
    let places = Places::of(text);
    let mut moved = Moved { text: text.to_owned(), renamed: Vec::new(), findings: Vec::new() };
    for chart in &release.charts {
        let key =
            |path: &str| path.split('.').fold(Key::of(["values", chart.name.as_str()]), |key, part| key.below(part));
        for rename in &chart.renames {
            let (from, to) = (key(&rename.from), key(&rename.to));
            if edit::get(&moved.text, &from)?.is_none() {
                continue;
            }
            let finding = |code| Finding::of(Severity::Blocks, from.clone(), &places, code).with("to", to.to_string());
            if edit::get(&moved.text, &to)?.is_some() {
                moved.findings.push(finding("config-renamed-both"));
                continue;
            }
            match edit::rename(&moved.text, &from, &to) {
                Ok(text) => {
                    moved.text = text;
                    moved.renamed.push(Renamed { from, to });
                }
                Err(error @ EditError::Toml(_)) => return Err(error),
                Err(_) => moved.findings.push(finding("config-renamed-blocked")),
            }
        }
    }
    moved.findings = in_order(moved.findings);
    Ok(moved)
}

/// The profile `text` with the renames of `release` undone: for the release before it.
///
/// # Errors
/// [`EditError::Toml`] if the text is no TOML.
pub fn renamed_back(text: &str, release: &ReleaseManifest) -> Result<Moved, EditError> {
    let mut back = release.clone();
    for rename in back.charts.iter_mut().flat_map(|chart| &mut chart.renames) {
        std::mem::swap(&mut rename.from, &mut rename.to);
    }
    renamed(text, &back)
}

#[cfg(test)]
mod tests;
