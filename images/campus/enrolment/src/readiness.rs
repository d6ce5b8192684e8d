//! Ready means: the schema is in place, the database answers now, and the service is not about to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use crate::pool::{Pool, PoolError, chain};
use crate::schema;

/// Longest time for the database to answer a readiness question.
const LIMIT: Duration = Duration::from_secs(2);
/// First and longest pause between two tries to bring the schema up.
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));

/// What the readiness answer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readiness {
    /// Requests can be done.
    Ready,
    /// The schema is not in place yet.
    Migrating,
    /// The database does not answer.
    DatabaseAway,
    /// The service is about to stop.
    Draining,
}

/// State behind the readiness answer.
#[derive(Debug, Default)]
pub(crate) struct State {
    migrated: AtomicBool,
    draining: AtomicBool,
    behind: Notify,
    /// What goes wrong on purpose.
    #[cfg(feature = "faults")]
    pub(crate) faulty: crate::fault::Faulty,
}

impl State {
    /// From now on never ready again.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
    }

    /// Whether the service is about to stop.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }

    /// Asks the database and says what stands.
    pub(crate) async fn check(&self, pool: &Arc<Pool>) -> Readiness {
        if self.is_draining() {
            return Readiness::Draining;
        }
        #[cfg(feature = "faults")]
        if self.faulty.is_away() {
            return Readiness::DatabaseAway;
        }
        if !self.migrated.load(Ordering::SeqCst) {
            return Readiness::Migrating;
        }
        match tokio::time::timeout(LIMIT, schema::is_current(pool)).await {
            Ok(Ok(true)) => Readiness::Ready,
            Ok(Ok(false)) => {
                self.migrated.store(false, Ordering::SeqCst);
                self.behind.notify_one();
                Readiness::Migrating
            }
            // All connections are busy with requests: the database answers those.
            Ok(Err(PoolError::Exhausted)) => Readiness::Ready,
            Ok(Err(_)) | Err(_) => Readiness::DatabaseAway,
        }
    }

    /// Brings the schema up, again whenever it is found behind. Never ends.
    pub(crate) async fn keep_schema(&self, pool: &Arc<Pool>) {
        loop {
            let mut pause = PAUSE.0;
            let mut said = String::new();
            while let Err(error) = self.bring_up(pool).await {
                let text = chain(&error);
                // The same reason every second would bury everything else.
                if text != said {
                    crate::log::line("warning", "schema not in place", &[("error", &text)]);
                    said = text;
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(PAUSE.1);
            }
            self.migrated.store(true, Ordering::SeqCst);
            crate::log::line("info", "schema in place", &[]);
            self.behind.notified().await;
        }
    }

    async fn bring_up(&self, pool: &Arc<Pool>) -> Result<(), PoolError> {
        schema::migrate(pool).await?;
        #[cfg(feature = "faults")]
        self.faulty.migrate(pool).await?;
        Ok(())
    }
}
