//! Recovery on real hosts: students enrol, a backup is made, more enrol, the host is gone; blank hosts recover from an object store with
//! one command, once as far as there is anything and once to an instant in the middle.
#![allow(clippy::disallowed_methods, reason = "a rival's server is a program")]

#[allow(
    unfulfilled_lint_expectations,
    dead_code,
    unreachable_pub,
    missing_docs,
    clippy::unwrap_used,
    reason = "servers that other tests start, too"
)]
#[path = "../../src/vault/tests/interop/servers.rs"]
mod servers;

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use bridle_journeys::campus::{
    Campus, Enrolment, FIRST, FrontDoor, Installation, Students, built_release, lost, now_millis, template,
};
use bridle_journeys::testhost::{Host, Lab};
use serde_json::Value;

use servers::{BUCKET, KEY_ID, SECRET, Server};

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

const LIMIT: Duration = Duration::from_secs(900);
const KEY_FILE: &str = "/root/key.txt";
const CODE_FILE: &str = "/root/code.txt";
/// Enrolments of each of the three stretches: before the backup, after it, behind the last file of the log.
const STRETCH: u64 = 400;

#[test]
fn a_lost_server_comes_back_from_an_object_store() -> Outcome {
    let campus = built_release(FIRST);
    let template = template::installed(campus)?;
    let lab = Lab::of_equal_addresses("recovery")?;
    let server = Server::versitygw_at(&lab.machine_address().to_string());
    let (mut host, door) = template.serving(&lab)?;
    // As the hosts of such a lab see this machine.
    let [one, two, three, _] = host.own_address().octets();
    let seen = Ipv4Addr::new(one, two, three, 254).to_string();
    let endpoint = server.endpoint.replace(&lab.machine_address().to_string(), &seen);
    let code = add(&host, &endpoint)?;

    let students = Students::start(&door);
    enrolled(&host, &students, STRETCH)?;
    let began = Instant::now();
    host.command(["bridle", "backup", "start"]).and_then(|command| command.limit(LIMIT).run_ok())?;
    println!("backup: {:.1} s", began.elapsed().as_secs_f64());
    enrolled(&host, &students, 2 * STRETCH)?;
    let instant = now_millis();
    enrolled(&host, &students, 3 * STRETCH)?;
    let shipped = ship(&host)?;
    enrolled(&host, &students, students.acknowledged() + 40)?;
    host.power_cut()?;
    let cut = now_millis();
    let tally = students.stop()?;
    drop(host);
    println!("the host is gone: {tally}");

    let (mut host, door, took) = recovered(&lab, campus, &endpoint, &code, None)?;
    let lost_all = lost(&tally.acknowledged, &door)?;
    let before = |moment: u64| move |one: &&Enrolment| one.at_millis < moment;
    let lost_shipped = lost_all.iter().filter(before(shipped)).count();
    let first = lost_all.iter().map(|one| one.at_millis).min();
    println!(
        "recovered to the end: {:.0} s from the command to green probes; {} acknowledged, {} recovered, {} lost \
         ({:.1} s of loss); {lost_shipped} lost that were acknowledged before the last file of the log was shipped",
        took.as_secs_f64(),
        tally.acknowledged.len(),
        tally.acknowledged.len() - lost_all.len(),
        lost_all.len(),
        first.map_or(0.0, |first| cut.saturating_sub(first) as f64 / 1000.0)
    );
    assert_eq!(lost_shipped, 0, "{lost_all:?}");
    assert_eq!(template.lost(&door)?, []);

    // The new life backs up beside the old one.
    host.command(["bridle", "backup", "start"]).and_then(|command| command.limit(LIMIT).run_ok())?;
    let sets: Value = serde_json::from_str(&host.shell("bridle backup list --json")?)?;
    assert_eq!((&sets["count"], sets["alarms"].as_array().map(Vec::len)), (&2.into(), Some(0)), "{sets}");
    let first_set = sets["sets"][0]["id"].as_str().ok_or("no set")?.to_owned();
    host.power_cut()?;
    drop(host);

    let (_host, door, took) = recovered(&lab, campus, &endpoint, &code, Some(instant))?;
    let (earlier, later): (Vec<_>, Vec<_>) =
        tally.acknowledged.iter().cloned().partition(|one| one.at_millis <= instant);
    let (gone, there) = (lost(&earlier, &door)?.len(), later.len() - lost(&later, &door)?.len());
    println!(
        "recovered to an instant: {:.0} s; {} acknowledged by then, {gone} of them lost; {} later ones, {there} of them there; set \
         {first_set}",
        took.as_secs_f64(),
        earlier.len(),
        later.len()
    );
    assert_eq!(gone, 0);
    // One whose commit came before the instant and its acknowledgement behind it may be there.
    assert!(there <= 8, "{there} of {} are there", later.len());
    Ok(())
}

/// Adds the repository and gives the recovery code.
fn add(host: &Host, endpoint: &str) -> Outcome<String> {
    host.write_file(KEY_FILE, key_file())?;
    let add = format!(
        "bridle repository add far --s3 {BUCKET} --endpoint {endpoint} --path-style --credentials {KEY_FILE} --json"
    );
    let added: Value = serde_json::from_str(&host.shell(&add)?)?;
    Ok(added["sheet"]["code"].as_str().ok_or("no recovery code")?.to_owned())
}

fn key_file() -> String {
    format!("aws_access_key_id = {KEY_ID}\naws_secret_access_key = {SECRET}\n")
}

fn enrolled(host: &Host, students: &Students, count: u64) -> Outcome {
    Ok(host.wait_until("enrolments", LIMIT, || students.acknowledged() >= count)?)
}

/// Has the file of the log closed, and waits until the repository has it; a moment whose enrolments it holds.
fn ship(host: &Host) -> Outcome<u64> {
    let moment = now_millis();
    let closed = host.shell(
        "kubectl -n campus exec database-0 -- psql --host=/run/postgresql --username=postgres --no-psqlrc -qtAc \
         'select pg_walfile_name(pg_switch_wal())'",
    )?;
    host.wait_until("the log in the repository", LIMIT, || {
        let said = host.shell("bridle backup logs --json").unwrap_or_default();
        let seen: Value = serde_json::from_str(&said).unwrap_or_default();
        let last = seen["logs"][0]["last"].clone();
        last["kept"] == true && last["file"].as_str().is_some_and(|file| file >= closed.trim())
    })?;
    Ok(moment)
}

/// A blank host that recovers with one command; how long that took.
fn recovered(
    lab: &Lab,
    campus: &Campus,
    endpoint: &str,
    code: &str,
    at: Option<u64>,
) -> Outcome<(Host, FrontDoor, Duration)> {
    let mut host = lab.host("h1").disk_gib(12).build()?;
    host.boot()?;
    Installation::prepare(&host, campus)?;
    host.write_file(KEY_FILE, key_file())?;
    host.write_file(CODE_FILE, code)?;
    let from = format!(
        "/root/campus.run recover --from s3:{endpoint}/{BUCKET} --path-style --credentials {KEY_FILE} --recovery-code {CODE_FILE} \
         --publisher-key /root/campus.pub"
    );
    let began = Instant::now();
    let listed = host.shell(&format!("{from} --list"))?;
    println!("{:.1} s for the list:\n{listed}", began.elapsed().as_secs_f64());
    let refused = host.shell(&format!("{from} --yes")).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(refused.contains("BR-1445"), "the other life may still be there: {refused}");
    assert_eq!(host.shell("ls /var/lib/bridle /etc/bridle 2>/dev/null || true")?.trim(), "", "something was written");
    let at = at.map(|at| {
        let (seconds, millis) = (at / 1000, at % 1000);
        host.shell(&format!("date -u -d @{seconds} +%Y-%m-%dT%H:%M:%S.{millis:03}Z")).map(|text| text.trim().to_owned())
    });
    let at = at.transpose()?.map(|at| format!(" --at {at}")).unwrap_or_default();
    let began = Instant::now();
    let words = format!("{from} --take-over campus-demo --yes{at}");
    let recovering = host.command(["sh", "-c", &words]).and_then(|command| command.limit(LIMIT).run())?;
    let took = began.elapsed();
    if !recovering.status.success() {
        let pods = host.shell("kubectl get pods -A; kubectl -n campus logs database-0 --tail=50").unwrap_or_default();
        let journal = host.journal("bridle-agent").unwrap_or_default();
        return Err(format!("{words}: {recovering:?}\n{pods}\n{journal}").into());
    }
    println!("{}", recovering.stdout.lines().take(12).collect::<Vec<_>>().join("\n"));
    let door = template::served(&host)?;
    template::healthy(&host)?;
    Ok((host, door, took))
}
