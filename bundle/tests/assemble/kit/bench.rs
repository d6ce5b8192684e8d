//! A release source with a cache and an output directory of its own.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use bridle_core::digest::Digest;

pub const RELEASE: &str = r#"
format = 1
[release]
name = "small"
version = "1.0.0"
sequence = 1
upgrades_from = [">=1.0.0, <1.1.0"]
notes = { en = "A test.", fr = "Un essai." }
[kubernetes]
version = "1.36.3"
k3s = { path = "k3s" }
pause = "bridle.internal/pages:1"
[[program]]
name = "installer"
source = { path = "installer" }
[[image]]
recipe = "pages"
[licences]
extra = ["NOTICE"]
"#;
const IMAGE: &str = r#"
format = 1
reference = "bridle.internal/pages:1"
user = "65532:65532"
entrypoint = ["/hello"]
[[layer]]
kind = "c"
source = { file = "hello.c" }
to = "/hello"
[[layer]]
kind = "files"
files = [{ from = "site", to = "/srv", mode = "0444" }]
directories = [{ path = "/tmp", mode = "1777" }]
links = [{ path = "/srv/latest", to = "index.html" }]
"#;

pub struct Bench {
    root: tempfile::TempDir,
    /// Set for every command.
    pub environment: Vec<(&'static str, String)>,
}

impl Bench {
    pub fn new() -> Self {
        let root = tempfile::tempdir().expect("directory");
        let bench = Self { root, environment: Vec::new() };
        bench.write("release.toml", RELEASE);
        bench.write("pages/image.toml", IMAGE);
        bench.write("pages/hello.c", "int main(void) { return 0; }\n");
        bench.write("pages/site/index.html", "<p>hello");
        bench.write("k3s", "#!/bin/sh\n");
        bench.write("installer", "#!/bin/sh\nexit 0\n");
        bench.write("NOTICE", "Notice of the small release.\n");
        bench.ok(&["keygen", "--output", "key"]);
        bench
    }

    /// A release of one pulled image alone, which is also its pause image: quick to lock.
    pub fn pulling(reference: &str, more: &str) -> Self {
        let bench = Self::new();
        let image = format!("[[image]]\nreference = \"{reference}\"\nas = \"bridle.internal/pages:1\"\n{more}\n");
        bench.write("release.toml", RELEASE.replace("[[image]]\nrecipe = \"pages\"\n", &image));
        bench
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("parent")).expect("directory");
        fs::write(path, text).expect("write");
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("read")
    }

    pub fn read_bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).expect("read")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_bridle-bundle"))
            .args(arguments)
            .current_dir(self.root.path())
            .env("BRIDLE_CACHE", self.path(".cache"))
            .env("DOCKER_CONFIG", self.path(".docker"))
            .env_remove("REGISTRY_AUTH_FILE")
            .env_remove("ALL_PROXY")
            .env_remove("HTTPS_PROXY")
            .env_remove("https_proxy")
            .env_remove("HTTP_PROXY")
            .env_remove("NO_PROXY")
            .env_remove("no_proxy")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .output()
            .expect("run")
    }

    /// What a command that must succeed prints.
    pub fn ok(&self, arguments: &[&str]) -> String {
        self.both(arguments).0
    }

    /// What a command that must succeed prints, and its progress and warnings.
    pub fn both(&self, arguments: &[&str]) -> (String, String) {
        let output = self.run(arguments);
        let errors = String::from_utf8(output.stderr).expect("text");
        assert!(output.status.success(), "{arguments:?}: {errors}");
        (String::from_utf8(output.stdout).expect("text"), errors)
    }

    /// Exit code and complaint of a command that must fail.
    pub fn fails(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.run(arguments);
        assert!(!output.status.success(), "{arguments:?}");
        (output.status.code(), String::from_utf8(output.stderr).expect("text"))
    }

    /// Builds with further options; the files by name.
    pub fn build_with(&self, output: &str, options: &[&str]) -> BTreeMap<String, Digest> {
        self.ok(&[&["build", ".", "--key", "key.key", "--output", output], options].concat());
        let entries = fs::read_dir(self.path(output)).expect("list").map(|entry| entry.expect("entry").path());
        let name = |path: &Path| path.file_name().expect("name").to_string_lossy().into_owned();
        entries.map(|path| (name(&path), Digest::of(&fs::read(&path).expect("read")))).collect()
    }

    pub fn build(&self, output: &str) -> BTreeMap<String, Digest> {
        self.build_with(output, &[])
    }

    /// Forgets what was downloaded and made.
    pub fn forget(&self) {
        fs::remove_dir_all(self.path(".cache")).expect("forget");
    }

    /// What a release file holds, as JSON.
    pub fn inspect(&self, file: &str) -> serde_json::Value {
        serde_json::from_str(&self.ok(&["inspect", file, "--json"])).expect("json")
    }

    /// A blob of the cache.
    pub fn cached(&self, digest: &str) -> Vec<u8> {
        fs::read(self.path(".cache/blob").join(digest.trim_start_matches("sha256:"))).expect("blob")
    }
}
