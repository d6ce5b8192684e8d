//! Verify + ingest of a release file, against `sha256sum` of the same file, which only reads it.
//!
//! Each run is a program of its own, from start to exit. `cold`: the file is not in memory (it is dropped from the page
//! cache before each run); `warm`: it is, from the run before. Ingest also writes every byte again and syncs it.

use std::fs::File;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use bridle_bundle::file::{Conditions, OpenedBundle, ReleaseFile};
use bridle_bundle::store::Store;
use rustix::fs::{Advice, fadvise, sync};

use crate::record::{Row, median};
use crate::{Outcome, synthetic};

/// Sizes of the layers of one image, in bytes; with [`IMAGES`] of them the file has 2 GB.
const LAYERS: [u64; 4] = [64 << 20, 24 << 20, 6 << 20, 1 << 18];
const IMAGES: usize = 20;
/// Runs of each kind; the middle one counts.
const ROUNDS: usize = 3;

/// Measures, alternating the kinds.
pub fn run() -> Outcome<Vec<Row>> {
    let cache = bridle_journeys::testhost::cache_folder();
    std::fs::create_dir_all(&cache)?;
    let folder = tempfile::Builder::new().prefix("bench-").tempdir_in(&cache)?;
    let file = folder.path().join("release.bundle");
    eprintln!("making a signed release of 2 GB");
    let size = synthetic::write(&file, IMAGES, &LAYERS)?;
    let mut rows = Vec::new();
    for cold in [true, false] {
        let (mut sums, mut once, mut twice, mut copies) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut fast = Vec::new();
        let mut peak = 0;
        for round in 0..ROUNDS {
            eprintln!("{} run {} of {ROUNDS}", if cold { "cold" } else { "warm" }, round + 1);
            prepare(&file, cold)?;
            sums.push(timed(Command::new("sha256sum").arg(&file))?.0);
            prepare(&file, cold)?;
            fast.push(timed(Command::new("openssl").args(["dgst", "-sha256"]).arg(&file))?.0);
            let store = folder.path().join("store");
            for (passes, times) in [("once", &mut once), ("twice", &mut twice)] {
                prepare(&file, cold)?;
                let (seconds, said) = timed(own()?.arg("child-ingest").arg(&file).arg(&store).arg(passes))?;
                times.push(seconds);
                peak = peak.max(said.trim().parse::<u64>()?);
                std::fs::remove_dir_all(&store)?;
            }
            prepare(&file, cold)?;
            let copy = folder.path().join("copy");
            let script = "sha256sum \"$0\" && cp \"$0\" \"$1\" && sync \"$1\"";
            copies.push(timed(Command::new("sh").args(["-c", script]).arg(&file).arg(&copy))?.0);
            std::fs::remove_file(&copy)?;
        }
        let cache = if cold { "cold" } else { "warm" };
        let remark = format!("{:.2} GB; peak memory {} MiB", size as f64 / 1e9, peak / 1024);
        let row = |what: &str, ours: &[f64], rival: &[f64], against: &str, remark: String| Row {
            section: "ingest",
            what: format!("{what}, {cache}, against {against}"),
            ours: format!("{:.2} s", median(ours)),
            rival: format!("{:.2} s", median(rival)),
            ratio: Some(median(ours) / median(rival)),
            remark,
        };
        rows.push(row("verify + ingest in one pass", &once, &sums, "sha256sum", remark));
        let installer = "as the installer does: the whole file is checked before the host is touched".to_owned();
        rows.push(row("check, then verify + ingest", &twice, &sums, "sha256sum", installer));
        let by_hand = "the same bytes on disk at the end, synced".to_owned();
        rows.push(row("verify + ingest in one pass", &once, &copies, "sha256sum, cp, sync", by_hand));
        let reads = "reads only, with the processor's own instructions for SHA-256".to_owned();
        rows.push(row("verify + ingest in one pass", &once, &fast, "openssl dgst -sha256", reads));
    }
    Ok(rows)
}

/// The measured program: prints its own peak memory in KiB.
pub fn child(file: &Path, store: &Path, passes: &str) -> Outcome<()> {
    let open = || -> Outcome<_> {
        let bundle = OpenedBundle::open(ReleaseFile::open(file)?.bundle()?)?;
        Ok(bundle.verify(&synthetic::trusted()?, &Conditions::default())?)
    };
    if passes == "twice" {
        open()?.verify_all(&mut |_| {})?;
    }
    let ingested = Store::open(store)?.ingest(open()?, 0, &mut |_| ControlFlow::Continue(()))?;
    if ingested.new == 0 {
        return Err("nothing was ingested".into());
    }
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    println!("{}", peak.trim().trim_end_matches("kB").trim());
    Ok(())
}

/// Nothing of an earlier run is still being written; the file is in memory, or not.
fn prepare(file: &Path, cold: bool) -> Outcome<()> {
    sync();
    if cold {
        fadvise(File::open(file)?, 0, None, Advice::DontNeed)?;
    }
    Ok(())
}

pub(crate) fn own() -> Outcome<Command> {
    Ok(Command::new(std::env::current_exe()?))
}

/// Seconds from start to end of a program that must succeed, and its standard output.
fn timed(command: &mut Command) -> Outcome<(f64, String)> {
    let began = Instant::now();
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    let seconds = began.elapsed().as_secs_f64();
    if !output.status.success() {
        return Err(format!("{command:?} ended with {}", output.status).into());
    }
    Ok((seconds, String::from_utf8(output.stdout)?))
}
