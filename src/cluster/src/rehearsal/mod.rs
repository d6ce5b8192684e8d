//! The rehearsal of an upgrade against the running cluster: everything is rendered, asked and compared, nothing is changed.
//! How answers are judged is `bridle_core::rehearsal`'s.

mod gates;
mod rendering;
mod stored;
mod trial;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::port::{Attempt, Blobs, Clock};
use bridle_core::rehearsal::claims::{Volumes, left_behind};
use bridle_core::rehearsal::{Finding, Interruption, Minor, ObjectName, Rehearsal, Report, budgets, interruption};
use bridle_core::step::ChartName;
use serde_json::Value;

use crate::connect::ApiServer;
use crate::helm::Helm;
use crate::kinds::{Kinds, Resource};
use rendering::Material;
use trial::Trial;

/// What a rehearsal needs.
pub(crate) struct Stage<'a> {
    pub(crate) api: &'a ApiServer,
    pub(crate) helm: &'a Helm,
    pub(crate) blobs: &'a dyn Blobs,
    pub(crate) clock: &'a dyn Clock,
}

/// An object of the new release.
struct Item {
    chart: ChartName,
    object: Value,
    /// Where it lives; nothing if the running cluster does not know its kind.
    resource: Option<Resource>,
}

/// What the cluster is before the upgrade.
struct There {
    version: Minor,
    /// Labels of each namespace.
    namespaces: BTreeMap<String, Value>,
    /// By chart, its objects as helm recorded them.
    recorded: Vec<(ChartName, Vec<Value>)>,
}

/// Holds the rehearsal.
///
/// # Errors
/// `KubernetesRefused` if the API does not answer, `ProgramFailed` if helm cannot be run, `DeadlinePassed`; what the cluster
/// would refuse is a finding, not an error.
pub(crate) fn hold(stage: &Stage<'_>, wanted: &Rehearsal, attempt: &mut Attempt<'_>) -> Result<Report, Fault> {
    let began = stage.clock.monotonic();
    let mut watch = Watch { end: began.saturating_add(attempt.limit), clock: stage.clock, attempt };
    let mut kinds = Kinds::new(stage.api);
    let there = there(stage.api, wanted, &mut kinds)?;
    let mut material = rendering::gather(stage, wanted, &there, &mut kinds, &mut watch)?;
    let mut findings = std::mem::take(&mut material.findings);
    let closed = gates::closed(stage.api)?;
    let mut trial = Trial::new(stage.api, wanted, &there, &material, closed);
    trial.definitions(&mut watch)?;
    trial.items(&mut watch)?;
    let tried = trial.tried;
    findings.extend(trial.into_findings());
    findings.extend(stored::recorded(&there, wanted));
    findings.extend(stored::written(stage.api, &mut kinds, there.version, wanted.kubernetes_target)?);
    findings.extend(stored::requested(stage.api, wanted.kubernetes_target));
    let new: Vec<Value> = material.items.iter().map(|item| item.object.clone()).collect();
    findings.extend(budgets::impossible(&new).iter().map(|budget| of_chart(budget.finding(), &material)));
    findings.extend(claims(stage.api, &new, wanted)?);
    let old = |chart: &ChartName| !material.failed.contains(chart) && wanted.current.contains(chart);
    let old = there.recorded.iter().filter(|(chart, _)| old(chart)).flat_map(|(_, objects)| objects.iter().cloned());
    let interruptions = interruption::all(&old.collect::<Vec<_>>(), &new);
    let stuck = interruptions.iter().filter_map(Interruption::finding);
    findings.extend(stuck.map(|finding| of_chart(finding, &material)));
    findings.sort_by(|a, b| (a.severity, &a.object, &a.message.code).cmp(&(b.severity, &b.object, &b.message.code)));
    let took = stage.clock.monotonic().saturating_sub(began);
    Ok(Report {
        findings,
        interruptions,
        objects: material.items.len() + material.definitions.len(),
        tried,
        millis: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
    })
}

/// Time and wishes of whoever waits for it.
struct Watch<'a, 'b> {
    end: Duration,
    clock: &'a dyn Clock,
    attempt: &'a mut Attempt<'b>,
}

impl Watch<'_, '_> {
    /// Says what is done now.
    ///
    /// # Errors
    /// `DeadlinePassed` once the time is over or the rehearsal is told to stop.
    fn goes(&mut self, what: Message, about: &str) -> Result<(), Fault> {
        self.attempt.progress.waiting(what);
        let fault = || Fault::new(FaultCode::DeadlinePassed).with("what", about);
        if (self.attempt.stop)() {
            return Err(fault().output("told to stop"));
        }
        if self.clock.monotonic() >= self.end { Err(fault()) } else { Ok(()) }
    }

    fn advance(&mut self, done: usize, total: usize) {
        self.attempt.progress.advance(done as u64, total as u64);
    }

    fn stop(&self) -> &dyn Fn() -> bool {
        self.attempt.stop
    }
}

fn there(api: &ApiServer, wanted: &Rehearsal, kinds: &mut Kinds<'_>) -> Result<There, Fault> {
    let answer = api.get("/version").map_err(|error| error.fault("version"))?.unwrap_or_default();
    let version = text(&answer, "/gitVersion");
    let version = version
        .parse()
        .map_err(|error| Fault::new(FaultCode::KubernetesRefused).with("what", "version").because(&error))?;
    let namespaces = api.list("/api/v1/namespaces", "").map_err(|error| error.fault("namespaces"))?;
    let labels = |object: &Value| object.pointer("/metadata/labels").cloned().unwrap_or_default();
    let namespaces = namespaces.iter().map(|object| (text(object, "/metadata/name").to_owned(), labels(object)));
    let mut charts: Vec<ChartName> = wanted.current.clone();
    for chart in &wanted.charts {
        let name = ChartName { name: chart.name.clone(), namespace: chart.namespace.clone() };
        if !charts.contains(&name) {
            charts.push(name);
        }
    }
    let mut recorded = Vec::new();
    for chart in charts {
        if let Some(mut objects) = Helm::recorded(api, &chart.name, &chart.namespace)? {
            for object in &mut objects {
                rendering::settle(object, &chart.namespace, kinds)?;
            }
            recorded.push((chart, objects));
        }
    }
    Ok(There { version, namespaces: namespaces.collect(), recorded })
}

fn claims(api: &ApiServer, rendered: &[Value], wanted: &Rehearsal) -> Result<Vec<Finding>, Fault> {
    let list = |path: &str| api.list(path, "").map_err(|error| error.fault(path));
    let claims = list("/api/v1/persistentvolumeclaims")?;
    if claims.is_empty() {
        return Ok(Vec::new());
    }
    let (volumes, sets) = (list("/api/v1/persistentvolumes")?, list("/apis/apps/v1/statefulsets")?);
    Ok(left_behind(&Volumes { claims: &claims, volumes: &volumes, sets: &sets }, rendered, &wanted.current))
}

/// The same finding with the chart that its object comes from.
fn of_chart(finding: Finding, material: &Material) -> Finding {
    let name = finding.object.clone();
    let item = material.items.iter().find(|item| Some(ObjectName::of(&item.object)) == name);
    match item {
        Some(item) => finding.chart(&item.chart.name),
        None => finding,
    }
}

fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
