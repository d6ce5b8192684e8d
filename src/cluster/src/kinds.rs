//! Where objects of each kind live, asked of the server once for each interface.

use std::collections::BTreeMap;

use bridle_core::fault::Fault;
use serde_json::Value;

use crate::connect::{ApiServer, segment};

/// The kinds that the server knows.
pub(crate) struct Kinds<'a> {
    api: &'a ApiServer,
    known: BTreeMap<String, Option<Value>>,
}

/// Where objects of a kind live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resource {
    /// `/apis/apps/v1`.
    pub(crate) base: String,
    /// `deployments`, percent-encoded.
    pub(crate) plural: String,
    /// Whether they are in namespaces.
    pub(crate) namespaced: bool,
}

impl<'a> Kinds<'a> {
    /// Nothing is asked yet.
    pub(crate) fn new(api: &'a ApiServer) -> Self {
        Self { api, known: BTreeMap::new() }
    }

    /// Where objects of this one's kind live; `None` if the server does not know it.
    ///
    /// # Errors
    /// `KubernetesRefused` if the API does not answer.
    pub(crate) fn resource(&mut self, object: &Value) -> Result<Option<Resource>, Fault> {
        let version = text(object, "/apiVersion");
        let parts: Vec<String> = version.split('/').map(segment).collect();
        let base = match parts.as_slice() {
            [version] => format!("/api/{version}"),
            [group, version] => format!("/apis/{group}/{version}"),
            _ => return Ok(None),
        };
        if !self.known.contains_key(version) {
            let resources = self.api.get(&base).map_err(|error| error.fault(&base))?;
            self.known.insert(version.to_owned(), resources);
        }
        let resources = self.known.get(version).and_then(|known| known.as_ref()?.get("resources")?.as_array());
        let resource = resources.into_iter().flatten().find(|resource| {
            text(resource, "/kind") == text(object, "/kind") && !text(resource, "/name").contains('/')
        });
        Ok(resource.map(|resource| Resource {
            base,
            plural: segment(text(resource, "/name")),
            namespaced: resource.get("namespaced").and_then(Value::as_bool) == Some(true),
        }))
    }

    /// Path of an object; `None` if the server does not know its kind. `namespace` is that of objects that name none.
    ///
    /// # Errors
    /// `KubernetesRefused` if the API does not answer.
    pub(crate) fn path(&mut self, object: &Value, namespace: &str) -> Result<Option<String>, Fault> {
        let own = text(object, "/metadata/namespace");
        let namespace = if own.is_empty() { namespace } else { own };
        Ok(self.resource(object)?.map(|resource| resource.path(namespace, text(object, "/metadata/name"))))
    }
}

impl Resource {
    /// Path of an object; `namespace` is left out where the kind has none.
    pub(crate) fn path(&self, namespace: &str, name: &str) -> String {
        let Self { base, plural, .. } = self;
        let name = segment(name);
        if self.namespaced {
            format!("{base}/namespaces/{}/{plural}/{name}", segment(namespace))
        } else {
            format!("{base}/{plural}/{name}")
        }
    }
}

fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
