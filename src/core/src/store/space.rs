//! Where the space of the store went: every file is counted once, so the sums are what is on disk.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// A number of files with their size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Amount {
    /// Files.
    pub files: u64,
    /// Bytes of their content.
    pub bytes: u64,
    /// Bytes of the blocks that hold them.
    pub allocated: u64,
}

impl Amount {
    fn add(&mut self, other: Self) {
        self.files += other.files;
        self.bytes += other.bytes;
        self.allocated += other.allocated;
    }
}

/// What a file of the store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sort {
    /// A blob.
    Blob(Digest),
    /// A piece that an interrupted ingest left.
    Partial,
    /// A pin, index, signature or lock; a directory of the store (without bytes, but with blocks).
    Record,
    /// Not the store's.
    Unknown(String),
}

/// A file of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// What it is.
    pub sort: Sort,
    /// Bytes of its content.
    pub bytes: u64,
    /// Bytes of the blocks that hold it.
    pub allocated: u64,
}

/// What a release occupies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseSpace {
    /// `NAME-VERSION`.
    pub id: String,
    /// Blobs that no other release names: what its removal frees.
    pub own: Amount,
    /// Blobs that other releases name as well.
    pub shared: Amount,
    /// Blobs that it names and that are not there.
    pub missing: u64,
}

/// Where the space went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpaceView {
    /// By release.
    pub releases: Vec<ReleaseSpace>,
    /// Blobs that several releases name, each counted once.
    pub shared: Amount,
    /// Blobs that no release names.
    pub unreferenced: Amount,
    /// Pieces that interrupted ingests left.
    pub partial: Amount,
    /// Pins, indexes, signatures, lock, directories.
    pub records: Amount,
    /// Files that are not the store's.
    pub unknown: Amount,
    /// Their paths below the store (the first 20).
    pub unknown_paths: Vec<String>,
    /// Everything: the sum of the above, with `own` of each release.
    pub total: Amount,
    /// Bytes that can still be written.
    pub free: u64,
}

/// Most paths of unknown files that a view names.
pub const NAMED_UNKNOWN: usize = 20;

/// Counts every file of `held` once; `releases` are the blobs that each release names.
#[must_use]
pub fn account(releases: &[(String, BTreeSet<Digest>)], held: &[Held], free: u64) -> SpaceView {
    let mut users: BTreeMap<Digest, u32> = BTreeMap::new();
    for digest in releases.iter().flat_map(|(_, digests)| digests) {
        *users.entry(*digest).or_default() += 1;
    }
    let (mut shared, mut unreferenced, mut partial) = (Amount::default(), Amount::default(), Amount::default());
    let (mut records, mut unknown, mut total) = (Amount::default(), Amount::default(), Amount::default());
    let mut unknown_paths = Vec::new();
    let mut blobs = BTreeMap::new();
    for file in held {
        let amount = Amount { files: 1, bytes: file.bytes, allocated: file.allocated };
        total.add(amount);
        match &file.sort {
            Sort::Blob(digest) => {
                blobs.insert(*digest, amount);
                match users.get(digest) {
                    None => unreferenced.add(amount),
                    Some(1) => {}
                    Some(_) => shared.add(amount),
                }
            }
            Sort::Partial => partial.add(amount),
            Sort::Record => records.add(amount),
            Sort::Unknown(path) => {
                unknown.add(amount);
                if unknown_paths.len() < NAMED_UNKNOWN {
                    unknown_paths.push(path.clone());
                }
            }
        }
    }
    let of_release = |(id, digests): &(String, BTreeSet<Digest>)| {
        let mut space = ReleaseSpace { id: id.clone(), own: Amount::default(), shared: Amount::default(), missing: 0 };
        for digest in digests {
            match (blobs.get(digest), users.get(digest)) {
                (None, _) => space.missing += 1,
                (Some(amount), Some(1)) => space.own.add(*amount),
                (Some(amount), _) => space.shared.add(*amount),
            }
        }
        space
    };
    let releases = releases.iter().map(of_release).collect();
    SpaceView { releases, shared, unreferenced, partial, records, unknown, unknown_paths, total, free }
}

#[cfg(test)]
mod tests {
    use proptest::collection::{btree_map, btree_set, vec};
    use proptest::prelude::*;

    use super::*;

    fn digest(number: u8) -> Digest {
        Digest::of(&[number])
    }

    proptest! {
        #[test]
        fn the_parts_are_the_whole(
            named in vec(btree_set(0_u8..20, 0..12), 0..4),
            blobs in btree_map(0_u8..24, (0_u64..10_000, 0_u64..4), 0..24),
            others in vec((0_u8..3, 0_u64..10_000), 0..8),
        ) {
            let releases: Vec<_> = named.iter().enumerate()
                .map(|(index, digests)| (format!("r-{index}"), digests.iter().map(|number| digest(*number)).collect()))
                .collect();
            let mut held: Vec<_> = blobs.iter()
                .map(|(number, (bytes, blocks))| Held { sort: Sort::Blob(digest(*number)), bytes: *bytes, allocated: blocks * 4096 })
                .collect();
            held.extend(others.iter().map(|(sort, bytes)| Held {
                sort: [Sort::Partial, Sort::Record, Sort::Unknown("x".to_owned())][usize::from(*sort)].clone(),
                bytes: *bytes,
                allocated: 4096,
            }));
            let view = account(&releases, &held, 7);
            let mut sum = Amount::default();
            view.releases.iter().for_each(|release| sum.add(release.own));
            for part in [view.shared, view.unreferenced, view.partial, view.records, view.unknown] {
                sum.add(part);
            }
            prop_assert_eq!(sum, view.total);
            prop_assert_eq!(view.total.files, held.len() as u64);
            prop_assert_eq!(view.total.bytes, held.iter().map(|file| file.bytes).sum::<u64>());
            prop_assert_eq!(view.total.allocated, held.iter().map(|file| file.allocated).sum::<u64>());
            for (release, digests) in view.releases.iter().zip(&named) {
                let counted = release.own.files + release.shared.files + release.missing;
                prop_assert_eq!(counted, digests.len() as u64);
            }
        }
    }
}
