//! The durable order of calls over the real disk.

use std::path::Path;

use super::*;
use bridle_core::durable::{make_dirs, read_limited, remove_if_there, symlink_atomic, write_atomic};

#[test]
fn writes_whole_files_with_their_mode() {
    let dir = tempfile::tempdir().expect("dir");
    let path = dir.path().join("a/b/c");
    make_dirs(&Disk, path.parent().expect("parent"), 0o750).expect("dirs");
    write_atomic(&Disk, &path, b"one", 0o640).expect("first");
    write_atomic(&Disk, &path, b"two", 0o666).expect("second");
    assert_eq!(read_limited(&Disk, &path, 10).expect("read").as_deref(), Some("two"));
    assert_eq!(Disk.look(&path).expect("look"), Look { kind: Kind::File, size: 3, mode: 0o666 });
    assert_eq!(Disk.list(path.parent().expect("parent"), 10).expect("list").len(), 1);
    assert!(read_limited(&Disk, &path, 2).is_err());
    remove_if_there(&Disk, &path).expect("remove");
    remove_if_there(&Disk, &path).expect("gone already");
    assert_eq!(read_limited(&Disk, &path, 10).expect("read"), None);
}

#[test]
fn a_link_is_replaced_in_one_step_and_never_written_through() {
    let dir = tempfile::tempdir().expect("dir");
    let link = dir.path().join("current");
    for target in ["one", "two"] {
        symlink_atomic(&Disk, Path::new(target), &link).expect("link");
        assert_eq!(Disk.read_link(&link).expect("read"), Path::new(target));
    }
    write_atomic(&Disk, &dir.path().join("two"), b"x", 0o600).expect("file");
    assert!(Disk.append(&link).is_err() && Disk.create(&link, 0o600).is_err() && Disk.try_lock(&link).is_err());
}

#[test]
fn a_truncated_file_goes_on_at_its_new_end() {
    let dir = tempfile::tempdir().expect("dir");
    let path = dir.path().join("log");
    let file = Disk.create(&path, 0o600).expect("create");
    file.write(b"one two").and_then(|()| file.truncate(3)).and_then(|()| file.write(b"!")).expect("write");
    file.sync().and_then(|()| Disk.sync_dir(dir.path())).expect("sync");
    Disk.append(&path).and_then(|file| file.write(b"?")).expect("append");
    Disk.sync_file_system(dir.path()).expect("syncfs");
    assert_eq!(read_limited(&Disk, &path, 10).expect("read").as_deref(), Some("one!?"));
    assert!(Disk.space(dir.path()).expect("space").bytes > 0);
}

#[test]
fn a_lock_is_held_once() {
    let dir = tempfile::tempdir().expect("dir");
    let path = dir.path().join("lock");
    let held = Disk.try_lock(&path).expect("lock").expect("free");
    assert!(Disk.try_lock(&path).expect("lock").is_none());
    drop(held);
    assert!(Disk.try_lock(&path).expect("lock").is_some());
}
