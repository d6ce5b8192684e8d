//! Everything that a cluster holds, without what differs from one making to the next: to compare two states by.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::testhost::{Error, Host, Result};

/// Kinds that come and go by themselves, say only what is at this moment, or describe the host.
const PASSING: [&str; 11] = [
    "Event",
    "Lease",
    "Endpoints",
    "EndpointSlice",
    "ComponentStatus",
    "PodMetrics",
    "NodeMetrics",
    "Node",
    "CSINode",
    "CertificateSigningRequest",
    "IPAddress",
];
/// What the server, a controller or helm counts, dates or picks by chance; without the slash, anywhere in an object.
const PICKED: [&str; 15] = [
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "managedFields",
    "selfLink",
    "clusterIP",
    "clusterIPs",
    "nodePort",
    "deployment.kubernetes.io/revision",
    "deployment.kubernetes.io/revision-history",
    "controller-uid",
    "batch.kubernetes.io/controller-uid",
    "caBundle",
    "modifiedAt",
];
/// Type of helm's records.
const RECORD: &str = "helm.sh/release.v1";
const RELEASE: &str = "/metadata/annotations/meta.helm.sh~1release-name";

/// Objects as they are on the host's cluster now.
#[derive(Debug, Clone)]
pub struct Objects(Vec<Value>);

impl Objects {
    /// All objects of all kinds.
    ///
    /// # Errors
    /// The kit's, if the cluster does not give them.
    pub fn of(host: &Host) -> Result<Self> {
        let script = "kinds=$(kubectl api-resources --verbs=list,get -o name | grep -v -e '^events' -e metrics.k8s.io -e componentstatuses \
                      | sort -u | paste -sd,) && kubectl get \"$kinds\" --all-namespaces -o json";
        let text = host.shell(script)?;
        let all: Value = serde_json::from_str(&text).map_err(|error| Error::Failed {
            command: "kubectl get".to_owned(),
            status: error.to_string(),
            stdout: text.chars().take(2000).collect(),
            stderr: String::new(),
        })?;
        Ok(Self(all["items"].as_array().cloned().unwrap_or_default()))
    }

    /// Those that are not on their way out.
    pub fn iter(&self) -> impl Iterator<Item = &Value> {
        self.0.iter().filter(|object| object["metadata"]["deletionTimestamp"].is_null())
    }

    /// Those that a Helm release made, or that are one of its records.
    pub fn made_by<'a>(&'a self, release: &'a str) -> impl Iterator<Item = &'a Value> {
        self.iter().filter(move |object| {
            let record = object["type"] == RECORD && object["metadata"]["labels"]["name"] == release;
            record || object.pointer(RELEASE).and_then(Value::as_str) == Some(release)
        })
    }

    /// Each object by its name, with all that must be the same in every making.
    #[must_use]
    pub fn normal(&self) -> BTreeMap<String, Value> {
        let mut all = BTreeMap::new();
        for object in self.iter().filter(|object| !PASSING.contains(&text(object, "/kind"))) {
            let (key, value) = normal(object);
            // A release that was mended has an older revision; the one in force counts.
            if object["type"] == RECORD && object["metadata"]["labels"]["status"] == "superseded" {
                continue;
            }
            // Pods of one workload are alike.
            let number = (0..).find(|number| !all.contains_key(&format!("{key}#{number}"))).unwrap_or(usize::MAX);
            all.insert(format!("{key}#{number}"), value);
        }
        all
    }

    /// What is not as `other` has it, one line each.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Vec<String> {
        let (mine, theirs) = (self.normal(), other.normal());
        let mut lines = Vec::new();
        for (key, value) in &mine {
            match theirs.get(key) {
                None => lines.push(format!("only in the first: {key}")),
                Some(other) if other != value => {
                    let mut places = Vec::new();
                    unlike(value, other, String::new(), &mut places);
                    lines.push(format!("{key}: {}", places.join("; ")));
                }
                Some(_) => {}
            }
        }
        lines.extend(
            theirs.keys().filter(|key| !mine.contains_key(*key)).map(|key| format!("only in the second: {key}")),
        );
        lines
    }
}

/// Key and content of an object.
fn normal(object: &Value) -> (String, Value) {
    let kind = text(object, "/kind");
    let mut value = object.clone();
    value.as_object_mut().map(|fields| fields.remove("status"));
    let mut name = text(object, "/metadata/name").to_owned();
    if kind == "Pod"
        && let Some(owner) = object.pointer("/metadata/ownerReferences/0/name").and_then(Value::as_str)
    {
        let own = std::mem::replace(&mut name, owner.to_owned());
        // A pod of a StatefulSet is named for good.
        if own.strip_prefix(owner).is_none_or(|rest| rest.len() > 3) {
            value["metadata"]["name"] = "a pod".into();
        }
        value["metadata"]["generateName"] = Value::Null;
    }
    if object["type"] == RECORD {
        name = name.rsplit_once(".v").map_or(name.as_str(), |(release, _)| release).to_owned();
        value = json!({ "status": object["metadata"]["labels"]["status"] });
    } else if kind == "Secret" && object.pointer(RELEASE).is_some() {
        // What a chart draws by chance is another one each time; that it is there counts.
        for value in value["data"].as_object_mut().into_iter().flat_map(Map::values_mut) {
            *value = "drawn".into();
        }
    } else if kind == "ControllerRevision" {
        value["revision"] = Value::Null;
    }
    clean(&mut value);
    let namespace = text(object, "/metadata/namespace");
    (format!("{}/{kind}/{namespace}/{name}", text(object, "/apiVersion")), value)
}

/// Takes away what is picked by chance or counted, and names of volumes for tokens.
fn clean(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, value| {
                let headless = name.starts_with("clusterIP") && value.to_string().contains("None");
                !value.is_null() && (headless || !PICKED.contains(&name.as_str()))
            });
            fields.values_mut().for_each(clean);
        }
        Value::Array(items) => items.iter_mut().for_each(clean),
        Value::String(text) if text.starts_with("kube-api-access-") => *text = "kube-api-access".to_owned(),
        _ => {}
    }
}

/// Where two values differ, with both.
fn unlike(one: &Value, other: &Value, at: String, places: &mut Vec<String>) {
    match (one, other) {
        (Value::Object(mine), Value::Object(theirs)) => {
            let keys: std::collections::BTreeSet<&String> = mine.keys().chain(theirs.keys()).collect();
            for key in keys {
                let (mine, theirs) = (mine.get(key).unwrap_or(&Value::Null), theirs.get(key).unwrap_or(&Value::Null));
                unlike(mine, theirs, format!("{at}/{key}"), places);
            }
        }
        (Value::Array(mine), Value::Array(theirs)) if mine.len() == theirs.len() => {
            for (number, (mine, theirs)) in mine.iter().zip(theirs).enumerate() {
                unlike(mine, theirs, format!("{at}/{number}"), places);
            }
        }
        _ if one == other => {}
        _ => places.push(format!("{at}: {} / {}", short(one), short(other))),
    }
}

fn short(value: &Value) -> String {
    value.to_string().chars().take(160).collect()
}

fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(name: &str, image: &str, token: &str) -> Value {
        json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": { "name": name, "namespace": "campus", "uid": name, "generateName": "api-5d-",
                "ownerReferences": [{ "kind": "ReplicaSet", "name": "api-5d", "uid": name }] },
            "spec": { "containers": [{ "image": image }], "volumes": [{ "name": format!("kube-api-access-{token}") }] },
            "status": { "phase": "Running", "podIP": name },
        })
    }

    fn secret(value: &str, annotations: Value) -> Value {
        json!({ "apiVersion": "v1", "kind": "Secret", "data": { "password": value },
            "metadata": { "name": "owner", "namespace": "campus", "annotations": annotations } })
    }

    #[test]
    fn two_makings_of_the_same_are_alike() {
        let service = |ip: &str| {
            json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": "api", "namespace": "campus", "uid": ip },
                "spec": { "clusterIP": ip, "clusterIPs": [ip], "ports": [{ "port": 80, "nodePort": 31000 + ip.len() }] } })
        };
        let record = |revision: u32, status: &str| {
            json!({ "apiVersion": "v1", "kind": "Secret", "type": RECORD, "data": { "release": revision.to_string() },
                "metadata": { "name": format!("sh.helm.release.v1.api.v{revision}"), "labels": { "status": status } } })
        };
        let by_helm = json!({ "meta.helm.sh/release-name": "api" });
        let one = Objects(vec![
            pod("api-5d-aaaaa", "i:1", "x"),
            pod("api-5d-bbbbb", "i:1", "y"),
            service("10.0.0.1"),
            record(1, "deployed"),
            secret("a", by_helm.clone()),
        ]);
        let other = Objects(vec![
            pod("api-5d-ccccc", "i:1", "z"),
            pod("api-5d-ddddd", "i:1", "w"),
            service("10.0.0.22"),
            record(1, "superseded"),
            record(2, "deployed"),
            secret("b", by_helm),
        ]);
        assert_eq!(one.difference(&other), Vec::<String>::new());
        assert_eq!(one.normal().len(), 5);
        assert_eq!(one.made_by("api").count(), 1);
    }

    #[test]
    fn what_counts_is_found() {
        let of = |object: Value| Objects(vec![object]);
        let headless =
            |ip: &str| of(json!({ "kind": "Service", "metadata": { "name": "api" }, "spec": { "clusterIP": ip } }));
        for (one, other, lines) in [
            (of(pod("api-5d-aaaaa", "i:1", "x")), of(pod("api-5d-aaaaa", "i:2", "x")), 1),
            (of(secret("a", Value::Null)), of(secret("b", Value::Null)), 1),
            (of(secret("a", Value::Null)), Objects(vec![]), 1),
            (headless("None"), headless("10.0.0.1"), 1),
            (headless("10.0.0.2"), headless("10.0.0.1"), 0),
        ] {
            let found = one.difference(&other);
            assert_eq!(found.len(), lines, "{found:?}");
            assert_eq!(other.difference(&one).len(), lines);
        }
        let mut leaving = pod("api-5d-aaaaa", "i:1", "x");
        leaving["metadata"]["deletionTimestamp"] = "now".into();
        assert_eq!(of(leaving).iter().count(), 0);
    }
}
