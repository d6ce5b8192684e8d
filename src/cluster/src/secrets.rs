//! The step *site secrets*: each Secret is made once, on the site, and no value of it is ever changed or shown.

pub(crate) mod services;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::port::{Attempt, Certificates};
use bridle_core::release::{Secret, SecretContent};
use bridle_core::step::Standing;
use serde_json::{Map, Value, json};

use crate::connect::{ApiServer, segment};

/// Random bytes of a key: fewer can be guessed, more are never needed (`core::release::SecretContent`).
const RANDOM_BYTES: std::ops::RangeInclusive<u32> = 16..=64;
/// Times that a Secret is looked at again because somebody else wrote it at the same moment.
const RACES: usize = 5;

/// How the secrets stand: all there, with all keys, `tls` ones with the certificate that is valid now.
///
/// # Errors
/// `KubernetesRefused`, or the fault of the certificates.
pub(crate) fn probe(
    api: &ApiServer,
    secrets: &[Secret],
    host: &str,
    certificates: &dyn Certificates,
) -> Result<Standing, Fault> {
    for secret in secrets {
        let found = api.get(&path(secret)).map_err(|error| error.fault(&what(secret)))?;
        let complete = match found {
            None => false,
            Some(object) => change(secret, &object, host, certificates)?.is_empty(),
        };
        if !complete {
            let message = Message::new("secret-missing")
                .with("secret", secret.name.as_str())
                .with("namespace", secret.namespace.as_str());
            return Ok(Standing::Missing(message));
        }
    }
    Ok(Standing::Done)
}

/// Makes what is missing.
///
/// # Errors
/// `KubernetesRefused`, `DeadlinePassed` if told to stop, or the fault of the certificates.
pub(crate) fn apply(
    api: &ApiServer,
    secrets: &[Secret],
    host: &str,
    certificates: &dyn Certificates,
    attempt: &mut Attempt<'_>,
) -> Result<(), Fault> {
    for secret in secrets {
        if (attempt.stop)() {
            return Err(Fault::new(FaultCode::DeadlinePassed).with("what", what(secret)).output("told to stop"));
        }
        complete(api, secret, host, certificates)?;
    }
    Ok(())
}

/// Makes one Secret complete; whoever else writes it at the same moment keeps what he wrote.
fn complete(api: &ApiServer, secret: &Secret, host: &str, certificates: &dyn Certificates) -> Result<(), Fault> {
    let what = what(secret);
    let mut last = None;
    for _ in 0..RACES {
        let found = api.get(&path(secret)).map_err(|error| error.fault(&what))?;
        let written = match found {
            None => {
                let data = change(secret, &Value::Null, host, certificates)?;
                api.create(&collection(secret), &object(secret, data))
            }
            Some(object) => {
                let data = change(secret, &object, host, certificates)?;
                if data.is_empty() {
                    return Ok(());
                }
                let version = object.pointer("/metadata/resourceVersion").cloned().unwrap_or_default();
                api.merge(&path(secret), &json!({ "metadata": { "resourceVersion": version }, "data": data }))
            }
        };
        match written {
            Ok(_) => return Ok(()),
            Err(error) if error.is_status(409) => last = Some(error),
            Err(error) => return Err(error.fault(&what)),
        }
    }
    Err(last.map_or_else(|| Fault::new(FaultCode::KubernetesRefused).with("what", what.clone()), |e| e.fault(&what)))
}

/// The keys that `found` must get, encoded as in a Secret's `data`.
fn change(
    secret: &Secret,
    found: &Value,
    host: &str,
    certificates: &dyn Certificates,
) -> Result<Map<String, Value>, Fault> {
    let there = |key: &str| found.get("data").and_then(|data| data.get(key)).and_then(Value::as_str);
    let mut data = Map::new();
    match &secret.content {
        SecretContent::Random { keys, fixed } => {
            for (key, value) in fixed {
                if there(key).is_none() {
                    data.insert(key.clone(), STANDARD.encode(value).into());
                }
            }
            for (key, bytes) in keys {
                if there(key).is_none() {
                    data.insert(key.clone(), STANDARD.encode(random(*bytes)?).into());
                }
            }
        }
        SecretContent::Tls => {
            let pair = certificates.front_door(host)?;
            for (key, value) in [("tls.crt", pair.certificate), ("tls.key", pair.key)] {
                let value = STANDARD.encode(value);
                if there(key) != Some(value.as_str()) {
                    data.insert(key.to_owned(), value.into());
                }
            }
        }
    }
    Ok(data)
}

pub(crate) fn object(secret: &Secret, data: Map<String, Value>) -> Value {
    let kind = match secret.content {
        SecretContent::Random { .. } => "Opaque",
        SecretContent::Tls => "kubernetes.io/tls",
    };
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "type": kind,
        "metadata": {
            "name": secret.name,
            "namespace": secret.namespace,
            "labels": { "app.kubernetes.io/managed-by": "bridle" },
        },
        "data": data,
    })
}

/// `count` bytes of the operating system's generator as base64url without padding.
fn random(count: u32) -> Result<String, Fault> {
    let count = count.clamp(*RANDOM_BYTES.start(), *RANDOM_BYTES.end());
    let mut bytes = vec![0; count as usize];
    getrandom::fill(&mut bytes).map_err(|error| Fault::new(FaultCode::Internal).output(&error.to_string()))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

pub(crate) fn collection(secret: &Secret) -> String {
    format!("/api/v1/namespaces/{}/secrets", segment(&secret.namespace))
}

pub(crate) fn path(secret: &Secret) -> String {
    format!("{}/{}", collection(secret), segment(&secret.name))
}

pub(crate) fn what(secret: &Secret) -> String {
    format!("Secret {}/{}", secret.namespace, secret.name)
}

#[cfg(test)]
mod tests;
