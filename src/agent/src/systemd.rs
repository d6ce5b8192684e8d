//! What the agent tells systemd about itself.

use std::sync::Arc;
use std::time::Duration;

use sd_notify::NotifyState;

use crate::operations::Operations;

/// A third of the unit's `WatchdogSec`.
const BEAT: Duration = Duration::from_secs(20);

/// Tells that everything listens.
pub(crate) fn ready() {
    tell(&[NotifyState::Ready, NotifyState::Status("ready")]);
}

/// Tells that the agent stops.
pub(crate) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// Beats as long as the state of operations can be read: an agent that hangs is started again.
pub(crate) async fn keep_alive(operations: Arc<Operations>) {
    let mut timer = tokio::time::interval(BEAT);
    loop {
        timer.tick().await;
        let operations = Arc::clone(&operations);
        let sentence = tokio::task::spawn_blocking(move || operations.sentence()).await;
        if let Ok(sentence) = sentence {
            tell(&[NotifyState::Watchdog, NotifyState::Status(&sentence)]);
        }
    }
}

fn tell(states: &[NotifyState<'_>]) {
    // Without systemd (tests) there is nobody to tell.
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "cannot notify systemd");
    }
}
