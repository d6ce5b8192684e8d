//! Data that were sorted by other rules than the server has: their indexes are built anew.
//!
//! The order is PostgreSQL's own advice (documentation, `ALTER DATABASE`, notes on collation versions): first everything
//! that depends on the rules is built anew, then the version is recorded. A cut in between only means that it is done again.

use std::time::Duration;

use bridle_core::fault::Fault;
use bridle_core::message::Message;
use bridle_core::port::{Attempt, Clock, Quiet};
use bridle_core::rehearsal::postgresql::{Affected, Server};
use bridle_core::release::DataSource;
use bridle_core::step::Standing;

use super::{Door, Pods, facts, place};
use crate::connect::ApiServer;

/// Longest time for the question whether something is to be done.
const ASK: Duration = Duration::from_secs(120);
/// Indexes are built beside those in use since this version.
const CONCURRENTLY_SINCE: u32 = 12;

/// What an earlier, interrupted run left: half an index that nobody uses.
const LEFTOVERS: &str = "DO $$ DECLARE one regclass; BEGIN FOR one IN SELECT i.indexrelid FROM pg_index i \
     JOIN pg_class c ON c.oid = i.indexrelid WHERE NOT i.indisvalid AND c.relname ~ '_cc(new|old)[0-9]*$' \
     LOOP EXECUTE format('DROP INDEX %s', one); END LOOP; END $$";
/// What cannot be built beside the one in use.
const EXCLUSIONS: &str = "DO $$ DECLARE one regclass; BEGIN FOR one IN SELECT conindid FROM pg_constraint \
     WHERE contype = 'x' AND conindid <> 0 LOOP EXECUTE format('REINDEX INDEX %s', one); END LOOP; END $$";
const COLLATIONS: &str = "DO $$ DECLARE one record; BEGIN FOR one IN SELECT n.nspname, c.collname FROM pg_collation c \
     JOIN pg_namespace n ON n.oid = c.collnamespace WHERE c.collversion IS NOT NULL AND c.collencoding IN \
     (-1, (SELECT encoding FROM pg_database WHERE datname = current_database())) \
     AND c.collversion IS DISTINCT FROM pg_collation_actual_version(c.oid) \
     LOOP EXECUTE format('ALTER COLLATION %I.%I REFRESH VERSION', one.nspname, one.collname); END LOOP; END $$";

/// Whether every database of the servers is sorted as its server sorts.
///
/// # Errors
/// As [`facts`].
pub(crate) fn probe(
    api: &ApiServer,
    pods: &dyn Pods,
    clock: &dyn Clock,
    sources: &[DataSource],
) -> Result<Standing, Fault> {
    for source in sources {
        let mut attempt = Attempt { limit: ASK, progress: &mut Quiet, stop: &|| false };
        if let Some(found) = facts(api, pods, clock, source, &mut attempt)?.mismatched().first() {
            let missing = Message::new("missing-collation").with("database", found.database.as_str());
            return Ok(Standing::Missing(missing));
        }
    }
    Ok(Standing::Done)
}

/// Which databases are built anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// Those that were sorted by other rules than their server has.
    Mismatched,
    /// All that are sorted by rules which change with a system.
    Sorted,
}

/// Builds the indexes of those databases anew that need it. Users are served meanwhile, but for what an exclusion
/// constraint guards.
///
/// # Errors
/// As [`facts`], or `PodCommandFailed` with the server's words.
pub(crate) fn apply(
    api: &ApiServer,
    pods: &dyn Pods,
    clock: &dyn Clock,
    (sources, which): (&[DataSource], Which),
    attempt: &mut Attempt<'_>,
) -> Result<(), Fault> {
    let end = clock.monotonic().saturating_add(attempt.limit);
    for source in sources {
        let server = facts(api, pods, clock, source, attempt)?;
        let databases = if which == Which::Sorted { server.sorted() } else { server.mismatched() };
        for affected in databases {
            const MIB: u64 = 1024 * 1024;
            let message = Message::new("wait-collation").with("database", affected.database.as_str());
            attempt.progress.waiting(message.with("size", affected.index_bytes.div_ceil(MIB)));
            let door = Door { pods, source, place: place(api, source)? };
            let left = end.saturating_sub(clock.monotonic());
            let command = command(&server, &affected, left);
            let mut said = std::io::sink();
            door.judged("psql", pods.run(&door.place, &command, &mut said, left, attempt.stop))?;
        }
    }
    Ok(())
}

/// `psql` that builds the indexes of a database anew; each part is a transaction of its own.
fn command(server: &Server, affected: &Affected, left: Duration) -> Vec<String> {
    let words = ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-password", "--set=ON_ERROR_STOP=1"];
    let name = affected.database.replace('"', "\"\"");
    let concurrently = if server.major() >= CONCURRENTLY_SINCE { "CONCURRENTLY " } else { "" };
    let mut parts = vec![LEFTOVERS.to_owned(), format!("REINDEX DATABASE {concurrently}\"{name}\"")];
    if !concurrently.is_empty() {
        parts.push(EXCLUSIONS.to_owned());
    }
    parts.push(COLLATIONS.to_owned());
    if server.records_rules() {
        parts.push(format!("ALTER DATABASE \"{name}\" REFRESH COLLATION VERSION"));
        // Nobody can connect to it, so nothing in it is sorted by them; new databases are made from it.
        parts.push("ALTER DATABASE template0 REFRESH COLLATION VERSION".to_owned());
    }
    let mut command: Vec<String> = words.map(str::to_owned).into();
    // Whoever is no longer waited for ends by itself.
    let limit = left.as_millis().max(1);
    command.push(format!("--dbname={}", super::session(&affected.database, &format!("-c statement_timeout={limit}"))));
    command.extend(parts.into_iter().map(|part| format!("--command={part}")));
    command
}
