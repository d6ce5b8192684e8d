//! Backup of a folder to a repository in a folder, against stock restic with the same folder: first, unchanged, 1 % changed.
//!
//! Both are whole programs, from start to exit, and write the same format with every default of theirs. The two take turns,
//! each with a repository of its own.

use std::fs::{self, File, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bridle_core::backup::key::RepositoryKey;
use bridle_disk::Disk;
use bridle_vault::repository::{Outline, Repository, Silent, SnapshotName, Tree, Watch};
use bridle_vault::store::{Directory, DirectorySettings, ObjectStore};

use crate::Outcome;
use crate::ingest::own;
use crate::record::{Row, median};

const ROUNDS: usize = 3;

/// A folder that is saved.
struct Kind {
    name: &'static str,
    files: u64,
    /// Bytes of a file: between a half and one and a half of these.
    bytes: u64,
}

const KINDS: [Kind; 2] = [
    Kind { name: "small files", files: 20_000, bytes: 20_000 },
    Kind { name: "large files", files: 3, bytes: 160 << 20 },
];

/// Seconds and peak memory (KiB) of runs of one kind.
#[derive(Default)]
struct Runs {
    seconds: Vec<f64>,
    memory: u64,
}

/// Measures, alternating the two.
pub fn run() -> Outcome<Vec<Row>> {
    let cache = bridle_journeys::testhost::cache_folder();
    fs::create_dir_all(&cache)?;
    let mut rows = Vec::new();
    for kind in &KINDS {
        let folder = tempfile::Builder::new().prefix("bench-").tempdir_in(&cache)?;
        let source = folder.path().join("source");
        let total = fill(&source, kind)?;
        let mut runs: [[Runs; 2]; 3] = Default::default();
        let mut sizes = [0_u64; 2];
        for round in 0..ROUNDS {
            let places = ["ours", "restic"].map(|name| folder.path().join(name));
            let mut parent = String::from("-");
            prepare(&places, folder.path())?;
            for (run, what) in ["first", "unchanged", "1 % changed"].iter().enumerate() {
                eprintln!("{}, {what}, round {} of {ROUNDS}", kind.name, round + 1);
                if run == 2 {
                    change(&source, kind, round)?;
                }
                let mut command = own()?;
                command.arg("child-backup").arg(&places[0]).arg(&source).arg(&parent);
                parent = measured(&mut command, &mut runs[run][0])?.trim().to_owned();
                measured(
                    &mut restic(&places[1], folder.path(), &["backup", "--quiet"], Some(&source)),
                    &mut runs[run][1],
                )?;
            }
            sizes = [size(&places[0])?, size(&places[1])?];
            places.iter().try_for_each(fs::remove_dir_all)?;
        }
        for (what, [ours, theirs]) in ["first", "unchanged", "1 % changed"].iter().zip(&runs) {
            let (mine, rival) = (median(&ours.seconds), median(&theirs.seconds));
            rows.push(Row {
                section: "backup",
                what: format!("{}, {what}: time", kind.name),
                ours: format!("{mine:.2} s"),
                rival: format!("{rival:.2} s"),
                ratio: Some(mine / rival),
                remark: format!(
                    "{} files, {:.0} MB; peak memory {} against {} MiB",
                    kind.files,
                    total as f64 / 1e6,
                    ours.memory / 1024,
                    theirs.memory / 1024
                ),
            });
        }
        rows.push(Row {
            section: "backup",
            what: format!("{}, all three: size of the repository", kind.name),
            ours: format!("{:.1} MB", sizes[0] as f64 / 1e6),
            rival: format!("{:.1} MB", sizes[1] as f64 / 1e6),
            ratio: Some(sizes[0] as f64 / sizes[1] as f64),
            remark: "three snapshots".to_owned(),
        });
    }
    Ok(rows)
}

/// The measured program: saves `source`, prints the name of the snapshot.
pub fn child(place: &Path, source: &Path, parent: &str) -> Outcome<()> {
    let store: Arc<dyn ObjectStore> = Arc::new(Directory::open(Arc::new(Disk), &DirectorySettings::new(place), None)?);
    let repository = Repository::open(store, &key(), None)?;
    let tree =
        Tree { name: "source".to_owned(), root: source.to_owned(), as_path: source.to_owned(), exclude: Vec::new() };
    let outline = Outline { host: "bench".to_owned(), tags: Vec::new(), parent: SnapshotName::new(parent) };
    let saved = repository.archive_tree(&tree, &outline, &(Arc::new(Silent) as Arc<dyn Watch>))?;
    println!("{}", saved.snapshot);
    Ok(())
}

fn key() -> RepositoryKey {
    RepositoryKey::from_bytes([1; 32])
}

/// Empty repositories.
fn prepare(places: &[PathBuf; 2], folder: &Path) -> Outcome<()> {
    places.iter().try_for_each(fs::create_dir_all)?;
    let (store, _) = Directory::create(Arc::new(Disk), &DirectorySettings::new(&places[0]))?;
    Repository::create(Arc::new(store), &key(), None)?;
    File::create(folder.join("password"))?.write_all(b"bench")?;
    let status = restic(&places[1], folder, &["init", "--quiet"], None).status()?;
    if status.success() { Ok(()) } else { Err("restic does not make a repository".into()) }
}

fn restic(place: &Path, folder: &Path, words: &[&str], source: Option<&Path>) -> Command {
    let mut command = Command::new("restic");
    command.arg("--repo").arg(place).arg("--password-file").arg(folder.join("password"));
    command.arg("--cache-dir").arg(folder.join("restic-cache")).args(words).args(source);
    command
}

/// Runs a program that must succeed; its time, and the most memory it was seen to hold.
fn measured(command: &mut Command, runs: &mut Runs) -> Outcome<String> {
    rustix::fs::sync();
    let began = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let status = loop {
        runs.memory = runs.memory.max(peak(&child).unwrap_or(0));
        if let Some(status) = child.try_wait()? {
            break status;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    runs.seconds.push(began.elapsed().as_secs_f64());
    if !status.success() {
        return Err(format!("{command:?} ended with {status}").into());
    }
    let mut said = String::new();
    if let Some(mut out) = child.stdout.take() {
        std::io::Read::read_to_string(&mut out, &mut said)?;
    }
    Ok(said)
}

fn peak(child: &Child) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}

/// Files whose bytes compress to about a half, the same in every run; their size in all.
fn fill(source: &Path, kind: &Kind) -> Outcome<u64> {
    let mut total = 0;
    for number in 0..kind.files {
        let folder = source.join(format!("{:02}/{:02}", number % 50, number / 50 % 20));
        fs::create_dir_all(&folder)?;
        let length = kind.bytes / 2 + kind.bytes * (number * 7919 % 1000) / 1000;
        let mut file = std::io::BufWriter::new(File::create(folder.join(number.to_string()))?);
        write(&mut file, number, length)?;
        file.flush()?;
        total += length;
    }
    Ok(total)
}

fn write(to: &mut impl std::io::Write, seed: u64, length: u64) -> Outcome<()> {
    let mut state = (seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut left = length;
    while left > 0 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let piece = format!("{state:016x}");
        let count = left.min(piece.len() as u64);
        to.write_all(&piece.as_bytes()[..usize::try_from(count)?])?;
        left -= count;
    }
    Ok(())
}

/// Alters 1 %: every hundredth small file as a whole, or a hundredth of each large one in ten places.
fn change(source: &Path, kind: &Kind, round: usize) -> Outcome<()> {
    let seed = kind.files + round as u64;
    for number in 0..kind.files {
        let path = source.join(format!("{:02}/{:02}/{number}", number % 50, number / 50 % 20));
        let length = fs::metadata(&path)?.len();
        if kind.files < 100 {
            let mut file = OpenOptions::new().write(true).open(&path)?;
            for place in 0..10 {
                file.seek(SeekFrom::Start(length / 10 * place))?;
                let mut bytes = Vec::new();
                write(&mut bytes, seed * 1000 + number * 10 + place, length / 1000)?;
                file.write_all(&bytes)?;
            }
        } else if number % 100 == 0 {
            let mut file = std::io::BufWriter::new(File::create(&path)?);
            write(&mut file, seed * 1000 + number, length)?;
            file.flush()?;
        }
    }
    Ok(())
}

/// Bytes of all files below a folder.
fn size(folder: &Path) -> Outcome<u64> {
    let mut total = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let stat = entry.metadata()?;
        total += if stat.is_dir() { size(&entry.path())? } else { stat.len() };
    }
    Ok(total)
}
