//! The steps of the gate, in order.
//!
//! A step is worked out when its turn comes: what an earlier one installed counts.

use super::{Counting, Counts, Step, Work, kept};
use crate::testhost::{self, process_table};
use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Test programs of this crate whose names begin so need real hosts.
const HOST_PREFIXES: [&str; 2] = ["host_", "journey_"];
/// This crate.
const JOURNEYS: &str = "bridle-journeys";
/// Go finds its modules this deep below `images/` at most.
const GO_DEPTH: usize = 3;
/// Where Go's own installation instructions put it.
const GO_FOLDER: &str = "/usr/local/go/bin";

/// Time of the short fuzzing, all targets together; `cargo campaign fuzz` is the long one.
const FUZZ_SECONDS: &str = "60";

const MINUTE: Duration = Duration::from_secs(60);
/// From a fresh clone with empty caches on 2 cores.
const BUILD_LIMIT: Duration = MINUTE.saturating_mul(60);
/// The variable that names this run of the gate to the programs that it starts, and to them alone.
pub(crate) const GATE_RUN: &str = "BRIDLE_GATE_RUN";
/// Test programs whose tests have hosts of their own and nothing in common.
const PAIRED: [&str; 3] = ["journey_cluster_restore", "journey_install", "journey_uninstall"];
/// Memory that must be free for two platforms at a time, in KiB: each takes 3 GiB.
pub(crate) const MEMORY_FOR_TWO: u64 = 8 << 20;
/// One test program with real hosts.
const HOST_LIMIT: Duration = MINUTE.saturating_mul(60);

/// The gate of a checkout.
#[derive(Debug)]
pub struct Gate {
    root: PathBuf,
    anew: bool,
    run: String,
    tasks: Vec<Task>,
}

/// What a step is about.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Task {
    Packages,
    Fetch,
    Format,
    Lint,
    DenyTool,
    Dependencies,
    Advisories,
    GoVet(PathBuf),
    GoTest(PathBuf),
    Workspace,
    Journeys { tests: Vec<String> },
    Fuzz,
    Host(String),
}

impl Gate {
    /// The gate of the checkout at `root`: its Go modules and test programs are found there.
    pub fn open(root: &Path) -> io::Result<Self> {
        let (hosts, tests) = test_programs(&root.join("tests/tests"))?;
        let mut tasks = vec![
            Task::Packages,
            Task::Fetch,
            Task::Format,
            Task::Lint,
            Task::DenyTool,
            Task::Dependencies,
            Task::Advisories,
        ];
        let mut modules = Vec::new();
        find_go_modules(&root.join("images"), GO_DEPTH, &mut modules)?;
        modules.sort();
        for module in modules {
            tasks.push(Task::GoVet(module.clone()));
            tasks.push(Task::GoTest(module));
        }
        tasks.extend([Task::Workspace, Task::Journeys { tests }, Task::Fuzz]);
        tasks.extend(hosts.into_iter().map(Task::Host));
        Ok(Self { root: root.to_owned(), anew: false, run: name_of_run(), tasks })
    }

    /// The same gate, but no kept result is taken: what is asked for is run.
    #[must_use]
    pub fn anew(self) -> Self {
        Self { anew: true, ..self }
    }

    /// The names of all steps, in order.
    pub fn names(&self) -> Vec<String> {
        self.tasks.iter().map(|task| task.name()).collect()
    }

    /// The key under which the result of this step is kept, where it is run.
    #[must_use]
    pub fn key(&self, step: &str) -> Option<String> {
        if step == kept::SUITE { kept::key_of(&self.root) } else { None }
    }

    /// The step of this name, as it stands now.
    pub fn step(&self, name: &str) -> Option<Step> {
        let task = self.tasks.iter().find(|task| task.name() == name)?;
        Some(Step { name: name.to_owned(), work: self.work(task) })
    }

    fn work(&self, task: &Task) -> Work {
        use Counting::{Check, Go, Libtest};
        match task {
            Task::Packages => Work::Packages,
            // For all targets, so that cargo-deny sees the whole lock file without a network.
            Task::Fetch => run(self.cargo(&["fetch", "--locked"]), 15, Check),
            Task::Format => run(self.cargo(&["fmt", "--all", "--check"]), 5, Check),
            Task::Lint => {
                let words = ["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"];
                run_long(self.cargo(&words), Check)
            }
            Task::DenyTool => self.deny_tool(),
            Task::Dependencies => self.deny(&["check", "bans", "licenses", "sources"]),
            Task::Advisories => self.advisories(),
            Task::GoVet(module) => run_long(self.go(module, "vet", &["./..."]), Check),
            Task::GoTest(module) => run_long(self.go(module, "test", &["-json", "-count=1", "./..."]), Go),
            Task::Workspace => {
                let words = ["test", "--workspace", "--all-features", "--no-fail-fast", "--exclude", JOURNEYS];
                run_long(self.cargo(&words), Libtest)
            }
            Task::Journeys { tests } => {
                let mut command = self.cargo(&["test", "--package", JOURNEYS, "--no-fail-fast", "--lib", "--bins"]);
                for test in tests {
                    command.args(["--test", test]);
                }
                run_long(command, Libtest)
            }
            Task::Fuzz => {
                let words = ["run", "--quiet", "--package", JOURNEYS, "--bin", "campaign", "--", "fuzz", FUZZ_SECONDS];
                run_long(self.cargo(&words), Libtest)
            }
            Task::Host(test) => self.host(test),
        }
    }

    /// A test program with real hosts; skipped, each test counted, where the machine cannot boot them.
    fn host(&self, test: &str) -> Work {
        let words = ["test", "--package", JOURNEYS, "--test", test, "--"];
        let found = if test == kept::SUITE && !self.anew { kept::find(&self.root) } else { None };
        if let Some(found) = found {
            return Work::Kept { passed: found.passed, said: found.said() };
        }
        if let Err(missing) = testhost::available() {
            let missing: Vec<String> = missing.iter().map(ToString::to_string).collect();
            let listed = self.cargo(&words).arg("--list").output();
            let listed = listed.map(|output| Counts::listed(&String::from_utf8_lossy(&output.stdout)));
            return Work::Skip {
                // At least one: a program that cannot be listed does not vanish from the sum.
                tests: listed.unwrap_or(0).max(1),
                reason: format!("this machine cannot boot test hosts: missing {}", missing.join(", ")),
                required: true,
            };
        }
        let mut command = self.cargo(&words);
        command.arg(format!("--test-threads={}", hosts_at_a_time(test, testhost::available_memory())));
        Work::Run { command, limit: HOST_LIMIT, counting: Counting::Libtest }
    }

    fn deny_tool(&self) -> Work {
        if deny_program().is_some() {
            return run(Command::new("true"), 1, Counting::Check);
        }
        let mut command = self.cargo(&["install", "--locked", "cargo-deny", "--root"]);
        command.arg(testhost::cache_folder().join("tools"));
        run_long(command, Counting::Check)
    }

    /// `cargo deny` over the packages that are already here: no list is fetched.
    fn deny(&self, words: &[&str]) -> Work {
        let Some(program) = deny_program() else {
            return run(Command::new("cargo-deny"), 1, Counting::Check);
        };
        let mut command = Command::new(program);
        command.args(["--offline", "--all-features"]).args(words).current_dir(&self.root);
        run(command, 10, Counting::Check)
    }

    fn advisories(&self) -> Work {
        let home = env::var_os("CARGO_HOME").map(PathBuf::from);
        let home = home.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cargo")));
        let kept = home.map(|home| home.join("advisory-dbs")).filter(|folder| folder.is_dir());
        if kept.is_some() {
            return self.deny(&["check", "advisories"]);
        }
        Work::Skip {
            tests: 1,
            reason: "no copy of the advisory database (`cargo deny fetch db` makes one)".to_owned(),
            required: false,
        }
    }

    fn cargo(&self, words: &[&str]) -> Command {
        let mut command = Command::new("cargo");
        command.args(words).current_dir(&self.root).env("TERM", "dumb");
        command.env("PATH", path_with_go()).env(GATE_RUN, &self.run);
        // Cargo's description of the gate's own package is not for what the gate builds.
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            let foreign = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"];
            if foreign.iter().any(|prefix| text.starts_with(prefix)) {
                command.env_remove(name);
            }
        }
        command
    }

    fn go(&self, module: &Path, what: &str, words: &[&str]) -> Command {
        let path = path_with_go();
        // The program itself is looked for in this process's `PATH`, so it is named in full.
        let go = env::split_paths(&path).map(|folder| folder.join("go")).find(|file| file.is_file());
        let mut command = Command::new(go.unwrap_or_else(|| PathBuf::from("go")));
        command.env("PATH", path);
        // As the executables are built: Kubernetes is compiled once, not once more for its tests.
        command.args([what, "-trimpath", "-buildvcs=false"]).args(words);
        command
            .envs([("CGO_ENABLED", "0"), ("GOAMD64", "v1"), ("GOFLAGS", ""), ("GOWORK", "off")])
            .current_dir(self.root.join("images").join(module));
        command
    }
}

impl Task {
    fn name(&self) -> String {
        match self {
            Self::Packages => "packages".to_owned(),
            Self::Fetch => "fetch".to_owned(),
            Self::Format => "format".to_owned(),
            Self::Lint => "lint".to_owned(),
            Self::DenyTool => "deny-tool".to_owned(),
            Self::Dependencies => "dependencies".to_owned(),
            Self::Advisories => "advisories".to_owned(),
            Self::GoVet(module) => format!("go-vet-{}", dashed(module)),
            Self::GoTest(module) => format!("go-test-{}", dashed(module)),
            Self::Workspace => "workspace".to_owned(),
            Self::Journeys { .. } => "journeys".to_owned(),
            Self::Fuzz => "fuzz".to_owned(),
            Self::Host(test) => test.clone(),
        }
    }
}

/// A name that no other run has had on this machine: the process, and when it was started.
fn name_of_run() -> String {
    let pid = std::process::id();
    let started = process_table::entry(pid).map_or(0, |entry| entry.started);
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    format!("{} {pid} {started}", boot.trim())
}

/// How many tests of a program with real hosts run at the same time: two where each has its own platform, most of whose
/// time is waiting, and the machine has the memory. The others look at the machine as a whole, or share one host.
fn hosts_at_a_time(test: &str, memory: u64) -> u8 {
    if PAIRED.contains(&test) && memory >= MEMORY_FOR_TWO { 2 } else { 1 }
}

/// The `PATH` for builds: where a new shell has not learnt of it yet, Go is found all the same.
pub fn path_with_go() -> OsString {
    let mut path = env::var_os("PATH").unwrap_or_default();
    path.push(":");
    path.push(GO_FOLDER);
    path
}

fn run(command: Command, minutes: u32, counting: Counting) -> Work {
    Work::Run { command, limit: MINUTE * minutes, counting }
}

fn run_long(command: Command, counting: Counting) -> Work {
    Work::Run { command, limit: BUILD_LIMIT, counting }
}

fn dashed(module: &Path) -> String {
    module.to_string_lossy().replace('/', "-")
}

/// `cargo-deny`, on the `PATH` or where the gate has installed it.
fn deny_program() -> Option<PathBuf> {
    let own = testhost::cache_folder().join("tools/bin/cargo-deny");
    if testhost::is_installed("cargo-deny") {
        return Some(PathBuf::from("cargo-deny"));
    }
    own.is_file().then_some(own)
}

/// The test programs in a folder: those that need real hosts, and the others.
fn test_programs(folder: &Path) -> io::Result<(Vec<String>, Vec<String>)> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            names.extend(path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned));
        }
    }
    names.sort();
    Ok(names.into_iter().partition(|name| HOST_PREFIXES.iter().any(|prefix| name.starts_with(prefix))))
}

/// The folders with a `go.mod` below `images`, relative to it.
fn find_go_modules(images: &Path, depth: usize, found: &mut Vec<PathBuf>) -> io::Result<()> {
    fn visit(folder: &Path, below: &Path, depth: usize, found: &mut Vec<PathBuf>) -> io::Result<()> {
        if folder.join("go.mod").is_file() {
            found.push(below.to_owned());
            return Ok(());
        }
        if depth == 0 {
            return Ok(());
        }
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                visit(&entry.path(), &below.join(entry.file_name()), depth - 1, found)?;
            }
        }
        Ok(())
    }
    if images.is_dir() { visit(images, Path::new(""), depth, found) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_journeys_with_hosts_of_their_own_run_two_at_a_time_and_only_with_the_memory() {
        assert_eq!(hosts_at_a_time("journey_install", MEMORY_FOR_TWO), 2);
        assert_eq!(hosts_at_a_time("journey_install", MEMORY_FOR_TWO - 1), 1);
        assert_eq!(hosts_at_a_time("host_kit", u64::MAX), 1, "it looks for what is left on the whole machine");
        let (hosts, _) = test_programs(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")).unwrap();
        assert!(PAIRED.iter().all(|paired| hosts.iter().any(|test| test == paired)));
    }

    #[test]
    fn go_modules_and_host_tests_of_a_checkout_become_steps() {
        let checkout = tempfile::tempdir().unwrap();
        for file in ["images/node/go.mod", "images/node/inner/go.mod", "images/tools/one/go.mod", "images/pause/x"] {
            let path = checkout.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let tests = checkout.path().join("tests/tests");
        fs::create_dir_all(&tests).unwrap();
        for name in ["rules.rs", "host_kit.rs", "journey_install.rs", "notes.md"] {
            fs::write(tests.join(name), "").unwrap();
        }
        let gate = Gate::open(checkout.path()).unwrap();
        let names = gate.names();
        let expected = [
            "go-vet-node",
            "go-test-node",
            "go-vet-tools-one",
            "go-test-tools-one",
            "workspace",
            "journeys",
            "fuzz",
            "host_kit",
            "journey_install",
        ];
        assert_eq!(names[7..], expected);
        assert!(gate.tasks.contains(&Task::Journeys { tests: vec!["rules".to_owned()] }));
        assert!(gate.step("no such step").is_none());
    }
}
