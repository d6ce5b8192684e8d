//! A copy of everything that a server holds, as SQL, for a restore point.
//!
//! `pg_dumpall` reads each database in one snapshot of its own while others write; roles come without their passwords, which
//! the site's Secret gives back at the next start. The copy is read by `psql` of the same or a later version into an empty
//! server.

use std::io::Write;
use std::time::Duration;

use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::port::{Attempt, Metered, Proof};
use bridle_core::release::DataSource;

use super::{Door, connection, place};
use crate::connect::{ApiServer, Pods};
use crate::data::DumpTarget;

/// What a whole copy ends with (`pg_dumpall.c`).
const END: &[u8] = b"--\n-- PostgreSQL database cluster dump complete\n--\n";
/// So much of the end is kept to look for it; a copy ends with some empty lines.
const KEPT: usize = 256;
/// How long it waits for a table that somebody changes.
const PATIENCE: Duration = Duration::from_secs(30);

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
) -> Result<Proof, Fault> {
    attempt.progress.waiting(Message::new("wait-database-copy").with("source", source.name.as_str()));
    let door = Door { pods, source, place: place(api, source)? };
    let mut meter = Meter { to: Metered::new(&mut *target.to, target.limit), end: Vec::new() };
    let ended = pods.run(&door.place, &command(), &mut meter, attempt.limit, attempt.stop);
    let (passed, end) = (meter.to.passed(), meter.end);
    let fault = |code| Fault::new(code).with("source", source.name.as_str());
    door.poured("pg_dumpall", ended, target)?;
    let trimmed = end.iter().rposition(|byte| *byte != b'\n').map_or(0, |last| last + 1);
    let whole = [&end[..trimmed], b"\n"].concat();
    if !whole.ends_with(END) {
        let fault = fault(FaultCode::DumpIncomplete).with("namespace", door.place.namespace.as_str());
        return Err(fault.with("pod", door.place.pod.as_str()).output(&format!("{} bytes came", passed.bytes)));
    }
    target.flush()?;
    Ok(passed)
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

/// Passes bytes on and keeps the last ones.
struct Meter<'a> {
    to: Metered<'a>,
    end: Vec<u8>,
}

impl Write for Meter<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.end.extend_from_slice(&bytes[..written]);
        let over = self.end.len().saturating_sub(KEPT);
        self.end.drain(..over);
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.to.flush()
    }
}
