//! PostgreSQL servers of a release: asked, and copied.
//!
//! The contract with a chart whose data are of the kind `postgresql`: a container of the pod has `psql` and `pg_dumpall` of
//! its server, and on the socket in `/run/postgresql` the server lets its own user in as `postgres` without a password
//! (`images/postgresql/pg_hba.conf`; official images do). So no password is needed, known or passed on. Every session is
//! read-only, but for the one of [`collation`].

mod base_backup;
pub(crate) mod collation;
mod dump;

#[cfg(test)]
mod tests;

use std::io::Write;
use std::time::Duration;

use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::port::{Attempt, Clock};
use bridle_core::rehearsal::postgresql::{Collation, Server};
use bridle_core::release::DataSource;
use serde_json::Value;

use crate::connect::{ApiServer, Ended, ExecError, Place, Pods};
use crate::data::{DumpTarget, containers, fault, ready_pod, unwritten};
pub(crate) use base_backup::base;
pub(crate) use dump::dump;

/// Longest time for one question.
const LIMIT: Duration = Duration::from_secs(60);
/// Largest answer.
const LARGEST: usize = 4 * 1024 * 1024;
/// Databases that are asked one by one.
const MOST: usize = 500;

/// `psql` as every question uses it: no settings of anybody, read-only, never asking for a password.
fn connection(database: &str) -> String {
    session(database, "-c default_transaction_read_only=on")
}

/// A session of ours with these settings.
fn session(database: &str, settings: &str) -> String {
    let quoted = database.replace('\\', "\\\\").replace('\'', "\\'");
    format!(
        "host=/run/postgresql user=postgres dbname='{quoted}' application_name=bridle connect_timeout=10 \
         options='{settings}'"
    )
}

const VERSION: &str = "SELECT json_build_object('number', current_setting('server_version_num')::int, \
     'recovering', pg_is_in_recovery())";

const DATABASES: &str = "SELECT coalesce(json_agg(json_build_object('name', datname, 'bytes', pg_database_size(oid), \
     'provider', datlocprovider, 'recorded', datcollversion, \
     'actual', pg_database_collation_actual_version(oid)) ORDER BY datname), '[]') FROM pg_database WHERE datallowconn";

/// Before version 15 the rules of a database are not recorded.
const OLD_DATABASES: &str = "SELECT coalesce(json_agg(json_build_object('name', datname, 'bytes', pg_database_size(oid)) \
     ORDER BY datname), '[]') FROM pg_database WHERE datallowconn";

/// Rules that indexes use; `default` (100) stands for those of the database.
const COLLATIONS: &str = "SELECT coalesce(json_agg(json_build_object('name', collname, 'provider', collprovider, \
     'recorded', collversion, 'actual', actual, 'index_bytes', bytes) ORDER BY collname), '[]') FROM ( \
     SELECT c.oid = 100 AS own, c.collname, c.collprovider, c.collversion, \
     CASE WHEN c.oid <> 100 THEN pg_collation_actual_version(c.oid) END AS actual, \
     sum(pg_relation_size(i.indexrelid))::bigint AS bytes \
     FROM pg_collation c JOIN (SELECT DISTINCT indexrelid, unnest(indcollation::oid[]) AS used FROM pg_index) i \
     ON i.used = c.oid WHERE c.oid = 100 OR c.collversion IS NOT NULL GROUP BY c.oid, c.collname, c.collprovider, \
     c.collversion) used";

/// A server that can be asked.
pub(crate) struct Door<'a> {
    pods: &'a dyn Pods,
    source: &'a DataSource,
    place: Place,
}

/// Asks a server what it is.
///
/// # Errors
/// `DatabaseUnreachable` if no pod of it runs, `PodCommandFailed`, `DatabaseUnclear`, `KubernetesRefused`, `DeadlinePassed`.
pub(crate) fn facts(
    api: &ApiServer,
    pods: &dyn Pods,
    clock: &dyn Clock,
    source: &DataSource,
    attempt: &mut Attempt<'_>,
) -> Result<Server, Fault> {
    attempt.progress.waiting(Message::new("wait-database-ask").with("source", source.name.as_str()));
    let door = Door { pods, source, place: place(api, source)? };
    let end = clock.monotonic().saturating_add(attempt.limit);
    let left = || end.saturating_sub(clock.monotonic()).min(LIMIT);
    let mut head = door.ask("postgres", VERSION, left(), attempt.stop)?;
    if let Some(head) = head.as_object_mut() {
        head.insert("databases".to_owned(), Value::Array(Vec::new()));
    }
    let mut server: Server = serde_json::from_value(head).map_err(|error| door.unclear().because(&error))?;
    let list =
        door.ask("postgres", if server.records_rules() { DATABASES } else { OLD_DATABASES }, left(), attempt.stop)?;
    server.databases = serde_json::from_value(list).map_err(|error| door.unclear().because(&error))?;
    if server.databases.len() > MOST {
        let words = format!("{} databases; at most {MOST} are asked", server.databases.len());
        return Err(door.unclear().output(&words));
    }
    for database in &mut server.databases {
        let used = door.ask(&database.name, COLLATIONS, left(), attempt.stop)?;
        let used: Vec<Collation> = serde_json::from_value(used).map_err(|error| door.unclear().because(&error))?;
        for collation in used {
            if collation.name == "default" && collation.rules.recorded.is_none() {
                database.index_bytes = collation.index_bytes;
            } else {
                database.collations.push(collation);
            }
        }
    }
    Ok(server)
}

impl Door<'_> {
    fn ask(&self, database: &str, question: &str, limit: Duration, stop: &dyn Fn() -> bool) -> Result<Value, Fault> {
        let words = ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--no-password"];
        let mut command: Vec<String> = words.map(str::to_owned).into();
        command.extend([format!("--dbname={}", connection(database)), format!("--command={question}")]);
        let mut answer = Bounded { bytes: Vec::new(), most: LARGEST };
        self.judged("psql", self.pods.run(&self.place, &command, &mut answer, limit, stop))?;
        serde_json::from_slice(&answer.bytes)
            .map_err(|error| self.unclear().because(&error).output(&String::from_utf8_lossy(&answer.bytes)))
    }

    /// Whether a command came to its good end.
    fn judged(&self, what: &str, ended: Result<Ended, ExecError>) -> Result<(), Fault> {
        let failed = || {
            Fault::new(FaultCode::PodCommandFailed)
                .with("what", what)
                .with("pod", self.place.pod.as_str())
                .with("namespace", self.place.namespace.as_str())
        };
        match ended {
            Ok(ended) if ended.well => Ok(()),
            Ok(ended) => Err(failed().output(&ended.complaint)),
            Err(error @ (ExecError::Late(..) | ExecError::Stopped(_))) => {
                Err(Fault::new(FaultCode::DeadlinePassed).with("what", what).because(&error))
            }
            Err(error) => Err(failed().because(&error)),
        }
    }

    /// Whether a command came to its good end and all that it wrote was taken.
    fn poured(&self, what: &str, ended: Result<Ended, ExecError>, target: &DumpTarget<'_>) -> Result<(), Fault> {
        match &ended {
            Err(ExecError::Write(_, error)) => Err(unwritten(self.source, (target.path, target.limit), error)),
            _ => self.judged(what, ended),
        }
    }

    fn unclear(&self) -> Fault {
        Fault::new(FaultCode::DatabaseUnclear)
            .with("source", self.source.name.as_str())
            .with("workload", self.source.workload.as_str())
            .with("namespace", self.source.namespace.as_str())
    }
}

/// The container of the source's first ready pod, by name: the one called `postgresql` or `postgres`, else the first.
fn place(api: &ApiServer, source: &DataSource) -> Result<Place, Fault> {
    let pod = ready_pod(api, source, FaultCode::DatabaseUnreachable)?;
    let names = containers(&pod);
    let container = names.iter().find(|name| matches!(**name, "postgresql" | "postgres")).or(names.first());
    let container = *container.ok_or_else(|| fault(FaultCode::DatabaseUnreachable, source))?;
    let name = pod.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(Place { namespace: source.namespace.clone(), pod: name, container: container.to_owned() })
}

/// An answer in memory, no larger than this.
struct Bounded {
    bytes: Vec<u8>,
    most: usize,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.most {
            return Err(std::io::Error::from(std::io::ErrorKind::FileTooLarge));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
