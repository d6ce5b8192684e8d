//! The values of charts above their own defaults: one rule for the site that installs and for the publisher who renders.

use serde_json::{Map, Value, json};

use super::ranges::Ranges;
use crate::site::Site;

/// What all charts of a release get at a site.
#[derive(Debug)]
pub struct Surroundings<'a> {
    /// The release's values for all charts.
    pub global: &'a Map<String, Value>,
    /// The site.
    pub site: &'a Site,
    /// Addresses of pods and services there.
    pub ranges: Ranges,
    /// Address of the node and of the front door.
    pub address: &'a str,
}

impl Surroundings<'_> {
    /// All values of the chart `name`, lowest first: the release's for all, the release's for it, facts of the site, the
    /// site's own.
    #[must_use]
    pub fn values(&self, name: &str, chart: &Map<String, Value>) -> Map<String, Value> {
        let global = |value: Value| Map::from_iter([("global".to_owned(), value)]);
        let facts = json!({ "site": {
            "name": self.site.name, "host": self.site.host, "address": self.address,
            "pod_range": self.ranges.pods, "service_range": self.ranges.services,
            "name_service": self.ranges.name_service(),
            "services": self.site.services.values(),
        } });
        let mut values = global(Value::Object(self.global.clone()));
        merge(&mut values, chart);
        merge(&mut values, &global(facts));
        if let Some(own) = self.site.values.get(name) {
            merge(&mut values, own);
        }
        values
    }
}

/// What a chart is rendered with: `above` over its own `defaults`, where `null` takes a key away (Helm's rule).
#[must_use]
pub fn over_defaults(defaults: &Map<String, Value>, above: &Map<String, Value>) -> Map<String, Value> {
    let mut all = defaults.clone();
    merge(&mut all, above);
    drop_nulls(&mut all, above);
    all
}

/// Takes away what `above` says `null` for; a `null` of the defaults themselves stays.
fn drop_nulls(all: &mut Map<String, Value>, above: &Map<String, Value>) {
    for (key, value) in above {
        match (all.get_mut(key), value) {
            (_, Value::Null) => {
                all.remove(key);
            }
            (Some(Value::Object(inner)), Value::Object(above)) => drop_nulls(inner, above),
            _ => {}
        }
    }
}

/// Puts `above` over `below`: maps are merged, everything else is replaced, also by a `null`, which Helm takes as "no value".
fn merge(below: &mut Map<String, Value>, above: &Map<String, Value>) {
    for (key, value) in above {
        match (below.get_mut(key), value) {
            (Some(Value::Object(old)), Value::Object(new)) => merge(old, new),
            _ => {
                below.insert(key.clone(), value.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(value: Value) -> Map<String, Value> {
        let Value::Object(map) = value else { panic!("{value} is no map") };
        map
    }

    #[test]
    fn each_layer_lies_over_the_one_below() {
        let global = map(json!({ "tier": "small", "site": { "name": "nobody" } }));
        let mut site = Site { name: "campus".to_owned(), host: "campus.example".to_owned(), ..Site::default() };
        site.values.insert("web".to_owned(), map(json!({ "replicas": 3, "image": null })));
        site.services.dns = vec!["192.0.2.53".to_owned()];
        let ranges = Ranges::chosen(&site, "10.42.0.0/16", "10.43.0.0/16");
        let surroundings = Surroundings { global: &global, site: &site, ranges, address: "192.0.2.7" };
        let chart = map(json!({ "replicas": 1, "image": { "tag": "1" }, "global": { "tier": "large" } }));
        assert_eq!(
            Value::Object(surroundings.values("web", &chart)),
            json!({
                "replicas": 3, "image": null,
                "global": { "tier": "large", "site": {
                    "name": "campus", "host": "campus.example", "address": "192.0.2.7",
                    "pod_range": "10.42.0.0/16", "service_range": "10.43.0.0/16", "name_service": "10.43.0.10",
                    "services": { "dns": ["192.0.2.53"], "ntp": [] },
                } },
            })
        );
        assert_eq!(surroundings.values("other", &chart)["replicas"], 1);
    }

    #[test]
    fn a_null_takes_a_default_away() {
        let defaults = map(json!({ "a": 1, "b": { "c": 2, "d": null }, "e": null }));
        let above = map(json!({ "a": null, "b": { "c": null, "f": { "g": null } }, "h": 3 }));
        let all = Value::Object(over_defaults(&defaults, &above));
        assert_eq!(all, json!({ "b": { "d": null, "f": {} }, "e": null, "h": 3 }));
    }

    #[test]
    fn what_the_site_chose_goes_before_the_release() {
        let mut site = Site::default();
        site.kubernetes.service_cidr = Some("10.99.0.0/16".parse().expect("network"));
        let ranges = Ranges::chosen(&site, "10.42.0.0/16", "10.43.0.0/16");
        assert_eq!((ranges.pods.as_str(), ranges.name_service().as_str()), ("10.42.0.0/16", "10.99.0.10"));
    }
}
