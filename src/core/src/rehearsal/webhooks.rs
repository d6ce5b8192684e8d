//! Admission webhooks: which of them are asked about an object, and which refuse everything while nobody answers.

use serde_json::Value;

use super::{selector, text};

/// What would be asked of a webhook.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The object.
    pub object: &'a Value,
    /// Group of the resource; empty for the core.
    pub group: &'a str,
    /// Version of the resource.
    pub version: &'a str,
    /// Resource (`deployments`).
    pub resource: &'a str,
    /// Labels of the object's namespace; nothing for kinds of the whole cluster.
    pub namespace: Option<&'a Value>,
    /// Whether the object exists already.
    pub exists: bool,
}

/// The service that a webhook's answers come from, as namespace and name; `None` for an address outside the cluster.
#[must_use]
pub fn service(webhook: &Value) -> Option<(&str, &str)> {
    let (namespace, name) =
        (text(webhook, "/clientConfig/service/namespace"), text(webhook, "/clientConfig/service/name"));
    (!name.is_empty()).then_some((namespace, name))
}

/// Whether a webhook that does not answer refuses what it was asked (`failurePolicy: Fail`, the default).
#[must_use]
pub fn fails_closed(webhook: &Value) -> bool {
    text(webhook, "/failurePolicy") != "Ignore"
}

/// Whether a webhook is asked about the request. Its `matchConditions` are not evaluated: it then may be.
#[must_use]
pub fn is_asked(webhook: &Value, request: &Request<'_>) -> bool {
    let everything = Value::Object(serde_json::Map::new());
    let picks = |field: &str, labels: &Value| {
        let found = webhook.get(field).filter(|found| !found.is_null()).unwrap_or(&everything);
        selector::picks(found, labels)
    };
    let rules = webhook.get("rules").and_then(Value::as_array).into_iter().flatten();
    rules.into_iter().any(|rule| rule_matches(rule, request))
        && picks("objectSelector", request.object.pointer("/metadata/labels").unwrap_or(&Value::Null))
        // A namespace itself is judged by its own labels, kinds of the whole cluster by none.
        && match request.namespace {
            Some(labels) => picks("namespaceSelector", labels),
            None if text(request.object, "/kind") == "Namespace" => {
                picks("namespaceSelector", request.object.pointer("/metadata/labels").unwrap_or(&Value::Null))
            }
            None => true,
        }
}

/// Whether the ready endpoints of a service, given its `EndpointSlice`s, are more than none.
#[must_use]
pub fn is_served(slices: &[Value]) -> bool {
    let endpoints = slices.iter().filter_map(|slice| slice.get("endpoints")?.as_array()).flatten();
    // Nothing said means ready.
    endpoints.into_iter().any(|endpoint| endpoint.pointer("/conditions/ready") != Some(&Value::Bool(false)))
}

fn rule_matches(rule: &Value, request: &Request<'_>) -> bool {
    let names = |field: &str, wanted: &str| {
        let found = rule.get(field).and_then(Value::as_array).into_iter().flatten();
        found.filter_map(Value::as_str).any(|name| name == "*" || name == wanted)
    };
    let resources = rule.get("resources").and_then(Value::as_array).into_iter().flatten();
    let resource = resources.filter_map(Value::as_str).any(|name| {
        // `*/*` and `deployments/*` hold the resource itself, too; `deployments/scale` does not.
        matches!(name, "*" | "*/*") || name.strip_suffix("/*").unwrap_or(name) == request.resource
    });
    let scope = match rule.get("scope").and_then(Value::as_str) {
        Some("Namespaced") => request.namespace.is_some(),
        Some("Cluster") => request.namespace.is_none(),
        _ => true,
    };
    resource
        && scope
        && names("apiGroups", request.group)
        && names("apiVersions", request.version)
        && names("operations", if request.exists { "UPDATE" } else { "CREATE" })
}

#[cfg(test)]
mod tests;
