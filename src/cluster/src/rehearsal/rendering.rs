//! All objects of the new release, worked out with the values of the site.

use std::collections::BTreeSet;

use bridle_core::fault::Fault;
use bridle_core::message::Message;
use bridle_core::rehearsal::removed::is_built_in;
use bridle_core::rehearsal::{Finding, ObjectName, Rehearsal};
use bridle_core::step::ChartName;
use serde_json::Value;

use super::{Item, Stage, There, Watch, text};
use crate::connect::ApiServer;
use crate::helm::{For, Rendered};
use crate::kinds::Kinds;
use crate::resources::{self, Definition};

/// What the release brings.
pub(super) struct Material {
    pub(super) items: Vec<Item>,
    /// Definitions of new kinds out of `crds/`, each with its chart.
    pub(super) definitions: Vec<(String, Definition)>,
    /// Group and kind of everything that the release defines itself.
    pub(super) own_kinds: BTreeSet<(String, String)>,
    /// Charts that could not be rendered.
    pub(super) failed: Vec<ChartName>,
    pub(super) findings: Vec<Finding>,
}

/// Renders everything.
///
/// # Errors
/// As for the whole rehearsal.
pub(super) fn gather(
    stage: &Stage<'_>,
    wanted: &Rehearsal,
    there: &There,
    kinds: &mut Kinds<'_>,
    watch: &mut Watch<'_, '_>,
) -> Result<Material, Fault> {
    let mut material = Material {
        items: Vec::new(),
        definitions: Vec::new(),
        own_kinds: BTreeSet::new(),
        failed: Vec::new(),
        findings: Vec::new(),
    };
    let mut interfaces = interfaces(stage.api)?;
    for package in &wanted.crds {
        let of = wanted.charts.iter().find(|chart| chart.package == *package);
        let chart = of.map_or_else(|| package.to_string(), |chart| chart.name.clone());
        match resources::read(stage.blobs, &chart, package) {
            Ok(definitions) => material.define(definitions, &chart, &mut interfaces),
            Err(fault) => {
                material
                    .findings
                    .push(Finding::blocks("rehearsal-package").chart(&chart).said(&fault.causes.join("\n")));
            }
        }
    }
    let interfaces: Vec<String> = interfaces.into_iter().collect();
    let version = wanted.kubernetes_target.to_string();
    for (done, chart) in wanted.charts.iter().enumerate() {
        watch.advance(done, wanted.charts.len());
        watch.goes(Message::new("wait-rehearsal-render").with("chart", chart.name.as_str()), &chart.name)?;
        let name = ChartName { name: chart.name.clone(), namespace: chart.namespace.clone() };
        let upgrade = there.recorded.iter().any(|(recorded, _)| *recorded == name);
        let cluster = For { kubernetes: &version, interfaces: &interfaces, upgrade };
        match stage.helm.render(stage.blobs, chart, &cluster, watch.stop())? {
            Rendered::Objects(objects) => {
                for object in objects {
                    material.add(object, &name, kinds)?;
                }
            }
            Rendered::Refused(words) => material.fail("rehearsal-render", name, &words),
            Rendered::Package(words) => material.fail("rehearsal-package", name, &words),
        }
    }
    Ok(material)
}

/// Gives an object of a chart the namespace that helm would; gives where objects of its kind live.
///
/// # Errors
/// `KubernetesRefused` if the API does not answer.
pub(super) fn settle(
    object: &mut Value,
    namespace: &str,
    kinds: &mut Kinds<'_>,
) -> Result<Option<crate::kinds::Resource>, Fault> {
    let resource = kinds.resource(object)?;
    let namespaced = resource.as_ref().is_some_and(|resource| resource.namespaced);
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        if !namespaced && resource.is_some() {
            metadata.remove("namespace");
        } else if namespaced && metadata.get("namespace").and_then(Value::as_str).is_none_or(str::is_empty) {
            metadata.insert("namespace".to_owned(), namespace.into());
        }
    }
    Ok(resource)
}

impl Material {
    fn add(&mut self, mut object: Value, chart: &ChartName, kinds: &mut Kinds<'_>) -> Result<(), Fault> {
        let resource = settle(&mut object, &chart.namespace, kinds)?;
        if text(&object, "/kind") == "CustomResourceDefinition" {
            self.own_kinds.insert(defined(&object));
        }
        let name = ObjectName::of(&object);
        let same = |item: &&Item| {
            ObjectName::of(&item.object) == name && text(&item.object, "/apiVersion") == text(&object, "/apiVersion")
        };
        if let Some(other) = self.items.iter().find(same) {
            let finding = Finding::blocks("rehearsal-twice").about(name).chart(&chart.name);
            self.findings.push(finding.with("other", other.chart.name.as_str()));
            return Ok(());
        }
        self.items.push(Item { chart: chart.clone(), object, resource });
        Ok(())
    }

    fn define(&mut self, definitions: Vec<Definition>, chart: &str, interfaces: &mut BTreeSet<String>) {
        for definition in definitions {
            let object = definition.object();
            let (group, kind) = defined(object);
            let versions = object.pointer("/spec/versions").and_then(Value::as_array).into_iter().flatten();
            for version in versions.filter(|version| version.get("served") != Some(&Value::Bool(false))) {
                let interface = format!("{group}/{}", text(version, "/name"));
                interfaces.insert(format!("{interface}/{kind}"));
                interfaces.insert(interface);
            }
            self.own_kinds.insert((group, kind));
            self.definitions.push((chart.to_owned(), definition));
        }
    }

    fn fail(&mut self, code: &'static str, chart: ChartName, words: &str) {
        self.findings.push(Finding::blocks(code).chart(&chart.name).said(words));
        self.failed.push(chart);
    }
}

/// Group and kind that a definition defines.
fn defined(definition: &Value) -> (String, String) {
    (text(definition, "/spec/group").to_owned(), text(definition, "/spec/names/kind").to_owned())
}

/// Interfaces of the cluster that are not Kubernetes' own, each also with its kinds. Of Kubernetes' own ones helm has a list
/// itself, from which nothing can be taken away.
fn interfaces(api: &ApiServer) -> Result<BTreeSet<String>, Fault> {
    let groups = api.get("/apis").map_err(|error| error.fault("/apis"))?.unwrap_or_default();
    let groups = groups.get("groups").and_then(Value::as_array).into_iter().flatten();
    let versions = groups.filter_map(|group| group.get("versions")?.as_array()).flatten();
    let mut all = BTreeSet::new();
    for version in versions.map(|version| text(version, "/groupVersion")).filter(|version| !is_built_in(version)) {
        let path: Vec<String> = version.split('/').map(crate::connect::segment).collect();
        // One whose server is not there at this moment is known all the same.
        let resources = api.glance(&format!("/apis/{}", path.join("/"))).ok().flatten().unwrap_or_default();
        let resources = resources.get("resources").and_then(Value::as_array).into_iter().flatten();
        all.extend(resources.map(|resource| format!("{version}/{}", text(resource, "/kind"))));
        all.insert(version.to_owned());
    }
    Ok(all)
}
