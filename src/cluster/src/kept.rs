//! Secrets across an uninstallation that keeps data: taken out before it, put in again by the next installation.

use std::collections::BTreeMap;

use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::port::{Attempt, KeptSecrets};
use bridle_core::release::Secret;
use bridle_core::removal::{Kept, KeptSecret};
use bridle_core::step::Standing;
use serde_json::{Map, Value};

use crate::connect::ApiServer;
use crate::secrets;

/// Whether each secret that the cluster has is kept, with the values that it has there.
///
/// # Errors
/// `KubernetesRefused`, or the fault of what is kept.
pub(crate) fn probe(api: &ApiServer, wanted: &[Secret], kept: &dyn KeptSecrets) -> Result<Standing, Fault> {
    let kept = kept.read()?;
    for secret in wanted {
        if let Some(found) = read(api, secret)?
            && kept.find(&secret.namespace, &secret.name) != Some(&found)
        {
            let message = Message::new("missing-kept-secret")
                .with("secret", secret.name.as_str())
                .with("namespace", secret.namespace.as_str());
            return Ok(Standing::Missing(message));
        }
    }
    Ok(Standing::Done)
}

/// Keeps the secrets as the cluster has them. One that the cluster does not have was never made there: what an earlier
/// uninstallation kept of it stays.
///
/// # Errors
/// `SecretsNotKept` with its cause.
pub(crate) fn keep(
    api: &ApiServer,
    wanted: &[Secret],
    kept: &dyn KeptSecrets,
    attempt: &mut Attempt<'_>,
) -> Result<(), Fault> {
    kept.write(&gathered(api, wanted, kept.read()?, attempt)?)
}

fn gathered(api: &ApiServer, wanted: &[Secret], mut all: Kept, attempt: &Attempt<'_>) -> Result<Kept, Fault> {
    for secret in wanted {
        if (attempt.stop)() {
            return Err(Fault::new(FaultCode::DeadlinePassed)
                .with("what", secrets::what(secret))
                .output("told to stop"));
        }
        match read(api, secret) {
            Ok(Some(found)) => all.put(found),
            Ok(None) => {}
            Err(fault) => {
                let mut own = Fault::new(FaultCode::SecretsNotKept).with("what", secrets::what(secret));
                own.causes = fault.causes;
                return Err(own.detail(fault.message));
            }
        }
    }
    Ok(all)
}

/// The secrets as the cluster has them, as text that the next installation takes over from.
///
/// # Errors
/// `SecretsNotKept` with its cause.
pub(crate) fn text(api: &ApiServer, wanted: &[Secret], attempt: &mut Attempt<'_>) -> Result<String, Fault> {
    gathered(api, wanted, Kept::default(), attempt).map(|kept| kept.text())
}

/// Makes those of `wanted` anew that are kept and that the cluster does not have.
///
/// # Errors
/// `KubernetesRefused`, or the fault of what is kept.
pub(crate) fn take_over(api: &ApiServer, wanted: &[Secret], kept: &dyn KeptSecrets) -> Result<(), Fault> {
    let kept = kept.read()?;
    for secret in wanted {
        let Some(found) = kept.find(&secret.namespace, &secret.name) else { continue };
        let what = secrets::what(secret);
        if api.get(&secrets::path(secret)).map_err(|error| error.fault(&what))?.is_some() {
            continue;
        }
        let data: Map<String, Value> =
            found.data.iter().map(|(key, value)| (key.clone(), Value::String(value.clone()))).collect();
        match api.create(&secrets::collection(secret), &secrets::object(secret, data)) {
            Ok(_) => {}
            Err(error) if error.is_status(409) => {} // somebody was faster; nothing of his is changed
            Err(error) => return Err(error.fault(&what)),
        }
    }
    Ok(())
}

fn read(api: &ApiServer, secret: &Secret) -> Result<Option<KeptSecret>, Fault> {
    let found = api.get(&secrets::path(secret)).map_err(|error| error.fault(&secrets::what(secret)))?;
    Ok(found.map(|object| KeptSecret {
        namespace: secret.namespace.clone(),
        name: secret.name.clone(),
        data: data(&object),
    }))
}

fn data(object: &Value) -> BTreeMap<String, String> {
    let entries = object.get("data").and_then(Value::as_object).into_iter().flatten();
    entries.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

#[cfg(test)]
mod tests;
