//! What was learned about a set after it was written (`verified/SET/ULID.json`), and what keeps it (`pins/SET.json`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::id::{SetId, Ulid};
use super::record::Record;
use crate::port::Timestamp;

/// Folder of verifications in a repository.
pub const FOLDER: &str = "verified";
/// Folder of pins in a repository.
pub const PINS: &str = "pins";
/// Version of both formats that this code writes.
pub const FORMAT: u32 = 1;
/// Most counts and reasons.
const MOST: usize = 5000;
/// Longest name and reason, in bytes.
const LONGEST: usize = 1000;

/// One look at a set; never altered, so there may be several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verification {
    /// Version of the format.
    pub format: u32,
    /// Which look.
    pub id: Ulid,
    /// Which set.
    pub set: SetId,
    /// When it began.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// How it was looked at.
    pub way: Way,
    /// Whether it held.
    pub held: bool,
    /// Bytes that were read back.
    pub bytes: u64,
    /// Time that each part took, in milliseconds: what a recovery is estimated by.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub millis: BTreeMap<String, u64>,
    /// Codes of the faults of what did not hold, by part; their words are made at the face.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub faults: BTreeMap<String, String>,
}

/// How a set was looked at, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// Trees and indexes hang together, a part of the data was read.
    Sampled,
    /// Every byte was read and its digest compared.
    ReadBack,
    /// It was restored beside the running system, its databases started and their contents counted.
    Restored,
}

/// Why a set is kept whatever the rules say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// Version of the format.
    pub format: u32,
    /// Which set.
    pub set: SetId,
    /// When it was said.
    pub time: Timestamp,
    /// Who said it.
    pub by: String,
    /// Why, in the words of whoever said it.
    pub reason: String,
}

impl Verification {
    /// Name of the object of the look `id` at `set`.
    #[must_use]
    pub fn object_of(set: SetId, id: Ulid) -> String {
        format!("{FOLDER}/{set}/{id}.json")
    }
}

impl Pin {
    /// Name of the object of the pin of `set`.
    #[must_use]
    pub fn object_of(set: SetId) -> String {
        format!("{PINS}/{set}.json")
    }
}

impl Record for Verification {
    const KIND: &'static str = "verification";
    const FORMAT: u32 = FORMAT;

    fn object(&self) -> String {
        Self::object_of(self.set, self.id)
    }

    fn doubt(&self) -> Result<(), String> {
        let short = |text: &String| (1..=LONGEST).contains(&text.len());
        if self.ended < self.began {
            return Err("it ended before it began".to_owned());
        }
        if self.held != self.faults.is_empty() {
            return Err("it held if and only if there is no fault".to_owned());
        }
        let names = self.millis.keys().chain(self.faults.keys()).chain(self.faults.values());
        let few = self.millis.len() <= MOST && self.faults.len() <= MOST;
        if few && names.into_iter().all(short) { Ok(()) } else { Err("its parts".to_owned()) }
    }
}

impl Record for Pin {
    const KIND: &'static str = "pin";
    const FORMAT: u32 = FORMAT;

    fn object(&self) -> String {
        Self::object_of(self.set)
    }

    fn doubt(&self) -> Result<(), String> {
        let short = |text: &str| (1..=LONGEST).contains(&text.len());
        if short(&self.by) && short(&self.reason) { Ok(()) } else { Err("who and why".to_owned()) }
    }
}

/// When each set was last seen to hold in this way or a stronger one, and not seen to fail since.
#[must_use]
pub fn standing(looks: &[Verification], way: Way) -> BTreeMap<SetId, Timestamp> {
    let mut ordered: Vec<&Verification> = looks.iter().collect();
    ordered.sort_by_key(|look| look.id);
    let mut held = BTreeMap::new();
    for look in ordered {
        if !look.held {
            // Whatever was read was read wrong: no earlier look says anything any more.
            held.remove(&look.set);
        } else if look.way >= way {
            held.insert(look.set, look.ended);
        }
    }
    held
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::key::RepositoryKey;
    use crate::backup::record;

    const VERIFICATION: &[u8] = include_bytes!("../../tests/fixtures/set-verification-v1.json");
    const PIN: &[u8] = include_bytes!("../../tests/fixtures/set-pin-v1.json");

    fn look(number: u64, way: Way, held: bool) -> Verification {
        let fault = ("database".to_owned(), "BR-1441".to_owned());
        Verification {
            format: 1,
            id: Ulid::new(Timestamp(1_795_000_000_000 + number), [3; 10]),
            set: SetId(Ulid::new(Timestamp(1_794_000_000_000), [1; 10])),
            began: Timestamp(1_795_000_000_000),
            ended: Timestamp(1_795_000_000_000 + number),
            way,
            held,
            bytes: 1_000_000,
            millis: [("database".to_owned(), 4200)].into(),
            faults: if held { BTreeMap::new() } else { [fault].into() },
        }
    }

    #[test]
    fn records_of_format_1_are_read_and_written_so() {
        let key = RepositoryKey::from_bytes([1; 32]);
        let look = look(7, Way::Restored, false);
        assert_eq!(String::from_utf8_lossy(&record::write(&look, &key)), String::from_utf8_lossy(VERIFICATION));
        assert_eq!(record::read::<Verification>(&look.object(), VERIFICATION, &key).expect("read"), look);
        let pin = Pin {
            format: 1,
            set: look.set,
            time: Timestamp(1_795_000_000_000),
            by: "anna".to_owned(),
            reason: "before the move".to_owned(),
        };
        assert_eq!(String::from_utf8_lossy(&record::write(&pin, &key)), String::from_utf8_lossy(PIN));
        assert_eq!(record::read::<Pin>(&pin.object(), PIN, &key).expect("read"), pin);
        // One is not the other, whatever it is called.
        assert!(record::read::<Verification>(&pin.object(), PIN, &key).is_err());
    }

    #[test]
    fn a_look_that_contradicts_itself_is_refused() {
        let good = look(7, Way::Sampled, true);
        assert_eq!(good.doubt(), Ok(()));
        let faulty = Verification { held: false, ..good.clone() };
        let backwards = Verification { ended: Timestamp(0), ..good.clone() };
        let nameless = Verification { millis: [(String::new(), 1)].into(), ..good };
        for bad in [faulty, backwards, nameless] {
            assert!(bad.doubt().is_err());
        }
    }

    #[test]
    fn a_failure_takes_away_what_earlier_looks_said() {
        let set = look(1, Way::Sampled, true).set;
        let both = [look(1, Way::Restored, true), look(2, Way::Sampled, true)];
        assert_eq!(standing(&both, Way::Restored).get(&set), Some(&both[0].ended), "a weaker look does not renew it");
        assert_eq!(standing(&both, Way::Sampled).get(&set), Some(&both[1].ended));
        let failed = [look(3, Way::Sampled, false), both[0].clone(), both[1].clone()];
        assert!(standing(&failed, Way::Sampled).is_empty());
        let again = [failed[0].clone(), both[0].clone(), look(4, Way::ReadBack, true)];
        assert_eq!(standing(&again, Way::Sampled).get(&set), Some(&again[2].ended));
        assert!(standing(&again, Way::Restored).is_empty());
    }
}
