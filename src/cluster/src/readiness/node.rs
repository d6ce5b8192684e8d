//! Nodes.

use bridle_core::message::Message;
use serde_json::Value;

use super::{condition, text};

/// Why a node cannot carry pods, if it cannot: not ready, out of disk, memory or process numbers, no network.
#[must_use]
pub fn node_trouble(node: &Value) -> Option<Message> {
    let name = text(node, "/metadata/name");
    let say = |code: &'static str| Some(Message::new(code).with("node", name));
    // Pressure comes first: it is often the reason why the node is not ready.
    for (kind, code) in [
        ("DiskPressure", "node-disk-pressure"),
        ("MemoryPressure", "node-memory-pressure"),
        ("PIDPressure", "node-process-pressure"),
        ("NetworkUnavailable", "node-no-network"),
    ] {
        if condition(node, kind) == Some("True") {
            return say(code);
        }
    }
    match condition(node, "Ready") {
        Some("True") => None,
        Some("Unknown") => say("node-silent"),
        _ => say("node-not-ready"),
    }
}
