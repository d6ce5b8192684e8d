//! What a listing of sets and a listing of snapshots together mean.
//!
//! A listing is all or an error: whoever lists gives a [`Listing`] only after the last page came without one.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::id::SetId;
use super::record::RecordError;
use super::set::SetManifest;
use crate::digest::Digest;
use crate::message::Message;
use crate::port::Timestamp;

/// A snapshot that no set names may belong to a backup that runs; after this time it cannot.
pub const YOUNG: Duration = Duration::from_secs(24 * 3600);

/// What is in a repository.
#[derive(Debug, Default)]
pub struct Listing {
    /// Objects below `sets/`, by name, each as it was read.
    pub sets: Vec<(String, Result<SetManifest, RecordError>)>,
    /// Snapshots by name with the time in them.
    pub snapshots: BTreeMap<Digest, Timestamp>,
}

/// What the listing means beside what this installation remembers.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Catalogue {
    /// Sets whose snapshots are all there, by the order in which they were made. Only these are offered.
    pub complete: Vec<SetManifest>,
    /// What must not be, the worst first.
    pub alarms: Vec<Alarm>,
    /// Snapshots of backups that did not come to their end: they can go.
    pub garbage: BTreeSet<Digest>,
    /// Snapshots that no set names, but a backup that runs may.
    pub young: BTreeSet<Digest>,
}

/// What must not be in a repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Alarm {
    /// A set without some of its snapshots: data are lost.
    Incomplete {
        /// The set.
        set: SetId,
        /// What is gone.
        missing: Vec<Digest>,
    },
    /// A set that was here is gone, and nobody let it go.
    Vanished {
        /// The set.
        set: SetId,
    },
    /// The proof of a set is wrong: altered, moved, or written with another key.
    Unproven {
        /// Name of the object.
        object: String,
    },
    /// A set cannot be read by this program.
    Unreadable {
        /// Name of the object.
        object: String,
        /// Whether a newer version wrote it.
        newer: bool,
    },
}

impl Catalogue {
    /// What `listing` means at `now`, for an installation that knows `remembered` sets (those that it or a copy wrote and has
    /// not let go).
    #[must_use]
    pub fn of(listing: Listing, remembered: &BTreeSet<SetId>, now: Timestamp) -> Self {
        let mut catalogue = Self::default();
        let mut named: BTreeSet<Digest> = BTreeSet::new();
        let mut seen: BTreeSet<SetId> = BTreeSet::new();
        let mut unread = false;
        for (object, read) in listing.sets {
            if let Some(id) = SetManifest::id_of(&object) {
                seen.insert(id);
            }
            match read {
                Ok(set) => {
                    let snapshots: BTreeSet<Digest> = set.snapshots().collect();
                    named.extend(&snapshots);
                    let gone = snapshots.into_iter().filter(|snapshot| !listing.snapshots.contains_key(snapshot));
                    let missing: Vec<Digest> = gone.collect();
                    if missing.is_empty() {
                        catalogue.complete.push(set);
                    } else {
                        catalogue.alarms.push(Alarm::Incomplete { set: set.id, missing });
                    }
                }
                Err(error) => {
                    unread = true;
                    catalogue.alarms.push(Alarm::of(object, &error));
                }
            }
        }
        let vanished = remembered.difference(&seen).map(|set| Alarm::Vanished { set: *set });
        catalogue.alarms.extend(vanished);
        catalogue.alarms.sort();
        catalogue.complete.sort_by_key(|set| set.id);
        for (snapshot, time) in listing.snapshots.into_iter().filter(|(snapshot, _)| !named.contains(snapshot)) {
            // A set that cannot be read may name it: then nothing is garbage. So it is with a time that has not come yet.
            let old = now.0.saturating_sub(time.0) > u64::try_from(YOUNG.as_millis()).unwrap_or(u64::MAX);
            let place = if old && !unread { &mut catalogue.garbage } else { &mut catalogue.young };
            place.insert(snapshot);
        }
        catalogue
    }

    /// The newest complete set.
    #[must_use]
    pub fn newest(&self) -> Option<&SetManifest> {
        self.complete.last()
    }

    /// Every snapshot that a complete set needs.
    #[must_use]
    pub fn needed(&self) -> BTreeSet<Digest> {
        self.complete.iter().flat_map(SetManifest::snapshots).collect()
    }
}

impl Alarm {
    fn of(object: String, error: &RecordError) -> Self {
        match error {
            RecordError::Unproven => Self::Unproven { object },
            RecordError::Format { found, known } => Self::Unreadable { object, newer: found > known },
            _ => Self::Unreadable { object, newer: false },
        }
    }

    /// The words.
    #[must_use]
    pub fn message(&self) -> Message {
        match self {
            Self::Incomplete { set, missing } => {
                Message::new("backup-alarm-incomplete").with("set", set.to_string()).with("count", missing.len())
            }
            Self::Vanished { set } => Message::new("backup-alarm-vanished").with("set", set.to_string()),
            Self::Unproven { object } => Message::new("backup-alarm-unproven").with("object", object.as_str()),
            Self::Unreadable { object, newer: true } => {
                Message::new("backup-alarm-newer").with("object", object.as_str())
            }
            Self::Unreadable { object, newer: false } => {
                Message::new("backup-alarm-unreadable").with("object", object.as_str())
            }
        }
    }
}

#[cfg(test)]
mod tests;
