//! `cargo campaign NAME`: the long form of the journeys, run before an issue is resolved. The result, with commit and date,
//! is kept in `docs/campaigns/NAME.md`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use bridle_core::port::Clock as _;
use bridle_host::clock::SystemClock;
use bridle_journeys::campus::journal::titles;
use bridle_journeys::campus::matrix::{self, Row};
use bridle_journeys::campus::upgrade::{COURSE, End, Shown};
use bridle_journeys::campus::{self, Cut, Data, checkout, goes_on_after_a_cut, removal_goes_on_after_a_cut};
use bridle_journeys::contract;
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
        ["kubernetes"] => kubernetes(),
        ["upgrades"] => upgrades(),
        ["upgrade"] => upgrade(None),
        ["upgrade", step] if step.parse::<u64>().is_ok() => upgrade(step.parse().ok()),
        ["rollback"] => rollback(campus::BAD[0], None),
        ["rollback", step] if step.parse::<u64>().is_ok() => rollback(campus::BAD[0], step.parse().ok()),
        ["rollback", version] if campus::BAD.contains(&version) => rollback(version, None),
        ["contract"] => contract_anew(),
        ["crash-matrix"] => crash_matrix(),
        _ => {
            eprintln!(
                "usage: cargo campaign install         a power cut at every step of the installation\n       \
                 cargo campaign uninstall       a power cut at every step of the removal, data kept and deleted\n       \
                 cargo campaign kubernetes      to the next minor of Kubernetes and back on the same data; K3S_OLDER, K3S\n       \
                 cargo campaign upgrades        every course of an upgrade: held, refused, bad releases, a newer agent
       \
                 cargo campaign upgrade [STEP]  a power cut at every step of the upgrade, and a second one in the recovery\n       \
                 cargo campaign rollback [STEP] a power cut at every step back from a release that must not stay, and a second\n       \
                 cargo campaign rollback BAD    the same from another such release (1.2.0-bad.flap)\n       \
                 cargo campaign contract        the k3s contract, whatever result is kept\n       \
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
    let root = checkout();
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
    let root = checkout();
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
    let root = checkout();
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
    let root = checkout();
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

/// To the next minor of Kubernetes and back, with the binaries that `K3S_OLDER` and `K3S` name or the stand-in's.
fn kubernetes() -> Outcome<usize> {
    testhost::available().map_err(|missing| format!("{missing:?}"))?;
    let root = checkout();
    let [older, newer] = ["K3S_OLDER", "K3S"].map(|name| std::env::var_os(name).map(PathBuf::from));
    let table = contract::table(&contract::there_and_back(root, older, newer)?);
    println!("{table}");
    keep(root, "kubernetes", "To the next minor of Kubernetes and back", &table)?;
    Ok(0)
}

/// A power cut as soon as each step of the upgrade begins, and a second one in the recovery; or at this step alone, which is
/// told but not kept.
fn upgrade(only: Option<u64>) -> Outcome<usize> {
    testhost::available().map_err(|missing| format!("{missing:?}"))?;
    let root = checkout();
    let [from, to] = [campus::FIRST, campus::SECOND].map(|version| campus::build_release(root, version));
    let rows = matrix::forward(&from?, &to?, only)?;
    let title = "A power cut at every step of the upgrade";
    told(root, "upgrade", title, &rows, None, only.is_none())
}

/// A power cut as soon as each step back from a release that must not stay begins, and a second one in the recovery.
fn rollback(version: &str, only: Option<u64>) -> Outcome<usize> {
    testhost::available().map_err(|missing| format!("{missing:?}"))?;
    let root = checkout();
    let [from, bad] = [campus::SECOND, version].map(|version| campus::build_release(root, version));
    let rows = matrix::back(&from?, &bad?, only)?;
    let title = "A power cut at every step back from an upgrade that must not stay";
    let kept = only.is_none() && version == campus::BAD[0];
    told(root, "rollback", title, &rows, Some(End::RolledBack), kept)
}

/// Prints the matrix, keeps it where it is whole, and gives how many cases did not end as they must.
fn told(root: &Path, name: &str, title: &str, rows: &[Row], end: Option<End>, kept: bool) -> Outcome<usize> {
    let bad: Vec<&Row> = rows.iter().filter(|row| !row.is_good(end)).collect();
    for row in &bad {
        eprintln!("{:?}: {}", row.case, row.wrong());
    }
    let table = matrix::table(rows);
    println!("{table}");
    if kept {
        keep(root, name, title, &table)?;
    }
    Ok(bad.len())
}

/// The k3s contract, as the gate's step runs it where nothing is kept.
fn contract_anew() -> Outcome<usize> {
    let status = Command::new("cargo").args(["ci", "--only", "host_k3s_contract"]).current_dir(checkout()).status()?;
    Ok(usize::from(!status.success()))
}

/// Every test of upgrades, with all courses of which the gate takes only one.
fn upgrades() -> Outcome<usize> {
    let words = ["test", "--package", "bridle-journeys", "--test", "journey_upgrade", "--"];
    let mut command = Command::new("cargo");
    command.args(words).args(["--nocapture", "--test-threads=1"]).env(COURSE, "all");
    let output = command.current_dir(checkout()).stderr(Stdio::inherit()).output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    print!("{said}");
    // The first line of a test stands behind its name.
    let bare =
        |line| str::split_once(line, " ... ").filter(|(name, _)| name.starts_with("test ")).map_or(line, |two| two.1);
    let lines: Vec<&str> = said.lines().map(bare).collect();
    let courses = lines.iter().filter(|line| line.starts_with(Shown::ROW));
    let mut table = String::from("| course | as it must | seconds | what was seen |\n|---|---|---|---|\n");
    courses.for_each(|row| table.extend([row, "\n"]));
    table.push('\n');
    let told = ["campus-", "delta ", "unchanged images: ", "test result: "];
    let told = lines.iter().filter(|line| told.iter().any(|begin| line.starts_with(begin)));
    told.for_each(|line| table.extend(["- ", line, "\n"]));
    keep(checkout(), "upgrades", "Every course of an upgrade", &table)?;
    Ok(usize::from(!output.status.success()))
}

/// Titles of the steps of the plan, as the installer prints them.
fn steps(campus: &campus::Campus) -> Outcome<Vec<String>> {
    let output = Command::new(&campus.run)
        .args(["install", "--plan-only", "--json", "--publisher-key"])
        .arg(&campus.key)
        .output()?;
    let plan: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    match titles(&plan["plan"]) {
        steps if steps.is_empty() => Err(format!("no steps in {plan}").into()),
        steps => Ok(steps),
    }
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
