//! Repositories as an installation knows them: their names, places, credentials, settings and what people are told.

pub mod credentials;
pub mod place;
pub mod settings;
pub mod view;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::fault::{Fault, FaultCode};

/// Most repositories of one installation.
pub const MOST: usize = 16;
/// Longest name, in bytes.
const LONGEST: usize = 40;

/// What people call a repository: `[a-z0-9-]`, beginning with a letter or digit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RepositoryName(String);

impl RepositoryName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for RepositoryName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let plain = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        let fits = (1..=LONGEST).contains(&text.len()) && plain && !text.starts_with('-');
        if fits { Ok(Self(text.to_owned())) } else { Err(NameError) }
    }
}

impl TryFrom<String> for RepositoryName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<RepositoryName> for String {
    fn from(name: RepositoryName) -> Self {
        name.0
    }
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Not the name of a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("read name of a repository: expected 1 to {LONGEST} of a-z, 0-9 and -")]
pub struct NameError;

/// A name that a person typed.
///
/// # Errors
/// `RepositoryOrderInvalid`.
pub fn named(text: &str) -> Result<RepositoryName, Fault> {
    text.parse().map_err(|_| invalid("name"))
}

/// What of an order cannot be followed.
pub(crate) fn invalid(what: &'static str) -> Fault {
    Fault::new(FaultCode::RepositoryOrderInvalid).with("what", what)
}

/// What a store can do; probed when it is added, because servers differ and announce nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// A second put of a new name is refused by the store itself.
    pub conditional_put: bool,
    /// The store checks a SHA-256 that comes with the object, and tells it again.
    pub checksums: bool,
    /// Listings of more than one page were seen to be complete.
    pub paging: bool,
    /// Earlier versions of an object are kept, so that an overwritten or deleted one can be had back.
    pub versioning: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        for good in ["disk", "s3-paris", "2"] {
            assert_eq!(named(good).expect(good).as_str(), good);
        }
        for bad in ["", "-a", "A", "a b", "../x", "é", "a/b", &"a".repeat(LONGEST + 1)] {
            assert_eq!(named(bad).expect_err(bad).code, FaultCode::RepositoryOrderInvalid);
        }
    }
}
