//! Helm's own records: one Secret for each revision of a release (`sh.helm.release.v1.NAME.vN`, type `helm.sh/release.v1`).
//!
//! They are read directly, because that is one request instead of three runs of helm, and because a record left half-way
//! by a kill must be mended before helm touches the release again. The layout is Helm's since version 3.0: labels `owner`,
//! `name`, `status`, `version`; `data.release` = base64(base64(gzip(JSON))).

use std::io::{Read as _, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bridle_core::fault::{Fault, FaultCode};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::connect::{ApiServer, segment};

/// Largest record unpacked: a Secret holds 1 MiB, and text packs to about a tenth.
const LARGEST: u64 = 32 * 1024 * 1024;

/// Why a record cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum RecordError {
    /// A field is missing.
    #[error("read helm's record {0}: no release in it")]
    Empty(String),
    /// Wrong base64.
    #[error("read helm's record {0}")]
    Base64(String, #[source] base64::DecodeError),
    /// Wrong gzip, or too large.
    #[error("read helm's record {0}")]
    Gzip(String, #[source] std::io::Error),
    /// Wrong JSON.
    #[error("read helm's record {0}")]
    Json(String, #[source] serde_json::Error),
}

/// The Secret of one revision.
pub(super) struct Record(Value);

/// What a record says.
pub(super) struct Release {
    pub(super) description: String,
    pub(super) manifest: String,
}

/// The newest revision that is not superseded; `None` if there is none.
///
/// # Errors
/// `KubernetesRefused` if the API does not answer.
pub(super) fn newest(api: &ApiServer, name: &str, namespace: &str) -> Result<Option<Record>, Fault> {
    let records = list(api, name, namespace, "superseded")?;
    Ok(records.into_iter().map(Record).max_by_key(Record::revision))
}

/// The same without patience; `None` also where the API does not answer at once.
pub(super) fn glance(api: &ApiServer, name: &str, namespace: &str) -> Option<Record> {
    let records = api.glance_list(&collection(namespace), &selector(name, "superseded")).ok()?;
    records.into_iter().map(Record).max_by_key(Record::revision)
}

/// The manifests of all revisions that can be read.
///
/// # Errors
/// `KubernetesRefused` if the API does not answer.
pub(super) fn manifests(api: &ApiServer, name: &str, namespace: &str) -> Result<Vec<String>, Fault> {
    let records = list(api, name, namespace, "none")?.into_iter().map(Record);
    Ok(records.filter_map(|record| Some(record.release(name).ok()?.manifest)).collect())
}

/// Whether helm knows a release of that name.
///
/// # Errors
/// `KubernetesRefused` if the API does not answer.
pub(super) fn any(api: &ApiServer, name: &str, namespace: &str) -> Result<bool, Fault> {
    Ok(!list(api, name, namespace, "uninstalled")?.is_empty())
}

/// Marks the newest revision as failed if a kill left it in the middle of something (`pending-*`, `uninstalling`).
///
/// Helm refuses to touch a release in such a state. What people do by hand has a price each time: `helm uninstall` removes
/// objects and the volume claims that a chart declares; `helm rollback` starts the old pods again only to have them replaced
/// once more; deleting the record forgets which objects the killed run made, so that those of a first installation would
/// never be removed. "Failed" is exactly what helm itself writes when a run ends badly: nothing in the cluster changes, the
/// history says what happened, the list of objects stays, and the next `helm upgrade --install` goes on from there (over a
/// failed first installation, too; objects that a half-done uninstall removed are made again). No helm runs for this
/// release at this moment: the agent is the only one that runs it, one at a time for each, and its children die with it.
///
/// # Errors
/// `KubernetesRefused`, or `ChartFailed` if the record cannot be read.
pub(super) fn repair(api: &ApiServer, name: &str, namespace: &str) -> Result<(), Fault> {
    let Some(record) = newest(api, name, namespace)? else { return Ok(()) };
    if !matches!(record.status(), "pending-install" | "pending-upgrade" | "pending-rollback" | "uninstalling") {
        return Ok(());
    }
    let failed = |error: RecordError| Fault::new(FaultCode::ChartFailed).with("chart", name).because(&error);
    let mut release = record.decode().map_err(failed)?;
    release["info"]["description"] = format!("interrupted while {}", record.status()).into();
    release["info"]["status"] = "failed".into();
    let change = json!({
        "metadata": {
            "resourceVersion": record.0.pointer("/metadata/resourceVersion"),
            "labels": { "status": "failed" },
        },
        "data": { "release": encode(&release) },
    });
    let path = format!("{}/{}", collection(namespace), segment(record.name()));
    api.merge(&path, &change).map_err(|error| error.fault(record.name()))?;
    Ok(())
}

impl Record {
    /// `deployed`, `failed`, `pending-upgrade` …
    pub(super) fn status(&self) -> &str {
        self.label("status")
    }

    /// Reads the record.
    ///
    /// # Errors
    /// `ChartFailed` if it is damaged.
    pub(super) fn release(&self, chart: &str) -> Result<Release, Fault> {
        let release =
            self.decode().map_err(|error| Fault::new(FaultCode::ChartFailed).with("chart", chart).because(&error))?;
        let text = |pointer: &str| release.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(Release { description: text("/info/description"), manifest: text("/manifest") })
    }

    /// Number of the revision.
    pub(super) fn revision(&self) -> u64 {
        self.label("version").parse().unwrap_or_default()
    }

    fn name(&self) -> &str {
        self.0.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default()
    }

    fn label(&self, name: &str) -> &str {
        self.0.pointer("/metadata/labels").and_then(|labels| labels.get(name)?.as_str()).unwrap_or_default()
    }

    fn decode(&self) -> Result<Value, RecordError> {
        let name = || self.name().to_owned();
        let data = self.0.pointer("/data/release").and_then(Value::as_str).ok_or_else(|| RecordError::Empty(name()))?;
        let once = STANDARD.decode(data).map_err(|error| RecordError::Base64(name(), error))?;
        let packed = STANDARD.decode(once).map_err(|error| RecordError::Base64(name(), error))?;
        let mut text = Vec::new();
        GzDecoder::new(packed.as_slice())
            .take(LARGEST)
            .read_to_end(&mut text)
            .map_err(|error| RecordError::Gzip(name(), error))?;
        serde_json::from_slice(&text).map_err(|error| RecordError::Json(name(), error))
    }
}

/// A release as `data.release` of its Secret.
pub(super) fn encode(release: &Value) -> String {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    let packed = packer
        .write_all(release.to_string().as_bytes())
        .and_then(|()| packer.finish())
        .expect("writing to memory does not fail");
    STANDARD.encode(STANDARD.encode(packed))
}

fn list(api: &ApiServer, name: &str, namespace: &str, without: &str) -> Result<Vec<Value>, Fault> {
    api.list(&collection(namespace), &selector(name, without))
        .map_err(|error| error.fault(&format!("helm release {namespace}/{name}")))
}

fn selector(name: &str, without: &str) -> String {
    format!("labelSelector={}", segment(&format!("owner=helm,name={name},status!={without}")))
}

fn collection(namespace: &str) -> String {
    format!("/api/v1/namespaces/{}/secrets", segment(namespace))
}
