//! The step *node ready*.

use bridle_core::fault::Fault;
use bridle_core::message::Message;
use bridle_core::port::{Attempt, Clock};
use bridle_core::step::Standing;

use crate::connect::{ApiServer, segment};
use crate::patience::Patience;
use crate::readiness::node_trouble;

/// How the node stands; an API that does not answer counts as not ready yet.
pub(crate) fn probe(api: &ApiServer, node: &str, version: Option<&str>) -> Standing {
    match trouble(api, node, version) {
        None => Standing::Done,
        Some((message, _)) => Standing::Missing(message),
    }
}

/// Waits until the node is ready and its disk has room.
///
/// # Errors
/// `DeadlinePassed` with the last reason as its cause.
pub(crate) fn apply(
    api: &ApiServer,
    clock: &dyn Clock,
    node: &str,
    version: Option<&str>,
    attempt: &mut Attempt<'_>,
) -> Result<(), Fault> {
    let patience = Patience::new(clock, attempt.limit);
    loop {
        let Some((message, cause)) = trouble(api, node, version) else { return Ok(()) };
        attempt.progress.waiting(message.clone());
        patience.pause(attempt.stop, &format!("Node {node}")).map_err(|fault| fault.detail(message).output(&cause))?;
    }
}

fn trouble(api: &ApiServer, node: &str, version: Option<&str>) -> Option<(Message, String)> {
    match api.glance(&format!("/api/v1/nodes/{}", segment(node))) {
        Err(error) => Some((Message::new("wait-api"), error.fault("").causes.join(": "))),
        Ok(None) => Some((Message::new("node-missing").with("node", node), String::new())),
        Ok(Some(object)) => {
            let message = node_trouble(&object).or_else(|| old_kubelet(&object, node, version))?;
            let conditions = object.pointer("/status/conditions").map(ToString::to_string).unwrap_or_default();
            Some((message, conditions))
        }
    }
}

/// A node whose kubelet is not yet the one of `version`: what it says of itself is from before its restart.
fn old_kubelet(object: &serde_json::Value, node: &str, version: Option<&str>) -> Option<Message> {
    let wanted = version?;
    let found = object.pointer("/status/nodeInfo/kubeletVersion").and_then(serde_json::Value::as_str);
    let found = found.unwrap_or_default().trim_start_matches('v').split('+').next().unwrap_or_default();
    let message = Message::new("node-old-kubelet").with("node", node).with("found", found).with("wanted", wanted);
    (found != wanted).then_some(message)
}

#[cfg(test)]
mod tests;
