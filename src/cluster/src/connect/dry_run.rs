//! Asking the API server what it would do.

use std::time::Duration;

use http::Method;
use serde_json::Value;

use super::{ApiError, ApiServer, QUICK, STEADY};

/// How often a request is sent that found no server or too much to do there. Other answers are answers: also a 500 is one,
/// from a webhook.
const TIMES: u32 = 3;
/// Largest text of metrics that is looked at within this time.
const METRICS: Duration = QUICK;

impl ApiServer {
    /// What server-side apply as `manager` would answer, nothing of the object being changed. Strict as helm is: a field
    /// that nobody knows is an error.
    pub(crate) fn try_apply(&self, path: &str, manager: &str, object: &Value) -> Result<Value, ApiError> {
        let path = format!("{path}?dryRun=All&fieldManager={manager}&force=true&fieldValidation=Strict");
        let mut tried = 1;
        loop {
            match self.once(&Method::PATCH, &path, Some(("application/apply-patch+yaml", object)), STEADY) {
                Err(error) if tried < TIMES && passes(&error) => {
                    self.clock.sleep(Duration::from_millis(500) * tried);
                    tried += 1;
                }
                result => return result,
            }
        }
    }

    /// The API server's metrics, in Prometheus' text format.
    pub(crate) fn metrics(&self) -> Result<String, ApiError> {
        let bytes = self.exchange(&Method::GET, "/metrics", None, METRICS)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

fn passes(error: &ApiError) -> bool {
    matches!(error, ApiError::Broken { .. } | ApiError::Unreadable { .. } | ApiError::Unusable { .. })
        || [429, 503].iter().any(|status| error.is_status(*status))
}
