//! Upgrades on real hosts, while students enrol without pause: forward from a delta and back by hand behind the commit, on after a
//! power cut at a step that the commit picks, and what is refused. Of the other courses (held, refused by the site, bad releases,
//! an agent of a newer journal) the gate takes the one that the commit picks; `BRIDLE_COURSE=NAME cargo test …` takes that one,
//! `BRIDLE_COURSE=all` and `cargo campaign upgrades` take all. `cargo campaign upgrade`, `rollback` cut the power at every step.

use std::any::Any;
use std::panic::catch_unwind;
use std::time::{Duration, Instant};

use bridle_core::release::ReleaseManifest;
use bridle_journeys::campus::upgrade::{
    COURSE, End, Moment, Report, Shown, Upgrade, brought, differences, judged, upgraded_with_cuts,
};
use bridle_journeys::campus::variant::Variant;
use bridle_journeys::campus::{
    BAD, BAD_AGENT, Campus, FIRST, Installation, NEXT, SECOND, Students, Template, built_release, picked_by_the_commit,
    template,
};
use bridle_journeys::refusals::release::{key, key_file};
use bridle_journeys::testhost::{Host, Lab};
use serde_json::Value;

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;
/// What it shows, in one line.
type Course = fn() -> Outcome<String>;

const MINUTES: Duration = Duration::from_secs(60);

/// What is taken if nobody names one is picked by the commit.
const COURSES: [(&str, Course); 7] = [
    ("held", a_running_upgrade_is_held_and_taken_back_by_its_operator_alone),
    ("refused", what_the_site_or_the_cluster_would_refuse_is_refused_before_anything_is_touched),
    ("newer journal", an_agent_of_a_newer_journal_is_taken_back_by_the_one_before),
    ("crash", || goes_back_by_itself(BAD[0])),
    ("flap", || goes_back_by_itself(BAD[1])),
    ("migration", || goes_back_by_itself(BAD[2])),
    ("no agent", || goes_back_by_itself(BAD_AGENT)),
];

#[test]
fn nobody_notices_an_upgrade_with_another_kubernetes_nor_the_return_behind_its_commit() -> Outcome {
    let template = template::installed(built_release(FIRST))?;
    let second = built_release(SECOND);
    let lab = Lab::of_equal_addresses("upgrade")?;
    let (host, _door) = template.serving(&lab)?;
    host.push(&second.run, "/root/campus.run")?;
    host.run_ok(["chmod", "0755", "/root/campus.run"])?;
    refused(&host, &Installation::words(), "BR-1014", &["campus-1.0.0"])?;
    let (delta, whole) = (second.delta.as_deref().ok_or("no delta")?, std::fs::metadata(&second.bundle)?.len());
    let size = std::fs::metadata(delta)?.len();
    let added = brought(&host, delta)?;
    println!(
        "delta {FIRST} -> {SECOND}: {size} bytes instead of {whole} ({} %), {} blobs with {} bytes were new",
        size * 100 / whole,
        added.new,
        added.bytes
    );
    assert!(size < whole / 2 && added.bytes <= size, "{added:?}");
    let sound = host.run_ok(["bridle", "release", "verify", &added.id])?;
    assert!(sound.success());

    let there = changed(&lab, &host, &template, &Upgrade::to(&host, &added.id))?;
    assert!(there.tally.acknowledged.len() > 100, "too few students: {}", there.tally.reasons(20));
    assert_eq!(there.tally.failures, 0, "{}", there.tally.reasons(20));

    // The minor of Kubernetes stays (`design.md` §1.6); charts, configuration and agent return.
    let back = changed(&lab, &host, &template, &Upgrade::back(&host))?;
    assert_eq!(back.journal.releases(), (Some("campus-1.1.0"), Some("campus-1.0.0")));
    assert!(!back.journal.titles().iter().any(|title| title.starts_with("switch_kubernetes")));
    let version = host.shell("kubectl get --raw=/version")?;
    assert!(version.contains("1.36"), "{version}");
    assert_eq!(back.tally.failures, 0, "{}", back.tally.reasons(20));
    // Whatever has put it in place, no other one is installed over it.
    refused(&host, &Installation::words(), "BR-1014", &["campus-1.0.0"])
}

/// A change to its commit while students enrol; all is well in the end.
fn changed(lab: &Lab, host: &Host, template: &Template, change: &Upgrade<'_>) -> Outcome<Report> {
    let students = Students::start(&template::served(host)?);
    let began = Instant::now();
    let output = change.run()?;
    assert!(output.success(), "{}{}", output.stdout, output.stderr);
    let end = change.wait_ended()?;
    let report = judged((lab, host), template, change, (end, began.elapsed()), students)?;
    println!("{}", report.told());
    assert_eq!((report.end, &report.wrong), (End::Committed, &Vec::new()), "{}", report.journal.told());
    Ok(report)
}

#[test]
fn a_power_cut_in_an_upgrade_ends_in_exactly_one_of_two_states() -> Outcome {
    // The plan of this upgrade has at least so many steps before its last one.
    let step = picked_by_the_commit(16);
    let template = template::installed(built_release(FIRST))?;
    let report = upgraded_with_cuts("upcut", &template, built_release(SECOND), &[Moment::Begins(step)])?;
    println!("{}\n{}", report.told(), report.journal.told());
    assert_eq!(report.wrong, Vec::<String>::new(), "{}", report.journal.told());
    Ok(())
}

/// On one host of 1.1.0. All but the first release, which was really installed elsewhere, are made from its own parts.
#[test]
fn what_does_not_follow_is_refused_and_what_is_unchanged_moves_nothing() -> Outcome {
    let second = built_release(SECOND);
    let template = template::installed(second)?;
    let lab = Lab::of_equal_addresses("follow")?;
    let (host, _door) = template.serving(&lab)?;
    host.write_file("/etc/bridle/trust/variants.pub", key_file(&key()))?;
    let before = records(&host)?;
    altered_deltas_prove_nothing(&host, second)?;
    a_delta_without_its_base_says_what_is_missing(&host)?;
    an_older_release_is_refused(&host)?;
    assert_eq!(records(&host)?, before, "nothing was added, nothing begun");
    host.run_ok(["bridle", "store", "check"])?;

    let next = brought_variant(&host, &unchanged(second)?)?;
    let again = brought_variant(&host, &unchanged(second)?)?;
    assert_eq!((next.image_bytes, again.new, again.bytes), (0, 0, 0), "{next:?} {again:?}");
    what_cannot_follow_is_refused(&host, second)?;

    let asked = "journalctl --no-pager -o cat -u bridle-agent | grep -c 'registry: blob' || true";
    let blobs = host.shell(asked)?;
    let report = changed(&lab, &host, &template, &Upgrade::to(&host, &next.id))?;
    let moved = host.shell(asked)?.parse::<u64>()? - blobs.parse::<u64>()?;
    println!(
        "unchanged images: {} image bytes brought, {} bytes in all; {moved} blobs asked for in {} s of upgrade",
        next.image_bytes,
        next.bytes,
        report.took.as_secs()
    );
    assert_eq!(moved, 0, "blobs were moved");
    refused(&host, &["bridle", "upgrade", "plan", "campus-1.1.0"], "BR-1009", &["number 2", "number 13"])?;
    refused(&host, &Installation::words(), "BR-1009", &["number 1", "number 16"])?;
    assert_eq!(report.tally.failures, 0, "{}", report.tally.reasons(20));
    Ok(())
}

/// The next release with everything as it was but its papers.
fn unchanged(of: &Campus) -> Outcome<Variant> {
    Ok(variant(of, "1.3.0", 13, |_| {})?.with_notices("Notices of campus 1.3.0."))
}

fn variant(of: &Campus, version: &str, sequence: u64, change: impl FnOnce(&mut ReleaseManifest)) -> Outcome<Variant> {
    let (version, after) = (version.parse()?, ">=1.1.0".parse()?);
    Variant::of(of, |release| {
        release.version = version;
        release.sequence = sequence;
        release.upgrades_from = vec![after];
        // The shortest that is allowed.
        release.soak_seconds = 10;
        change(release);
    })
}

fn brought_variant(host: &Host, variant: &Variant) -> Outcome<bridle_journeys::campus::upgrade::Added> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join(format!("{}.delta.bundle", variant.id()));
    std::fs::write(&file, variant.delta()?)?;
    Ok(brought(host, &file)?)
}

/// One byte is another one: in the index, in the note of what is left out, in the part that is carried, or the end is missing.
fn altered_deltas_prove_nothing(host: &Host, second: &Campus) -> Outcome {
    let good = unchanged(second)?.delta()?;
    let place = |text: &str| {
        let found = good.windows(text.len()).position(|window| window == text.as_bytes());
        found.ok_or_else(|| format!("no {text} in the delta"))
    };
    for (what, at, code) in [
        ("index", place("\"manifests\"")?, "BR-1003"),
        ("note", place("\"bases\"")?, "BR-1003"),
        ("part", place("Notices of campus")?, "BR-1002"),
    ] {
        let mut altered = good.clone();
        altered[at + 3] ^= 1;
        host.write_file("/root/altered.bundle", &altered)?;
        refused(host, &["bridle", "release", "add", "/root/altered.bundle"], code, &[])
            .map_err(|error| format!("{what}: {error}"))?;
    }
    host.write_file("/root/altered.bundle", &good[..place("Notices of campus")? + 4])?;
    refused(host, &["bridle", "release", "add", "/root/altered.bundle"], "BR-1024", &[])
}

/// What 1.0.0 has and 1.1.0 has not is neither in the file nor on the host.
fn a_delta_without_its_base_says_what_is_missing(host: &Host) -> Outcome {
    let delta = variant(built_release(FIRST), "1.7.0", 17, |_| {})?.delta()?;
    host.write_file("/root/baseless.bundle", &delta)?;
    let words = ["bridle", "release", "add", "/root/baseless.bundle"];
    refused(host, &words, "BR-1201", &["campus-1.0.0", "neither in the delta nor in the store", "program k3s"])
}

/// By its number, whatever way it comes.
fn an_older_release_is_refused(host: &Host) -> Outcome {
    host.push(&built_release(FIRST).run, "/root/campus.run")?;
    refused(host, &["bridle", "release", "add", "/root/campus.run"], "BR-1009", &["number 1", "number 2"])?;
    host.run_ok(["chmod", "0755", "/root/campus.run"])?;
    refused(host, &Installation::words(), "BR-1009", &["number 1", "number 2"])
}

/// Releases that are in the store, and whose time has not come.
fn what_cannot_follow_is_refused(host: &Host, second: &Campus) -> Outcome {
    let later = ">=1.3.0".parse()?;
    let late = variant(second, "1.4.0", 14, |release| release.upgrades_from = vec![later])?;
    let minor = |version: &str| version.parse();
    let (skips, down) = (minor("1.38.0")?, minor("1.35.4")?);
    let skips = variant(second, "1.5.0", 15, |release| release.kubernetes.version = skips)?;
    let down = variant(second, "1.6.0", 16, |release| release.kubernetes.version = down)?;
    for (release, code, said) in [
        (late, "BR-1182", ["campus-1.1.0", ">=1.3.0", "campus-1.3.0"]),
        (skips, "BR-1183", ["1.36.3", "1.38.0", "one minor version"]),
        (down, "BR-1183", ["1.36.3", "1.35.4", "restoring a backup"]),
    ] {
        let id = brought_variant(host, &release)?.id;
        for words in [&["bridle", "upgrade", "plan", &id][..], &["bridle", "upgrade", "start", &id, "--yes"]] {
            refused(host, words, code, &said)?;
        }
        assert!(!Upgrade::to(host, &id).journal().is_there(), "{id}: an operation was begun");
    }
    Ok(())
}

fn refused(host: &Host, words: &[&str], code: &str, said: &[&str]) -> Outcome {
    let output = host.command(words)?.limit(2 * MINUTES).run()?;
    let all = format!("{}{}", output.stdout, output.stderr);
    // A line may end anywhere in a sentence.
    let line = all.split_whitespace().collect::<Vec<_>>().join(" ");
    let missing: Vec<_> = [&code].into_iter().chain(said).filter(|text| !line.contains(**text)).collect();
    if output.success() || !missing.is_empty() {
        return Err(format!("{words:?}: {:?}, without {missing:?}:\n{all}", output.status).into());
    }
    println!("refused: {}", words.join(" "));
    Ok(())
}

/// The releases that count, and the operations that were ever begun.
fn records(host: &Host) -> Outcome<String> {
    Ok(host.shell("bridle release list --json; ls /var/lib/bridle/journal; cat /etc/bridle/trust/seen.json")?)
}

/// The course that is named, or that the commit picks.
#[test]
fn courses() -> Outcome {
    let named = std::env::var(COURSE).unwrap_or_default();
    let picked = COURSES[usize::try_from(picked_by_the_commit(COURSES.len() as u64))? - 1].0;
    let wanted = if named.is_empty() { picked } else { &named };
    let chosen: Vec<_> = COURSES.iter().filter(|(name, _)| wanted == "all" || wanted == *name).collect();
    assert!(!chosen.is_empty(), "{wanted}: no such course; there are all, {:?}", COURSES.map(|(name, _)| name));
    let mut failed = Vec::new();
    for (name, course) in chosen {
        let began = Instant::now();
        let outcome = match catch_unwind(course) {
            Ok(outcome) => outcome.map_err(|error| error.to_string()),
            Err(panic) => Err(panicked(&*panic)),
        };
        let (word, told) = match &outcome {
            Ok(told) => ("yes", told.as_str()),
            Err(_) => ("NO", ""),
        };
        println!("{}", Shown { course: name, word, seconds: began.elapsed().as_secs(), told });
        failed.extend(outcome.err().map(|error| format!("{name}: {error}")));
    }
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
    Ok(())
}

fn panicked(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_else(|| "panicked".to_owned())
}

fn goes_back_by_itself(bad: &str) -> Outcome<String> {
    let template = template::installed(built_release(SECOND))?;
    let report = upgraded_with_cuts("bad", &template, built_release(bad), &[])?;
    let told = report.journal.told();
    println!("{told}");
    assert_eq!((report.end, &report.wrong), (End::RolledBack, &Vec::new()), "{told}");
    assert!(report.journal.fault().is_some() || told.contains("bridle-launch"), "the journal says why: {told}");
    Ok(report.told())
}

/// These are found before anything is touched.
fn refused_beforehand(bad: &str) -> bool {
    bad.ends_with("budget") || bad.ends_with("schema")
}

fn what_the_site_or_the_cluster_would_refuse_is_refused_before_anything_is_touched() -> Outcome<String> {
    let template = template::installed(built_release(SECOND))?;
    let lab = Lab::of_equal_addresses("refused")?;
    let (host, _door) = template.serving(&lab)?;
    for bad in BAD.into_iter().filter(|bad| refused_beforehand(bad)) {
        if bad.ends_with("schema") {
            host.run_ok(["bridle", "config", "set", "values.enrolment.shutdown.drainSeconds", "5", "--yes"])?;
        }
        let upgrade = Upgrade::bring(&host, built_release(bad))?;
        let output = host.command(["bridle", "upgrade", "start", upgrade.release(), "--yes"])?.run()?;
        assert_eq!(output.status.code(), Some(3), "{bad}: {}{}", output.stdout, output.stderr);
        assert!(output.stderr.contains("BR-1185"), "{bad}: {}", output.stderr);
        assert!(!upgrade.journal().is_there(), "{bad}: an operation was begun");
    }
    let health: Value = serde_json::from_str(&host.shell("bridle status --json")?)?;
    assert_eq!((&health["health"], &health["release"]), (&"ok".into(), &"campus-1.1.0".into()));
    Ok("two releases, before anything was touched".to_owned())
}

/// The agent that took over begins its journals in a format that the one before does not know; the power goes in the soak,
/// somebody takes it back, and the one before finishes.
fn an_agent_of_a_newer_journal_is_taken_back_by_the_one_before() -> Outcome<String> {
    let template = template::installed(built_release(SECOND))?;
    let lab = Lab::of_equal_addresses("next")?;
    let (mut host, door) = template.serving(&lab)?;
    let release = Upgrade::bring(&host, built_release(NEXT))?.release().to_owned();
    let students = Students::start(&door);
    let running = Upgrade::to(&host, &release).start()?;
    let soak = soak(&Upgrade::to(&host, &release), &host)?;
    assert!(Upgrade::to(&host, &release).wait_for(Moment::Begins(soak))?, "the soak begins");
    drop(running);
    host.power_cut()?;
    host.boot()?;
    host.wait_until("the agent that took over", 2 * MINUTES, || {
        host.shell("bridle status --json").is_ok_and(|status| status.contains("verifying"))
    })?;
    host.command(["bridle", "upgrade", "rollback", "--yes", "--detach"])?.run_ok()?;
    let upgrade = Upgrade::to(&host, &release);
    assert_eq!(upgrade.wait_ended()?, End::RolledBack);
    let door = template::served(&host)?;
    assert_eq!(differences(&host, &upgrade.journal(), End::RolledBack)?, Vec::<String>::new());
    let tally = students.stop()?;
    assert_eq!(tally.lost(&door)?, []);
    let agents = host.shell("journalctl --no-pager -o cat -b -u bridle-agent | grep -c 'agent is ready'")?;
    assert!(agents.parse::<u32>()? >= 2, "the agent before came back: {agents}");
    Ok(format!("cut in the soak, taken back by {agents} agents; {tally}"))
}

/// A lost terminal, a killed agent, a pause, an order of somebody else, and a change of mind in the soak.
fn a_running_upgrade_is_held_and_taken_back_by_its_operator_alone() -> Outcome<String> {
    let template = template::installed(built_release(FIRST))?;
    let lab = Lab::of_equal_addresses("held")?;
    let (host, _door) = template.serving(&lab)?;
    let upgrade = Upgrade::bring(&host, built_release(SECOND))?;
    let plan = upgrade.view()?;
    let soak = soak_of(&plan).ok_or("no soak in the plan")?;
    let running = upgrade.start()?;
    assert!(upgrade.wait_for(Moment::Begins(2))?);
    // The terminal is lost: the upgrade goes on, and nobody else gets in between.
    drop(running);
    let second = host.command(upgrade.words(plan["plan"].as_str().unwrap_or_default()))?.run()?;
    assert_eq!(second.status.code(), Some(5), "{}{}", second.stdout, second.stderr);
    assert!(second.stderr.contains("was begun by root"), "{}", second.stderr);
    host.shell("systemctl kill --signal=KILL bridle-agent.service")?;
    host.run_ok(["bridle", "operation", "pause"])?;
    host.wait_until("the pause", 5 * MINUTES, || upgrade.journal().state() == Some("paused"))?;
    host.shell("systemctl kill --signal=KILL bridle-agent.service")?;
    host.run_ok(["bridle", "operation", "continue"])?;
    assert!(upgrade.wait_for(Moment::Begins(soak))?, "{}", upgrade.journal().told());
    let aborted = host.command(["bridle", "operation", "abort", "--yes"])?.run()?;
    assert!(aborted.success(), "{}", aborted.stderr);
    assert_eq!(upgrade.wait_ended()?, End::RolledBack);
    template::served(&host)?;
    assert_eq!(differences(&host, &upgrade.journal(), End::RolledBack)?, Vec::<String>::new());
    Ok("lost terminal, killed agent, pause, second order, abort in the soak".to_owned())
}

/// Number of the step in which the running operation is watched.
fn soak(upgrade: &Upgrade<'_>, host: &Host) -> Outcome<u64> {
    host.wait_until("the operation", MINUTES, || upgrade.journal().is_there())?;
    let titles = upgrade.journal().titles();
    let place = titles.iter().position(|title| title.starts_with("soak")).ok_or("no soak")?;
    Ok(place as u64 + 1)
}

fn soak_of(view: &Value) -> Option<u64> {
    let steps = view["steps"].as_array()?;
    steps.iter().find(|step| step["title"]["code"] == "step-soak")?["id"].as_u64()
}
