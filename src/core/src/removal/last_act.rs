//! What the last act of an uninstallation is told: written by the agent, read by the program that removes the agent.

use serde::{Deserialize, Serialize};

use super::{Data, Receipt};

/// Version of the format that this code writes.
const FORMAT: u32 = 1;

/// The order for the last act (`docs/FORMATS.md`); with the receipt inside, because its own file goes too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastAct {
    /// Version of the format.
    format: u32,
    /// What becomes of the data.
    pub data: Data,
    /// What was there before.
    pub receipt: Receipt,
}

impl LastAct {
    /// The order.
    #[must_use]
    pub const fn new(data: Data, receipt: Receipt) -> Self {
        Self { format: FORMAT, data, receipt }
    }

    /// Reads an order; `None` for another format or what is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().filter(|order: &Self| order.format == FORMAT)
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> String {
        serde_json::to_string_pretty(self).expect("an order holds only strings, numbers and maps with string keys")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_format_still_parses() {
        let order = LastAct::parse(include_str!("../../tests/fixtures/last-act-v1.json")).expect("fixture parses");
        assert_eq!((order.data, order.receipt.group), (Data::Keep, true));
        assert_eq!(LastAct::parse(&order.text()), Some(order.clone()));
        assert_eq!(LastAct::parse(&order.text().replacen("\"format\": 1", "\"format\": 2", 1)), None);
        assert_eq!(LastAct::parse(""), None);
    }
}
