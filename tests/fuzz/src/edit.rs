//! Fuzzing by edits: the input is a list of changes to something sound, so that most of it stays sound.

use bridle_bundle::sample::Archive;

/// Bytes of the input, taken from the front; zero when there are no more.
pub(crate) struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// A number below `bound`, or zero if that is zero.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let number = usize::from(self.byte()) << 8 | usize::from(self.byte());
        if bound == 0 { 0 } else { number % bound }
    }

    /// As many bytes as the next one says.
    pub(crate) fn some(&mut self) -> &'a [u8] {
        let count = usize::from(self.byte()).min(self.0.len());
        let (some, rest) = self.0.split_at(count);
        self.0 = rest;
        some
    }

    pub(crate) fn rest(self) -> &'a [u8] {
        self.0
    }
}

/// Changes bytes as the input says, one change after the other, until it ends.
pub(crate) fn bytes(input: &mut Input<'_>, text: &mut Vec<u8>) {
    while !input.is_empty() {
        let kind = input.byte();
        let at = input.below(text.len() + 1);
        match kind % 6 {
            0 => {
                let bit = input.byte() % 8;
                if let Some(byte) = text.get_mut(at) {
                    *byte ^= 1 << bit;
                }
            }
            1 => {
                for (byte, new) in text[at..].iter_mut().zip(input.some()) {
                    *byte = *new;
                }
            }
            2 => drop(text.splice(at..at, input.some().iter().copied())),
            3 => {
                let end = text.len().min(at + input.below(1024));
                text.drain(at..end);
            }
            4 => {
                // Something that stands here already, once more.
                let end = text.len().min(at + usize::from(input.byte()));
                let part = text[at..end].to_vec();
                let to = input.below(text.len() + 1);
                text.splice(to..to, part);
            }
            _ => text.truncate(at),
        }
    }
}

/// Changes entries, then bytes, as the input says; returns the file.
pub(crate) fn archive(input: &mut Input<'_>, mut archive: Archive) -> Vec<u8> {
    let mut field = None;
    for _ in 0..input.byte() % 4 {
        let entries = &mut archive.0;
        let kind = input.byte();
        let count = entries.len();
        let (a, b) = (input.below(count), input.below(count + 1));
        match kind % 6 {
            _ if entries.is_empty() => {}
            0 => drop(entries.remove(a)),
            1 => entries.insert(b, entries[a].clone()),
            2 => entries.swap(a, b % count),
            3 => entries[a].1 = input.some().to_vec(),
            4 => {
                entries[a].0 = String::from_utf8_lossy(input.some()).chars().filter(char::is_ascii).take(100).collect()
            }
            _ => field = Some((a, input.below(512), input.some())),
        }
    }
    let mut file = archive.bytes();
    if let Some((place, at, bytes)) = field {
        change_header(&mut file, &archive, place, at, bytes);
    }
    bytes(input, &mut file);
    file
}

/// Changes the header of an entry and makes its checksum right again.
fn change_header(file: &mut [u8], archive: &Archive, place: usize, at: usize, bytes: &[u8]) {
    let before = Archive(archive.0.iter().take(place).cloned().collect());
    let start = before.bytes().len() - 1024;
    let Some(block) = file.get_mut(start..start + 512) else { return };
    for (byte, new) in block[at..].iter_mut().zip(bytes) {
        *byte = *new;
    }
    checksum(block);
}

/// Makes the checksum of a header right.
pub(crate) fn checksum(block: &mut [u8]) {
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

/// Nothing changed, and one of each change.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = vec![vec![0]];
    for kind in 0..6 {
        seeds.push([&[1, kind, 0, 5, 0, 7, 4], &b"0644"[..]].concat());
        seeds.push([&[0, kind, 8, 20, 4], &b"0644"[..]].concat());
    }
    // A hard link in place of the third entry.
    seeds.push(vec![1, 5, 0, 2, 0, 0, 0, 156, 1, b'1']);
    // An entry that climbs.
    seeds.push([&[1, 4, 0, 3, 0, 0, 9], &b"../escape"[..]].concat());
    seeds
}
