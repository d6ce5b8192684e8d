//! `cargo campaign NAME`: the long form of the journeys, run before an issue is resolved. The result, with commit and date,
//! is kept in `docs/campaigns/NAME.md`.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, ExitCode};

use bridle_core::port::Clock as _;
use bridle_host::clock::SystemClock;
use bridle_journeys::campus::{self, Cut, Data, goes_on_after_a_cut, removal_goes_on_after_a_cut};
use bridle_journeys::crash;
use bridle_journeys::fuzz::{self, Fuzz};
use bridle_journeys::testhost;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let result = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["install"] => install(None),
        ["install", step] if step.parse::<u64>().is_ok() => install(step.parse().ok()),
        ["fuzz"] => fuzz(FUZZ_SECONDS),
        ["fuzz", seconds] if seconds.parse::<u64>().is_ok() => fuzz(seconds.parse().unwrap_or(FUZZ_SECONDS)),
        ["uninstall"] => uninstall(),
        ["crash-matrix"] => crash_matrix(),
        _ => {
            eprintln!(
                "usage: cargo campaign install         a power cut at every step of the installation\n       \
                 cargo campaign uninstall       a power cut at every step of the removal, data kept and deleted\n       \
                 cargo campaign crash-matrix    every trouble at every change of a simulated disk, needs no host\n       \
                 cargo campaign fuzz [SECONDS]  every parser of outside input"
            );
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(0) => ExitCode::SUCCESS,
        Ok(failed) => {
            eprintln!("campaign: {failed} failed");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("campaign: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Every trouble at every change that an operation makes to a disk, over simulated ports.
fn crash_matrix() -> Outcome<usize> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("the crate does not lie in a checkout")?;
    let operations = crash::operations();
    let matrix = crash::run(&operations, crash::Flaw::None, crash::Effort::CAMPAIGN)?;
    let table = crash::table(&operations, &matrix);
    println!("{table}");
    keep(root, "crash-matrix", "Every trouble at every change of the disk", &table)?;
    Ok(matrix.total().wrong)
}

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Seconds of the fuzz campaign, all targets together.
const FUZZ_SECONDS: u64 = 660;
/// From so many on it is a campaign: its result and its inputs are kept.
const FUZZ_CAMPAIGN: u64 = 600;

/// Every parser of outside input, one after the other. Ends with a line as libtest prints it.
fn fuzz(seconds: u64) -> Outcome<usize> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("the crate does not lie in a checkout")?;
    let fuzz = Fuzz::build(root)?;
    let share = seconds.div_ceil(fuzz.targets().len() as u64);
    let mut all = Vec::new();
    for target in fuzz.targets() {
        let found = fuzz.run(target, share)?;
        println!("{target}: {:?}, {}", found.stats, found.problem.as_deref().unwrap_or("no failure"));
        if seconds >= FUZZ_CAMPAIGN && found.problem.is_none() {
            println!("{target}: {} inputs kept", fuzz.keep(target)?);
        }
        all.push(found);
    }
    let failed = all.iter().filter(|found| found.problem.is_some()).count();
    if seconds >= FUZZ_CAMPAIGN {
        keep(root, "fuzz", "Fuzzing of every parser of outside input", &fuzz::table(&all, share))?;
    }
    let word = if failed == 0 { "ok" } else { "FAILED" };
    println!("test result: {word}. {} passed; {failed} failed; 0 ignored;", all.len() - failed);
    Ok(failed)
}

/// A power cut as soon as each step begins, or only this one, which is told but not kept.
fn install(only: Option<u64>) -> Outcome<usize> {
    testhost::available().map_err(|missing| format!("{missing:?}"))?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("the crate does not lie in a checkout")?;
    let campus = campus::build(root)?;
    let steps = steps(&campus)?;
    let mut table = String::from(
        "| power cut as soon as step … begins | went on by itself | seconds from boot to the end |\n|---|---|---|\n",
    );
    let mut failed = 0;
    for (number, title) in (1_u64..).zip(&steps).filter(|(number, _)| only.is_none_or(|only| only == *number)) {
        let result = goes_on_after_a_cut("every", &campus, |_, installation| installation.begun(number), |_| Ok(()));
        let (word, seconds) = match &result {
            Ok(took) => ("yes", took.as_secs().to_string()),
            Err(error) => {
                failed += 1;
                eprintln!("step {number}: {error}");
                ("NO", String::new())
            }
        };
        println!("{number:>3}  {word:<3}  {seconds:>4} s  {title}");
        writeln!(table, "| {number} {title} | {word} | {seconds} |")?;
    }
    if only.is_none() {
        keep(root, "install", "A power cut at every step of the installation", &table)?;
    }
    Ok(failed)
}

/// A power cut as soon as each step of a removal begins, and one in its last act.
fn uninstall() -> Outcome<usize> {
    testhost::available().map_err(|missing| format!("{missing:?}"))?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("the crate does not lie in a checkout")?;
    let campus = campus::build(root)?;
    let mut table = String::from(
        "| data | power cut at | ended by itself, host as before | seconds from boot to the end |\n|---|---|---|---|\n",
    );
    let mut failed = 0;
    for data in [Data::Keep, Data::Delete] {
        let mut steps = 1;
        let mut number = 1;
        while number <= steps + 1 {
            let mut at = String::new();
            let result = removal_goes_on_after_a_cut("every", &campus, data, |count| {
                steps = count;
                let cut = if number > count { Cut::LastAct } else { Cut::Step(number) };
                at = format!("{cut:?}");
                cut
            });
            let (word, seconds) = match &result {
                Ok((wrong, took)) if wrong.is_empty() => ("yes", took.as_secs().to_string()),
                other => {
                    failed += 1;
                    eprintln!("{data:?}, {at}: {other:?}");
                    ("NO", String::new())
                }
            };
            println!("{data:?}  {at:<10}  {word:<3}  {seconds:>4} s");
            writeln!(table, "| {data:?} | {at} | {word} | {seconds} |")?;
            number += 1;
        }
    }
    keep(root, "uninstall", "A power cut at every step of the removal", &table)?;
    Ok(failed)
}

/// Titles of the steps of the plan, as the installer prints them.
fn steps(campus: &campus::Campus) -> Outcome<Vec<String>> {
    let output = Command::new(&campus.run)
        .args(["install", "--plan-only", "--json", "--publisher-key"])
        .arg(&campus.key)
        .output()?;
    let plan: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let steps = plan["plan"]["steps"].as_array().ok_or_else(|| format!("no steps in {plan}"))?;
    Ok(steps
        .iter()
        .map(|step| step["step"].as_object().and_then(|step| step.values().next()).map(short).unwrap_or_default())
        .collect())
}

fn short(step: &serde_json::Value) -> String {
    let name = step.as_object().and_then(|step| step.keys().next()).map_or_else(|| step.to_string(), Clone::clone);
    let several = step["charts"].as_array().into_iter().flatten();
    let one = step["chart"]["name"].as_str().or(step["custom_resources"]["chart"].as_str());
    let charts: Vec<&str> = several.filter_map(|chart| chart["name"].as_str()).chain(one).collect();
    format!("{name} {}", charts.join(", ")).trim_end().to_owned()
}

fn keep(root: &Path, name: &str, title: &str, table: &str) -> Outcome<()> {
    let commit = Command::new("git").args(["rev-parse", "--short=12", "HEAD"]).current_dir(root).output()?;
    let commit = String::from_utf8(commit.stdout)?;
    let date = SystemClock.now().rfc3339();
    let folder = root.join("docs/campaigns");
    std::fs::create_dir_all(&folder)?;
    let text = format!("# {title}\n`cargo campaign {name}` at commit {}, {date}.\n\n{table}", commit.trim());
    std::fs::write(folder.join(format!("{name}.md")), text)?;
    Ok(())
}
