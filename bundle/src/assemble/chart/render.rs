//! Rendering with the release's helm: the values that a site would have, with the release's and each example's profile.

use std::fs;
use std::path::Path;

use bridle_core::plan::ranges::Ranges;
use bridle_core::plan::values::Surroundings;
use bridle_core::release::Blob;
use bridle_core::site::Site;
use serde_json::{Map, Value};

use crate::assemble::cache::Cache;
use crate::assemble::error::AssembleError;
use crate::assemble::source::ChartSource;
use crate::assemble::tool::Tool;

/// Address of a site whose profile names none: one for documentation.
const ADDRESS: &str = "192.0.2.1";

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
    let values = values(source, rendering, &example.site);
    cache.replace(&path, Value::Object(values).to_string().as_bytes())?;
    let home = |name: &str| scratch.path().join(name);
    Tool::new(rendering.helm)
        .env("HELM_CACHE_HOME", home("cache"))
        .env("HELM_CONFIG_HOME", home("config"))
        .env("HELM_DATA_HOME", home("data"))
        .env("KUBECONFIG", "/dev/null")
        .args(["template", &source.name])
        .arg(&archive)
        .args([
            "--namespace",
            &source.namespace,
            "--kube-version",
            &rendering.kubernetes.version.to_string(),
            "--values",
        ])
        .arg(&path)
        .text()
        .map_err(|error| refusal(source, example, error, &archive))
}

/// What the agent gives the chart on a site.
fn values(source: &ChartSource, rendering: &super::Rendering<'_>, site: &Site) -> Map<String, Value> {
    let kubernetes = rendering.kubernetes;
    let surroundings = Surroundings {
        global: rendering.global,
        site,
        ranges: Ranges::chosen(site, &kubernetes.cluster_cidr, &kubernetes.service_cidr),
        address: site.address.as_deref().unwrap_or(ADDRESS),
    };
    surroundings.values(&source.name, &source.values)
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
