//! Which images the pods of the cluster use.

use std::collections::BTreeSet;

use bridle_core::fault::Fault;
use serde_json::Value;

use crate::connect::ApiServer;

/// References and ids of the images of all containers of all pods: what their specifications ask for, and what runs.
///
/// # Errors
/// `KubernetesRefused` if the API does not answer.
pub(crate) fn in_use(api: &ApiServer) -> Result<BTreeSet<String>, Fault> {
    // Not from the server's cache: what was started a moment ago counts.
    let pods = api.glance_list("/api/v1/pods", "").map_err(|error| error.fault("pods"))?;
    Ok(pods.iter().flat_map(of_pod).collect())
}

fn of_pod(pod: &Value) -> impl Iterator<Item = String> {
    const WANTED: [&str; 3] = ["/spec/containers", "/spec/initContainers", "/spec/ephemeralContainers"];
    const RUNNING: [&str; 3] =
        ["/status/containerStatuses", "/status/initContainerStatuses", "/status/ephemeralContainerStatuses"];
    let of = |lists: [&str; 3], fields: &'static [&'static str]| {
        let containers = lists.into_iter().filter_map(|list| pod.pointer(list)?.as_array()).flatten();
        containers
            .flat_map(|container| fields.iter().filter_map(|field| container.get(field)?.as_str()))
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    of(WANTED, &["image"]).into_iter().chain(of(RUNNING, &["image", "imageID"]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_asked_for_and_what_runs() {
        let pod = json!({
            "spec": {
                "initContainers": [{ "name": "i", "image": "bridle.internal/init:1" }],
                "containers": [{ "name": "c", "image": "bridle.internal/app:1" }],
            },
            "status": {
                "initContainerStatuses": [{ "name": "i", "image": "bridle.internal/init:1", "imageID": "" }],
                "containerStatuses": [{ "name": "c", "image": "sha256:aa", "imageID": "bridle.internal/app@sha256:bb" }],
            },
        });
        let found: BTreeSet<String> = of_pod(&pod).collect();
        let wanted = ["bridle.internal/app:1", "bridle.internal/app@sha256:bb", "bridle.internal/init:1", "sha256:aa"];
        assert_eq!(found, wanted.map(str::to_owned).into());
        assert_eq!(of_pod(&json!({})).count(), 0);
    }
}
