//! What goes wrong in the releases that must not stay. Compiled into no other.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crate::pool::{Pool, PoolError};

/// How long a flapping copy is ready, and how long it is not.
const READY: Duration = Duration::from_secs(8);
const AWAY: Duration = Duration::from_secs(12);

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Fault {
    /// The program ends at its start.
    Crash,
    /// It is ready for some seconds, then it is not, again and again.
    Flap,
    /// A migration fails half-way: one part of it stays, the other fails inside its transaction.
    Migration,
}

/// The fault of this copy, and since when it is at work.
#[derive(Debug, Default)]
pub(crate) struct Faulty(OnceLock<(Fault, Instant)>);

impl Faulty {
    /// From now on.
    pub(crate) fn set(&self, fault: Option<Fault>) {
        if let Some(fault) = fault {
            let _ = self.0.set((fault, Instant::now()));
        }
    }

    /// Whether a flapping copy says now that it is not ready.
    pub(crate) fn is_away(&self) -> bool {
        let Some((Fault::Flap, began)) = self.0.get() else { return false };
        let round = (READY + AWAY).as_millis();
        began.elapsed().as_millis() % round >= READY.as_millis()
    }

    /// The migration that fails. What the release before needs is there after it, whole.
    ///
    /// # Errors
    /// [`PoolError`] always, where it is this fault.
    pub(crate) async fn migrate(&self, pool: &Arc<Pool>) -> Result<(), PoolError> {
        let Some((Fault::Migration, _)) = self.0.get() else { return Ok(()) };
        let mut connection = pool.get().await?;
        // Outside of a transaction, as an index is built on a large table: this stays behind.
        let stays = "CREATE TABLE IF NOT EXISTS term (name text PRIMARY KEY, begins date NOT NULL)";
        connection.batch_execute(stays).await.map_err(PoolError::Query)?;
        let transaction = connection.transaction().await.map_err(PoolError::Query)?;
        let fails = "SET LOCAL lock_timeout = '500ms';
             ALTER TABLE enrolment ADD COLUMN term text REFERENCES term;
             INSERT INTO schema_version (version) VALUES (3);
             SELECT 1 / 0";
        transaction.batch_execute(fails).await.map_err(PoolError::Query)?;
        transaction.commit().await.map_err(PoolError::Query)
    }
}
