//! Backups on a real host: made while students enrol, gone on with after a power cut at a step that the commit picks, listed, and
//! read by stock restic with nothing but the recovery code.
#![allow(clippy::disallowed_methods, reason = "the rival is a program")]

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use bridle_journeys::campus::{FIRST, Journal, Students, built_release, picked_by_the_commit, template};
use bridle_journeys::testhost::{Host, Lab};
use serde_json::Value;

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Not below a home: the agent may not write there.
const FOLDER: &str = "srv/backup";
const LIMIT: Duration = Duration::from_secs(600);
/// Lease, restore point, three kinds of copies, six parts, reading back, set, lease, restore point again.
const STEPS: u64 = 15;

#[test]
fn a_backup_is_whole_and_readable_without_us() -> Outcome {
    let template = template::installed(built_release(FIRST))?;
    let lab = Lab::of_equal_addresses("backup")?;
    let (mut host, door) = template.serving(&lab)?;
    host.run_ok(["mkdir", &format!("/{FOLDER}")])?;
    let add = format!("bridle repository add disk --directory /{FOLDER} --same-disk --json");
    let added: Value = serde_json::from_str(&host.shell(&add)?)?;
    let code = added["sheet"]["code"].as_str().ok_or("no recovery code")?.to_owned();
    let known = host.shell(&format!("grep -rl {} /etc/bridle /var/lib/bridle || true", &code[..11]))?;
    assert_eq!(known.trim(), "", "the code is kept");

    let students = Students::start(&door);
    let began = Instant::now();
    host.command(["bridle", "backup", "start"]).and_then(|command| command.limit(LIMIT).run_ok())?;
    let took = began.elapsed();
    let tally = students.stop()?;
    assert_eq!((tally.failures, tally.lost(&door)?), (0, Vec::new()), "{}", tally.reasons(20));
    let sets = sets(&host)?;
    println!("backup: {} s; {tally}; {}", took.as_secs(), sets["sets"][0]);
    assert_eq!((&sets["count"], &sets["garbage"], &sets["young"]), (&1.into(), &0.into(), &0.into()), "{sets}");

    let shipped = logs_shipped(&host)?;
    println!("the log: {shipped} files in the repository; {}", host.shell("bridle backup logs --json")?.trim());

    let step = picked_by_the_commit(STEPS);
    let recovered = cut(&mut host, step)?;
    template::served(&host)?;
    template::healthy(&host)?;
    let sets = self::sets(&host)?;
    println!(
        "power cut at step {step} of {STEPS}: at its end {} s after the start; {}",
        recovered.as_secs(),
        sets["sets"][1]
    );
    assert_eq!((&sets["count"], sets["alarms"].as_array().map(Vec::len)), (&2.into(), Some(0)), "{sets}");
    assert_eq!(host.shell("ls /var/lib/bridle/restore-points")?.trim(), "", "a restore point is left");

    readable(&host, &code, &tally.acknowledged.len())?;
    assert_eq!(lab.outside_attempts()?, []);
    Ok(())
}

/// Cuts the power as soon as the step has begun, and waits for the end behind the boot; how long that took.
fn cut(host: &mut Host, step: u64) -> Outcome<Duration> {
    let before = journal(host);
    let running = host.spawn(["bridle", "backup", "start"])?;
    host.wait_until("the moment of the cut", LIMIT, || {
        let now = journal(host);
        now != before && (now.begun(step) || now.state() == Some("committed"))
    })?;
    drop(running);
    host.power_cut()?;
    let began = Instant::now();
    host.boot()?;
    let mut last = Journal::default();
    let ended = host.wait_until("the end of the backup", LIMIT, || {
        last = journal(host);
        last.state() == Some("committed")
    });
    ended.map_err(|error| format!("{error}\n{}\n{}", last.told(), host.journal("bridle-agent").unwrap_or_default()))?;
    Ok(began.elapsed())
}

fn journal(host: &Host) -> Journal {
    Journal::newest_of(&host.disk_root(), "backup")
}

/// Closes a file of the log and waits until the repository has it and nothing waits any more; how many files it has.
fn logs_shipped(host: &Host) -> Outcome<usize> {
    let closed = host.shell(
        "kubectl -n campus exec database-0 -- psql --host=/run/postgresql --username=postgres --no-psqlrc -qtAc \
         'select pg_walfile_name(pg_switch_wal())'",
    )?;
    let mut seen = Value::Null;
    let shipped = host.wait_until("the log in the repository", LIMIT, || {
        let Ok(text) = host.shell("bridle backup logs --json") else { return false };
        seen = serde_json::from_str(&text).unwrap_or_default();
        let log = &seen["logs"][0];
        let last = log["last"]["file"].as_str().is_some_and(|file| file >= closed.trim());
        last && log["waiting"] == 0 && log["last"]["kept"] == true && log["repositories"][0]["failing"].is_null()
    });
    let journal = || host.journal("bridle-agent").unwrap_or_default();
    shipped.map_err(|error| format!("{error}: {}\n{seen}\n{}", closed.trim(), journal()))?;
    let files = host.shell(&format!("find /{FOLDER}/wal -type f | wc -l"))?;
    let waiting = host.shell("find /var/lib/bridle/logs -type f 2>/dev/null | wc -l")?;
    assert_eq!(waiting.trim(), "0", "files of the log are left on their way");
    let files = files.trim().parse()?;
    assert!(files > 0, "nothing of the log is in the repository: {seen}");
    Ok(files)
}

fn sets(host: &Host) -> Outcome<Value> {
    Ok(serde_json::from_str(&host.shell("bridle backup list --json")?)?)
}

/// Everything holds, and every student of the first backup is in the dump that the second one holds.
fn readable(host: &Host, code: &str, enrolled: &usize) -> Outcome {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("code");
    std::fs::write(&file, code)?;
    let repository = host.disk_root().join(FOLDER);
    let restic = |words: &[&str]| -> Outcome<String> {
        Ok(String::from_utf8_lossy(&restic_bytes(&repository, &file, words)?).into_owned())
    };
    restic(&["check", "--read-data"])?;
    let dump = restic(&["dump", "--tag", "part-database.dump", "latest", "/bridle/database.dump"])?;
    assert!(dump.contains("PostgreSQL database cluster dump complete"), "the end is missing");
    let copied = dump.split("\nCOPY \"public\".\"enrolment\" ").nth(1).and_then(|rest| rest.split("\n\\.").next());
    let rows = copied.ok_or("no table of enrolments")?.lines().count().saturating_sub(1);
    assert!(rows >= *enrolled, "{rows} rows of {enrolled}");
    let archive = folder.path().join("base.tar");
    let target = archive.display().to_string();
    let saved = ["dump", "--tag", "part-database", "latest", "/bridle/database"];
    std::fs::write(&archive, restic_bytes(&repository, &file, &saved)?)?;
    let listed = Command::new("tar").args(["-tf", &target]).output()?;
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    for name in ["PG_VERSION", "backup_label", "global/pg_control", "backup_manifest"] {
        assert!(listed.lines().any(|line| line == name), "{name} is not in the physical copy:\n{listed}");
    }
    let secrets = restic(&["dump", "--tag", "part-@secrets", "latest", "/bridle/@secrets"])?;
    assert!(secrets.contains("\"name\": \"database-owner\""), "{} bytes of secrets", secrets.len());
    let trust = restic(&["ls", "--tag", "part-@trust", "latest"])?;
    assert!(trust.contains("/bridle/@trust/site.toml") && trust.contains("/secrets/"), "{trust}");
    println!("stock restic: check --read-data holds; {rows} rows in the dump, {enrolled} were enrolled before");
    Ok(())
}

/// What stock restic says, with nothing but the recovery code.
fn restic_bytes(repository: &Path, code: &Path, words: &[&str]) -> Outcome<Vec<u8>> {
    let mut restic = Command::new("restic");
    restic.args(["--no-cache", "--no-lock", "-r"]).arg(repository).arg("--password-file").arg(code).args(words);
    let output = restic.output()?;
    if !output.status.success() {
        return Err(format!("restic {words:?}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(output.stdout)
}
