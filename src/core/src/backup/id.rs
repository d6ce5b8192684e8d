//! Names of sets, installations and their incarnations: ULIDs, which sort by time and meet nowhere.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::base32;
use crate::port::Timestamp;

/// Characters of a ULID.
const LENGTH: usize = 26;
/// Milliseconds that fit into its 48 bits.
const LATEST: u64 = (1 << 48) - 1;

/// 48 bits of time in milliseconds since 1970 and 80 random bits, as 26 symbols of base 32 (the ULID specification).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Ulid(u128);

impl Ulid {
    /// The name of nothing and nobody.
    pub const NOBODY: Self = Self(0);

    /// A name of `time`; `random` must come from the system's source of randomness.
    #[must_use]
    pub fn new(time: Timestamp, random: [u8; 10]) -> Self {
        let tail = random.iter().fold(0_u128, |sum, byte| sum << 8 | u128::from(*byte));
        Self(u128::from(time.0.min(LATEST)) << 80 | tail)
    }

    /// A name that sorts behind all that are `taken`, whatever the clock says (as operations do).
    #[must_use]
    pub fn next(now: Timestamp, random: [u8; 10], taken: impl Iterator<Item = Self>) -> Self {
        let after = taken.map(|other| other.time().0.saturating_add(1)).max().unwrap_or_default();
        Self::new(Timestamp(now.0.max(after)), random)
    }

    /// The moment in it.
    #[must_use]
    pub fn time(self) -> Timestamp {
        Timestamp(u64::try_from(self.0 >> 80).unwrap_or(LATEST))
    }
}

impl fmt::Display for Ulid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let symbols = (0..LENGTH).rev().map(|place| base32::symbol(((self.0 >> (5 * place)) & 31) as u8));
        formatter.write_str(&symbols.collect::<String>())
    }
}

impl fmt::Debug for Ulid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl FromStr for Ulid {
    type Err = UlidError;

    fn from_str(text: &str) -> Result<Self, UlidError> {
        // The first symbol holds the three highest of 128 bits.
        if text.len() != LENGTH || !text.starts_with(|first| matches!(first, '0'..='7')) {
            return Err(UlidError);
        }
        let mut number = 0_u128;
        for symbol in text.chars() {
            number = number << 5 | u128::from(base32::value(symbol).ok_or(UlidError)?);
        }
        Ok(Self(number))
    }
}

impl TryFrom<String> for Ulid {
    type Error = UlidError;

    fn try_from(text: String) -> Result<Self, UlidError> {
        text.parse()
    }
}

impl From<Ulid> for String {
    fn from(id: Ulid) -> Self {
        id.to_string()
    }
}

/// Not a ULID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("read name: expected 26 symbols of base 32 (upper case)")]
pub struct UlidError;

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Ulid);

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, formatter)
            }
        }

        impl FromStr for $name {
            type Err = UlidError;

            fn from_str(text: &str) -> Result<Self, UlidError> {
                text.parse().map(Self)
            }
        }
    )+};
}

names! {
    /// A backup set.
    SetId;
    /// An installation of a platform; stays the same when it is recovered on other hosts.
    InstallationId;
    /// One life of an installation: every recovery and every restore of a database begins another one, so that no two
    /// lives write to the same place.
    Incarnation;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_answers() {
        assert_eq!(Ulid::new(Timestamp(0), [0; 10]).to_string(), "00000000000000000000000000");
        assert_eq!(Ulid::new(Timestamp(LATEST), [0xff; 10]).to_string(), "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
        // The example of the specification: 01ARZ3NDEKTSV4RRFFQ69G5FAV is 1469922850259 ms.
        let example: Ulid = "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().expect("an example");
        assert_eq!(example.time(), Timestamp(1_469_922_850_259));
    }

    #[test]
    fn other_spellings_are_refused() {
        for text in ["", "01ARZ3NDEKTSV4RRFFQ69G5FA", "01arz3ndektsv4rrffq69g5fav", "81ARZ3NDEKTSV4RRFFQ69G5FAV"] {
            assert!(text.parse::<Ulid>().is_err(), "{text}");
        }
        assert!("01ARZ3NDEKTSV4RRFFQ69G5FAU".parse::<SetId>().is_err());
        assert!("../../../../../../../etc/p".parse::<SetId>().is_err());
    }

    #[test]
    fn a_name_sorts_behind_those_before_it_when_the_clock_went_back() {
        let ahead = Ulid::new(Timestamp(5_000), [9; 10]);
        let next = Ulid::next(Timestamp(1_000), [0; 10], [ahead].into_iter());
        assert!(next > ahead);
        assert_eq!(Ulid::next(Timestamp(9_000), [0; 10], [ahead].into_iter()).time(), Timestamp(9_000));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn a_name_is_read_as_it_was_written_and_sorts_as_its_text(a: [u8; 10], b: [u8; 10], t in 0..=LATEST, u in 0..=LATEST) {
            let (a, b) = (Ulid::new(Timestamp(t), a), Ulid::new(Timestamp(u), b));
            prop_assert_eq!(a.to_string().parse::<Ulid>(), Ok(a));
            prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
            prop_assert_eq!(a.time(), Timestamp(t));
        }

        #[test]
        fn no_text_breaks_the_reader(text in "\\PC{0,40}") {
            if let Ok(id) = text.parse::<Ulid>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }
}
