//! What helm would put in place, worked out without touching the cluster; and what it has put in place.

use std::time::Duration;

use bridle_core::fault::Fault;
use bridle_core::port::{Blobs, CommandError};
use bridle_core::step::ChartStep;
use serde_json::Value;

use super::program::text;
use super::{Helm, manifest, record};
use crate::connect::ApiServer;
use crate::{packed, yaml};

/// Longest time for one chart; rendering takes about a tenth of a second.
const LIMIT: Duration = Duration::from_secs(60);
/// Largest text that a chart may render to: helm's record of it must fit into 1 MiB, and packs to about a tenth.
const LARGEST: usize = 32 * 1024 * 1024;

/// What came of rendering a chart.
#[derive(Debug)]
pub(crate) enum Rendered {
    /// Its objects in helm's order, `List`s taken apart.
    Objects(Vec<Value>),
    /// Helm refused; its words.
    Refused(String),
    /// The package is not there, or damaged.
    Package(String),
}

/// For which cluster charts are rendered.
#[derive(Debug, Clone)]
pub(crate) struct For<'a> {
    /// Version of Kubernetes (`1.36`).
    pub(crate) kubernetes: &'a str,
    /// Interfaces that there are beside those that helm knows (`projectcontour.io/v1`, `projectcontour.io/v1/HTTPProxy`).
    pub(crate) interfaces: &'a [String],
    /// Whether a release of this name is there already.
    pub(crate) upgrade: bool,
}

impl Helm {
    /// Renders a chart with its values, as `helm upgrade --install` would for such a cluster; without its test hooks.
    /// Values go through standard input. A chart's `lookup` finds nothing: the cluster is not asked.
    ///
    /// # Errors
    /// `ProgramFailed` if helm cannot be run, `DeadlinePassed` if told to stop.
    pub(crate) fn render(
        &self,
        blobs: &dyn Blobs,
        chart: &ChartStep,
        cluster: &For<'_>,
        stop: &dyn Fn() -> bool,
    ) -> Result<Rendered, Fault> {
        let Some(package) = blobs.path(&chart.package) else {
            return Ok(Rendered::Package(format!("blob {} is not in the store", chart.package)));
        };
        if let Err(error) = packed::verified(&package, &chart.package) {
            return Ok(Rendered::Package(error.to_string()));
        }
        let mut command =
            self.command(LIMIT)?.args(["template".to_owned(), chart.name.clone(), text(&package)]).args([
                "--namespace",
                &chart.namespace,
                "--values",
                "-",
                "--skip-tests",
                "--kube-version",
                cluster.kubernetes,
            ]);
        if !cluster.interfaces.is_empty() {
            command = command.args(["--api-versions".to_owned(), cluster.interfaces.join(",")]);
        }
        if cluster.upgrade {
            command = command.args(["--is-upgrade"]);
        }
        command.stdin = Some(Value::Object(chart.values.clone()).to_string().into_bytes());
        command.keep_output = LARGEST;
        let output = match self.process.run(&command, stop) {
            Ok(output) if output.ok() => output,
            Ok(output) => return Ok(Rendered::Refused(output.complaint().replace(&text(&package), &chart.name))),
            Err(error @ CommandError::Limit { .. }) => return Ok(Rendered::Refused(error.to_string())),
            Err(error @ CommandError::Stopped { .. }) => {
                let fault = Fault::new(bridle_core::fault::FaultCode::DeadlinePassed);
                return Err(fault.with("what", chart.name.as_str()).because(&error));
            }
            Err(error @ CommandError::Start { .. }) => {
                let fault = Fault::new(bridle_core::fault::FaultCode::ProgramFailed);
                return Err(fault.with("program", "helm").because(&error));
            }
        };
        if output.stdout.len() >= LARGEST {
            return Ok(Rendered::Refused(format!("it renders to more than {LARGEST} bytes")));
        }
        Ok(match yaml::documents(&output.stdout_text()) {
            Ok(documents) => Rendered::Objects(documents.iter().flat_map(manifest::members).cloned().collect()),
            Err(error) => Rendered::Refused(error.to_string()),
        })
    }

    /// The objects of the newest revision of a release, as helm's record of it has them; `None` if there is no release,
    /// nothing of it that can be read counts as none.
    ///
    /// # Errors
    /// `KubernetesRefused` if the API does not answer, or `ChartFailed` for a record that cannot be read.
    pub(crate) fn recorded(api: &ApiServer, name: &str, namespace: &str) -> Result<Option<Vec<Value>>, Fault> {
        let Some(record) = record::newest(api, name, namespace)? else { return Ok(None) };
        let manifest = record.release(name)?.manifest;
        let documents = yaml::documents(&manifest).unwrap_or_default();
        Ok(Some(documents.iter().flat_map(manifest::members).cloned().collect()))
    }
}

/// Path and content of the Secret in which helm records a deployed release, for tests.
#[cfg(test)]
pub(crate) fn record(name: &str, namespace: &str, manifest: &str) -> (String, Value) {
    let release = serde_json::json!({ "info": { "description": "", "status": "deployed" }, "manifest": manifest });
    let secret = format!("sh.helm.release.v1.{name}.v1");
    let labels = serde_json::json!({ "owner": "helm", "name": name, "status": "deployed", "version": "1" });
    let object = serde_json::json!({
        "metadata": { "name": secret, "namespace": namespace, "labels": labels },
        "data": { "release": record::encode(&release) },
    });
    (format!("/api/v1/namespaces/{namespace}/secrets/{secret}"), object)
}
