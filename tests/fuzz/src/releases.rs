//! The release file: as it comes from a medium, edited, edited and signed again; its headers and its footer.

use std::collections::BTreeSet;
use std::io::{self, Cursor, Read};
use std::sync::OnceLock;

use bridle_bundle::file::{Conditions, Contents, FileError, OpenedBundle, Stream};
use bridle_bundle::file::{MAX_BLOBS, MAX_IMAGES, MAX_MANIFEST, parse_header, write_bundle};
use bridle_bundle::sample::{Archive, Document, Sample, trusted};
use bridle_core::digest::Digest;
use bridle_core::run_file::RunFile;

use crate::edit::{self, Input};

/// The release that is changed.
fn sample() -> &'static (Archive, Vec<u8>) {
    static SAMPLE: OnceLock<(Archive, Vec<u8>)> = OnceLock::new();
    SAMPLE.get_or_init(|| {
        let sample = Sample::new("1.0.0", 1, &[("a", &[b"layer", b"top"]), ("b", &[b"layer", b""])]);
        (sample.archive(), sample.bundle())
    })
}

fn read(bytes: &[u8]) -> Result<Contents, FileError> {
    OpenedBundle::open(Stream(Cursor::new(bytes)))?.verify(&trusted(), &Conditions::default())?.verify_all(&mut |_| {})
}

/// Any bytes. Only the file that was signed is accepted.
pub(crate) fn raw(data: &[u8]) {
    assert!(read(data).is_err() || data == sample().1, "a file that nobody signed was accepted");
}

pub(crate) fn raw_seeds() -> Vec<Vec<u8>> {
    let good = &sample().1;
    vec![good.clone(), good[..good.len() / 2].to_vec(), good[..2048].to_vec(), Vec::new()]
}

/// The signed file with edits. Only the one without is accepted.
pub(crate) fn edited(data: &[u8]) {
    let (archive, good) = sample();
    let file = edit::archive(&mut Input::new(data), archive.clone());
    assert!(read(&file).is_err() || file == *good, "an edited file was accepted");
}

/// A document inside, edited and signed again: what is accepted keeps all rules, and is the only file that says it.
pub(crate) fn signed(data: &[u8]) {
    let mut input = Input::new(data);
    let document = Document::ALL[usize::from(input.byte()) % 4];
    let whole = input.byte().is_multiple_of(2);
    let archive = sample().0.clone();
    let text = if whole {
        input.rest().to_vec()
    } else {
        let mut text = archive.document(document).to_vec();
        edit::bytes(&mut input, &mut text);
        text
    };
    let archive = archive.with(document, text);
    let file = archive.bytes();
    if let Ok(contents) = read(&file) {
        sound(&archive, &contents);
        assert_eq!(written_again(&archive), file, "two files say the same");
    }
}

/// The rules of the format, asked of what was read.
fn sound(archive: &Archive, contents: &Contents) {
    let blobs: Vec<_> = contents.all().collect();
    let digests: BTreeSet<Digest> = blobs.iter().map(|blob| blob.digest).collect();
    assert_eq!(digests.len(), blobs.len(), "a blob is listed twice");
    assert_eq!(archive.0.len(), blobs.len() + 3, "an entry that nothing names");
    assert!(blobs.len() <= MAX_BLOBS && contents.images.len() <= MAX_IMAGES);
    assert!(contents.metadata.iter().all(|(blob, bytes)| blob.size == bytes.len() as u64 && blob.size <= MAX_MANIFEST));
    for (blob, (name, bytes)) in blobs.iter().zip(&archive.0[3..]) {
        assert_eq!(*name, format!("blobs/sha256/{}", blob.digest.hex()));
        assert_eq!((blob.size, blob.digest), (bytes.len() as u64, Digest::of(bytes)));
        assert!(blob.named_by.to_string().bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()));
    }
    assert!(contents.release.id().bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/'));
}

fn written_again(archive: &Archive) -> Vec<u8> {
    let mut open = |digest: &Digest| -> io::Result<Box<dyn Read>> {
        let name = format!("blobs/sha256/{}", digest.hex());
        let entry = archive.0.iter().find(|(found, _)| *found == name).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(Cursor::new(entry.1.clone())))
    };
    let signature = String::from_utf8_lossy(&archive.0[2].1).into_owned();
    let mut file = Vec::new();
    write_bundle(&mut file, &archive.0[1].1, &signature, &mut open, None).expect("what was read can be written");
    file
}

pub(crate) fn signed_seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (number, document) in (0..).zip(Document::ALL) {
        seeds.push([&[number, 0], sample().0.document(document)].concat());
        for kind in 0..6 {
            seeds.push(vec![number, 1, kind, 0, 40, 3, 1, 2, 3]);
        }
    }
    seeds
}

/// A tar header, as it is or with its checksum made right: it is the only one for its name and size.
pub(crate) fn header(data: &[u8]) {
    let Some((mode, rest)) = data.split_first() else { return };
    let mut block = [0; 512];
    let count = rest.len().min(512);
    block[..count].copy_from_slice(&rest[..count]);
    if mode % 2 == 1 {
        edit::checksum(&mut block);
    }
    if let Ok(Some((name, size))) = parse_header(&block) {
        assert!(name.is_ascii() && !name.contains('\0'));
        assert_eq!(bridle_bundle::file::header(&name, size), block, "two headers say the same");
    }
}

pub(crate) fn header_seeds() -> Vec<Vec<u8>> {
    let headers = [("oci-layout", 30), ("index.json", 1234), ("x", 0o77_777_777_777)];
    let headers = headers.map(|(name, size)| bridle_bundle::file::header(name, size));
    headers.iter().flat_map(|block| [[&[0], &block[..]].concat(), [&[1], &block[..]].concat()]).collect()
}

/// A footer, as it is or with its checksum made right, behind a file of some size: head and bundle lie inside, apart.
pub(crate) fn footer(data: &[u8]) {
    let mut input = Input::new(data);
    let mend = input.byte() % 2 == 1;
    let mut size = [0; 8];
    size.fill_with(|| input.byte());
    let size = u64::from_le_bytes(size);
    let mut footer = [0; 64];
    footer.fill_with(|| input.byte());
    if mend {
        let sum = Digest::of(&footer[..40]).hex();
        for (byte, pair) in footer[40..].iter_mut().zip(sum.as_bytes().chunks(2)) {
            *byte = std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok()).unwrap_or(0);
        }
    }
    if let Ok(Some(RunFile { head, bundle })) = RunFile::parse(&footer, size) {
        assert!(head.start == 0 && head.end <= bundle.start && bundle.start <= bundle.end);
        assert_eq!(bundle.end + 64, size);
        assert!(bundle.start - head.end < 4096, "room for something that nothing checks");
    }
}

pub(crate) fn footer_seeds() -> Vec<Vec<u8>> {
    let mut good = vec![1];
    good.extend_from_slice(&(4096_u64 + 10_240 + 64).to_le_bytes());
    good.extend_from_slice(b"BRIDLRUN\x01\0\0\0\0\0\0\0");
    for number in [750_u64, 4096, 10_240] {
        good.extend_from_slice(&number.to_le_bytes());
    }
    vec![good]
}
