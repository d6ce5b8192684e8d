//! What fuzzing has found so far, tried again by every test run: seeds, kept inputs, and everything that ever failed.

use std::fs;
use std::path::Path;

use bridle_fuzz::TARGETS;

/// Largest sum of all kept inputs, in bytes.
const LARGEST: u64 = 1 << 20;

#[test]
fn every_target_takes_its_seeds_and_its_kept_inputs() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let (mut bytes, mut kept) = (0, 0);
    for target in TARGETS {
        let seeds = (target.seeds)();
        assert!(!seeds.is_empty(), "{} has nothing to begin with", target.name);
        for seed in &seeds {
            assert!(seed.len() <= target.longest, "{}: a seed of {} bytes", target.name, seed.len());
            (target.run)(seed);
        }
        let folder = corpus.join(target.name);
        let files = fs::read_dir(&folder).into_iter().flatten().map(|entry| entry.expect("entry").path());
        for path in files {
            let input = fs::read(&path).expect("read");
            println!("{}", path.display());
            (target.run)(&input);
            bytes += input.len() as u64;
            kept += 1;
        }
    }
    println!("{kept} kept inputs with {bytes} bytes");
    assert!(bytes < LARGEST, "the corpus has grown to {bytes} bytes");
}

#[test]
fn every_folder_of_the_corpus_belongs_to_a_target() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for entry in fs::read_dir(corpus).expect("corpus") {
        let name = entry.expect("entry").file_name();
        assert!(name.to_str().and_then(bridle_fuzz::target).is_some(), "{name:?}");
    }
}
