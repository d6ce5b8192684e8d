//! Everything in the cluster, by whom it belongs to.

use std::collections::BTreeSet;

use bridle_core::fault::Fault;
use bridle_core::release::Secret;
use bridle_core::step::ChartName;
use serde_json::Value;

use crate::connect::{ApiServer, segment};
use crate::ownership::{is_owned, labelled, owner, text};

/// Kinds whose objects hold data or are the frame for others; they are never removed.
const STAYING: [&str; 5] =
    ["PersistentVolumeClaim", "PersistentVolume", "Namespace", "CustomResourceDefinition", "Node"];
/// Kinds that come and go by themselves.
const PASSING: [&str; 6] = ["Event", "Lease", "Endpoints", "EndpointSlice", "ComponentStatus", "CSIStorageCapacity"];
/// What stands between the API and other objects goes first: one whose program is gone would refuse all the rest.
const GATES: [&str; 7] = [
    "APIService",
    "ValidatingWebhookConfiguration",
    "MutatingWebhookConfiguration",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
    "MutatingAdmissionPolicy",
];
/// What makes pods goes next, the makers of makers before what they make.
const MAKERS: [&str; 7] =
    ["HorizontalPodAutoscaler", "CronJob", "Deployment", "StatefulSet", "DaemonSet", "Job", "ReplicaSet"];
/// Type of the Secrets that helm keeps its records in.
const RECORD: &str = "helm.sh/release.v1";
/// Annotation by which a chart asks that an object outlives its release.
const POLICY: &str = "/metadata/annotations/helm.sh~1resource-policy";

/// An object of one of the releases.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// Where it is.
    pub(super) path: String,
    /// `NAMESPACE/KIND/NAME`, or `KIND/NAME`.
    pub(super) name: String,
    /// Its release.
    pub(super) chart: String,
    pub(super) uid: String,
    /// Whether its removal was asked for before.
    pub(super) leaving: bool,
    /// Whether it is one of helm's own records.
    pub(super) is_record: bool,
    owned: bool,
    rank: usize,
}

/// What there is of some Helm releases, and beside them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Belongings {
    /// What belongs to them and would go; not what these objects own in turn.
    pub own: Vec<String>,
    /// Claims of data in their namespaces, `NAMESPACE/NAME`.
    pub data: Vec<String>,
    /// The site's secrets that are there, `NAMESPACE/NAME`.
    pub secrets: Vec<String>,
    /// What somebody else made in their namespaces.
    pub foreign: Vec<String>,
}

/// One inventory.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// What goes, in the order in which it goes.
    pub(super) own: Vec<Found>,
    /// The labels of their pods.
    pub(super) selectors: Selectors,
    /// Parts of the API that do not answer.
    pub(super) unseen: Vec<String>,
}

/// The labels of the pods of workloads, by which a pod is known whose owner is gone.
#[derive(Debug, Clone, Default)]
pub(super) struct Selectors(Vec<(ChartName, serde_json::Map<String, Value>)>);

/// The releases that are looked for.
pub(super) struct Inventory<'a> {
    charts: &'a [ChartName],
    secrets: BTreeSet<(&'a str, &'a str)>,
}

/// A collection of the API.
struct Collection {
    path: String,
    base: String,
    plural: String,
    kind: String,
}

impl Selectors {
    /// Takes up the selector of a workload of `chart`.
    pub(super) fn learn(&mut self, workload: &Value, chart: &ChartName) {
        let wanted = workload.pointer("/spec/selector/matchLabels").and_then(Value::as_object);
        let makes_pods = MAKERS.contains(&text(workload, "/kind"));
        if let Some(wanted) = wanted.filter(|wanted| makes_pods && !wanted.is_empty()) {
            let new = (chart.clone(), wanted.clone());
            if !self.0.contains(&new) {
                self.0.push(new);
            }
        }
    }

    fn owner_of(&self, pod: &Value) -> Option<&ChartName> {
        let labels = pod.pointer("/metadata/labels")?;
        let namespace = text(pod, "/metadata/namespace");
        let fits =
            |wanted: &serde_json::Map<String, Value>| wanted.iter().all(|(key, value)| labels.get(key) == Some(value));
        let found = self.0.iter().find(|(chart, wanted)| chart.namespace == namespace && fits(wanted));
        found.map(|(chart, _)| chart)
    }
}

impl<'a> Inventory<'a> {
    pub(super) fn new(charts: &'a [ChartName], secrets: &'a [Secret]) -> Self {
        let secrets = secrets.iter().map(|secret| (secret.namespace.as_str(), secret.name.as_str())).collect();
        Self { charts, secrets }
    }

    /// Looks at everything; `selectors` are those that are known from before.
    ///
    /// # Errors
    /// `KubernetesRefused` if the API does not answer.
    pub(super) fn take(&self, api: &ApiServer, selectors: &Selectors) -> Result<Taken, Fault> {
        let mut taken = Taken { selectors: selectors.clone(), ..Taken::default() };
        let mut pods = Vec::new();
        self.each(api, &mut taken.unseen, |collection, object| {
            if STAYING.contains(&collection.kind.as_str()) {
                return;
            }
            let whose = self.owner_of(&object, &collection.kind);
            if let Some(chart) = whose {
                taken.selectors.learn(&object, chart);
                taken.own.push(Found::of(collection, &object, chart));
            } else if collection.kind == "Pod" {
                let path = Found::of(collection, &object, &ChartName { name: String::new(), namespace: String::new() });
                pods.push((path, object));
            }
        })?;
        for (found, pod) in pods.into_iter().filter(|(_, pod)| !is_owned(pod)) {
            if let Some(chart) = taken.selectors.owner_of(&pod) {
                taken.own.push(Found { chart: chart.name.clone(), ..found });
            }
        }
        taken.own.sort_by(|one, other| (one.rank, one.owned, &one.path).cmp(&(other.rank, other.owned, &other.path)));
        Ok(taken)
    }

    /// What there is, for people.
    ///
    /// # Errors
    /// `KubernetesRefused` if the API does not answer.
    pub(super) fn belongings(&self, api: &ApiServer) -> Result<Belongings, Fault> {
        let mut all = Belongings::default();
        let namespaces: BTreeSet<&str> = self.charts.iter().map(|chart| chart.namespace.as_str()).collect();
        self.each(api, &mut Vec::new(), |collection, object| {
            let (namespace, name) = (text(&object, "/metadata/namespace"), text(&object, "/metadata/name"));
            let local = namespaces.contains(namespace);
            let short = || format!("{namespace}/{name}");
            let kind = collection.kind.as_str();
            if kind == "PersistentVolumeClaim" && local {
                all.data.push(short());
            } else if kind == "Secret" && self.secrets.contains(&(namespace, name)) {
                all.secrets.push(short());
            } else if self.owner_of(&object, kind).is_some() {
                let shown = !is_owned(&object) && !is_record(&object);
                all.own.extend(shown.then(|| named(kind, &object)));
            } else if local && is_foreign(kind, &object) {
                all.foreign.push(named(kind, &object));
            }
        })?;
        for list in [&mut all.own, &mut all.data, &mut all.secrets, &mut all.foreign] {
            list.sort();
        }
        Ok(all)
    }

    /// The release that an object belongs to; none for what stays although a release names it.
    fn owner_of(&self, object: &Value, kind: &str) -> Option<&'a ChartName> {
        let (namespace, name) = (text(object, "/metadata/namespace"), text(object, "/metadata/name"));
        let stays = STAYING.contains(&kind)
            || (kind == "Secret" && self.secrets.contains(&(namespace, name)))
            || text(object, POLICY) == "keep";
        if stays {
            return None;
        }
        if kind == "Secret" && is_record(object) {
            let release = text(object, "/metadata/labels/name");
            return self.charts.iter().find(|chart| chart.name == release && chart.namespace == namespace);
        }
        owner(object, self.charts).or_else(|| labelled(object, self.charts))
    }

    /// Shows every object of every kind that can be removed.
    fn each(
        &self,
        api: &ApiServer,
        unseen: &mut Vec<String>,
        mut see: impl FnMut(&Collection, Value),
    ) -> Result<(), Fault> {
        for collection in collections(api, unseen)? {
            let objects = match api.list(&collection.path, "") {
                Ok(objects) => objects,
                // A kind that went between the question what there is and this one.
                Err(error) if error.is_status(404) || error.is_status(405) => continue,
                Err(error) => return Err(error.fault(&collection.kind)),
            };
            for mut object in objects {
                // Lists leave the kind out.
                object["kind"] = collection.kind.as_str().into();
                see(&collection, object);
            }
        }
        Ok(())
    }
}

impl Found {
    fn of(collection: &Collection, object: &Value, chart: &ChartName) -> Self {
        let (namespace, name) = (text(object, "/metadata/namespace"), text(object, "/metadata/name"));
        let Collection { base, plural, kind, .. } = collection;
        let within = if namespace.is_empty() { String::new() } else { format!("/namespaces/{}", segment(namespace)) };
        let is_record = kind == "Secret" && is_record(object);
        let place = |kinds: &[&str]| kinds.iter().position(|one| one == kind);
        Self {
            path: format!("{base}{within}/{plural}/{}", segment(name)),
            name: named(kind, object),
            chart: chart.name.clone(),
            uid: text(object, "/metadata/uid").to_owned(),
            leaving: object.pointer("/metadata/deletionTimestamp").is_some(),
            is_record,
            owned: is_owned(object),
            rank: match (place(&GATES), place(&MAKERS)) {
                (Some(at), _) => at,
                (_, Some(at)) => GATES.len() + at,
                _ => GATES.len() + MAKERS.len() + usize::from(is_record),
            },
        }
    }
}

/// Shows every object of every kind that can be listed and removed, with its kind and version; those of an API whose program
/// is not there are left out.
///
/// # Errors
/// `KubernetesRefused` if the API does not answer.
pub(crate) fn everything(api: &ApiServer, mut see: impl FnMut(Value)) -> Result<(), Fault> {
    Inventory::new(&[], &[]).each(api, &mut Vec::new(), |collection, mut object| {
        let version = collection.base.trim_start_matches("/apis/").trim_start_matches("/api/");
        object["apiVersion"] = version.into();
        see(object);
    })
}

/// All kinds with objects that can be listed and removed, each in the version that the server prefers.
fn collections(api: &ApiServer, unseen: &mut Vec<String>) -> Result<Vec<Collection>, Fault> {
    let mut bases = vec!["/api/v1".to_owned()];
    let groups = api.get("/apis").map_err(|error| error.fault("/apis"))?.unwrap_or_default();
    for group in groups.get("groups").and_then(Value::as_array).into_iter().flatten() {
        let parts: Vec<String> = text(group, "/preferredVersion/groupVersion").split('/').map(segment).collect();
        bases.push(format!("/apis/{}", parts.join("/")));
    }
    let mut all = Vec::new();
    for base in bases {
        let resources = match api.glance(&base) {
            // Served by a program in a pod that is not there: no object of it can be listed or removed by anybody.
            Err(error) if error.is_status(503) && base != "/api/v1" => {
                unseen.push(base);
                continue;
            }
            answer => answer.map_err(|error| error.fault(&base))?.unwrap_or_default(),
        };
        for resource in resources.get("resources").and_then(Value::as_array).into_iter().flatten() {
            let (plural, kind) = (text(resource, "/name"), text(resource, "/kind"));
            let verbs = resource.get("verbs").and_then(Value::as_array);
            let can = |verb: &str| verbs.is_some_and(|verbs| verbs.iter().any(|one| one == verb));
            if plural.contains('/') || PASSING.contains(&kind) || !can("list") || !can("delete") {
                continue;
            }
            let plural = segment(plural);
            all.push(Collection {
                path: format!("{base}/{plural}"),
                base: base.clone(),
                plural,
                kind: kind.to_owned(),
            });
        }
    }
    Ok(all)
}

/// `NAMESPACE/KIND/NAME`, or `KIND/NAME`.
pub(crate) fn named(kind: &str, object: &Value) -> String {
    let (namespace, name) = (text(object, "/metadata/namespace"), text(object, "/metadata/name"));
    if namespace.is_empty() { format!("{kind}/{name}") } else { format!("{namespace}/{kind}/{name}") }
}

fn is_record(object: &Value) -> bool {
    text(object, "/type") == RECORD && text(object, "/metadata/labels/owner") == "helm"
}

/// Whether somebody made the object: not helm, not another object, and not Kubernetes in every namespace.
fn is_foreign(kind: &str, object: &Value) -> bool {
    let automatic = [("ConfigMap", "kube-root-ca.crt"), ("ServiceAccount", "default")];
    let by_helm = object.pointer("/metadata/annotations/meta.helm.sh~1release-name").is_some();
    !by_helm && !is_record(object) && !is_owned(object) && !automatic.contains(&(kind, text(object, "/metadata/name")))
}
