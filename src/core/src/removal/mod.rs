//! What an uninstallation takes away and what it leaves: the choice, the lists, and what they are read from.

mod kept;
mod last_act;
mod receipt;

use serde::{Deserialize, Serialize};

pub use kept::{Kept, KeptError, KeptSecret};
pub use last_act::LastAct;
pub use receipt::{Receipt, ReceiptError};

use crate::digest::Digest;
use crate::message::Message;

/// What becomes of the data of the applications, with all that is needed to use them again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Data {
    /// They stay, and an installation on the same host finds them.
    Keep,
    /// They go, for good.
    Delete,
}

/// What is on a host because of an installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Thing {
    /// A volume, named NAMESPACE/CLAIM.
    Volume,
    /// Passwords that the data were made with.
    Secrets,
    /// Profile, publishers' keys, the site's own authority.
    Configuration,
    /// The account of what was on the host before.
    Receipt,
    /// Programs of the platform as they run: services, pods, network interfaces and rules.
    Running,
    /// Files of Kubernetes.
    Kubernetes,
    /// Parts of the releases.
    Store,
    /// Bridle's own programs and service.
    Programs,
    /// Journals and the last state.
    History,
}

/// One line of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// What it is.
    pub thing: Thing,
    /// Its name: a path, or that of a volume.
    pub name: String,
    /// Bytes on disk; none where that says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
}

/// What an uninstallation would do, as all faces show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemovalView {
    /// The choice.
    pub data: Data,
    /// The release that goes; empty if none was ever begun.
    pub release: String,
    /// Each of these, typed, confirms the loss of the data.
    pub names: Vec<String>,
    /// What the steps are, in order.
    pub steps: Vec<Message>,
    /// Digest of the plan: what is confirmed is what runs.
    pub plan: Digest,
    /// What goes.
    pub going: Vec<Item>,
    /// What stays.
    pub staying: Vec<Item>,
}

/// The order to uninstall.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemovalOrder {
    /// The choice.
    pub data: Data,
    /// The plan that was looked at.
    pub plan: Digest,
    /// The typed name; needed where data go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirm: Option<String>,
}

impl Thing {
    /// Whether it stays.
    #[must_use]
    pub const fn stays(self, data: Data) -> bool {
        match self {
            Self::Volume | Self::Secrets | Self::Configuration | Self::Receipt => matches!(data, Data::Keep),
            Self::Running | Self::Kubernetes | Self::Store | Self::Programs | Self::History => false,
        }
    }

    /// What it is, for people.
    #[must_use]
    pub const fn title(self) -> Message {
        Message::new(match self {
            Self::Volume => "removal-volume",
            Self::Secrets => "removal-secrets",
            Self::Configuration => "removal-configuration",
            Self::Receipt => "removal-receipt",
            Self::Running => "removal-running",
            Self::Kubernetes => "removal-kubernetes",
            Self::Store => "removal-store",
            Self::Programs => "removal-programs",
            Self::History => "removal-history",
        })
    }
}

/// Parts what is there into what goes and what stays.
#[must_use]
pub fn lists(items: Vec<Item>, data: Data) -> (Vec<Item>, Vec<Item>) {
    items.into_iter().partition(|item| !item.thing.stays(data))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Language;

    const ALL: [Thing; 9] = [
        Thing::Volume,
        Thing::Secrets,
        Thing::Configuration,
        Thing::Receipt,
        Thing::Running,
        Thing::Kubernetes,
        Thing::Store,
        Thing::Programs,
        Thing::History,
    ];

    #[test]
    fn data_stay_only_where_they_are_kept() {
        let items = || ALL.map(|thing| Item { thing, name: "x".to_owned(), bytes: None }).to_vec();
        let (going, staying) = lists(items(), Data::Delete);
        assert_eq!((going.len(), staying.len()), (ALL.len(), 0));
        let (going, staying) = lists(items(), Data::Keep);
        assert!(staying.iter().map(|item| item.thing).eq(ALL[..4].iter().copied()));
        assert!(going.iter().map(|item| item.thing).eq(ALL[4..].iter().copied()));
    }

    #[test]
    fn each_thing_has_words() {
        for thing in ALL {
            for language in Language::ALL {
                assert_ne!(thing.title().render(language), thing.title().code, "{language}");
            }
        }
    }
}
