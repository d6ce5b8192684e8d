//! Copies of applications' data in restore points, on a real host with real pods: files under a writer are never torn, a stream
//! that dies after it has produced bytes is no copy, and what counts as a copy is what was there.

use std::time::Duration;

use bridle_core::release::{DataKind, DataSource, PodCommands, ReleaseManifest, Whole};
use bridle_journeys::campus::upgrade::{End, Upgrade, brought};
use bridle_journeys::campus::variant::Variant;
use bridle_journeys::campus::{SECOND, Students, built_release, template};
use bridle_journeys::refusals::release::{key, key_file};
use bridle_journeys::testhost::{Host, Lab, Running};
use serde_json::Value;

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

const POINTS: &str = "/var/lib/bridle/restore-points";
const VOLUME: &str = "/var/lib/bridle/volumes/campus/data-database-0";
const BUSY: &str = "/root/busy";
const DUMP: &str = "exec pg_dump --host=/run/postgresql --username=postgres --format=custom enrolment";

#[test]
fn a_copy_of_data_is_whole_or_it_is_none() -> Outcome {
    let template = template::installed(built_release(SECOND))?;
    let lab = Lab::of_equal_addresses("copies")?;
    let (host, door) = template.serving(&lab)?;
    host.write_file("/etc/bridle/trust/variants.pub", key_file(&key()))?;

    // From 1.1.0, whose sources are those of the built release, to one that has others.
    let first = brought_variant(&host, "1.3.0", 13, DUMP)?;
    assert_eq!(ended(&host, &first)?, End::Committed);

    // Nobody's files are of one moment while somebody writes; the copy is given up, and the change with it.
    let second = brought_variant(&host, "1.4.0", 14, &format!("{DUMP} | busybox head -c 4000; exit 3"))?;
    let plan = host.shell(&format!("bridle upgrade plan {second} 2>&1"))?;
    assert!(plan.contains("It is built anew from the database."), "what is not saved, and why: {plan}");
    let students = Students::start(&door);
    let mut writer = busy(&host)?;
    assert_eq!(ended(&host, &second)?, End::RolledBack);
    host.run_ok(["rm", BUSY])?;
    host.wait_until("the end of the writer", Duration::from_secs(60), || writer.status().is_some())?;
    assert!(writer.status().is_some_and(|status| status.success()), "it wrote to the end");
    no_copy(&host, &second, "files", "BR-1300")?;
    let tally = students.stop()?;
    println!("under a writer: given up; {tally}");
    assert_eq!((tally.failures, tally.lost(&door)?), (0, Vec::new()), "{}", tally.reasons(20));

    // Nobody writes.
    quiet(&host)?;
    assert_eq!(ended(&host, &second)?, End::Committed);
    let point = point_before(&host, &second)?;
    files_are_those_of_the_volume(&host, &point)?;
    stream_is_a_dump(&host, &point, tally.acknowledged.len())?;

    // The command of the release in use dies after it has produced bytes.
    quiet(&host)?;
    let third = brought_variant(&host, "1.5.0", 15, DUMP)?;
    assert_eq!(ended(&host, &third)?, End::RolledBack);
    no_copy(&host, &third, "dump", "BR-1221")?;

    let door = template::served(&host)?;
    assert_eq!((tally.lost(&door)?, template.lost(&door)?), (Vec::new(), Vec::new()));
    Ok(())
}

/// 1.1.0 with the database as files, as the stream of a command, and a store that is rebuilt.
fn brought_variant(host: &Host, version: &str, sequence: u64, dump: &str) -> Outcome<String> {
    let source = |name: &str, kind| DataSource {
        name: name.to_owned(),
        kind,
        namespace: "campus".to_owned(),
        workload: "StatefulSet/database".to_owned(),
        reason: String::new(),
        postgresql: None,
        migrate: None,
        whole: Whole::Moment,
        command: None,
        log: None,
    };
    let shell = |text: &str| ["sh", "-ec", text].map(str::to_owned).to_vec();
    let commands = PodCommands { container: String::new(), dump: shell(dump), restore: shell("exit 1") };
    let data = vec![
        DataSource { command: Some(commands), ..source("dump", DataKind::Command) },
        source("files", DataKind::Volume),
        DataSource { reason: "It is built anew from the database.".to_owned(), ..source("search", DataKind::None) },
    ];
    let (number, after) = (version.parse()?, ">=1.1.0".parse()?);
    let variant = Variant::of(built_release(SECOND), |release: &mut ReleaseManifest| {
        release.version = number;
        release.sequence = sequence;
        release.upgrades_from = vec![after];
        release.soak_seconds = 10;
        release.data = data;
    })?;
    let variant = variant.with_notices(&format!("Notices of campus {version}."));
    let folder = tempfile::tempdir()?;
    let file = folder.path().join(format!("{}.delta.bundle", variant.id()));
    std::fs::write(&file, variant.delta()?)?;
    Ok(brought(host, &file)?.id)
}

fn ended(host: &Host, release: &str) -> Outcome<End> {
    // A workload that is still coming up after a change would be a reason not to begin.
    template::healthy(host)?;
    let upgrade = Upgrade::to(host, release);
    let output = upgrade.run()?;
    let end = upgrade.wait_ended()?;
    println!("{release}: {end:?}\n{}{}", output.stdout, output.stderr);
    Ok(end)
}

fn point_before(host: &Host, release: &str) -> Outcome<String> {
    let points: Vec<Value> = serde_json::from_str(&host.shell("bridle restore-point list --json")?)?;
    let name = |point: &Value| point["name"].as_str().unwrap_or_default().to_owned();
    let found = points.iter().map(name).find(|name| name.ends_with(&format!("-before-{release}")));
    Ok(found.ok_or_else(|| format!("no point before {release}: {points:?}"))?)
}

/// No record of the copy is anywhere, and the agent said why.
fn no_copy(host: &Host, release: &str, source: &str, code: &str) -> Outcome {
    let records = host.shell(&format!("ls {POINTS}/*-before-{release}/data/{source}.json 2>/dev/null || true"))?;
    assert_eq!(records, "", "a copy of {source} counts");
    let journal = Upgrade::to(host, release).journal();
    assert_eq!(journal.fault(), Some(code), "{}", journal.told());
    template::healthy(host)?;
    let status: Value = serde_json::from_str(&host.shell("bridle status --json")?)?;
    assert!(status["release"] != release, "{status}");
    Ok(())
}

/// Starts one who writes to the volume without a pause, for as long as [`BUSY`] is there: students leave gaps of up to a third
/// of a second between them, in which a copy can well be of one moment.
fn busy(host: &Host) -> Outcome<Running> {
    host.write_file(BUSY, "")?;
    Ok(host.spawn(["sh", "-c", &format!("while [ -e {BUSY} ]; do echo x >{VOLUME}/busy; done; rm {VOLUME}/busy")])?)
}

/// What is written late is written now.
fn quiet(host: &Host) -> Outcome {
    let psql = "kubectl -n campus exec database-0 -- psql -qh /run/postgresql -U postgres enrolment -c";
    host.shell(&format!("{psql} 'vacuum freeze' && {psql} checkpoint"))?;
    Ok(())
}

/// Every file of the list is in the copy with its digest, and PostgreSQL knows the copy for a database of its own.
fn files_are_those_of_the_volume(host: &Host, point: &str) -> Outcome {
    let data = format!("{POINTS}/{point}/data");
    let record: Value = serde_json::from_str(&host.shell(&format!("cat {data}/files.json"))?)?;
    assert_eq!((&record["format"], &record["whole"]), (&2.into(), &"moment".into()), "{record}");
    let list = host.shell(&format!("cat {data}/files.files"))?;
    let lines = list.lines().map(serde_json::from_str).collect::<Result<Vec<Value>, _>>()?;
    let sums: Vec<String> = lines
        .iter()
        .filter(|line| line["kind"] == "file")
        .filter_map(|line| {
            Some(format!("{}  {}", line["content"][1].as_str()?.strip_prefix("sha256:")?, line["path"].as_str()?))
        })
        .collect();
    host.write_file("/root/sums", sums.join("\n") + "\n")?;
    host.shell(&format!("cd {data}/files && sha256sum --check --quiet --strict /root/sums"))?;
    let found = host.shell(&format!("find {data}/files -type f | wc -l"))?;
    assert_eq!(found.trim().parse::<usize>()?, sums.len());
    let known = host.shell(&format!(
        "cp -a {data}/files/data-database-0/pgdata {VOLUME}/copied && chown -R 5432:5432 {VOLUME}/copied && \
         chmod 700 {VOLUME}/copied && kubectl -n campus exec database-0 -- pg_controldata /var/lib/postgresql/data/copied; \
         rm -rf {VOLUME}/copied"
    ))?;
    let state = known.lines().find(|line| line.starts_with("Database cluster state")).ok_or("no state")?;
    println!("{} files of {} bytes, one moment; {state}", sums.len(), record["size"]);
    Ok(())
}

/// The stream is what the command wrote: PostgreSQL reads it, and every student is in it.
fn stream_is_a_dump(host: &Host, point: &str, enrolled: usize) -> Outcome {
    let file = format!("{POINTS}/{point}/data/dump");
    let record: Value = serde_json::from_str(&host.shell(&format!("cat {file}.json"))?)?;
    let digest = host.shell(&format!("sha256sum {file} | cut -d' ' -f1"))?;
    assert_eq!(record["digest"], format!("sha256:{}", digest.trim()), "{record}");
    let rows = host.shell(&format!(
        "kubectl -n campus exec -i database-0 -- pg_restore --data-only --table=enrolment --file=- <{file} | \
         sed -n '/^COPY/,/^\\\\\\.$/p' | wc -l"
    ))?;
    println!("rows of the dump: {rows}, enrolled under the writer: {enrolled}");
    assert!(rows.trim().parse::<usize>()? >= enrolled + 2, "{rows} of {enrolled}");
    Ok(())
}
