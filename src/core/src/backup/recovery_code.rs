//! The recovery code: 256 random bits as 13 groups of five symbols, each with a check of its own (decision 0033).
//!
//! Four symbols of a group carry data, the fifth is a weighted sum of them and of the group's place over the field of 32
//! elements: one wrong symbol, two neighbours that changed places and two groups that changed places are always noticed, and
//! the group is named. The last four of the 260 bits are a check over all.

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};

use super::base32;
use crate::fault::{Fault, FaultCode};
use crate::message::Message;

/// Groups of a code.
pub const GROUPS: usize = 13;
/// Symbols in a group.
pub const SYMBOLS: usize = 5;
/// Longest text that is looked at, in bytes: the code with room for what people put between groups.
pub const LONGEST: usize = 400;
/// Data symbols in a group.
const DATA: usize = 4;
/// Bytes of the secret.
const BYTES: usize = 32;
/// What each symbol of a group counts: different from each other and from 0, so that neighbours cannot change places.
const WEIGHTS: [u8; DATA] = [2, 4, 8, 16];

/// A recovery code. No `Debug`: it reaches no log.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryCode([u8; BYTES]);

/// What is wrong with a typed code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// Nothing that could be one.
    #[error("read recovery code: it is empty or far too long")]
    Length,
    /// Another number of groups than a code has.
    #[error("read recovery code: {found} groups of {GROUPS}")]
    Groups {
        /// Groups that were typed.
        found: usize,
    },
    /// These groups are mistyped; counted from 1 as on the sheet.
    #[error("read recovery code: groups {groups:?} are mistyped")]
    Mistyped {
        /// Which.
        groups: BTreeSet<usize>,
    },
    /// Each group could be right, and together they are no code.
    #[error("read recovery code: the groups do not belong together")]
    Together,
}

impl CodeError {
    /// What it is for people; it says which groups to look at, never what was typed.
    #[must_use]
    pub fn fault(&self) -> Fault {
        let all = || (1..=GROUPS).collect();
        let (groups, detail): (BTreeSet<usize>, _) = match self {
            Self::Mistyped { groups } => (groups.clone(), None),
            Self::Together => (all(), Some(Message::new("recovery-together"))),
            Self::Groups { .. } | Self::Length => {
                let found = if let Self::Groups { found } = self { *found } else { 0 };
                (all(), Some(Message::new("recovery-groups-found").with("found", found).with("wanted", GROUPS)))
            }
        };
        let names: Vec<String> = groups.iter().map(ToString::to_string).collect();
        let fault = Fault::new(FaultCode::RecoveryCodeMistyped).with("groups", names.join(", "));
        if let Some(detail) = detail { fault.detail(detail) } else { fault }
    }
}

impl RecoveryCode {
    /// A code of these bytes, which must come from the system's source of randomness.
    #[must_use]
    pub const fn from_random(bytes: [u8; BYTES]) -> Self {
        Self(bytes)
    }

    /// The bytes, to derive a key from.
    pub(super) const fn expose(&self) -> &[u8; BYTES] {
        &self.0
    }

    /// The code as it is printed: `XXXXX-XXXXX-…`, 77 characters. Exactly this text is also a password of the restic repository.
    #[must_use]
    pub fn text(&self) -> String {
        self.groups().join("-")
    }

    /// Its groups.
    #[must_use]
    pub fn groups(&self) -> Vec<String> {
        let group = |(place, data): (usize, &[u8])| {
            let check = check(place, data);
            data.iter().copied().chain([check]).map(base32::symbol).collect()
        };
        self.values().chunks(DATA).enumerate().map(group).collect()
    }

    /// Reads what a person typed: any case, any signs between groups or none, look-alikes as what they look like.
    ///
    /// # Errors
    /// [`CodeError`], which names the groups that are mistyped.
    pub fn read(typed: &str) -> Result<Self, CodeError> {
        if typed.len() > LONGEST {
            return Err(CodeError::Length);
        }
        let groups = split(typed);
        if groups.is_empty() {
            return Err(CodeError::Length);
        }
        if groups.len() != GROUPS {
            return Err(CodeError::Groups { found: groups.len() });
        }
        let mut values = Vec::with_capacity(GROUPS * DATA);
        let mut mistyped = BTreeSet::new();
        for (place, group) in groups.iter().enumerate() {
            match values_of(place, group) {
                Some(data) => values.extend(data),
                None => drop(mistyped.insert(place + 1)),
            }
        }
        if !mistyped.is_empty() {
            return Err(CodeError::Mistyped { groups: mistyped });
        }
        let mut bytes = [0; BYTES];
        for (bit, place) in (0..BYTES * 8).map(|bit| (bit, bit / 5)) {
            let set = values[place] >> (4 - bit % 5) & 1;
            bytes[bit / 8] |= set << (7 - bit % 8);
        }
        let code = Self(bytes);
        if code.values() == values { Ok(code) } else { Err(CodeError::Together) }
    }

    /// Whether a person typed this code: what stands between a new code and "protected".
    ///
    /// # Errors
    /// [`CodeError`] if it is mistyped or another code.
    pub fn typed_back(&self, typed: &str) -> Result<(), CodeError> {
        let read = Self::read(typed)?;
        if read == *self { Ok(()) } else { Err(CodeError::Together) }
    }

    /// 52 values of five bits: 256 bits and four of check.
    fn values(&self) -> Vec<u8> {
        let sum = Sha256::digest([b"bridle recovery code 1".as_slice(), &self.0].concat());
        let bytes: Vec<u8> = self.0.iter().copied().chain([sum[0] & 0xf0]).collect();
        let bit = |at: usize| bytes[at / 8] >> (7 - at % 8) & 1;
        (0..GROUPS * DATA).map(|place| (0..5).fold(0, |sum, at| sum << 1 | bit(place * 5 + at))).collect()
    }
}

/// The check of the group at `place`: no two places have the same for the same data.
fn check(place: usize, data: &[u8]) -> u8 {
    let weighted = data.iter().zip(WEIGHTS).fold(0, |sum, (value, weight)| sum ^ times(*value, weight));
    weighted ^ u8::try_from(place + 1).unwrap_or(0)
}

/// Product in the field of 32 elements (x^5 + x^2 + 1).
fn times(a: u8, b: u8) -> u8 {
    let (mut sum, mut a, mut b) = (0, a, b);
    while b > 0 {
        if b & 1 == 1 {
            sum ^= a;
        }
        a <<= 1;
        if a & 32 == 32 {
            a ^= 0b10_0101;
        }
        b >>= 1;
    }
    sum
}

/// The data of a group, if its symbols and its check are right.
fn values_of(place: usize, group: &str) -> Option<Vec<u8>> {
    let values: Option<Vec<u8>> = group.chars().map(base32::typed).collect();
    let values = values.filter(|values| values.len() == SYMBOLS)?;
    let (data, last) = values.split_at(DATA);
    (check(place, data) == last[0]).then(|| data.to_vec())
}

/// The groups as they were typed; a text without any signs between is cut into fives.
fn split(typed: &str) -> Vec<String> {
    let groups: Vec<&str> = typed.split(|c: char| !c.is_alphanumeric()).filter(|group| !group.is_empty()).collect();
    if groups.len() == GROUPS {
        return groups.into_iter().map(str::to_owned).collect();
    }
    // Signs in other places than on the sheet, or none: only the symbols count.
    let symbols: Vec<char> = groups.concat().chars().collect();
    symbols.chunks(SYMBOLS).map(|group| group.iter().collect()).collect()
}

#[cfg(test)]
mod tests;
