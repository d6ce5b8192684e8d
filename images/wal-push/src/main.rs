//! Hands the write-ahead log of PostgreSQL to the agent of its host (`archive_command`), and fetches it back (`restore_command`).
//!
//! ```text
//! archive_command = '/tools/wal-push --spool /spool push %p %f'
//! restore_command = '/tools/wal-push --spool /spool fetch %f %p'
//! wal-push --install DIRECTORY
//! ```
//! A push returns 0 only after the agent said that the file is durable in a repository. Everything else is a failure with one
//! line on the standard error: PostgreSQL keeps the file and tries again. The spool is described in `docs/FORMATS.md`.
// A program that lives in a pod, outside the rings of Bridle: it reads its clock and writes its files itself.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

mod arguments;
mod durable;
mod fetch;
mod push;
mod words;

use std::process::ExitCode;

use arguments::{Arguments, Order};

/// A push that failed: below 126, so that PostgreSQL tries again and does not restart its archiver.
const FAILED: u8 = 1;
/// A file that is certainly not there: recovery takes it for the end of the log.
const ABSENT: u8 = 1;
/// Recovery must stop: above 125 PostgreSQL does not take it for the end of the log.
const STOP: u8 = 200;

fn main() -> ExitCode {
    let arguments = match Arguments::read(std::env::args_os().skip(1)) {
        Ok(arguments) => arguments,
        // Also a restore command with a mistake in it must not end recovery early.
        Err(error) => return ended(&format!("{error}"), STOP - 1),
    };
    let Arguments { spool, deadline, order } = &arguments;
    match order {
        Order::Push { path, file } => match push::push(spool, path, file, *deadline) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => ended(&format!("push {file}: {error}"), FAILED),
        },
        Order::Fetch { file, path } => match fetch::fetch(spool, file, path, *deadline) {
            Ok(fetch::Fetched::Here) => ExitCode::SUCCESS,
            Ok(fetch::Fetched::Absent) => ended(&format!("fetch {file}: not in the repository"), ABSENT),
            Err(error) => ended(&format!("fetch {file}: {error}"), STOP),
        },
        Order::Install { directory } => match durable::install(directory) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => ended(&format!("install: {error}"), FAILED),
        },
    }
}

/// One line, whatever is in it: it goes into the server's log.
fn ended(what: &str, code: u8) -> ExitCode {
    let line: String = what.chars().map(|c| if c.is_control() { ' ' } else { c }).take(500).collect();
    eprintln!("wal-push: {line}");
    ExitCode::from(code)
}
