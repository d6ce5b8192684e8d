//! What may be removed from the store: a pure decision, so that it can be tried against every state.
//!
//! Mark: what a release names, what a running container uses. Sweep: the rest, once it is old enough that no interrupted
//! ingest will go on with it. Where the marks are not all known, nothing is removed.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::digest::Digest;
use crate::port::Timestamp;

/// What an interrupted ingest left is kept for so long: somebody fetches the stick and runs the same command again.
pub const GRACE: Duration = Duration::from_secs(24 * 3600);

/// A file of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<T> {
    /// Which one.
    pub what: T,
    /// Size in bytes.
    pub bytes: u64,
    /// Last time that it was written.
    pub modified: Timestamp,
}

/// Everything that the decision depends on.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// Blobs that the releases name; `Err` holds the release whose record cannot be read.
    pub named: Result<BTreeSet<Digest>, String>,
    /// Blobs that running containers use; `None` if nobody can tell.
    pub in_use: Option<BTreeSet<Digest>>,
    /// Blobs on disk.
    pub blobs: Vec<Found<Digest>>,
    /// Pieces of interrupted ingests on disk, by file name.
    pub parts: Vec<Found<String>>,
    /// Blobs to be removed however young: those of a release that was just removed.
    pub given_up: BTreeSet<Digest>,
    /// The moment.
    pub now: Timestamp,
    /// How long what nothing names is kept.
    pub grace: Duration,
}

/// What is to be removed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sweep {
    /// Blobs.
    pub blobs: Vec<Digest>,
    /// Pieces, by file name.
    pub parts: Vec<String>,
    /// Bytes of both.
    pub bytes: u64,
    /// Blobs that stay only because a container uses them.
    pub in_use: u64,
    /// Blobs and pieces that stay only because they are young.
    pub recent: u64,
}

/// Why nothing may be removed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// What a release needs is not known.
    #[error("the record of release {0} cannot be read")]
    Record(String),
    /// What containers use is not known.
    #[error("nobody can tell which images running containers use")]
    Use,
}

/// Decides what may be removed.
///
/// # Errors
/// [`Refusal`] if anything that could be needed is not known.
pub fn decide(evidence: &Evidence) -> Result<Sweep, Refusal> {
    let named = evidence.named.as_ref().map_err(|release| Refusal::Record(release.clone()))?;
    let in_use = evidence.in_use.as_ref().ok_or(Refusal::Use)?;
    // A file from the future was written by a clock that was wrong: nobody knows its age.
    let young = |modified: Timestamp| {
        evidence.now.0.checked_sub(modified.0).is_none_or(|age| u128::from(age) < evidence.grace.as_millis())
    };
    let mut sweep = Sweep::default();
    for blob in evidence.blobs.iter().filter(|blob| !named.contains(&blob.what)) {
        if in_use.contains(&blob.what) {
            sweep.in_use += 1;
        } else if young(blob.modified) && !evidence.given_up.contains(&blob.what) {
            sweep.recent += 1;
        } else {
            sweep.blobs.push(blob.what);
            sweep.bytes += blob.bytes;
        }
    }
    for part in &evidence.parts {
        if young(part.modified) {
            sweep.recent += 1;
        } else {
            sweep.parts.push(part.what.clone());
            sweep.bytes += part.bytes;
        }
    }
    Ok(sweep)
}

#[cfg(test)]
mod tests {
    use proptest::collection::{btree_set, vec};
    use proptest::prelude::*;

    use super::*;

    fn digest(number: u8) -> Digest {
        Digest::of(&[number])
    }

    fn digests() -> impl Strategy<Value = BTreeSet<Digest>> {
        btree_set((0_u8..24).prop_map(digest), 0..12)
    }

    fn evidence() -> impl Strategy<Value = Evidence> {
        let blobs = vec((0_u8..24, 0_u64..1000, 0_u64..200), 0..24);
        let parts = vec((0_u8..24, 0_u64..1000, 0_u64..200), 0..6);
        (digests(), digests(), digests(), blobs, parts, 0_u64..100).prop_map(
            |(named, in_use, given_up, blobs, parts, grace)| Evidence {
                named: Ok(named),
                in_use: Some(in_use),
                blobs: blobs
                    .into_iter()
                    .map(|(what, bytes, at)| Found { what: digest(what), bytes, modified: Timestamp(at) })
                    .collect(),
                parts: parts
                    .into_iter()
                    .map(|(what, bytes, at)| Found { what: format!("{what}.part"), bytes, modified: Timestamp(at) })
                    .collect(),
                given_up,
                now: Timestamp(100),
                grace: Duration::from_millis(grace),
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_needed_is_never_swept(evidence in evidence()) {
            let sweep = decide(&evidence).expect("everything is known");
            let (named, in_use) = (evidence.named.expect("known"), evidence.in_use.expect("known"));
            for digest in &sweep.blobs {
                prop_assert!(!named.contains(digest) && !in_use.contains(digest));
                let young = evidence.blobs.iter().filter(|blob| blob.what == *digest).any(|blob| {
                    blob.modified.0 > 100 || u128::from(100 - blob.modified.0) < evidence.grace.as_millis()
                });
                prop_assert!(!young || evidence.given_up.contains(digest) || evidence.blobs.iter().filter(|blob| blob.what == *digest).count() > 1);
            }
        }

        #[test]
        fn every_blob_is_named_used_recent_or_swept(evidence in evidence()) {
            let sweep = decide(&evidence).expect("everything is known");
            let named = evidence.named.as_ref().expect("known");
            let unnamed = evidence.blobs.iter().filter(|blob| !named.contains(&blob.what)).count();
            let told = sweep.blobs.len() + sweep.parts.len() + usize::try_from(sweep.in_use + sweep.recent).expect("few");
            prop_assert_eq!(told, unnamed + evidence.parts.len());
        }

        #[test]
        fn a_second_sweep_finds_nothing_more(mut evidence in evidence()) {
            let first = decide(&evidence).expect("everything is known");
            evidence.blobs.retain(|blob| !first.blobs.contains(&blob.what));
            evidence.parts.retain(|part| !first.parts.contains(&part.what));
            let second = decide(&evidence).expect("everything is known");
            prop_assert!(second.blobs.is_empty() && second.parts.is_empty());
        }

        #[test]
        fn more_marks_never_sweep_more(evidence in evidence(), more in digests()) {
            let before = decide(&evidence).expect("everything is known");
            let mut marked = evidence;
            marked.in_use.as_mut().expect("known").extend(more);
            let after = decide(&marked).expect("everything is known");
            prop_assert!(after.blobs.iter().all(|digest| before.blobs.contains(digest)));
        }

        #[test]
        fn what_is_not_known_ends_it(evidence in evidence()) {
            let blind = Evidence { in_use: None, ..evidence.clone() };
            prop_assert_eq!(decide(&blind), Err(Refusal::Use));
            let torn = Evidence { named: Err("campus-1.0.0".to_owned()), ..evidence };
            prop_assert_eq!(decide(&torn), Err(Refusal::Record("campus-1.0.0".to_owned())));
        }
    }
}
