//! What the steps of earlier operations took here, to say how much is left of a running one.

use std::time::Duration;

use bridle_core::operation::OperationId;
use bridle_core::plan::forecast::Learned;
use tokio::time::timeout;

use crate::api::Client;

/// So many earlier operations are read; each of them may have many events.
const READ: usize = 8;
/// Longest time for all of them: nobody waits for an estimate.
const LIMIT: Duration = Duration::from_secs(10);

impl Client {
    /// What is known of how long steps take here, from the operations that ended before `id`. What cannot be read in time
    /// is left out: an estimate is no reason for a fault.
    pub async fn learned(&self, id: &OperationId) -> Learned {
        let mut learned = Learned::default();
        let read = async {
            let operations = self.operations().await.unwrap_or_default();
            let ended = operations.iter().filter(|operation| operation.state.is_final() && operation.id < *id);
            let mut newest: Vec<&OperationId> = ended.map(|operation| &operation.id).take(READ).collect();
            // The oldest first: the newest durations count where there are many.
            newest.reverse();
            for id in newest {
                let Ok(mut stream) = self.events(id, 0).await else { continue };
                let mut events = Vec::new();
                while let Ok(Some(event)) = stream.next().await {
                    let last =
                        matches!(&event.kind, bridle_core::event::EventKind::State { state } if state.is_final());
                    events.push(event);
                    if last {
                        break;
                    }
                }
                learned.learn(&events);
            }
        };
        // Too slow: what was learned until now.
        let _ = timeout(LIMIT, read).await;
        learned
    }
}
