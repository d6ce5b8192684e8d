//! Recipes: one module for each way of making an executable or a layer.

mod c;
mod cargo;
mod command;
mod debian;
mod files;
pub(super) mod go;
mod inputs;
mod pypi;

pub(super) use inputs::{digest_of, walk};

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::cache::{Cache, Product};
use super::error::AssembleError;
use super::layer::{Content, Entry, Tree};
use super::source::{CargoRecipe, ImageRecipe, LayerRecipe, LockedLayer, LockedPackage, ProgramRecipe};
use bridle_core::digest::Digest;

/// What recipes work with.
#[derive(Debug)]
pub(super) struct Kitchen<'a> {
    /// Results so far.
    pub(super) cache: &'a Cache,
    /// Version of Go, as `go version` prints it.
    pub(super) go: String,
    /// Version of the C compiler.
    pub(super) gcc: String,
    /// Version of Rust.
    pub(super) rustc: String,
    /// Go's module cache.
    pub(super) modules: PathBuf,
}

/// A layer that was made, with what the lock must say about it.
#[derive(Debug)]
pub(super) struct MadeLayer {
    pub(super) product: Product,
    pub(super) packages: Vec<LockedPackage>,
    pub(super) wheel: Option<Digest>,
}

impl MadeLayer {
    fn plain(product: Product) -> Self {
        Self { product, packages: Vec::new(), wheel: None }
    }
}

impl LayerRecipe {
    /// Kind of the layer, as the recipe calls it.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Go { .. } => "go",
            Self::Cargo { .. } => "cargo",
            Self::C { .. } => "c",
            Self::Debian { .. } => "debian",
            Self::Pypi { .. } => "pypi",
            Self::Files { .. } => "files",
        }
    }
}

impl Kitchen<'_> {
    /// Makes the program of the recipe in `folder`.
    pub(super) fn program(
        &self,
        folder: &Path,
        recipe: &ProgramRecipe,
        version: &str,
    ) -> Result<Product, AssembleError> {
        match (&recipe.go, &recipe.cargo, &recipe.command) {
            (Some(go), _, _) => self.go(go),
            (_, Some(cargo), _) => self.cargo(folder, cargo),
            (_, _, Some(command)) => self.command(folder, command, version),
            _ => Err(AssembleError::recipe(folder.display().to_string(), "no way to make it")),
        }
    }

    /// Makes layer `number` of an image whose recipe lies in `folder`; `locked` are the pins to use.
    pub(super) fn layer(
        &self,
        folder: &Path,
        image: &ImageRecipe,
        number: usize,
        locked: Option<&LockedLayer>,
    ) -> Result<MadeLayer, AssembleError> {
        let place = Place::of(image, number);
        let executable = |product: &Product, to: &str| self.executable(product, &place.path(to)?);
        match &image.layer[number] {
            LayerRecipe::Go { module, version, package, to, tags, ldflags } => {
                let recipe = super::source::GoRecipe {
                    module: module.clone(),
                    version: version.clone(),
                    package: package.clone(),
                    tags: tags.clone(),
                    ldflags: ldflags.clone(),
                };
                executable(&self.go(&recipe)?, to).map(MadeLayer::plain)
            }
            LayerRecipe::Cargo { package, bin, features, to } => {
                let (package, bin, features) = (package.clone(), bin.clone(), features.clone());
                let recipe = CargoRecipe { package, bin, features, settings: BTreeMap::new() };
                executable(&self.cargo(folder, &recipe)?, to).map(MadeLayer::plain)
            }
            LayerRecipe::C { source, to } => executable(&self.c(folder, source)?, to).map(MadeLayer::plain),
            LayerRecipe::Pypi { package, version, member, to } => {
                let (wheel, product) = self.pypi(package, version, member, locked.and_then(|locked| locked.wheel))?;
                Ok(MadeLayer { product: executable(&product, to)?, packages: Vec::new(), wheel: Some(wheel) })
            }
            LayerRecipe::Files { files, directories, links } => {
                self.files(folder, &place, files, directories, links).map(MadeLayer::plain)
            }
            LayerRecipe::Debian { suite, packages, without, exclude_packages } => {
                let wanted =
                    debian::Wanted { suite, packages, without, excluded: exclude_packages, accounts: accounts(image) };
                self.debian(&wanted, locked.map(|locked| locked.package.as_slice()))
            }
        }
    }

    /// A layer that holds one executable.
    fn executable(&self, product: &Product, to: &str) -> Result<Product, AssembleError> {
        let key = Cache::key(&["executable layer", &product.blob.digest.hex(), to]);
        let layer = self.cache.product(&key, || {
            let mut tree = Tree::default();
            tree.put(to, Entry::file(0o755, Content::Path(self.cache.blob(&product.blob.digest))))?;
            tree.pack(self.cache)
        })?;
        Ok(Product { components: product.components.clone(), notices: product.notices.clone(), ..layer })
    }
}

/// Where files of a layer go: above Debian packages `/bin`, `/sbin` and `/lib` are links into `/usr`.
#[derive(Debug)]
pub(super) struct Place {
    merged: bool,
}

impl Place {
    fn of(image: &ImageRecipe, number: usize) -> Self {
        Self { merged: image.layer[..number].iter().any(|layer| matches!(layer, LayerRecipe::Debian { .. })) }
    }

    /// The path at which the layer must write `path`.
    pub(super) fn path(&self, path: &str) -> Result<String, AssembleError> {
        let path = super::layer::clean(path)?;
        Ok(if self.merged { debian::merged(&path) } else { path })
    }
}

/// `/etc/passwd` and `/etc/group` for an image, unless its files bring them.
fn accounts(image: &ImageRecipe) -> Option<(String, String)> {
    let brought = image.layer.iter().any(|layer| match layer {
        LayerRecipe::Files { files, .. } => files.iter().any(|file| file.to.trim_start_matches('/') == "etc/passwd"),
        _ => false,
    });
    if brought {
        return None;
    }
    let (user, group) = image.user.split_once(':').unwrap_or((image.user.as_str(), image.user.as_str()));
    let mut passwd = "root:x:0:0:root:/root:/usr/sbin/nologin\n".to_owned();
    let mut groups = "root:x:0:\n".to_owned();
    if !matches!(user, "" | "0" | "65534") {
        passwd.push_str(&format!("app:x:{user}:{group}:app:/:/usr/sbin/nologin\n"));
        groups.push_str(&format!("app:x:{group}:\n"));
    }
    passwd.push_str("nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n");
    groups.push_str("nogroup:x:65534:\n");
    Some((passwd, groups))
}
