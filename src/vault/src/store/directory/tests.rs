//! The folder over the real disk and over one that loses power or is full.

use bridle_disk::Disk;

use super::*;

fn key(name: &str) -> Key {
    Key::new(name).expect(name)
}

fn folder() -> (tempfile::TempDir, DirectorySettings) {
    let folder = tempfile::tempdir().expect("folder");
    let settings = DirectorySettings { reserve: 0, ..DirectorySettings::new(folder.path()) };
    (folder, settings)
}

#[test]
fn keeps_objects_and_lists_them_all() {
    let (folder, settings) = folder();
    let (store, id) = Directory::create(Arc::new(Disk), &settings).expect("create");
    assert!(store.capabilities().conditional_put);
    for name in ["data/ab/abcd", "data/cd/cdef", "config"] {
        store.put(&key(name), &[Bytes::from_static(b"on"), Bytes::from_static(b"e")], Put::New).expect("put");
        let taken = store.put(&key(name), &[Bytes::from_static(b"two")], Put::New).expect_err("taken");
        assert_eq!(taken.trouble, Trouble::Exists);
    }
    store.put(&key("config"), &[Bytes::from_static(b"other")], Put::Replace).expect("replace");
    let names =
        |prefix| store.list(prefix).expect("list").into_iter().map(|object| object.key.to_string()).collect::<Vec<_>>();
    assert_eq!(names(""), ["config", "data/ab/abcd", "data/cd/cdef"]);
    assert_eq!(names("data/"), ["data/ab/abcd", "data/cd/cdef"]);
    assert_eq!(names("keys/"), Vec::<String>::new());
    assert_eq!(store.get(&key("config"), 5).expect("get"), "other");
    assert_eq!(store.get(&key("config"), 4).expect_err("limit").trouble, Trouble::Corrupt);
    assert_eq!(store.get_range(&key("config"), 1, 3).expect("range"), "the");
    assert_eq!(store.get_range(&key("config"), 3, 3).expect_err("range").trouble, Trouble::Corrupt);
    assert_eq!(store.head(&key("nothing")).expect("head"), None);
    assert_eq!(store.get(&key("nothing"), 1).expect_err("absent").trouble, Trouble::NotFound);
    store.delete(&key("config")).and_then(|()| store.delete(&key("config"))).expect("delete");
    drop(store);
    let again = Directory::open(Arc::new(Disk), &settings, Some(&id)).expect("open");
    assert_eq!(again.list("").expect("list").len(), 2);
    std::fs::create_dir(folder.path().join("data/what is this")).expect("dir");
    std::fs::File::create(folder.path().join("data/what is this/x")).expect("file");
    assert_eq!(again.list("data/").expect_err("foreign").trouble, Trouble::Corrupt);
}

#[test]
fn a_medium_that_is_not_there_is_never_written_to() {
    let (folder, settings) = folder();
    assert_eq!(Directory::open(Arc::new(Disk), &settings, None).expect_err("no mark").trouble, Trouble::NotMounted);
    let (store, id) = Directory::create(Arc::new(Disk), &settings).expect("create");
    assert_eq!(Directory::create(Arc::new(Disk), &settings).expect_err("twice").trouble, Trouble::Exists);
    assert_eq!(
        Directory::open(Arc::new(Disk), &settings, Some("else")).expect_err("other").trouble,
        Trouble::NotMounted
    );
    store.put(&key("keys/a"), &[Bytes::from_static(b"a")], Put::New).expect("put");
    std::fs::remove_file(folder.path().join(MARKER)).expect("gone");
    for error in [
        store.put(&key("keys/b"), &[Bytes::from_static(b"b")], Put::New).expect_err("put"),
        store.list("keys/").expect_err("list"),
        store.head(&key("keys/b")).expect_err("head"),
        store.delete(&key("keys/b")).expect_err("delete"),
        Directory::open(Arc::new(Disk), &settings, Some(&id)).expect_err("open"),
    ] {
        assert_eq!(error.trouble, Trouble::NotMounted, "{error}");
    }
    let missing = DirectorySettings::new(folder.path().join("absent"));
    assert_eq!(Directory::create(Arc::new(Disk), &missing).expect_err("absent").trouble, Trouble::NotFound);
}

#[test]
fn the_reserve_stays_free() {
    let (_folder, settings) = folder();
    let settings = DirectorySettings { reserve: u64::MAX / 2, ..settings };
    let (store, _) = Directory::create(Arc::new(Disk), &settings).expect("create");
    let full = store.put(&key("keys/a"), &[Bytes::from_static(b"a")], Put::New).expect_err("full");
    assert_eq!(full.trouble, Trouble::Quota);
    assert_eq!(store.list("").expect("list"), []);
}

/// A file system whose listings hang until told otherwise.
#[derive(Debug)]
struct Hanging(Disk, std::sync::Mutex<()>);

#[test]
fn a_file_system_that_hangs_is_given_up_at_the_deadline() {
    let (_folder, settings) = folder();
    let (store, _) = Directory::create(Arc::new(Disk), &settings).expect("create");
    let hanging = Arc::new(Hanging(Disk, std::sync::Mutex::new(())));
    let patience = Patience { attempt: std::time::Duration::from_millis(10), attempts: 1, ..Patience::default() };
    let worker = Worker::new(patience);
    let held = hanging.1.lock().expect("lock");
    for _ in 0..5 {
        let theirs = Arc::clone(&hanging);
        let answer = worker.ask(&store.files, "list", "data/", 0, move |files| {
            drop(theirs.1.lock());
            files.list("data/")
        });
        assert_eq!(answer.expect_err("no answer").trouble, Trouble::Retryable);
    }
    assert!(Arc::strong_count(&hanging) <= 5, "the fifth call was not begun");
    drop(held);
    assert_eq!(hanging.0.look(&settings.root).expect("look").kind, bridle_core::port::fs::Kind::Directory);
}
