//! Interfaces that the new Kubernetes no longer has, looked for in what is stored: helm's records, the fields' managers of
//! live objects, and what was asked of the API server since it started.

use bridle_core::fault::Fault;
use bridle_core::rehearsal::removed::{self, between, removed, writers};
use bridle_core::rehearsal::{Finding, Minor, ObjectName, Rehearsal};
use serde_json::json;

use super::{There, text};
use crate::connect::ApiServer;
use crate::kinds::Kinds;
use crate::observe::stamp;

/// Charts whose record names such an interface: helm could neither change nor remove them any more.
pub(super) fn recorded(there: &There, wanted: &Rehearsal) -> Vec<Finding> {
    let target = wanted.kubernetes_target;
    let objects = there.recorded.iter().flat_map(|(chart, objects)| objects.iter().map(move |object| (chart, object)));
    let found =
        objects.filter(|(_, object)| removed(text(object, "/apiVersion"), text(object, "/kind"), target).is_some());
    found
        .map(|(chart, object)| {
            let finding = Finding::blocks("rehearsal-api-recorded").about(ObjectName::of(object)).chart(&chart.name);
            finding.with("api", text(object, "/apiVersion")).with("target", target.to_string())
        })
        .collect()
}

/// Who wrote live objects through an interface that goes with this upgrade.
///
/// # Errors
/// `KubernetesRefused` if the API does not answer.
pub(super) fn written(
    api: &ApiServer,
    kinds: &mut Kinds<'_>,
    now: Minor,
    target: Minor,
) -> Result<Vec<Finding>, Fault> {
    let mut findings = Vec::new();
    for removal in between(now, target) {
        let kind = json!({ "apiVersion": removal.api_version, "kind": removal.kind });
        let Some(resource) = kinds.resource(&kind)? else { continue }; // not served here
        let path = format!("{}/{}", resource.base, resource.plural);
        for mut object in api.list(&path, "").map_err(|error| error.fault(&path))? {
            stamp(&mut object, removal.api_version, removal.kind);
            for (manager, removal) in writers(&object, target) {
                let finding = Finding::warns("rehearsal-api-written").about(ObjectName::of(&object));
                findings.push(
                    finding
                        .with("manager", manager)
                        .with("api", removal.api_version)
                        .with("target", target.to_string()),
                );
            }
        }
    }
    Ok(findings)
}

/// What was asked for since the API server started.
pub(super) fn requested(api: &ApiServer, target: Minor) -> Vec<Finding> {
    let metrics = match api.metrics() {
        Ok(metrics) => metrics,
        Err(error) => {
            let finding = Finding::warns("rehearsal-requests-unknown").with("target", target.to_string());
            return vec![finding.said(&error.to_string())];
        }
    };
    let found = removed::requested(&metrics, target).into_iter();
    found
        .map(|asked| {
            Finding::warns("rehearsal-api-requested")
                .with("resource", asked.resource)
                .with("api", asked.api_version)
                .with("target", target.to_string())
        })
        .collect()
}
