//! `bridle-launch [--root FOLDER] [PROGRAM [ARGUMENTS]]`: what the agent's unit starts; without a program, the agent.
//!
//! Which release's agent that is, is decided in [`bridle_core::trial`]: starts of one on trial are counted, on disk, before
//! it runs, and one that does not come up gives way to the one before. The program is started by the path of its own release, so that a running
//! agent keeps its release's programs when `current` moves on. The launcher is replaced only after a commit
//! (`design.md` §1.6, decision 0021) and so does as little as it can. Another root is for tests.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bridle_core::trial::Launcher;
use bridle_disk::Disk;

fn main() -> ExitCode {
    let mut words: Vec<OsString> = std::env::args_os().skip(1).collect();
    let root = match words.first() {
        Some(first) if first == "--root" && words.len() > 1 => words.drain(..2).nth(1).map(PathBuf::from),
        _ => None,
    };
    match words.first() {
        Some(program) => match std::fs::canonicalize(program) {
            Ok(found) => become_program(&found, &words[1..]),
            Err(error) => say(&format!("find {}: {error}", program.to_string_lossy())),
        },
        None => agent(&root.unwrap_or_else(|| PathBuf::from("/"))),
    }
    ExitCode::FAILURE
}

/// Returns only if there is no agent that can be started.
fn agent(root: &Path) {
    let mut launcher = Launcher::new(&Disk, root);
    let mut next = Some(launcher.first());
    while let Some(program) = next {
        tell(&mut launcher);
        become_program(&program, &["agent".into()]);
        next = launcher.second();
    }
    tell(&mut launcher);
}

fn tell(launcher: &mut Launcher<'_>) {
    for trouble in launcher.troubles() {
        say(&format!("{trouble}: {}", trouble.source));
    }
}

/// Returns only if it fails.
#[expect(clippy::disallowed_methods, reason = "becoming another program is all that this program does")]
fn become_program(program: &Path, arguments: &[OsString]) {
    let error = std::process::Command::new(program).args(arguments).exec();
    say(&format!("start {}: {error}", program.display()));
}

fn say(words: &str) {
    eprintln!("bridle-launch: {words}");
}
