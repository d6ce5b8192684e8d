//! The cases, each on the host that all of them share.

mod company;
mod damaged;
mod files;
mod hosts;
mod keys;
mod slips;

use super::bench::{Bench, KEY, Outcome, RUN, SITE};
use super::harness::Case;

type Cases = Vec<Case<'static, Bench>>;

/// All cases in their order; the last one changes the host for good.
#[must_use]
pub fn all() -> Cases {
    let mut all = vec![Case::new("the good file is accepted", accepted)];
    for cases in [damaged::cases(), files::cases(), keys::cases(), hosts::cases(), slips::cases(), company::cases()] {
        all.extend(cases);
    }
    all
}

/// The words that install `run` without a question.
fn install(run: &str) -> Vec<&str> {
    vec![run, "install", "--yes", "--config", SITE, "--publisher-key", KEY]
}

/// The same for a file in front of which another installer stands.
fn install_file(file: &str) -> Vec<&str> {
    let mut words = install(RUN);
    words.extend(["--file", file]);
    words
}

/// The words that ask somebody before they install.
fn asking(run: &str) -> Vec<&str> {
    vec![run, "install", "--config", SITE, "--publisher-key", KEY]
}

/// Without this, every refusal could be for a reason that all cases share.
fn accepted(bench: &Bench) -> Outcome {
    for last in ["verify", "inspect"] {
        bench.host.run_ok([RUN, last, "--publisher-key", KEY])?;
    }
    let mut words = install(RUN);
    words.push("--plan-only");
    bench.host.run_ok(&words)?;
    bench.unchanged()
}
