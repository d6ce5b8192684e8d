//! To which Helm release an object belongs: helm refuses to take over one that belongs to nobody or to somebody else.
//!
//! Source: `checkOwnership` and `existingResourceConflict` in helm 4.3 (`pkg/action/validate.go`): an object that the
//! release did not have before must carry the label and both annotations.

use serde_json::Value;

use super::{Finding, ObjectName, text};
use crate::step::ChartName;

/// A finding if helm would refuse to put `chart` in place because of this live object. `known` says whether the chart's
/// last record names the object already: helm does not ask then.
#[must_use]
pub fn refused(live: &Value, chart: &ChartName, known: bool) -> Option<Finding> {
    let managed = text(live, "/metadata/labels/app.kubernetes.io~1managed-by");
    let name = text(live, "/metadata/annotations/meta.helm.sh~1release-name");
    let namespace = text(live, "/metadata/annotations/meta.helm.sh~1release-namespace");
    if known || managed == "Helm" && name == chart.name && namespace == chart.namespace {
        return None;
    }
    let finding = match name {
        "" => Finding::blocks("rehearsal-owned-by-nobody"),
        _ => Finding::blocks("rehearsal-owned-by-other").with("owner", format!("{namespace}/{name}")),
    };
    Some(finding.about(ObjectName::of(live)).chart(&chart.name).with("namespace", chart.namespace.as_str()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn helm_takes_only_its_own() {
        let chart = ChartName { name: "web".to_owned(), namespace: "campus".to_owned() };
        let object = |managed: &str, name: &str, namespace: &str| {
            json!({ "kind": "Service", "metadata": {
                "name": "web", "namespace": "campus", "labels": { "app.kubernetes.io/managed-by": managed },
                "annotations": { "meta.helm.sh/release-name": name, "meta.helm.sh/release-namespace": namespace },
            } })
        };
        let code = |live: &Value| refused(live, &chart, false).map(|finding| finding.message.code.to_string());
        let (nobody, other) = (Some("rehearsal-owned-by-nobody".into()), Some("rehearsal-owned-by-other".into()));
        assert_eq!(code(&object("Helm", "web", "campus")), None);
        assert_eq!(code(&json!({ "metadata": { "name": "web" } })), nobody);
        assert_eq!(code(&object("Helm", "front", "campus")), other);
        assert_eq!(code(&object("Helm", "web", "elsewhere")), other);
        assert_eq!(code(&object("kustomize", "web", "campus")), other);
        assert_eq!(refused(&object("Helm", "front", "campus"), &chart, true), None);
    }
}
