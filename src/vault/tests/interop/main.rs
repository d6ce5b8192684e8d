//! Against others' programs: stock restic, and S3 servers that we did not write.

mod faults;
mod proxy;
mod restic;
mod servers;
mod worker;

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bridle_core::backup::key::RepositoryKey;
use bridle_core::digest::Digest;
use bridle_core::port::Proof;
use bridle_core::port::names::Literal;
use bridle_disk::Disk;
use bridle_vault::repository::{
    Archived, CheckReport, Outline, Reading, Repository, Restoring, Silent, SnapshotName, Tree, Watch,
};
use bridle_vault::store::{Directory, DirectorySettings, ObjectStore, Patience, S3, S3Credentials, S3Settings};

use restic::Restic;
use servers::{BUCKET, KEY_ID, SECRET, Server};

fn key() -> RepositoryKey {
    RepositoryKey::from_bytes([7; 32])
}

fn watch() -> Arc<dyn Watch> {
    Arc::new(Silent)
}

/// Bytes that do not compress, the same for the same seed (xorshift).
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

fn settings(endpoint: &str, prefix: &str) -> S3Settings {
    S3Settings {
        endpoint: endpoint.to_owned(),
        region: "us-east-1".to_owned(),
        bucket: BUCKET.to_owned(),
        prefix: prefix.to_owned(),
        path_style: true,
        ca: Vec::new(),
        credentials: S3Credentials { key_id: KEY_ID.to_owned(), secret: SECRET.to_owned(), token: None },
        patience: Patience { pause: Duration::from_millis(20), ..Patience::default() },
    }
}

/// A folder with files of all kinds.
fn source(folder: &Path) -> PathBuf {
    let root = folder.join("source");
    let write = |name: &str, bytes: &[u8]| {
        let path = root.join(name);
        fs::create_dir_all(path.parent().expect("parent")).expect("dir");
        fs::File::create(path).and_then(|mut file| std::io::Write::write_all(&mut file, bytes)).expect("write");
    };
    write("empty", b"");
    write("text/readme", &b"the same words again and again\n".repeat(5000));
    write("text/\u{e9}t\u{e9} \"quoted\" \\ back", b"odd name");
    write("data/large", &noise(1, 18 << 20));
    write("data/middle", &noise(2, 1_500_000));
    for number in 0..200 {
        write(&format!("many/{}/{number}", number % 7), &noise(1000 + number, 3000));
    }
    symlink("../text/readme", root.join("data/link")).expect("link");
    fs::hard_link(root.join("text/readme"), root.join("text/second-name")).expect("hard link");
    fs::set_permissions(root.join("data/middle"), fs::Permissions::from_mode(0o2640)).expect("mode");
    root
}

/// Every name below a folder with kind, permissions, time and content.
fn contents(folder: &Path) -> Vec<(PathBuf, u32, i64, Vec<u8>)> {
    use std::os::unix::fs::MetadataExt as _;
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(path) = open.pop() {
        let stat = fs::symlink_metadata(&path).expect("look");
        let below = path.strip_prefix(folder).expect("below").to_owned();
        let bytes = if stat.is_dir() {
            open.extend(fs::read_dir(&path).expect("list").map(|entry| entry.expect("entry").path()));
            Vec::new()
        } else if stat.is_symlink() {
            fs::read_link(&path).expect("link").into_os_string().into_encoded_bytes()
        } else {
            fs::read(&path).expect("read")
        };
        let time = if stat.is_file() { stat.mtime() } else { 0 };
        found.push((below, stat.mode(), time, bytes));
    }
    found.sort();
    found
}

fn save(repository: &Repository, root: &Path, parent: Option<SnapshotName>) -> Archived {
    let tree =
        Tree { name: "files".to_owned(), root: root.to_owned(), as_path: "/volumes/files".into(), exclude: Vec::new() };
    let outline = Outline { host: "campus".to_owned(), tags: vec!["set-1".to_owned()], parent };
    repository.archive_tree(&tree, &outline, &watch()).expect("save")
}

/// A place as we and as stock restic name it.
type Place = (Arc<dyn ObjectStore>, Restic);

/// What is written here is read by stock restic, and the other way round.
fn both_ways(store: &Arc<dyn ObjectStore>, restic: &Restic, others: &dyn Fn(&str) -> Place) {
    let folder = tempfile::tempdir().expect("folder");
    let root = source(folder.path());
    let repository = Repository::create(Arc::clone(store), &key(), None).expect("create");
    let first = save(&repository, &root, None);
    fs::File::create(root.join("later"))
        .and_then(|mut file| std::io::Write::write_all(&mut file, b"later"))
        .expect("write");
    let second = save(&repository, &root, Some(first.snapshot.clone()));
    let bytes = noise(9, (9 << 20) + 5);
    let proof = Proof { bytes: bytes.len() as u64, digest: Digest::of(&bytes) };
    let (stream, _) = repository
        .archive_stream("database", Path::new("/streams/database"), &Outline::default(), &watch(), |to| {
            to.write_all(&bytes).expect("taken");
            Ok(proof)
        })
        .expect("stream");
    restic.run(&["check", "--read-data"]);
    let restored = folder.path().join("by-restic");
    restic.run(&["restore", second.snapshot.as_str(), "--target", restored.to_str().expect("path")]);
    assert_eq!(contents(&root), contents(&restored.join("volumes/files")));
    restic.run(&["restore", stream.snapshot.as_str(), "--target", restored.to_str().expect("path")]);
    assert!(fs::read(restored.join("streams/database")).expect("stream") == bytes);
    assert_eq!(restic.run(&["dump", stream.snapshot.as_str(), "/streams/database"]).len(), bytes.len());

    let (store, restic) = others("stock");
    restic.run(&["init"]);
    restic.run(&["backup", root.to_str().expect("path")]);
    let theirs = Repository::open(store, &key(), None).expect("open");
    let snapshots = theirs.snapshots().expect("list");
    let target = folder.path().join("by-us");
    let what =
        Restoring { snapshot: snapshots[0].name.clone(), path: root.clone(), target: target.clone(), exact: false };
    theirs.restore(&what, &watch()).expect("restore");
    assert_eq!(contents(&root), contents(&target));
    assert_eq!(theirs.check(Reading::All, None, &watch()).expect("check"), CheckReport::default());
}

fn directory(root: &Path) -> Arc<dyn ObjectStore> {
    fs::create_dir_all(root).expect("dir");
    let settings = DirectorySettings { reserve: 0, ..DirectorySettings::new(root) };
    Arc::new(Directory::create(Arc::new(Disk), &settings).expect("directory").0)
}

#[test]
fn restic_and_we_read_each_other_in_a_folder() {
    let folder = tempfile::tempdir().expect("folder");
    let place = |name: &str| {
        let root = folder.path().join(name);
        (directory(&root), Restic::new(root.to_str().expect("path"), &key().password()))
    };
    let (store, restic) = place("ours");
    both_ways(&store, &restic, &place);
}

/// `behind`: restic uses the folder behind the server. s3s-fs takes the empty delimiter that restic sends in listings for one.
fn on_a_server(server: &Server, behind: bool) {
    let place = |name: &str| {
        let store = S3::open_probed(settings(&server.endpoint, name), Arc::new(Literal)).expect("probe");
        let location = if behind {
            server.bucket().join(name).display().to_string()
        } else {
            format!("s3:{}/{BUCKET}/{name}", server.endpoint)
        };
        let restic = Restic::new(&location, &key().password());
        let restic = restic.env("AWS_ACCESS_KEY_ID", KEY_ID).env("AWS_SECRET_ACCESS_KEY", SECRET);
        (Arc::new(store) as Arc<dyn ObjectStore>, restic)
    };
    let (store, restic) = place("ours/below");
    println!("{}: {:?}", server.name, store.capabilities());
    assert!(store.capabilities().paging);
    assert_eq!(store.list("").expect("list"), [], "the probe leaves nothing behind");
    both_ways(&store, &restic, &place);
}

#[test]
fn restic_and_we_read_each_other_on_s3s_fs() {
    on_a_server(&Server::s3s_fs(), true);
}

#[test]
fn restic_and_we_read_each_other_on_versitygw() {
    on_a_server(&Server::versitygw(), false);
}
