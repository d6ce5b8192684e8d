//! Rendering with the release's helm: the values that a site would have, with the release's and each example's profile.

use std::fs;
use std::path::Path;

use bridle_core::plan::install::merge;
use bridle_core::release::Blob;
use bridle_core::site::Site;
use serde_json::{Map, Value, json};

use crate::assemble::cache::Cache;
use crate::assemble::error::AssembleError;
use crate::assemble::source::ChartSource;
use crate::assemble::tool::Tool;

/// An example of a site: its name in the source, and its profile.
#[derive(Debug, Clone)]
pub(in crate::assemble) struct Example {
    /// Name in `[[profile]]`; nothing for the release's own values.
    pub(in crate::assemble) name: Option<String>,
    /// The profile.
    pub(in crate::assemble) site: Site,
}

impl Example {
    /// How it is told: `with the release's values`, `with profile large`.
    pub(super) fn told(&self) -> String {
        self.name.as_ref().map_or("with the release's values".to_owned(), |name| format!("with profile {name}"))
    }
}

/// Renders a packed chart as a site would. Helm checks the values against the chart's schema on the way.
pub(super) fn render(
    cache: &Cache,
    source: &ChartSource,
    package: &Blob,
    rendering: &super::Rendering<'_>,
    example: &Example,
) -> Result<String, AssembleError> {
    let scratch = cache.scratch()?;
    let archive = scratch.path().join("chart.tgz");
    fs::copy(cache.blob(&package.digest), &archive).map_err(AssembleError::io("copy", &archive))?;
    let path = scratch.path().join("values.json");
    let values = values(source, rendering.global, &example.site);
    cache.replace(&path, Value::Object(values).to_string().as_bytes())?;
    let home = |name: &str| scratch.path().join(name);
    Tool::new(rendering.helm)
        .env("HELM_CACHE_HOME", home("cache"))
        .env("HELM_CONFIG_HOME", home("config"))
        .env("HELM_DATA_HOME", home("data"))
        .env("KUBECONFIG", "/dev/null")
        .args(["template", &source.name])
        .arg(&archive)
        .args(["--namespace", &source.namespace, "--kube-version", &rendering.kubernetes, "--values"])
        .arg(&path)
        .text()
        .map_err(|error| refusal(source, example, error, &archive))
}

/// What the agent gives the chart on a site (`docs/FORMATS.md`), lowest first. The address is one for documentation.
fn values(source: &ChartSource, global: &Map<String, Value>, site: &Site) -> Map<String, Value> {
    let below = |value: Value| Map::from_iter([("global".to_owned(), value)]);
    let address = site.address.as_deref().unwrap_or("192.0.2.1");
    let facts = json!({ "site": { "name": site.name, "host": site.host, "address": address } });
    let mut values = below(Value::Object(global.clone()));
    merge(&mut values, &source.values);
    merge(&mut values, &below(facts));
    if let Some(own) = site.values.get(&source.name) {
        merge(&mut values, own);
    }
    values
}

/// Helm's own words, without the paths of the scratch directory.
fn refusal(source: &ChartSource, example: &Example, error: AssembleError, archive: &Path) -> AssembleError {
    let said = match error {
        AssembleError::Tool { output, reason, .. } if output.trim().is_empty() => reason,
        AssembleError::Tool { output, .. } => output,
        other => return other,
    };
    let said = said.replace(&archive.display().to_string(), "the chart");
    let schema = said.contains("values.schema.json") || said.contains("specifications of the schema");
    let advice = if schema {
        "the values and values.schema.json do not fit each other: correct whichever is wrong"
    } else {
        "correct the template or the values"
    };
    AssembleError::Chart {
        chart: source.name.clone(),
        reason: format!("does not render {}: {}\n{advice}", example.told(), said.trim().trim_start_matches("Error: ")),
    }
}
