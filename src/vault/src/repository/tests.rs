//! The repository over doubles of stores: what the guards must hold.

mod faults;
mod loss;
mod prunes;

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bridle_core::backup::key::RepositoryKey;

use super::*;
use crate::store::{Faulty, Memory, Object};

/// A repository over a store that misbehaves on demand, and a folder to save.
struct Bench {
    store: Arc<Faulty<Memory>>,
    repository: Repository,
    folder: tempfile::TempDir,
    watch: Arc<dyn Watch>,
}

impl Bench {
    fn new() -> Self {
        Self::over(Memory::default())
    }

    fn over(memory: Memory) -> Self {
        let store = Arc::new(Faulty::new(memory));
        let repository = Repository::create(Arc::clone(&store) as Arc<dyn ObjectStore>, &key(1), None).expect("create");
        let folder = tempfile::tempdir().expect("folder");
        Self { store, repository, folder, watch: Arc::new(Silent) }
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.folder.path().join("source").join(name);
        fs::create_dir_all(path.parent().expect("parent")).expect("dir");
        fs::File::create(path).and_then(|mut file| std::io::Write::write_all(&mut file, bytes)).expect("write");
    }

    fn tree(&self) -> Tree {
        let root = self.folder.path().join("source");
        Tree {
            name: "files".to_owned(),
            root,
            as_path: PathBuf::from("/volumes/campus/files"),
            exclude: vec!["left-out".into()],
        }
    }

    fn save(&self, parent: Option<&Archived>) -> Result<Archived, RepositoryError> {
        let parent = parent.map(|archived| archived.snapshot.clone());
        let outline = Outline { host: "campus".to_owned(), tags: vec!["set-1".to_owned()], parent };
        self.repository.archive_tree(&self.tree(), &outline, &self.watch)
    }

    fn restore(&self, snapshot: &SnapshotName, to: &str) -> Result<Restored, RepositoryError> {
        let target = self.folder.path().join(to);
        let what = Restoring { snapshot: snapshot.clone(), path: self.tree().as_path, target, exact: false };
        self.repository.restore(&what, &self.watch)
    }

    fn objects(&self, prefix: &str) -> Vec<Object> {
        self.store.inner().list(prefix).expect("list")
    }

    fn snapshots(&self) -> usize {
        self.objects("snapshots/").len()
    }
}

fn key(number: u8) -> RepositoryKey {
    RepositoryKey::from_bytes([number; 32])
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

/// Every file below a folder with its content, permissions and target.
fn contents(folder: &Path) -> Vec<(PathBuf, u32, Vec<u8>)> {
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
        found.push((below, stat.permissions().mode(), bytes));
    }
    found.sort();
    found
}

#[test]
fn what_was_saved_comes_back_and_unchanged_files_cost_nothing() {
    let bench = Bench::new();
    bench.write("a/empty", b"");
    bench.write("a/small", b"small");
    bench.write("b/über \\ \"name\"", &noise(1, 3 << 20));
    bench.write("b/large", &noise(2, 20 << 20));
    bench.write("left-out/x", b"no");
    let source = bench.tree().root;
    symlink("../a/small", source.join("b/link")).expect("link");
    fs::set_permissions(source.join("a/small"), fs::Permissions::from_mode(0o4750)).expect("mode");
    let first = bench.save(None).expect("save");
    assert_eq!((first.files, first.bytes), (5, (23 << 20) + 5));
    let second = bench.save(Some(&first)).expect("again");
    assert!(second.added < first.added / 100, "{first:?} {second:?}");
    assert_ne!(first.snapshot, second.snapshot);
    let restored = bench.restore(&second.snapshot, "restored").expect("restore");
    assert_eq!((restored.files, restored.bytes), (4, first.bytes));
    fs::remove_dir_all(source.join("left-out")).expect("not saved");
    assert_eq!(contents(&source), contents(&bench.folder.path().join("restored")));
    let listed = bench.repository.snapshots().expect("list");
    assert_eq!(listed.iter().map(|one| &one.name).collect::<Vec<_>>(), [&first.snapshot, &second.snapshot]);
    assert_eq!((listed[0].host.as_str(), listed[0].tags.join(" ").as_str()), ("campus", "set-1"));
    assert_eq!(listed[0].paths, ["/volumes/campus/files"]);
    let report = bench.repository.check(Reading::All, None, &bench.watch).expect("check");
    assert_eq!(report, CheckReport::default());
}

#[test]
fn one_path_is_restored_alone_and_what_is_there_already_is_not_written() {
    let bench = Bench::new();
    bench.write("a/one", &noise(1, 100_000));
    bench.write("b/two", b"two");
    let saved = bench.save(None).expect("save");
    let target = bench.folder.path().join("alone");
    let file = bench.tree().as_path.join("a/one");
    let what = Restoring { snapshot: saved.snapshot, path: file, target: target.clone(), exact: false };
    assert_eq!(bench.repository.restore(&what, &bench.watch).expect("restore").written, 100_000);
    assert_eq!(fs::read(&target).expect("read"), noise(1, 100_000));
    assert_eq!(bench.repository.restore(&what, &bench.watch).expect("again").written, 0);
    let folder = bench.folder.path().join("folder");
    let what = Restoring { path: bench.tree().as_path.join("b"), target: folder.clone(), exact: true, ..what };
    fs::create_dir_all(folder.join("foreign")).expect("dir");
    bench.repository.restore(&what, &bench.watch).expect("restore");
    assert_eq!(contents(&folder).len(), 2, "the folder and its file, nothing foreign");
    let absent = SnapshotName::new(&"0".repeat(64)).expect("name");
    let error = bench.restore(&absent, "nothing").expect_err("no such snapshot");
    assert!(matches!(error, RepositoryError::SnapshotUnknown { .. }), "{error}");
}

#[test]
fn large_files_are_found_again_where_they_moved_inside() {
    let bench = Bench::new();
    let body = noise(7, 24 << 20);
    bench.write("dump", &body);
    let first = bench.save(None).expect("save");
    bench.write("dump", &[&b"something new in front"[..], &body].concat());
    let second = bench.save(Some(&first)).expect("again");
    assert!(second.added < 6 << 20, "{} of {} bytes are new", second.added, first.added);
    bench.restore(&second.snapshot, "restored").expect("restore");
}

#[test]
fn a_repository_opens_with_its_key_only_and_is_never_made_twice() {
    let bench = Bench::new();
    let store = || Arc::clone(&bench.store) as Arc<dyn ObjectStore>;
    assert!(matches!(Repository::open(store(), &key(2), None), Err(RepositoryError::KeyWrong { .. })));
    assert!(matches!(Repository::create(store(), &key(2), None), Err(RepositoryError::Present { .. })));
    assert!(matches!(
        Repository::open(Arc::new(Memory::default()), &key(1), None),
        Err(RepositoryError::Absent { .. })
    ));
    Repository::open(store(), &key(1), None).expect("open").snapshots().expect("list");
}

#[test]
fn settings_of_a_session_never_reach_the_store() {
    let bench = Bench::new();
    let before = bench.store.inner().get(&backend::config_key(), 1 << 20).expect("config");
    bench.write("a", b"a");
    bench.save(None).expect("save");
    assert_eq!(bench.store.inner().get(&backend::config_key(), 1 << 20).expect("config"), before);
}

#[test]
fn a_cache_that_cannot_be_written_costs_time_only() {
    let bench = Bench::new();
    bench.write("a", &noise(1, 10_000));
    let cache = bench.folder.path().join("cache");
    let store = || Arc::clone(&bench.store) as Arc<dyn ObjectStore>;
    let cached = Repository::open(store(), &key(1), Some(cache.clone())).expect("open");
    let saved = cached.archive_tree(&bench.tree(), &Outline::default(), &bench.watch).expect("save");
    // Every folder of the cache becomes a device that is full.
    let home =
        fs::read_dir(&cache).expect("cache").map(|entry| entry.expect("entry").path()).find(|path| path.is_dir());
    let home = home.expect("the repository's cache");
    for entry in fs::read_dir(&home).expect("cache") {
        let path = entry.expect("entry").path();
        fs::remove_dir_all(&path).expect("remove");
        symlink("/dev/full", &path).expect("full");
    }
    let cached = Repository::open(store(), &key(1), Some(cache)).expect("open");
    let outline = Outline { parent: Some(saved.snapshot), ..Outline::default() };
    bench.write("b", &noise(2, 10_000));
    cached.archive_tree(&bench.tree(), &outline, &bench.watch).expect("save again");
    assert_eq!(cached.check(Reading::All, None, &bench.watch).expect("check").damages, Vec::<String>::new());
}
