//! A copy of everything that a server holds, as SQL, for a restore point.
//!
//! `pg_dumpall` reads each database in one snapshot of its own while others write; roles come without their passwords, which
//! the site's Secret gives back at the next start. The copy is read by `psql` of the same or a later version into an empty
//! server.

use std::io::{ErrorKind, Write};
use std::time::Duration;

use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::port::Attempt;
use bridle_core::release::DataSource;

use super::{Door, connection, place};
use crate::connect::{ApiServer, ExecError, Pods};

/// What a whole copy ends with (`pg_dumpall.c`).
const END: &[u8] = b"--\n-- PostgreSQL database cluster dump complete\n--\n";
/// So much of the end is kept to look for it; a copy ends with some empty lines.
const KEPT: usize = 256;
/// How long it waits for a table that somebody changes.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where a copy goes.
pub struct DumpTarget<'a> {
    /// Takes the bytes as they come; bringing them to disk is the caller's.
    pub to: &'a mut dyn Write,
    /// Name of that place in faults.
    pub path: &'a str,
    /// Most bytes.
    pub limit: u64,
}

/// A whole copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dumped {
    /// Its size in bytes.
    pub bytes: u64,
}

/// Copies a server. Only a copy for which this gives `Ok` is one: the command ended well, and the copy has its end.
///
/// # Errors
/// `DatabaseUnreachable`, `PodCommandFailed`, `DumpTooLarge`, `DumpIncomplete`, `NoSpace` or `WriteFailed`,
/// `KubernetesRefused`, `DeadlinePassed`; what was written then is worth nothing.
pub(crate) fn dump(
    api: &ApiServer,
    pods: &dyn Pods,
    source: &DataSource,
    target: &mut DumpTarget<'_>,
    attempt: &mut Attempt<'_>,
) -> Result<Dumped, Fault> {
    attempt.progress.waiting(Message::new("wait-database-copy").with("source", source.name.as_str()));
    let door = Door { pods, source, place: place(api, source)? };
    let mut meter = Meter { to: &mut *target.to, limit: target.limit, bytes: 0, end: Vec::new() };
    let ended = pods.run(&door.place, &command(), &mut meter, attempt.limit, attempt.stop);
    let Meter { bytes, end, .. } = meter;
    let fault = |code| Fault::new(code).with("source", source.name.as_str());
    if let Err(ExecError::Write(_, error)) = &ended {
        return Err(match error.kind() {
            ErrorKind::FileTooLarge => fault(FaultCode::DumpTooLarge).with("limit", target.limit / 1_000_000),
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                Fault::new(FaultCode::NoSpace).with("path", target.path).because(error)
            }
            _ => Fault::new(FaultCode::WriteFailed).with("path", target.path).because(error),
        });
    }
    door.judged("pg_dumpall", ended)?;
    let trimmed = end.iter().rposition(|byte| *byte != b'\n').map_or(0, |last| last + 1);
    let whole = [&end[..trimmed], b"\n"].concat();
    if !whole.ends_with(END) {
        let fault = fault(FaultCode::DumpIncomplete).with("namespace", door.place.namespace.as_str());
        return Err(fault.with("pod", door.place.pod.as_str()).output(&format!("{bytes} bytes came")));
    }
    target.to.flush().map_err(|error| Fault::new(FaultCode::WriteFailed).with("path", target.path).because(&error))?;
    Ok(Dumped { bytes })
}

fn command() -> Vec<String> {
    vec![
        "pg_dumpall".to_owned(),
        format!("--dbname={}", connection("postgres")),
        "--no-password".to_owned(),
        "--no-role-passwords".to_owned(),
        "--quote-all-identifiers".to_owned(),
        format!("--lock-wait-timeout={}", PATIENCE.as_millis()),
    ]
}

/// Passes bytes on, counts them, and keeps the last ones.
struct Meter<'a> {
    to: &'a mut dyn Write,
    limit: u64,
    bytes: u64,
    end: Vec<u8>,
}

impl Write for Meter<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.bytes.saturating_add(bytes.len() as u64) > self.limit {
            return Err(std::io::Error::from(ErrorKind::FileTooLarge));
        }
        let written = self.to.write(bytes)?;
        self.bytes += written as u64;
        self.end.extend_from_slice(&bytes[..written]);
        let over = self.end.len().saturating_sub(KEPT);
        self.end.drain(..over);
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.to.flush()
    }
}
