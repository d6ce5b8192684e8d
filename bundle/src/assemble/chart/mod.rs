//! Charts: taken from a folder, an archive or a registry, packed the same way each time, and rendered as sites would
//! render them, to refuse what would fail there.

mod archive;
mod images;
mod interrupts;
mod renames;
mod render;

pub(super) use render::Example;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::Path;

use base64::Engine as _;
use bridle_core::digest::Digest;
use bridle_core::release::{Blob, Chart};
use serde_json::{Map, Value};

use self::archive::Files;
use self::images::{Found, Standing};
use super::cache::Cache;
use super::error::AssembleError;
use super::layer::clean;
use super::notices::Notice;
use super::progress::Progress;
use super::recipe::go;
use super::registry::{self, Fetcher, PulledChart};
use super::source::{ChartSource, KubernetesSource, LockedChart};

/// Largest record that Helm may keep of a release: Kubernetes refuses a Secret over 1 MiB.
const MAX_RECORD: usize = 900_000;
/// Most images that one refusal names.
const MAX_NAMED: usize = 20;

/// What charts are rendered with.
#[derive(Debug)]
pub(super) struct Rendering<'a> {
    /// The release's helm program, executable.
    pub(super) helm: &'a Path,
    /// Kubernetes: its version and ranges.
    pub(super) kubernetes: &'a KubernetesSource,
    /// Values for all charts.
    pub(super) global: &'a Map<String, Value>,
    /// The release's images with their manifests.
    pub(super) images: &'a BTreeMap<String, Digest>,
    /// The release's own values first, then the examples.
    pub(super) examples: &'a [Example],
    /// Where warnings go.
    pub(super) progress: &'a Progress,
}

/// A chart of a release.
#[derive(Debug)]
pub(super) struct MadeChart {
    /// For the release manifest.
    pub(super) chart: Chart,
    /// What the lock says about it.
    pub(super) locked: LockedChart,
    /// Licences of what was added to it.
    pub(super) notices: Vec<Notice>,
    /// Images that any rendering uses.
    pub(super) uses: BTreeSet<String>,
    /// Images of the release by object, `NAMESPACE/Kind/name`, as rendered with the release's own values.
    pub(super) objects: BTreeMap<String, BTreeSet<String>>,
}

/// Takes, packs and checks a chart of `folder`. With a lock, the archive of the registry that it names.
pub(super) fn make(
    fetcher: &Fetcher<'_>,
    cache: &Cache,
    folder: &Path,
    source: &ChartSource,
    locked: Option<&LockedChart>,
    rendering: &Rendering<'_>,
) -> Result<MadeChart, AssembleError> {
    let refuse = |reason: String| AssembleError::Chart { chart: source.name.clone(), reason };
    let (mut files, pulled) = take(fetcher, cache, folder, source, locked)?;
    let notices = complete(cache, folder, source, &mut files)?;
    let head = files.get("Chart.yaml").ok_or_else(|| refuse("has no Chart.yaml".to_owned()))?;
    let (name, version) = (field(head, "name"), field(head, "version"));
    if name.as_deref() != Some(&source.name) {
        return Err(refuse(format!("Chart.yaml names it {name:?}; give [[chart]] the same name")));
    }
    let version = version.ok_or_else(|| refuse("Chart.yaml has no version".to_owned()))?;
    if let Some(asked) = source.version.as_ref().filter(|asked| **asked != version) {
        return Err(refuse(format!("the registry's {asked} says in Chart.yaml that it is {version}; push it again")));
    }
    if !files.contains_key("values.schema.json") {
        let advice = "add one, or name one with schema = \"FILE\" in [[chart]]: sites learn from it what they may set";
        return Err(refuse(format!("has no values.schema.json; {advice}")));
    }
    renames::check(&files, &source.renames).map_err(refuse)?;
    let package = cache.put(&archive::pack(&source.name, &files).map_err(AssembleError::io("pack", folder))?)?;
    let Checked { own, uses, interrupts, objects } = check(cache, source, &files, &package, rendering)?;
    let locked = LockedChart {
        name: source.name.clone(),
        version: version.clone(),
        from: pulled.as_ref().map(|_| source.path.clone()),
        manifest: pulled.as_ref().map(|pulled| pulled.manifest),
        archive: pulled.as_ref().map(|pulled| pulled.archive.digest),
        digest: package.digest,
    };
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
        images: own.into_iter().collect(),
        renames: source.renames.clone(),
        migration: source.migration,
        interrupts,
    };
    Ok(MadeChart { chart, locked, notices, uses, objects })
}

/// The files as the chart's maker wrote them.
fn take(
    fetcher: &Fetcher<'_>,
    cache: &Cache,
    folder: &Path,
    source: &ChartSource,
    locked: Option<&LockedChart>,
) -> Result<(Files, Option<PulledChart>), AssembleError> {
    let Some(version) = &source.version else {
        return Ok((archive::read(&folder.join(clean(&source.path)?))?, None));
    };
    let pinned = locked.and_then(|locked| locked.manifest);
    let pulled = registry::chart(fetcher, cache, &source.path, version, pinned)?;
    let path = cache.blob(&pulled.archive.digest);
    let file = fs::File::open(&path).map_err(AssembleError::io("open", &path))?;
    let files = archive::unpack(file).map_err(|error| AssembleError::Chart {
        chart: source.name.clone(),
        reason: format!("{} cannot be unpacked: {error}", source.path),
    })?;
    Ok((files, Some(pulled)))
}

/// Adds what the release source says: other files, definitions of custom resources, a schema.
fn complete(
    cache: &Cache,
    folder: &Path,
    source: &ChartSource,
    files: &mut Files,
) -> Result<Vec<Notice>, AssembleError> {
    let refuse = |reason: String| AssembleError::Chart { chart: source.name.clone(), reason };
    let read = |path: &Path| fs::read(path).map_err(AssembleError::io("read", path));
    let mut notices = Vec::new();
    for over in &source.over {
        let over = folder.join(clean(over)?);
        if !over.is_dir() {
            return Err(refuse(format!("over names {}, which is no folder", over.display())));
        }
        files.extend(archive::read(&over)?);
    }
    for crd in &source.crds {
        let (blob, licences) = go::module_file(cache, &crd.go, &crd.version, &crd.file)?;
        let name = format!("crds/{}", crd.file.rsplit('/').next().unwrap_or(&crd.file));
        if files.insert(name, read(&cache.blob(&blob.digest))?).is_some() {
            return Err(refuse(format!("{} is in its crds already", crd.file)));
        }
        notices.extend(licences);
    }
    if let Some(schema) = &source.schema {
        let bytes = read(&folder.join(clean(schema)?))?;
        if files.insert("values.schema.json".to_owned(), bytes).is_some() {
            return Err(refuse("has a values.schema.json of its own; take schema out of [[chart]]".to_owned()));
        }
    }
    Ok(notices)
}

/// What renderings of a chart show: the release's own values, and all examples together.
#[derive(Debug, Default)]
struct Checked {
    own: BTreeSet<String>,
    uses: BTreeSet<String>,
    interrupts: bool,
    objects: BTreeMap<String, BTreeSet<String>>,
}

/// Renders with every example and refuses what a site could not run.
fn check(
    cache: &Cache,
    source: &ChartSource,
    files: &Files,
    package: &Blob,
    rendering: &Rendering<'_>,
) -> Result<Checked, AssembleError> {
    let refuse = |reason: String| AssembleError::Chart { chart: source.name.clone(), reason };
    let (mut checked, mut doubts) = (Checked::default(), BTreeSet::new());
    for example in rendering.examples {
        let rendered = render::render(cache, source, package, rendering, example)?;
        let told = example.told();
        let judged = judge(&rendered, rendering.images);
        if let Some(reason) = judged.refusal(&told) {
            return Err(refuse(reason));
        }
        let record = record_size(files, &rendered).map_err(AssembleError::io("measure", Path::new(&source.path)))?;
        if record > MAX_RECORD {
            return Err(refuse(format!(
                "Helm's record of it, rendered {told}, would have {record} bytes, the limit is {MAX_RECORD}; split the \
                 chart, or take large files out of it"
            )));
        }
        if example.name.is_none() {
            let documents = images::documents(&rendered);
            checked.interrupts = documents.iter().filter_map(images::Document::value).any(interrupts::interrupts);
            checked.objects = objects(&documents, &source.namespace, rendering.images);
            checked.own.extend(judged.held.iter().cloned());
        }
        checked.uses.extend(judged.held);
        doubts.extend(judged.doubts);
    }
    for doubt in doubts {
        rendering.progress.warn(&format!(
            "chart {}: {} at {} looks like an image that the release does not hold; if a site pulls it, add an [[image]]",
            source.name, doubt.reference, doubt.place
        ));
    }
    Ok(checked)
}

/// Images of the release by object.
fn objects(
    documents: &[images::Document<'_>],
    namespace: &str,
    known: &BTreeMap<String, Digest>,
) -> BTreeMap<String, BTreeSet<String>> {
    let held = |found: &Found| match images::standing(&found.reference, known) {
        Standing::Held(name) => Some(name),
        _ => None,
    };
    let mut objects: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for document in documents {
        let own = document.value().and_then(|value| value["metadata"]["namespace"].as_str());
        let name = format!("{}/{}", own.unwrap_or(namespace), document.object());
        objects.entry(name).or_default().extend(document.references().iter().filter_map(held));
    }
    objects
}

/// What is to be said about a rendered chart.
#[derive(Debug, Default)]
struct Judged {
    held: BTreeSet<String>,
    missing: Vec<Found>,
    others: Vec<(Found, String, Digest)>,
    doubts: BTreeSet<Found>,
    balancers: Vec<String>,
}

fn judge(rendered: &str, known: &BTreeMap<String, Digest>) -> Judged {
    let mut judged = Judged::default();
    for document in images::documents(rendered) {
        if document.is_load_balancer() {
            judged.balancers.push(format!("{}, {}", document.template, document.object()));
        }
        for found in document.references() {
            match images::standing(&found.reference, known) {
                Standing::Held(name) => {
                    judged.held.insert(name);
                }
                Standing::Other { name, held } if found.certain => judged.others.push((found, name, held)),
                Standing::Missing if found.certain => judged.missing.push(found),
                _ => {
                    judged.doubts.insert(found);
                }
            }
        }
    }
    judged
}

impl Judged {
    /// Why a site could not run the chart, with every place.
    fn refusal(&self, told: &str) -> Option<String> {
        let mut lines = Vec::new();
        for found in self.missing.iter().take(MAX_NAMED) {
            lines.push(format!("image {} at {}", found.reference, found.place));
        }
        if !lines.is_empty() {
            return Some(format!(
                "renders {told} images that the release does not hold:\n  {}\nadd an [[image]] for each, or turn off what \
                 uses it",
                lines.join("\n  ")
            ));
        }
        if let Some((found, name, held)) = self.others.first() {
            return Some(format!(
                "renders {told} image {} at {}, but the release holds {name} as {held}: set the value without a digest (a \
                 digest of a multi-architecture index is not in a release), or take the image with that digest",
                found.reference, found.place
            ));
        }
        let place = self.balancers.first()?;
        Some(format!(
            "renders {told} a Service of type LoadBalancer at {place}, for which a site has no provider; use ClusterIP \
             behind the ingress"
        ))
    }
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

    fn known() -> BTreeMap<String, Digest> {
        ["bridle.internal/a:1", "bridle.internal/b:2"].map(|name| (name.to_owned(), Digest::of(name.as_bytes()))).into()
    }

    #[test]
    fn what_a_site_could_not_run_is_named_with_its_place() {
        let pod = |image: &str| {
            format!(
                "---\n# Source: x/templates/a.yaml\nkind: Pod\nmetadata: {{name: web}}\nspec: {{containers: [{{image: \"{image}\"}}]}}\n"
            )
        };
        let judged = judge(&(pod("bridle.internal/a:1") + &pod("bridle.internal/b:2")), &known());
        assert_eq!(judged.held, known().into_keys().collect());
        assert_eq!(judged.refusal(""), None);
        let said = judge(&pod("docker.io/library/nginx:1"), &known()).refusal("with profile x").expect("refused");
        let place = "image docker.io/library/nginx:1 at x/templates/a.yaml, Pod/web, spec.containers[0].image";
        assert!(said.contains(place) && said.contains("with profile x"), "{said}");
        let pinned = format!("bridle.internal/a:1@{}", Digest::of(b"index"));
        let said = judge(&pod(&pinned), &known()).refusal("").expect("refused");
        assert!(said.contains("without a digest"), "{said}");
    }

    #[test]
    fn load_balancers_are_refused() {
        let service = |kind: &str| format!("---\nkind: Service\nspec:\n  type: {kind}\n---\nkind: ConfigMap\n");
        assert!(judge(&service("LoadBalancer"), &known()).refusal("").is_some());
        assert!(judge(&service("ClusterIP"), &known()).refusal("").is_none());
    }

    #[test]
    fn fields_of_the_head() {
        let head = b"name: x\nversion: 1.0.0 # v\ndescription:\n";
        assert_eq!(field(head, "version").as_deref(), Some("1.0.0"));
        assert_eq!(field(head, "description"), None);
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
