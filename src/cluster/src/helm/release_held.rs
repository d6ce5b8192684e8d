//! Lets a `StatefulSet` go on whose broken pod holds its change of revision back ([`crate::readiness::held_back`]).

use std::collections::{BTreeMap, BTreeSet};

use bridle_core::step::ChartStep;
use serde_json::Value;

use super::manifest;
use crate::connect::{ApiError, ApiServer, segment};
use crate::readiness::{condition, held_back};

/// So many looks in a row must find a pod broken: one that only starts gets its time.
const LOOKS: u32 = 10;
/// Most pods that are deleted in one attempt at a chart.
const MOST: usize = 20;

/// The broken pods of one chart.
pub(super) struct Held<'a> {
    api: &'a ApiServer,
    chart: &'a ChartStep,
    /// How often each was found, by its uid.
    found: BTreeMap<String, u32>,
    deleted: BTreeSet<String>,
}

impl<'a> Held<'a> {
    pub(super) fn new(api: &'a ApiServer, chart: &'a ChartStep) -> Self {
        Self { api, chart, found: BTreeMap::new(), deleted: BTreeSet::new() }
    }

    /// Looks once, and deletes those that were broken long enough. What cannot be seen is left alone: the next look sees it.
    pub(super) fn look(&mut self) {
        let _the_next_look_sees_it = self.look_once();
    }

    fn look_once(&mut self) -> Result<(), ApiError> {
        let sets = manifest::sets(self.api, self.chart)?;
        if sets.is_empty() {
            return Ok(());
        }
        let pods = self.api.glance_list(&format!("{}/pods", self.namespace()), "")?;
        let nodes = self.api.glance_list("/api/v1/nodes", "")?;
        let ready = nodes.iter().filter(|node| condition(node, "Ready") == Some("True"));
        let ready: BTreeSet<String> = ready.map(|node| text(node, "/metadata/name").to_owned()).collect();
        let stuck: Vec<&Value> = sets.iter().flat_map(|set| held_back(set, &pods, &ready)).collect();
        let now: BTreeSet<&str> = stuck.iter().map(|pod| text(pod, "/metadata/uid")).collect();
        self.found.retain(|uid, _| now.contains(uid.as_str()));
        for pod in stuck {
            let uid = text(pod, "/metadata/uid").to_owned();
            let looks = self.found.entry(uid.clone()).or_default();
            *looks += 1;
            if *looks >= LOOKS && self.deleted.len() < MOST && self.deleted.insert(uid.clone()) {
                let name = text(pod, "/metadata/name");
                // In good order and this very one only: never by force.
                self.api.delete_this(&format!("{}/pods/{}", self.namespace(), segment(name)), &uid)?;
            }
        }
        Ok(())
    }

    fn namespace(&self) -> String {
        format!("/api/v1/namespaces/{}", segment(&self.chart.namespace))
    }
}

fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests;
