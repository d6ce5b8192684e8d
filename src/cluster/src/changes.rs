//! What was made or changed in the cluster since a restore point: listed, and kept before the cluster goes back to it.

use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::plan::cluster_restore::{Happened, bare, happened};
use bridle_core::port::{Attempt, Exports, Timestamp};
use bridle_core::step::{ChangesExport, Standing};
use serde_json::{Value, json};

use crate::application::{everything, named};
use crate::connect::ApiServer;

/// Most objects that are listed or kept; a cluster of ours has about a thousand in all.
const MOST: usize = 20_000;

/// Names of what was made and what was changed, as `NAMESPACE/KIND/NAME`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// What was made.
    pub created: Vec<String>,
    /// What was changed.
    pub changed: Vec<String>,
}

/// What happened since `since`.
///
/// # Errors
/// `KubernetesRefused` if the API does not answer.
pub(crate) fn since(api: &ApiServer, since: Timestamp) -> Result<Changes, Fault> {
    let mut changes = Changes::default();
    everything(api, |object| {
        let kind = object.get("kind").and_then(Value::as_str).unwrap_or_default();
        match happened(&object, since) {
            Some(Happened::Created) => changes.created.push(named(kind, &object)),
            Some(Happened::Changed) => changes.changed.push(named(kind, &object)),
            None => {}
        }
    })?;
    for list in [&mut changes.created, &mut changes.changed] {
        list.sort();
        list.truncate(MOST);
    }
    Ok(changes)
}

/// Whether the list is there.
///
/// # Errors
/// A [`Fault`] if that cannot be read.
pub(crate) fn probe(export: &ChangesExport, exports: &dyn Exports) -> Result<Standing, Fault> {
    if exports.holds(&export.point, &export.name)? {
        return Ok(Standing::Done);
    }
    Ok(Standing::Missing(Message::new("missing-exported-changes").with("point", export.point.as_str())))
}

/// Writes every such object, with its content, into one list that `kubectl apply -f` takes.
///
/// # Errors
/// `KubernetesRefused` if the API does not answer, `DeadlinePassed` if told to stop, or the fault of the disk.
pub(crate) fn apply(
    api: &ApiServer,
    export: &ChangesExport,
    exports: &dyn Exports,
    attempt: &mut Attempt<'_>,
) -> Result<(), Fault> {
    let mut items = Vec::new();
    everything(api, |object| {
        if items.len() < MOST && happened(&object, export.since).is_some() {
            items.push(bare(object));
        }
    })?;
    if (attempt.stop)() {
        return Err(Fault::new(FaultCode::DeadlinePassed).with("what", "objects").output("told to stop"));
    }
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": items });
    let text = serde_json::to_string_pretty(&list).expect("a list of what came as JSON");
    exports.keep(&export.point, &export.name, &text)
}

#[cfg(test)]
mod tests;
