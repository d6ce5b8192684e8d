//! The step *site services*: the passwords of the site's services as one Secret in each namespace of applications. Their
//! values come from the sealed files of the host, never from a plan.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::port::{Attempt, SealedSecrets};
use bridle_core::site::services::SECRET;
use bridle_core::step::{SiteServices, Standing};
use serde_json::{Map, Value, json};

use crate::connect::{ApiServer, segment};

/// Whether each namespace has exactly these passwords, and the host says that they are in force.
///
/// # Errors
/// `KubernetesRefused`, or `SealedDamaged`.
pub(crate) fn probe(api: &ApiServer, wanted: &SiteServices, sealed: &dyn SealedSecrets) -> Result<Standing, Fault> {
    let data = data(&wanted.secrets, sealed)?;
    let missing = |namespace: &String| {
        Ok(Standing::Missing(Message::new("site-services-missing").with("namespace", namespace.as_str())))
    };
    for namespace in &wanted.namespaces {
        let found = api.get(&path(namespace)).map_err(|error| error.fault(&what(namespace)))?;
        if found.as_ref().and_then(|object| object.get("data")) != Some(&Value::Object(data.clone())) {
            return missing(namespace);
        }
    }
    for namespace in &wanted.gone {
        if api.get(&path(namespace)).map_err(|error| error.fault(&what(namespace)))?.is_some() {
            return missing(namespace);
        }
    }
    let settled = sealed.in_force()? == wanted.secrets;
    Ok(if settled { Standing::Done } else { Standing::Missing(Message::new("site-services-not-settled")) })
}

/// Makes it so: the Secrets first, then the mark on the host.
///
/// # Errors
/// `KubernetesRefused`, `SealedDamaged`, `DeadlinePassed` if told to stop, or a [`Fault`] if the host cannot write.
pub(crate) fn apply(
    api: &ApiServer,
    wanted: &SiteServices,
    sealed: &dyn SealedSecrets,
    attempt: &mut Attempt<'_>,
) -> Result<(), Fault> {
    let data = data(&wanted.secrets, sealed)?;
    for namespace in &wanted.namespaces {
        stopped(namespace, attempt)?;
        put(api, namespace, &data)?;
    }
    for namespace in &wanted.gone {
        stopped(namespace, attempt)?;
        api.delete(&path(namespace)).map_err(|error| error.fault(&what(namespace)))?;
    }
    sealed.settle(&wanted.secrets)
}

/// The Secret is Bridle's alone: keys that somebody added go, so that what is removed here is gone there.
fn put(api: &ApiServer, namespace: &str, data: &Map<String, Value>) -> Result<(), Fault> {
    let refused = |error: crate::connect::ApiError| error.fault(&what(namespace));
    let Some(found) = api.get(&path(namespace)).map_err(refused)? else {
        let collection = format!("/api/v1/namespaces/{}/secrets", segment(namespace));
        return api.create(&collection, &object(namespace, data)).map(drop).map_err(refused);
    };
    let mut change = data.clone();
    for key in found.get("data").and_then(Value::as_object).into_iter().flat_map(Map::keys) {
        change.entry(key.clone()).or_insert(Value::Null);
    }
    api.merge(&path(namespace), &json!({ "data": change })).map(drop).map_err(refused)
}

fn object(namespace: &str, data: &Map<String, Value>) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": {
            "name": SECRET,
            "namespace": namespace,
            "labels": { "app.kubernetes.io/managed-by": "bridle" },
        },
        "data": data,
    })
}

fn data(secrets: &BTreeMap<String, u64>, sealed: &dyn SealedSecrets) -> Result<Map<String, Value>, Fault> {
    let entry = |(name, number): (&String, &u64)| {
        let password = sealed.open(name, *number)?;
        Ok((name.clone(), Value::String(STANDARD.encode(password.expose()))))
    };
    secrets.iter().map(entry).collect()
}

fn stopped(namespace: &str, attempt: &Attempt<'_>) -> Result<(), Fault> {
    if (attempt.stop)() {
        return Err(Fault::new(FaultCode::DeadlinePassed).with("what", what(namespace)).output("told to stop"));
    }
    Ok(())
}

fn path(namespace: &str) -> String {
    format!("/api/v1/namespaces/{}/secrets/{SECRET}", segment(namespace))
}

fn what(namespace: &str) -> String {
    format!("Secret {namespace}/{SECRET}")
}

#[cfg(test)]
pub(crate) mod tests;
