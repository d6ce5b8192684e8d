mod corruption;
mod deltas;
mod media;
mod signed;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Cursor, Write as _};

use bridle_core::digest::Digest;
use proptest::prelude::*;

use super::ustar::{BLOCK, header, padding};
use super::*;
use crate::sample::{Sample, key, trusted};
use crate::trust::{Newest, Seen, SigningKey, TrustError, TrustedKeys};

fn read(bytes: &[u8]) -> Result<Contents, FileError> {
    OpenedBundle::open(Stream(Cursor::new(bytes)))?.verify(&trusted(), &Conditions::default())?.verify_all(&mut |_| {})
}

/// Entries of an archive: where each begins, its name and its size.
fn entries(bytes: &[u8]) -> Vec<(usize, String, usize)> {
    let (mut at, mut found) = (0, Vec::new());
    while let Some((name, size)) =
        super::ustar::parse(bytes[at..at + BLOCK].try_into().expect("block")).expect("header")
    {
        let size = usize::try_from(size).expect("size");
        found.push((at, name, size));
        at += BLOCK + size + padding(size as u64);
    }
    found
}

fn put(archive: &mut Vec<u8>, name: &str, content: &[u8]) {
    archive.extend_from_slice(&header(name, content.len() as u64));
    archive.extend_from_slice(content);
    archive.resize(archive.len() + padding(content.len() as u64), 0);
}

/// The archive with an entry's header changed by `change` and its checksum made right again.
fn with_header(bytes: &[u8], at: usize, change: impl Fn(&mut [u8])) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let block = &mut bytes[at..at + BLOCK];
    change(block);
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    bytes
}

#[test]
fn reads_what_was_written() {
    let sample = Sample::one();
    let contents = read(&sample.bundle()).expect("read");
    assert_eq!(contents.release, sample.release);
    assert_eq!(contents.all().count(), sample.blobs.len());
    let distinct: BTreeSet<Digest> = contents.all().map(|blob| blob.digest).collect();
    assert_eq!(distinct.len(), sample.blobs.len());
    let total: usize = sample.blobs.values().map(Vec::len).sum();
    assert_eq!(contents.size(), total as u64);
}

#[test]
fn same_release_same_bytes() {
    assert_eq!(Sample::one().bundle(), Sample::one().bundle());
}

#[test]
fn a_damaged_blob_is_named() {
    let good = Sample::one().bundle();
    for (at, name, size) in entries(&good).into_iter().filter(|(_, name, size)| name.starts_with("blobs/") && *size > 0)
    {
        let mut bytes = good.clone();
        bytes[at + BLOCK + size / 2] ^= 4;
        match read(&bytes) {
            Err(FileError::Digest { expected, .. }) => assert_eq!(name, format!("blobs/sha256/{}", expected.hex())),
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn every_truncation_is_noticed() {
    let good = Sample::one().bundle();
    for end in 0..good.len() {
        match read(&good[..end]) {
            Err(FileError::Read { source, .. }) => assert_eq!(source.kind(), std::io::ErrorKind::UnexpectedEof),
            other => panic!("cut at {end}: {other:?}"),
        }
    }
}

#[test]
fn nothing_may_follow_the_end() {
    let mut bytes = Sample::one().bundle();
    bytes.push(0);
    assert!(matches!(read(&bytes), Err(FileError::Garbage { .. })));
}

#[test]
fn foreign_signatures_are_refused() {
    let mut sample = Sample::one();
    sample.signature = Sample::new("1.0.1", 2, &[("a", &[b"x"])]).signature;
    assert!(matches!(read(&sample.bundle()), Err(FileError::Trust(TrustError::Wrong { .. }))));
    let stranger = SigningKey::from_seed([9; 32], [9; 8]);
    sample.signature = stranger.sign(&sample.index[..], "x").expect("sign");
    assert!(matches!(read(&sample.bundle()), Err(FileError::Trust(TrustError::Unknown { .. }))));
    let same_id = SigningKey::from_seed([9; 32], [1; 8]);
    sample.signature = same_id.sign(&sample.index[..], "x").expect("sign");
    assert!(matches!(read(&sample.bundle()), Err(FileError::Trust(TrustError::Wrong { .. }))));
    let none = TrustedKeys::default();
    let opened = OpenedBundle::open(Stream(Cursor::new(Sample::one().bundle()))).expect("open");
    assert_eq!(opened.claimed_key(), Some(&key().public().expect("key")));
    assert!(opened.verify(&none, &Conditions::default()).is_err());
}

#[test]
fn swapped_manifest_is_refused() {
    let (one, two) = (Sample::one(), Sample::new("1.0.1", 2, &[("a", &[b"x"])]));
    let mut mixed = Vec::new();
    put(&mut mixed, "oci-layout", LAYOUT);
    put(&mut mixed, "index.json", &two.index);
    put(&mut mixed, "index.json.minisig", two.signature.as_bytes());
    let bundle = one.bundle();
    mixed.extend_from_slice(&bundle[entries(&bundle)[3].0..]);
    assert!(matches!(read(&mixed), Err(FileError::Entry { .. })));
}

#[test]
fn entries_that_nothing_names_are_refused() {
    let bundle = Sample::one().bundle();
    let found = entries(&bundle);
    let names = [
        "x",
        "../../etc/passwd",
        "/etc/passwd",
        "blobs/sha256/../../x",
        "blobs/sha256/zz",
        "index.json",
        "b\u{e9}",
        "",
    ];
    for (at, _, _) in &found {
        for name in names.iter().filter(|name| !(**name == "index.json" && *at == found[1].0)) {
            let mut bytes = bundle[..*at].to_vec();
            put(&mut bytes, name, b"hostile");
            bytes.extend_from_slice(&bundle[*at..]);
            assert!(matches!(read(&bytes), Err(FileError::Entry { .. } | FileError::Header { .. })), "{name} at {at}");
        }
    }
}

#[test]
fn a_second_time_is_refused() {
    let bundle = Sample::one().bundle();
    for (at, name, size) in entries(&bundle) {
        let end = at + BLOCK + size + padding(size as u64);
        let bytes = [&bundle[..end], &bundle[at..end], &bundle[end..]].concat();
        assert!(matches!(read(&bytes), Err(FileError::Entry { .. })), "{name}");
    }
}

#[test]
fn another_order_is_refused() {
    let bundle = Sample::one().bundle();
    let found = entries(&bundle);
    let [.., (a, ..), (b, _, size)] = &found[..] else { panic!("entries") };
    let end = b + BLOCK + size + padding(*size as u64);
    let bytes = [&bundle[..*a], &bundle[*b..end], &bundle[*a..*b], &bundle[end..]].concat();
    // What stands there comes later: the one that belongs there is missing.
    assert!(matches!(read(&bytes), Err(FileError::Missing { .. })));
}

#[test]
fn links_devices_and_extensions_are_refused() {
    let bundle = Sample::one().bundle();
    for (at, name, _) in entries(&bundle) {
        for kind in [b'1', b'2', b'3', b'4', b'5', b'6', b'7', b'x', b'g', b'L', b'K', b'S', 0] {
            let bytes = with_header(&bundle, at, |block| block[156] = kind);
            match read(&bytes) {
                Err(FileError::Header { problem: HeaderProblem::Kind(found), position, .. }) => {
                    assert_eq!((found, position), (kind, at as u64));
                }
                other => panic!("{name}: {other:?}"),
            }
        }
    }
}

#[test]
fn other_forms_of_a_header_are_refused() {
    let bundle = Sample::one().bundle();
    let changes: [fn(&mut [u8]); 8] = [
        |block| block[100..107].copy_from_slice(b"0000755"),
        |block| block[345] = b'p',
        |block| block[257..265].copy_from_slice(b"ustar  \0"),
        |block| block[124] = 0x80,
        |block| block[136..147].copy_from_slice(b"00000000001"),
        |block| block[157] = b'l',
        |block| block[99] = b'z',
        |block| block[265..269].copy_from_slice(b"root"),
    ];
    for (number, change) in changes.iter().enumerate() {
        let bytes = with_header(&bundle, entries(&bundle)[4].0, change);
        let refused = matches!(read(&bytes), Err(FileError::Header { problem: HeaderProblem::Form, .. }));
        assert!(refused, "change {number}");
    }
}

#[test]
fn sizes_that_lie_are_refused() {
    let bundle = Sample::one().bundle();
    for (at, name, size) in entries(&bundle) {
        for lie in
            [size + 1, size + 512, size + (1 << 30), size.saturating_sub(1)].into_iter().filter(|lie| *lie != size)
        {
            let bytes =
                with_header(&bundle, at, |block| block[124..135].copy_from_slice(format!("{lie:011o}").as_bytes()));
            assert!(read(&bytes).is_err(), "{name} as {lie}");
        }
    }
}

#[test]
fn limits_hold() {
    let mut bytes = Vec::new();
    put(&mut bytes, "oci-layout", LAYOUT);
    bytes.extend_from_slice(&header("index.json", MAX_INDEX + 1));
    assert!(matches!(read(&bytes), Err(FileError::Limit { .. })));

    let mut index: serde_json::Value = serde_json::from_slice(&Sample::one().index).expect("json");
    let manifests = index["manifests"].as_array_mut().expect("array");
    let last = manifests.last().expect("image").clone();
    while manifests.len() <= MAX_IMAGES + 1 {
        let mut next = last.clone();
        next["annotations"] =
            serde_json::json!({ "org.opencontainers.image.ref.name": format!("c.example/{:05}:1", manifests.len()) });
        manifests.push(next);
    }
    let index = serde_json::to_vec(&index).expect("json");
    let mut fetch =
        |_: &NamedBlob| -> Result<Vec<u8>, FileError> { panic!("limit is checked before anything is read") };
    assert!(matches!(Contents::walk(&index, &mut fetch), Err(FileError::Limit { .. })));
}

#[test]
fn conditions_hold() {
    let bundle = Sample::one().bundle();
    let verify = |conditions: Conditions| {
        OpenedBundle::open(Stream(Cursor::new(&bundle))).expect("open").verify(&trusted(), &conditions).map(|_| ())
    };
    let digest = read(&bundle).expect("read").digest;
    let newest = |sequence, release| {
        let mut seen = Seen::default();
        seen.raise("lab", Newest { sequence: 9, release });
        seen.raise("sample", Newest { sequence, release });
        Conditions { seen, ..Conditions::default() }
    };
    verify(newest(1, digest)).expect("the same release again");
    assert!(matches!(verify(newest(2, digest)), Err(FileError::Older { found: 1, known: 2 })));
    assert!(matches!(verify(newest(1, Digest::of(b""))), Err(FileError::Equivocation { sequence: 1 })));
    let arm = Conditions { architecture: Some("arm64".to_owned()), ..Conditions::default() };
    assert!(matches!(verify(arm), Err(FileError::Unfit { .. })));
}

#[test]
fn a_blob_left_half_read_is_a_fault() {
    let bundle = Sample::one().bundle();
    let opened = OpenedBundle::open(Stream(Cursor::new(&bundle))).expect("open");
    let mut verified = opened.verify(&trusted(), &Conditions::default()).expect("verify");
    assert!(verified.next_blob().expect("blob").is_some());
    assert!(matches!(verified.next_blob(), Err(FileError::HalfRead)));
}

fn run_file(directory: &std::path::Path, sample: &Sample, head: &[u8]) -> std::path::PathBuf {
    let write = |name: &str, bytes: &[u8]| {
        let path = directory.join(name);
        File::create(&path).and_then(|mut file| file.write_all(bytes)).expect("write");
        path
    };
    let mut installer = File::open(write("head", head)).expect("open");
    let mut bundle = File::open(write("x.bundle", &sample.bundle())).expect("open");
    let path = directory.join("x.run");
    write_run(File::create(&path).expect("create"), &mut installer, &mut bundle).expect("write");
    path
}

#[test]
fn a_run_file_holds_installer_and_bundle() {
    let directory = tempfile::tempdir().expect("directory");
    let sample = Sample::one();
    let installer = sample.blobs[&sample.release.programs["installer"].digest].clone();
    let path = run_file(directory.path(), &sample, &installer);
    let file = ReleaseFile::open(&path).expect("open");
    assert!(file.is_run());
    let verified =
        OpenedBundle::open(file.bundle().expect("section")).expect("open").verify(&trusted(), &Conditions::default());
    let contents = verified.expect("verify").verify_all(&mut |_| {}).expect("all");
    file.verify_head(&contents.release).expect("head");

    let good = std::fs::read(&path).expect("read");
    for at in [0, installer.len() - 1, installer.len() + 1] {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        std::fs::write(&path, &bytes).expect("write");
        let file = ReleaseFile::open(&path).expect("open");
        assert!(matches!(file.verify_head(&contents.release), Err(FileError::Head(_))), "byte {at}");
    }
    for at in good.len() - 56..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        std::fs::write(&path, &bytes).expect("write");
        assert!(matches!(ReleaseFile::open(&path), Err(FileError::Run(_))), "footer {at}");
    }
    std::fs::write(&path, &good[..good.len() - 1]).expect("write");
    assert!(matches!(ReleaseFile::open(&path), Err(FileError::HeadOnly)), "cut");
}

#[test]
fn a_foreign_head_is_refused() {
    let directory = tempfile::tempdir().expect("directory");
    let sample = Sample::one();
    let path = run_file(directory.path(), &sample, b"\x7fELF another program");
    let file = ReleaseFile::open(&path).expect("open");
    assert!(matches!(file.verify_head(&sample.release), Err(FileError::Head(_))));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..4096)) {
        prop_assert!(read(&bytes).is_err());
    }

    #[test]
    fn arbitrary_damage_is_noticed(at in any::<prop::sample::Index>(), patch in proptest::collection::vec(any::<u8>(), 1..64)) {
        let good = Sample::one().bundle();
        let mut bytes = good.clone();
        let at = at.index(bytes.len());
        for (byte, new) in bytes[at..].iter_mut().zip(&patch) {
            *byte = *new;
        }
        prop_assert_eq!(read(&bytes).is_ok(), bytes == good);
    }
}
