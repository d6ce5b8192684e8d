//! The step *custom resources*: the definitions of a chart are in force. Helm never upgrades them, so this step does; nothing
//! ever deletes one, because all its objects would go with it.

use bridle_core::digest::Digest;
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::port::{Attempt, Blobs, Clock};
use bridle_core::step::Standing;
use serde_json::Value;

use crate::connect::{ApiServer, segment};
use crate::packed;
use crate::patience::Patience;
use crate::readiness::{Verdict, judge};
use crate::yaml;

/// Says of which text a definition was made, so that a probe need not compare what the server filled in.
const SOURCE: &str = "bridle.internal/source-digest";
const COLLECTION: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/// A definition as it is to be applied.
#[derive(Debug)]
pub(crate) struct Definition {
    name: String,
    source: String,
    object: Value,
}

/// The definitions inside a packed chart.
///
/// # Errors
/// `ChartFailed` if the package is missing, damaged, or holds something else in `crds/`.
pub(crate) fn read(blobs: &dyn Blobs, chart: &str, package: &Digest) -> Result<Vec<Definition>, Fault> {
    let failed = || Fault::new(FaultCode::ChartFailed).with("chart", chart);
    let Some(path) = blobs.path(package) else {
        return Err(failed().output(&format!("blob {package} is not in the store")));
    };
    let bytes = packed::verified(&path, package).map_err(|error| failed().because(&error))?;
    let mut definitions = Vec::new();
    for file in packed::crd_files(&bytes).map_err(|error| failed().because(&error))? {
        let documents = yaml::documents(&file.text).map_err(|error| failed().because(&error).output(&file.path))?;
        for document in documents {
            let definition = definition(document)
                .ok_or_else(|| failed().output(&format!("{}: not a CustomResourceDefinition of v1", file.path)))?;
            definitions.push(definition);
        }
    }
    Ok(definitions)
}

/// How the definitions stand: there, made of this text, established.
///
/// # Errors
/// `KubernetesRefused` if the API does not answer.
pub(crate) fn probe(api: &ApiServer, chart: &str, definitions: &[Definition]) -> Result<Standing, Fault> {
    for definition in definitions {
        let found = api.get(&definition.path()).map_err(|error| error.fault(&definition.what()))?;
        let established = found.is_some_and(|object| {
            object.pointer("/metadata/annotations").and_then(|all| all.get(SOURCE)).and_then(Value::as_str)
                == Some(definition.source.as_str())
                && judge(&object) == Verdict::Ready
        });
        if !established {
            let message =
                Message::new("definition-missing").with("name", definition.name.as_str()).with("chart", chart);
            return Ok(Standing::Missing(message));
        }
    }
    Ok(Standing::Done)
}

/// Applies all definitions, then waits until each is established.
///
/// # Errors
/// `KubernetesRefused`, `ChartFailed` if a definition can never be established, or `DeadlinePassed`.
pub(crate) fn apply(
    api: &ApiServer,
    clock: &dyn Clock,
    chart: &str,
    definitions: &[Definition],
    attempt: &mut Attempt<'_>,
) -> Result<(), Fault> {
    let patience = Patience::new(clock, attempt.limit);
    for definition in definitions {
        api.apply(&definition.path(), &definition.object).map_err(|error| error.fault(&definition.what()))?;
    }
    for (done, definition) in definitions.iter().enumerate() {
        attempt.progress.advance(done as u64, definitions.len() as u64);
        loop {
            let found = api.get(&definition.path()).map_err(|error| error.fault(&definition.what()))?;
            match found.map_or(Verdict::Waiting(Message::new("wait-crd")), |object| judge(&object)) {
                Verdict::Ready => break,
                Verdict::Failed(_) => {
                    let words = format!("{}: names are not accepted", definition.what());
                    return Err(Fault::new(FaultCode::ChartFailed).with("chart", chart).output(&words));
                }
                Verdict::Waiting(_) => {
                    attempt.progress.waiting(Message::new("wait-crd").with("name", definition.name.as_str()));
                    patience.pause(attempt.stop, &definition.what())?;
                }
            }
        }
    }
    Ok(())
}

impl Definition {
    /// The definition as it is to be applied.
    pub(crate) const fn object(&self) -> &Value {
        &self.object
    }

    pub(crate) fn path(&self) -> String {
        format!("{COLLECTION}/{}", segment(&self.name))
    }

    pub(crate) fn what(&self) -> String {
        format!("CustomResourceDefinition {}", self.name)
    }
}

fn definition(mut object: Value) -> Option<Definition> {
    if object.get("kind")?.as_str()? != "CustomResourceDefinition"
        || object.get("apiVersion")?.as_str()? != "apiextensions.k8s.io/v1"
    {
        return None;
    }
    let source = Digest::of(object.to_string().as_bytes()).to_string();
    object.as_object_mut()?.remove("status"); // generators write an empty one; it is the server's
    let metadata = object.get_mut("metadata")?.as_object_mut()?;
    metadata.remove("creationTimestamp");
    let name = metadata.get("name")?.as_str()?.to_owned();
    let annotations = metadata.entry("annotations").or_insert_with(|| Value::Object(serde_json::Map::new()));
    annotations.as_object_mut()?.insert(SOURCE.to_owned(), source.clone().into());
    Some(Definition { name, source, object })
}

#[cfg(test)]
mod tests;
