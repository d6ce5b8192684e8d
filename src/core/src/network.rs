//! IPv4 networks as values: `10.42.0.0/16`.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An IPv4 network; bits behind the prefix are zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network {
    base: u32,
    prefix: u8,
}

impl Network {
    /// The network that holds `address`, with a prefix of at most 32 bits.
    #[must_use]
    pub fn of(address: Ipv4Addr, prefix: u8) -> Self {
        let prefix = prefix.min(32);
        Self { base: u32::from(address) & mask(prefix), prefix }
    }

    /// Number of leading bits that all its addresses share.
    #[must_use]
    pub const fn prefix(&self) -> u8 {
        self.prefix
    }

    /// First address.
    #[must_use]
    pub fn first(&self) -> Ipv4Addr {
        Ipv4Addr::from(self.base)
    }

    /// Last address.
    #[must_use]
    pub fn last(&self) -> Ipv4Addr {
        Ipv4Addr::from(self.base | !mask(self.prefix))
    }

    /// The address at this place, counted from zero; absent behind the last one.
    #[must_use]
    pub fn nth(&self, place: u32) -> Option<Ipv4Addr> {
        let address = self.base.checked_add(place)?;
        (address & mask(self.prefix) == self.base).then(|| Ipv4Addr::from(address))
    }

    /// Whether the address is one of its.
    #[must_use]
    pub fn contains(&self, address: Ipv4Addr) -> bool {
        u32::from(address) & mask(self.prefix) == self.base
    }

    /// Whether some address is in both.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        let shorter = self.prefix.min(other.prefix);
        self.base & mask(shorter) == other.base & mask(shorter)
    }
}

const fn mask(prefix: u8) -> u32 {
    if prefix == 0 { 0 } else { u32::MAX << (32 - prefix) }
}

/// Why a text is no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read network {0:?}: an IPv4 address, a slash, a number from 0 to 32, no bit set behind it")]
pub struct NetworkError(String);

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || NetworkError(text.chars().take(40).collect());
        let (address, prefix) = text.split_once('/').ok_or_else(error)?;
        let address: Ipv4Addr = address.parse().map_err(|_| error())?;
        let plain = prefix.len() <= 2 && prefix.bytes().all(|byte| byte.is_ascii_digit());
        let prefix: u8 = prefix.parse().ok().filter(|prefix| plain && *prefix <= 32).ok_or_else(error)?;
        let network = Self::of(address, prefix);
        if network.first() == address { Ok(network) } else { Err(error()) }
    }
}

impl TryFrom<String> for Network {
    type Error = NetworkError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.to_string()
    }
}

impl fmt::Display for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.first(), self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_only_true_networks() {
        for text in ["0.0.0.0/0", "10.42.0.0/16", "192.0.2.7/32"] {
            assert_eq!(text.parse::<Network>().expect(text).to_string(), text);
        }
        for text in ["", "10.42.0.0", "10.42.0.0/33", "10.42.0.1/16", "10.42.0.0/+8", "10.0.0.0/008", "fd00::/8", "a/1"]
        {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }

    #[test]
    fn counts_its_addresses() {
        let network: Network = "10.43.0.0/30".parse().expect("network");
        assert_eq!((network.nth(3), network.nth(4)), (Some(Ipv4Addr::new(10, 43, 0, 3)), None));
        assert_eq!(network.last(), Ipv4Addr::new(10, 43, 0, 3));
    }

    proptest! {
        #[test]
        fn overlap_is_having_an_address_in_common(a: u32, p in 0u8..=32, b: u32, q in 0u8..=32) {
            let (one, two) = (Network::of(a.into(), p), Network::of(b.into(), q));
            let common = one.first() <= two.last() && two.first() <= one.last();
            prop_assert_eq!(one.overlaps(&two), common);
            prop_assert_eq!(one.overlaps(&two), two.overlaps(&one));
            prop_assert!(one.contains(a.into()) && one.overlaps(&one));
            prop_assert_eq!(one.to_string().parse::<Network>(), Ok(one));
        }
    }
}
