//! The step *nothing is left*: all that belongs to Helm releases goes, whatever state it is in, and nothing else.
//!
//! No `helm uninstall` runs here (decision 0022): what belongs to a release is told from the objects themselves, so a record
//! that is damaged, stuck or gone changes nothing, and claims of data stay although a chart names them.

mod inventory;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::port::{Attempt, Clock};
use bridle_core::release::Secret;
use bridle_core::step::{ChartName, Standing};
use serde_json::{Value, json};

use crate::connect::ApiServer;
use crate::helm::Helm;
use crate::ownership::text;
use crate::patience::Patience;
use crate::yaml;
pub use inventory::Belongings;
use inventory::{Found, Inventory, Selectors};
pub(crate) use inventory::{everything, named};

/// An object that is leaving is let go after so long: who would have let it go is gone itself.
const PATIENCE: Duration = Duration::from_secs(60);
/// What the cluster's own garbage collection still works on; it never forgets one.
const COLLECTING: [&str; 2] = ["foregroundDeletion", "orphan"];
/// Objects that a fault names.
const NAMED: usize = 20;

/// Whether anything is left.
///
/// # Errors
/// `KubernetesRefused` if the API does not answer.
pub(crate) fn probe(api: &ApiServer, charts: &[ChartName], secrets: &[Secret]) -> Result<Standing, Fault> {
    let found = Inventory::new(charts, secrets).take(api, &Selectors::default())?.own;
    Ok(found.first().map_or(Standing::Done, |first| {
        Standing::Missing(Message::new("leftovers-there").with("count", found.len()).with("what", first.name.as_str()))
    }))
}

/// What is there of these Helm releases, and what is beside them.
///
/// # Errors
/// `KubernetesRefused` if the API does not answer.
pub(crate) fn belongings(api: &ApiServer, charts: &[ChartName], secrets: &[Secret]) -> Result<Belongings, Fault> {
    Inventory::new(charts, secrets).belongings(api)
}

/// Removes everything, helm's records last: until then they say what belonged together, also after a kill.
///
/// # Errors
/// `LeftoversStuck` with what is still there when the limit has passed, or `KubernetesRefused`.
pub(crate) fn apply(
    api: &ApiServer,
    clock: &dyn Clock,
    (charts, secrets): (&[ChartName], &[Secret]),
    attempt: &mut Attempt<'_>,
) -> Result<(), Fault> {
    let patience = Patience::new(clock, attempt.limit);
    let inventory = Inventory::new(charts, secrets);
    let mut selectors = known(api, charts)?;
    let mut told = BTreeSet::new();
    loop {
        let taken = inventory.take(api, &selectors)?;
        selectors = taken.selectors;
        for group in taken.unseen.into_iter().filter(|group| told.insert(group.clone())) {
            attempt.progress.waiting(Message::new("leftovers-unseen").with("what", group));
        }
        let (records, objects): (Vec<Found>, Vec<Found>) = taken.own.into_iter().partition(|found| found.is_record);
        let going = if objects.is_empty() { records } else { objects };
        if going.is_empty() {
            return Ok(());
        }
        remove(api, clock, &patience, going, attempt)?;
    }
}

/// Asks for the removal of each and waits until they are gone.
fn remove(
    api: &ApiServer,
    clock: &dyn Clock,
    patience: &Patience<'_>,
    mut going: Vec<Found>,
    attempt: &mut Attempt<'_>,
) -> Result<(), Fault> {
    for found in going.iter().filter(|found| !found.leaving) {
        if (attempt.stop)() {
            break; // the pause below says so
        }
        api.delete(&found.path).map_err(|error| error.fault(&found.name))?;
    }
    let all = going.len();
    let mut leaving_since: BTreeMap<String, Duration> = BTreeMap::new();
    loop {
        let mut left = Vec::new();
        for found in going {
            let Some(object) = api.get(&found.path).map_err(|error| error.fault(&found.name))? else { continue };
            if text(&object, "/metadata/uid") != found.uid {
                continue; // another one of the same name: the next inventory says whose it is
            }
            let since = *leaving_since.entry(found.path.clone()).or_insert_with(|| clock.monotonic());
            if clock.monotonic().saturating_sub(since) >= PATIENCE && release(api, &found, &object)? {
                attempt.progress.waiting(Message::new("wait-leftovers-freed").with("what", found.name.as_str()));
            }
            left.push(found);
        }
        let Some(first) = left.first() else { return Ok(()) };
        attempt.progress.advance((all - left.len()) as u64, all as u64);
        let what = Message::new("leftover-there").with("what", first.name.as_str()).with("chart", first.chart.as_str());
        attempt.progress.waiting(what.clone());
        patience.pause(attempt.stop, &first.name).map_err(|fault| stuck(&left, what, fault))?;
        going = left;
    }
}

/// Lets an object go that only waits for a controller which does not come any more; gives whether it did.
fn release(api: &ApiServer, found: &Found, object: &Value) -> Result<bool, Fault> {
    let finalizers = object.pointer("/metadata/finalizers").and_then(Value::as_array);
    let (stay, foreign): (Vec<&Value>, Vec<&Value>) = finalizers
        .into_iter()
        .flatten()
        .partition(|finalizer| finalizer.as_str().is_some_and(|name| COLLECTING.contains(&name)));
    if foreign.is_empty() || object.pointer("/metadata/deletionTimestamp").is_none() {
        return Ok(false);
    }
    let version = text(object, "/metadata/resourceVersion");
    let change = json!({ "metadata": { "finalizers": stay, "resourceVersion": version } });
    match api.merge(&found.path, &change) {
        Ok(_) => Ok(true),
        // Gone meanwhile, or somebody did come by: the next look says.
        Err(error) if error.is_status(404) || error.is_status(409) => Ok(false),
        Err(error) => Err(error.fault(&found.name)),
    }
}

fn stuck(left: &[Found], what: Message, fault: Fault) -> Fault {
    let names: Vec<&str> = left.iter().take(NAMED).map(|found| found.name.as_str()).collect();
    let mut stuck = Fault::new(FaultCode::LeftoversStuck).with("what", names[0]).detail(what).output(&names.join("\n"));
    stuck.causes.extend(fault.causes);
    stuck
}

/// What the readable records of these releases say of their pods: a workload may be gone while its pods are not.
fn known(api: &ApiServer, charts: &[ChartName]) -> Result<Selectors, Fault> {
    let mut selectors = Selectors::default();
    for chart in charts {
        for manifest in Helm::manifests(api, &chart.name, &chart.namespace)? {
            for object in yaml::documents(&manifest).unwrap_or_default() {
                selectors.learn(&object, chart);
            }
        }
    }
    Ok(selectors)
}
