#![expect(clippy::disallowed_methods, reason = "files of tests need not survive a power cut")]

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::archive::{LARGEST_ENTRY, LARGEST_UNPACKED, MOST_FILES};
use super::*;

/// A gzipped tar with these entries; the paths go in as they are, however wicked.
pub(crate) fn pack(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = Vec::new();
    for (path, bytes) in entries {
        let mut header = tar::Header::new_ustar();
        header.as_mut_bytes()[..path.len()].copy_from_slice(path.as_bytes());
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_entry_type(tar::EntryType::Regular);
        header.set_cksum();
        tar.extend_from_slice(header.as_bytes());
        tar.extend_from_slice(bytes);
        tar.resize(tar.len().next_multiple_of(512), 0);
    }
    tar.resize(tar.len() + 1024, 0);
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(&tar).expect("memory");
    packer.finish().expect("memory")
}

#[test]
fn only_definitions_are_read() {
    let packed = pack(&[
        ("demo/Chart.yaml", b"x"),
        ("demo/crds/b.yaml", b"b"),
        ("demo/crds/deeper/a.yml", b"a"),
        ("demo/crds/README.md", b"x"),
        ("demo/templates/crds/x.yaml", b"x"),
        ("demo/charts/sub/crds/c.json", b"c"),
        ("demo/charts/sub/templates/x.yaml", b"x"),
        ("demo/../crds/x.yaml", b"x"),
        ("/crds/crds/x.yaml", b"x"),
    ]);
    let found: Vec<String> =
        crd_files(&packed).expect("read").into_iter().map(|file| file.path + "=" + &file.text).collect();
    assert_eq!(found, ["charts/sub/crds/c.json=c", "crds/b.yaml=b", "crds/deeper/a.yml=a"]);
}

#[test]
fn limits_hold() {
    let large = vec![b'x'; usize::try_from(LARGEST_ENTRY).expect("small") + 1];
    assert!(matches!(crd_files(&pack(&[("d/crds/a.yaml", &large)])), Err(PackedError::Limit { .. })));
    let bomb = vec![b'x'; usize::try_from(LARGEST_UNPACKED).expect("small") + 1];
    assert!(crd_files(&pack(&[("d/big", &bomb), ("d/crds/a.yaml", b"a")])).is_err());
    let names: Vec<String> = (0..=MOST_FILES).map(|number| format!("d/crds/{number}.yaml")).collect();
    let entries: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), b"".as_slice())).collect();
    assert!(matches!(crd_files(&pack(&entries)), Err(PackedError::Limit { .. })));
}

#[test]
fn damage_is_an_error_and_never_a_short_list() {
    let packed = pack(&[("d/crds/a.yaml", b"a")]);
    assert!(crd_files(&packed[..packed.len() / 2]).is_err());
    assert!(crd_files(b"no gzip").is_err());
    assert!(matches!(crd_files(&pack(&[("d/crds/a.yaml", b"\xff")])), Err(PackedError::Text(_))));
}

#[test]
fn the_digest_of_the_release_is_asked_for() {
    let folder = crate::fake::Folder::new();
    let digest = folder.add(b"content");
    let path = folder.0.path().join(digest.hex());
    assert_eq!(verified(&path, &digest).expect("read"), b"content");
    std::fs::write(&path, b"other").expect("write");
    assert!(matches!(verified(&path, &digest), Err(PackedError::Digest { .. })));
    assert!(matches!(verified(&folder.0.path().join("absent"), &digest), Err(PackedError::Read(_))));
}
