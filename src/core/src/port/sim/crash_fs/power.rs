//! What a power cut leaves of what was not synced.

/// Bytes that reach the disk together: a sector.
const SECTOR: usize = 512;

/// How much of what was not synced is on disk after a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Survive {
    /// Nothing.
    Nothing,
    /// Everything.
    Everything,
    /// The first half, in the order in which it was done; a write may be torn anywhere.
    FirstHalf,
    /// The last sector: what lies before it holds zeros although the file has its size (allocation before data).
    LastPart,
    /// The size, but only zeros.
    Zeros,
    /// Each directory, each file and each sector by chance, from this seed.
    Chance(u64),
}

/// What a power cut leaves of names and of contents that were not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PowerCut {
    /// Of names: always a beginning of what was done in a directory (journaling file systems keep that order).
    pub names: Survive,
    /// Of contents.
    pub contents: Survive,
}

impl PowerCut {
    /// Everything that was not synced is lost.
    pub const HARD: Self = Self { names: Survive::Nothing, contents: Survive::Nothing };

    /// The corners: every pairing of how much of names and of contents survives.
    #[must_use]
    pub fn corners() -> Vec<Self> {
        let names = [Survive::Nothing, Survive::FirstHalf, Survive::Everything];
        let contents = [Survive::Nothing, Survive::FirstHalf, Survive::LastPart, Survive::Zeros, Survive::Everything];
        names.iter().flat_map(|names| contents.map(|contents| Self { names: *names, contents })).collect()
    }
}

/// A change of a content that waits for a sync.
#[derive(Debug, Clone)]
pub(super) enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Truncate(usize),
}

impl Change {
    pub(super) fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Write { at, bytes } => put(content, *at, bytes),
            Self::Truncate(size) => content.resize(*size, 0),
        }
    }

    /// Bytes that it takes of a budget.
    fn weight(&self) -> usize {
        match self {
            Self::Write { bytes, .. } => bytes.len(),
            Self::Truncate(_) => 0,
        }
    }

    /// The same with its first `count` bytes as zeros.
    fn without(&self, count: usize) -> Self {
        let mut change = self.clone();
        if let Self::Write { bytes, .. } = &mut change {
            let count = count.min(bytes.len());
            bytes[..count].fill(0);
        }
        change
    }

    /// Each sector of it by chance.
    fn sectors(&self, seed: u64) -> Vec<Self> {
        let Self::Write { at, bytes } = self else { return vec![self.clone()] };
        let lucky = |(index, part): (usize, &[u8])| {
            let kept = mix(seed, index as u64).is_multiple_of(2);
            kept.then(|| Self::Write { at: at + index * SECTOR, bytes: part.to_vec() })
        };
        bytes.chunks(SECTOR).enumerate().filter_map(lucky).collect()
    }
}

/// How many of `all` changes of names are on disk.
pub(super) fn names_left(all: usize, survive: Survive, salt: u64) -> usize {
    match survive {
        Survive::Nothing => 0,
        Survive::FirstHalf => all / 2,
        Survive::Everything | Survive::LastPart | Survive::Zeros => all,
        Survive::Chance(seed) => usize::try_from(mix(seed, salt) % (all as u64 + 1)).unwrap_or(all),
    }
}

/// Brings to `disk` what survives of `waiting`.
pub(super) fn contents_left(disk: &mut Vec<u8>, waiting: &[Change], survive: Survive, salt: u64) {
    let total: usize = waiting.iter().map(Change::weight).sum();
    let all = |disk: &mut Vec<u8>| waiting.iter().for_each(|change| change.apply(disk));
    match survive {
        Survive::Nothing => {}
        Survive::Everything => all(disk),
        Survive::FirstHalf => first(disk, waiting, total / 2),
        Survive::LastPart => zeros_before(disk, waiting, total - SECTOR.min(total / 2)),
        Survive::Zeros => zeros_before(disk, waiting, total),
        Survive::Chance(seed) => {
            let state = mix(seed, salt);
            match state % 3 {
                0 => first(disk, waiting, usize::try_from(mix(state, 1) % (total as u64 + 1)).unwrap_or(0)),
                1 => all(disk),
                _ => {
                    let parts = waiting.iter().zip(0..).flat_map(|(change, index)| change.sectors(mix(state, index)));
                    parts.for_each(|part| part.apply(disk));
                }
            }
        }
    }
}

/// Everything in its size, the first `zeros` bytes of it as zeros.
fn zeros_before(disk: &mut Vec<u8>, waiting: &[Change], zeros: usize) {
    let mut before = 0;
    for change in waiting {
        change.without(zeros.saturating_sub(before)).apply(disk);
        before += change.weight();
    }
}

/// The first `budget` bytes of what waits, in order.
fn first(disk: &mut Vec<u8>, waiting: &[Change], budget: usize) {
    let mut left = budget;
    for change in waiting {
        if let Change::Write { at, bytes } = change
            && bytes.len() > left
        {
            put(disk, *at, &bytes[..left]);
            return;
        }
        change.apply(disk);
        left -= change.weight();
    }
}

/// Writes at a place; what lies before it and was never written reads as zeros.
fn put(content: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    let end = at + bytes.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    content[at..end].copy_from_slice(bytes);
}

/// A number that looks like chance and is the same for the same inputs (the finaliser of `SplitMix64`).
fn mix(seed: u64, salt: u64) -> u64 {
    let mut value = seed.wrapping_add(salt.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}
