//! Fields that Kubernetes never lets anybody change: told from the live object and the rendered one, so that the sentence
//! can be plain. The API server's dry run is asked as well; what is not listed here is its answer.
//!
//! Source: `ValidateXUpdate` of `k8s.io/kubernetes/pkg/apis/*/validation` 1.36.

mod covered;

use serde_json::Value;

use super::{group, text};
use covered::{Rules, covered, default, quantity};

/// The fields of `rendered` that the live object has with another value and that cannot be changed, by their path
/// (`spec.selector`). Values are not told: some are secret.
#[must_use]
pub fn changed(live: &Value, rendered: &Value) -> Vec<String> {
    let look = Look { live, rendered };
    let mut found = Vec::new();
    match (group(rendered), text(rendered, "/kind")) {
        ("apps", "Deployment" | "DaemonSet" | "ReplicaSet") => look.fields(&["spec.selector"], &mut found),
        ("apps", "StatefulSet") => look.stateful_set(&mut found),
        ("batch", "Job") => look.fields(&["spec.template", "spec.completions", "spec.completionMode"], &mut found),
        ("", "Service") => look.service(&mut found),
        ("", "PersistentVolumeClaim") => look.claim("/spec", "spec", &mut found),
        ("storage.k8s.io", "StorageClass") => look.class(&mut found),
        ("", "Secret") => {
            look.whole("type", &mut found);
            look.sealed(&["data", "stringData", "immutable"], &mut found);
        }
        ("", "ConfigMap") => look.sealed(&["data", "binaryData", "immutable"], &mut found),
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => look.fields(&["roleRef"], &mut found),
        ("scheduling.k8s.io", "PriorityClass") => look.fields(&["value", "preemptionPolicy"], &mut found),
        ("networking.k8s.io", "IngressClass") => look.fields(&["spec.controller"], &mut found),
        ("node.k8s.io", "RuntimeClass") => look.fields(&["handler"], &mut found),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => {
            look.fields(&["spec.group", "spec.scope", "spec.names.kind", "spec.names.plural"], &mut found);
        }
        _ => {}
    }
    found
}

struct Look<'a> {
    live: &'a Value,
    rendered: &'a Value,
}

impl Look<'_> {
    /// Fields that the rendered object names must be in the live one as they are.
    fn fields(&self, paths: &[&str], found: &mut Vec<String>) {
        for path in paths {
            let pointer = format!("/{}", path.replace('.', "/"));
            let (live, rendered) = (self.live.pointer(&pointer), self.rendered.pointer(&pointer));
            let Some(rendered) = rendered else { continue };
            if !covered(rendered, live.unwrap_or(&Value::Null), Rules::of(path)) {
                found.push((*path).to_owned());
            }
        }
    }

    /// A field at the top that is immutable as a whole; nothing is said where nothing is rendered.
    fn whole(&self, field: &str, found: &mut Vec<String>) {
        if let (Some(live), Some(rendered)) = (self.live.get(field), self.rendered.get(field))
            && live != rendered
        {
            found.push(field.to_owned());
        }
    }

    /// An object that calls itself immutable.
    fn sealed(&self, fields: &[&str], found: &mut Vec<String>) {
        if self.live.get("immutable") != Some(&Value::Bool(true)) {
            return;
        }
        for field in fields {
            let rendered = self.rendered.get(*field).unwrap_or(&Value::Null);
            let same = match *field {
                // The server keeps what is written in clear as `data`; the dry run compares it.
                "stringData" => true,
                "immutable" => rendered == &Value::Bool(true),
                _ if rendered.is_null() && self.rendered.get("stringData").is_some() => true,
                _ => rendered == self.live.get(*field).unwrap_or(&Value::Null),
            };
            if !same {
                found.push((*field).to_owned());
            }
        }
    }

    fn stateful_set(&self, found: &mut Vec<String>) {
        self.fields(&["spec.selector", "spec.serviceName"], found);
        let policy = |object| default(object, "/spec/podManagementPolicy", "OrderedReady");
        if policy(self.live) != policy(self.rendered) {
            found.push("spec.podManagementPolicy".to_owned());
        }
        let templates = |object: &Value| {
            object.pointer("/spec/volumeClaimTemplates").and_then(Value::as_array).cloned().unwrap_or_default()
        };
        let (live, rendered) = (templates(self.live), templates(self.rendered));
        if live.len() != rendered.len() {
            found.push("spec.volumeClaimTemplates".to_owned());
            return;
        }
        for (live, rendered) in live.iter().zip(&rendered) {
            let name = text(rendered, "/metadata/name");
            let path = format!("spec.volumeClaimTemplates[{name}]");
            if text(live, "/metadata/name") != name {
                found.push(path);
                continue;
            }
            let pair = Look { live, rendered };
            pair.claim("/spec", &format!("{path}.spec"), found);
            // The size of a template cannot be changed at all, also not to more.
            let size = |claim: &Value| quantity(claim.pointer("/spec/resources/requests/storage")?);
            if size(live) != size(rendered) {
                found.push(format!("{path}.spec.resources.requests.storage"));
            }
        }
    }

    /// A claim: everything but a larger size.
    fn claim(&self, at: &str, path: &str, found: &mut Vec<String>) {
        let place = |field: &str| format!("{at}/{field}");
        for field in ["accessModes", "storageClassName", "volumeName", "selector", "dataSource"] {
            let (live, rendered) = (self.live.pointer(&place(field)), self.rendered.pointer(&place(field)));
            if rendered.is_some_and(|rendered| !rendered.is_null() && Some(rendered) != live) {
                found.push(format!("{path}.{field}"));
            }
        }
        let mode = |object| default(object, &place("volumeMode"), "Filesystem");
        if mode(self.live) != mode(self.rendered) {
            found.push(format!("{path}.volumeMode"));
        }
        let size = |object: &Value| quantity(object.pointer(&place("resources/requests/storage"))?);
        if path == "spec"
            && let (Some(live), Some(rendered)) = (size(self.live), size(self.rendered))
            && rendered < live
        {
            found.push(format!("{path}.resources.requests.storage"));
        }
    }

    fn service(&self, found: &mut Vec<String>) {
        if text(self.rendered, "/spec/type") == "ExternalName" || text(self.live, "/spec/type") == "ExternalName" {
            return; // the address comes and goes with this type
        }
        let (live, rendered) = (text(self.live, "/spec/clusterIP"), text(self.rendered, "/spec/clusterIP"));
        // Where nothing is rendered, the server keeps the address that it gave; but "None" would become one.
        if !live.is_empty() && (!rendered.is_empty() && rendered != live || rendered.is_empty() && live == "None") {
            found.push("spec.clusterIP".to_owned());
        }
        let family = |object: &Value| text(object, "/spec/ipFamilies/0").to_owned();
        if !family(self.rendered).is_empty() && family(self.rendered) != family(self.live) {
            found.push("spec.ipFamilies".to_owned());
        }
    }

    fn class(&self, found: &mut Vec<String>) {
        let parameters = |object: &Value| match object.get("parameters") {
            Some(Value::Object(map)) if !map.is_empty() => Some(map.clone()),
            _ => None,
        };
        if parameters(self.live) != parameters(self.rendered) {
            found.push("parameters".to_owned());
        }
        for (field, filled_in) in [("provisioner", ""), ("reclaimPolicy", "Delete"), ("volumeBindingMode", "Immediate")]
        {
            let of = |object| default(object, &format!("/{field}"), filled_in);
            if of(self.live) != of(self.rendered) {
                found.push(field.to_owned());
            }
        }
    }
}

#[cfg(test)]
mod tests;
