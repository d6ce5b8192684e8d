//! The configuration of a site: what may be changed in it and how, what a change means, and its history.

pub mod change;
pub mod check;
pub mod edit;
pub mod errand;
pub mod finding;
mod key;
pub mod rename;
pub mod revision;
pub mod secret;
pub mod view;

use serde::{Deserialize, Serialize};

pub use self::key::{Key, KeyError};
use crate::digest::Digest;
use crate::site::{Site, SiteError, services};

/// All that a revision holds of a site: the text of `site.toml`, and the certificates that it names by their file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The text of `site.toml`.
    pub text: String,
    /// What the file held that `services.ca` names, when the revision was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
}

impl Profile {
    /// A profile without certificates.
    #[must_use]
    pub fn of(text: impl Into<String>) -> Self {
        Self { text: text.into(), ca: None }
    }

    /// The site, with the certificates in the place of their file's name.
    ///
    /// # Errors
    /// Everything that is wrong with the text; `services.ca` names a file whose content is not there or is none.
    pub fn site(&self) -> Result<Site, Vec<SiteError>> {
        let mut site = Site::read(&self.text)?;
        if let Some(path) = site.services.ca_path().map(str::to_owned) {
            let sound = |ca: &&String| ca.len() <= services::LARGEST_CA && services::pem_is_sound(ca);
            let Some(ca) = self.ca.as_ref().filter(sound) else {
                let at = crate::site::Places::of(&self.text).value(&["services", "ca"]);
                return Err(vec![SiteError::Rule { key: "services.ca".to_owned(), found: path, at, rule: "pem-file" }]);
            };
            site.services.ca = Some(ca.clone());
        }
        Ok(site)
    }

    /// Digest of everything in it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        // One text with a mark between that neither can hold.
        let parts = [self.text.as_str(), self.ca.as_deref().unwrap_or_default()];
        Digest::of(parts.join("\0").as_bytes())
    }
}
