//! `cargo ci`: the gate. Runs every check and every test, ends with one line of counts.
//!
//! ```text
//! cargo ci                   everything
//! cargo ci --list            the names of the steps
//! cargo ci --only STEP...    these steps only, whatever results are kept
//! ```

use bridle_journeys::gate::{Gate, Report, Work, keep};
use bridle_journeys::testhost;
use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

const USAGE: &str = "usage: cargo ci [--list | --only STEP...]";

fn main() -> ExitCode {
    match gate() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("cargo ci: {error}");
            ExitCode::FAILURE
        }
    }
}

fn gate() -> io::Result<ExitCode> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(PathBuf::from).unwrap_or_default();
    let mut gate = Gate::open(&root)?;
    let names = gate.names();
    let words: Vec<String> = env::args().skip(1).collect();
    let chosen = match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => names,
        ["--list"] => {
            names.iter().for_each(|name| println!("{name}"));
            return Ok(ExitCode::SUCCESS);
        }
        ["--only", chosen @ ..] if !chosen.is_empty() => {
            if let Some(unknown) = chosen.iter().find(|name| !names.iter().any(|known| known == *name)) {
                return Err(io::Error::other(format!("no step {unknown:?}; cargo ci --list shows them")));
            }
            // Who names a step wants to see it run.
            gate = gate.anew();
            chosen.iter().map(|name| (*name).to_owned()).collect()
        }
        _ => {
            eprintln!("{USAGE}");
            return Ok(ExitCode::from(2));
        }
    };
    let strict = env::var("CI").is_ok_and(|value| value == "true");
    let held = run(&gate, &root, &chosen, strict)?;
    Ok(if held { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs the steps; whether the gate holds.
fn run(gate: &Gate, root: &Path, names: &[String], strict: bool) -> io::Result<bool> {
    let logs = root.join("target/ci");
    fs::create_dir_all(&logs)?;
    let mut report = Report::default();
    for name in names {
        let Some(step) = gate.step(name) else {
            return Err(io::Error::other(format!("step {name} has gone")));
        };
        println!("begins   {name} (output: target/ci/{name}.log)");
        let begin = Instant::now();
        let log = logs.join(format!("{name}.log"));
        let key = matches!(step.work, Work::Run { .. }).then(|| gate.key(name)).flatten();
        let outcome = step.run(&log);
        if let Some(key) = key {
            keep(root, &key, outcome.counts, begin.elapsed().as_secs())?;
        }
        report.add(name, &outcome, begin.elapsed(), &log);
    }
    // What a test program that was killed has left on this machine.
    if rustix::process::geteuid().is_root() {
        match testhost::sweep() {
            Ok(names) if names.is_empty() => {}
            Ok(names) => println!("removed what killed tests had left: {}", names.join(", ")),
            Err(error) => println!("not all that killed tests had left could be removed: {error}"),
        }
    }
    Ok(report.close(strict))
}
