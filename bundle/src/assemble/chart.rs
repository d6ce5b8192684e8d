//! Charts: packed the same way each time, rendered once to refuse what would fail on a site.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::Path;

use base64::Engine as _;
use bridle_core::release::{Blob, Chart};
use serde_json::{Map, Value, json};

use super::cache::Cache;
use super::error::AssembleError;
use super::layer::clean;
use super::notices::Notice;
use super::recipe::{go, walk};
use super::source::ChartSource;
use super::tool::Tool;

/// Largest record that Helm may keep of a release: Kubernetes refuses a Secret over 1 MiB.
const MAX_RECORD: usize = 900_000;

/// What charts are rendered with.
#[derive(Debug)]
pub(super) struct Rendering<'a> {
    /// The release's helm program, executable.
    pub(super) helm: &'a Path,
    /// Kubernetes version.
    pub(super) kubernetes: String,
    /// Values for all charts.
    pub(super) global: &'a Map<String, Value>,
    /// References of the release's images.
    pub(super) images: &'a BTreeSet<String>,
}

/// Files of a chart by path below its folder.
type Files = BTreeMap<String, Vec<u8>>;

/// Packs and checks a chart of `folder`.
pub(super) fn make(
    cache: &Cache,
    folder: &Path,
    source: &ChartSource,
    rendering: &Rendering<'_>,
) -> Result<(Chart, Vec<Notice>), AssembleError> {
    let refuse = |reason: String| AssembleError::Chart { chart: source.name.clone(), reason };
    let mut files = Files::new();
    for (name, path) in walk(&folder.join(clean(&source.path)?))? {
        files.insert(name, fs::read(&path).map_err(AssembleError::io("read", &path))?);
    }
    let mut notices = Vec::new();
    for crd in &source.crds {
        let (blob, licences) = go::module_file(cache, &crd.go, &crd.version, &crd.file)?;
        let name = format!("crds/{}", crd.file.rsplit('/').next().unwrap_or(&crd.file));
        let path = cache.blob(&blob.digest);
        if files.insert(name, fs::read(&path).map_err(AssembleError::io("read", &path))?).is_some() {
            return Err(refuse(format!("{} is in its crds already", crd.file)));
        }
        notices.extend(licences);
    }
    let head = files.get("Chart.yaml").ok_or_else(|| refuse("has no Chart.yaml".to_owned()))?;
    let (name, version) = (field(head, "name"), field(head, "version"));
    if name.as_deref() != Some(&source.name) {
        return Err(refuse(format!("Chart.yaml names it {name:?}")));
    }
    let version = version.ok_or_else(|| refuse("Chart.yaml has no version".to_owned()))?;
    if !files.contains_key("values.schema.json") {
        return Err(refuse("has no values.schema.json".to_owned()));
    }
    let package = cache.put(&pack(&source.name, &files).map_err(AssembleError::io("pack", folder))?)?;
    let rendered = render(cache, source, &package, rendering)?;
    let images = check(&rendered, rendering.images).map_err(refuse)?;
    let record = record_size(&files, &rendered).map_err(AssembleError::io("measure", folder))?;
    if record > MAX_RECORD {
        return Err(refuse(format!("Helm's record of it would have {record} bytes, the limit is {MAX_RECORD}")));
    }
    let chart = Chart {
        name: source.name.clone(),
        version,
        namespace: source.namespace.clone(),
        stage: source.stage,
        order: source.order,
        timeout_seconds: source.timeout_seconds,
        values: source.values.clone(),
        package,
        has_crds: files.keys().any(|name| name.starts_with("crds/")),
        images: images.into_iter().collect(),
    };
    Ok((chart, notices))
}

/// The chart as Helm packs it: `NAME/…` in a gzipped tar, sorted, without times.
fn pack(name: &str, files: &Files) -> std::io::Result<Vec<u8>> {
    let gzip = flate2::GzBuilder::new().mtime(0).write(Vec::new(), flate2::Compression::best());
    let mut archive = tar::Builder::new(gzip);
    // Helm reads the head first.
    let first = files.get_key_value("Chart.yaml").into_iter();
    for (path, bytes) in first.chain(files.iter().filter(|(path, _)| *path != "Chart.yaml")) {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_mtime(0);
        header.set_size(bytes.len() as u64);
        header.set_entry_type(tar::EntryType::Regular);
        archive.append_data(&mut header, format!("{name}/{path}"), &bytes[..])?;
    }
    archive.into_inner()?.finish()
}

fn render(
    cache: &Cache,
    source: &ChartSource,
    package: &Blob,
    rendering: &Rendering<'_>,
) -> Result<String, AssembleError> {
    let scratch = cache.scratch()?;
    let archive = scratch.path().join("chart.tgz");
    fs::copy(cache.blob(&package.digest), &archive).map_err(AssembleError::io("copy", &archive))?;
    let mut values = source.values.clone();
    let mut global = rendering.global.clone();
    // What the agent adds on a site (`docs/FORMATS.md`), with addresses that are for documentation.
    global.insert("site".to_owned(), json!({ "name": "site", "host": "campus.internal", "address": "192.0.2.1" }));
    values.insert("global".to_owned(), Value::Object(global));
    let path = scratch.path().join("values.json");
    cache.replace(&path, Value::Object(values).to_string().as_bytes())?;
    let home = |name: &str| scratch.path().join(name);
    let tool = || {
        Tool::new(rendering.helm)
            .env("HELM_CACHE_HOME", home("cache"))
            .env("HELM_CONFIG_HOME", home("config"))
            .env("HELM_DATA_HOME", home("data"))
            .env("KUBECONFIG", "/dev/null")
    };
    let refuse = |error: AssembleError| AssembleError::Chart { chart: source.name.clone(), reason: error.to_string() };
    tool()
        .args(["template", &source.name])
        .arg(&archive)
        .args(["--namespace", &source.namespace, "--kube-version", &rendering.kubernetes, "--values"])
        .arg(&path)
        .text()
        .map_err(refuse)
}

/// References in the rendered text; an error for what a site could not run.
fn check(rendered: &str, known: &BTreeSet<String>) -> Result<BTreeSet<String>, String> {
    let found = references(rendered);
    if let Some(unknown) = found.iter().find(|reference| !known.contains(*reference)) {
        return Err(format!("renders image {unknown:?}, which the release does not hold"));
    }
    for document in rendered.split("\n---") {
        let has = |line: &str| document.lines().any(|found| found.trim().replace(['"', '\''], "") == line);
        if has("kind: Service") && has("type: LoadBalancer") {
            return Err("renders a Service of type LoadBalancer, for which a site has no provider".to_owned());
        }
    }
    Ok(found)
}

/// Values of every `image:` in YAML or JSON, also inside texts (the pods that a program of the chart makes).
fn references(rendered: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for line in rendered.lines() {
        let line = line.split(" #").next().unwrap_or_default();
        for (at, key) in line.match_indices("image") {
            let before = line[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || "_-./".contains(c)) {
                continue;
            }
            let rest = line[at + key.len()..].trim_start_matches(['"', '\'']);
            let Some(value) = rest.strip_prefix(':') else { continue };
            let value = value.trim_start().trim_start_matches(['"', '\'']);
            let end = value.find(|c: char| c.is_whitespace() || "\"',}]".contains(c)).unwrap_or(value.len());
            if end > 0 && !value.starts_with(['{', '[', '|', '>', '&', '*']) {
                found.insert(value[..end].to_owned());
            }
        }
    }
    found
}

/// Bytes of the Secret in which Helm keeps a release: JSON with the files in base64, gzip, base64.
fn record_size(files: &Files, rendered: &str) -> std::io::Result<usize> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for (name, bytes) in files {
        gzip.write_all(name.as_bytes())?;
        gzip.write_all(base64::engine::general_purpose::STANDARD.encode(bytes).as_bytes())?;
    }
    gzip.write_all(rendered.as_bytes())?;
    Ok(gzip.finish()?.len().div_ceil(3) * 4)
}

/// A top-level field of `Chart.yaml`.
fn field(head: &[u8], name: &str) -> Option<String> {
    let text = std::str::from_utf8(head).ok()?;
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    let value = value.split(" #").next().unwrap_or_default().trim().trim_matches(['"', '\'']);
    if value.is_empty() { None } else { Some(value.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> BTreeSet<String> {
        BTreeSet::from(["bridle.internal/a:1".to_owned(), "bridle.internal/b:2".to_owned()])
    }

    #[test]
    fn images_are_found_wherever_they_stand() {
        let text = "spec:\n  containers:\n  - image: \"bridle.internal/a:1\"\n    imagePullPolicy: Always\n  - {name: x, image: bridle.internal/b:2}\ndata:\n  pod.yaml: |\n    image: bridle.internal/a:1 # note\n";
        assert_eq!(check(text, &known()), Ok(known()));
        assert_eq!(
            references("  helper-image: x\n  image.tag: y\n  \"image\": \"z\"\n"),
            BTreeSet::from(["z".to_owned()])
        );
        assert!(check("- image: docker.io/library/nginx:1\n", &known()).is_err());
    }

    #[test]
    fn load_balancers_are_refused() {
        let service = |kind: &str| format!("---\nkind: Service\nspec:\n  type: {kind}\n---\nkind: ConfigMap\n");
        assert!(check(&service("LoadBalancer"), &known()).is_err());
        assert!(check(&service("ClusterIP"), &known()).is_ok());
    }

    #[test]
    fn same_chart_same_bytes() {
        let files = Files::from([
            ("Chart.yaml".to_owned(), b"name: x\nversion: 1.0.0 # v\n".to_vec()),
            ("a/b".to_owned(), Vec::new()),
        ]);
        assert_eq!(pack("x", &files).expect("pack"), pack("x", &files).expect("pack"));
        assert_eq!(field(&files["Chart.yaml"], "version").as_deref(), Some("1.0.0"));
    }

    #[test]
    fn large_records_are_measured() {
        let mut random = 1_u64;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            random.to_be_bytes()[0]
        })
        .take(1_000_000)
        .collect();
        assert!(record_size(&Files::from([("x".to_owned(), noise)]), "").expect("size") > MAX_RECORD);
        assert!(record_size(&Files::new(), "x").expect("size") < 100);
    }
}
