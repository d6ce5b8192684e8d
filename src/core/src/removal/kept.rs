//! Secrets of the site that outlive an uninstallation: without them the data that stay could not be opened again.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Version of the format that this code writes.
const FORMAT: u32 = 1;

/// Everything that is kept (`docs/FORMATS.md`). Values never reach a log: `Debug` shows names only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Version of the format.
    format: u32,
    /// The secrets.
    #[serde(default)]
    secrets: Vec<KeptSecret>,
}

/// One Secret of the cluster.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptSecret {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its keys with their values in base64, as a Secret's `data` has them.
    pub data: BTreeMap<String, String>,
}

impl Default for Kept {
    fn default() -> Self {
        Self { format: FORMAT, secrets: Vec::new() }
    }
}

impl Kept {
    /// Reads what was kept.
    ///
    /// # Errors
    /// [`KeptError`] for unreadable text or another format.
    pub fn parse(text: &str) -> Result<Self, KeptError> {
        // The text of a JSON error can quote a value.
        let kept: Self = serde_json::from_str(text).map_err(|error| KeptError::Json { line: error.line() })?;
        if kept.format == FORMAT { Ok(kept) } else { Err(KeptError::Format { found: kept.format }) }
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> String {
        serde_json::to_string_pretty(self).expect("what is kept holds only strings and maps with string keys")
    }

    /// The secrets.
    #[must_use]
    pub fn secrets(&self) -> &[KeptSecret] {
        &self.secrets
    }

    /// One of them.
    #[must_use]
    pub fn find(&self, namespace: &str, name: &str) -> Option<&KeptSecret> {
        self.secrets.iter().find(|kept| kept.namespace == namespace && kept.name == name)
    }

    /// Adds a secret, or replaces the one of the same name: what the cluster uses is what the data were made with.
    pub fn put(&mut self, secret: KeptSecret) {
        self.secrets.retain(|kept| kept.namespace != secret.namespace || kept.name != secret.name);
        self.secrets.push(secret);
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(&self.secrets).finish()
    }
}

impl fmt::Debug for KeptSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{} {:?}", self.namespace, self.name, self.data.keys().collect::<Vec<_>>())
    }
}

/// Why what was kept cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeptError {
    /// Not the JSON that the format asks for.
    #[error("read kept secrets: line {line} is not as it was written")]
    Json {
        /// Line, from 1.
        line: usize,
    },
    /// Another format.
    #[error("read kept secrets: format {found}, this program reads {FORMAT}")]
    Format {
        /// The format found.
        found: u32,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(name: &str, value: &str) -> KeptSecret {
        let data = BTreeMap::from([("password".to_owned(), value.to_owned())]);
        KeptSecret { namespace: "campus".to_owned(), name: name.to_owned(), data }
    }

    #[test]
    fn the_first_format_still_parses() {
        let kept = Kept::parse(include_str!("../../tests/fixtures/kept-v1.json")).expect("fixture parses");
        let owner = kept.find("campus", "database-owner").expect("secret");
        assert_eq!(owner.data.get("username").map(String::as_str), Some("ZW5yb2xtZW50"));
        assert_eq!(Kept::parse(&kept.text()).expect("round trip"), kept);
    }

    #[test]
    fn the_newest_of_one_name_counts_and_others_stay() {
        let mut kept = Kept::default();
        for secret in [secret("a", "b25l"), secret("b", "b25l"), secret("a", "dHdv")] {
            kept.put(secret);
        }
        assert_eq!(kept.secrets().len(), 2);
        assert_eq!(kept.find("campus", "a"), Some(&secret("a", "dHdv")));
    }

    #[test]
    fn values_are_in_no_log_and_no_error() {
        let mut kept = Kept::default();
        kept.put(secret("a", "c2VjcmV0"));
        assert!(!format!("{kept:?}").contains("c2VjcmV0"));
        let damaged = kept.text().replace("\"c2VjcmV0\"", "\"c2VjcmV0\" \"c2VjcmV0\"");
        let error = Kept::parse(&damaged).expect_err("damaged");
        assert!(!format!("{error} {error:?}").contains("c2VjcmV0"));
        assert_eq!(Kept::parse(r#"{"format":2}"#), Err(KeptError::Format { found: 2 }));
    }
}
