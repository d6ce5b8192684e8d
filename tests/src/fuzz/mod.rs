//! Fuzzing as a campaign and as a step of the gate: builds `tests/fuzz` for libFuzzer, gives each target its share of the
//! time, keeps what was found.
//!
//! The stable compiler is enough: coverage comes from LLVM's own pass (`-Cpasses=sancov-module`), which libFuzzer reads.
//! Memory errors need no sanitizer here, as no crate of the workspace has `unsafe` code.

mod kept;
mod report;

pub use report::{Found, Stats, table};

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What makes the compiler count edges and show comparisons to libFuzzer (`cargo fuzz` passes the same).
const FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";
/// Named, so that build scripts and macros are compiled without the flags.
const TRIPLE: &str = "x86_64-unknown-linux-gnu";
const PACKAGE: &str = "bridle-fuzz";
/// Most memory that a target may take, and most in one piece.
const MEMORY: [&str; 2] = ["-rss_limit_mb=512", "-malloc_limit_mb=256"];
/// Longest that one input may take, in seconds.
const TIMEOUT: &str = "-timeout=10";

/// Fuzzing of a checkout.
#[derive(Debug)]
pub struct Fuzz {
    root: PathBuf,
    program: PathBuf,
    targets: Vec<String>,
}

impl Fuzz {
    /// Builds the program with and without coverage; the latter writes the inputs to begin with.
    ///
    /// # Errors
    /// An [`io::Error`] that names the command that failed.
    pub fn build(root: &Path) -> io::Result<Self> {
        let seeds = root.join("target/fuzz-run/seeds");
        let mut plain = cargo(root);
        plain.args(["run", "--quiet", "--package", PACKAGE, "--"]).arg(format!("--seeds={}", seeds.display()));
        succeed(&mut plain)?;
        let mut covered = cargo(root);
        covered.args(["build", "--quiet", "--profile", "fuzz", "--target", TRIPLE, "--package", PACKAGE]);
        succeed(covered.env("RUSTFLAGS", FLAGS))?;
        let mut targets = Vec::new();
        for entry in fs::read_dir(&seeds)? {
            targets.extend(entry?.file_name().into_string().ok());
        }
        targets.sort();
        let program = root.join("target").join(TRIPLE).join("fuzz").join(PACKAGE);
        Ok(Self { root: root.to_owned(), program, targets })
    }

    /// Names of the targets.
    #[must_use]
    pub fn targets(&self) -> &[String] {
        &self.targets
    }

    /// Fuzzes one target for some seconds. An input that fails is put into the corpus, where every `cargo test` tries it
    /// again.
    ///
    /// # Errors
    /// An [`io::Error`] if the program cannot be run; a failure that it found is in [`Found::problem`].
    pub fn run(&self, target: &str, seconds: u64) -> io::Result<Found> {
        let work = self.work(target);
        if work.exists() {
            fs::remove_dir_all(&work)?;
        }
        fs::create_dir_all(work.join("corpus"))?;
        fs::create_dir_all(self.corpus(target))?;
        let log = work.join("log");
        let status = self
            .command(target)
            .arg(format!("-max_total_time={}", seconds.max(1)))
            .args(MEMORY)
            .args([TIMEOUT, "-print_final_stats=1"])
            .arg(format!("-artifact_prefix={}/failed-", work.display()))
            .arg(work.join("corpus"))
            .arg(self.corpus(target))
            .arg(self.root.join("target/fuzz-run/seeds").join(target))
            .stdout(Stdio::null())
            .stderr(fs::File::create(&log)?)
            .status()?;
        let text = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
        let failed = kept::failures(&work, &self.corpus(target))?;
        let problem = match (status.success(), failed.first()) {
            (true, None) => None,
            (_, Some(path)) => Some(format!("{} (output: {})", path.display(), log.display())),
            (false, None) => Some(format!("ended with {status} (output: {})", log.display())),
        };
        Ok(Found { target: target.to_owned(), stats: Stats::of(&text), problem })
    }

    /// Keeps the smallest set of inputs that reaches everything that the last run reached.
    ///
    /// # Errors
    /// An [`io::Error`] if the program or a file fails.
    pub fn keep(&self, target: &str) -> io::Result<usize> {
        let work = self.work(target);
        let (merged, corpus) = (work.join("merged"), self.corpus(target));
        fs::create_dir_all(&merged)?;
        let mut command = self.command(target);
        command.arg("-set_cover_merge=1").args(MEMORY).args([&merged, &corpus, &work.join("corpus")]);
        succeed(command.stdout(Stdio::null()).stderr(fs::File::create(work.join("merge.log"))?))?;
        kept::replace(&corpus, &merged)
    }

    fn command(&self, target: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.arg(format!("--target={target}")).stdin(Stdio::null());
        command
    }

    fn work(&self, target: &str) -> PathBuf {
        self.root.join("target/fuzz-run").join(format!("run-{target}"))
    }

    fn corpus(&self, target: &str) -> PathBuf {
        self.root.join("tests/fuzz/corpus").join(target)
    }
}

/// Cargo in the checkout, without what it told this program about its own package.
fn cargo(root: &Path) -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(root).env_remove("CARGO_ENCODED_RUSTFLAGS").env_remove("RUSTFLAGS");
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"].iter().any(|own| text.starts_with(own)) {
            command.env_remove(name);
        }
    }
    command
}

fn succeed(command: &mut Command) -> io::Result<()> {
    let status = command.stdin(Stdio::null()).status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("{command:?} ended with {status}"))) }
}
