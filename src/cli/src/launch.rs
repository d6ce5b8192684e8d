//! `bridle-launch [PROGRAM [ARGUMENTS]]`: what the agent's unit starts; without arguments, the agent of the current release.
//!
//! Becomes the program with every symlink of its path resolved first, so that a running agent keeps its release's
//! programs when `current` moves on. It is replaced only after a commit
//! (`design.md` §1.6) and so does as little as it can. Starts are not counted yet: that comes with upgrades, which are
//! what the count is for.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::process::ExitCode;

const AGENT: [&str; 2] = ["/opt/bridle/current/bin/bridle", "agent"];

#[allow(clippy::disallowed_methods, reason = "becoming another program is all that this program does")]
fn main() -> ExitCode {
    let mut command: Vec<OsString> = std::env::args_os().skip(1).collect();
    if command.is_empty() {
        command = AGENT.iter().map(OsString::from).collect();
    }
    let path = &command[0];
    let program = match std::fs::canonicalize(path) {
        Ok(program) => program,
        Err(error) => {
            eprintln!("bridle-launch: find {}: {error}", path.to_string_lossy());
            return ExitCode::FAILURE;
        }
    };
    let error = std::process::Command::new(&program).args(&command[1..]).exec();
    eprintln!("bridle-launch: start {}: {error}", program.display());
    ExitCode::FAILURE
}
