//! The database schema and its versions.
//!
//! Copies of two versions of the service run side by side in an upgrade and after going back, so a
//! migration only adds: what the version before it needs stays.

use std::sync::Arc;
use std::time::Duration;

use crate::pool::{Pool, PoolError};

/// Migrations in order; the place in the list (from 1) is the version. Never change one that was released.
const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE enrolment (
        seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        student text NOT NULL CHECK (char_length(student) BETWEEN 1 AND 100),
        course text NOT NULL CHECK (char_length(course) BETWEEN 1 AND 60),
        enrolled_at timestamptz NOT NULL DEFAULT now(),
        UNIQUE (student, course)
    );
    CREATE INDEX enrolment_course ON enrolment (course, seq);
",
    // Without a default or a rule of its own: the rows stay as they are, and nobody waits.
    #[cfg(feature = "note")]
    "ALTER TABLE enrolment ADD COLUMN note text",
];

/// Any number that is the same in every copy: only one migrates at a time.
const LOCK: i64 = 0x63_616d_7075_7301;
/// Longest time for all migrations.
const LIMIT: Duration = Duration::from_secs(120);

/// Brings the schema to this version; a newer schema is left as it is.
///
/// # Errors
/// [`PoolError`] when the database is away or a migration fails; nothing of it stays then.
pub(crate) async fn migrate(pool: &Arc<Pool>) -> Result<(), PoolError> {
    let mut connection = pool.get().await?;
    let done = tokio::time::timeout(LIMIT, apply(&mut connection)).await;
    match done {
        Ok(result) => result.map_err(PoolError::Query),
        Err(_) => {
            connection.discard();
            Err(PoolError::ConnectTimeout)
        }
    }
}

/// Whether the schema is at least the one of this version.
///
/// # Errors
/// [`PoolError`] when the database is away.
pub(crate) async fn is_current(pool: &Arc<Pool>) -> Result<bool, PoolError> {
    let connection = pool.get().await?;
    let version = connection.query_one("SELECT coalesce(max(version), 0) FROM schema_version", &[]).await;
    match version {
        Ok(row) => Ok(usize::try_from(row.get::<_, i32>(0)).unwrap_or(0) >= MIGRATIONS.len()),
        // A database that was emptied or put back to an earlier day.
        Err(error) if error.code() == Some(&tokio_postgres::error::SqlState::UNDEFINED_TABLE) => Ok(false),
        Err(error) => Err(PoolError::Query(error)),
    }
}

async fn apply(client: &mut tokio_postgres::Client) -> Result<(), tokio_postgres::Error> {
    let transaction = client.transaction().await?;
    // Whoever waits for a table keeps all later visitors waiting behind it: soon given up, and tried again.
    transaction.batch_execute("SET LOCAL statement_timeout = '100s'; SET LOCAL lock_timeout = '2s'").await?;
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    transaction
        .batch_execute(
            "CREATE TABLE IF NOT EXISTS schema_version (
                 version integer PRIMARY KEY,
                 applied_at timestamptz NOT NULL DEFAULT now()
             )",
        )
        .await?;
    let row = transaction.query_one("SELECT coalesce(max(version), 0) FROM schema_version", &[]).await?;
    let current = usize::try_from(row.get::<_, i32>(0)).unwrap_or(0);
    for (migration, version) in MIGRATIONS.iter().zip(1_i32..).skip(current) {
        transaction.batch_execute(migration).await?;
        transaction.execute("INSERT INTO schema_version (version) VALUES ($1)", &[&version]).await?;
        crate::log::line("info", "schema migrated", &[("version", &version.to_string())]);
    }
    transaction.commit().await
}
