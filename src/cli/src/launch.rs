//! `bridle-launch PROGRAM [ARGUMENTS]`: what the agent's unit starts.
//!
//! Becomes the program behind a path such as `/opt/bridle/current/bin/bridle`, with every symlink resolved first, so
//! that a running agent keeps its release's programs when `current` moves on. It is replaced only after a commit
//! (`design.md` §1.6) and so does as little as it can. Starts are not counted yet: that comes with upgrades, which are
//! what the count is for.

use std::os::unix::process::CommandExt as _;
use std::process::ExitCode;

#[allow(clippy::disallowed_methods, reason = "becoming another program is all that this program does")]
fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let Some(path) = arguments.next() else {
        eprintln!("bridle-launch: usage: bridle-launch PROGRAM [ARGUMENTS]");
        return ExitCode::from(2);
    };
    let program = match std::fs::canonicalize(&path) {
        Ok(program) => program,
        Err(error) => {
            eprintln!("bridle-launch: find {}: {error}", path.to_string_lossy());
            return ExitCode::FAILURE;
        }
    };
    let error = std::process::Command::new(&program).args(arguments).exec();
    eprintln!("bridle-launch: start {}: {error}", program.display());
    ExitCode::FAILURE
}
