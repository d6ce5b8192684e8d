//! The gate before a prune: nothing is removed while there is any doubt about what is there (`backup.md` §1, guard 5).
//!
//! A prune that believes a listing which lost a page removes the data of every set on it. So the listing is made twice, must hold
//! everything that is remembered, and whatever cannot be read stops it.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;

use super::catalogue::Catalogue;
use super::id::SetId;
use super::retention::Preview;
use super::set::SetManifest;
use crate::digest::Digest;
use crate::fault::{Fault, FaultCode};
use crate::message::Message;
use crate::port::Timestamp;

/// Least time that unused data stay after they were marked, so that no reader or stale writer loses what it just saw.
pub const LEAST_KEEP_DELETE: Duration = Duration::from_secs(7 * 24 * 3600);
/// Least age of a pack that may be repacked.
pub const LEAST_KEEP_PACK: Duration = Duration::from_secs(24 * 3600);
/// Longest time since everything was checked.
pub const LONGEST_SINCE_CHECK: Duration = Duration::from_secs(24 * 3600);
/// Least time that the lease must still hold: a step of a prune must end within it.
pub const LEAST_LEASE: Duration = Duration::from_secs(120);

/// How far a prune may go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Most sets that go at once.
    pub most_sets: usize,
    /// Largest share of the sets that goes at once, in percent.
    pub most_percent: usize,
    /// How long unused data stay.
    pub keep_delete: Duration,
    /// How old a pack must be to be repacked.
    pub keep_pack: Duration,
}

/// What is known before a prune.
#[derive(Debug, Clone)]
pub struct Evidence<'a> {
    /// The clock.
    pub now: Timestamp,
    /// Snapshots of a listing whose every page came without an error; `None` if one did not.
    pub listed: Option<&'a BTreeSet<Digest>>,
    /// Snapshots of a second listing, made after the first.
    pub listed_again: Option<&'a BTreeSet<Digest>>,
    /// What the first listing means.
    pub catalogue: &'a Catalogue,
    /// Sets that this host remembers, and those that copies of this repository hold.
    pub remembered: &'a [SetManifest],
    /// What the rules of retention say.
    pub preview: &'a Preview,
    /// The last check of everything.
    pub check: Option<Check>,
    /// The lease as it was read last.
    pub lease: Option<HeldLease>,
    /// An operation other than this one that has not ended.
    pub operation: Option<&'a str>,
    /// Whether the repository was read by a store whose listings were tried when it was added.
    pub listing_trusted: bool,
}

/// The last check of a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Check {
    /// When it ended.
    pub ended: Timestamp,
    /// Errors that it found.
    pub errors: u64,
}

/// The lease, held by whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldLease {
    /// Its token.
    pub token: u64,
    /// When it ends.
    pub expires: Timestamp,
}

/// What a prune removes. Only the gate makes one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PrunePlan {
    sets: Vec<SetId>,
    snapshots: Vec<Digest>,
    keep_delete_seconds: u64,
    keep_pack_seconds: u64,
    token: u64,
}

/// Why nothing is removed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    /// A listing did not come to its end, or the store is not known to list everything.
    ListingDoubtful,
    /// Two listings are not the same.
    ListingsDiffer {
        /// In one and not in the other.
        snapshots: usize,
    },
    /// The catalogue names snapshots that the listing does not have.
    SnapshotsMissing {
        /// So many.
        snapshots: usize,
    },
    /// Something about a set must not be.
    Alarms {
        /// So many.
        alarms: usize,
    },
    /// More would go than the policy allows.
    TooMany {
        /// Would go.
        going: usize,
        /// Of so many.
        of: usize,
    },
    /// Nothing would be left.
    NothingLeft,
    /// The rules and the listing do not speak of the same sets.
    PreviewStale,
    /// Nothing was checked in time.
    CheckOld,
    /// The last check found errors.
    CheckFailed {
        /// So many.
        errors: u64,
    },
    /// The lease is not held, or not for long enough.
    LeaseLost,
    /// Another operation has not ended.
    Operation {
        /// Its name.
        name: String,
    },
    /// The times of the policy are too short.
    KeepTooShort,
}

impl Default for Policy {
    fn default() -> Self {
        Self { most_sets: 50, most_percent: 50, keep_delete: LEAST_KEEP_DELETE, keep_pack: LEAST_KEEP_PACK }
    }
}

/// Whether a prune may begin, and what it removes.
///
/// # Errors
/// Every reason against it, none left out: people mend all of them at once.
pub fn decide(evidence: &Evidence<'_>, policy: &Policy) -> Result<PrunePlan, Vec<Refusal>> {
    let mut refusals = listing_doubts(evidence);
    refusals.extend(set_doubts(evidence, policy));
    refusals.extend(standing_doubts(evidence));
    if policy.keep_delete < LEAST_KEEP_DELETE || policy.keep_pack < LEAST_KEEP_PACK {
        refusals.push(Refusal::KeepTooShort);
    }
    match evidence.lease {
        Some(lease) if refusals.is_empty() => Ok(plan(evidence, policy, lease)),
        _ => {
            refusals.sort();
            refusals.dedup();
            Err(refusals)
        }
    }
}

fn plan(evidence: &Evidence<'_>, policy: &Policy, lease: HeldLease) -> PrunePlan {
    let sets: BTreeSet<SetId> = evidence.preview.going().collect();
    let (going, staying): (Vec<&SetManifest>, Vec<&SetManifest>) =
        evidence.catalogue.complete.iter().partition(|set| sets.contains(&set.id));
    let needed: BTreeSet<Digest> = staying.iter().flat_map(|set| set.snapshots()).collect();
    let freed = going.iter().flat_map(|set| set.snapshots()).filter(|snapshot| !needed.contains(snapshot));
    let snapshots: BTreeSet<Digest> = freed.chain(evidence.catalogue.garbage.iter().copied()).collect();
    PrunePlan {
        sets: sets.into_iter().collect(),
        snapshots: snapshots.into_iter().collect(),
        keep_delete_seconds: policy.keep_delete.as_secs(),
        keep_pack_seconds: policy.keep_pack.as_secs(),
        token: lease.token,
    }
}

fn listing_doubts(evidence: &Evidence<'_>) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let (Some(listed), Some(again), true) = (evidence.listed, evidence.listed_again, evidence.listing_trusted) else {
        return vec![Refusal::ListingDoubtful];
    };
    // Both directions: a snapshot that came in between means that somebody else writes.
    let differing = listed.symmetric_difference(again).count();
    if differing > 0 {
        refusals.push(Refusal::ListingsDiffer { snapshots: differing });
    }
    let mut wanted: BTreeSet<Digest> = evidence.remembered.iter().flat_map(SetManifest::snapshots).collect();
    wanted.extend(evidence.catalogue.needed());
    let missing = wanted.difference(listed).count();
    if missing > 0 {
        refusals.push(Refusal::SnapshotsMissing { snapshots: missing });
    }
    // What is called garbage must be in the listing that it was found in.
    let known = evidence.catalogue.garbage.iter().all(|snapshot| listed.contains(snapshot));
    if !known || !evidence.catalogue.garbage.is_disjoint(&wanted) {
        refusals.push(Refusal::PreviewStale);
    }
    refusals
}

fn set_doubts(evidence: &Evidence<'_>, policy: &Policy) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    if !evidence.catalogue.alarms.is_empty() {
        refusals.push(Refusal::Alarms { alarms: evidence.catalogue.alarms.len() });
    }
    let there: BTreeSet<SetId> = evidence.catalogue.complete.iter().map(|set| set.id).collect();
    let judged: BTreeSet<SetId> = evidence.preview.decisions.iter().map(|decision| decision.id).collect();
    if there != judged || judged.len() != evidence.preview.decisions.len() {
        refusals.push(Refusal::PreviewStale);
    }
    let going = evidence.preview.going().count();
    if going == 0 {
        return refusals;
    }
    if evidence.preview.staying().next().is_none() {
        refusals.push(Refusal::NothingLeft);
    }
    let of = there.len();
    if going > policy.most_sets || going.saturating_mul(100) > of.saturating_mul(policy.most_percent.min(100)) {
        refusals.push(Refusal::TooMany { going, of });
    }
    refusals
}

fn standing_doubts(evidence: &Evidence<'_>) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    match evidence.check {
        Some(Check { errors, .. }) if errors > 0 => refusals.push(Refusal::CheckFailed { errors }),
        // Also one that is said to have ended in the future: a clock was wrong.
        Some(Check { ended, .. })
            if ended <= evidence.now && evidence.now.0 - ended.0 <= millis(LONGEST_SINCE_CHECK) => {}
        _ => refusals.push(Refusal::CheckOld),
    }
    let held = |lease: HeldLease| lease.expires.0.saturating_sub(evidence.now.0) >= millis(LEAST_LEASE);
    if !evidence.lease.is_some_and(held) {
        refusals.push(Refusal::LeaseLost);
    }
    if let Some(name) = evidence.operation {
        refusals.push(Refusal::Operation { name: name.to_owned() });
    }
    refusals
}

impl PrunePlan {
    /// Sets whose manifests go first: from then on nobody is offered them.
    #[must_use]
    pub fn sets(&self) -> &[SetId] {
        &self.sets
    }

    /// Snapshots that go next.
    #[must_use]
    pub fn snapshots(&self) -> &[Digest] {
        &self.snapshots
    }

    /// How long data that nothing uses any more stay.
    #[must_use]
    pub const fn keep_delete(&self) -> Duration {
        Duration::from_secs(self.keep_delete_seconds)
    }

    /// How old a pack must be to be repacked.
    #[must_use]
    pub const fn keep_pack(&self) -> Duration {
        Duration::from_secs(self.keep_pack_seconds)
    }

    /// The token of the lease under which this holds; with any other nothing may be removed.
    #[must_use]
    pub const fn token(&self) -> u64 {
        self.token
    }

    /// What is confirmed is what runs.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&serde_json::to_vec(self).expect("a plan holds only texts and numbers"))
    }
}

/// What refusals are for people: the worst of them; all of them have words of their own ([`Refusal::message`]).
#[must_use]
pub fn fault(refusals: &[Refusal], place: &str) -> Fault {
    let fault = Fault::new(FaultCode::PruneRefused).with("place", place);
    match refusals.first() {
        Some(first) => fault.detail(first.message()),
        None => fault,
    }
}

impl Refusal {
    /// The words.
    #[must_use]
    pub fn message(&self) -> Message {
        match self {
            Self::ListingDoubtful => Message::new("prune-listing-doubtful"),
            Self::ListingsDiffer { snapshots } => Message::new("prune-listings-differ").with("count", *snapshots),
            Self::SnapshotsMissing { snapshots } => Message::new("prune-snapshots-missing").with("count", *snapshots),
            Self::Alarms { alarms } => Message::new("prune-alarms").with("count", *alarms),
            Self::TooMany { going, of } => Message::new("prune-too-many").with("going", *going).with("of", *of),
            Self::NothingLeft => Message::new("prune-nothing-left"),
            Self::PreviewStale => Message::new("prune-preview-stale"),
            Self::CheckOld => Message::new("prune-check-old"),
            Self::CheckFailed { errors } => Message::new("prune-check-failed").with("count", *errors),
            Self::LeaseLost => Message::new("prune-lease-lost"),
            Self::Operation { name } => Message::new("prune-operation").with("operation", name.as_str()),
            Self::KeepTooShort => Message::new("prune-keep-too-short"),
        }
    }
}

#[cfg(test)]
mod tests;
