//! A physical copy of a server that goes on working, as one archive, for a backup.
//!
//! `pg_basebackup` ends only when the server's archive has taken the whole log that the copy needs, and says at its end that all of
//! it came. Sums of pages are checked on the way; a server that keeps data elsewhere than in its own directory is refused by it.

use bridle_core::fault::Fault;
use bridle_core::message::Message;
use bridle_core::port::{Attempt, Metered, Proof};
use bridle_core::release::DataSource;

use super::{Door, place};
use crate::connect::{ApiServer, Pods};
use crate::data::DumpTarget;

/// Copies the files of a server. Only a copy for which this gives `Ok` is one.
///
/// # Errors
/// `DatabaseUnreachable`, `PodCommandFailed`, `DumpTooLarge`, `NoSpace` or `WriteFailed`, `KubernetesRefused`, `DeadlinePassed`;
/// what was written then is worth nothing.
pub(crate) fn base(
    api: &ApiServer,
    pods: &dyn Pods,
    source: &DataSource,
    target: &mut DumpTarget<'_>,
    attempt: &mut Attempt<'_>,
) -> Result<Proof, Fault> {
    attempt.progress.waiting(Message::new("wait-database-base").with("source", source.name.as_str()));
    let door = Door { pods, source, place: place(api, source)? };
    let mut to = Metered::new(&mut *target.to, target.limit);
    let ended = pods.run(&door.place, &command(), &mut to, attempt.limit, attempt.stop);
    let passed = to.passed();
    door.poured("pg_basebackup", ended, target)?;
    target.flush()?;
    Ok(passed)
}

fn command() -> Vec<String> {
    let words = [
        "pg_basebackup",
        "--dbname=host=/run/postgresql user=postgres application_name=bridle connect_timeout=10",
        "--no-password",
        "--pgdata=-",
        "--format=tar",
        "--checkpoint=fast",
        // The archive has it, and the end of the copy waits for that.
        "--wal-method=none",
        "--manifest-checksums=SHA256",
        "--label=bridle",
    ];
    words.map(str::to_owned).into()
}
