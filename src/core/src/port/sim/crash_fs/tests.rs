//! The double obeys the rules that durable code relies on, and breaks what relies on more.

use super::*;
use crate::durable::{FileError, link_atomic, make_dirs, read_limited, remove_if_there, symlink_atomic, write_atomic};

fn path() -> &'static Path {
    Path::new("/d/file")
}

fn ground() -> CrashFs {
    let fs = CrashFs::default();
    make_dirs(&fs, Path::new("/d"), 0o755).expect("directory");
    write_atomic(&fs, path(), b"old old old", 0o644).expect("old file");
    fs
}

fn text(fs: &CrashFs) -> Option<String> {
    read_limited(fs, path(), 100).expect("readable")
}

#[test]
fn an_atomic_write_is_old_or_new_at_every_stop() {
    old_or_new_at_every_stop(ground, |fs| write_atomic(fs, path(), b"new", 0o644));
}

#[test]
fn a_second_name_is_old_or_new_at_every_stop() {
    let blob = Path::new("/d/blob");
    let ground = || {
        let fs = ground();
        write_atomic(&fs, blob, b"new", 0o644).expect("blob");
        fs
    };
    old_or_new_at_every_stop(ground, |fs| link_atomic(fs, blob, path(), 0o755).map(|shared| assert!(shared)));
    let fs = ground();
    for _again in 0..2 {
        assert!(link_atomic(&fs, blob, path(), 0o755).expect("one file system"));
        assert_eq!(fs.list(Path::new("/d"), 10).expect("list").len(), 2, "no third name is left");
    }
}

fn old_or_new_at_every_stop(ground: impl Fn() -> CrashFs, act: impl Fn(&CrashFs) -> Result<(), FileError>) {
    let whole = ground();
    let before = whole.operations();
    act(&whole).expect("write");
    let mut seen = std::collections::BTreeSet::new();
    let mut troubles =
        vec![Trouble::Kill, Trouble::KillWithin, Trouble::NoSpace("/"), Trouble::SyncError, Trouble::ReadOnly];
    let cuts = PowerCut::corners().into_iter();
    let chance = (0..20).map(|seed| PowerCut { names: Survive::Chance(seed), contents: Survive::Chance(seed) });
    troubles.extend(cuts.chain(chance).flat_map(|cut| [Trouble::PowerCut(cut), Trouble::PowerCutWithin(cut)]));
    for at in before + 1..=whole.operations() {
        for trouble in &troubles {
            let fs = ground();
            fs.strike(at, *trouble);
            let written = act(&fs);
            if written.is_ok() {
                fs.cut(PowerCut::HARD);
            }
            fs.restart();
            let text = text(&fs).expect("a file");
            assert!(["old old old", "new"].contains(&text.as_str()), "{trouble:?} at {at}: {text:?}");
            assert!(written.is_err() || text == "new", "{trouble:?} at {at}: said to be written");
            seen.insert(text);
            fs.mend();
            write_atomic(&fs, path(), b"again", 0o644).expect("once more");
        }
    }
    assert_eq!(seen.len(), 2, "stops must fall before and after the write");
}

#[test]
fn a_name_without_sync_of_its_directory_can_go_either_way() {
    for (names, wanted) in [(Survive::Nothing, "old old old"), (Survive::Everything, "new")] {
        let fs = ground();
        let file = fs.create(Path::new("/d/part"), 0o644).expect("create");
        file.write(b"new").and_then(|()| file.sync()).expect("write");
        fs.rename(Path::new("/d/part"), path()).expect("rename");
        fs.cut(PowerCut { names, contents: Survive::Nothing });
        fs.restart();
        assert_eq!(text(&fs).as_deref(), Some(wanted));
    }
}

#[test]
fn a_rename_can_be_there_without_its_content() {
    let contents = [
        (Survive::Nothing, ""),
        (Survive::FirstHalf, "ne"),
        (Survive::Zeros, "\0\0\0\0"),
        (Survive::LastPart, "\0\0ww"),
    ];
    for (contents, wanted) in contents {
        let fs = ground();
        let file = fs.create(Path::new("/d/part"), 0o644).expect("create");
        file.write(b"ne").and_then(|()| file.write(b"ww")).expect("write");
        fs.rename(Path::new("/d/part"), path()).and_then(|()| fs.sync_dir(Path::new("/d"))).expect("rename");
        fs.cut(PowerCut { names: Survive::Nothing, contents });
        fs.restart();
        assert_eq!(text(&fs).as_deref(), Some(wanted));
    }
}

#[test]
fn a_second_sync_after_a_failed_one_says_nothing() {
    let fs = ground();
    let file = fs.create(Path::new("/d/log"), 0o644).expect("create");
    fs.sync_dir(Path::new("/d")).expect("sync");
    file.write(b"one").expect("write");
    fs.strike(fs.operations() + 1, Trouble::SyncError);
    assert_eq!(file.sync().expect_err("EIO").raw_os_error(), Some(5));
    file.sync().expect("the second sync is told nothing");
    assert_eq!(fs.open(Path::new("/d/log")).map(std::io::read_to_string).expect("open").expect("read"), "one");
    file.write(b"two").and_then(|()| file.sync()).expect("later writes");
    fs.cut(PowerCut::HARD);
    fs.restart();
    let left = fs.open(Path::new("/d/log")).map(std::io::read_to_string).expect("open").expect("read");
    assert_eq!(left, "\0\0\0two");
    assert!(file.write(b"three").is_err(), "a handle of an earlier life");
}

#[test]
fn a_full_disk_stays_full_until_it_is_mended() {
    let fs = ground();
    fs.strike(fs.operations() + 1, Trouble::NoSpace("/d"));
    let error = fs.create(Path::new("/d/x"), 0o644).expect_err("full");
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    assert_eq!(fs.space(Path::new("/d")).expect("space").bytes, 0);
    assert!(fs.make_dir(Path::new("/d/y"), 0o755).is_err());
    remove_if_there(&fs, path()).expect("removing needs no space");
    fs.mend();
    fs.make_dir(Path::new("/d/y"), 0o755).expect("mended");
}

#[test]
fn locks_end_with_their_program() {
    let fs = ground();
    let held = fs.try_lock(Path::new("/d/lock")).expect("lock").expect("free");
    assert!(fs.try_lock(Path::new("/d/lock")).expect("lock").is_none());
    drop(held);
    let _held = fs.try_lock(Path::new("/d/lock")).expect("lock").expect("free");
    fs.kill();
    assert!(fs.try_lock(Path::new("/d/lock")).is_err());
    fs.restart();
    assert!(fs.locks().is_empty());
}

#[test]
fn links_and_directories() {
    let fs = ground();
    symlink_atomic(&fs, Path::new("d"), Path::new("/current")).expect("link");
    symlink_atomic(&fs, Path::new("/d"), Path::new("/current")).expect("replaced");
    assert_eq!(read_limited(&fs, Path::new("/current/file"), 100).expect("read").as_deref(), Some("old old old"));
    assert_eq!(fs.read_link(Path::new("/current")).expect("link"), Path::new("/d"));
    assert_eq!(fs.list(Path::new("/current"), 10).expect("list").len(), 1);
    assert!(fs.append(Path::new("/current")).is_err());
    fs.make_dir(Path::new("/d/in"), 0o700).expect("directory");
    assert!(fs.remove_dir(Path::new("/d")).is_err() && fs.remove_file(Path::new("/d/in")).is_err());
    fs.remove_dir(Path::new("/d/in")).expect("empty");
    fs.symlink(Path::new("/loop"), Path::new("/loop")).expect("link");
    assert!(fs.open(Path::new("/loop/x")).is_err());
}
