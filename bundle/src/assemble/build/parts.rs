//! Programs and images: what is made by recipes and what is pulled.

use std::path::{Path, PathBuf};

use bridle_core::digest::Digest;
use bridle_core::release::Blob;

use super::Pins;
use crate::assemble::cache::{Cache, Product};
use crate::assemble::error::AssembleError;
use crate::assemble::image::{self, MadeImage};
use crate::assemble::recipe::{Kitchen, digest_of};
use crate::assemble::registry::{self, Fetcher, Platform, Pull};
use crate::assemble::source::{self, ImageRecipe, ImageSource, ProgramRecipe, ProgramSource, ReleaseSource};
use crate::assemble::tool::Tool;

/// One thing to make.
pub(super) enum Task {
    Program(String, ProgramSource),
    Recipe(PathBuf, ImageRecipe),
}

/// One thing that was made.
pub(super) enum Done {
    Program(String, Option<Digest>, Box<Product>),
    Image(Box<MadeImage>),
}

/// Everything that recipes make.
pub(super) fn work(folder: &Path, source: &ReleaseSource) -> Result<Vec<Task>, AssembleError> {
    let mut work = vec![Task::Program("k3s".to_owned(), source.kubernetes.k3s.clone())];
    work.extend(source.program.iter().map(|program| Task::Program(program.name.clone(), program.source.clone())));
    for image in &source.image {
        let ImageSource::Recipe(recipe) = image else { continue };
        let home = folder.join(&recipe.recipe);
        let path = home.join("image.toml");
        let recipe: ImageRecipe = source::read(&path)?;
        if !source::is_reference(&recipe.reference) {
            let reason = format!("reference {:?}: write host/name:tag", recipe.reference);
            return Err(AssembleError::Source { path, reason });
        }
        work.push(Task::Recipe(home, recipe));
    }
    Ok(work)
}

impl Task {
    pub(super) fn make(
        &self,
        kitchen: &Kitchen<'_>,
        fetcher: &Fetcher<'_>,
        folder: &Path,
        source: &ReleaseSource,
        pins: Pins<'_>,
    ) -> Result<Done, AssembleError> {
        let progress = fetcher.progress();
        let about = |error: AssembleError, what: String| match error {
            AssembleError::Tool { program, reason, output } => {
                AssembleError::Recipe { what, reason: format!("{program}: {reason}\n{output}") }
            }
            other => other,
        };
        match self {
            Self::Program(name, from) => {
                let made = program(kitchen, fetcher, folder, from, &source.kubernetes.version.to_string());
                let (inputs, product) = made.map_err(|error| about(error, format!("program {name}")))?;
                progress.say(&format!("program {name} is ready"));
                Ok(Done::Program(name.clone(), inputs, Box::new(product)))
            }
            Self::Recipe(home, recipe) => {
                let inputs = digest_of(home, &[".".to_owned()])?;
                let pins = pins.recipe(&recipe.reference, inputs);
                let made = image::make(kitchen, home, recipe, inputs, pins);
                let made = made.map_err(|error| about(error, format!("image {}", recipe.reference)))?;
                progress.say(&format!("image {} is ready", recipe.reference));
                Ok(Done::Image(Box::new(made)))
            }
        }
    }
}

fn program(
    kitchen: &Kitchen<'_>,
    fetcher: &Fetcher<'_>,
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
            Ok((None, plain(fetcher.address(kitchen.cache, &source.url, &digest)?)?))
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

/// The compilers of the machine. One that is absent is missed only by a recipe that needs it.
pub(super) fn kitchen(cache: &Cache) -> Kitchen<'_> {
    let first = |program: &str, argument: &str| -> String {
        let tool = Tool::new(program).arg(argument).directory(Path::new("/")).env("GOTOOLCHAIN", "local");
        let text = tool.text().unwrap_or_else(|_| "absent".to_owned());
        text.lines().next().unwrap_or_default().trim().to_owned()
    };
    let modules = Tool::new("go").args(["env", "GOMODCACHE"]).text().unwrap_or_default();
    Kitchen {
        cache,
        go: first("go", "version"),
        gcc: first("gcc", "--version"),
        rustc: first("rustc", "--version"),
        modules: PathBuf::from(modules.trim()),
    }
}

/// Images of registries.
pub(super) fn pulled(
    fetcher: &Fetcher<'_>,
    cache: &Cache,
    source: &ReleaseSource,
    pins: Pins<'_>,
    transfers: usize,
) -> Result<Vec<MadeImage>, AssembleError> {
    let pulls: Vec<Pull<'_>> = source
        .image
        .iter()
        .filter_map(|image| match image {
            ImageSource::Recipe(_) => None,
            ImageSource::Registry(from) => Some(from),
        })
        .map(|from| {
            let name = from.name.as_deref().unwrap_or(&from.reference);
            let platform = from.platform.as_deref().and_then(Platform::parse).unwrap_or_else(Platform::of_hosts);
            let locked = pins.pulled(name, &from.reference, &platform);
            Pull { from: &from.reference, name, platform, locked }
        })
        .collect();
    if pulls.is_empty() { Ok(Vec::new()) } else { registry::pull(fetcher, cache, &pulls, transfers) }
}
