//! Why a store did not do what it was asked, sorted by what helps.

use bridle_core::fault::{Fault, FaultCode};

/// What kind of trouble, each with a cure of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trouble {
    /// Busy, broken off, or no answer in time; was tried again as often as allowed.
    Retryable,
    /// Credentials are wrong, expired, or have no right to this.
    Auth,
    /// The clocks of this host and the server are too far apart.
    ClockSkew,
    /// No room, or a quota is used up.
    Quota,
    /// There is no such object, or no such bucket.
    NotFound,
    /// Something else came than what was written, or a listing contradicts itself.
    Corrupt,
    /// The name is taken.
    Exists,
    /// The medium that belongs here is not mounted, or another one is.
    NotMounted,
    /// The server's certificate is not signed by anybody who is trusted here.
    Untrusted,
    /// Anything else.
    Other,
}

impl Trouble {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Retryable,
        Self::Auth,
        Self::ClockSkew,
        Self::Quota,
        Self::NotFound,
        Self::Corrupt,
        Self::Exists,
        Self::NotMounted,
        Self::Untrusted,
        Self::Other,
    ];

    /// The fault that names the cure.
    #[must_use]
    pub const fn code(self) -> FaultCode {
        match self {
            Self::Retryable => FaultCode::RepositoryUnreachable,
            Self::Auth => FaultCode::RepositoryForbidden,
            Self::ClockSkew => FaultCode::RepositoryClock,
            Self::Quota => FaultCode::RepositoryFull,
            Self::NotFound => FaultCode::RepositoryObjectMissing,
            Self::Corrupt => FaultCode::RepositoryObjectDamaged,
            Self::Exists => FaultCode::RepositoryObjectExists,
            Self::NotMounted => FaultCode::RepositoryNotMounted,
            Self::Untrusted => FaultCode::RepositoryUntrusted,
            Self::Other => FaultCode::RepositoryStoreFailed,
        }
    }
}

/// A failed call of a store.
#[derive(Debug, thiserror::Error)]
#[error("{action} {object} in {location}")]
pub struct StoreError {
    /// What was done.
    pub action: &'static str,
    /// With which object or prefix.
    pub object: String,
    /// In which store.
    pub location: String,
    /// What helps.
    pub trouble: Trouble,
    /// The cause; never with a credential.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

impl StoreError {
    /// Names what failed.
    pub fn new(
        trouble: Trouble,
        action: &'static str,
        object: impl ToString,
        location: impl ToString,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { action, object: object.to_string(), location: location.to_string(), trouble, source: source.into() }
    }
}

impl From<&StoreError> for Fault {
    fn from(error: &StoreError) -> Self {
        let fault = Self::new(error.trouble.code());
        fault.with("object", error.object.as_str()).with("place", error.location.as_str()).because(error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::from(&error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_trouble_has_a_cure_of_its_own() {
        let codes: std::collections::BTreeSet<_> = Trouble::ALL.iter().map(|trouble| trouble.code().code()).collect();
        assert_eq!(codes.len(), Trouble::ALL.len());
        let error = StoreError::new(Trouble::Quota, "put", "data/ab", "here", std::io::Error::other("no room"));
        let fault = Fault::from(&error);
        assert_eq!(fault.causes, ["put data/ab in here", "no room"]);
    }
}
