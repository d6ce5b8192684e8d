//! Asking the API server about each object: would it take it?

use std::collections::BTreeMap;

use bridle_core::fault::Fault;
use bridle_core::message::Message;
use bridle_core::rehearsal::removed::{is_built_in, removed};
use bridle_core::rehearsal::webhooks::Request;
use bridle_core::rehearsal::{Finding, Minor, ObjectName, Rehearsal, immutable, ownership};
use serde_json::Value;

use super::gates::Gate;
use super::rendering::Material;
use super::{Item, There, Watch, text};
use crate::connect::{ApiError, ApiServer, FIELD_MANAGER};
use crate::kinds::Resource;

/// Under this name helm owns fields (`pkg/kube`, the name of its program).
const HELM: &str = "helm";
/// Marks objects that helm makes for a moment, before or after the others.
const HOOK: &str = "/metadata/annotations/helm.sh~1hook";

/// The questions, and the answers so far.
pub(super) struct Trial<'a> {
    api: &'a ApiServer,
    target: Minor,
    there: &'a There,
    material: &'a Material,
    /// Gates that are closed, each with the objects that it would refuse.
    closed: Vec<(Gate, usize)>,
    /// By namespace that is not there yet, its objects.
    waiting: BTreeMap<String, usize>,
    findings: Vec<Finding>,
    /// Objects that the server was asked about.
    pub(super) tried: usize,
}

impl<'a> Trial<'a> {
    pub(super) fn new(
        api: &'a ApiServer,
        wanted: &Rehearsal,
        there: &'a There,
        material: &'a Material,
        closed: Vec<Gate>,
    ) -> Self {
        Self {
            api,
            target: wanted.kubernetes_target,
            there,
            material,
            closed: closed.into_iter().map(|gate| (gate, 0)).collect(),
            waiting: BTreeMap::new(),
            findings: Vec::new(),
            tried: 0,
        }
    }

    /// Definitions of new kinds, as the step *custom resources* applies them.
    ///
    /// # Errors
    /// As for the whole rehearsal.
    pub(super) fn definitions(&mut self, watch: &mut Watch<'_, '_>) -> Result<(), Fault> {
        let material = self.material;
        for (chart, definition) in &material.definitions {
            let object = definition.object();
            let name = ObjectName::of(object);
            watch.goes(asked(&name), &name.to_string())?;
            let live = self.api.get(&definition.path()).map_err(|error| error.fault(&definition.what()))?;
            let fixed = live.map(|live| immutable::changed(&live, object)).unwrap_or_default();
            let answer = self.api.try_apply(&definition.path(), FIELD_MANAGER, object);
            self.tried += 1;
            self.answer(&name, chart, &fixed, answer);
        }
        Ok(())
    }

    /// Everything that the charts rendered.
    ///
    /// # Errors
    /// As for the whole rehearsal.
    pub(super) fn items(&mut self, watch: &mut Watch<'_, '_>) -> Result<(), Fault> {
        let material = self.material;
        for (done, item) in material.items.iter().enumerate() {
            let name = ObjectName::of(&item.object);
            watch.advance(done, material.items.len());
            watch.goes(asked(&name), &name.to_string())?;
            self.item(item, &name)?;
        }
        Ok(())
    }

    /// All findings.
    pub(super) fn into_findings(mut self) -> Vec<Finding> {
        self.findings.extend(self.waiting.iter().map(|(namespace, count)| {
            Finding::tells("rehearsal-namespace-new").with("namespace", namespace.as_str()).with("count", *count)
        }));
        let closed = self.closed.iter().filter(|(_, count)| *count > 0);
        self.findings.extend(closed.map(|(gate, count)| gate.finding(*count)));
        self.findings
    }

    fn item(&mut self, item: &Item, name: &ObjectName) -> Result<(), Fault> {
        let chart = item.chart.name.as_str();
        let interface = text(&item.object, "/apiVersion");
        if let Some(removal) = removed(interface, &name.kind, self.target) {
            let finding = Finding::blocks("rehearsal-api-removed").about(name.clone()).chart(chart);
            self.findings.push(
                finding
                    .with("api", interface)
                    .with("target", self.target.to_string())
                    .with("since", removal.since.to_string())
                    .with("replacement", removal.replacement.unwrap_or("–")),
            );
            return Ok(());
        }
        let Some(resource) = &item.resource else {
            self.unknown(item, name, interface);
            return Ok(());
        };
        let namespace = text(&item.object, "/metadata/namespace");
        if resource.namespaced && !self.there.namespaces.contains_key(namespace) {
            *self.waiting.entry(namespace.to_owned()).or_default() += 1;
            return Ok(());
        }
        if name.name.is_empty() {
            let finding = Finding::warns("rehearsal-not-tried").about(name.clone()).chart(chart);
            self.findings.push(finding.said("the object has no name of its own (generateName)"));
            return Ok(());
        }
        let path = resource.path(namespace, &name.name);
        let live = self.api.get(&path).map_err(|error| error.fault(&name.to_string()))?;
        if item.object.pointer(HOOK).is_some() && live.is_some() {
            return Ok(()); // helm removes it before it makes the new one
        }
        if let Some(live) = &live
            && let Some(finding) = ownership::refused(&typed(live, &item.object), &item.chart, self.is_known(item))
        {
            self.findings.push(finding);
        }
        if self.is_gated(item, resource, namespace, live.is_some()) {
            return Ok(());
        }
        let fixed = live.map(|live| immutable::changed(&live, &item.object)).unwrap_or_default();
        let answer = self.api.try_apply(&path, HELM, &item.object);
        self.tried += 1;
        self.answer(name, chart, &fixed, answer);
        Ok(())
    }

    /// Of a kind that the running cluster does not have.
    fn unknown(&mut self, item: &Item, name: &ObjectName, interface: &str) {
        let group = interface.split_once('/').map_or("", |(group, _)| group);
        let own = self.material.own_kinds.contains(&(group.to_owned(), name.kind.clone()));
        let later = is_built_in(interface) && self.target > self.there.version;
        let finding = if own {
            Finding::tells("rehearsal-kind-new")
        } else if later {
            Finding::warns("rehearsal-kind-later").with("target", self.target.to_string())
        } else {
            Finding::blocks("rehearsal-kind-unknown")
        };
        self.findings.push(finding.about(name.clone()).chart(&item.chart.name).with("api", interface));
    }

    /// Whether the chart's last record names the object already.
    fn is_known(&self, item: &Item) -> bool {
        let name = ObjectName::of(&item.object);
        let recorded = self.there.recorded.iter().filter(|(chart, _)| *chart == item.chart);
        recorded.flat_map(|(_, objects)| objects).any(|object| ObjectName::of(object) == name)
    }

    /// Counts the object for each closed gate that it would have to pass.
    fn is_gated(&mut self, item: &Item, resource: &Resource, namespace: &str, exists: bool) -> bool {
        let interface = text(&item.object, "/apiVersion");
        let (group, version) = interface.split_once('/').unwrap_or(("", interface));
        let request = Request {
            object: &item.object,
            group,
            version,
            resource: &resource.plural,
            namespace: self.there.namespaces.get(namespace).filter(|_| resource.namespaced),
            exists,
        };
        let mut gated = false;
        for (gate, count) in &mut self.closed {
            if gate.asks(&request) {
                *count += 1;
                gated = true;
            }
        }
        gated
    }

    /// Judges an answer; `fixed` are the fields of which we know that they cannot be changed.
    fn answer(&mut self, name: &ObjectName, chart: &str, fixed: &[String], answer: Result<Value, ApiError>) {
        let said = answer.err();
        let mut words = said.as_ref().map(ToString::to_string).unwrap_or_default();
        if name.kind == "Secret" {
            words.clear(); // it might quote a value
        }
        let finding = if fixed.is_empty() {
            match &said {
                None => return,
                Some(ApiError::Refused { status: 400 | 403 | 413 | 422, message, .. })
                    if !message.contains("does not support dry run") =>
                {
                    Finding::blocks("rehearsal-refused")
                }
                // A webhook that answered wrongly or not at all; a field that the kind does not have.
                Some(ApiError::Refused { status: 500, message, .. })
                    if message.contains("webhook") || message.contains("typed patch object") =>
                {
                    Finding::blocks("rehearsal-refused")
                }
                Some(_) => Finding::warns("rehearsal-not-tried"),
            }
        } else {
            Finding::blocks("rehearsal-immutable").with("fields", fixed.join(", "))
        };
        self.findings.push(finding.about(name.clone()).chart(chart).said(&words));
    }
}

fn asked(name: &ObjectName) -> Message {
    Message::new("wait-rehearsal-try").with("object", name.to_string())
}

/// A live object with the type of the rendered one.
fn typed(live: &Value, rendered: &Value) -> Value {
    let mut live = live.clone();
    crate::observe::stamp(&mut live, text(rendered, "/apiVersion"), text(rendered, "/kind"));
    live
}
