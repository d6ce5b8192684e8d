//! Admission webhooks that refuse everything at this moment, because nothing of their service runs.

use bridle_core::fault::Fault;
use bridle_core::rehearsal::Finding;
use bridle_core::rehearsal::webhooks::{Request, fails_closed, is_asked, is_served, service};
use serde_json::Value;

use super::text;
use crate::connect::{ApiServer, segment};

const CONFIGURATIONS: [&str; 2] = ["validatingwebhookconfigurations", "mutatingwebhookconfigurations"];

/// A webhook that does not answer and has to.
pub(super) struct Gate {
    configuration: String,
    webhook: Value,
}

/// All gates that are closed.
///
/// # Errors
/// `KubernetesRefused` if the API does not answer.
pub(super) fn closed(api: &ApiServer) -> Result<Vec<Gate>, Fault> {
    let mut closed = Vec::new();
    for plural in CONFIGURATIONS {
        let path = format!("/apis/admissionregistration.k8s.io/v1/{plural}");
        for configuration in api.list(&path, "").map_err(|error| error.fault(plural))? {
            let webhooks = configuration.get("webhooks").and_then(Value::as_array).into_iter().flatten();
            for webhook in webhooks.filter(|webhook| fails_closed(webhook)) {
                if let Some((namespace, name)) = service(webhook)
                    && !answers(api, namespace, name)?
                {
                    let configuration = text(&configuration, "/metadata/name").to_owned();
                    closed.push(Gate { configuration, webhook: webhook.clone() });
                }
            }
        }
    }
    Ok(closed)
}

impl Gate {
    /// Whether it is asked about this.
    pub(super) fn asks(&self, request: &Request<'_>) -> bool {
        is_asked(&self.webhook, request)
    }

    /// It would refuse so many objects.
    pub(super) fn finding(&self, count: usize) -> Finding {
        let (namespace, name) = service(&self.webhook).unwrap_or_default();
        Finding::blocks("rehearsal-webhook")
            .with("webhook", text(&self.webhook, "/name"))
            .with("configuration", self.configuration.as_str())
            .with("service", format!("{namespace}/{name}"))
            .with("count", count)
    }
}

fn answers(api: &ApiServer, namespace: &str, name: &str) -> Result<bool, Fault> {
    let path = format!("/apis/discovery.k8s.io/v1/namespaces/{}/endpointslices", segment(namespace));
    let selector = format!("labelSelector={}", segment(&format!("kubernetes.io/service-name={name}")));
    let slices = api.list(&path, &selector).map_err(|error| error.fault(&format!("service {namespace}/{name}")))?;
    Ok(is_served(&slices))
}
