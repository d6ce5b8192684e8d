//! The receipt of the first installation: what was on the host before it, which no uninstallation touches.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// Version of the format that this code writes.
const FORMAT: u32 = 1;

/// What was there before, as far as Bridle or Kubernetes could come near it (`docs/FORMATS.md`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Version of the format.
    pub format: u32,
    /// Files and folders in the places that Bridle and k3s write to, with their mode (permission bits).
    #[serde(default)]
    pub paths: BTreeMap<String, u32>,
    /// Whether the group `bridle` was there.
    #[serde(default)]
    pub group: bool,
    /// Settings of the kernel that Kubernetes changes, by their name in sysctl(8), with their value.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// Modules of the kernel that were loaded, of those that k3s loads.
    #[serde(default)]
    pub modules: BTreeSet<String>,
    /// Network interfaces.
    #[serde(default)]
    pub interfaces: BTreeSet<String>,
    /// Tables of nftables as `FAMILY NAME`.
    #[serde(default)]
    pub tables: BTreeSet<String>,
}

impl Default for Receipt {
    fn default() -> Self {
        Self {
            format: FORMAT,
            paths: BTreeMap::new(),
            group: false,
            settings: BTreeMap::new(),
            modules: BTreeSet::new(),
            interfaces: BTreeSet::new(),
            tables: BTreeSet::new(),
        }
    }
}

impl Receipt {
    /// Reads a receipt.
    ///
    /// # Errors
    /// [`ReceiptError`] for unreadable text or another format.
    pub fn parse(text: &str) -> Result<Self, ReceiptError> {
        let receipt: Self = serde_json::from_str(text).map_err(ReceiptError::Json)?;
        if receipt.format == FORMAT { Ok(receipt) } else { Err(ReceiptError::Format { found: receipt.format }) }
    }

    /// The text of the receipt.
    #[must_use]
    pub fn text(&self) -> String {
        serde_json::to_string_pretty(self).expect("a receipt holds only strings, numbers and maps with string keys")
    }
}

/// Why a receipt cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptError {
    /// Not the JSON that the format asks for.
    #[error("read receipt")]
    Json(#[source] serde_json::Error),
    /// Another format.
    #[error("read receipt: format {found}, this program reads {FORMAT}")]
    Format {
        /// The format found.
        found: u32,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_format_still_parses() {
        let receipt = Receipt::parse(include_str!("../../tests/fixtures/receipt-v1.json")).expect("fixture parses");
        assert_eq!(receipt.paths.get("/etc/rancher"), Some(&0o755));
        assert_eq!(receipt.settings.get("net.ipv4.ip_forward").map(String::as_str), Some("0"));
        assert!(!receipt.group && receipt.modules.contains("overlay") && receipt.tables.contains("inet filter"));
        assert_eq!(Receipt::parse(&receipt.text()).expect("round trip"), receipt);
    }

    #[test]
    fn another_format_is_refused() {
        assert!(matches!(Receipt::parse(r#"{"format":2}"#), Err(ReceiptError::Format { found: 2 })));
        assert!(matches!(Receipt::parse("{"), Err(ReceiptError::Json(_))));
    }
}
