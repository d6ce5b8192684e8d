//! Release files entry by entry, written from the format's description alone, so that a hostile one is as easy to write
//! as a good one.

use sha2::{Digest as _, Sha256};

const BLOCK: usize = 512;
const PAGE: usize = 4096;

/// One entry of an archive; whatever is said of it need not be true.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its name, at most 100 bytes.
    pub name: Vec<u8>,
    /// Its type (`0` is a regular file).
    pub kind: u8,
    /// Where a link leads.
    pub link: Vec<u8>,
    /// The twelve bytes of its size.
    pub size: [u8; 12],
    /// What follows its header.
    pub content: Vec<u8>,
}

impl Entry {
    /// A regular file.
    #[must_use]
    pub fn file(name: impl AsRef<[u8]>, content: impl Into<Vec<u8>>) -> Self {
        let content = content.into();
        let size = octal(content.len() as u64);
        Self { name: name.as_ref().to_vec(), kind: b'0', link: Vec::new(), size, content }
    }

    /// The same under another name.
    #[must_use]
    pub fn named(self, name: impl AsRef<[u8]>) -> Self {
        Self { name: name.as_ref().to_vec(), ..self }
    }

    /// The same as another type, leading to `link`.
    #[must_use]
    pub fn of_kind(self, kind: u8, link: &str) -> Self {
        Self { kind, link: link.as_bytes().to_vec(), ..self }
    }

    /// The same with another size in its header.
    #[must_use]
    pub fn claiming(self, size: u64) -> Self {
        Self { size: octal(size), ..self }
    }

    /// The same with these bytes as its size (GNU's binary form, signs, garbage).
    #[must_use]
    pub fn claiming_raw(self, size: [u8; 12]) -> Self {
        Self { size, ..self }
    }

    fn header(&self) -> [u8; BLOCK] {
        let mut block = [0; BLOCK];
        let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, &self.name[..self.name.len().min(100)]);
        put(100, b"0000644\x000000000\x000000000\0");
        put(124, &self.size);
        put(136, b"00000000000\0        ");
        put(156, &[self.kind]);
        put(157, &self.link[..self.link.len().min(100)]);
        put(257, b"ustar\x0000");
        put(329, b"0000000\x000000000\0");
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        block
    }
}

/// A piece of an archive, for choosing where to damage it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// What it is (`header of index.json`).
    pub what: String,
    /// Where it begins.
    pub start: usize,
    /// Its length in bytes, never 0.
    pub length: usize,
}

/// The bytes of an archive with its end.
#[must_use]
pub fn archive(entries: &[Entry]) -> Vec<u8> {
    lay_out(entries).0
}

/// The bytes of an archive, and what stands where.
#[must_use]
pub fn lay_out(entries: &[Entry]) -> (Vec<u8>, Vec<Piece>) {
    let (mut bytes, mut pieces) = (Vec::new(), Vec::new());
    for entry in entries {
        let name = String::from_utf8_lossy(&entry.name).into_owned();
        append(&mut bytes, &mut pieces, format!("header of {name}"), &entry.header());
        append(&mut bytes, &mut pieces, format!("content of {name}"), &entry.content);
        let padding = vec![0; bytes.len().next_multiple_of(BLOCK) - bytes.len()];
        append(&mut bytes, &mut pieces, format!("padding of {name}"), &padding);
    }
    append(&mut bytes, &mut pieces, "first block of the end".to_owned(), &[0; BLOCK]);
    append(&mut bytes, &mut pieces, "second block of the end".to_owned(), &[0; BLOCK]);
    (bytes, pieces)
}

/// A `.run` file: head, zeros up to the next page, bundle, footer; and what stands where.
#[must_use]
pub fn run_file(head: &[u8], entries: &[Entry]) -> (Vec<u8>, Vec<Piece>) {
    let (mut bytes, mut pieces) = (Vec::new(), Vec::new());
    append(&mut bytes, &mut pieces, "installer".to_owned(), head);
    let padding = vec![0; head.len().next_multiple_of(PAGE) - head.len()];
    append(&mut bytes, &mut pieces, "padding of the installer".to_owned(), &padding);
    let start = bytes.len();
    let (bundle, inner) = lay_out(entries);
    pieces.extend(inner.into_iter().map(|piece| Piece { start: piece.start + start, ..piece }));
    bytes.extend_from_slice(&bundle);
    let mut fields = Vec::new();
    for (what, field) in [
        ("magic of the footer", &b"BRIDLRUN"[..]),
        ("version of the footer", &1_u32.to_le_bytes()),
        ("reserve of the footer", &[0; 4]),
        ("head size of the footer", &(head.len() as u64).to_le_bytes()),
        ("bundle start of the footer", &(start as u64).to_le_bytes()),
        ("bundle size of the footer", &(bundle.len() as u64).to_le_bytes()),
    ] {
        fields.extend_from_slice(field);
        append(&mut bytes, &mut pieces, what.to_owned(), field);
    }
    append(&mut bytes, &mut pieces, "checksum of the footer".to_owned(), &Sha256::digest(&fields)[..24]);
    (bytes, pieces)
}

fn append(bytes: &mut Vec<u8>, pieces: &mut Vec<Piece>, what: String, content: &[u8]) {
    if !content.is_empty() {
        pieces.push(Piece { what, start: bytes.len(), length: content.len() });
    }
    bytes.extend_from_slice(content);
}

fn octal(size: u64) -> [u8; 12] {
    let mut field = [0; 12];
    let digits = format!("{size:011o}");
    field[..11].copy_from_slice(&digits.as_bytes()[..11]);
    field
}

#[cfg(test)]
mod tests {
    use super::super::release::{Draft, key, program};
    use super::*;
    use bridle_bundle::file::{Conditions, OpenedBundle, ReleaseFile};
    use bridle_bundle::trust::TrustedKeys;
    use std::io::Write as _;

    #[test]
    fn what_is_written_here_is_what_the_product_reads() {
        let head = program("installer");
        let (bytes, pieces) = run_file(&head, &Draft::new(&head).entries());
        let end = pieces.iter().fold(0, |at, piece| {
            assert_eq!(piece.start, at, "{piece:?}");
            at + piece.length
        });
        assert_eq!(end, bytes.len());
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&bytes).unwrap();
        let opened = ReleaseFile::open(file.path()).unwrap();
        assert!(opened.is_run());
        let trusted = TrustedKeys::new(vec![key().public().unwrap()]).unwrap();
        let bundle = OpenedBundle::open(opened.bundle().unwrap()).unwrap();
        let bundle = bundle.verify(&trusted, &Conditions::default()).unwrap();
        opened.verify_head(&bundle.contents().release).unwrap();
        bundle.verify_all(&mut |_| {}).unwrap();
    }
}
