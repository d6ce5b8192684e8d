//! `cargo bench-bridle NAME`: a figure of Bridle against a named rival in the same run, appended to `docs/BENCHMARKS.md`.
//!
//! `ingest`, `registry` and `backup` need nothing but this machine; the others boot test hosts. Run them on a quiet machine.

mod backup;
mod by_bridle;
mod by_hand;
mod hosts;
mod ingest;
mod pull;
mod record;
mod registry;
mod sample;
mod synthetic;

use std::path::Path;
use std::process::ExitCode;

use crate::hosts::Want;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const USAGE: &str = "\
usage: cargo bench-bridle NAME
  ingest     verify + ingest of a 2 GB release file, against sha256sum of it
  registry   the agent's registry with 20 pulls at once, against the stock registry
  backup     backup of a folder, against stock restic
  disk       peak extra disk of an installation, against compressed blobs + unpacked snapshots
  install    install until green, against the same parts put in place by hand
  restart    restart until green, against the same node after a sequential import of all images
  rest       memory and processor time of the agent at rest
  hosts      the last four with one installation each";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("benchmark: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[&str]) -> Outcome<()> {
    let root =
        Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).ok_or("the crate does not lie in a checkout")?;
    let rows = match words {
        // What is measured runs as a program of its own.
        ["child-ingest", file, store, passes] => return ingest::child(Path::new(file), Path::new(store), passes),
        ["child-registry", folder, port] => return registry::child(Path::new(folder), port.parse()?),
        ["child-backup", place, source, parent] => return backup::child(Path::new(place), Path::new(source), parent),
        ["ingest"] => ingest::run()?,
        ["backup"] => backup::run()?,
        ["registry"] => registry::run()?,
        [name] => hosts::run(root, Want::named(name).ok_or(USAGE)?)?,
        _ => return Err(USAGE.into()),
    };
    record::append(root, &rows)
}
