//! What Kubernetes warned of about a workload: where a pod merely is not ready, only that says why.

use bridle_core::step::ChartStep;
use serde_json::Value;

use crate::connect::{ApiServer, segment};

/// So many are told, the newest last, each at most so long.
const MOST: usize = 3;
const LONGEST: usize = 300;

/// The newest warnings about a workload (`Deployment/name`) and what it made, one a subject and reason; none where the API
/// does not answer at once.
pub(super) fn about(api: &ApiServer, chart: &ChartStep, workload: &str) -> Vec<String> {
    let path = format!("/api/v1/namespaces/{}/events", segment(&chart.namespace));
    let events = api.glance_list(&path, "fieldSelector=type%3DWarning").unwrap_or_default();
    newest(&events, workload.rsplit('/').next().unwrap_or(workload))
}

fn newest(events: &[Value], name: &str) -> Vec<String> {
    let family = format!("{name}-");
    let subject = |event: &Value| text(event, "/involvedObject/name").to_owned();
    let is_its = |event: &&Value| subject(event) == name || subject(event).starts_with(&family);
    let mut its: Vec<&Value> = events.iter().filter(is_its).filter(|event| text(event, "/type") == "Warning").collect();
    // RFC 3339 in UTC: the order of the texts is that of the times.
    its.sort_by_key(|event| std::cmp::Reverse(time(event)));
    let mut told: Vec<(String, String)> = Vec::new();
    let mut lines = Vec::new();
    for event in its {
        let key = (subject(event), text(event, "/reason").to_owned());
        if !told.contains(&key) && lines.len() < MOST {
            let (kind, message) = (text(event, "/involvedObject/kind"), text(event, "/message"));
            let line = format!("{kind} {}: {}: {}", key.0, key.1, message.trim());
            lines.push(line.chars().take(LONGEST).collect());
            told.push(key);
        }
    }
    lines.reverse();
    lines
}

fn time(event: &Value) -> String {
    let places = ["/series/lastObservedTime", "/lastTimestamp", "/eventTime", "/metadata/creationTimestamp"];
    places.into_iter().map(|place| text(event, place)).find(|time| !time.is_empty()).unwrap_or_default().to_owned()
}

fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(kind: &str, name: &str, reason: &str, time: &str) -> Value {
        let about = json!({ "kind": kind, "name": name });
        json!({ "type": "Warning", "involvedObject": about, "reason": reason, "message": format!("m {time}\n"),
                "lastTimestamp": time })
    }

    #[test]
    fn the_newest_of_the_workload_and_its_pods_once_each() {
        let mut normal = event("Pod", "api-1-x", "Pulled", "2026-11-23T20:09:00Z");
        normal["type"] = json!("Normal");
        let events = [
            event("Pod", "api-1-x", "Unhealthy", "2026-11-23T20:05:00Z"),
            event("Pod", "api-1-x", "Unhealthy", "2026-11-23T20:01:00Z"),
            event("Pod", "other-1", "Unhealthy", "2026-11-23T20:06:00Z"),
            event("Pod", "apis-1", "Unhealthy", "2026-11-23T20:06:00Z"),
            event("Deployment", "api", "Stuck", "2026-11-23T20:02:00Z"),
            event("Pod", "api-1-y", "FailedMount", "2026-11-23T20:03:00Z"),
            event("Pod", "api-1-z", "FailedMount", "2026-11-23T20:00:00Z"),
            normal,
        ];
        let wanted = [
            "Deployment api: Stuck: m 2026-11-23T20:02:00Z",
            "Pod api-1-y: FailedMount: m 2026-11-23T20:03:00Z",
            "Pod api-1-x: Unhealthy: m 2026-11-23T20:05:00Z",
        ];
        assert_eq!(newest(&events, "api"), wanted);
        assert!(newest(&[], "api").is_empty());
    }
}
