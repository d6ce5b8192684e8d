//! The step *namespaces*: they exist with their pod security level.

use bridle_core::fault::Fault;
use bridle_core::message::Message;
use bridle_core::port::{Attempt, Clock};
use bridle_core::release::{Namespace, PodSecurity};
use bridle_core::step::Standing;
use serde_json::{Value, json};

use crate::connect::{ApiServer, segment};
use crate::patience::Patience;

/// Modes of the pod security admission; all get the same level, so that what is refused is also warned of and audited.
const MODES: [&str; 3] = ["enforce", "audit", "warn"];

/// How the namespaces stand.
///
/// # Errors
/// `KubernetesRefused` if the API does not answer.
pub(crate) fn probe(api: &ApiServer, namespaces: &[Namespace]) -> Result<Standing, Fault> {
    for namespace in namespaces {
        let found = api.get(&path(namespace)).map_err(|error| error.fault(&what(namespace)))?;
        if !found.is_some_and(|object| as_wanted(&object, namespace)) {
            let message = Message::new("namespace-missing").with("namespace", namespace.name.as_str());
            return Ok(Standing::Missing(message));
        }
    }
    Ok(Standing::Done)
}

/// Creates what is absent and sets the labels; waits for a namespace that is just being deleted.
///
/// # Errors
/// `KubernetesRefused`, or `DeadlinePassed` while a namespace of that name is still being deleted.
pub(crate) fn apply(
    api: &ApiServer,
    clock: &dyn Clock,
    namespaces: &[Namespace],
    attempt: &mut Attempt<'_>,
) -> Result<(), Fault> {
    let patience = Patience::new(clock, attempt.limit);
    for namespace in namespaces {
        let what = what(namespace);
        while api.get(&path(namespace)).map_err(|error| error.fault(&what))?.is_some_and(|object| leaving(&object)) {
            let message = Message::new("wait-namespace-gone").with("namespace", namespace.name.as_str());
            attempt.progress.waiting(message);
            patience.pause(attempt.stop, &what)?;
        }
        let labels: serde_json::Map<String, Value> =
            MODES.iter().map(|mode| (label(mode), Value::from(level(namespace.pod_security)))).collect();
        let object = json!({
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": { "name": namespace.name, "labels": labels },
        });
        api.apply(&path(namespace), &object).map_err(|error| error.fault(&what))?;
    }
    Ok(())
}

fn as_wanted(object: &Value, namespace: &Namespace) -> bool {
    let labels = object.pointer("/metadata/labels");
    !leaving(object)
        && MODES.iter().all(|mode| {
            labels.and_then(|labels| labels.get(label(mode))).and_then(Value::as_str)
                == Some(level(namespace.pod_security))
        })
}

fn leaving(object: &Value) -> bool {
    object.pointer("/metadata/deletionTimestamp").is_some()
}

fn label(mode: &str) -> String {
    format!("pod-security.kubernetes.io/{mode}")
}

const fn level(level: PodSecurity) -> &'static str {
    match level {
        PodSecurity::Privileged => "privileged",
        PodSecurity::Baseline => "baseline",
        PodSecurity::Restricted => "restricted",
    }
}

fn path(namespace: &Namespace) -> String {
    format!("/api/v1/namespaces/{}", segment(&namespace.name))
}

fn what(namespace: &Namespace) -> String {
    format!("Namespace {}", namespace.name)
}

#[cfg(test)]
mod tests;
