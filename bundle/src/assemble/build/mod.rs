//! From a release source to a release manifest with all its blobs in the cache: the same way for `lock` and `build`.

mod charts;
mod data;
mod papers;
mod parts;

use std::collections::BTreeMap;
use std::path::Path;

use bridle_core::digest::Digest;
use bridle_core::oci::Descriptor;
use bridle_core::release::{Chart, ReleaseManifest};

use self::parts::Done;
use super::cache::{Cache, Product};
use super::chart::MadeChart;
use super::error::AssembleError;
use super::image::MadeImage;
use super::progress::Progress;
use super::recipe::Kitchen;
use super::registry::{Access, Fetcher, Platform};
use super::source::{self, ChartSource, Lock, LockedChart, LockedImage, LockedProgram};
use super::{parallel, registry};

/// A program by name, with the digest of its recipe.
type NamedProgram = (String, Option<Digest>, Product);

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
    /// What the lock says about the image `reference`, which a recipe with the digest `inputs` makes.
    fn recipe(self, reference: &str, inputs: Digest) -> Option<&'a LockedImage> {
        match self {
            Self::Fresh => None,
            Self::Exact(lock) => lock.image(reference),
            Self::Keep(lock) => lock.image(reference).filter(|locked| locked.inputs == Some(inputs)),
        }
    }

    /// What the lock says about the image `reference`, which is pulled from `from`.
    fn pulled(self, reference: &str, from: &str, platform: &Platform) -> Option<&'a LockedImage> {
        let same = |locked: &&LockedImage| locked.from.as_deref() == Some(from) && locked.platform == platform.chosen();
        match self {
            Self::Fresh => None,
            Self::Exact(lock) | Self::Keep(lock) => lock.image(reference).filter(same),
        }
    }

    /// What the lock says about a chart of a registry.
    fn chart(self, source: &ChartSource) -> Option<&'a LockedChart> {
        let same = |locked: &&LockedChart| {
            locked.from.as_deref() == Some(&source.path) && Some(&locked.version) == source.version.as_ref()
        };
        match self {
            Self::Fresh => None,
            Self::Exact(lock) | Self::Keep(lock) => lock.chart(&source.name).filter(same),
        }
    }
}

/// How a release is assembled.
#[derive(Debug)]
pub struct Work<'a> {
    /// What is decided already.
    pub pins: Pins<'a>,
    /// Where results are kept.
    pub cache: &'a Cache,
    /// Recipes that are made at a time.
    pub jobs: usize,
    /// How registries are reached.
    pub access: &'a Access,
    /// Who is told.
    pub progress: &'a Progress,
}

/// Makes everything that the release source in `folder` names.
///
/// # Errors
/// [`AssembleError`].
pub fn assemble(folder: &Path, to_do: &Work<'_>) -> Result<Assembled, AssembleError> {
    let (cache, pins) = (to_do.cache, to_do.pins);
    // Tools run in directories of their own: every path must be absolute.
    let folder = &folder.canonicalize().map_err(AssembleError::io("find", folder))?;
    let path = folder.join("release.toml");
    let (home, source) = source::read_release(folder)?;
    source.check(&path)?;
    let folder = &home;
    let examples = charts::examples(folder, &source)?;
    let fetcher = Fetcher::new(to_do.access, to_do.progress)?;
    let kitchen = parts::kitchen(cache);
    let work = parts::work(folder, &source)?;
    let mut images = parts::pulled(&fetcher, cache, &source, pins, to_do.access.transfers)?;
    let made = parallel::map(to_do.jobs, &work, |task| task.make(&kitchen, &fetcher, folder, &source, pins))?;
    let mut programs = Vec::new();
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
    let mut charts = charts::make(folder, &source, to_do, &fetcher, &programs, &images, &examples)?;
    charts::warn_of_unused(&source, &images, &charts, to_do.progress);
    let data = data::sources(&source.data, &images, &charts)?;
    let found = lock_of(&kitchen, &programs, &images, &charts);
    if let Pins::Exact(lock) = pins {
        lock.agree(&found)?;
    }
    let chart_notices = charts.iter_mut().flat_map(|made| std::mem::take(&mut made.notices)).collect();
    let charts: Vec<Chart> = charts.into_iter().map(|made| made.chart).collect();
    let papers = papers::write(folder, &source, cache, &programs, &images, &charts, chart_notices)?;
    let descriptors = registry::descriptors(&images);
    let release = papers::manifest(&source, &programs, &images, (charts, data), papers);
    // The reader's own checks, before anything is signed.
    let text =
        serde_json::to_vec(&release).map_err(|error| AssembleError::recipe("release manifest", error.to_string()))?;
    ReleaseManifest::parse(&text).map_err(|error| AssembleError::recipe("release manifest", error.to_string()))?;
    Ok(Assembled { release, images: descriptors, lock: found })
}

fn lock_of(kitchen: &Kitchen<'_>, programs: &[NamedProgram], images: &[MadeImage], charts: &[MadeChart]) -> Lock {
    let tools = [("gcc", &kitchen.gcc), ("go", &kitchen.go), ("rustc", &kitchen.rustc)];
    let program = |(name, inputs, product): &NamedProgram| LockedProgram {
        name: name.clone(),
        inputs: *inputs,
        digest: product.blob.digest,
        size: product.blob.size,
    };
    Lock {
        format: source::FORMAT,
        platform: Platform::of_hosts().to_string(),
        tools: tools.map(|(name, version)| (name.to_owned(), version.clone())).into(),
        program: programs.iter().map(program).collect(),
        image: images.iter().map(|image| image.locked.clone()).collect(),
        chart: charts.iter().map(|made| made.locked.clone()).collect(),
    }
}
