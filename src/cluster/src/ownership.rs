//! Which Helm release an object belongs to.

use bridle_core::step::ChartName;
use serde_json::Value;

/// Annotations that helm puts on every object of a release; controllers of workloads copy them to what they make.
const RELEASE_NAME: &str = "meta.helm.sh/release-name";
const RELEASE_NAMESPACE: &str = "meta.helm.sh/release-namespace";
/// Labels that charts put on their objects by convention; hooks of a chart have no annotation.
const INSTANCE: &str = "app.kubernetes.io/instance";
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";

/// The one of `charts` whose Helm release made the object, by helm's own annotations.
pub(crate) fn owner<'a>(object: &Value, charts: &'a [ChartName]) -> Option<&'a ChartName> {
    let annotations = object.pointer("/metadata/annotations")?;
    let says = |key: &str| annotations.get(key).and_then(Value::as_str);
    let (name, namespace) = (says(RELEASE_NAME)?, says(RELEASE_NAMESPACE)?);
    charts.iter().find(|chart| chart.name == name && chart.namespace == namespace)
}

/// The same by the labels of charts, for objects of the release's own namespace that nothing else owns.
pub(crate) fn labelled<'a>(object: &Value, charts: &'a [ChartName]) -> Option<&'a ChartName> {
    let labels = object.pointer("/metadata/labels")?;
    let says = |key: &str| labels.get(key).and_then(Value::as_str);
    if says(MANAGED_BY)? != "Helm" || is_owned(object) {
        return None;
    }
    let (name, namespace) = (says(INSTANCE)?, text(object, "/metadata/namespace"));
    charts.iter().find(|chart| chart.name == name && chart.namespace == namespace)
}

/// Whether another object owns this one: it goes and comes with that one.
pub(crate) fn is_owned(object: &Value) -> bool {
    object.pointer("/metadata/ownerReferences").and_then(Value::as_array).is_some_and(|owners| !owners.is_empty())
}

pub(crate) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
