//! The step *node ready*.

use bridle_core::fault::Fault;
use bridle_core::message::Message;
use bridle_core::port::{Attempt, Clock};
use bridle_core::step::Standing;

use crate::connect::{ApiServer, segment};
use crate::patience::Patience;
use crate::readiness::node_trouble;

/// How the node stands; an API that does not answer counts as not ready yet.
pub(crate) fn probe(api: &ApiServer, node: &str) -> Standing {
    match trouble(api, node) {
        None => Standing::Done,
        Some((message, _)) => Standing::Missing(message),
    }
}

/// Waits until the node is ready and its disk has room.
///
/// # Errors
/// `DeadlinePassed` with the last reason as its cause.
pub(crate) fn apply(api: &ApiServer, clock: &dyn Clock, node: &str, attempt: &mut Attempt<'_>) -> Result<(), Fault> {
    let patience = Patience::new(clock, attempt.limit);
    loop {
        let Some((message, cause)) = trouble(api, node) else { return Ok(()) };
        attempt.progress.waiting(message.clone());
        patience.pause(attempt.stop, &format!("Node {node}")).map_err(|fault| fault.detail(message).output(&cause))?;
    }
}

fn trouble(api: &ApiServer, node: &str) -> Option<(Message, String)> {
    match api.glance(&format!("/api/v1/nodes/{}", segment(node))) {
        Err(error) => Some((Message::new("wait-api"), error.fault("").causes.join(": "))),
        Ok(None) => Some((Message::new("node-missing").with("node", node), String::new())),
        Ok(Some(object)) => {
            let message = node_trouble(&object)?;
            let conditions = object.pointer("/status/conditions").map(ToString::to_string).unwrap_or_default();
            Some((message, conditions))
        }
    }
}

#[cfg(test)]
mod tests;
