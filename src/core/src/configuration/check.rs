//! Whether the values of a site fit the charts of a release. Who reads schemas tells what they refuse as [`Violation`]s;
//! here it becomes sentences with the place in the site's own text.

use serde_json::{Map, Value};

use super::Profile;
use super::finding::{Finding, Origin, Severity, in_order};
use super::key::Key;
use crate::release::{Chart, ReleaseManifest};
use crate::site::{Places, Site, similar};

/// What a packed chart says of its values.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChartFacts {
    /// Name of the chart.
    pub name: String,
    /// Its own `values.yaml`.
    pub defaults: Map<String, Value>,
    /// Its `values.schema.json`.
    pub schema: Option<Value>,
    /// What the schemas of chart and sub-charts refuse of all values together.
    pub violations: Vec<Violation>,
}

/// One thing that a schema refuses.
#[derive(Debug, Clone, PartialEq)]
pub struct Violation {
    /// Keys from the top of the chart's values; places in lists as numbers.
    pub path: Vec<String>,
    /// What it wants.
    pub wants: Wants,
}

/// What a schema wants (JSON Schema, draft 7 and 2020-12).
#[derive(Debug, Clone, PartialEq)]
pub enum Wants {
    /// One of these kinds (`string`, `integer`, …).
    Type(Vec<String>),
    /// One of these values, as JSON texts.
    OneOf(Vec<String>),
    /// None of these keys; the ones that it knows there.
    NoKeys {
        /// Found.
        found: Vec<String>,
        /// Known.
        known: Vec<String>,
    },
    /// This key.
    Required(String),
    /// At least.
    Least(String),
    /// More than.
    Above(String),
    /// At most.
    Most(String),
    /// Less than.
    Below(String),
    /// At least so many characters, entries or keys.
    Longer(u64),
    /// At most so many characters, entries or keys.
    Shorter(u64),
    /// A text of this form (regular expression).
    Pattern(String),
    /// A text of a form with a name (`date`, `ipv4`, …).
    Format(String),
    /// No entry twice.
    Unique,
    /// Anything else; what the reader of the schema says, for experts.
    Other(String),
}

/// Everything that is to be said of `profile` for the charts of `release`, in a stable order.
#[must_use]
pub fn findings(profile: &Profile, release: &ReleaseManifest, charts: &[ChartFacts]) -> Vec<Finding> {
    let site = match profile.site() {
        Ok(site) => site,
        Err(errors) => return in_order(errors.iter().map(Finding::from).collect()),
    };
    let places = Places::of(&profile.text);
    let mut found = strangers(&site, release, &places);
    for facts in charts {
        let Some(chart) = release.charts.iter().find(|chart| chart.name == facts.name) else { continue };
        for violation in &facts.violations {
            found.extend(refused(chart, facts, violation, &places));
        }
        if let Some(values) = site.values.get(&facts.name) {
            unknown(values, &facts.defaults, facts.schema.as_ref(), &of_chart(&facts.name), &places, &mut found);
        }
    }
    for (chart, values) in &site.values {
        exposed(values, &of_chart(chart), &places, &mut found);
    }
    in_order(found)
}

fn of_chart(chart: &str) -> Key {
    Key::of(["values", chart])
}

/// Values for charts that the release does not have.
fn strangers(site: &Site, release: &ReleaseManifest, places: &Places<'_>) -> Vec<Finding> {
    let known: Vec<&str> = release.charts.iter().map(|chart| chart.name.as_str()).collect();
    let foreign = site.values.keys().filter(|chart| !known.contains(&chart.as_str()));
    let finding = |chart: &String| match similar(chart, &known) {
        Some(meant) => {
            Finding::of(Severity::Warns, of_chart(chart), places, "config-no-chart-meant").with("meant", meant)
        }
        None => {
            Finding::of(Severity::Warns, of_chart(chart), places, "config-no-chart").with("known", known.join(", "))
        }
    };
    foreign.map(finding).collect()
}

fn refused(chart: &Chart, facts: &ChartFacts, violation: &Violation, places: &Places<'_>) -> Vec<Finding> {
    let key = violation.path.iter().fold(of_chart(&chart.name), |key, part| key.below(part));
    if let Wants::NoKeys { found, known } = &violation.wants {
        return found.iter().map(|one| no_key(&key.below(one), one, known, chart, facts, places)).collect();
    }
    let (key, message) = match &violation.wants {
        Wants::Required(name) => (key.below(name), crate::message::Message::new("config-required")),
        wants => (key, wants.message()),
    };
    let origin = origin(&key, chart, facts, places);
    // Of what is missing there is no place of its own: the table that lacks it is the nearest thing.
    let mut at = places.value(&key.parts());
    if matches!(violation.wants, Wants::Required(_)) {
        let parts = key.parts();
        at = (2..parts.len()).rev().find_map(|count| places.key(&parts[..count]));
    }
    vec![Finding { severity: Severity::Blocks, key: Some(key), at, origin, message }]
}

fn no_key(key: &Key, name: &str, known: &[String], chart: &Chart, facts: &ChartFacts, places: &Places<'_>) -> Finding {
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let message = match similar(name, &known) {
        Some(meant) => crate::message::Message::new("config-no-key-meant").with("meant", meant),
        None if known.is_empty() => crate::message::Message::new("config-no-key"),
        None => crate::message::Message::new("config-no-key-known").with("known", known.join(", ")),
    };
    let origin = origin(key, chart, facts, places);
    Finding { severity: Severity::Blocks, key: Some(key.clone()), at: places.key(&key.parts()), origin, message }
}

/// Whose value stands there in the end: the site's, the release's, or the chart's own.
fn origin(key: &Key, chart: &Chart, facts: &ChartFacts, places: &Places<'_>) -> Origin {
    let parts = key.parts();
    let below: &[&str] = parts.get(2..).unwrap_or_default();
    if places.key(&parts).is_some() {
        return Origin::Site;
    }
    match (reaches(&chart.values, below), reaches(&facts.defaults, below)) {
        (true, _) => Origin::Release,
        (false, true) => Origin::Chart,
        // Nobody said it. If the site said something around it, it is the site's.
        _ if (3..parts.len()).any(|count| places.key(&parts[..count]).is_some()) => Origin::Site,
        _ => Origin::Chart,
    }
}

fn reaches(values: &Map<String, Value>, path: &[&str]) -> bool {
    let Some((first, rest)) = path.split_first() else { return true };
    let end = rest.iter().try_fold(values.get(*first), |here, part| match here? {
        Value::Object(map) => Some(map.get(*part)),
        Value::Array(list) => Some(list.get(part.parse::<usize>().ok()?)),
        _ => None,
    });
    matches!(end, Some(Some(_)))
}

/// Keys of the site that neither the chart's defaults nor its schema know: nothing reads them.
fn unknown(
    values: &Map<String, Value>,
    defaults: &Map<String, Value>,
    schema: Option<&Value>,
    above: &Key,
    places: &Places<'_>,
    found: &mut Vec<Finding>,
) {
    let shape = schema.map(|schema| Shape { root: schema, here: vec![schema] });
    compare(values, Some(defaults), shape.as_ref(), above, places, found);
}

/// What a schema says of one level of the values.
struct Shape<'a> {
    root: &'a Value,
    /// Every schema that applies there.
    here: Vec<&'a Value>,
}

/// What a schema says of a key.
enum Says<'a> {
    /// It has a place for it.
    Known(Shape<'a>),
    /// It names keys, and this is none of them.
    Foreign(Vec<String>),
    /// Nothing.
    Nothing,
}

impl<'a> Shape<'a> {
    fn says(&self, key: &str) -> Says<'a> {
        let all = self.resolved();
        let mut known = Vec::new();
        let (mut below, mut open) = (Vec::new(), false);
        for schema in &all {
            if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
                known.extend(properties.keys().cloned());
                below.extend(properties.get(key));
            }
            // Keys of a form, or of a kind: any may be meant.
            open |= schema.get("patternProperties").is_some()
                || schema.get("additionalProperties").is_some_and(|more| more != &Value::Bool(false))
                || schema.get("propertyNames").is_some();
        }
        if !below.is_empty() {
            return Says::Known(Shape { root: self.root, here: below });
        }
        if open || known.is_empty() { Says::Nothing } else { Says::Foreign(known) }
    }

    /// Schemas that apply here, with those that they refer to (local references only), at most 64.
    fn resolved(&self) -> Vec<&'a Value> {
        let mut all: Vec<&'a Value> = Vec::new();
        let mut waiting = self.here.clone();
        while let Some(schema) = waiting.pop() {
            if all.len() >= 64 || all.iter().any(|seen| std::ptr::eq(*seen, schema)) {
                continue;
            }
            all.push(schema);
            let local = schema.get("$ref").and_then(Value::as_str).and_then(|to| to.strip_prefix('#'));
            waiting.extend(local.and_then(|pointer| self.root.pointer(pointer)));
            for choice in ["allOf", "anyOf", "oneOf"] {
                waiting.extend(schema.get(choice).and_then(Value::as_array).into_iter().flatten());
            }
            waiting.extend(["then", "else", "if"].iter().filter_map(|part| schema.get(*part)));
        }
        all
    }
}

fn compare(
    values: &Map<String, Value>,
    defaults: Option<&Map<String, Value>>,
    shape: Option<&Shape<'_>>,
    above: &Key,
    places: &Places<'_>,
    found: &mut Vec<Finding>,
) {
    for (name, value) in values {
        let default = defaults.and_then(|defaults| defaults.get(name));
        let says = shape.map_or(Says::Nothing, |shape| shape.says(name));
        let key = above.below(name);
        // A table without any default takes whatever a site puts there.
        let listed = defaults.is_some_and(|defaults| !defaults.is_empty());
        let known = match &says {
            Says::Known(_) => true,
            _ => default.is_some() || name == "global" || !listed,
        };
        if !known {
            let mut names: Vec<String> = defaults.into_iter().flat_map(|defaults| defaults.keys().cloned()).collect();
            if let Says::Foreign(more) = &says {
                names.extend(more.iter().cloned());
            }
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            found.push(match similar(name, &names) {
                Some(meant) => Finding::of(Severity::Warns, key, places, "config-unread-meant").with("meant", meant),
                None => Finding::of(Severity::Warns, key, places, "config-unread"),
            });
            continue;
        }
        if let Value::Object(inner) = value {
            let shape = if let Says::Known(shape) = &says { Some(shape) } else { None };
            compare(inner, default.and_then(Value::as_object), shape, &key, places, found);
        }
    }
}

/// Secrets among the values: the profile is shown, copied and kept in the history.
fn exposed(values: &Map<String, Value>, above: &Key, places: &Places<'_>, found: &mut Vec<Finding>) {
    for (name, value) in values {
        let key = above.below(name);
        match value {
            Value::Object(inner) => exposed(inner, &key, places, found),
            Value::String(text) if !text.is_empty() && key.names_a_secret() => {
                found.push(Finding::of(Severity::Warns, key, places, "config-secret-value"));
            }
            _ => {}
        }
    }
}

impl Wants {
    fn message(&self) -> crate::message::Message {
        use crate::message::Message;
        let one = |code, name, value: &str| Message::new(code).with(name, value.to_owned());
        match self {
            Self::Type(kinds) if kinds.len() == 1 => one("config-type", "kind", &kinds[0]),
            Self::Type(kinds) => one("config-types", "kinds", &kinds.join(", ")),
            Self::OneOf(values) => one("config-one-of", "values", &values.join(", ")),
            Self::NoKeys { found, .. } => one("config-no-key-known", "known", &found.join(", ")),
            Self::Required(_) => Message::new("config-required"),
            Self::Least(limit) => one("config-least", "limit", limit),
            Self::Above(limit) => one("config-above", "limit", limit),
            Self::Most(limit) => one("config-most", "limit", limit),
            Self::Below(limit) => one("config-below", "limit", limit),
            Self::Longer(limit) => Message::new("config-longer").with("limit", *limit),
            Self::Shorter(limit) => Message::new("config-shorter").with("limit", *limit),
            Self::Pattern(pattern) => one("config-pattern", "pattern", pattern),
            Self::Format(format) => one("config-format", "format", format),
            Self::Unique => Message::new("config-unique"),
            Self::Other(said) => one("config-other", "said", said),
        }
    }
}

#[cfg(test)]
mod tests;
