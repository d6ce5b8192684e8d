//! Claims of volumes that a new release no longer renders: which they are, and what becomes of their data.

use serde_json::Value;

use super::{Finding, ObjectName, text};
use crate::step::ChartName;

/// Annotation and label that tell to which Helm release something belongs.
const RELEASE: &str = "meta.helm.sh~1release-name";
const INSTANCE: &str = "app.kubernetes.io~1instance";

/// What the cluster has of volumes.
#[derive(Debug, Default)]
pub struct Volumes<'a> {
    /// Claims, live.
    pub claims: &'a [Value],
    /// Volumes, live.
    pub volumes: &'a [Value],
    /// Stateful sets, live.
    pub sets: &'a [Value],
}

/// Findings about live claims of the charts in use that `rendered` no longer names.
///
/// A claim of a stateful set's template is never removed by Helm. One that a chart renders itself goes with it, unless it is
/// annotated to stay; its data then depend on the volume: with `Retain` they stay on the disk, else they would be deleted,
/// and that blocks.
#[must_use]
pub fn left_behind(there: &Volumes<'_>, rendered: &[Value], current: &[ChartName]) -> Vec<Finding> {
    let mut found = Vec::new();
    for claim in there.claims {
        let Some((chart, own)) = owner(claim, there.sets, current) else { continue };
        if is_rendered(claim, rendered) {
            continue;
        }
        let stays = !own || text(claim, "/metadata/annotations/helm.sh~1resource-policy") == "keep";
        let volume = there.volumes.iter().find(|volume| {
            text(volume, "/metadata/name") == text(claim, "/spec/volumeName")
                && !text(claim, "/spec/volumeName").is_empty()
        });
        let kept = volume.is_none_or(|volume| text(volume, "/spec/persistentVolumeReclaimPolicy") == "Retain");
        let finding = if stays {
            Finding::tells("rehearsal-claim-stays")
        } else if kept {
            Finding::tells("rehearsal-claim-goes")
        } else {
            Finding::blocks("rehearsal-claim-lost")
        };
        let size = text(claim, "/status/capacity/storage");
        found.push(finding.about(name(claim)).chart(chart).with("size", if size.is_empty() { "?" } else { size }));
    }
    found
}

/// The chart in use to which a claim belongs, and whether the chart renders the claim itself.
fn owner<'a>(claim: &Value, sets: &[Value], current: &'a [ChartName]) -> Option<(&'a str, bool)> {
    let namespace = text(claim, "/metadata/namespace");
    let find = |name: &str| current.iter().find(|chart| chart.name == name).map(|chart| chart.name.as_str());
    let annotation = |object: &Value| find(text(object, &format!("/metadata/annotations/{RELEASE}")));
    if let Some(chart) = annotation(claim) {
        return Some((chart, true));
    }
    let of_set = |set: &&Value| text(set, "/metadata/namespace") == namespace && is_of(claim, set);
    if let Some(chart) = sets.iter().find(of_set).and_then(annotation) {
        return Some((chart, false));
    }
    let chart = find(text(claim, &format!("/metadata/labels/{INSTANCE}")))?;
    Some((chart, false))
}

fn is_rendered(claim: &Value, rendered: &[Value]) -> bool {
    rendered.iter().any(|object| {
        text(object, "/metadata/namespace") == text(claim, "/metadata/namespace")
            && match text(object, "/kind") {
                "PersistentVolumeClaim" => text(object, "/metadata/name") == text(claim, "/metadata/name"),
                "StatefulSet" => is_of(claim, object),
                _ => false,
            }
    })
}

/// Whether the claim has the name that a stateful set gives: `TEMPLATE-SET-NUMBER`.
fn is_of(claim: &Value, set: &Value) -> bool {
    let templates = set.pointer("/spec/volumeClaimTemplates").and_then(Value::as_array).into_iter().flatten();
    let (claim, set) = (text(claim, "/metadata/name"), text(set, "/metadata/name"));
    templates.into_iter().any(|template| {
        let rest = claim.strip_prefix(&format!("{}-{set}-", text(template, "/metadata/name")));
        rest.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

/// Items of a list have no kind of their own.
fn name(claim: &Value) -> ObjectName {
    ObjectName { kind: "PersistentVolumeClaim".to_owned(), ..ObjectName::of(claim) }
}

#[cfg(test)]
mod tests;
