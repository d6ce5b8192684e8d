//! Recipes of images and programs.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::assemble::error::AssembleError;

/// `image.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageRecipe {
    /// Version of the format.
    pub format: u32,
    /// Full reference of the image.
    pub reference: String,
    /// `user:group`, numbers.
    #[serde(default)]
    pub user: String,
    /// Entry point.
    #[serde(default)]
    pub entrypoint: Vec<String>,
    /// Default arguments.
    #[serde(default)]
    pub cmd: Vec<String>,
    /// Environment.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Working directory.
    #[serde(default)]
    pub workdir: String,
    /// Labels.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Layers, lowest first.
    #[serde(default)]
    pub layer: Vec<LayerRecipe>,
}

/// A layer of an image.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum LayerRecipe {
    /// Static executable from a Go module.
    Go {
        /// Module path.
        module: String,
        /// Its version.
        version: String,
        /// Package, relative to the module.
        package: String,
        /// Path in the image.
        to: String,
        /// Build tags.
        #[serde(default)]
        tags: Vec<String>,
        /// Flags for the linker.
        #[serde(default)]
        ldflags: String,
    },
    /// Static executable of this workspace.
    Cargo {
        /// Package.
        package: String,
        /// Its program.
        bin: String,
        /// Features of the package beside its default ones.
        #[serde(default)]
        features: Vec<String>,
        /// Path in the image.
        to: String,
    },
    /// Static executable from one C file.
    C {
        /// The file.
        source: CSource,
        /// Path in the image.
        to: String,
    },
    /// Debian packages with their dependencies, unpacked.
    Debian {
        /// Suite.
        suite: String,
        /// Packages.
        packages: Vec<String>,
        /// Patterns of paths that are left out, as they stand in the packages.
        #[serde(default)]
        without: Vec<String>,
        /// Packages that are left out although another depends on them.
        #[serde(default)]
        exclude_packages: Vec<String>,
    },
    /// One member of a wheel.
    Pypi {
        /// Package.
        package: String,
        /// Version.
        version: String,
        /// Path in the wheel.
        member: String,
        /// Path in the image.
        to: String,
    },
    /// Files of the recipe's folder.
    Files {
        /// Files.
        #[serde(default)]
        files: Vec<FileEntry>,
        /// Directories.
        #[serde(default)]
        directories: Vec<DirectoryEntry>,
        /// Symbolic links.
        #[serde(default)]
        links: Vec<LinkEntry>,
    },
}

/// Where a C file comes from.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum CSource {
    /// A file of a Go module.
    Go {
        /// Module path.
        go: String,
        /// Its version.
        version: String,
        /// Path in the module.
        file: String,
    },
    /// A file of the recipe's folder.
    File {
        /// Path in the folder.
        file: String,
    },
}

/// A file of a `files` layer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Path in the recipe's folder; a folder is taken with all its files.
    pub from: String,
    /// Path in the image.
    pub to: String,
    /// Mode, octal.
    #[serde(default = "file_mode")]
    pub mode: String,
    /// `user:group`, numbers.
    #[serde(default = "root")]
    pub owner: String,
}

/// A directory of a `files` layer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DirectoryEntry {
    /// Path in the image.
    pub path: String,
    /// Mode, octal.
    #[serde(default = "directory_mode")]
    pub mode: String,
    /// `user:group`, numbers.
    #[serde(default = "root")]
    pub owner: String,
}

/// A symbolic link of a `files` layer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkEntry {
    /// Path in the image.
    pub path: String,
    /// What it points to.
    pub to: String,
}

/// `program.toml`: exactly one of the ways.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgramRecipe {
    /// Version of the format.
    pub format: u32,
    /// From a Go module.
    pub go: Option<GoRecipe>,
    /// From this workspace.
    pub cargo: Option<CargoRecipe>,
    /// By a command.
    pub command: Option<CommandRecipe>,
}

/// A program from a Go module.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoRecipe {
    /// Module path.
    pub module: String,
    /// Its version.
    pub version: String,
    /// Package, relative to the module.
    pub package: String,
    /// Build tags.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Flags for the linker.
    #[serde(default)]
    pub ldflags: String,
}

/// A program of this workspace.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CargoRecipe {
    /// Package.
    pub package: String,
    /// Its program.
    pub bin: String,
    /// Features of the package beside its default ones.
    #[serde(default)]
    pub features: Vec<String>,
    /// Variables of the environment that the code reads while it is compiled (`option_env!`).
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
}

/// A program that a command makes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandRecipe {
    /// The command; `{version}` and `{output}` stand for the version and the file to write, `{parts}` for a directory
    /// in which it may leave the executables that the file carries inside, for the bill of materials.
    pub run: Vec<String>,
    /// Files and folders that it depends on.
    pub inputs: Vec<String>,
}

impl ProgramRecipe {
    /// Checks that there is exactly one way.
    ///
    /// # Errors
    /// [`AssembleError::Source`] otherwise.
    pub fn check(&self, path: &Path) -> Result<(), AssembleError> {
        let ways =
            usize::from(self.go.is_some()) + usize::from(self.cargo.is_some()) + usize::from(self.command.is_some());
        let refuse = |reason: String| Err(AssembleError::Source { path: path.to_owned(), reason });
        if ways != 1 || self.command.as_ref().is_some_and(|command| command.run.is_empty()) {
            return refuse("needs exactly one of go, cargo, command".to_owned());
        }
        let settings = self.cargo.iter().flat_map(|cargo| cargo.settings.keys());
        match settings.filter(|name| !is_setting(name)).min() {
            Some(name) => refuse(format!("{name:?} is no setting of a program, or decides how it is built")),
            None => Ok(()),
        }
    }
}

/// Whether a recipe may set this variable: what steers cargo, the compiler and the linker is not the recipe's.
fn is_setting(name: &str) -> bool {
    const STEERING: [&str; 7] = ["CARGO", "RUST", "PATH", "HOME", "LD_", "CC", "TMPDIR"];
    let usual = name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    usual && !name.is_empty() && !STEERING.iter().any(|steering| name.starts_with(steering))
}

fn file_mode() -> String {
    "0644".to_owned()
}

fn directory_mode() -> String {
    "0755".to_owned()
}

fn root() -> String {
    "0:0".to_owned()
}
