//! Static executables from Go modules.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bridle_core::release::Blob;
use serde::Deserialize;

use super::Kitchen;
use crate::assemble::cache::{Cache, Product};
use crate::assemble::error::AssembleError;
use crate::assemble::notices::{self, Notice};
use crate::assemble::sbom::Component;
use crate::assemble::source::GoRecipe;
use crate::assemble::tool::Tool;

/// A cold build of the largest module took 9 minutes on two cores.
const LIMIT: Duration = Duration::from_secs(3600);
/// Linker flags that make the result small and the same each time.
const LDFLAGS: &str = "-s -w -buildid=";

impl Kitchen<'_> {
    /// The executable of a recipe.
    pub(super) fn go(&self, recipe: &GoRecipe) -> Result<Product, AssembleError> {
        let flags = if recipe.ldflags.is_empty() { LDFLAGS.to_owned() } else { recipe.ldflags.clone() };
        let tags = recipe.tags.join(",");
        let parts = ["go", &self.go, &recipe.module, &recipe.version, &recipe.package, &tags, &flags];
        self.cache.product(&Cache::key(&parts), || {
            let scratch = self.cache.scratch()?;
            let output = scratch.path().join("program");
            self.compile(scratch.path(), recipe, &tags, &flags, &output)?;
            let (components, notices) = self.inside(&output)?;
            let blob = self.cache.put_file(&output)?;
            Ok(Product { blob, diff_id: None, unpacked: 0, components, notices })
        })
    }

    /// Compiles inside a module of our own that requires the recipe's and carries its `replace` lines: `go install`
    /// refuses modules that have such lines.
    fn compile(
        &self,
        scratch: &Path,
        recipe: &GoRecipe,
        tags: &str,
        flags: &str,
        output: &Path,
    ) -> Result<(), AssembleError> {
        let home = scratch.join("module");
        fs::create_dir(&home).map_err(AssembleError::io("make directory", &home))?;
        let go = || {
            Tool::new("go")
                .env("CGO_ENABLED", "0")
                .env("GOTOOLCHAIN", "local")
                .env("GOWORK", "off")
                .directory(&home)
                .limit(LIMIT)
        };
        let module = download(&recipe.module, &recipe.version)?;
        go().args(["mod", "init", "build"]).output()?;
        for replace in replaces(&module.go_mod)? {
            go().args(["mod", "edit", &format!("-replace={replace}")]).output()?;
        }
        let package = match recipe.package.trim_start_matches("./").trim_matches('/') {
            "" | "." => recipe.module.clone(),
            package => format!("{}/{package}", recipe.module),
        };
        go().args(["get", &format!("{package}@{}", recipe.version)]).output()?;
        go().args(["build", "-mod=mod", "-trimpath", "-buildvcs=false", "-tags", tags, "-ldflags", flags, "-o"])
            .arg(output)
            .arg(&package)
            .output()?;
        Ok(())
    }

    /// Modules inside a Go executable, with their licences. Nothing for other programs.
    pub(in crate::assemble) fn inside(&self, program: &Path) -> Result<(Vec<Component>, Vec<Notice>), AssembleError> {
        let Ok(text) = Tool::new("go").args(["version", "-m"]).arg(program).text() else {
            return Ok((Vec::new(), Vec::new()));
        };
        let mut modules = modules(&text);
        modules.sort();
        modules.dedup();
        let mut components = vec![Component::new("golang", "std", &toolchain(&text))];
        let mut notices = Vec::new();
        for (module, version) in modules {
            let label = format!("{module} {version}");
            let directory = self.modules.join(format!("{}@{}", escaped(&module), escaped(&version)));
            notices.extend(notices::of_directory(self.cache, &label, &directory)?);
            components.push(Component::new("golang", &module, &version));
        }
        if let Ok(root) = Tool::new("go").args(["env", "GOROOT"]).text() {
            notices.extend(notices::of_directory(self.cache, "Go standard library", Path::new(root.trim()))?);
        }
        Ok((components, notices))
    }
}

/// Where a module lies after download.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::assemble) struct Module {
    pub(in crate::assemble) dir: PathBuf,
    go_mod: PathBuf,
}

/// Brings a module into Go's cache.
pub(in crate::assemble) fn download(module: &str, version: &str) -> Result<Module, AssembleError> {
    let name = format!("{module}@{version}");
    let text = Tool::new("go")
        .args(["mod", "download", "-json", &name])
        .env("GOTOOLCHAIN", "local")
        .env("GOWORK", "off")
        .directory(Path::new("/"))
        .limit(LIMIT)
        .output()?;
    serde_json::from_slice(&text).map_err(|error| AssembleError::Fetch { what: name, reason: error.to_string() })
}

/// The blob and licences of one file of a module.
pub(in crate::assemble) fn module_file(
    cache: &Cache,
    module: &str,
    version: &str,
    file: &str,
) -> Result<(Blob, Vec<Notice>), AssembleError> {
    let found = download(module, version)?;
    let path = found.dir.join(crate::assemble::layer::clean(file)?);
    Ok((cache.put_file(&path)?, notices::of_directory(cache, &format!("{module} {version}"), &found.dir)?))
}

/// The `replace` lines of a module that name another module; those that name a folder cannot be carried.
fn replaces(go_mod: &Path) -> Result<Vec<String>, AssembleError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Edit {
        replace: Option<Vec<Replace>>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Replace {
        old: Version,
        new: Version,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Version {
        path: String,
        #[serde(default)]
        version: String,
    }
    let text = Tool::new("go").args(["mod", "edit", "-json"]).arg(go_mod).output()?;
    let edit: Edit = serde_json::from_slice(&text)
        .map_err(|error| AssembleError::recipe(go_mod.display().to_string(), error.to_string()))?;
    let at = |version: &Version| match version.version.as_str() {
        "" => version.path.clone(),
        number => format!("{}@{number}", version.path),
    };
    let lines = edit.replace.unwrap_or_default();
    Ok(lines
        .iter()
        .filter(|line| !line.new.version.is_empty())
        .map(|line| format!("{}={}", at(&line.old), at(&line.new)))
        .collect())
}

/// Modules in the output of `go version -m`: the replacement where there is one, without the module of ours.
fn modules(text: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        match fields[..] {
            ["dep" | "mod", _, "(devel)", ..] => {}
            ["dep" | "mod", module, version, ..] => found.push((module.to_owned(), version.to_owned())),
            ["=>", module, version, ..] => {
                found.pop();
                found.push((module.to_owned(), version.to_owned()));
            }
            _ => {}
        }
    }
    found
}

fn toolchain(text: &str) -> String {
    let first = text.lines().next().unwrap_or_default();
    first.rsplit(' ').next().unwrap_or_default().trim_start_matches("go").to_owned()
}

/// Upper case in Go's module cache: `!` and the lower-case letter.
fn escaped(text: &str) -> String {
    let mut spelt = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_uppercase() {
            spelt.push('!');
        }
        spelt.push(c.to_ascii_lowercase());
    }
    spelt
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_of_an_executable() {
        let text = "/x: go1.26.8\n\tpath\tbuild\n\tmod\tbuild\t(devel)\n\tdep\ta.b/C\tv1.0.0\th1:x=\n\tdep\td.e/f\tv1.1.0\n\t=>\tg.h/i\tv2.0.0\th1:y=\n\tbuild\t-trimpath=true\n";
        assert_eq!(
            modules(text),
            [("a.b/C".to_owned(), "v1.0.0".to_owned()), ("g.h/i".to_owned(), "v2.0.0".to_owned())]
        );
        assert_eq!(toolchain(text), "1.26.8");
        assert_eq!(escaped("github.com/Azure/x"), "github.com/!azure/x");
    }
}
