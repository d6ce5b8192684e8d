//! From a release source to a release manifest with all its blobs in the cache: the same way for `lock` and `build`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use bridle_core::digest::Digest;
use bridle_core::oci::Descriptor;
use bridle_core::release::{Blob, Chart, FORMAT, ImageEntry, Kubernetes, ReleaseManifest};

use super::cache::{Cache, Product};
use super::chart::{self, Rendering};
use super::error::AssembleError;
use super::image::{self, MadeImage};
use super::notices::{self, Notice};
use super::recipe::{Kitchen, digest_of};
use super::sbom::{self, Part};
use super::source::{
    self, ImageRecipe, ImageSource, Lock, LockedChart, LockedImage, LockedProgram, ProgramRecipe, ProgramSource,
    ReleaseSource,
};
use super::tool::Tool;
use super::{parallel, registry};

/// A release whose blobs are all in the cache.
#[derive(Debug)]
pub struct Assembled {
    /// The release manifest.
    pub release: ReleaseManifest,
    /// Descriptors of the image manifests by reference.
    pub images: BTreeMap<String, Descriptor>,
    /// What went into it.
    pub lock: Lock,
}

/// What is already decided about a release.
#[derive(Debug, Clone, Copy)]
pub enum Pins<'a> {
    /// Nothing: everything is resolved again.
    Fresh,
    /// Debian packages, wheels and images of registries stay as they are where their recipe has not changed.
    Keep(&'a Lock),
    /// Everything: the result must be what the lock says.
    Exact(&'a Lock),
}

impl<'a> Pins<'a> {
    /// What the lock says about the image `reference`, which a recipe with the digest `inputs` makes or which is
    /// pulled from `from`.
    fn image(self, reference: &str, inputs: Option<Digest>, from: Option<&str>) -> Option<&'a LockedImage> {
        match self {
            Self::Fresh => None,
            Self::Exact(lock) => lock.image(reference),
            Self::Keep(lock) => {
                lock.image(reference).filter(|locked| locked.inputs == inputs && locked.from.as_deref() == from)
            }
        }
    }
}

/// Makes everything that the release source in `folder` names, at most `jobs` recipes at a time.
///
/// # Errors
/// [`AssembleError`].
pub fn assemble(folder: &Path, pins: Pins<'_>, cache: &Cache, jobs: usize) -> Result<Assembled, AssembleError> {
    // Tools run in directories of their own: every path must be absolute.
    let folder = &folder.canonicalize().map_err(AssembleError::io("find", folder))?;
    let path = folder.join("release.toml");
    let source: ReleaseSource = source::read(&path)?;
    source.check(&path)?;
    let kitchen = kitchen(cache)?;
    let work = work(folder, &source)?;
    let made = parallel::map(jobs, &work, |task| task.make(&kitchen, folder, &source, pins))?;
    let (mut programs, mut images) = (Vec::new(), Vec::new());
    for done in made {
        match done {
            Done::Program(name, inputs, product) => programs.push((name, inputs, *product)),
            Done::Image(image) => images.push(*image),
        }
    }
    programs.sort_by(|a, b| a.0.cmp(&b.0));
    images.sort_by(|a, b| a.locked.reference.cmp(&b.locked.reference));
    if let Some(twice) = images.windows(2).find(|pair| pair[0].locked.reference == pair[1].locked.reference) {
        return Err(AssembleError::recipe(&twice[0].locked.reference, "stands twice"));
    }
    let (charts, chart_notices) = charts(folder, &source, cache, &programs, &images)?;
    let found = Lock {
        format: source::FORMAT,
        platform: "linux/amd64".to_owned(),
        tools: BTreeMap::from([
            ("gcc".to_owned(), kitchen.gcc.clone()),
            ("go".to_owned(), kitchen.go.clone()),
            ("rustc".to_owned(), kitchen.rustc.clone()),
        ]),
        program: programs
            .iter()
            .map(|(name, inputs, product)| LockedProgram {
                name: name.clone(),
                inputs: *inputs,
                digest: product.blob.digest,
                size: product.blob.size,
            })
            .collect(),
        image: images.iter().map(|image| image.locked.clone()).collect(),
        chart: charts
            .iter()
            .map(|chart| LockedChart {
                name: chart.name.clone(),
                version: chart.version.clone(),
                digest: chart.package.digest,
            })
            .collect(),
    };
    if let Pins::Exact(lock) = pins {
        lock.agree(&found)?;
    }
    let papers = papers(folder, &source, cache, &programs, &images, &charts, chart_notices)?;
    let descriptors = registry::descriptors(&images);
    let release = manifest(&source, &programs, &images, charts, papers);
    // The reader's own checks, before anything is signed.
    let text =
        serde_json::to_vec(&release).map_err(|error| AssembleError::recipe("release manifest", error.to_string()))?;
    ReleaseManifest::parse(&text).map_err(|error| AssembleError::recipe("release manifest", error.to_string()))?;
    Ok(Assembled { release, images: descriptors, lock: found })
}

type NamedProgram = (String, Option<Digest>, Product);

/// One thing to make.
enum Task {
    Program(String, ProgramSource),
    Recipe(PathBuf, ImageRecipe),
    Pull(String, String),
}

enum Done {
    Program(String, Option<Digest>, Box<Product>),
    Image(Box<MadeImage>),
}

fn work(folder: &Path, source: &ReleaseSource) -> Result<Vec<Task>, AssembleError> {
    let mut work = vec![Task::Program("k3s".to_owned(), source.kubernetes.k3s.clone())];
    work.extend(source.program.iter().map(|program| Task::Program(program.name.clone(), program.source.clone())));
    for image in &source.image {
        work.push(match image {
            ImageSource::Recipe(recipe) => {
                let home = folder.join(&recipe.recipe);
                let path = home.join("image.toml");
                let recipe: ImageRecipe = source::read(&path)?;
                if !source::is_reference(&recipe.reference) {
                    return Err(AssembleError::Source {
                        path,
                        reason: format!("reference {:?}: write host/name:tag", recipe.reference),
                    });
                }
                Task::Recipe(home, recipe)
            }
            ImageSource::Registry(registry) => {
                let name = registry.name.clone().unwrap_or_else(|| registry.reference.clone());
                Task::Pull(registry.reference.clone(), name)
            }
        });
    }
    Ok(work)
}

impl Task {
    fn make(
        &self,
        kitchen: &Kitchen<'_>,
        folder: &Path,
        source: &ReleaseSource,
        pins: Pins<'_>,
    ) -> Result<Done, AssembleError> {
        let about = |error: AssembleError, what: String| match error {
            AssembleError::Tool { program, reason, output } => {
                AssembleError::Recipe { what, reason: format!("{program}: {reason}\n{output}") }
            }
            other => other,
        };
        match self {
            Self::Program(name, from) => {
                let made = program(kitchen, folder, from, &source.kubernetes.version.to_string());
                let (inputs, product) = made.map_err(|error| about(error, format!("program {name}")))?;
                Ok(Done::Program(name.clone(), inputs, Box::new(product)))
            }
            Self::Recipe(home, recipe) => {
                let inputs = digest_of(home, &[".".to_owned()])?;
                let pins = pins.image(&recipe.reference, Some(inputs), None);
                let made = image::make(kitchen, home, recipe, inputs, pins);
                Ok(Done::Image(Box::new(made.map_err(|error| about(error, format!("image {}", recipe.reference)))?)))
            }
            Self::Pull(reference, name) => {
                let pins = pins.image(name, None, Some(reference));
                Ok(Done::Image(Box::new(registry::pull(kitchen.cache, reference, name, pins)?)))
            }
        }
    }
}

fn program(
    kitchen: &Kitchen<'_>,
    folder: &Path,
    from: &ProgramSource,
    version: &str,
) -> Result<(Option<Digest>, Product), AssembleError> {
    let plain = |blob: Blob| -> Result<Product, AssembleError> {
        let (components, notices) = kitchen.inside(&kitchen.cache.blob(&blob.digest))?;
        Ok(Product { blob, diff_id: None, unpacked: 0, components, notices })
    };
    match from {
        ProgramSource::Path(source) => Ok((None, plain(kitchen.cache.put_file(&folder.join(&source.path))?)?)),
        ProgramSource::Url(source) => {
            let digest = Digest::from_hex(&source.sha256)
                .map_err(|error| AssembleError::Fetch { what: source.url.clone(), reason: error.to_string() })?;
            Ok((None, plain(registry::address(kitchen.cache, &source.url, &digest)?)?))
        }
        ProgramSource::Recipe(source) => {
            let home = folder.join(&source.recipe);
            let path = home.join("program.toml");
            let recipe: ProgramRecipe = source::read(&path)?;
            recipe.check(&path)?;
            let inputs = digest_of(&home, &[".".to_owned()])?;
            Ok((Some(inputs), kitchen.program(&home, &recipe, version)?))
        }
    }
}

fn kitchen(cache: &Cache) -> Result<Kitchen<'_>, AssembleError> {
    let first = |program: &str, argument: &str| -> Result<String, AssembleError> {
        let text = Tool::new(program).arg(argument).directory(Path::new("/")).env("GOTOOLCHAIN", "local").text()?;
        Ok(text.lines().next().unwrap_or_default().trim().to_owned())
    };
    let modules = Tool::new("go").args(["env", "GOMODCACHE"]).text()?;
    Ok(Kitchen {
        cache,
        go: first("go", "version")?,
        gcc: first("gcc", "--version")?,
        rustc: first("rustc", "--version")?,
        modules: PathBuf::from(modules.trim()),
    })
}

/// The charts in the order in which they are applied.
fn charts(
    folder: &Path,
    source: &ReleaseSource,
    cache: &Cache,
    programs: &[NamedProgram],
    images: &[MadeImage],
) -> Result<(Vec<Chart>, Vec<Notice>), AssembleError> {
    if source.chart.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let helm = programs
        .iter()
        .find(|(name, ..)| name == "helm")
        .ok_or_else(|| AssembleError::recipe("charts", "the release has no program helm"))?;
    let scratch = cache.scratch()?;
    let path = scratch.path().join("helm");
    fs::copy(cache.blob(&helm.2.blob.digest), &path).map_err(AssembleError::io("copy", &path))?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))
        .map_err(AssembleError::io("mark executable", &path))?;
    let references: BTreeSet<String> = images.iter().map(|image| image.locked.reference.clone()).collect();
    let rendering = Rendering {
        helm: &path,
        kubernetes: source.kubernetes.version.to_string(),
        global: &source.values.global,
        images: &references,
    };
    let (mut made, mut notices) = (Vec::new(), Vec::new());
    for chart in &source.chart {
        let (chart, licences) = chart::make(cache, folder, chart, &rendering)?;
        made.push(chart);
        notices.extend(licences);
    }
    made.sort_by(|a, b| (a.stage, a.order, &a.name).cmp(&(b.stage, b.order, &b.name)));
    Ok((made, notices))
}

/// Bill of materials and licence notices.
fn papers(
    folder: &Path,
    source: &ReleaseSource,
    cache: &Cache,
    programs: &[NamedProgram],
    images: &[MadeImage],
    charts: &[Chart],
    mut notices: Vec<Notice>,
) -> Result<(Blob, Blob), AssembleError> {
    let part = |kind, name: &str, version: &str, digest: &Digest, components: &[sbom::Component]| Part {
        kind,
        name: name.to_owned(),
        version: version.to_owned(),
        digest: digest.hex(),
        components: components.to_vec(),
    };
    let mut parts = Vec::new();
    for (name, _, product) in programs {
        parts.push(part("program", name, "", &product.blob.digest, &product.components));
        notices.extend(product.notices.iter().cloned());
    }
    for image in images {
        parts.push(part("image", &image.locked.reference, "", &image.descriptor.digest, &image.components));
        notices.extend(image.notices.iter().cloned());
    }
    for chart in charts {
        parts.push(part("chart", &chart.name, &chart.version, &chart.package.digest, &[]));
    }
    for extra in &source.licences.extra {
        notices.push(notices::of_file(cache, extra, &folder.join(extra))?);
    }
    let version = source.release.version.to_string();
    let sbom = cache.put(&sbom::document(&source.release.name, &version, &parts))?;
    let title = format!("{} {version}", source.release.name);
    let notices = cache.put(&notices::document(cache, &title, &notices)?)?;
    Ok((sbom, notices))
}

fn manifest(
    source: &ReleaseSource,
    programs: &[NamedProgram],
    images: &[MadeImage],
    charts: Vec<Chart>,
    (sbom, notices): (Blob, Blob),
) -> ReleaseManifest {
    let entry = |image: &MadeImage| ImageEntry {
        manifest: image.descriptor.digest,
        compressed: image.compressed,
        unpacked: image.unpacked,
    };
    ReleaseManifest {
        format: FORMAT,
        name: source.release.name.clone(),
        version: source.release.version.clone(),
        sequence: source.release.sequence,
        architecture: "amd64".to_owned(),
        upgrades_from: source.release.upgrades_from.clone(),
        notes: source.release.notes.clone(),
        kubernetes: Kubernetes {
            version: source.kubernetes.version.clone(),
            cluster_cidr: source.kubernetes.cluster_cidr.clone(),
            service_cidr: source.kubernetes.service_cidr.clone(),
            pause: source.kubernetes.pause.clone(),
        },
        programs: programs.iter().map(|(name, _, product)| (name.clone(), product.blob.clone())).collect(),
        images: images.iter().map(|image| (image.locked.reference.clone(), entry(image))).collect(),
        namespaces: source.namespace.clone(),
        secrets: source.secrets(),
        global: source.values.global.clone(),
        charts,
        data: source.data.clone(),
        probes: source.probes(),
        checks: source.check.clone(),
        sbom,
        notices,
    }
}
