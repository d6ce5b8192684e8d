//! Values of charts that differ.

use std::collections::BTreeMap;

use bridle_core::release::ReleaseManifest;
use bridle_core::store::diff::ValueChange;
use serde_json::{Map, Value};

/// Values of charts that are in both releases, and those of all charts.
pub(super) fn between(old: &ReleaseManifest, new: &ReleaseManifest) -> Vec<ValueChange> {
    let mut found = differences("global", &old.global, &new.global);
    for chart in &new.charts {
        if let Some(earlier) = old.charts.iter().find(|earlier| earlier.name == chart.name) {
            found.extend(differences(&chart.name, &earlier.values, &chart.values));
        }
    }
    found
}

fn differences(chart: &str, old: &Map<String, Value>, new: &Map<String, Value>) -> Vec<ValueChange> {
    let (mut before, mut after) = (BTreeMap::new(), BTreeMap::new());
    flatten("", old, &mut before);
    flatten("", new, &mut after);
    let mut fields: Vec<&String> = before.keys().chain(after.keys()).collect();
    fields.sort();
    fields.dedup();
    let change = |field: &&String| ValueChange {
        chart: chart.to_owned(),
        field: (*field).clone(),
        old: before.get(*field).map(|value| (*value).clone()),
        new: after.get(*field).map(|value| (*value).clone()),
    };
    fields.iter().map(change).filter(|change| change.old != change.new).collect()
}

/// Every value that is no table with entries, by its keys.
fn flatten<'a>(above: &str, table: &'a Map<String, Value>, into: &mut BTreeMap<String, &'a Value>) {
    for (key, value) in table {
        let field = if above.is_empty() { key.clone() } else { format!("{above}.{key}") };
        match value {
            Value::Object(inner) if !inner.is_empty() => flatten(&field, inner, into),
            other => {
                into.insert(field, other);
            }
        }
    }
}
