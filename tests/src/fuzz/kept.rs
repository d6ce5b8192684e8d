//! The kept inputs of a target: few, small, and everything that ever failed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Beginning of the name of an input that failed once.
const FAILED: &str = "failed-";
/// Largest sum of the kept inputs of a target, in bytes; those that failed once do not count.
const LARGEST: u64 = 64 << 10;
/// Most kept inputs of a target: thousands of small files are a burden to every checkout.
const MOST: usize = 100;

/// Takes the inputs that failed from `work` into `corpus`, and returns where they are now.
pub(super) fn failures(work: &Path, corpus: &Path) -> io::Result<Vec<PathBuf>> {
    let mut moved = Vec::new();
    for path in files(work)? {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        // What is only slow is a remark of libFuzzer, not a failure.
        if name.starts_with(FAILED) && !name.contains("slow-unit") {
            let to = corpus.join(name);
            fs::copy(&path, &to)?;
            moved.push(to);
        }
    }
    Ok(moved)
}

/// Puts inputs of `merged` in the place of those of `corpus`: of all sizes, smallest first, as many as there is room for.
pub(super) fn replace(corpus: &Path, merged: &Path) -> io::Result<usize> {
    for path in files(corpus)? {
        if !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(FAILED)) {
            fs::remove_file(path)?;
        }
    }
    let mut inputs = Vec::new();
    for path in files(merged)? {
        inputs.push((path.metadata()?.len(), path));
    }
    inputs.sort();
    let (mut sum, mut count) = (0, 0);
    let step = inputs.len().div_ceil(MOST).max(1);
    for (size, path) in inputs.into_iter().step_by(step) {
        sum += size;
        if let Some(name) = path.file_name().filter(|_| sum <= LARGEST) {
            fs::copy(&path, corpus.join(name))?;
            count += 1;
        }
    }
    Ok(count)
}

fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_are_kept_and_failures_stay() {
        let folder = tempfile::tempdir().unwrap();
        let (corpus, merged) = (folder.path().join("corpus"), folder.path().join("merged"));
        for (path, size) in [("corpus/old", 1), ("corpus/failed-1", 100_000), ("merged/a", 40_000), ("merged/b", 10)] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, vec![0; size]).unwrap();
        }
        fs::write(merged.join("c"), vec![0; 41_000]).unwrap();
        assert_eq!(replace(&corpus, &merged).unwrap(), 2);
        let names: Vec<_> = files(&corpus).unwrap().iter().map(|path| path.file_name().unwrap().to_owned()).collect();
        assert_eq!(names, ["a", "b", "failed-1"]);
    }

    #[test]
    fn no_more_files_are_kept_than_a_checkout_bears() {
        let folder = tempfile::tempdir().unwrap();
        let (corpus, merged) = (folder.path().join("corpus"), folder.path().join("merged"));
        fs::create_dir_all(&corpus).unwrap();
        fs::create_dir_all(&merged).unwrap();
        for number in 0..=MOST {
            fs::write(merged.join(number.to_string()), vec![0; number]).unwrap();
        }
        let kept = replace(&corpus, &merged).unwrap();
        assert!((MOST / 2..=MOST).contains(&kept), "{kept}");
    }

    #[test]
    fn only_failures_are_taken() {
        let folder = tempfile::tempdir().unwrap();
        let (work, corpus) = (folder.path().join("work"), folder.path().join("corpus"));
        fs::create_dir_all(&work).unwrap();
        fs::create_dir_all(&corpus).unwrap();
        for name in ["log", "failed-crash-1", "failed-slow-unit-2"] {
            fs::write(work.join(name), "x").unwrap();
        }
        assert_eq!(failures(&work, &corpus).unwrap(), [corpus.join("failed-crash-1")]);
    }
}
