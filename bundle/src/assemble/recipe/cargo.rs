//! Static executables of this workspace.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::Kitchen;
use crate::assemble::cache::Product;
use crate::assemble::error::AssembleError;
use crate::assemble::notices;
use crate::assemble::sbom::Component;
use crate::assemble::source::CargoRecipe;
use crate::assemble::tool::Tool;

const LIMIT: Duration = Duration::from_secs(3600);
const TARGET: &str = "x86_64-unknown-linux-gnu";

impl Kitchen<'_> {
    /// An executable of the workspace around `folder`. Cargo itself knows what has changed.
    pub(super) fn cargo(&self, folder: &Path, recipe: &CargoRecipe) -> Result<Product, AssembleError> {
        let CargoRecipe { package, bin, features, settings } = recipe;
        let workspace = workspace(folder)?;
        let target = self.cache.directory("cargo-target");
        let _held = own(&target, &workspace)?;
        let home = cargo_home();
        // Not the workspace's own path: cargo names its files relative to it, and a flag that differs from checkout to
        // checkout would build all dependencies anew in each.
        let flags = [
            "-C target-feature=+crt-static".to_owned(),
            format!("--remap-path-prefix={}=/cargo", home.display()),
            format!("--remap-path-prefix={}=/target", target.display()),
        ];
        let cargo = settings.iter().fold(Tool::new("cargo"), |cargo, (name, value)| cargo.env(name, value));
        cargo
            .args([
                "build",
                "--quiet",
                "--locked",
                "--profile",
                "host",
                "--target",
                TARGET,
                "--package",
                package.as_str(),
                "--bin",
                bin.as_str(),
                "--features",
                &features.join(","),
            ])
            .arg("--target-dir")
            .arg(&target)
            .env("RUSTFLAGS", flags.join(" "))
            .directory(&workspace)
            .limit(LIMIT)
            .output()?;
        let program = target.join(TARGET).join("host").join(bin);
        let blob = self.cache.put_file(&program)?;
        let mut product = Product { blob, diff_id: None, unpacked: 0, components: Vec::new(), notices: Vec::new() };
        for found in dependencies(&workspace, package)? {
            let label = format!("{} {}", found.name, found.version);
            let directory = found.manifest_path.parent().unwrap_or(&workspace);
            product.notices.extend(notices::of_directory(self.cache, &label, directory)?);
            let mut component = Component::new("cargo", &found.name, &found.version);
            component.licence = found.license.map(|text| text.replace('/', " OR "));
            product.components.push(component);
        }
        product.notices.extend(notices::of_directory(self.cache, "Bridle", &workspace)?);
        Ok(product)
    }
}

#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_members: Vec<String>,
    resolve: Resolve,
}

#[derive(Debug, Clone, Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    manifest_path: PathBuf,
}

#[derive(Debug, Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Debug, Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dependency>,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    pkg: String,
    dep_kinds: Vec<Kind>,
}

#[derive(Debug, Deserialize)]
struct Kind {
    kind: Option<String>,
}

fn metadata(workspace: &Path) -> Result<Metadata, AssembleError> {
    let text = Tool::new("cargo")
        .args(["metadata", "--format-version", "1", "--locked", "--filter-platform", TARGET])
        .directory(workspace)
        .output()?;
    serde_json::from_slice(&text).map_err(|error| AssembleError::recipe("cargo metadata", error.to_string()))
}

/// The package and what it links (features of the whole workspace: a little more rather than less).
fn dependencies(workspace: &Path, package: &str) -> Result<Vec<Package>, AssembleError> {
    let metadata = metadata(workspace)?;
    let packages: BTreeMap<&str, &Package> =
        metadata.packages.iter().map(|package| (package.id.as_str(), package)).collect();
    let nodes: BTreeMap<&str, &Node> = metadata.resolve.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
    let mut open: Vec<&str> =
        packages.values().filter(|found| found.name == package).map(|found| found.id.as_str()).collect();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    while let Some(id) = open.pop() {
        if let (true, Some(node)) = (seen.insert(id), nodes.get(id)) {
            let linked =
                node.deps.iter().filter(|dependency| dependency.dep_kinds.iter().any(|kind| kind.kind.is_none()));
            open.extend(linked.map(|dependency| dependency.pkg.as_str()));
        }
    }
    let mut found: Vec<Package> =
        seen.iter().filter_map(|id| packages.get(id)).map(|package| (*package).clone()).collect();
    found.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
    Ok(found)
}

/// Takes the shared target folder for this checkout alone, until the file given is dropped.
///
/// Cargo judges by times of files, which say nothing between checkouts: what another one built of its members is thrown away
/// first. What they depend on stays.
#[allow(clippy::disallowed_methods, reason = "waiting for another build; the publisher's side has no clock port")]
fn own(target: &Path, workspace: &Path) -> Result<File, AssembleError> {
    std::fs::create_dir_all(target).map_err(AssembleError::io("make", target))?;
    let path = target.join("checkout");
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    let mut file = options.open(&path).map_err(AssembleError::io("open", &path))?;
    let until = Instant::now() + LIMIT;
    while let Err(error) = file.try_lock() {
        match error {
            TryLockError::WouldBlock if Instant::now() < until => std::thread::sleep(Duration::from_millis(200)),
            error => return Err(AssembleError::io("lock", &path)(error.into())),
        }
    }
    let mut last = String::new();
    (&file).take(4096).read_to_string(&mut last).map_err(AssembleError::io("read", &path))?;
    let this = workspace.display().to_string();
    if last != this {
        let metadata = metadata(workspace)?;
        let members = metadata.packages.iter().filter(|package| metadata.workspace_members.contains(&package.id));
        let mut clean =
            Tool::new("cargo").args(["clean", "--quiet", "--locked", "--profile", "host", "--target", TARGET]);
        for member in members {
            clean = clean.arg("--package").arg(&member.name);
        }
        clean.arg("--target-dir").arg(target).directory(workspace).limit(LIMIT).output()?;
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(this.as_bytes()))
            .map_err(AssembleError::io("write", &path))?;
    }
    Ok(file)
}

/// The folder of the nearest `Cargo.lock` above a recipe.
fn workspace(folder: &Path) -> Result<PathBuf, AssembleError> {
    let folder = folder.canonicalize().map_err(AssembleError::io("find", folder))?;
    folder
        .ancestors()
        .find(|directory| directory.join("Cargo.lock").is_file())
        .map(Path::to_owned)
        .ok_or_else(|| AssembleError::recipe(folder.display().to_string(), "no Cargo.lock above it"))
}

#[allow(clippy::disallowed_methods, reason = "where cargo keeps sources: only to keep that path out of the result")]
fn cargo_home() -> PathBuf {
    let home = || PathBuf::from(env::var("HOME").unwrap_or_else(|_| "/root".to_owned())).join(".cargo");
    env::var("CARGO_HOME").map_or_else(|_| home(), PathBuf::from)
}
