//! Label selectors, as Kubernetes evaluates them.

use serde_json::Value;

/// Whether `selector` (`matchLabels`, `matchExpressions`) picks something with these labels.
///
/// An empty selector picks everything, none (`null`) nothing. An operator that is not known picks: who asks is then warned
/// rather than lulled.
#[must_use]
pub fn picks(selector: &Value, labels: &Value) -> bool {
    if !selector.is_object() {
        return false;
    }
    let of = |key: &str| labels.get(key).and_then(Value::as_str);
    let equal = selector.get("matchLabels").and_then(Value::as_object).into_iter().flatten();
    let terms = selector.get("matchExpressions").and_then(Value::as_array).into_iter().flatten();
    equal.into_iter().all(|(key, value)| of(key) == value.as_str())
        && terms.into_iter().all(|term| {
            let found = of(term.get("key").and_then(Value::as_str).unwrap_or_default());
            let named = |found: &str| {
                let values = term.get("values").and_then(Value::as_array).into_iter().flatten();
                values.into_iter().any(|value| value.as_str() == Some(found))
            };
            match term.get("operator").and_then(Value::as_str) {
                Some("In") => found.is_some_and(named),
                Some("NotIn") => !found.is_some_and(named),
                Some("Exists") => found.is_some(),
                Some("DoesNotExist") => found.is_none(),
                _ => true,
            }
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn selectors_pick_what_kubernetes_picks() {
        let term = |operator: &str, values: Value| json!({ "matchExpressions": [{ "key": "tier", "operator": operator, "values": values }] });
        let web = json!({ "app": "web", "tier": "front" });
        for (selector, picked) in [
            (json!({}), true),
            (Value::Null, false),
            (json!({ "matchLabels": { "app": "web" } }), true),
            (json!({ "matchLabels": { "app": "web", "tier": "back" } }), false),
            (json!({ "matchLabels": { "absent": "x" } }), false),
            (term("In", json!(["back", "front"])), true),
            (term("In", json!(["back"])), false),
            (term("NotIn", json!(["back"])), true),
            (term("NotIn", json!(["front"])), false),
            (term("Exists", Value::Null), true),
            (term("DoesNotExist", Value::Null), false),
            (term("Gt", json!(["1"])), true),
        ] {
            assert_eq!(picks(&selector, &web), picked, "{selector}");
        }
        assert!(picks(&term("NotIn", json!(["back"])), &Value::Null));
        assert!(!picks(&json!({ "matchLabels": { "app": "web" } }), &Value::Null));
    }
}
