#![allow(clippy::disallowed_methods, reason = "a medium that somebody else wrote")]

use std::os::unix::fs::symlink;

use super::*;

fn names(search: &Search, root: &Path) -> Vec<String> {
    let name = |found: &Found| found.path.strip_prefix(root).expect("below").display().to_string();
    search.files.iter().map(name).collect()
}

#[test]
fn what_is_looked_at_on_a_medium() {
    let dir = tempfile::tempdir().expect("dir");
    let (stick, other) = (dir.path().join("stick"), dir.path().join("other"));
    fs::create_dir_all(stick.join("a/b/c")).expect("dirs");
    fs::create_dir_all(&other).expect("dir");
    for path in
        ["one.bundle", "a/two.run", "a/b/three.delta.bundle", "a/b/c/deep.bundle", "notes.txt", ".hidden.bundle"]
    {
        fs::write(stick.join(path), path).expect("write");
    }
    fs::write(other.join("secret.bundle"), "elsewhere").expect("write");
    symlink(other.join("secret.bundle"), stick.join("link.bundle")).expect("link");
    symlink(&other, stick.join("folder")).expect("link");
    rustix::fs::mknodat(rustix::fs::CWD, stick.join("pipe.bundle"), rustix::fs::FileType::Fifo, 0o600.into(), 0)
        .expect("pipe");
    // The same place twice, and one that is not there.
    let search = search(vec![stick.clone(), stick.join("a"), dir.path().join("nowhere")]);
    assert_eq!(names(&search, &stick), ["a/b/c/deep.bundle", "a/b/three.delta.bundle", "a/two.run", "one.bundle"]);
    assert!(search.cut.is_empty());
    let read = |found: &Found| found.beginning.as_ref().expect("read").bytes.clone();
    assert_eq!(search.files.iter().map(read).next_back(), Some(b"one.bundle".to_vec()));
}

#[test]
fn a_full_medium_is_not_read_to_its_end() {
    let dir = tempfile::tempdir().expect("dir");
    for number in 0..MOST_NAMES + 50 {
        fs::write(dir.path().join(format!("{number}.bundle")), "x").expect("write");
    }
    let search = search(vec![dir.path().to_owned()]);
    assert_eq!((search.files.len(), search.cut), (MOST_FILES, vec![dir.path().to_owned()]));
}

#[test]
fn of_a_large_file_only_the_beginning_is_read() {
    let dir = tempfile::tempdir().expect("dir");
    let path = dir.path().join("large.run");
    let bundle = vec![7; usize::try_from(LARGEST_PIECE).expect("fits") + 1];
    let run = RunFile::of(5000, bundle.len() as u64);
    let mut bytes = vec![1; usize::try_from(run.bundle.start).expect("fits")];
    bytes.extend(&bundle);
    bytes.extend(run.footer());
    fs::write(&path, &bytes).expect("write");
    let Beginning { bytes: read, ends } = beginning(&path).expect("read");
    assert!(read.len() as u64 == LARGEST_PIECE && read.iter().all(|byte| *byte == 7), "the release, not the installer");
    assert!(!ends, "a release ends with zeros");
}

#[test]
fn a_release_that_is_still_copied_does_not_end() {
    let dir = tempfile::tempdir().expect("dir");
    let whole = bridle_agent::sample::Sample::one().bundle();
    let ends = |bytes: &[u8]| {
        let path = dir.path().join("one.bundle");
        fs::write(&path, bytes).expect("write");
        beginning(&path).expect("read").ends
    };
    assert!(ends(&whole));
    for length in [0, 1, END - 1, END, whole.len() / 2, whole.len() - END, whole.len() - 1] {
        assert!(!ends(&whole[..length]), "{length} of {}", whole.len());
    }
    let mut padded = whole.clone();
    padded.extend(b"more");
    assert!(!ends(&padded), "something stands behind it");
    // In a .run file the same counts of what stands between installer and footer.
    let run = RunFile::of(5000, whole.len() as u64);
    let mut bytes = vec![1; usize::try_from(run.bundle.start).expect("fits")];
    bytes.extend(&whole);
    bytes.extend(run.footer());
    assert!(ends(&bytes));
    assert!(!ends(&bytes[..bytes.len() - 1]), "without its footer it is no .run file");
}
