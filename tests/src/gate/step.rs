//! One step of the gate: a command with a limit, its output in a file, its results counted.

use super::{Counts, packages};
use crate::testhost::process_table;
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A step of the gate.
#[derive(Debug)]
pub struct Step {
    /// Its name, for `--only` and for the file with its output.
    pub name: String,
    /// What is done.
    pub work: Work,
}

/// What a step does.
#[derive(Debug)]
pub enum Work {
    /// Installs the Debian packages that are missing.
    Packages,
    /// Runs a command.
    Run {
        /// The command.
        command: Command,
        /// How long it may take.
        limit: Duration,
        /// How its results are counted.
        counting: Counting,
    },
    /// Does nothing: the same tests have passed for the very same content.
    Kept {
        /// How many tests passed then.
        passed: u64,
        /// When, and how to run them anew.
        said: String,
    },
    /// Does nothing: the machine or the checkout cannot run it.
    Skip {
        /// How many tests are not run.
        tests: u64,
        /// Why.
        reason: String,
        /// Whether that is a failure where `CI=true`.
        required: bool,
    },
}

/// How the results of a command are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counting {
    /// The command is one check: it passes or fails.
    Check,
    /// The command prints what libtest prints.
    Libtest,
    /// The command prints the events of `go test -json`.
    Go,
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Its tests.
    pub counts: Counts,
    /// Why it failed or was skipped, in words.
    pub remark: Option<String>,
    /// Whether it lets the whole gate fail beyond its counts.
    pub required_skip: bool,
}

impl Step {
    /// Runs the step; what it prints goes to `log`.
    pub fn run(self, log: &Path) -> Outcome {
        match self.work {
            Work::Packages => install(),
            Work::Kept { passed, said } => {
                let counts = Counts { passed, ..Counts::default() };
                Outcome { counts, remark: Some(said), required_skip: false }
            }
            Work::Skip { tests, reason, required } => {
                let counts = Counts { skipped: tests, ..Counts::default() };
                Outcome { counts, remark: Some(reason), required_skip: required }
            }
            Work::Run { command, limit, counting } => {
                let problem = run_logged(command, limit, log).unwrap_or_else(|error| Some(error.to_string()));
                let bytes = fs::read(log).unwrap_or_default();
                judge(problem, &String::from_utf8_lossy(&bytes), counting)
            }
        }
    }
}

fn install() -> Outcome {
    let missing = packages::missing();
    let problem = match missing.as_slice() {
        [] => None,
        _ if !rustix::process::geteuid().is_root() => Some(format!("not root: install {}", missing.join(" "))),
        _ => packages::install_missing(&missing).err().map(|error| error.to_string()),
    };
    judge(problem, "", Counting::Check)
}

/// Counts the results. A command that failed although no test did (it did not compile, it was
/// killed) counts as one failure.
fn judge(problem: Option<String>, output: &str, counting: Counting) -> Outcome {
    let mut counts = match counting {
        Counting::Check => Counts { passed: u64::from(problem.is_none()), ..Counts::default() },
        Counting::Libtest => Counts::of_libtest(output),
        Counting::Go => Counts::of_go(output),
    };
    if problem.is_some() && counts.failed == 0 {
        counts.failed = 1;
    }
    Outcome { counts, remark: problem, required_skip: false }
}

/// Runs a command to its end; what is wrong with how it ended, if anything.
fn run_logged(mut command: Command, limit: Duration, log: &Path) -> io::Result<Option<String>> {
    let output = File::create(log)?;
    let errors = output.try_clone()?;
    // In the gate's own process group: Ctrl-C ends the step, too.
    let mut child = command.stdin(Stdio::null()).stdout(output).stderr(errors).spawn()?;
    let end = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok((!status.success()).then(|| format!("ended with {status}")));
        }
        if Instant::now() >= end {
            kill_tree(child.id());
            child.wait()?;
            return Ok(Some(format!("took longer than {} s", limit.as_secs())));
        }
        sleep(Duration::from_millis(50));
    }
}

/// Kills a process and all that descend from it.
fn kill_tree(root: u32) {
    let entries = process_table::entries();
    let mut tree = vec![root];
    let mut next = 0;
    while let Some(parent) = tree.get(next).copied() {
        tree.extend(entries.iter().filter(|entry| entry.parent == parent).map(|entry| entry.pid));
        next += 1;
    }
    for pid in tree.into_iter().filter_map(|pid| Pid::from_raw(pid.cast_signed())) {
        // Fails only for one that has just ended.
        let _ended = kill_process(pid, Signal::KILL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(script: &str, limit: Duration, counting: Counting) -> Outcome {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        let work = Work::Run { command, limit, counting };
        Step { name: "x".to_owned(), work }.run(&folder.path().join("log"))
    }

    #[test]
    fn a_check_passes_or_fails_as_one() {
        let long = Duration::from_secs(20);
        assert_eq!(run("true", long, Counting::Check).counts, Counts { passed: 1, ..Counts::default() });
        assert_eq!(run("false", long, Counting::Check).counts, Counts { failed: 1, ..Counts::default() });
    }

    #[test]
    fn what_was_kept_counts_as_passed_and_is_said() {
        let work = Work::Kept { passed: 3, said: "passed at x".to_owned() };
        let outcome = Step { name: "x".to_owned(), work }.run(Path::new("/nowhere"));
        assert_eq!(outcome.counts, Counts { passed: 3, ..Counts::default() });
        assert_eq!(outcome.remark.as_deref(), Some("passed at x"));
    }

    #[test]
    fn tests_that_do_not_compile_are_a_failure() {
        let outcome = run("echo error; exit 101", Duration::from_secs(20), Counting::Libtest);
        assert_eq!(outcome.counts, Counts { failed: 1, ..Counts::default() });
        assert!(outcome.remark.unwrap().contains("101"));
    }

    #[test]
    fn a_step_over_its_limit_keeps_its_results_and_fails() {
        let script = "echo 'test result: ok. 2 passed; 0 failed; 0 ignored;'; sleep 60 & wait";
        let begin = Instant::now();
        let outcome = run(script, Duration::from_millis(400), Counting::Libtest);
        assert_eq!(outcome.counts, Counts { passed: 2, failed: 1, skipped: 0 });
        assert!(begin.elapsed() < Duration::from_secs(30));
    }
}
