//! The lease of a repository: one writer at a time, and never in the repository of another living installation.
//!
//! The object `lease.json` is replaced only on condition that it is still the one that was read (conditional put, or a rename
//! below a lock in a directory). Each replacement has a higher token: whoever finds a higher one than its own has been
//! replaced, writes nothing more and commits nothing (fencing). A store cannot refuse an old writer's packs, but packs without
//! a set are garbage, and sets and removals are written only after the token was read again.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::id::{Incarnation, InstallationId, Ulid};
use super::record::Record;
use crate::fault::{Fault, FaultCode};
use crate::message::Message;
use crate::port::Timestamp;

/// Name of the object.
pub const OBJECT: &str = "lease.json";
/// Version of the format that this code writes.
pub const FORMAT: u32 = 1;
/// How long a lease holds after it was renewed.
pub const TERM: Duration = Duration::from_secs(600);
/// How often a writer renews it.
pub const RENEWAL: Duration = Duration::from_secs(120);
/// How far two clocks may be apart.
pub const SKEW: Duration = Duration::from_secs(600);
/// An installation that has not renewed for so long is taken for gone. The agent renews its mark every hour, also without a backup.
pub const ALIVE: Duration = Duration::from_secs(48 * 3600);

/// The lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lease {
    /// Version of the format.
    pub format: u32,
    /// Rises with each replacement.
    pub token: u64,
    /// Whose it is.
    pub owner: Owner,
    /// When it was last renewed, by the owner's clock.
    pub renewed: Timestamp,
    /// When it ends, by the owner's clock; at or before `renewed` nobody writes, and the owner is known all the same.
    pub expires: Timestamp,
}

/// Who writes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Owner {
    /// Which installation.
    pub installation: InstallationId,
    /// Which of its lives.
    pub incarnation: Incarnation,
    /// Which agent; kept on disk, so that it is the same after a restart.
    pub session: Ulid,
    /// Name of the site, for people.
    pub site: String,
    /// Name of the host, for people.
    pub host: String,
}

/// What was found where the lease is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Nothing, and no set either.
    Nothing,
    /// No lease, but sets of this installation: somebody removed it, or it is a copy.
    SetsOf(InstallationId),
    /// A lease.
    Lease(Lease),
    /// Something that cannot be read, or whose proof is wrong.
    Damaged,
}

/// Who asks, and what it knows.
#[derive(Debug, Clone, Copy)]
pub struct Asker<'a> {
    /// Who.
    pub owner: &'a Owner,
    /// The highest token that it ever wrote here, 0 if none; kept on disk before the lease is written.
    pub written: u64,
    /// The clock.
    pub now: Timestamp,
    /// Whether a person said, by typing the name of the site that is found, that this one takes over.
    pub told: Option<&'a str>,
}

/// What may be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Write this lease in the place of what was found, on condition that it is still that.
    Write(Lease),
    /// Ask again after this time.
    Wait(Duration),
    /// Write nothing.
    Refuse(Refusal),
}

/// Why nothing may be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// It belongs to another installation.
    OtherInstallation {
        /// Name of its site.
        site: String,
        /// When it was last there; `None` if there are only sets of it.
        renewed: Option<Timestamp>,
    },
    /// Another life of this installation is there.
    OtherLife {
        /// Name of its host.
        host: String,
        /// When it was last there.
        renewed: Timestamp,
    },
    /// A later life of this installation took over: this one is the past.
    Replaced {
        /// Name of its host.
        host: String,
        /// Its token.
        token: u64,
    },
    /// A clock is wrong by more than is tolerated.
    Clock {
        /// When the lease says that it was renewed.
        renewed: Timestamp,
    },
    /// What is there cannot be read.
    Damaged,
    /// There can be no higher token.
    Exhausted,
}

/// Whether `asker` may write here.
#[must_use]
pub fn decide(found: &Found, asker: &Asker<'_>) -> Decision {
    let lease = match found {
        Found::Nothing => return take(asker, 0),
        Found::SetsOf(installation) if *installation == asker.owner.installation => return take(asker, 0),
        Found::SetsOf(installation) => {
            // Without a lease nobody knows the name of its site: its identifier is what must be typed.
            let site = installation.to_string();
            let told = asker.told == Some(&site);
            return if told { take(asker, 0) } else { refuse(Refusal::OtherInstallation { site, renewed: None }) };
        }
        Found::Lease(lease) => lease,
        Found::Damaged => return refuse(Refusal::Damaged),
    };
    let told = asker.told == Some(lease.owner.site.as_str());
    if lease.renewed.0 > asker.now.0.saturating_add(millis(SKEW)) && !told {
        return refuse(Refusal::Clock { renewed: lease.renewed });
    }
    if lease.owner.installation != asker.owner.installation {
        let (site, renewed) = (lease.owner.site.clone(), Some(lease.renewed));
        return if told { take(asker, lease.token) } else { refuse(Refusal::OtherInstallation { site, renewed }) };
    }
    if lease.owner.incarnation == asker.owner.incarnation {
        return same_life(lease, asker, told);
    }
    // Lives are named by the time at which they began.
    if lease.owner.incarnation > asker.owner.incarnation && asker.written > 0 {
        return refuse(Refusal::Replaced { host: lease.owner.host.clone(), token: lease.token });
    }
    if told || asker.now.0 >= lease.renewed.0.saturating_add(millis(ALIVE)) {
        return take(asker, lease.token);
    }
    refuse(Refusal::OtherLife { host: lease.owner.host.clone(), renewed: lease.renewed })
}

/// Whether whoever holds `mine` may still commit, having read `found` again just before.
#[must_use]
pub fn still_holds(mine: &Lease, found: &Found, now: Timestamp) -> bool {
    matches!(found, Found::Lease(lease) if lease.token == mine.token && lease.owner == mine.owner) && now < mine.expires
}

/// The lease that says: nobody writes now, and this installation is alive.
#[must_use]
pub fn mark(lease: &Lease, now: Timestamp) -> Lease {
    Lease { renewed: now, expires: now, ..lease.clone() }
}

fn same_life(lease: &Lease, asker: &Asker<'_>, told: bool) -> Decision {
    let over = asker.now.0 >= lease.expires.0.saturating_add(millis(SKEW)) || lease.expires <= lease.renewed;
    if lease.owner.session == asker.owner.session {
        // A copy of this host's disk has written: both cannot go on as one.
        if lease.token > asker.written && !told {
            return refuse(Refusal::Replaced { host: lease.owner.host.clone(), token: lease.token });
        }
        return take(asker, lease.token);
    }
    if over || told {
        return take(asker, lease.token);
    }
    let left = lease.expires.0.saturating_add(millis(SKEW)).saturating_sub(asker.now.0);
    Decision::Wait(Duration::from_millis(left.min(millis(TERM) + 2 * millis(SKEW))))
}

fn take(asker: &Asker<'_>, before: u64) -> Decision {
    let Some(token) = before.max(asker.written).checked_add(1) else { return refuse(Refusal::Exhausted) };
    let expires = Timestamp(asker.now.0.saturating_add(millis(TERM)));
    Decision::Write(Lease { format: FORMAT, token, owner: asker.owner.clone(), renewed: asker.now, expires })
}

const fn refuse(refusal: Refusal) -> Decision {
    Decision::Refuse(refusal)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Refusal {
    /// What it is for people; `repository` is the name that they gave it.
    #[must_use]
    pub fn fault(&self, repository: &str) -> Fault {
        Fault::new(FaultCode::RepositoryOwned).with("repository", repository).detail(self.message())
    }

    /// The words.
    #[must_use]
    pub fn message(&self) -> Message {
        let time = |time: Timestamp| crate::backup::moment_text(time);
        match self {
            Self::OtherInstallation { site, renewed } => Message::new("lease-other-installation")
                .with("site", site.as_str())
                .with("renewed", renewed.map_or_else(|| "-".to_owned(), time)),
            Self::OtherLife { host, renewed } => {
                Message::new("lease-other-life").with("host", host.as_str()).with("renewed", time(*renewed))
            }
            Self::Replaced { host, token } => {
                Message::new("lease-replaced").with("host", host.as_str()).with("token", *token)
            }
            Self::Clock { renewed } => Message::new("lease-clock").with("renewed", time(*renewed)),
            Self::Damaged => Message::new("lease-damaged"),
            Self::Exhausted => Message::new("lease-exhausted"),
        }
    }
}

impl Record for Lease {
    const KIND: &'static str = "lease";
    const FORMAT: u32 = FORMAT;

    fn object(&self) -> String {
        OBJECT.to_owned()
    }

    fn doubt(&self) -> Result<(), String> {
        let name = |text: &str| (1..=255).contains(&text.len()) && !text.chars().any(char::is_control);
        if self.token == 0 || !name(&self.owner.site) || !name(&self.owner.host) {
            return Err("its token and names".to_owned());
        }
        // A lease for a century would keep everybody out.
        let term = self.expires.0.saturating_sub(self.renewed.0);
        if term <= millis(TERM) { Ok(()) } else { Err(format!("a term of {term} ms")) }
    }
}

#[cfg(test)]
mod tests;
