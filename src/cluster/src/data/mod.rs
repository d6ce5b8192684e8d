//! Data sources of a release: which pod gives them, which claims hold them, and their streams.

mod command;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::io::{self, Write};

use bridle_core::fault::{Fault, FaultCode};
use bridle_core::release::DataSource;
use serde_json::Value;

use crate::connect::{ApiServer, segment};
use crate::observe::stamp;
use crate::readiness::{Verdict, belongs_to, judge};
pub(crate) use command::{pour, pour_back};

/// Where a stream goes.
pub(crate) struct DumpTarget<'a> {
    /// Takes the bytes as they come; bringing them to disk is the caller's.
    pub(crate) to: &'a mut dyn Write,
    /// Name of that place in faults.
    pub(crate) path: &'a str,
    /// Most bytes.
    pub(crate) limit: u64,
}

impl DumpTarget<'_> {
    /// Passes on what was held back.
    pub(crate) fn flush(&mut self) -> Result<(), Fault> {
        let flushed = self.to.flush();
        flushed.map_err(|error| Fault::new(FaultCode::WriteFailed).with("path", self.path).because(&error))
    }
}

/// The fault of a target that took no more of what a source gave; `limit` are the most bytes that it takes.
pub(crate) fn unwritten(source: &DataSource, (path, limit): (&str, u64), error: &io::Error) -> Fault {
    let code = match error.kind() {
        io::ErrorKind::FileTooLarge => {
            return fault(FaultCode::DumpTooLarge, source).with("limit", limit / 1_000_000).because(error);
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => FaultCode::NoSpace,
        _ => FaultCode::WriteFailed,
    };
    Fault::new(code).with("path", path).because(error)
}

/// A fault about a source.
pub(crate) fn fault(code: FaultCode, source: &DataSource) -> Fault {
    Fault::new(code)
        .with("source", source.name.as_str())
        .with("workload", source.workload.as_str())
        .with("namespace", source.namespace.as_str())
}

/// The workload of a source; `code` says what its absence means.
fn workload(api: &ApiServer, source: &DataSource, code: FaultCode) -> Result<Value, Fault> {
    let absent = || fault(code, source);
    let (kind, name) = source.workload.split_once('/').ok_or_else(absent)?;
    let plural = match kind {
        "StatefulSet" => "statefulsets",
        "Deployment" => "deployments",
        _ => return Err(absent()),
    };
    let path = format!("/apis/apps/v1/namespaces/{}/{plural}/{}", segment(&source.namespace), segment(name));
    let mut workload = api.get(&path).map_err(|error| error.fault(&source.workload))?.ok_or_else(absent)?;
    stamp(&mut workload, "apps/v1", kind);
    Ok(workload)
}

/// The source's first ready pod, by name; `code` says what it means that there is none.
pub(crate) fn ready_pod(api: &ApiServer, source: &DataSource, code: FaultCode) -> Result<Value, Fault> {
    let workload = workload(api, source, code)?;
    let path = format!("/api/v1/namespaces/{}/pods", segment(&source.namespace));
    let pods = api.list(&path, "").map_err(|error| error.fault("pods"))?;
    let ready = pods.into_iter().filter(|pod| belongs_to(pod, &workload)).filter(|pod| {
        let mut pod = pod.clone();
        stamp(&mut pod, "v1", "Pod");
        judge(&pod) == Verdict::Ready
    });
    ready.min_by_key(|pod| text(pod, "/metadata/name").to_owned()).ok_or_else(|| fault(code, source))
}

/// Names of the containers of a pod.
pub(crate) fn containers(pod: &Value) -> Vec<&str> {
    each(pod, "/spec/containers").map(|container| text(container, "/name")).collect()
}

/// Names of the claims that hold the files of a source, in order: those that its pods name, and those that a `StatefulSet`
/// makes for each of them.
///
/// # Errors
/// `VolumeAbsent` if there is no such workload or it has none, or `KubernetesRefused`.
pub(crate) fn claims(api: &ApiServer, source: &DataSource) -> Result<Vec<String>, Fault> {
    let workload = workload(api, source, FaultCode::VolumeAbsent)?;
    let named =
        each(&workload, "/spec/template/spec/volumes").map(|volume| text(volume, "/persistentVolumeClaim/claimName"));
    let mut claims: BTreeSet<String> = named.filter(|name| !name.is_empty()).map(str::to_owned).collect();
    // One whose pods were stopped keeps the claims of the first.
    let replicas = workload.pointer("/spec/replicas").and_then(Value::as_u64).unwrap_or(1).clamp(1, 1000);
    let name = text(&workload, "/metadata/name");
    for template in each(&workload, "/spec/volumeClaimTemplates") {
        let template = text(template, "/metadata/name");
        claims.extend((0..replicas).map(|number| format!("{template}-{name}-{number}")));
    }
    if claims.is_empty() {
        return Err(fault(FaultCode::VolumeAbsent, source).with("path", "/var/lib/bridle/volumes"));
    }
    Ok(claims.into_iter().collect())
}

fn each<'a>(object: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> {
    object.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
