//! An agent on trial: what this one knows of it at its start, and how it proves itself (`design.md` §1.6).

use std::sync::Arc;
use std::time::Duration;

use bridle_host::layout::Layout;
use bridle_host::{programs, serving, trial};

use crate::operations::Operations;
use crate::store::SharedStore;

/// An agent that has served for so long is well: longer than its watchdog waits, so that one that hangs is not.
const PROBATION: Duration = Duration::from_secs(90);

/// Takes up what was left: which images are served, whether this agent was started instead of one that did not come up.
pub(crate) fn take_up(layout: &Layout, store: &SharedStore, operations: &Operations) {
    match serving::read(layout) {
        Ok(Some(release)) => store.prefer(Some(release)),
        Ok(None) => store.prefer(operations.installed()),
        Err(fault) => tracing::warn!(code = fault.code.code(), causes = ?fault.causes, "which images are served"),
    }
    if let Some(running) = programs::running(layout)
        && let Err(fault) = trial::own_up(layout, &running)
    {
        tracing::warn!(code = fault.code.code(), causes = ?fault.causes, "trial of an agent");
    }
    // A trial that cannot be read is none: an operation is not taken back for a torn note.
    operations.fall_back(|release| trial::failed(layout, release).unwrap_or(false));
}

/// Marks this agent as well once it has served for a while; it then starts as often as it likes.
pub(crate) async fn prove(layout: Layout, operations: Arc<Operations>) {
    tokio::time::sleep(PROBATION).await;
    let Some(running) = programs::running(&layout) else { return };
    let marked = tokio::task::spawn_blocking(move || trial::healthy(&layout, &running)).await;
    match marked {
        Ok(Ok(())) => tracing::debug!(operation = ?operations.current().map(|view| view.id), "agent is well"),
        Ok(Err(fault)) => tracing::warn!(code = fault.code.code(), causes = ?fault.causes, "trial of this agent"),
        Err(error) => tracing::warn!(%error, "trial of this agent"),
    }
}
