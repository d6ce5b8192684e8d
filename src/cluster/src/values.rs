//! What a packed chart says of its values: its defaults, and what its schemas refuse. Schemas are read with local
//! references only; nothing is fetched.

use std::path::Path;

use bridle_core::configuration::check::{ChartFacts, Violation, Wants};
use bridle_core::digest::Digest;
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::plan::values::over_defaults;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::paths::LocationSegment;
use jsonschema::{ValidationError, Validator};
use serde_json::{Map, Value};

use crate::packed;

/// Most refusals of one schema that are told.
const MOST: usize = 200;
/// Most values that are named where one of several is wanted.
const MOST_NAMED: usize = 20;
/// Deepest choice (`anyOf`, `oneOf`) that is looked into.
const DEEPEST: usize = 8;

/// Defaults and schemas of one chart.
pub struct ChartValues {
    defaults: Map<String, Value>,
    schema: Option<Value>,
    /// Schemas with the place of the values that they are for; sub-charts have theirs under their own names.
    schemas: Vec<(Vec<String>, Value)>,
}

impl ChartValues {
    /// Those of the packed chart in the file `path`, whose digest must be `wanted`.
    ///
    /// # Errors
    /// `ChartFailed` if the file is not that chart, or holds what cannot be read.
    pub fn read(path: &Path, wanted: &Digest, chart: &str) -> Result<Self, Fault> {
        let failed =
            |error: &dyn std::error::Error| Fault::new(FaultCode::ChartFailed).with("chart", chart).because(error);
        let bytes = packed::verified(path, wanted).map_err(|error| failed(&error))?;
        Self::of(&bytes).map_err(|error| failed(&*error))
    }

    fn of(packed: &[u8]) -> Result<Self, Box<dyn std::error::Error>> {
        let (mut defaults, mut schemas) = (Map::new(), Vec::<(Vec<String>, Value)>::new());
        let mut files = packed::value_files(packed)?;
        // A chart's own defaults lie over those that its sub-charts have.
        files.sort_by_key(|file| std::cmp::Reverse(file.path.matches('/').count()));
        for file in files {
            let place: Vec<String> = file.path.split('/').skip(1).step_by(2).map(str::to_owned).collect();
            if file.path.ends_with(".json") {
                schemas.push((place, serde_json::from_str(&file.text)?));
                continue;
            }
            let values = crate::yaml::documents(&file.text)?.into_iter().next().unwrap_or_default();
            let Value::Object(values) = values else { continue };
            let nested =
                place.iter().rev().fold(values, |inner, name| Map::from_iter([(name.clone(), Value::Object(inner))]));
            // Over nothing, a `null` is a value like others.
            defaults = if defaults.is_empty() { nested } else { over_defaults(&defaults, &nested) };
        }
        let schema = schemas.iter().find(|(place, _)| place.is_empty()).map(|(_, schema)| schema.clone());
        Ok(Self { defaults, schema, schemas })
    }

    /// What is to be said of the chart with the values `above` over its defaults.
    ///
    /// # Errors
    /// `ChartFailed` if a schema is none, or refers to something outside of itself.
    pub fn facts(&self, chart: &str, above: &Map<String, Value>) -> Result<ChartFacts, Fault> {
        let all = Value::Object(over_defaults(&self.defaults, above));
        let mut violations = Vec::new();
        for (place, schema) in &self.schemas {
            // Helm gives a sub-chart its own part of the values, with what is for all.
            let pointer: String = place.iter().map(|part| format!("/{part}")).collect();
            let Some(values) = all.pointer(&pointer) else { continue };
            let mut values = values.clone();
            if let (false, Some(global), Value::Object(part)) = (place.is_empty(), all.get("global"), &mut values) {
                part.insert("global".to_owned(), global.clone());
            }
            let failed = |said: &str| Fault::new(FaultCode::ChartFailed).with("chart", chart).output(said);
            let validator = validator(schema).map_err(|said| failed(&said))?;
            let found = validator.iter_errors(&values).take(MOST).flat_map(|error| told(&error, schema, DEEPEST));
            violations.extend(found.map(|mut violation| {
                violation.path = place.iter().cloned().chain(violation.path).collect();
                violation
            }));
        }
        Ok(ChartFacts {
            name: chart.to_owned(),
            defaults: self.defaults.clone(),
            schema: self.schema.clone(),
            violations,
        })
    }
}

/// A reader of a schema; where it names no draft it is read as 2020-12 (Helm's rule), and formats are not held (they are
/// notes there).
fn validator(schema: &Value) -> Result<Validator, String> {
    let options = jsonschema::options().offline().should_validate_formats(false);
    options.build(schema).map_err(|error| error.to_string())
}

/// A refusal in our own shape; of a choice, the one that is nearest to what stands there.
fn told(error: &ValidationError<'_>, schema: &Value, depth: usize) -> Vec<Violation> {
    let one = |wants| vec![Violation { path: path(error), wants }];
    let limit = |limit: &Value| limit.to_string();
    one(match error.kind() {
        ValidationErrorKind::Type { kind } => Wants::Type(kinds(kind)),
        ValidationErrorKind::Enum { options } => Wants::OneOf(named(options)),
        ValidationErrorKind::Constant { expected_value } => Wants::OneOf(vec![expected_value.to_string()]),
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            Wants::NoKeys { found: unexpected.clone(), known: known(error, schema) }
        }
        ValidationErrorKind::Required { property } => {
            Wants::Required(property.as_str().map_or_else(|| property.to_string(), str::to_owned))
        }
        ValidationErrorKind::Minimum { limit: least } => Wants::Least(limit(least)),
        ValidationErrorKind::ExclusiveMinimum { limit: least } => Wants::Above(limit(least)),
        ValidationErrorKind::Maximum { limit: most } => Wants::Most(limit(most)),
        ValidationErrorKind::ExclusiveMaximum { limit: most } => Wants::Below(limit(most)),
        ValidationErrorKind::MinLength { limit }
        | ValidationErrorKind::MinItems { limit }
        | ValidationErrorKind::MinProperties { limit } => Wants::Longer(*limit),
        ValidationErrorKind::MaxLength { limit }
        | ValidationErrorKind::MaxItems { limit }
        | ValidationErrorKind::MaxProperties { limit } => Wants::Shorter(*limit),
        ValidationErrorKind::AdditionalItems { limit } => Wants::Shorter(*limit as u64),
        ValidationErrorKind::Pattern { pattern } => Wants::Pattern(pattern.clone()),
        ValidationErrorKind::Format { format } => Wants::Format(format.clone()),
        ValidationErrorKind::UniqueItems => Wants::Unique,
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } if depth > 0 => {
            // The choice that gets furthest into the value is the one that was meant.
            let furthest = context.iter().max_by_key(|choice| {
                (choice.iter().map(|error| path(error).len()).min(), std::cmp::Reverse(choice.len()))
            });
            return furthest.into_iter().flatten().flat_map(|error| told(error, schema, depth - 1)).collect();
        }
        // The words of the reader name the value: of a secret they would tell it.
        kind => Wants::Other(kind.keyword().to_owned()),
    })
}

fn path(error: &ValidationError<'_>) -> Vec<String> {
    let segment = |segment: LocationSegment<'_>| match segment {
        LocationSegment::Property(name) => name.into_owned(),
        LocationSegment::Index(index) => index.to_string(),
    };
    error.instance_path().into_iter().map(segment).collect()
}

fn kinds(kind: &TypeKind) -> Vec<String> {
    match kind {
        TypeKind::Single(one) => vec![one.to_string()],
        TypeKind::Multiple(several) => several.iter().map(|one| one.to_string()).collect(),
    }
}

fn named(options: &Value) -> Vec<String> {
    options.as_array().into_iter().flatten().take(MOST_NAMED).map(Value::to_string).collect()
}

/// Keys that the schema names beside the word that refused another one.
fn known(error: &ValidationError<'_>, schema: &Value) -> Vec<String> {
    let place = error.schema_path().to_string();
    let above = place.rsplit_once('/').map_or("", |(above, _)| above);
    let properties = schema.pointer(above).and_then(|schema| schema.get("properties")).and_then(Value::as_object);
    properties.into_iter().flat_map(|properties| properties.keys().cloned()).collect()
}

#[cfg(test)]
mod tests;
