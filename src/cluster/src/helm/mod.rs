//! Helm releases: one chart, one release, applied by the helm program of the Bridle release.

mod group;
mod manifest;
mod program;
mod record;
mod release_held;
mod render;
mod warnings;
mod watch;

#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bridle_core::digest::Digest;
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::port::{Attempt, Blobs, Clock, Process};
use bridle_core::step::{ChartStep, Standing};
use serde_json::{Map, Value};

use crate::HelmProgram;
use crate::connect::ApiServer;
use crate::packed;
use crate::patience::Patience;
use program::Ended;
use release_held::Held;
#[cfg(test)]
pub(crate) use render::record as recorded;
pub(crate) use render::{For, Rendered};
use watch::Watch;

/// How often the cluster is looked at while helm runs.
const LOOK: Duration = Duration::from_secs(2);

/// Applies and judges Helm releases.
pub(crate) struct Helm {
    pub(crate) program: HelmProgram,
    pub(crate) process: Arc<dyn Process>,
    pub(crate) kubeconfig: PathBuf,
    pub(crate) scratch: PathBuf,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Helm {
    /// Whether the chart is deployed from this very package with these very values, and everything it rendered is ready.
    ///
    /// # Errors
    /// `KubernetesRefused`, or `ChartFailed` for a record of helm's that cannot be read.
    pub(crate) fn probe_chart(&self, api: &ApiServer, chart: &ChartStep) -> Result<Standing, Fault> {
        let say = |code: &'static str| Standing::Missing(Message::new(code).with("chart", chart.name.as_str()));
        let Some(record) = record::newest(api, &chart.name, &chart.namespace)? else { return Ok(say("chart-missing")) };
        if record.status() != "deployed" {
            return Ok(say("chart-unfinished"));
        }
        let release = record.release(&chart.name)?;
        if release.description != mark(chart) {
            return Ok(say("chart-other"));
        }
        Ok(manifest::first_not_ready(api, chart, &release.manifest)?.map_or(Standing::Done, Standing::Missing))
    }

    /// Installs or upgrades the chart and waits until everything is ready, or until something shows that it never will be.
    ///
    /// # Errors
    /// `ChartFailed` with helm's words, `WorkloadNotReady` (late, or early where there is no hope: [`bridle_core::readiness`]),
    /// `DeadlinePassed` or `KubernetesRefused`.
    pub(crate) fn apply_chart(
        &self,
        api: &ApiServer,
        blobs: &dyn Blobs,
        chart: &ChartStep,
        attempt: &mut Attempt<'_>,
    ) -> Result<(), Fault> {
        let patience = Patience::new(self.clock.as_ref(), attempt.limit);
        let failed = || Fault::new(FaultCode::ChartFailed).with("chart", chart.name.as_str());
        let package = blobs
            .path(&chart.package)
            .ok_or_else(|| failed().output(&format!("blob {} is not in the store", chart.package)))?;
        packed::verified(&package, &chart.package).map_err(|error| failed().because(&error))?;
        record::repair(api, &chart.name, &chart.namespace)?;
        let mut watch = Watch::begin(api, chart);
        let ended = {
            let looks = RefCell::new((&mut *attempt.progress, &mut watch, Duration::ZERO));
            let held = RefCell::new(Held::new(api, chart));
            let stop = || {
                let mut looks = looks.borrow_mut();
                if self.clock.monotonic() >= looks.2 {
                    if let Some(waiting) = manifest::waiting_for(api, chart) {
                        looks.0.waiting(waiting.message);
                    }
                    held.borrow_mut().look();
                    looks.2 = self.clock.monotonic() + LOOK;
                }
                looks.1.is_hopeless(self.clock.monotonic()) || (attempt.stop)()
            };
            self.upgrade(chart, &package, &mark(chart), patience.left(), &stop)?
        };
        let Ended::Badly { complaint, late } = ended else {
            watch.applied();
            return self.settle(api, chart, (&mut watch, &patience), attempt);
        };
        let Some(fault) = watch.fault() else {
            return Err(if late { not_ready(api, chart) } else { failed() }.output(&complaint));
        };
        // Helm was killed in the middle of its wait; whoever looks at its history should not find it at work.
        record::repair(api, &chart.name, &chart.namespace)?;
        Err(fault)
    }

    /// Helm is content; now everything must also be ready by our own rules, as the probe will ask.
    fn settle(
        &self,
        api: &ApiServer,
        chart: &ChartStep,
        (watch, patience): (&mut Watch<'_>, &Patience<'_>),
        attempt: &mut Attempt<'_>,
    ) -> Result<(), Fault> {
        loop {
            let Standing::Missing(message) = self.probe_chart(api, chart)? else { return Ok(()) };
            if watch.is_hopeless(self.clock.monotonic())
                && let Some(fault) = watch.fault()
            {
                return Err(fault);
            }
            attempt.progress.waiting(message.clone());
            let what = format!("{}/{}", chart.namespace, chart.name);
            patience.pause(attempt.stop, &what).map_err(|fault| fault.detail(message))?;
        }
    }

    /// What each record of a release that can be read says that it made.
    ///
    /// # Errors
    /// `KubernetesRefused` if the API does not answer.
    pub(crate) fn manifests(api: &ApiServer, name: &str, namespace: &str) -> Result<Vec<String>, Fault> {
        record::manifests(api, name, namespace)
    }

    /// Whether helm knows no release of that name, and no workload of it is left.
    ///
    /// # Errors
    /// `KubernetesRefused` if the API does not answer.
    pub(crate) fn probe_gone(api: &ApiServer, name: &str, namespace: &str) -> Result<Standing, Fault> {
        let there = record::any(api, name, namespace)? || manifest::remains(api, name, namespace)?.is_some();
        Ok(if there { Standing::Missing(Message::new("chart-there").with("chart", name)) } else { Standing::Done })
    }

    /// Uninstalls the release and waits until its workloads are gone; volumes stay (their class retains them).
    ///
    /// # Errors
    /// `ChartFailed` with helm's words, `DeadlinePassed` or `KubernetesRefused`.
    pub(crate) fn apply_gone(
        &self,
        api: &ApiServer,
        name: &str,
        namespace: &str,
        attempt: &mut Attempt<'_>,
    ) -> Result<(), Fault> {
        let patience = Patience::new(self.clock.as_ref(), attempt.limit);
        let waiting = Message::new("wait-chart-gone").with("chart", name);
        attempt.progress.waiting(waiting.clone());
        if record::any(api, name, namespace)?
            && let Ended::Badly { complaint, .. } = self.uninstall(name, namespace, patience.left(), attempt.stop)?
        {
            return Err(Fault::new(FaultCode::ChartFailed).with("chart", name).output(&complaint));
        }
        // Helm comes back while pods still end (seen with 4.3.0); what is put in place now would be deleted with them.
        // A workload itself is there until its last pod is gone: that is what foreground deletion means.
        while let Some(workload) = manifest::remains(api, name, namespace)? {
            let what = format!("{namespace}: {workload}");
            patience.pause(attempt.stop, &what).map_err(|fault| fault.detail(waiting.clone()))?;
        }
        Ok(())
    }
}

/// A release as helm's records hold it, for tests elsewhere.
#[cfg(test)]
pub(crate) fn encoded(release: &Value) -> String {
    record::encode(release)
}

/// The description of the revision in helm's history: it says exactly what was deployed, and by whom. A revision made by
/// hand (`helm upgrade`, `helm rollback`) has another one, so the step puts the chart back to what the release says.
pub(crate) fn mark(chart: &ChartStep) -> String {
    let values = Digest::of(sorted(&Value::Object(chart.values.clone())).to_string().as_bytes());
    format!("bridle {} values {}", chart.package, values.hex())
}

/// The same value with all keys in order, whatever order a map of `serde_json` keeps.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            Value::Object(keys.into_iter().map(|key| (key.clone(), sorted(&map[key]))).collect::<Map<_, _>>())
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

/// The fault of a chart whose deadline passed: which workload, and why.
fn not_ready(api: &ApiServer, chart: &ChartStep) -> Fault {
    match manifest::waiting_for(api, chart) {
        Some(waiting) => {
            let warnings = warnings::about(api, chart, &waiting.workload);
            let fault = Fault::new(FaultCode::WorkloadNotReady)
                .with("chart", chart.name.as_str())
                .with("workload", waiting.workload)
                .detail(waiting.reason);
            warnings.iter().fold(fault, |fault, warning| fault.output(warning))
        }
        None => Fault::new(FaultCode::ChartFailed).with("chart", chart.name.as_str()),
    }
}
