//! Whether a change of an object's pods interrupts what they do: its new pods come only when the old ones have gone.

use serde_json::Value;

/// Whether the pods of a rendered object cannot run beside those that they replace.
///
/// True for a `StatefulSet` with one copy, for a `Deployment` that is recreated, may be away as a whole or takes ports of
/// the host, and for a `DaemonSet` whose new pod waits for the place of the old one. Rules and defaults: `apps/v1`.
pub(super) fn interrupts(object: &Value) -> bool {
    let spec = &object["spec"];
    let copies = spec["replicas"].as_u64().unwrap_or(1);
    let (update, strategy) = (&spec["updateStrategy"], &spec["strategy"]);
    match object["kind"].as_str() {
        Some("StatefulSet") => copies == 1 && update["type"] != "OnDelete",
        Some("Deployment") if copies == 0 => false,
        Some("Deployment") => {
            let away = count(&strategy["rollingUpdate"]["maxUnavailable"], copies);
            strategy["type"] == "Recreate" || away >= copies || takes_ports(&spec["template"]["spec"])
        }
        Some("DaemonSet") => {
            let surge = &update["rollingUpdate"]["maxSurge"];
            let beside =
                surge.as_u64().is_some_and(|surge| surge > 0) || surge.as_str().is_some_and(|text| text != "0%");
            update["type"] != "OnDelete" && !beside
        }
        Some("List") => object["items"].as_array().is_some_and(|items| items.iter().any(interrupts)),
        _ => false,
    }
}

/// `maxUnavailable`: a number, or per cent of the copies (a quarter where nothing is said), rounded down.
fn count(value: &Value, copies: u64) -> u64 {
    let percent = |text: &str| text.strip_suffix('%').and_then(|number| number.parse::<u64>().ok());
    value.as_u64().unwrap_or_else(|| value.as_str().and_then(percent).unwrap_or(25).min(100) * copies / 100)
}

/// Ports of the host: two pods of a host cannot have the same one.
fn takes_ports(pod: &Value) -> bool {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let takes = |container: &Value| {
        let ports = list(&container["ports"]);
        let own = ports.iter().any(|port| port["hostPort"].as_u64().is_some_and(|port| port > 0));
        own || (pod["hostNetwork"] == true && !ports.is_empty())
    };
    list(&pod["containers"]).iter().any(takes)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pods_that_cannot_overlap() {
        let rolling = |copies: u64, away: Value| {
            json!({ "kind": "Deployment", "spec": { "replicas": copies, "strategy": {
                "type": "RollingUpdate", "rollingUpdate": { "maxSurge": 1, "maxUnavailable": away } } } })
        };
        let ports = |ports: Value, network: bool| {
            json!({ "kind": "Deployment", "spec": { "replicas": 2, "template": { "spec": {
                "hostNetwork": network, "containers": [{ "name": "a" }, { "name": "b", "ports": ports }] } } } })
        };
        let daemon = |update: Value| json!({ "kind": "DaemonSet", "spec": { "updateStrategy": update } });
        let list = json!({ "kind": "List", "items": [daemon(Value::Null)] });
        for (object, expected) in [
            (json!({ "kind": "StatefulSet", "spec": { "replicas": 1 } }), true),
            (json!({ "kind": "StatefulSet", "spec": {} }), true),
            (json!({ "kind": "StatefulSet", "spec": { "replicas": 3 } }), false),
            (json!({ "kind": "StatefulSet", "spec": { "updateStrategy": { "type": "OnDelete" } } }), false),
            (json!({ "kind": "Deployment", "spec": {} }), false),
            (json!({ "kind": "Deployment", "spec": { "strategy": { "type": "Recreate" } } }), true),
            (rolling(1, 0.into()), false),
            (rolling(2, 1.into()), false),
            (rolling(2, 2.into()), true),
            (rolling(1, "25%".into()), false),
            (rolling(4, "100%".into()), true),
            (rolling(0, 1.into()), false),
            (ports(json!([{ "containerPort": 80 }]), false), false),
            (ports(json!([{ "containerPort": 80, "hostPort": 80 }]), false), true),
            (ports(json!([{ "containerPort": 80 }]), true), true),
            (daemon(Value::Null), true),
            (daemon(json!({ "rollingUpdate": { "maxSurge": 0 } })), true),
            (daemon(json!({ "rollingUpdate": { "maxSurge": 1 } })), false),
            (daemon(json!({ "rollingUpdate": { "maxSurge": "50%" } })), false),
            (daemon(json!({ "type": "OnDelete" })), false),
            (list, true),
            (json!({ "kind": "Job" }), false),
            (Value::Null, false),
        ] {
            assert_eq!(interrupts(&object), expected, "{object}");
        }
    }
}
